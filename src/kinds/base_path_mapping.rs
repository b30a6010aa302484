//! A base path mapping of a domain to the API.
//!
//! Mappings have no tags. One to our API is ours. A domain of our own is found by its tags; an existing one is named by a tag of
//! our API, written before the first mapping on it and removed after the last one. A base path with several levels is changed
//! through API Gateway's V2 API.

mod api_mapping;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::BasePathMapping as LiveMapping;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::api_marks::unless_denied;
use super::patch::Patches;
use super::uses::Leaving;
use super::{
    Action, Desired, Field, Findings, Found, InPicture, Kind, KindInfo, Lane, LiveReference, Look,
    Note, Obstacle, OnChange, Outputs, Replace, Resource, Scope, Task, api_domain, gone_is_success,
    literal, rest_api, tags,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, Book, OutputName, Place, Text, Value, digest, shell_word};

/// A base path mapping.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The domain name.
    pub domain: Text,
    /// Whether the domain is an existing one, so that a tag of the API must name it.
    pub existing: bool,
    /// The beginning of the path; empty for the whole domain.
    pub base_path: String,
    /// The API's id.
    pub api: Text,
    /// The stage's name.
    pub stage: String,
}

/// A base path mapping.
#[derive(Debug)]
pub struct BasePathMapping;

/// The base path of the whole domain, as AWS writes it.
const WHOLE: &str = "(none)";

/// The prefix of the API's tags for existing domains.
const DOMAIN_TAG: &str = "gatestack:domain:";

/// The parts of its update.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// The tag of the API for existing domains.
    Mark,
    /// A member of the mapping: its path in the patch, and its wanted value.
    Mapping(&'static str, fn(&Props) -> &str),
}

