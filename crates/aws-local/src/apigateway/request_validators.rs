//! Request validators.

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::lists::page;
use super::patch::{REPLACE, Rules, Takes, Words, rule};
use super::refusals::{bad_request, conflict, not_found};
use super::state::{Definition, State, members, text};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateRequestValidator", create),
    Operation::read("GetRequestValidator", get),
    Operation::read("GetRequestValidators", list),
    Operation::change("UpdateRequestValidator", update),
    Operation::change("DeleteRequestValidator", delete),
];

const RULES: Rules = Rules {
    words: Words::Listing,
    rules: &[
        rule("/name", REPLACE, Takes::Text),
        rule("/validateRequestParameters", REPLACE, Takes::Boolean),
        rule("/validateRequestBody", REPLACE, Takes::Boolean),
    ],
};

/// The validator that the call names. AWS returns the same error if the API doesn't exist.
fn find<'s>(state: &'s State, call: &Call) -> Result<(&'s Definition, &'s Object), Refusal> {
    let no_validator = || not_found("Invalid Request Validator identifier specified");
    let api = state
        .rest_apis
        .get(call.text("restApiId"))
        .ok_or_else(no_validator)?;
    let validators = &api.definition.request_validators;
    let validator = validators.get(call.text("requestValidatorId"));
    Ok((&api.definition, validator.ok_or_else(no_validator)?))
}

fn create(region: &mut Region, call: &Call) -> Answer {
    // A missing API is a bad request only here.
    let api = region.apigateway.rest_apis.get_mut(call.text("restApiId"));
    let api = api.ok_or_else(|| bad_request("Invalid REST API identifier specified"))?;
    let validator = made(members(
        call,
        &["name", "validateRequestBody", "validateRequestParameters"],
    ))?;
    let validators = &mut api.definition.request_validators;
    validators.insert(text(&validator, "id"), validator.clone());
    Ok(validator)
}

/// A new validator with these settings.
pub(super) fn made(mut validator: Object) -> Result<Object, Refusal> {
    for member in ["validateRequestBody", "validateRequestParameters"] {
        validator.entry(member).or_insert(false.into());
    }
    if validator.contains_key("name") {
        check(&validator)?;
    }
    validator.insert("id".into(), identifiers::api_gateway_short().into());
    Ok(validator)
}

fn check(validator: &Object) -> Result<(), Refusal> {
    if text(validator, "name").trim().is_empty() {
        return Err(bad_request("Request Validator name cannot be blank"));
    }
    Ok(())
}

fn get(region: &Region, call: &Call) -> Answer {
    let (_, validator) = find(&region.apigateway, call)?;
    Ok(validator.clone())
}

fn list(region: &Region, call: &Call) -> Answer {
    let definition = &region.apigateway.rest_api(call)?.definition;
    let rows = definition
        .request_validators
        .iter()
        .map(|(id, row)| (id, row.clone()));
    page(call, call.text("restApiId"), rows)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let (_, validator) = find(&region.apigateway, call)?;
    let mut validator = validator.clone();
    RULES.apply_all(call, &mut validator)?;
    check(&validator)?;
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    definition
        .request_validators
        .insert(call.text("requestValidatorId"), validator.clone());
    Ok(validator)
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let (definition, validator) = find(&region.apigateway, call)?;
    let id = call.text("requestValidatorId");
    let user = definition.method_that(|method| text(&method.settings, "requestValidatorId") == id);
    if let Some(method) = user {
        return Err(conflict(format!(
            "Cannot delete request validator '{}', is referenced in method: {method}",
            text(validator, "name")
        )));
    }
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    definition.request_validators.remove(id);
    Ok(Object::new())
}
