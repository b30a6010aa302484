//! From a function's answer to the response.

use ::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::super::super::exchange::{Exchange, Refused};
use super::super::super::refusals::{configuration, failed};
use super::super::answer::with_content_type;
use super::super::content::{JSON, is_binary, media_type};
use super::super::headers;

const MEMBERS: [&str; 5] = [
    "statusCode",
    "headers",
    "multiValueHeaders",
    "body",
    "isBase64Encoded",
];

/// The response that a function has answered.
pub(super) fn response(
    exchange: &Exchange<'_>,
    function: &str,
    payload: &[u8],
) -> Result<Response<Bytes>, Refused> {
    let malformed = |what: String| {
        failed(
            502,
            format!("the answer of the function {function} is not what a proxy's must be: {what}"),
        )
    };
    let value: Value = serde_json::from_slice(payload).unwrap_or_default();
    let Value::Object(answer) = value else {
        return Err(malformed("it is no object".into()));
    };
    if let Some(name) = answer.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(malformed(format!("it has the member {name}")));
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status(answer.get("statusCode"))
        .ok_or_else(|| malformed("statusCode is not a status".into()))?;
    *response.headers_mut() = merged(&answer).map_err(malformed)?;
    let is_base64 = match answer.get("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_base64)) => *is_base64,
        Some(_) => {
            return Err(malformed(
                "isBase64Encoded is neither true nor false".into(),
            ));
        }
    };
    let body = match answer.get("body") {
        None | Some(Value::Null) => "",
        Some(Value::String(body)) => body.as_str(),
        Some(_) => return Err(malformed("body is not a text".into())),
    };
    let accepted = media_type(&exchange.headers, header::ACCEPT);
    *response.body_mut() = match is_base64 && is_binary(exchange, accepted) {
        true => {
            let decoded = STANDARD.decode(body);
            let decoded = decoded.map_err(|_| {
                configuration(format!(
                    "the body that the function {function} answers is not Base64"
                ))
            })?;
            decoded.into()
        }
        false => Bytes::copy_from_slice(body.as_bytes()),
    };
    headers::proxied(response.headers_mut());
    with_content_type(&mut response, JSON);
    Ok(response)
}

/// 200 if there is none. A number may be a text.
fn status(value: Option<&Value>) -> Option<StatusCode> {
    let number = match value {
        None | Some(Value::Null) => 200,
        Some(Value::Number(number)) => number.as_u64()?,
        Some(Value::String(text)) => text.parse().ok()?,
        Some(_) => return None,
    };
    StatusCode::from_u16(number.try_into().ok()?).ok()
}

/// The headers of both members, without pairs that both have.
fn merged(answer: &Map<String, Value>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, values) in entries(answer, "multiValueHeaders")? {
        let Value::Array(values) = values else {
            return Err(format!("{name} of multiValueHeaders is not a list"));
        };
        for value in values {
            append(&mut headers, name, value)?;
        }
    }
    let many = headers.clone();
    for (name, value) in entries(answer, "headers")? {
        let text = scalar(value);
        let has = |text: &String| {
            many.get_all(name)
                .iter()
                .any(|value| value == text.as_str())
        };
        if !text.as_ref().is_some_and(has) {
            append(&mut headers, name, value)?;
        }
    }
    Ok(headers)
}

fn entries<'a>(
    answer: &'a Map<String, Value>,
    member: &str,
) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, String> {
    let entries = match answer.get(member) {
        None | Some(Value::Null) => None,
        Some(Value::Object(entries)) => Some(entries),
        Some(_) => return Err(format!("{member} is no object")),
    };
    Ok(entries.into_iter().flatten())
}

fn append(headers: &mut HeaderMap, name: &str, value: &Value) -> Result<(), String> {
    let wrong = || format!("the header {name} is not valid");
    let text = scalar(value).ok_or_else(wrong)?;
    let name = HeaderName::try_from(name).map_err(|_| wrong())?;
    headers.append(name, HeaderValue::try_from(text).map_err(|_| wrong())?);
    Ok(())
}

/// A text, a number or a truth value, as a text.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