impl Kind for BasePathMapping {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::RestApi),
        phase: 2,
        goes_with: Some("api_domain"),
        replace: Replace::CreateFirst,
        in_picture: InPicture::Api,
        when_different: "calls to the domain fail, or reach another stage",
        ..KindInfo::new(
            "base_path_mapping",
            "base path mapping",
            "The part of a domain that is mapped to the API's stage. Several APIs can share a domain. One with several levels is \
             made through API Gateway's V2 API, as an API mapping. See the API Gateway \
             developer guide, \"Use API mappings to connect API stages to a custom domain name\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new("domain", "The domain.", |p: &Props, book| {
            p.domain.value(book)
        })
        .on_change(OnChange::Replace("a mapping stays on its domain"))
        .refers_to("api_domain"),
        Field::new(
            "existing",
            "Whether another stack or owner manages the domain.",
            |p: &Props, _| p.existing.into(),
        )
        .by(Part::Mark),
        Field::new("base_path", "The beginning of the path.", |p: &Props, _| {
            (&p.base_path).into()
        })
        .by(Part::Mapping("/basePath", |want| &want.base_path)),
        // One to another API is not the stack's.
        Field::place("api", "rest_api", |p: &Props, book| p.api.value(book)),
        Field::new("stage", "The stage it is mapped to.", |p: &Props, _| {
            (&p.stage).into()
        })
        .by(Part::Mapping("/stage", |want| &want.stage)),
        // AWS deletes no stage with a mapping.
        Field::place("stage_id", "stage", stage_id),
    ];

    fn follows(want: &Props, address: &Address, _desired: &Desired) -> bool {
        *address == place(&want.base_path)
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = Findings::default();
        let wanted: Vec<(&Address, &Props)> = wanted(scope).collect();
        let ours = rest_api::api(scope);
        let own = api_domain::found(reader, scope).await?;
        let own: BTreeSet<&str> = own
            .values()
            .filter_map(|(domain, _)| domain.domain_name())
            .collect();
        let marked = marked(reader, ours).await?;
        let named = named(scope);
        let at_work = scope.id(&Place::ApiDomain.address()).map(str::to_owned);
        let main = named.iter().next().cloned().or(at_work);
        let main = main.or_else(|| marked.iter().next().cloned());
        let mut domains: BTreeSet<&str> = own.clone();
        domains.extend(named.iter().chain(&marked).map(String::as_str));
        for domain in domains {
            let Some(mappings) = reader.base_path_mappings(domain).await? else {
                findings.obstacles.extend(no_domain(&wanted, domain));
                continue;
            };
            for mapping in mappings.iter() {
                let api = mapping.rest_api_id.as_deref().unwrap_or_default();
                let base_path = base_path(mapping);
                if ours == Some(api) {
                    let address = place(base_path);
                    let address = match main.as_deref() == Some(domain) {
                        true => address,
                        false => address.replaced(domain),
                    };
                    let props = Props {
                        domain: domain.into(),
                        existing: marked.contains(domain),
                        base_path: base_path.to_owned(),
                        api: api.into(),
                        stage: mapping.stage.clone().unwrap_or_default(),
                    };
                    findings
                        .owned
                        .push(Found::new(address, props, outputs(domain, base_path)));
                } else {
                    findings.neighbours += usize::from(own.contains(domain));
                    let taken = wanted.iter().find(|(_, props)| {
                        props.base_path == base_path
                            && props.domain.resolve(scope.book).as_deref() == Some(domain)
                    });
                    if let Some((address, _)) = taken {
                        let other = rest_api::called(reader, api).await?;
                        findings.obstacles.push(Obstacle {
                            address: (*address).clone(),
                            what: format!(
                                "{} on the domain {domain:?} is already mapped to {other}",
                                shown(base_path)
                            ),
                            help: "choose another base path, or remove that mapping first".into(),
                        });
                    }
                }
            }
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let (domain, api) = (task.text(&want.domain), task.text(&want.api));
        if want.existing {
            mark(writer, &api, &domain).await?;
        }
        if api_mapping::is_needed(&want.base_path) {
            api_mapping::create(writer, &domain, &api, want).await?;
            return Ok(outputs(&domain, &want.base_path));
        }
        let created = writer.patiently(async || {
            let request = writer
                .apigateway()
                .create_base_path_mapping()
                .domain_name(&domain)
                .set_base_path(Some(want.base_path.clone()).filter(|path| !path.is_empty()))
                .rest_api_id(&api)
                .stage(&want.stage);
            writer
                .call(
                    Operation::apigateway("CreateBasePathMapping"),
                    request.send(),
                )
                .await
        });
        created.await?;
        Ok(outputs(&domain, &want.base_path))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let want = task.want;
        let (domain, api) = (task.text(&want.domain), task.text(&want.api));
        let mut patches = Patches::default();
        for part in changed {
            match part {
                Part::Mark if want.existing => mark(writer, &api, &domain).await?,
                Part::Mark => unmark(writer, &api, &domain).await?,
                Part::Mapping(path, value) => patches.replace(*path, value(want)),
            }
        }
        let before = &live.props.base_path;
        if patches.is_empty() {
            return Ok(outputs(&domain, &want.base_path));
        }
        if api_mapping::is_needed(before) || api_mapping::is_needed(&want.base_path) {
            api_mapping::update(writer, &domain, &api, before, want).await?;
        } else {
            let request = writer
                .apigateway()
                .update_base_path_mapping()
                .domain_name(&domain)
                .base_path(sent(before))
                .set_patch_operations(patches.operations());
            writer
                .call(
                    Operation::apigateway("UpdateBasePathMapping"),
                    request.send(),
                )
                .await?;
        }
        Ok(outputs(&domain, &want.base_path))
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let props = live.props;
        let (domain, api) = (literal(&props.domain), literal(&props.api));
        if api_mapping::is_needed(&props.base_path) {
            api_mapping::delete(writer, &domain, &api, &props.base_path).await?;
        } else {
            let request = writer
                .apigateway()
                .delete_base_path_mapping()
                .domain_name(&domain)
                .base_path(sent(&props.base_path));
            gone_is_success(
                writer
                    .call(
                        Operation::apigateway("DeleteBasePathMapping"),
                        request.send(),
                    )
                    .await,
            )?;
        }
        if !props.existing {
            return Ok(());
        }
        let left = writer.afresh().base_path_mappings(&domain).await?;
        let ours = |mapping: &LiveMapping| mapping.rest_api_id.as_deref() == Some(&api);
        if left.is_some_and(|left| left.iter().any(ours)) {
            return Ok(());
        }
        unmark(writer, &api, &domain).await
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        stops(look).into_iter().collect()
    }
}

