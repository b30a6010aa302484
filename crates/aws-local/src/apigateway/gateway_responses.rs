//! Gateway responses: API Gateway's own responses if it doesn't call the back end.

use aws_facts::gateway_responses::{BODY, TYPES, status};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::lists::page;
use super::patch::{ANY, REPLACE, Rules, Takes, Words, rule};
use super::refusals::{bad_request, not_found};
use super::state::{Definition, members};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("PutGatewayResponse", put),
    Operation::read("GetGatewayResponse", get),
    Operation::read("GetGatewayResponses", list),
    Operation::change("UpdateGatewayResponse", update),
    Operation::change("DeleteGatewayResponse", delete),
];

const SETTINGS: &[&str] = &["statusCode", "responseParameters", "responseTemplates"];

const RULES: Rules = Rules {
    words: Words::PathOnly,
    rules: &[
        rule("/statusCode", REPLACE, Takes::Text),
        rule("/responseParameters/{}", ANY, Takes::TextEntry),
        rule("/responseTemplates/{}", ANY, Takes::TextEntry),
    ],
};

/// A type's default response.
fn aws_default(kind: &str) -> Object {
    let mut response = Object::from_iter([
        ("responseType".to_owned(), json!(kind)),
        ("responseParameters".to_owned(), json!({})),
        (
            "responseTemplates".to_owned(),
            json!({"application/json": BODY}),
        ),
        ("defaultResponse".to_owned(), json!(true)),
    ]);
    if let Some(status) = status(kind) {
        response.insert("statusCode".into(), status.to_string().into());
    }
    response
}

/// The response of a type: its own; or else the API's general one for its class of status, still reported as a default; or else
/// AWS's default.
pub(crate) fn effective(definition: &Definition, kind: &str) -> Object {
    if let Some(own) = definition.gateway_responses.get(kind) {
        return own.clone();
    }
    let mut response = aws_default(kind);
    let class = response.get("statusCode").and_then(Value::as_str);
    let general = class.and_then(|status| {
        let general = format!("DEFAULT_{}XX", status.get(..1)?);
        definition.gateway_responses.get(&general)
    });
    for &member in SETTINGS {
        if let Some(value) = general.and_then(|general| general.get(member)) {
            response.insert(member.into(), value.clone());
        }
    }
    response
}

/// What is not sent is reset to AWS's default.
fn put(region: &mut Region, call: &Call) -> Answer {
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    let kind = call.text("responseType");
    let response = made(kind, members(call, SETTINGS))?;
    definition.gateway_responses.insert(kind, response.clone());
    Ok(response)
}

/// A response of a type with these settings.
pub(super) fn made(kind: &str, settings: Object) -> Result<Object, Refusal> {
    let mut response = aws_default(kind);
    response.extend(settings);
    response.insert("defaultResponse".into(), false.into());
    check(&response)?;
    Ok(response)
}

fn check(response: &Object) -> Result<(), Refusal> {
    let parameters = response
        .get("responseParameters")
        .and_then(Value::as_object);
    for (to, from) in parameters.into_iter().flatten() {
        let is_header = to
            .strip_prefix("gatewayresponse.header.")
            .is_some_and(|name| !name.is_empty());
        let from = from.as_str().unwrap_or_default();
        let is_source = (from.len() >= 2 && from.starts_with('\'') && from.ends_with('\''))
            || ["method.request.", "context.", "stageVariables."]
                .iter()
                .any(|prefix| from.starts_with(prefix));
        let wrong = match (is_header, is_source) {
            (true, true) => continue,
            (false, _) => format!("Invalid mapping expression parameter specified: {to}"),
            (true, false) => format!("Invalid mapping expression specified: {from}"),
        };
        return Err(bad_request(wrong));
    }
    let status = response.get("statusCode").and_then(Value::as_str);
    let is_status = |status: &str| matches!(status.as_bytes(), [b'1'..=b'5', second, third] if second.is_ascii_digit() && third.is_ascii_digit());
    match status {
        Some(status) if !is_status(status) => Err(bad_request("Invalid status code specified")),
        _ => Ok(()),
    }
}

fn get(region: &Region, call: &Call) -> Answer {
    let definition = &region.apigateway.rest_api(call)?.definition;
    Ok(effective(definition, call.text("responseType")))
}

fn list(region: &Region, call: &Call) -> Answer {
    let definition = &region.apigateway.rest_api(call)?.definition;
    // All types fit on a page, and AWS returns all of them without a limit.
    let rows = TYPES
        .iter()
        .map(|(kind, _)| (*kind, effective(definition, kind)));
    page(call, call.text("restApiId"), rows)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    let kind = call.text("responseType");
    let own = definition.gateway_responses.get(kind).cloned();
    let mut response = own.unwrap_or_else(|| aws_default(kind));
    RULES.apply_all(call, &mut response)?;
    for member in ["responseParameters", "responseTemplates"] {
        response.entry(member).or_insert(json!({}));
    }
    response.insert("defaultResponse".into(), false.into());
    check(&response)?;
    definition.gateway_responses.insert(kind, response.clone());
    Ok(response)
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    if !definition
        .gateway_responses
        .remove(call.text("responseType"))
    {
        return Err(not_found("Gateway response type not defined on api"));
    }
    Ok(Object::new())
}
