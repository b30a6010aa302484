//! API Gateway's own responses if it doesn't call the integration: gateway responses, with their statuses, headers and bodies.
//!
//! A gateway response's template is not evaluated by the template engine of integrations: variables are replaced, and nothing
//! else.

use std::sync::LazyLock;

use aws_facts::gateway_responses;
use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::super::super::apigateway::{gateway_response as settings_of, text};
use super::exchange::{Exchange, NOT_IMPLEMENTED, Refused};
use super::mapping;
use super::refusals::INTERNAL_ERROR;
use super::resource_policy::DENIED;
use super::variables::{Variables, extended_request_id};

const JSON: &str = "application/json";

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A variable in a template: `$context.error.message`, `${stageVariables.origin}`, `$method.request.header.Origin`.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    const NAME: &str = r"(?:context|stageVariables|method\.request)(?:\.[\w-]+)+";
    Regex::new(&format!(r"\$(?:({NAME})|\{{({NAME})\}})")).expect("it is a pattern")
});

/// API Gateway's body for that, with a space that its template for everything else does not have: 36 bytes of `Internal server
/// error`.
const INTERNAL: &str = r#"{"message": $context.error.messageString}"#;

/// The body for a caller whom a resource policy does not let in: reported, ASFHyP3/hyp3#2283.
const DENIED_BODY: &str = r#"{"Message":$context.error.messageString}"#;

/// The answer to a refusal at a stage, as the deployment's gateway responses shape it.
pub(super) fn gateway_response(refused: &Refused, exchange: &Exchange<'_>) -> Response<Bytes> {
    if refused.kind == NOT_IMPLEMENTED {
        return plain(refused);
    }
    let settings = settings_of(exchange.definition, refused.kind);
    let entries = |member: &str| {
        let entries = settings.get(member).and_then(Value::as_object);
        entries.into_iter().flatten()
    };
    let templates: Vec<_> = entries("responseTemplates")
        .filter_map(|(kind, template)| Some((kind.as_str(), template.as_str()?)))
        .collect();
    let (kind, template) = chosen(&templates, exchange).unwrap_or((JSON, ""));
    let template = if is_internal(refused, exchange) {
        INTERNAL
    } else if is_denied(refused, exchange) {
        DENIED_BODY
    } else {
        template
    };
    let variables = Variables::of_refusal(exchange, refused);
    let value = |expression: &str| {
        // A gateway response can't fail: variables without a value become empty.
        let values = mapping::values(expression, &variables);
        values.ok()?.into_iter().next_back()
    };
    let body = VARIABLE.replace_all(template, |found: &Captures<'_>| {
        let name = found.get(1).or_else(|| found.get(2));
        value(name.map_or("", |name| name.as_str())).unwrap_or_default()
    });
    let mut response = Response::new(Bytes::from(body.into_owned()));
    let configured: Option<u16> = text(&settings, "statusCode").parse().ok();
    let status = match refused.status {
        // Nobody has changed it.
        Some(special) if configured == gateway_responses::status(refused.kind) => Some(special),
        _ => configured,
    };
    *response.status_mut() = status
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut response, header::CONTENT_TYPE.as_str(), kind);
    set(&mut response, ERROR_TYPE.as_str(), refused.error_type);
    for (to, from) in entries("responseParameters") {
        let name = to.strip_prefix("gatewayresponse.header.").unwrap_or(to);
        if let Some(value) = from.as_str().and_then(value) {
            set(&mut response, name, &value);
        }
    }
    response
}

/// The template for the caller's `Accept`, else JSON.
fn chosen<'t>(
    templates: &[(&'t str, &'t str)],
    exchange: &Exchange<'_>,
) -> Option<(&'t str, &'t str)> {
    let accept = exchange.headers.get_all(header::ACCEPT).iter();
    let accept = accept.filter_map(|value| value.to_str().ok());
    let accepted: Vec<&str> = accept
        .flat_map(|value| value.split(','))
        .map(|kind| kind.split(';').next().unwrap_or_default().trim())
        .collect();
    let of = |wanted: &str| templates.iter().find(|(kind, _)| *kind == wanted).copied();
    accepted
        .iter()
        .find_map(|kind| of(kind))
        .or_else(|| of(JSON))
        .or_else(|| templates.first().copied())
}

fn set(response: &mut Response<Bytes>, name: &str, value: &str) {
    let name = HeaderName::try_from(name);
    if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
        response.headers_mut().insert(name, value);
    }
}

/// Whether it is API Gateway's own failure, on an API that has no gateway response for it.
fn is_internal(refused: &Refused, exchange: &Exchange<'_>) -> bool {
    let own = &exchange.definition.gateway_responses;
    refused.error_type == INTERNAL_ERROR
        && !own.contains(refused.kind)
        && !own.contains("DEFAULT_5XX")
}

/// Whether a resource policy refuses, on an API that has no gateway response for it.
fn is_denied(refused: &Refused, exchange: &Exchange<'_>) -> bool {
    let own = &exchange.definition.gateway_responses;
    refused.error_type == DENIED && !own.contains(refused.kind) && !own.contains("DEFAULT_4XX")
}

/// A refusal without a stage to shape it, or of what the local AWS does not have.
pub(super) fn plain(refused: &Refused) -> Response<Bytes> {
    let body = json!({"message": refused.message}).to_string();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = match refused.kind {
        NOT_IMPLEMENTED => StatusCode::NOT_IMPLEMENTED,
        _ => StatusCode::FORBIDDEN,
    };
    set(&mut response, header::CONTENT_TYPE.as_str(), JSON);
    set(&mut response, ERROR_TYPE.as_str(), refused.error_type);
    response
}

/// AWS refuses too long a body before the API is known, so no gateway response applies.
pub(super) fn too_large() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(
        b"HTTP content length exceeded 10485760 bytes.",
    ));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    set(
        &mut response,
        header::CONTENT_TYPE.as_str(),
        "text; charset=utf-8",
    );
    response
}

/// A URL that can't be decoded is refused before any API is asked, too. What the body says is not known.
pub(super) fn bad_request() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(br#"{"message":"Bad Request"}"#));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    set(&mut response, header::CONTENT_TYPE.as_str(), JSON);
    response
}

/// The ids that every answer of a stage carries.
pub(super) fn stamp(response: &mut Response<Bytes>, request_id: &str) {
    set(response, "x-amzn-requestid", request_id);
    set(response, "x-amz-apigw-id", &extended_request_id(request_id));
}
