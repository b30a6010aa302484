//! Mapping expressions: target and source of a request's or response's parameters.

use super::super::operation::{Object, Refusal};
use super::refusals::bad_request;

/// Sources that need no declaration.
const UNDECLARED: &[&str] = &["context.", "stageVariables."];

/// The name in `method.request.{header,path,querystring}.NAME`.
pub(super) fn request_parameter(parameter: &str) -> Option<&str> {
    let (place, name) = parameter.strip_prefix("method.request.")?.split_once('.')?;
    (["header", "path", "querystring"].contains(&place) && !name.is_empty()).then_some(name)
}

/// Whether a parameter of a request may have this name.
///
/// Source: columbia-it/django-jsonapi-training, docs/aws.md, for a parameter `page[size]`.
pub(super) fn is_parameter_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.all(|character| character.is_ascii_alphanumeric() || "._$-".contains(character))
}

/// Whether it is `method.response.header.NAME`.
pub(super) fn is_response_parameter(parameter: &str) -> bool {
    parameter
        .strip_prefix("method.response.header.")
        .is_some_and(|name| !name.is_empty())
}

/// Validates an integration's request parameters: the key must be a place in the integration's request, the value a static text,
/// a context or stage variable, the body, or a parameter that the method declares.
pub(super) fn check_request(
    parameters: &Object,
    declared_by_method: Option<&Object>,
) -> Result<(), Refusal> {
    for (to, from) in parameters {
        let place = to
            .strip_prefix("integration.request.")
            .and_then(|rest| rest.split_once('.'));
        if !place.is_some_and(|(place, name)| {
            ["header", "path", "querystring"].contains(&place) && !name.is_empty()
        }) {
            return Err(wrong_destination(to));
        }
        let from = from.as_str().unwrap_or_default();
        let is_declared = || {
            let single = from
                .replace("request.multivalueheader.", "request.header.")
                .replace("request.multivaluequerystring.", "request.querystring.");
            request_parameter(&single).is_some()
                && declared_by_method.is_some_and(|declared| declared.contains_key(&single))
        };
        if !is_free(from, "method.request.body") && !is_declared() {
            return Err(wrong_source(from));
        }
    }
    Ok(())
}

/// Validates an integration response's parameters: the key must be declared by the method response of the same status, the value
/// a static text, a context or stage variable, or a header or the body of the integration's response.
pub(super) fn check_response(
    parameters: &Object,
    declared_by_response: Option<&Object>,
) -> Result<(), Refusal> {
    for (to, from) in parameters {
        if !declared_by_response.is_some_and(|declared| declared.contains_key(to)) {
            return Err(wrong_destination(to));
        }
        let from = from.as_str().unwrap_or_default();
        let header = ["header", "multivalueheader"].iter().any(|place| {
            from.strip_prefix("integration.response.")
                .and_then(|rest| rest.strip_prefix(place))
                .is_some_and(|name| name.len() > 1 && name.starts_with('.'))
        });
        if !is_free(from, "integration.response.body") && !header {
            return Err(wrong_source(from));
        }
    }
    Ok(())
}

fn is_free(from: &str, body: &str) -> bool {
    let is_static = from.len() >= 2 && from.starts_with('\'') && from.ends_with('\'');
    let of_body = from
        .strip_prefix(body)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    is_static
        || of_body
        || UNDECLARED
            .iter()
            .any(|prefix| from.len() > prefix.len() && from.starts_with(prefix))
}

fn wrong_source(from: &str) -> Refusal {
    wrong(&format!("Invalid mapping expression specified: {from}"))
}

fn wrong_destination(to: &str) -> Refusal {
    wrong(&format!(
        "Invalid mapping expression parameter specified: {to}"
    ))
}

/// What is wrong with a mapping, in the frame that AWS puts around it.
pub(super) fn wrong(error: &str) -> Refusal {
    bad_request(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [{error}]"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: serde_json::Value) -> Object {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn a_source_must_be_declared_or_free() {
        let declared = object(json!({
            "method.request.path.id": true,
            "method.request.header.Accept": false
        }));
        let check = |from: &str| {
            let parameters = object(json!({ "integration.request.path.id": from }));
            check_request(&parameters, Some(&declared)).map_err(|refusal| refusal.message)
        };
        for from in [
            "method.request.path.id",
            "method.request.multivalueheader.Accept",
            "method.request.body",
            "method.request.body.a.b",
            "'static'",
            "context.requestId",
            "stageVariables.host",
        ] {
            assert_eq!(check(from), Ok(()), "{from}");
        }
        for from in ["method.request.path.other", "true", "'", "context."] {
            assert_eq!(
                check(from).unwrap_err(),
                format!(
                    "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: {from}]"
                )
            );
        }
    }

    #[test]
    fn a_response_header_must_be_declared() {
        let declared = object(json!({"method.response.header.Vary": true}));
        let check = |to: &str, from: &str| {
            check_response(&object(json!({ to: from })), Some(&declared)).is_ok()
        };
        assert!(check("method.response.header.Vary", "'Origin'"));
        assert!(check(
            "method.response.header.Vary",
            "integration.response.header.Vary"
        ));
        assert!(!check("method.response.header.Other", "'Origin'"));
        assert!(!check(
            "method.response.header.Vary",
            "method.request.header.Vary"
        ));
    }
}
