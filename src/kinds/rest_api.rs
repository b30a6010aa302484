//! An API Gateway REST API. All its routes and gateway responses are managed: those that the file does not name are deleted.

mod lost;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::{
    ApiKeySourceType, EndpointAccessMode, EndpointConfiguration, EndpointType, IpAddressType,
    RestApi as LiveApi, SecurityPolicy,
};
use serde::{Deserialize, Serialize};

use super::observation::Other;
use super::ownership::{Candidate, sort_out};
use super::patch::{Part, Patches, patches, segment};
use super::uses::Leaving;
use super::{
    Action, Dependent, Field, Findings, InPicture, Kind, KindInfo, Lane, LiveReference, Look, Note,
    Outputs, Resource, Scope, Task, gone_is_success, stage, tags,
};
use crate::aws::{AwsError, Container, Operation, Reader, Writer};
use crate::model::{Address, ByteSize, OutputName, Place, Text, Value};

/// A REST API (Regional).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name.
    pub name: Text,
    /// The description; empty for none.
    pub description: Text,
    /// Whether it answers only at its own domain.
    pub disable_default_endpoint: bool,
    /// Whether API keys are read from the header `X-API-Key`.
    pub keys_from_header: bool,
    /// AWS's name of the security policy.
    #[serde(default = "default_policy")]
    pub security_policy: String,
    /// The endpoint access mode of an enhanced security policy.
    #[serde(default)]
    pub endpoint_access_mode: Option<String>,
    /// The IP versions that callers may use: `ipv4` or `dualstack`.
    #[serde(default = "default_address_type")]
    pub ip_address_type: String,
    /// The media types whose bodies are bytes.
    #[serde(default)]
    pub binary_media_types: BTreeSet<String>,
    /// The size in bytes from which answers are compressed; none are without one.
    #[serde(default)]
    pub compression: Option<i32>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The security policy of a Regional API that says none (API Gateway developer guide, "Choose a security policy for your custom domain
/// in API Gateway": "For an API using a default endpoint").
fn default_policy() -> String {
    "TLS_1_0".into()
}

/// The addresses of callers of a Regional API that says none (the same, "IP address types for REST APIs in API Gateway").
pub(super) fn default_address_type() -> String {
    "ipv4".into()
}

/// An API Gateway REST API.
#[derive(Debug)]
pub struct RestApi;

/// The word for consent to the loss of stages that gatestack did not create.
pub(super) const OTHER_STAGES: &str = "other_stages";
/// The word for consent to the loss of authorizers that gatestack did not create.
pub(super) const OTHER_AUTHORIZERS: &str = "other_authorizers";
/// The word for consent to the loss of models.
const OTHER_MODELS: &str = "other_models";
/// The word for consent to the loss of request validators.
const OTHER_REQUEST_VALIDATORS: &str = "other_request_validators";
/// The models that AWS creates in every API.
const MODELS_OF_AWS: [&str; 2] = ["Empty", "Error"];
/// Everything that is deleted with an API and is not the stack's.
pub const DEPENDENTS: &[&str] = &[
    OTHER_AUTHORIZERS,
    OTHER_MODELS,
    stage::OTHER_PLANS,
    OTHER_REQUEST_VALIDATORS,
    OTHER_STAGES,
];

/// The id of the stack's API, when there is one.
pub(super) fn api<'a>(scope: &'a Scope<'_>) -> Option<&'a str> {
    scope.id(&Place::Api.address())
}

/// The ids of the APIs with the stack's tags, from their list: one, unless something went wrong.
///
/// # Errors
/// A read failed.
pub(super) async fn ours(reader: &Reader, scope: &Scope<'_>) -> Result<Vec<String>, AwsError> {
    let apis = reader.rest_apis().await?;
    let ours = apis.iter().filter(|api| {
        let tags = tags::live(api.tags.as_ref());
        scope.desired.context.owns(&tags)
    });
    Ok(ours.filter_map(|api| api.id.clone()).collect())
}

/// The display name of an API: its id, and its name if it has one.
///
/// # Errors
/// A read failed.
pub(super) async fn called(reader: &Reader, id: &str) -> Result<String, AwsError> {
    let apis = reader.rest_apis().await?;
    let name = apis.iter().find(|api| api.id.as_deref() == Some(id));
    Ok(match name.and_then(|api| api.name.as_deref()) {
        Some(name) => format!("the API {id} ({name:?})"),
        None => format!("the API {id}"),
    })
}

/// What else is deleted with an API: models and request validators, which gatestack doesn't create, and its memberships of other
/// usage plans.
pub(super) async fn other_parts_of(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    id: &str,
) -> Result<Vec<Dependent>, AwsError> {
    let (models, validators) = tokio::try_join!(reader.models(id), reader.request_validators(id))?;
    let named = models.iter();
    let named = named.filter_map(|model| Some((model.name.clone()?, model.id.clone()?)));
    let names: Vec<Other> = named
        .filter(|(name, _)| !MODELS_OF_AWS.contains(&name.as_str()))
        .map(|(name, id)| Other::new(name, id))
        .collect();
    let models = Dependent::of(
        address,
        OTHER_MODELS,
        ("model", "model"),
        &names,
        "AWS deletes it with the API",
    );
    // A validator need not have a name.
    let names = validators.iter().filter_map(|one| {
        let id = one.id.clone()?;
        Some(Other::new(
            one.name.clone().unwrap_or_else(|| id.clone()),
            id,
        ))
    });
    let validators = Dependent::of(
        address,
        OTHER_REQUEST_VALIDATORS,
        ("request_validator", "request validator"),
        &names.collect::<Vec<_>>(),
        "AWS deletes it with the API",
    );
    let plans = stage::on_others_plans(reader, leaving, address, id, None).await?;
    Ok([models, validators, plans].into_iter().flatten().collect())
}

impl Kind for RestApi {
    type Props = Props;
    type Part = Part<Props>;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::RestApi),
        deployed: true,
        doubles: true,
        in_picture: InPicture::Api,
        dependents: DEPENDENTS,
        when_different: "callers reach the API in another way than the file says",
        ..KindInfo::new(
            "rest_api",
            "REST API",
            "An API Gateway REST API, Regional. Its routes and gateway responses are closed: one that the file does \
             not name is deleted. Authorizers, models and request validators that gatestack did not make are left alone; \
             they go with the API, by consent. See the API Gateway developer guide, \"REST APIs\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new(
            "name",
            "The API's name in the console, 1 to 255 characters.",
            |p: &Props, book| p.name.value(book),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            patches.replace("/name", task.text(&task.want.name))
        }))
        .live_at_once(),
        Field::new(
            "description",
            "A description, shown in the console.",
            |p: &Props, book| p.description.value(book),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            patches.replace("/description", task.text(&task.want.description))
        }))
        .live_at_once(),
        Field::new(
            "disable_default_endpoint",
            "Whether the API answers only at its own domain, not at `execute-api`.",
            |p: &Props, _| p.disable_default_endpoint.into(),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            patches.replace(
                "/disableExecuteApiEndpoint",
                task.want.disable_default_endpoint,
            )
        })),
        Field::new(
            "keys_from_header",
            "Whether API keys are read from the header `X-API-Key`, and not from a Lambda authorizer's answer. Always true.",
            |p: &Props, _| p.keys_from_header.into(),
        )
        .by(Part::Patch(|patches, _, _: &Props| {
            patches.replace("/apiKeySource", ApiKeySourceType::Header.as_str());
        }))
        .always(true),
        // The same guide, "How to change a security policy": "Redeploy your API for the changes to take effect".
        Field::new(
            "tls",
            "The enhanced security policy: the TLS versions and ciphers that callers may use. A legacy one is left as it is.",
            |p: &Props, _| {
                let enhanced = p.security_policy.starts_with("SecurityPolicy_");
                enhanced.then_some(&p.security_policy).into()
            },
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            patches.replace("/securityPolicy", &task.want.security_policy)
        }))
        .unset("TLS_1_0"),
        Field::new(
            "endpoint_access",
            "The endpoint access mode of a security policy that has one: `BASIC` or `STRICT`.",
            |p: &Props, _| p.endpoint_access_mode.as_ref().into(),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            patch_access_mode(patches, task.want.endpoint_access_mode.as_deref())
        })),
        Field::new(
            "ip",
            "The IP versions that callers may use, if not only IPv4: `dualstack`.",
            |p: &Props, _| unless(&p.ip_address_type, &default_address_type()),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            patches.replace("/endpointConfiguration/ipAddressType", &task.want.ip_address_type)
        }))
        .unset("ipv4")
        // The same guide, "Change the IP address type of a REST API".
        .live_at_once(),
        // API Gateway developer guide, "Enabling binary support using the API Gateway console": "Redeploy your API".
        Field::new(
            "binary",
            "The media types whose bodies are bytes, such as `image/*`. API Gateway converts all others to text.",
            |p: &Props, _| Value::set(&p.binary_media_types),
        )
        .by(Part::Patch(patch_binary)),
        // The same, "Enable payload compression for an API": "you must deploy the API after enabling the compression".
        Field::new(
            "compression",
            "The size from which answers are compressed for callers that accept it.",
            |p: &Props, _| compression(p.compression),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            const PATH: &str = "/minimumCompressionSize";
            match task.want.compression {
                Some(size) => patches.replace(PATH, size),
                // As terraform-provider-aws and Zappa turn it off.
                None => patches.clear(PATH),
            }
        })),
        Field::new(
            "tags",
            "Tags. Others on the API are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys()
        .live_at_once(),
    ];

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let wanted = scope
            .desired
            .resources
            .iter()
            .filter_map(|(address, wanted)| match &wanted.resource {
                Resource::RestApi(props) => {
                    Some((address.clone(), props.name.resolve(scope.book)?))
                }
                _ => None,
            });
        let wanted: BTreeMap<Address, String> = wanted.collect();
        let candidates = reader
            .rest_apis()
            .await?
            .iter()
            .map(|api| candidate(reader, api))
            .collect();
        let mut findings = sort_out(scope, &Self::INFO, &wanted, candidates);
        if let Some(address) = wanted.keys().next()
            && findings.owned.is_empty()
            && findings.misplaced.is_empty()
            && findings.obstacles.is_empty()
        {
            // Boxed: the SDK's futures are large.
            Box::pin(lost::look(reader, scope, address, &mut findings)).await?;
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
            .create_rest_api()
            .name(task.text(&want.name))
            .set_description(Some(task.text(&want.description)).filter(|text| !text.is_empty()))
            .endpoint_configuration(endpoint)
            .disable_execute_api_endpoint(want.disable_default_endpoint)
            .set_binary_media_types(
                (!want.binary_media_types.is_empty())
                    .then(|| want.binary_media_types.iter().cloned().collect()),
            )
            .set_minimum_compression_size(want.compression)
            .set_security_policy(
                (want.security_policy != default_policy())
                    .then(|| SecurityPolicy::from(want.security_policy.as_str())),
            )
            .set_endpoint_access_mode(
                want.endpoint_access_mode
                    .as_deref()
                    .map(EndpointAccessMode::from),
            )
            .set_tags(tags::sent(&want.tags));
        let answer = writer
            .call(Operation::apigateway("CreateRestApi"), request.send())
            .await?;
        let id = answer.id.unwrap_or_default();
        if let Some(root) = &answer.root_resource_id {
            writer.learn_api(&id, root).await?;
        }
        Ok(outputs(writer, &id, answer.root_resource_id.as_deref()))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let (patches, tags_differ) = patches(task, live.props, changed);
        if !patches.is_empty() {
            let request = writer
                .apigateway()
                .update_rest_api()
                .rest_api_id(live.output(OutputName::Id))
                .set_patch_operations(patches.operations());
            writer
                .call(Operation::apigateway("UpdateRestApi"), request.send())
                .await?;
        }
        if tags_differ {
            let arn = live.output(OutputName::Arn);
            tags::write(writer, arn, &task.want.tags, &live.props.tags).await?;
        }
        Ok(Outputs::new())
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        let strict_ends = || {
            strict_ends(
                look,
                look.held?.endpoint_access_mode.as_deref(),
                look.want?.endpoint_access_mode.as_deref(),
            )
        };
        let tls_weakens = || {
            tls_weakens(
                look,
                &look.held?.security_policy,
                &look.want?.security_policy,
            )
        };
        [tls_spreads(look), tls_weakens(), strict_ends()]
            .into_iter()
            .flatten()
            .collect()
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let container = Container::RestApi(live.output(OutputName::Id).to_owned());
        writer.nothing_came_in(container, "DeleteRestApi").await?;
        let request = writer
            .apigateway()
            .delete_rest_api()
            .rest_api_id(live.output(OutputName::Id));
        gone_is_success(
            writer
                .call(Operation::apigateway("DeleteRestApi"), request.send())
                .await,
        )
    }
}

