//! REST APIs.

use aws_facts::limits::apigateway::{LARGEST_COMPRESSION_SIZE, MOST_APIS};
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::super::table::Table;
use super::base_path_mappings::check_unmapped;
use super::domain_rules::check_access_mode;
use super::lists::page;
use super::patch::{ADD_REMOVE, ANY, Op, Patch, REPLACE, Rules, Takes, Words, patches, rule};
use super::refusals::{bad_request, limit_exceeded};
use super::state::{
    Definition, Resource, RestApi, State, Tags, date, members, object_mut, text, text_map,
};
use super::{models, policy, tags};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateRestApi", create),
    Operation::read("GetRestApi", get),
    Operation::read("GetRestApis", list),
    Operation::change("UpdateRestApi", update),
    Operation::change("DeleteRestApi", delete),
];

/// Members that are stored as sent.
const SETTINGS: &[&str] = &[
    "name",
    "description",
    "version",
    "binaryMediaTypes",
    "minimumCompressionSize",
    "apiKeySource",
    "endpointConfiguration",
    "policy",
    "disableExecuteApiEndpoint",
    "securityPolicy",
    "endpointAccessMode",
];

const RULES: Rules = Rules {
    words: Words::Short,
    rules: &[
        rule("/name", REPLACE, Takes::Text),
        rule("/description", ANY, Takes::Text),
        rule("/policy", REPLACE, Takes::Text),
        rule("/apiKeySource", REPLACE, Takes::Text),
        rule("/binaryMediaTypes/{}", ANY, Takes::Member),
        rule("/disableExecuteApiEndpoint", REPLACE, Takes::Boolean),
        rule("/endpointAccessMode", REPLACE, Takes::Text),
        rule(
            "/endpointConfiguration/vpcEndpointIds",
            ADD_REMOVE,
            Takes::Value,
        ),
        rule("/endpointConfiguration/ipAddressType", REPLACE, Takes::Text),
        // Text until it is checked, since AWS has a separate message for a wrong number.
        rule("/minimumCompressionSize", REPLACE, Takes::Text),
        rule("/securityPolicy", REPLACE, Takes::Text),
    ],
};

fn create(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let settings = members(call, SETTINGS);
    if settings.get("description") == Some(&json!("")) {
        return Err(bad_request("Description cannot be an empty string"));
    }
    let id = identifiers::api_gateway();
    let mut definition = match call.input.get("cloneFrom").and_then(Value::as_str) {
        Some(source) => clone_of(state.rest_apis.get(source), source, call)?,
        None => Definition {
            models: models::defaults(),
            ..empty_definition(identifiers::api_gateway())
        },
    };
    for (member, value) in settings {
        definition.settings.insert(member, value);
    }
    with_defaults(&mut definition.settings);
    check(&mut definition.settings, &Object::new(), &id, call)?;
    let tags = text_map(call, "tags");
    tags::check(&tags)?;
    add(state, &id, definition, tags, call)
}

/// Adds an API and returns its description.
pub(super) fn add(
    state: &mut State,
    id: &str,
    definition: Definition,
    tags: Tags,
    call: &Call,
) -> Answer {
    let kind = endpoint_type(&definition.settings);
    let like = |api: &&RestApi| endpoint_type(&api.definition.settings) == kind;
    let quota = MOST_APIS.iter().find(|(of, _)| *of == kind);
    if quota.is_some_and(|(_, most)| state.rest_apis.values().filter(like).count() >= *most) {
        return Err(limit_exceeded(
            "Maximum number of APIs for this account has been reached",
        ));
    }
    let api = RestApi {
        created: date(call),
        tags,
        definition,
        ..RestApi::default()
    };
    let answer = tags::unless_empty(describe(id, &api), &api.tags);
    state.rest_apis.insert(id, api);
    Ok(answer)
}

/// A definition with nothing but a resource at `/`, which has this id.
pub(super) fn empty_definition(root: String) -> Definition {
    let mut resources = Table::default();
    resources.insert(&root, Resource::default());
    Definition {
        root,
        resources,
        ..Definition::default()
    }
}

fn clone_of(source: Option<&RestApi>, id: &str, call: &Call) -> Result<Definition, Refusal> {
    let source = source.ok_or_else(|| {
        bad_request(format!(
            "Invalid API identifier specified {}:{id}",
            call.account
        ))
    })?;
    Ok(source.definition.clone())
}

/// Fills in the defaults of a new API.
pub(super) fn with_defaults(settings: &mut Object) {
    settings.entry("apiKeySource").or_insert("HEADER".into());
    settings
        .entry("disableExecuteApiEndpoint")
        .or_insert(false.into());
    if settings.get("binaryMediaTypes") == Some(&json!([])) {
        settings.remove("binaryMediaTypes");
    }
    let endpoint = object_mut(settings, "endpointConfiguration");
    endpoint.entry("types").or_insert(json!(["EDGE"]));
    if endpoint.get("vpcEndpointIds") == Some(&json!([])) {
        endpoint.remove("vpcEndpointIds");
    }
    let private = endpoint.get("types") == Some(&json!(["PRIVATE"]));
    let addresses = if private { "dualstack" } else { "ipv4" };
    endpoint.entry("ipAddressType").or_insert(addresses.into());
}