/// Obstacles to the deletion of an API, or of one of its stages: base paths to it that are not the stack's. AWS would refuse only
/// after everything below the API is deleted. Without the permission to list domains they are not checked.
pub(super) async fn leading_to(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    api: &str,
    stage: Option<&str>,
) -> Result<Option<Obstacle>, AwsError> {
    let ours = leaving.ids_of("base_path_mapping");
    let domains = unless_denied(reader.domain_names().await)?;
    let domains = domains.iter().flat_map(|domains| domains.iter());
    let mut others = Vec::new();
    let mut calls = Vec::new();
    for domain in domains.filter(|domain| api_domain::is_public(domain)) {
        let domain = domain.domain_name.as_deref().unwrap_or_default();
        let mappings = unless_denied(reader.base_path_mappings(domain).await)?.flatten();
        for mapping in mappings.iter().flat_map(|mappings| mappings.iter()) {
            let path = base_path(mapping);
            let leads = mapping.rest_api_id.as_deref() == Some(api)
                && stage.is_none_or(|stage| mapping.stage.as_deref() == Some(stage));
            if leads && !ours.contains(format!("{domain}/{path}").as_str()) {
                others.push(format!("{} on the domain {domain:?}", shown(path)));
                calls.push(deletion(domain, path));
            }
        }
    }
    let what = if stage.is_some() { "stage" } else { "API" };
    Ok((!others.is_empty()).then(|| Obstacle {
        address: address.clone(),
        what: format!(
            "base paths outside this stack are mapped to this {what}, and AWS does not delete one that is in use: {}",
            others.join(", ")
        ),
        help: format!("map them elsewhere or remove them first\n{}", calls.join("\n")),
    }))
}

/// The command that deletes a mapping.
fn deletion(domain: &str, base_path: &str) -> String {
    let name = shell_word(domain);
    if api_mapping::is_needed(base_path) {
        // A base path has neither backticks nor double quotes.
        let query = format!("Items[?ApiMappingKey==`\"{base_path}\"`].ApiMappingId");
        return format!(
            "aws apigatewayv2 delete-api-mapping --domain-name {name} --api-mapping-id \"$(aws apigatewayv2 get-api-mappings \
             --domain-name {name} --query {} --output text)\"",
            shell_word(&query)
        );
    }
    format!(
        "aws apigateway delete-base-path-mapping --domain-name {name} --base-path {}",
        shell_word(sent(base_path))
    )
}

/// The address of a mapping in the file's words.
pub(super) fn place(base_path: &str) -> Address {
    match base_path {
        "" => Place::WholeDomain.address(),
        path => Place::BasePath(path.to_owned()).address(),
    }
}

fn wanted<'a>(scope: &'a Scope<'_>) -> impl Iterator<Item = (&'a Address, &'a Props)> {
    let resources = scope.desired.resources.iter();
    resources.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::BasePathMapping(props) => Some((address, props)),
        _ => None,
    })
}

fn stage_id(props: &Props, book: &Book) -> Value {
    match props.api.resolve(book) {
        Some(api) => format!("{api}:{}", props.stage).into(),
        None => props.api.value(book),
    }
}

fn no_domain(wanted: &[(&Address, &Props)], domain: &str) -> Option<Obstacle> {
    let named = |props: &Props| props.existing && literal(&props.domain) == domain;
    let (address, _) = wanted.iter().find(|(_, props)| named(props))?;
    Some(Obstacle {
        address: (*address).clone(),
        what: format!("there is no domain {domain:?} in this account and Region"),
        help:
            "apply the stack that owns it first; or leave `existing` out to make it with this one"
                .into(),
    })
}

