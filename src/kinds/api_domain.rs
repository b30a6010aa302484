//! The API's custom domain name.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_apigateway::types::{
    DomainName, DomainNameStatus, EndpointAccessMode, EndpointConfiguration, EndpointType,
    IpAddressType, MutualTlsAuthenticationInput, RoutingMode, SecurityPolicy,
};
use serde::{Deserialize, Serialize};

use super::api_marks::{self, DOMAIN_MARK, Says, unless_denied};
use super::base_path_mapping::shown;
use super::ownership::{Candidate, after_moves, sort_out};
use super::patch::{Part, Patches, patches};
use super::{
    Action, Field, Findings, InPicture, Kind, KindInfo, LetsIn, LiveReference, Look, Note,
    Obstacle, OnChange, Outputs, Owner, Replace, Resource, Scope, Task, gone_is_success, rest_api,
    tags,
};
use crate::aws::patience::DOMAIN_NAME_AVAILABLE;
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Text, Value};

/// A domain name of the API.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The host name.
    pub name: String,
    /// The ARN of the certificate, in the API's Region.
    pub certificate: Text,
    /// The ARN of the public certificate that proves the name's ownership, for mutual TLS with an imported one.
    pub ownership_certificate: Option<Text>,
    /// AWS's name of the security policy, such as `TLS_1_2`.
    pub security_policy: String,
    /// The endpoint access mode of an enhanced security policy.
    #[serde(default)]
    pub endpoint_access_mode: Option<String>,
    /// The IP versions that callers may use: `ipv4` or `dualstack`.
    #[serde(default = "rest_api::default_address_type")]
    pub ip_address_type: String,
    /// The truststore of mutual TLS.
    pub mutual_tls: Option<MutualTls>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The truststore of mutual TLS.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct MutualTls {
    /// `s3://BUCKET/KEY`.
    pub truststore: String,
    /// The version of that object.
    pub version: Option<String>,
}

impl MutualTls {
    fn value(&self) -> Value {
        Value::map([
            ("truststore", Value::from(&self.truststore)),
            ("version", self.version.as_ref().into()),
        ])
    }
}

/// A domain name of the API.
#[derive(Debug)]
pub struct ApiDomain;

impl Kind for ApiDomain {
    type Props = Props;
    type Part = Part<Props>;

