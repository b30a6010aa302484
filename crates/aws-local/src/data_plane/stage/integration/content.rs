//! Media types, and how API Gateway converts bodies by them.

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

/// A body as its integration wants it, `handling` being the integration's or the answer's `contentHandling`.
pub(super) fn handled<'b>(
    exchange: &Exchange<'_>,
    handling: &str,
    media_type: Option<&str>,
    body: &'b [u8],
    has_template: bool,
) -> Result<Cow<'b, [u8]>, Refused> {
    let is_binary = !body.is_empty() && is_binary(exchange, media_type.unwrap_or(JSON));
    match handling {
        "CONVERT_TO_TEXT" if is_binary => Ok(STANDARD.encode(body).into_bytes().into()),
        "CONVERT_TO_TEXT" => Ok(body.into()),
        "" if is_binary && has_template => Err(configuration(
            "the body's media type is one of the API's binary media types, and a template takes text: contentHandling CONVERT_TO_TEXT makes it some",
        )),
        "" => Ok(body.into()),
        other => Err(Refused::not_implemented(format_args!(
            "contentHandling {other}"
        ))),
    }
}

/// Whether the API treats bodies of this media type as binary.
fn is_binary(exchange: &Exchange<'_>, media_type: &str) -> bool {
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