/// The domains of the file's base paths, as far as they are known.
fn named(scope: &Scope<'_>) -> BTreeSet<String> {
    let domains = wanted(scope).filter_map(|(_, props)| props.domain.resolve(scope.book));
    domains.collect()
}

/// Reads the mappings of these domains, and of the domains in the file and in the API's tags.
///
/// # Errors
/// A read failed.
pub(super) async fn read(
    reader: &Reader,
    scope: &Scope<'_>,
    own: BTreeSet<&str>,
) -> Result<(), AwsError> {
    let mut domains: BTreeSet<String> = own.into_iter().map(str::to_owned).collect();
    domains.append(&mut named(scope));
    for api in rest_api::ours(reader, scope).await? {
        domains.append(&mut marked(reader, Some(&api)).await?);
    }
    let domains = domains.iter();
    try_join_all(domains.map(|domain| reader.base_path_mappings(domain))).await?;
    Ok(())
}

/// The existing domains in the API's tags.
async fn marked(reader: &Reader, api: Option<&str>) -> Result<BTreeSet<String>, AwsError> {
    let Some(id) = api else {
        return Ok(BTreeSet::new());
    };
    let apis = reader.rest_apis().await?;
    let api = apis.iter().find(|api| api.id.as_deref() == Some(id));
    let tags = tags::live(api.and_then(|api| api.tags.as_ref()));
    let marks = tags.into_iter();
    Ok(marks
        .filter(|(key, _)| key.starts_with(DOMAIN_TAG))
        .map(|(_, domain)| domain)
        .collect())
}

// A tag's key has 128 characters, a domain's name twice as many.
fn tag(domain: &str) -> String {
    format!("{DOMAIN_TAG}{}", &digest(domain.as_bytes())[..12])
}

async fn mark(writer: &Writer, api: &str, domain: &str) -> Result<(), AwsError> {
    let mark = BTreeMap::from([(tag(domain), domain.to_owned())]);
    tags::write(writer, &rest_api::arn(writer, api), &mark, &BTreeMap::new()).await
}

async fn unmark(writer: &Writer, api: &str, domain: &str) -> Result<(), AwsError> {
    tags::remove(writer, &rest_api::arn(writer, api), &[tag(domain)]).await
}

fn base_path(mapping: &LiveMapping) -> &str {
    let path = mapping.base_path.as_deref().unwrap_or_default();
    if path == WHOLE { "" } else { path }
}

fn sent(base_path: &str) -> &str {
    if base_path.is_empty() {
        WHOLE
    } else {
        base_path
    }
}

/// A base path for display.
pub(super) fn shown(base_path: &str) -> String {
    match base_path {
        "" | WHOLE => "the whole domain".to_owned(),
        path => format!("/{path}"),
    }
}

/// Callers use the URL. If the domain is deleted too, its own note says so.
fn stops(look: &Look<'_, Props>) -> Option<Note> {
    let held = look.held?;
    let stack = look.stack;
    let of_the_domain = |resource: &Resource| match resource {
        Resource::ApiDomain(domain) => Some(domain.name.clone()),
        _ => None,
    };
    let domain = literal(&held.domain);
    let before = match look.change.action {
        Action::Delete => stack
            .wanted
            .values()
            .filter_map(of_the_domain)
            .any(|name| name == domain),
        Action::Update => look.differs("base_path"),
        Action::Create | Action::Replace => false,
    };
    before.then_some(())?;
    let path = shown(&held.base_path);
    look.warning(
        "GS137",
        format!("calls to {path} of {domain} no longer reach the API: tell their callers another address"),
    )
}

fn outputs(domain: &str, base_path: &str) -> Outputs {
    Outputs::from([(OutputName::Id, format!("{domain}/{base_path}"))])
}
