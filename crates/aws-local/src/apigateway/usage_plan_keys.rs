//! Usage plan keys: which API keys are in which usage plans.

use aws_facts::limits::apigateway::MOST_USAGE_PLANS_PER_KEY;
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::lists::page;
use super::refusals::{bad_request, conflict, limit_exceeded, not_found};
use super::state::{ApiKey, text};
use super::usage_plans::{check_shared_stages, no_plan};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateUsagePlanKey", create),
    Operation::read("GetUsagePlanKey", get),
    Operation::read("GetUsagePlanKeys", list),
    Operation::change("DeleteUsagePlanKey", delete),
];

/// A plan's keys include their values.
fn describe(id: &str, key: &ApiKey) -> Object {
    let mut answer = Object::from_iter([
        ("id".to_owned(), json!(id)),
        ("type".to_owned(), json!("API_KEY")),
        ("value".to_owned(), json!(key.value)),
    ]);
    if let Some(name) = key.settings.get("name") {
        answer.insert("name".into(), name.clone());
    }
    answer
}

fn no_key() -> Refusal {
    not_found("Invalid API Key identifier specified")
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let (plan, id) = (call.text("usagePlanId"), call.text("keyId"));
    let row = state.usage_plans.get(plan).ok_or_else(no_plan)?;
    if call.text("keyType") != "API_KEY" {
        return Err(bad_request(
            "Invalid usage plan key type specified. Valid options are API_KEY",
        ));
    }
    let key = state.api_keys.get(id).ok_or_else(no_key)?;
    if key.usage_plans.contains(plan) {
        return Err(conflict(format!(
            "Usage plan {plan} already has the API Key {id}"
        )));
    }
    check_shared_stages(state, id, plan, &row.settings)?;
    if key.usage_plans.len() >= MOST_USAGE_PLANS_PER_KEY {
        return Err(limit_exceeded(
            "Maximum number of Usage Plans for this API Key has been reached",
        ));
    }
    let key = state.api_keys.get_mut(id).ok_or_else(no_key)?;
    key.usage_plans.insert(plan.into());
    Ok(describe(id, key))
}

fn get(region: &Region, call: &Call) -> Answer {
    let state = &region.apigateway;
    let (plan, id) = (call.text("usagePlanId"), call.text("keyId"));
    if !state.usage_plans.contains(plan) {
        return Err(no_plan());
    }
    let key = state.api_keys.get(id);
    let key = key.filter(|key| key.usage_plans.contains(plan));
    Ok(describe(id, key.ok_or_else(no_key)?))
}

/// For a missing plan AWS returns no keys, not an error.
fn list(region: &Region, call: &Call) -> Answer {
    let plan = call.text("usagePlanId");
    let prefix = call.input.get("nameQuery").and_then(Value::as_str);
    let prefix = prefix.unwrap_or_default();
    let rows = region
        .apigateway
        .api_keys
        .iter()
        .filter(|(_, key)| key.usage_plans.contains(plan))
        .filter(|(_, key)| text(&key.settings, "name").starts_with(prefix))
        .map(|(id, key)| (id, describe(id, key)));
    page(call, &format!("{plan} {prefix}"), rows)
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let plan = call.text("usagePlanId");
    if !state.usage_plans.contains(plan) {
        return Err(no_plan());
    }
    let key = state.api_keys.get_mut(call.text("keyId"));
    if !key.ok_or_else(no_key)?.usage_plans.remove(plan) {
        return Err(no_key());
    }
    Ok(Object::new())
}
