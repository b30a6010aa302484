//! Authorizers.

use std::sync::LazyLock;

use aws_facts::limits::apigateway::{
    AUTHORIZER_TTL_SECONDS, LONGEST_AUTHORIZER_TTL_SECONDS, MOST_AUTHORIZERS,
};
use regex::Regex;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::lists::page;
use super::patch::{ADD_REMOVE, ANY, REPLACE, Rules, Takes, Words, rule};
use super::refusals::{bad_request, conflict, limit_exceeded, not_found};
use super::state::{Definition, State, members, text};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateAuthorizer", create),
    Operation::read("GetAuthorizer", get),
    Operation::read("GetAuthorizers", list),
    Operation::change("UpdateAuthorizer", update),
    Operation::change("DeleteAuthorizer", delete),
];

const SETTINGS: &[&str] = &[
    "name",
    "type",
    "providerARNs",
    "authType",
    "authorizerUri",
    "authorizerCredentials",
    "identitySource",
    "identityValidationExpression",
    "authorizerResultTtlInSeconds",
];

const RULES: Rules = Rules {
    words: Words::Short,
    rules: &[
        rule("/authorizerUri", REPLACE, Takes::Text),
        rule("/authorizerCredentials", REPLACE, Takes::Text),
        rule("/authorizerResultTtlInSeconds", REPLACE, Takes::Whole),
        rule("/authType", REPLACE, Takes::Text),
        rule("/identitySource", ANY, Takes::Text),
        rule("/identityValidationExpression", REPLACE, Takes::Text),
        rule("/name", REPLACE, Takes::Text),
        rule("/providerARNs", ADD_REMOVE, Takes::Value),
        rule("/type", REPLACE, Takes::Text),
    ],
};

static USER_POOL_ARN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:\d{12}:userpool/[\w-]+_[0-9a-zA-Z]+$")
        .expect("it is a pattern")
});

/// A header of the request: the identity source of tokens.
static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^method\.request\.header\.[\w!#$%&'*+.^`|~-]+$").expect("it is a pattern")
});

/// A part of the request or of its context: the identity source of request authorizers.
static REQUEST_PART: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(method\.request\.(header|querystring|path|multivalueheader|multivaluequerystring)\.|context\.|stageVariables\.).+$")
        .expect("it is a pattern")
});

const CONCURRENT: &str =
    "Unable to complete operation due to concurrent modification. Please try again later.";

fn no_authorizer() -> Refusal {
    not_found("Invalid Authorizer identifier specified")
}

fn find<'s>(state: &'s State, call: &Call) -> Result<(&'s Definition, &'s Object), Refusal> {
    let definition = &state.rest_api(call)?.definition;
    let authorizer = definition.authorizers.get(call.text("authorizerId"));
    Ok((definition, authorizer.ok_or_else(no_authorizer)?))
}

fn create(region: &mut Region, call: &Call) -> Answer {
    // Of all that can be made below an API, only this says so of an API that is not there.
    let api = region.apigateway.rest_api_mut(call);
    let definition = &mut api.map_err(|_| conflict(CONCURRENT))?.definition;
    let authorizer = made(definition, members(call, SETTINGS))?;
    definition
        .authorizers
        .insert(text(&authorizer, "id"), authorizer.clone());
    Ok(authorizer)
}

/// A new authorizer with these settings.
pub(super) fn made(definition: &Definition, mut authorizer: Object) -> Result<Object, Refusal> {
    if authorizer.get("providerARNs") == Some(&json!([])) {
        authorizer.remove("providerARNs");
    }
    if text(&authorizer, "type") == "REQUEST" {
        authorizer
            .entry("authorizerResultTtlInSeconds")
            .or_insert(AUTHORIZER_TTL_SECONDS.into());
    }
    authorizer.insert("id".into(), identifiers::api_gateway_short().into());
    check(definition, &mut authorizer)?;
    if definition.authorizers.len() >= MOST_AUTHORIZERS {
        return Err(limit_exceeded(
            "Maximum number of Authorizers for this API has been reached. Please contact AWS if you need additional Authorizers.",
        ));
    }
    Ok(authorizer)
}

pub(super) fn of_cognito(authorizer: &Object) -> bool {
    text(authorizer, "type") == "COGNITO_USER_POOLS"
}