/// A value for the diff, unless it is the usual one.
pub(super) fn unless(value: &str, usual: &str) -> Value {
    (value != usual).then_some(value).into()
}

/// The mode of an enhanced policy; others have none, whatever AWS answers.
pub(super) fn access_mode(
    policy: Option<&SecurityPolicy>,
    mode: Option<&EndpointAccessMode>,
) -> Option<String> {
    policy.filter(|policy| policy.as_str().starts_with("SecurityPolicy_"))?;
    mode.map(|mode| mode.as_str().to_owned())
}

/// The addresses from which callers come.
pub(super) fn address_type(endpoint: Option<&EndpointConfiguration>) -> String {
    let live = endpoint.and_then(|endpoint| endpoint.ip_address_type.as_ref());
    live.map_or_else(default_address_type, |live| live.as_str().to_owned())
}

/// Sets the mode. That of a policy which goes in the same call is set to an empty text (API Gateway developer guide, "How to change a
/// security policy").
pub(super) fn patch_access_mode(patches: &mut Patches, mode: Option<&str>) {
    patches.replace("/endpointAccessMode", mode.unwrap_or_default());
}

/// The same guide, "Security policies for REST APIs in API Gateway": from `STRICT` to `BASIC`, "your endpoint will be unavailable for
/// around 15 minutes". It says nothing of a policy without a mode.
pub(super) fn strict_ends<P>(
    look: &Look<'_, P>,
    held: Option<&str>,
    want: Option<&str>,
) -> Option<Note> {
    let ends = look.change.action == Action::Update && held == Some("STRICT") && held != want;
    ends.then_some(())?;
    look.warning(
        "GS153",
        "AWS says that calls fail for around 15 minutes after a change from endpoint access `strict` to `basic`",
    )
}

