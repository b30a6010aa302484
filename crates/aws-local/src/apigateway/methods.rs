//! Methods and their responses.

use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::mapping;
use super::patch::{ADD_REMOVE, ANY, REPLACE, Rules, Takes, Words, rule};
use super::refusals::{bad_request, conflict, not_found};
use super::state::{Definition, Method, State, members, text};
use super::{authorizers, integrations, resources};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("PutMethod", put),
    Operation::read("GetMethod", get),
    Operation::change("UpdateMethod", update),
    Operation::change("DeleteMethod", delete),
    Operation::change("PutMethodResponse", put_response),
    Operation::read("GetMethodResponse", get_response),
    Operation::change("UpdateMethodResponse", update_response),
    Operation::change("DeleteMethodResponse", delete_response),
];

const SETTINGS: &[&str] = &[
    "authorizationType",
    "authorizerId",
    "apiKeyRequired",
    "operationName",
    "requestParameters",
    "requestModels",
    "requestValidatorId",
    "authorizationScopes",
];

const RULES: Rules = Rules {
    words: Words::Short,
    rules: &[
        rule("/authorizationScopes", ADD_REMOVE, Takes::Value),
        rule("/authorizationType", REPLACE, Takes::Text),
        rule("/authorizerId", REPLACE, Takes::Text),
        rule("/apiKeyRequired", REPLACE, Takes::Boolean),
        rule("/operationName", REPLACE, Takes::Text),
        rule("/requestParameters/{}", ANY, Takes::BooleanEntry),
        rule("/requestModels/{}", ANY, Takes::TextEntry),
        rule("/requestValidatorId", REPLACE, Takes::Text),
    ],
};

const RESPONSE_RULES: Rules = Rules {
    words: Words::Short,
    rules: &[
        rule("/responseModels/{}", ANY, Takes::TextEntry),
        rule("/responseParameters/{}", ANY, Takes::BooleanEntry),
    ],
};

/// The verbs; `ANY` is for those without a method.
const VERBS: &[&str] = &[
    "GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY",
];

const AUTHORIZATION_TYPES: &[&str] = &["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"];

/// Refuses a verb that isn't one.
pub(super) fn check_verb(verb: &str) -> Result<(), Refusal> {
    if VERBS.contains(&verb) {
        return Ok(());
    }
    Err(bad_request(format!(
        "Invalid HttpMethod specified. Valid options are {}",
        VERBS.join(",")
    )))
}

fn no_method() -> Refusal {
    not_found("Invalid Method identifier specified")
}

pub(super) fn no_response() -> Refusal {
    not_found("Invalid Response status code specified")
}

/// The method that the call names.
pub(super) fn find<'s>(
    state: &'s State,
    call: &Call,
) -> Result<(&'s Definition, &'s Method), Refusal> {
    let (definition, resource) = resources::find(state, call)?;
    let method = resource.methods.get(call.text("httpMethod"));
    Ok((definition, method.ok_or_else(no_method)?))
}

/// The same, to change it.
pub(super) fn find_mut<'s>(state: &'s mut State, call: &Call) -> Result<&'s mut Method, Refusal> {
    resources::find_mut(state, call)?
        .methods
        .get_mut(call.text("httpMethod"))
        .ok_or_else(no_method)
}

/// A method in responses, with its method responses and its integration.
pub(super) fn describe(method: &Method) -> Object {
    let mut answer = method.settings.clone();
    if !method.responses.is_empty() {
        answer.insert("methodResponses".into(), json!(method.responses));
    }
    if let Some(integration) = &method.integration {
        let integration = integrations::describe(integration);
        answer.insert("methodIntegration".into(), integration.into());
    }
    answer
}

fn put(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let (definition, resource) = resources::find(state, call)?;
    let verb = call.text("httpMethod");
    check_verb(verb)?;
    if resource.methods.contains_key(verb) {
        return Err(conflict("Method already exists for this resource"));
    }
    let method = made(definition, verb, members(call, SETTINGS))?;
    let answer = describe(&method);
    let resource = resources::find_mut(state, call)?;
    resource.methods.insert(verb.into(), method);
    Ok(answer)
}

/// A new method with these settings.
pub(super) fn made(
    definition: &Definition,
    verb: &str,
    mut settings: Object,
) -> Result<Method, Refusal> {
    settings.insert("httpMethod".into(), verb.into());
    settings.entry("apiKeyRequired").or_insert(false.into());
    check(definition, &mut settings)?;
    Ok(Method {
        settings,
        ..Method::default()
    })
}

