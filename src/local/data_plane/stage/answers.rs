//! What API Gateway itself answers when it can't or won't call the integration: gateway responses, with their statuses, headers and bodies.
//!
//! A gateway response's template is not run by the template engine of integrations: variables are put in, and nothing else is done.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use percent_encoding::percent_decode_str;
use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::super::super::apigateway::{gateway_response as settings_of, text};
use super::super::super::operation::Object;
use super::exchange::{Exchange, NOT_IMPLEMENTED, Refused};

const JSON: &str = "application/json";

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A variable in a template: `$context.error.message`, `${stageVariables.origin}`, `$method.request.header.Origin`.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    const NAME: &str = r"(?:context|stageVariables|method\.request)(?:\.[\w-]+)+";
    Regex::new(&format!(r"\$(?:({NAME})|\{{({NAME})\}})")).expect("it is a pattern")
});

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
    let variable = |name: &str| variable(name, refused, exchange);
    let body = VARIABLE.replace_all(template, |found: &Captures<'_>| {
        let name = found.get(1).or_else(|| found.get(2));
        // A variable without a value leaves nothing.
        variable(name.map_or("", |name| name.as_str())).unwrap_or_default()
    });
    let mut response = Response::new(Bytes::from(body.into_owned()));
    *response.status_mut() = text(&settings, "statusCode")
        .parse()
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut response, header::CONTENT_TYPE.as_str(), kind);
    set(&mut response, ERROR_TYPE.as_str(), refused.error_type);
    for (to, from) in entries("responseParameters") {
        let name = to.strip_prefix("gatewayresponse.header.").unwrap_or(to);
        let from = from.as_str().unwrap_or_default();
        let literal = from
            .strip_prefix('\'')
            .and_then(|from| from.strip_suffix('\''));
        let value = literal.map(Cow::Borrowed);
        if let Some(value) = value.or_else(|| variable(from).map(Cow::Owned)) {
            set(&mut response, name, &value);
        }
    }
    response
}

/// The template for what the caller accepts; JSON for whom none fits.
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

/// The value of a variable or of a mapping expression.
fn variable(name: &str, refused: &Refused, exchange: &Exchange<'_>) -> Option<String> {
    if let Some(name) = name.strip_prefix("context.error.") {
        return match name {
            "message" => Some(refused.message.clone()),
            "messageString" => Some(json!(refused.message).to_string()),
            "responseType" => Some(refused.kind.to_owned()),
            _ => None,
        };
    }
    if let Some(name) = name.strip_prefix("context.") {
        return exchange.context(name);
    }
    if let Some(name) = name.strip_prefix("stageVariables.") {
        let value = exchange.stage.settings.get("variables")?.get(name)?;
        return Some(value.as_str()?.to_owned());
    }
    let (place, name) = name.strip_prefix("method.request.")?.split_once('.')?;
    match place {
        "header" => {
            let value = exchange.headers.get(name)?.to_str();
            Some(value.ok()?.to_owned())
        }
        "querystring" => {
            let mut query = exchange.query.iter().rev();
            query
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        }
        "path" => exchange.path_parameters.get(name).cloned(),
        _ => None,
    }
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

/// AWS refuses too long a body before it knows of any API, so that no gateway response shapes this answer.
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

/// The ids that every answer of a stage carries.
pub(super) fn stamp(response: &mut Response<Bytes>, request_id: &str) {
    set(response, "x-amzn-requestid", request_id);
    set(response, "x-amz-apigw-id", &extended(request_id));
}

/// API Gateway's own id of a request, `$context.extendedRequestId`: 16 characters, which follow from the other id here.
fn extended(request_id: &str) -> String {
    let hexadecimal: Vec<u8> = request_id.bytes().filter(u8::is_ascii_hexdigit).collect();
    BASE64_STANDARD.encode(hexadecimal.get(..11).unwrap_or(&hexadecimal))
}

impl Exchange<'_> {
    /// The value of `$context.` and this name, errors aside.
    fn context(&self, name: &str) -> Option<String> {
        let header = |name: header::HeaderName| {
            let value = self.headers.get(name)?.to_str();
            Some(value.ok()?.to_owned())
        };
        let claim = |claims: &Object, name: &str| match claims.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let resource = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        match name {
            "accountId" => Some(self.account.to_owned()),
            "apiId" => Some(self.api.to_owned()),
            "stage" => Some(self.stage_name.to_owned()),
            "requestId" => Some(self.request_id.clone()),
            "extendedRequestId" => Some(extended(&self.request_id)),
            "httpMethod" => Some(self.verb.to_string()),
            "path" => Some(percent_decode_str(&self.path).decode_utf8_lossy().into()),
            "protocol" => Some("HTTP/1.1".into()),
            "resourceId" => resource(self.resource),
            "resourcePath" => resource(&self.resource_path),
            "requestTime" => Some(self.now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()),
            "requestTimeEpoch" => Some(self.now.as_millisecond().to_string()),
            "domainName" => Some(self.host.clone()),
            "domainPrefix" => Some(self.host.split('.').next()?.to_owned()),
            "identity.sourceIp" => Some(self.source_ip.to_string()),
            "identity.userAgent" => header(header::USER_AGENT),
            "identity.apiKeyId" => self.api_key.clone(),
            name => claim(
                self.claims.as_ref()?,
                name.strip_prefix("authorizer.claims.")?,
            ),
        }
    }
}