/// The oldest TLS version that a security policy allows. The same guide, "Security policies for REST APIs in API Gateway".
fn oldest_tls(policy: &str) -> &'static str {
    let is_from = |version: &str| policy.starts_with(&format!("SecurityPolicy_TLS13_{version}"));
    if policy == "TLS_1_2" || is_from("1_2_") {
        "1.2"
    } else if policy == "TLS_1_0" {
        "1.0"
    } else {
        "1.3"
    }
}

/// Callers may use an older TLS version than before.
pub(super) fn tls_weakens<P>(look: &Look<'_, P>, held: &str, want: &str) -> Option<Note> {
    let (before, after) = (oldest_tls(held), oldest_tls(want));
    (after < before).then_some(())?;
    look.warning(
        "GS154",
        format!("TLS becomes weaker: callers may use TLS {after}; today they need {before}"),
    )
}

/// The same guide, "How to change a security policy": "When your API is updating, you can still invoke it", so no run waits for it.
fn tls_spreads(look: &Look<'_, Props>) -> Option<Note> {
    let spreads = look.change.action == Action::Update
        && look.want.is_some()
        && (look.differs("tls") || look.differs("endpoint_access"));
    spreads.then_some(())?;
    look.info(
        "GS152",
        "AWS takes about 15 minutes to apply it; until then calls may get either",
    )
}