/// Validates an authorizer after a create or an update, and fills in the authorization type that AWS derives.
fn check(definition: &Definition, authorizer: &mut Object) -> Result<(), Refusal> {
    let name = text(authorizer, "name");
    if name.is_empty() {
        return Err(bad_request("Authorizer name cannot be empty"));
    }
    let id = authorizer.get("id");
    let namesake = |other: &&Object| text(other, "name") == name && other.get("id") != id;
    if definition
        .authorizers
        .values()
        .any(|other| namesake(&other))
    {
        return Err(bad_request(format!(
            "Authorizer name must be unique. Authorizer {name} already exists in this RestApi."
        )));
    }
    let source = text(authorizer, "identitySource");
    let wrong_source =
        |source: &str| bad_request(format!("Invalid mapping expression specified: {source}"));
    let ttl = authorizer
        .get("authorizerResultTtlInSeconds")
        .and_then(Value::as_i64);
    match text(authorizer, "type") {
        "COGNITO_USER_POOLS" => {
            check_providers(authorizer)?;
            if !HEADER.is_match(source) {
                return Err(wrong_source(source));
            }
        }
        "TOKEN" => {
            check_lambda(authorizer)?;
            if !HEADER.is_match(source) {
                return Err(wrong_source(source));
            }
        }
        "REQUEST" => {
            check_lambda(authorizer)?;
            // Without an identity source there is no cache key.
            if source.is_empty() && ttl.is_some_and(|ttl| ttl > 0) {
                return Err(bad_request(
                    "Identity source must be specified for a REQUEST authorizer whose results are cached",
                ));
            }
            let mut parts = source.split(',').map(str::trim);
            if let Some(part) =
                parts.find(|part| !source.is_empty() && !REQUEST_PART.is_match(part))
            {
                return Err(wrong_source(part));
            }
        }
        other => {
            return Err(bad_request(format!(
                "Invalid authorizer type specified: {other}. Valid options are TOKEN,REQUEST,COGNITO_USER_POOLS"
            )));
        }
    }
    if ttl.is_some_and(|ttl| !(0..=LONGEST_AUTHORIZER_TTL_SECONDS).contains(&ttl)) {
        return Err(bad_request(
            "Authorizer result TTL must be between 0 and 3600 seconds",
        ));
    }
    let derived = if of_cognito(authorizer) {
        "cognito_user_pools"
    } else {
        "custom"
    };
    authorizer.entry("authType").or_insert(derived.into());
    Ok(())
}

fn check_providers(authorizer: &Object) -> Result<(), Refusal> {
    let providers = authorizer.get("providerARNs").and_then(Value::as_array);
    let mut providers = providers.into_iter().flatten().filter_map(Value::as_str);
    let Some(first) = providers.next() else {
        return Err(bad_request(
            "Provider ARNs must be specified for a COGNITO_USER_POOLS authorizer",
        ));
    };
    match std::iter::once(first)
        .chain(providers)
        .find(|arn| !USER_POOL_ARN.is_match(arn))
    {
        Some(_) => Err(bad_request("Invalid ARN specified in the request")),
        None => Ok(()),
    }
}

fn check_lambda(authorizer: &Object) -> Result<(), Refusal> {
    let uri = text(authorizer, "authorizerUri");
    let parts: Vec<_> = uri.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "apigateway", _, "lambda", target] if target.starts_with("path/") => Ok(()),
        _ => Err(bad_request(format!(
            "Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation."
        ))),
    }
}

fn get(region: &Region, call: &Call) -> Answer {
    let (_, authorizer) = find(&region.apigateway, call)?;
    Ok(authorizer.clone())
}

fn list(region: &Region, call: &Call) -> Answer {
    let authorizers = &region.apigateway.rest_api(call)?.definition.authorizers;
    let rows = authorizers.iter().map(|(id, row)| (id, row.clone()));
    page(call, call.text("restApiId"), rows)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let (definition, authorizer) = find(&region.apigateway, call)?;
    let was_of_cognito = of_cognito(authorizer);
    let mut authorizer = authorizer.clone();
    let derived = authorizer.remove("authType");
    RULES.apply_all(call, &mut authorizer)?;
    if of_cognito(&authorizer) != was_of_cognito {
        // AWS refuses it (terraform-provider-aws makes a new authorizer then); nothing tells in which words.
        return Err(Refusal::not_implemented(
            "a change of an authorizer's type from or to COGNITO_USER_POOLS",
        ));
    }
    if let Some(derived) = derived {
        authorizer.entry("authType").or_insert(derived);
    }
    check(definition, &mut authorizer)?;
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    definition
        .authorizers
        .insert(call.text("authorizerId"), authorizer.clone());
    Ok(authorizer)
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let (definition, authorizer) = find(&region.apigateway, call)?;
    let id = call.text("authorizerId");
    if let Some(method) =
        definition.method_that(|method| text(&method.settings, "authorizerId") == id)
    {
        return Err(conflict(format!(
            "Cannot delete authorizer '{}', is referenced in method: {method}",
            text(authorizer, "name")
        )));
    }
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    definition.authorizers.remove(id);
    Ok(Object::new())
}