/// Validates a method's settings after a create or an update.
fn check(definition: &Definition, settings: &mut Object) -> Result<(), Refusal> {
    // AWS accepts the type in upper or lower case.
    let kind = text(settings, "authorizationType").to_uppercase();
    if !AUTHORIZATION_TYPES.contains(&kind.as_str()) {
        return Err(bad_request(format!(
            "Invalid authorization type specified. Valid options are {}",
            AUTHORIZATION_TYPES.join(",")
        )));
    }
    let of_cognito = match kind.as_str() {
        "COGNITO_USER_POOLS" => Some(true),
        "CUSTOM" => Some(false),
        _ => None,
    };
    match of_cognito {
        // If the type has no authorizer, AWS drops the authorizer's id.
        None => {
            settings.remove("authorizerId");
        }
        Some(of_cognito) => {
            let authorizer = definition.authorizers.get(text(settings, "authorizerId"));
            let is_of_cognito = authorizer.map(authorizers::of_cognito);
            if is_of_cognito != Some(of_cognito) {
                return Err(bad_request(
                    "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
                ));
            }
        }
    }
    settings.insert("authorizationType".into(), kind.into());
    let validator = text(settings, "requestValidatorId");
    if !validator.is_empty() && !definition.request_validators.contains(validator) {
        return Err(bad_request(
            "Invalid Request Validator identifier specified",
        ));
    }
    check_models(definition, settings.get("requestModels"))?;
    let parameters = settings.get("requestParameters").and_then(Value::as_object);
    let mut names: Vec<&str> = Vec::new();
    for parameter in parameters.into_iter().flat_map(Object::keys) {
        let name = mapping::request_parameter(parameter).ok_or_else(|| {
            bad_request(format!(
                "Invalid mapping expression parameter specified: {parameter}"
            ))
        })?;
        if !mapping::is_parameter_name(name) {
            return Err(mapping::wrong(
                "Parameter name should match the following regular expression: ^[a-zA-Z0-9._$-]+$",
            ));
        }
        if names.contains(&name) {
            return Err(bad_request(
                "Parameter names must be unique across querystring, header and path",
            ));
        }
        names.push(name);
    }
    Ok(())
}

/// Refuses models, by content type, that the API doesn't have.
fn check_models(definition: &Definition, models: Option<&Value>) -> Result<(), Refusal> {
    let names = models.and_then(Value::as_object).into_iter().flatten();
    for name in names.filter_map(|(_, name)| name.as_str()) {
        if !definition.models.contains(name) {
            return Err(bad_request(format!(
                "Invalid model identifier specified: {name}"
            )));
        }
    }
    Ok(())
}

fn get(region: &Region, call: &Call) -> Answer {
    let (_, method) = find(&region.apigateway, call)?;
    Ok(describe(method))
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let (definition, method) = find(state, call)?;
    let mut settings = method.settings.clone();
    RULES.apply_all(call, &mut settings)?;
    check(definition, &mut settings)?;
    let method = find_mut(state, call)?;
    method.settings = settings;
    Ok(describe(method))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let resource = resources::find_mut(&mut region.apigateway, call)?;
    resource
        .methods
        .remove(call.text("httpMethod"))
        .ok_or_else(no_method)?;
    Ok(Object::new())
}

fn put_response(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let (definition, method) = find(state, call)?;
    let status = call.text("statusCode");
    if method.responses.contains_key(status) {
        return Err(conflict("Response already exists for this resource"));
    }
    let response = members(
        call,
        &["statusCode", "responseParameters", "responseModels"],
    );
    check_response(definition, &response)?;
    let responses = &mut find_mut(state, call)?.responses;
    responses.insert(status.into(), response.clone());
    Ok(response)
}

pub(super) fn check_response(definition: &Definition, response: &Object) -> Result<(), Refusal> {
    check_models(definition, response.get("responseModels"))?;
    let parameters = response
        .get("responseParameters")
        .and_then(Value::as_object);
    let mut names = parameters.into_iter().flat_map(Object::keys);
    match names.find(|name| !mapping::is_response_parameter(name)) {
        None => Ok(()),
        Some(name) => Err(bad_request(format!(
            "Invalid mapping expression parameter specified: {name}"
        ))),
    }
}

fn get_response(region: &Region, call: &Call) -> Answer {
    let (_, method) = find(&region.apigateway, call)?;
    let response = method.responses.get(call.text("statusCode"));
    response.cloned().ok_or_else(no_response)
}

fn update_response(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let (definition, method) = find(state, call)?;
    let status = call.text("statusCode");
    let mut response = method
        .responses
        .get(status)
        .cloned()
        .ok_or_else(no_response)?;
    RESPONSE_RULES.apply_all(call, &mut response)?;
    check_response(definition, &response)?;
    let responses = &mut find_mut(state, call)?.responses;
    responses.insert(status.into(), response.clone());
    Ok(response)
}

fn delete_response(region: &mut Region, call: &Call) -> Answer {
    let method = find_mut(&mut region.apigateway, call)?;
    method
        .responses
        .remove(call.text("statusCode"))
        .ok_or_else(no_response)?;
    Ok(Object::new())
}