fn endpoint_type(settings: &Object) -> &str {
    settings
        .get("endpointConfiguration")
        .and_then(|endpoint| endpoint.pointer("/types/0"))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(super) fn check_endpoint_type(kind: &str) -> Result<(), Refusal> {
    if MOST_APIS.iter().any(|(known, _)| *known == kind) {
        return Ok(());
    }
    Err(bad_request(
        "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
    ))
}

/// Validates an API's settings after a create or an update, and normalizes the policy and the compression size. `before` are the
/// settings before an update.
pub(super) fn check(
    settings: &mut Object,
    before: &Object,
    id: &str,
    call: &Call,
) -> Result<(), Refusal> {
    if text(settings, "name").trim().is_empty() {
        return Err(bad_request("Name cannot be empty"));
    }
    if let Some(size) = settings.get_mut("minimumCompressionSize") {
        let whole = match &*size {
            Value::String(text) => text.parse().ok(),
            other => other.as_i64(),
        };
        let whole = whole.filter(|size| (0..=LARGEST_COMPRESSION_SIZE).contains(size));
        *size = whole
            .ok_or_else(|| {
                bad_request("Invalid minimum compression size, must be between 0 and 10485760")
            })?
            .into();
    }
    if !["HEADER", "AUTHORIZER"].contains(&text(settings, "apiKeySource")) {
        return Err(bad_request(
            "Invalid API key source specified. Valid options are HEADER,AUTHORIZER",
        ));
    }
    let endpoint = object_mut(settings, "endpointConfiguration");
    let types = endpoint.get("types").and_then(Value::as_array);
    let kind = match types.map(Vec::as_slice) {
        None | Some([]) => {
            return Err(bad_request(
                "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.",
            ));
        }
        Some([kind]) => kind.as_str().unwrap_or_default(),
        Some(_) => {
            return Err(bad_request(
                "Cannot create an api with multiple Endpoint Types.",
            ));
        }
    };
    let addresses = text(endpoint, "ipAddressType");
    if !["ipv4", "dualstack"].contains(&addresses) {
        return Err(bad_request(
            "ipAddressType must be either ipv4 or dualstack.",
        ));
    }
    if kind == "PRIVATE" && addresses != "dualstack" {
        return Err(bad_request(
            "Only dualstack ipAddressType is supported for Private APIs.",
        ));
    }
    if kind != "PRIVATE" && endpoint.contains_key("vpcEndpointIds") {
        return Err(bad_request(
            "VPCEndpoints can only be specified with PRIVATE apis.",
        ));
    }
    check_access_mode(settings, before)?;
    let policy = |settings: &Object| text(settings, "securityPolicy").to_owned();
    if !before.is_empty()
        && policy(settings) == "TLS_1_2"
        && ["", "TLS_1_0"].contains(&&*policy(before))
    {
        // API Gateway developer guide, "Security policies for REST APIs in API Gateway".
        return Err(bad_request(
            "The security policy of an API can't be updated from TLS_1_0 to TLS_1_2",
        ));
    }
    if let Some(Value::String(document)) = settings.get("policy") {
        let normal = policy::normalized(document, id, call)?;
        settings.insert("policy".into(), normal.into());
    }
    Ok(())
}

/// An API in responses, without tags.
pub(super) fn describe(id: &str, api: &RestApi) -> Object {
    let mut answer = api.definition.settings.clone();
    answer.insert("id".into(), id.into());
    answer.insert("createdDate".into(), json!(api.created));
    answer.insert("rootResourceId".into(), json!(api.definition.root));
    answer.insert("apiStatus".into(), "AVAILABLE".into());
    answer
}

fn get(region: &Region, call: &Call) -> Answer {
    let api = region.apigateway.rest_api(call)?;
    Ok(tags::always(
        describe(call.text("restApiId"), api),
        &api.tags,
    ))
}

fn list(region: &Region, call: &Call) -> Answer {
    let apis = region.apigateway.rest_apis.iter();
    page(
        call,
        "",
        apis.map(|(id, api)| (id, tags::unless_empty(describe(id, api), &api.tags))),
    )
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let api = region.apigateway.rest_api_mut(call)?;
    let id = call.text("restApiId");
    let before = api.definition.settings.clone();
    for patch in patches(call)? {
        apply(&patch, &mut api.definition.settings)?;
    }
    check(&mut api.definition.settings, &before, id, call)?;
    Ok(tags::always(describe(id, api), &api.tags))
}

fn apply(patch: &Patch, settings: &mut Object) -> Result<(), Refusal> {
    let ["endpointConfiguration", "types", _] = patch.parts()[..] else {
        return RULES.apply(patch, settings);
    };
    if patch.op != Op::Replace {
        return Err(bad_request(
            "Invalid patch operation specified. Must be 'add'|'remove'|'replace'",
        ));
    }
    let kind = patch.filled().unwrap_or_default();
    check_endpoint_type(kind)?;
    let endpoint = object_mut(settings, "endpointConfiguration");
    endpoint.insert("types".into(), json!([kind]));
    if kind == "PRIVATE" {
        // AWS sets a private API to its only address type.
        endpoint.insert("ipAddressType".into(), "dualstack".into());
    } else {
        endpoint.remove("vpcEndpointIds");
    }
    Ok(())
}

/// Everything below the API is deleted with it, and its stages are removed from usage plans.
fn delete(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    state.rest_api(call)?;
    let id = call.text("restApiId");
    check_unmapped(state, "RestApi", id, |mapping| {
        text(mapping, "restApiId") == id
    })?;
    state.rest_apis.remove(id);
    super::usage_plans::forget(state, |stage| text(stage, "apiId") == id);
    Ok(Object::new())
}