    const INFO: KindInfo = KindInfo {
        marked_on: Some("rest_api"),
        // Mappings belong to the stack by the API's id.
        phase: 1,
        replace: Replace::CreateFirst,
        loss: Some("calls to this name fail until another domain and its record exist"),
        in_picture: InPicture::Api,
        when_different: "calls to the domain fail, or follow other rules",
        ..KindInfo::new(
            "api_domain",
            "domain name",
            "A Regional custom domain name in front of the API. See the API Gateway developer guide, \"Custom domain name for \
             public REST APIs\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new("name", "The host name.", |p: &Props, _| (&p.name).into())
            .on_change(OnChange::Replace("a domain is its name")),
        Field::new("certificate", "Its certificate.", |p: &Props, book| {
            p.certificate.value(book)
        })
        .by(Part::Patch(|patches, task, _: &Props| {
            patches.replace("/regionalCertificateArn", task.text(&task.want.certificate))
        })),
        Field::new(
            "ownership_certificate",
            "The certificate that proves the name's ownership.",
            |p: &Props, book| {
                let arn = p.ownership_certificate.as_ref();
                arn.map(|arn| arn.value(book)).into()
            },
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            // `remove` is documented: API Gateway API reference, "Patch Operations", UpdateDomainName.
            const PATH: &str = "/ownershipVerificationCertificateArn";
            match &task.want.ownership_certificate {
                Some(arn) => patches.replace(PATH, task.text(arn)),
                None => patches.remove(PATH),
            }
        })),
        Field::new(
            "tls",
            "The security policy: the TLS versions and ciphers that callers may use.",
            |p: &Props, _| (&p.security_policy).into(),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            patches.replace("/securityPolicy", &task.want.security_policy)
        })),
        Field::new(
            "endpoint_access",
            "The endpoint access mode of a security policy that has one: `BASIC` or `STRICT`.",
            |p: &Props, _| p.endpoint_access_mode.as_ref().into(),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            rest_api::patch_access_mode(patches, task.want.endpoint_access_mode.as_deref())
        })),
        Field::new(
            "ip",
            "The IP versions that callers may use, if not only IPv4: `dualstack`.",
            |p: &Props, _| rest_api::unless(&p.ip_address_type, &rest_api::default_address_type()),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            patches.replace(
                "/endpointConfiguration/ipAddressType",
                &task.want.ip_address_type,
            )
        }))
        .unset("ipv4"),
        Field::new(
            "mutual_tls",
            "What callers' certificates are checked against.",
            |p: &Props, _| p.mutual_tls.as_ref().map(MutualTls::value).into(),
        )
        .by(Part::Patch(|patches, task, held: &Props| {
            patch_mutual_tls(patches, task.want, held)
        })),
        Field::new(
            "tags",
            "Tags. Others on the domain are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys(),
    ];

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let wanted: BTreeMap<Address, String> = wanted(scope)
            .map(|(address, props)| (address.clone(), props.name.clone()))
            .collect();
        let domains = listed(reader, scope).await?;
        let candidates: Vec<_> = domains
            .iter()
            .filter(|domain| is_public(domain))
            .map(|domain| candidate(reader, domain))
            .collect();
        let elsewhere = namesakes(scope, &wanted, &candidates);
        let mut findings = sort_out(scope, &Self::INFO, &wanted, candidates);
        for (address, what) in elsewhere {
            let found = |obstacle: &Obstacle| obstacle.address == address;
            if !findings.obstacles.iter().any(found) {
                let help = "give it another name in the file".to_owned();
                findings.obstacles.push(Obstacle {
                    address,
                    what,
                    help,
                });
            }
        }
        for obstacle in &mut findings.obstacles {
            obstacle.help.push_str(
                "; or write `existing = true` in [api.domain] to put only base paths on it",
            );
        }
        for found in &mut findings.owned {
            let address = after_moves(scope.desired, &found.address);
            found.in_use = others_on(reader, scope, &address, &found.props.name).await?;
            findings
                .obstacles
                .extend(given_away(scope, &address, &found.props.name));
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let endpoint = EndpointConfiguration::builder()
            .types(EndpointType::Regional)
            .ip_address_type(IpAddressType::from(want.ip_address_type.as_str()))
            .build();
        let request = writer
            .apigateway()
            .create_domain_name()
            .domain_name(&want.name)
            .regional_certificate_arn(task.text(&want.certificate))
            .set_ownership_verification_certificate_arn(
                want.ownership_certificate
                    .as_ref()
                    .map(|arn| task.text(arn)),
            )
            .endpoint_configuration(endpoint)
            .security_policy(SecurityPolicy::from(want.security_policy.as_str()))
            .set_endpoint_access_mode(
                want.endpoint_access_mode
                    .as_deref()
                    .map(EndpointAccessMode::from),
            )
            .set_mutual_tls_authentication(want.mutual_tls.as_ref().map(|tls| {
                MutualTlsAuthenticationInput::builder()
                    .truststore_uri(&tls.truststore)
                    .set_truststore_version(tls.version.clone())
                    .build()
            }))
            .set_tags(tags::sent(&task.tags(&want.tags)));
        let answer = writer
            .call(Operation::apigateway("CreateDomainName"), request.send())
            .await?;
        Ok(outputs(
            writer,
            &want.name,
            answer.regional_domain_name.as_deref(),
            answer.regional_hosted_zone_id.as_deref(),
        ))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let want = task.want;
        let patches = || patches(task, live.props, changed);
        let (differs, tags_differ) = patches();
        if !differs.is_empty() {
            // AWS accepts no change while the last one is deployed; a change of the security policy takes a quarter of an hour.
            writer
                .patiently(async || {
                    let request = writer
                        .apigateway()
                        .update_domain_name()
                        .domain_name(&want.name)
                        .set_patch_operations(patches().0.operations());
                    writer
                        .call(Operation::apigateway("UpdateDomainName"), request.send())
                        .await
                })
                .await?;
            until_available(writer, &want.name).await?;
        }
        if tags_differ {
            let arn = live.output(OutputName::Arn);
            tags::write(writer, arn, &want.tags, &live.props.tags).await?;
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let request = writer
            .apigateway()
            .delete_domain_name()
            .domain_name(&live.props.name);
        gone_is_success(
            writer
                .call(Operation::apigateway("DeleteDomainName"), request.send())
                .await,
        )
    }

    fn lets_in(held: &Props, want: &Props) -> LetsIn {
        match (&held.mutual_tls, &want.mutual_tls) {
            (Some(_), None) => LetsIn::More,
            (None, Some(_)) => LetsIn::Fewer,
            _ => LetsIn::AsBefore,
        }
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        let notes = [
            tls_spreads(look),
            tls_weakens(look),
            strict_ends(look),
            goes(look),
        ];
        notes.into_iter().flatten().collect()
    }
}

