//! What a document says of the API as a whole: its name, its settings, its request validators and its gateway responses.

use aws_facts::gateway_responses::TYPES;
use serde_json::{Value, json};

use super::super::super::operation::{Object, Refusal};
use super::super::state::{Definition, object_mut, text};
use super::super::{gateway_responses, request_validators, rest_apis};
use super::document::{Version, is_true, list, members, text_of, texts_of};
use super::import::Import;
use super::{
    API_KEY_SOURCE, BINARY_MEDIA_TYPES, ENDPOINT_ACCESS_MODE, ENDPOINT_CONFIGURATION,
    GATEWAY_RESPONSES, MINIMUM_COMPRESSION_SIZE, POLICY, SECURITY_POLICY, VALIDATORS,
};

/// The members of `components` that OpenAPI 3.0 has.
const COMPONENTS: &[&str] = &[
    "schemas",
    "responses",
    "parameters",
    "examples",
    "requestBodies",
    "headers",
    "securitySchemes",
    "links",
    "callbacks",
];

/// The settings that an API keeps when a document overwrites it: the endpoint type.
///
/// Source: API Gateway developer guide, "Use an OpenAPI file to update an existing API".
pub(super) fn kept(before: &Definition) -> Object {
    let endpoint = before.settings.get("endpointConfiguration");
    let types = endpoint.and_then(|endpoint| endpoint.get("types"));
    Object::from_iter([(
        "endpointConfiguration".to_owned(),
        json!({ "types": types }),
    )])
}

/// Reads what `info` and the extensions at the root say. Documentation parts are left out, as with `ignore=documentation`: all that would
/// show them answers 501.
pub(super) fn import(import: &mut Import) -> Result<(), Refusal> {
    let document = import.document;
    warn_of_unexpected(import);
    let settings = &mut import.definition.settings;
    // Evidence: recorded, LocalStack `test_put_rest_api_mode_binary_media_types`: a put renames the API in both modes.
    for (member, to) in [
        ("title", "name"),
        ("version", "version"),
        ("description", "description"),
    ] {
        let said = document.object("info").and_then(|info| info.get(member));
        if let Some(said) = said.and_then(text_of).filter(|said| !said.is_empty()) {
            settings.insert(to.into(), said.into());
        }
    }
    for (extension, member) in [
        (API_KEY_SOURCE, "apiKeySource"),
        (MINIMUM_COMPRESSION_SIZE, "minimumCompressionSize"),
        (SECURITY_POLICY, "securityPolicy"),
        (ENDPOINT_ACCESS_MODE, "endpointAccessMode"),
    ] {
        if let Some(value) = document.root.get(extension).and_then(text_of) {
            settings.insert(member.into(), value.into());
        }
    }
    match document.root.get(POLICY) {
        Some(Value::String(policy)) => settings.insert("policy".into(), policy.as_str().into()),
        Some(policy) => settings.insert("policy".into(), policy.to_string().into()),
        None => None,
    };
    // Evidence: recorded, LocalStack `test_put_rest_api_mode_binary_media_types` in mode `merge`: the old ones are first.
    let mut media_types = list(settings.get("binaryMediaTypes")).to_vec();
    let said = document.root.get(BINARY_MEDIA_TYPES).map(texts_of);
    for media_type in said.unwrap_or_default() {
        if !media_types.iter().any(|known| known == &media_type) {
            media_types.push(media_type.into());
        }
    }
    settings.insert("binaryMediaTypes".into(), media_types.into());
    let endpoint = match document.version {
        Version::V2 => document.root.get(ENDPOINT_CONFIGURATION),
        Version::V3 => {
            let first = document.servers().first();
            first.and_then(|server| server.get(ENDPOINT_CONFIGURATION))
        }
    };
    if let Some(disabled) = endpoint.and_then(|endpoint| endpoint.get("disableExecuteApiEndpoint"))
    {
        settings.insert("disableExecuteApiEndpoint".into(), is_true(disabled).into());
    }
    if let Some(ids) = endpoint.and_then(|endpoint| endpoint.get("vpcEndpointIds")) {
        object_mut(settings, "endpointConfiguration")
            .insert("vpcEndpointIds".into(), json!(texts_of(ids)));
    }
    rest_apis::with_defaults(settings);
    let before = match import.state.rest_apis.contains(import.api) {
        true => import.before.settings.clone(),
        false => Object::new(),
    };
    rest_apis::check(settings, &before, import.api, import.call)
}

/// Source: reported, terraform-provider-aws's `TestAccAPIGatewayRestAPI_FailOnWarnings` for a member of `components`. The form is that
/// of AWS's answer to a parameter's unknown member, which another transcript shows together with the line about servers.
fn warn_of_unexpected(import: &mut Import) {
    let document = import.document;
    if document.version == Version::V2 {
        return;
    }
    for (member, _) in members(document.root.get("components")) {
        if !COMPONENTS.contains(&member.as_str()) && !member.starts_with("x-") {
            import.findings.warn(format!(
                "Parse issue: attribute components.{member} is unexpected"
            ));
        }
    }
    if document.servers().len() > 1 {
        import.findings.warn(
            "More than one server provided. Ignoring all but the first for defining endpoint configuration",
        );
    }
}

/// Makes the request validators. One that is merged with an older one of its name keeps its id, since other methods refer to it.
pub(super) fn import_validators(import: &mut Import) -> Result<(), Refusal> {
    for (name, said) in members(import.document.root.get(VALIDATORS)) {
        let mut settings = Object::from_iter([("name".to_owned(), json!(name))]);
        for member in ["validateRequestBody", "validateRequestParameters"] {
            settings.insert(member.into(), said.get(member).is_some_and(is_true).into());
        }
        let what = format!("Unable to create request validator '{name}'");
        let made = request_validators::made(settings);
        let Some(mut validator) = import.findings.made(what, made)? else {
            continue;
        };
        if let Some(id) = validator_id(&import.definition, name) {
            validator.insert("id".into(), id.into());
        }
        let id = text(&validator, "id").to_owned();
        import.definition.request_validators.insert(id, validator);
    }
    Ok(())
}

/// The id of the request validator with this name.
pub(super) fn validator_id(definition: &Definition, name: &str) -> Option<String> {
    let mut validators = definition.request_validators.iter();
    let (id, _) = validators.find(|(_, validator)| text(validator, "name") == name)?;
    Some(id.to_owned())
}

pub(super) fn import_gateway_responses(import: &mut Import) -> Result<(), Refusal> {
    for (kind, said) in members(import.document.root.get(GATEWAY_RESPONSES)) {
        if !TYPES.iter().any(|(known, _)| known == kind) {
            return Err(Refusal::not_implemented(format_args!(
                "the type '{kind}' of {GATEWAY_RESPONSES}, which API Gateway does not document"
            )));
        }
        let mut settings = Object::new();
        if let Some(status) = said.get("statusCode").and_then(text_of) {
            settings.insert("statusCode".into(), status.into());
        }
        for member in ["responseParameters", "responseTemplates"] {
            if let Some(value) = said.get(member) {
                settings.insert(member.into(), texts(value).into());
            }
        }
        let what = format!("Unable to put gateway response '{kind}'");
        let made = gateway_responses::made(kind, settings);
        if let Some(response) = import.findings.made(what, made)? {
            import.definition.gateway_responses.insert(kind, response);
        }
    }
    Ok(())
}

/// An object's members as texts. YAML has numbers and truth values where JSON has texts.
pub(super) fn texts(value: &Value) -> Object {
    members(Some(value))
        .filter_map(|(name, value)| Some((name.clone(), text_of(value)?.into())))
        .collect()
}