fn patch_binary(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    let path = |media_type: &str| format!("/binaryMediaTypes/{}", segment(media_type));
    let (want, held) = (&task.want.binary_media_types, &held.binary_media_types);
    for media_type in held.difference(want) {
        patches.remove(path(media_type));
    }
    for media_type in want.difference(held) {
        patches.add_member(path(media_type));
    }
}

fn compression(size: Option<i32>) -> Value {
    let size = size.and_then(|size| u64::try_from(size).ok());
    size.map(|size| ByteSize::from_bytes(size).to_string())
        .into()
}

fn candidate(reader: &Reader, api: &LiveApi) -> Candidate<Props> {
    let name = api.name.clone().unwrap_or_default();
    let tags = tags::live(api.tags.as_ref());
    Candidate {
        props: Props {
            name: name.as_str().into(),
            description: api.description.clone().unwrap_or_default().into(),
            disable_default_endpoint: api.disable_execute_api_endpoint,
            binary_media_types: api.binary_media_types.iter().flatten().cloned().collect(),
            compression: api.minimum_compression_size,
            endpoint_access_mode: access_mode(
                api.security_policy.as_ref(),
                api.endpoint_access_mode.as_ref(),
            ),
            security_policy: api
                .security_policy
                .as_ref()
                .map_or_else(default_policy, |policy| policy.as_str().to_owned()),
            ip_address_type: address_type(api.endpoint_configuration.as_ref()),
            keys_from_header: api.api_key_source != Some(ApiKeySourceType::Authorizer),
            tags: tags.clone(),
        },
        name,
        tags,
        outputs: outputs(
            reader,
            api.id.as_deref().unwrap_or_default(),
            api.root_resource_id.as_deref(),
        ),
        unmanaged: unmanaged(api),
    }
}

/// The ARN of an API, for its tags.
pub(super) fn arn(reader: &Reader, id: &str) -> String {
    reader.apigateway_arn(&format!("restapis/{id}"))
}

fn outputs(reader: &Reader, id: &str, root: Option<&str>) -> Outputs {
    let mut outputs = Outputs::from([
        (OutputName::Id, id.to_owned()),
        (OutputName::Arn, arn(reader, id)),
    ]);
    outputs.extend(root.map(|root| (OutputName::RootId, root.to_owned())));
    outputs
}

/// The name of an API's resource policy among unmanaged settings.
pub const RESOURCE_POLICY: &str = "a resource policy";

fn unmanaged(api: &LiveApi) -> Vec<String> {
    let mut words = Vec::new();
    if api
        .policy
        .as_deref()
        .is_some_and(|policy| !policy.is_empty())
    {
        words.push(RESOURCE_POLICY.to_owned());
    }
    for kind in api
        .endpoint_configuration
        .iter()
        .filter_map(|endpoint| endpoint.types.as_ref())
        .flatten()
    {
        if *kind != EndpointType::Regional {
            words.push(format!("a {} endpoint", kind.as_str()));
        }
    }
    words
}
