//! Media types, and how API Gateway converts bodies by them.
//!
//! A body is binary if its media type is one of the API's `binaryMediaTypes`, else text: what is not UTF-8 in it becomes replacement
//! characters. From the tables of "Content type conversions in API Gateway" in the developer guide, and from what was
//! recorded on AWS of integrations of the type AWS (LocalStack, `TestApiGatewayS3BinarySupport`); the guide's tables do not tell kinds of
//! integrations apart.

use std::borrow::Cow;

use ::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::super::super::apigateway::text;
use super::super::super::super::operation::Object;
use super::super::exchange::{Exchange, Refused};
use super::super::refusals::{configuration, unsupported};

/// The default media type of a body.
pub(super) const JSON: &str = "application/json";

/// The media type of a header's first value, without parameters; none without one.
pub(super) fn media_type(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let value = headers.get(name)?.to_str().ok()?;
    let first = value.split([',', ';']).next()?.trim();
    (!first.is_empty()).then_some(first)
}

/// The template for a media type among those of an integration; none when it passes the body on as it is.
///
/// # Errors
/// 415, when there is none and the integration doesn't pass such bodies.
pub(super) fn request_template<'s>(
    settings: &'s Object,
    media_type: &str,
) -> Result<Option<&'s str>, Refused> {
    let templates = settings.get("requestTemplates").and_then(Value::as_object);
    let template = templates
        .into_iter()
        .flatten()
        .find(|(key, _)| key.eq_ignore_ascii_case(media_type));
    let passes = match text(settings, "passthroughBehavior") {
        "NEVER" => false,
        "WHEN_NO_TEMPLATES" => templates.is_none_or(Object::is_empty),
        _ => true,
    };
    match template {
        // An empty template is kept as null.
        Some((_, template)) => Ok(template.as_str()),
        None if passes => Ok(None),
        None => Err(unsupported(media_type)),
    }
}

/// A request's body as its integration wants it. A body that is not there is bytes, too, where its media type is one of them.
pub(super) fn of_request<'b>(
    exchange: &'b Exchange<'_>,
    settings: &Object,
    has_template: bool,
) -> Result<Cow<'b, [u8]>, Refused> {
    let media_type = media_type(&exchange.headers, header::CONTENT_TYPE);
    let is_binary = is_binary(exchange, media_type);
    let to_binary = wanted(settings).unwrap_or(is_binary);
    check_template(to_binary && has_template)?;
    converted(&exchange.body, is_binary, to_binary)
}

/// The body of a back end's answer as the caller gets it. Unless the settings say so, what the caller accepts decides.
pub(super) fn of_answer<'b>(
    exchange: &Exchange<'_>,
    settings: &Object,
    answered: &HeaderMap,
    body: &'b [u8],
    has_template: bool,
) -> Result<Cow<'b, [u8]>, Refused> {
    let answers_binary = is_binary(exchange, media_type(answered, header::CONTENT_TYPE));
    let accepted = media_type(&exchange.headers, header::ACCEPT);
    let to_binary = wanted(settings).unwrap_or_else(|| is_binary(exchange, accepted));
    check_template(to_binary && has_template && !body.is_empty())?;
    converted(body, answers_binary, to_binary)
}

/// Whether `contentHandling` wants bytes rather than text; none where it is not set.
fn wanted(settings: &Object) -> Option<bool> {
    match text(settings, "contentHandling") {
        "CONVERT_TO_BINARY" => Some(true),
        "CONVERT_TO_TEXT" => Some(false),
        _ => None,
    }
}

fn check_template(takes_bytes: bool) -> Result<(), Refused> {
    if !takes_bytes {
        return Ok(());
    }
    Err(configuration(
        "a template takes text, and the body is binary by the API's binaryMediaTypes or by contentHandling: contentHandling CONVERT_TO_TEXT \
         makes it text",
    ))
}

fn converted(body: &[u8], is_binary: bool, to_binary: bool) -> Result<Cow<'_, [u8]>, Refused> {
    match (is_binary, to_binary) {
        (true, true) => Ok(body.into()),
        (true, false) => Ok(STANDARD.encode(body).into_bytes().into()),
        (false, false) => Ok(match String::from_utf8_lossy(body) {
            Cow::Borrowed(_) => body.into(),
            Cow::Owned(text) => text.into_bytes().into(),
        }),
        (false, true) => {
            let bytes = STANDARD.decode(body).map_err(|_| {
                configuration("the body is text that stands for bytes, and it is not Base64")
            })?;
            Ok(bytes.into())
        }
    }
}

/// Whether the API treats bodies of this media type as binary. A body without a media type is JSON.
pub(super) fn is_binary(exchange: &Exchange<'_>, media_type: Option<&str>) -> bool {
    let media_type = media_type.unwrap_or(JSON);
    let binary = exchange.definition.settings.get("binaryMediaTypes");
    let mut binary = binary.and_then(Value::as_array).into_iter().flatten();
    binary.any(|binary| {
        binary
            .as_str()
            .is_some_and(|binary| matches(binary, media_type))
    })
}

/// Whether `image/*`, `*/*` or `image/png` matches a media type.
fn matches(range: &str, media_type: &str) -> bool {
    let halves = |text: &str| {
        let (kind, rest) = text.split_once('/').unwrap_or((text, ""));
        [kind, rest].map(str::to_ascii_lowercase)
    };
    let (range, media_type) = (halves(range), halves(media_type));
    range
        .iter()
        .zip(&media_type)
        .all(|(range, part)| range == "*" || range == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stand_for_media_types() {
        for (range, media_type, expected) in [
            ("*/*", "application/json", true),
            ("image/*", "image/png", true),
            ("image/PNG", "image/png", true),
            ("image/*", "text/plain", false),
            ("image/jpeg", "image/png", false),
        ] {
            assert_eq!(matches(range, media_type), expected, "{range} {media_type}");
        }
    }
}