/// The domain names of the account, if the stack has, or may still have, one of its own: other stacks need neither the permission
/// nor the call.
///
/// # Errors
/// A read failed.
pub(super) async fn listed(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<Arc<Vec<DomainName>>, AwsError> {
    if wanted(scope).next().is_some() {
        return reader.domain_names().await;
    }
    match api_marks::ask(reader, scope, DOMAIN_MARK, &["/domainnames/"]).await? {
        Says::Perhaps => reader.domain_names().await,
        Says::Nothing => Ok(Arc::default()),
        Says::NoApi => Ok(unless_denied(reader.domain_names().await)?.unwrap_or_default()),
    }
}

fn wanted<'a>(scope: &'a Scope<'_>) -> impl Iterator<Item = (&'a Address, &'a Props)> {
    let resources = scope.desired.resources.iter();
    resources.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::ApiDomain(props) => Some((address, props)),
        _ => None,
    })
}

/// The stack's domains that were found, each with its tags, by their addresses.
pub(super) async fn found(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<BTreeMap<Address, (DomainName, BTreeMap<String, String>)>, AwsError> {
    let domains = listed(reader, scope).await?;
    let domains = domains.iter().filter(|domain| is_public(domain));
    Ok(domains
        .filter_map(|domain| {
            let name = domain.domain_name.as_deref()?;
            let arn = arn(reader, name);
            let address = scope.address_of(OutputName::Arn, &arn)?;
            let tags = tags::live(domain.tags.as_ref());
            Some((address.clone(), (domain.clone(), tags)))
        })
        .collect())
}

// A private domain name is another resource that may have the same name.
pub(super) fn is_public(domain: &DomainName) -> bool {
    domain
        .endpoint_configuration
        .as_ref()
        .is_none_or(|endpoint| !endpoint.types().contains(&EndpointType::Private))
}

/// Domains with a wanted name that are not the stack's, while ours still has another name: names are unique in an account and
/// Region.
fn namesakes(
    scope: &Scope<'_>,
    wanted: &BTreeMap<Address, String>,
    candidates: &[Candidate<Props>],
) -> Vec<(Address, String)> {
    let strangers = candidates.iter().filter(|candidate| {
        !matches!(
            scope.desired.context.owner_by_tags(&candidate.tags),
            Owner::Us(_)
        )
    });
    strangers
        .filter_map(|stranger| {
            let (address, name) = wanted.iter().find(|(_, name)| **name == stranger.name)?;
            (!scope.desired.adopt.name(address)).then(|| {
                let what =
                    format!("the domain name {name:?} exists already and is not this stack's");
                (address.clone(), what)
            })
        })
        .collect()
}

/// Waits until a change of a domain name is deployed.
///
/// # Errors
/// A read failed, AWS could not deploy it, or it took too long.
async fn until_available(writer: &Writer, name: &str) -> Result<(), AwsError> {
    let what = format!("the change of the domain name {name:?} is not deployed");
    DOMAIN_NAME_AVAILABLE
        .until(writer, "UpdateDomainName", &what, async || {
            let request = writer.apigateway().get_domain_name().domain_name(name);
            let operation = Operation::apigateway("GetDomainName");
            let live = writer.call(operation, request.send()).await?;
            match live.domain_name_status {
                Some(DomainNameStatus::Updating) => Ok(None),
                Some(DomainNameStatus::Failed) => {
                    let why = live.domain_name_status_message;
                    let why = why.unwrap_or_else(|| "AWS gave no reason".into());
                    Err(AwsError::gave_up("UpdateDomainName", why))
                }
                _ => Ok(Some(())),
            }
        })
        .await
}

/// Obstacles to a domain's deletion: its base paths to other APIs, which AWS would delete along.
async fn others_on(
    reader: &Reader,
    scope: &Scope<'_>,
    address: &Address,
    domain: &str,
) -> Result<Option<Obstacle>, AwsError> {
    let mappings = reader.base_path_mappings(domain).await?;
    let mut others = Vec::new();
    for mapping in mappings.iter().flat_map(|mappings| mappings.iter()) {
        let api = mapping.rest_api_id.as_deref().unwrap_or_default();
        if rest_api::api(scope) != Some(api) {
            let path = mapping.base_path.as_deref().unwrap_or_default();
            others.push(format!(
                "{} to {}",
                shown(path),
                rest_api::called(reader, api).await?
            ));
        }
    }
    Ok((!others.is_empty()).then(|| Obstacle {
        address: address.clone(),
        what: format!(
            "other APIs are mapped to the domain {domain:?}, and AWS would delete their base paths along with it: {}",
            others.join(", ")
        ),
        help: "remove those base paths first, in the stacks that made them".into(),
    }))
}

/// The file says that the domain is an existing one, but its tags are this stack's.
fn given_away(scope: &Scope<'_>, address: &Address, domain: &str) -> Option<Obstacle> {
    let of_ours = wanted(scope).any(|(_, props)| props.name == domain);
    let named = scope
        .desired
        .resources
        .values()
        .any(|wanted| match &wanted.resource {
            Resource::BasePathMapping(props) => {
                props.existing && props.domain.resolve(scope.book).as_deref() == Some(domain)
            }
            _ => false,
        });
    (named && !of_ours).then(|| Obstacle {
        address: address.clone(),
        what: format!("`existing = true` is for a domain that this stack does not manage, and the domain {domain:?} is \
                       this stack's"),
        help: "leave `existing` out; or remove the domain's tags gatestack:stack and gatestack:key if it is not this stack's any more"
            .into(),
    })
}

fn patch_mutual_tls(patches: &mut Patches, want: &Props, live: &Props) {
    const TRUSTSTORE: &str = "/mutualTlsAuthentication/truststoreUri";
    const VERSION: &str = "/mutualTlsAuthentication/truststoreVersion";
    // Without a truststore no client certificates are required: API Gateway developer guide, "How to turn on mutual TLS
    // authentication".
    let Some(tls) = &want.mutual_tls else {
        return patches.replace(TRUSTSTORE, "");
    };
    let before = live.mutual_tls.as_ref();
    if before.is_none_or(|before| before.truststore != tls.truststore) {
        patches.replace(TRUSTSTORE, &tls.truststore);
    }
    if before.and_then(|before| before.version.as_ref()) != tls.version.as_ref() {
        patches.replace(VERSION, tls.version.as_deref().unwrap_or_default());
    }
}

fn candidate(reader: &Reader, live: &DomainName) -> Candidate<Props> {
    let name = live.domain_name.clone().unwrap_or_default();
    let tags = tags::live(live.tags.as_ref());
    let mutual_tls = live.mutual_tls_authentication.as_ref().and_then(|tls| {
        Some(MutualTls {
            truststore: tls
                .truststore_uri
                .clone()
                .filter(|truststore| !truststore.is_empty())?,
            version: tls
                .truststore_version
                .clone()
                .filter(|version| !version.is_empty()),
        })
    });
    let policy = live.security_policy.as_ref();
    Candidate {
        props: Props {
            name: name.clone(),
            certificate: live
                .regional_certificate_arn
                .as_deref()
                .unwrap_or_default()
                .into(),
            ownership_certificate: live
                .ownership_verification_certificate_arn
                .as_deref()
                .filter(|arn| !arn.is_empty())
                .map(Text::from),
            security_policy: policy.map_or("", SecurityPolicy::as_str).to_owned(),
            endpoint_access_mode: rest_api::access_mode(policy, live.endpoint_access_mode.as_ref()),
            ip_address_type: rest_api::address_type(live.endpoint_configuration.as_ref()),
            mutual_tls,
            tags: tags.clone(),
        },
        outputs: outputs(
            reader,
            &name,
            live.regional_domain_name.as_deref(),
            live.regional_hosted_zone_id.as_deref(),
        ),
        name,
        tags,
        unmanaged: unmanaged(live),
    }
}

fn unmanaged(live: &DomainName) -> Vec<String> {
    let mut words = Vec::new();
    let status = live.domain_name_status.as_ref();
    if let Some(status) = status.filter(|status| {
        !matches!(
            status,
            DomainNameStatus::Available | DomainNameStatus::Updating
        )
    }) {
        let why = live.domain_name_status_message.as_deref();
        words.push(format!(
            "AWS says that it is {}: {}",
            status.as_str(),
            why.unwrap_or("it gives no reason")
        ));
    }
    let tls = live.mutual_tls_authentication.as_ref();
    for warning in tls.map_or(&[][..], |tls| tls.truststore_warnings()) {
        words.push(format!("AWS's warning about the truststore: {warning}"));
    }
    if live
        .routing_mode
        .as_ref()
        .is_some_and(|mode| *mode != RoutingMode::BasePathMappingOnly)
    {
        words.push("routing rules".to_owned());
    }
    let endpoint = live.endpoint_configuration.iter();
    for kind in endpoint.flat_map(|endpoint| endpoint.types()) {
        if *kind != EndpointType::Regional {
            words.push(format!("a {} endpoint", kind.as_str()));
        }
    }
    words
}

fn arn(reader: &Reader, name: &str) -> String {
    reader.apigateway_arn(&format!("domainnames/{name}"))
}

fn outputs(reader: &Reader, name: &str, target: Option<&str>, zone: Option<&str>) -> Outputs {
    let mut outputs = Outputs::from([
        (OutputName::Id, name.to_owned()),
        (OutputName::Arn, arn(reader, name)),
    ]);
    outputs.extend(target.map(|target| (OutputName::Target, target.to_owned())));
    outputs.extend(zone.map(|zone| (OutputName::TargetZone, zone.to_owned())));
    outputs
}

/// API Gateway developer guide, "Choose a security policy for your custom domain in API Gateway".
fn tls_spreads(look: &Look<'_, Props>) -> Option<Note> {
    let spreads = look.change.action == Action::Update
        && look.want.is_some()
        && (look.differs("tls") || look.differs("endpoint_access"));
    spreads.then_some(())?;
    look.info(
        "GS111",
        "AWS takes about 15 minutes to apply it; until then calls may get either, and AWS refuses further changes of the \
         domain",
    )
}

fn tls_weakens(look: &Look<'_, Props>) -> Option<Note> {
    let (held, want) = (look.held?, look.want?);
    rest_api::tls_weakens(look, &held.security_policy, &want.security_policy)
}

fn strict_ends(look: &Look<'_, Props>) -> Option<Note> {
    rest_api::strict_ends(
        look,
        look.held?.endpoint_access_mode.as_deref(),
        look.want?.endpoint_access_mode.as_deref(),
    )
}

/// Callers use the name.
fn goes(look: &Look<'_, Props>) -> Option<Note> {
    look.change.goes().then_some(())?;
    let and_then = match look.want {
        Some(want) => format!("tell its callers {}", want.name),
        None => "tell its callers another address".into(),
    };
    let name = &look.held?.name;
    look.warning(
        "GS118",
        format!("the API stops answering at {name}; {and_then}"),
    )
}

#[cfg(test)]
mod tests {
    use aws_sdk_apigateway::types::Op;

    use super::*;
    use crate::model::Book;

    #[test]
    fn an_ownership_certificate_is_removed_and_not_emptied() {
        let held = Props {
            name: "api.example.com".into(),
            certificate: "arn:one".into(),
            ownership_certificate: Some("arn:two".into()),
            security_policy: "TLS_1_2".into(),
            endpoint_access_mode: None,
            ip_address_type: "ipv4".into(),
            mutual_tls: None,
            tags: BTreeMap::new(),
        };
        let mut fields = ApiDomain::FIELDS.iter();
        let field = fields.find(|field| field.info.name == "ownership_certificate");
        let part = field.and_then(|field| field.part).unwrap();
        let sent = |wanted: Option<&str>| {
            let want = Props {
                ownership_certificate: wanted.map(Text::from),
                ..held.clone()
            };
            let task = Task {
                address: &Address::new("api.domain"),
                want: &want,
                book: &Book::default(),
                replaces: None,
            };
            let operations = patches(&task, &held, &[part]).0.operations().unwrap();
            let one = operations.into_iter().next().unwrap();
            (one.op.unwrap(), one.value)
        };
        assert_eq!(sent(None), (Op::Remove, None));
        assert_eq!(sent(Some("arn:3")), (Op::Replace, Some("arn:3".into())));
    }
}
