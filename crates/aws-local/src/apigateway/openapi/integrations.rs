//! Integrations of methods.

use serde_json::{Value, json};

use super::super::super::operation::{Object, Refusal};
use super::super::integrations;
use super::super::refusals::bad_request;
use super::super::state::{Integration, Method};
use super::document::{is_true, members, text_of, texts_of};
use super::import::Import;
use super::paths::Place;
use super::settings::texts;

/// Members that are texts, and are kept as they are.
const TEXTS: &[&str] = &[
    "uri",
    "httpMethod",
    "credentials",
    "connectionId",
    "cacheNamespace",
    "integrationTarget",
];

/// Members that are words, which documents have in any case.
///
/// Evidence: recorded, LocalStack `test_import_with_cognito_auth_identity_source` has `HTTP_PROXY` beside `http`.
const WORDS: &[&str] = &[
    "type",
    "passthroughBehavior",
    "connectionType",
    "contentHandling",
    "responseTransferMode",
];

const TYPES: [&str; 5] = ["AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"];

/// A method's integration, with its responses. `None` if its type is unknown or it is refused.
pub(super) fn import(
    import: &mut Import,
    place: &Place,
    verb: &str,
    said: &Value,
    method: &Method,
) -> Result<Option<Integration>, Refusal> {
    let path = &place.path;
    // Source: localstack/localstack#4619, for a `uri` that is an object.
    let malformed = || {
        bad_request(format!(
            "Unable to parse API definition because of a malformed integration at path {path}."
        ))
    };
    let said = said.as_object().ok_or_else(malformed)?;
    let mut settings = Object::new();
    for member in TEXTS.iter().chain(WORDS) {
        let Some(value) = said.get(*member).filter(|value| !value.is_null()) else {
            continue;
        };
        let value = text_of(value).ok_or_else(malformed)?;
        let value = match WORDS.contains(member) {
            true => value.to_uppercase(),
            false => value,
        };
        settings.insert((*member).to_owned(), value.into());
    }
    let kind = settings.get("type").and_then(Value::as_str);
    if !kind.is_some_and(|kind| TYPES.contains(&kind)) {
        // Source: awsdocs/amazon-api-gateway-developer-guide#65.
        let kind = said.get("type").and_then(text_of).unwrap_or("null".into());
        import.findings.warn(format!(
            "Unknown integration type '{kind}' for '{verb} {path}'. Ignoring."
        ));
        return Ok(None);
    }
    if let Some(timeout) = said.get("timeoutInMillis").and_then(text_of) {
        let timeout: i64 = timeout.parse().map_err(|_| malformed())?;
        settings.insert("timeoutInMillis".into(), timeout.into());
    }
    if let Some(keys) = said.get("cacheKeyParameters") {
        settings.insert("cacheKeyParameters".into(), json!(texts_of(keys)));
    }
    let tls = said.get("tlsConfig");
    if let Some(insecure) = tls.and_then(|tls| tls.get("insecureSkipVerification")) {
        let tls = json!({"insecureSkipVerification": is_true(insecure)});
        settings.insert("tlsConfig".into(), tls);
    }
    let templates = said.get("requestTemplates").map(texts).unwrap_or_default();
    let parameters = request_parameters(import, place, verb, said);
    for (member, value) in [
        ("requestTemplates", templates),
        ("requestParameters", parameters),
    ] {
        if !value.is_empty() {
            settings.insert(member.into(), value.into());
        }
    }
    let namespace = settings.entry("cacheNamespace");
    namespace.or_insert_with(|| json!(place.namespace));
    // Source: ustayready/fireprox#37.
    let what = format!("Unable to put integration on '{verb}' for resource at path '{path}'");
    let of = (&import.definition, place.resource.as_str(), method);
    let made = integrations::made(import.state, of, settings, import.call);
    let Some(mut integration) = import.findings.made(what, made)? else {
        return Ok(None);
    };
    for (pattern, said) in members(said.get("responses")) {
        let status = said
            .get("statusCode")
            .and_then(text_of)
            .ok_or_else(malformed)?;
        let settings = response(pattern, &status, said);
        let what =
            format!("Unable to put integration response on '{verb}' for resource at path '{path}'");
        let made = integrations::made_response(method, &status, settings);
        if let Some(response) = import.findings.made(what, made)? {
            integration.responses.insert(status, response);
        }
    }
    Ok(Some(integration))
}

/// The request parameters. A value that is no text is left out.
///
/// Evidence: recorded, LocalStack `test_import_rest_api_with_base_path_oas30`.
fn request_parameters(import: &mut Import, place: &Place, verb: &str, said: &Object) -> Object {
    let mut parameters = Object::new();
    for (name, value) in members(said.get("requestParameters")) {
        if value.is_string() {
            parameters.insert(name.clone(), value.clone());
            continue;
        }
        import.findings.warn(format!(
            "Invalid format for 'requestParameters'. Expected type string for property '{name}' of resource '{}' and method '{verb}' but got '{value}'",
            place.path
        ));
    }
    parameters
}

/// An integration response's settings. Its key in the document is the selection pattern, or `default`.
fn response(pattern: &str, status: &str, said: &Value) -> Object {
    let mut settings = Object::from_iter([("statusCode".to_owned(), json!(status))]);
    if pattern != "default" {
        settings.insert("selectionPattern".into(), pattern.into());
    }
    for member in ["responseParameters", "responseTemplates"] {
        let value = said.get(member).map(texts).unwrap_or_default();
        if !value.is_empty() {
            settings.insert(member.into(), value.into());
        }
    }
    if let Some(handling) = said.get("contentHandling").and_then(text_of) {
        settings.insert("contentHandling".into(), handling.to_uppercase().into());
    }
    settings
}
