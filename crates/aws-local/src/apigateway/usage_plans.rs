//! Usage plans: the stages, throttles and quotas of their keys.

use aws_facts::limits::apigateway::MOST_USAGE_PLANS;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::lists::page;
use super::patch::{ANY, Op, Patch, REPLACE, Rules, Takes, Words, patches, rule};
use super::refusals::{bad_request, conflict, limit_exceeded, not_found};
use super::state::{State, UsagePlan, members, object_mut, text, text_map};
use super::tags;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateUsagePlan", create),
    Operation::read("GetUsagePlan", get),
    Operation::read("GetUsagePlans", list),
    Operation::change("UpdateUsagePlan", update),
    Operation::change("DeleteUsagePlan", delete),
];

const SET: &[Op] = &[Op::Add, Op::Replace];
const REMOVE: &[Op] = &[Op::Remove];

/// The paths of a plan, those of its API stages aside.
const RULES: Rules = Rules {
    words: Words::Short,
    rules: &[
        rule("/name", REPLACE, Takes::Text),
        rule("/description", REPLACE, Takes::Text),
        rule("/productCode", ANY, Takes::Text),
        rule("/quota", REMOVE, Takes::Text),
        rule("/quota/limit", SET, Takes::Whole),
        rule("/quota/offset", SET, Takes::Whole),
        rule("/quota/period", SET, Takes::Text),
        rule("/throttle", REMOVE, Takes::Text),
        rule("/throttle/burstLimit", SET, Takes::Whole),
        rule("/throttle/rateLimit", SET, Takes::Number),
    ],
};

/// The paths of one method's throttle on an API stage, below the method.
const THROTTLE_RULES: Rules = Rules {
    words: Words::Short,
    rules: &[
        rule("/burstLimit", SET, Takes::Whole),
        rule("/rateLimit", SET, Takes::Number),
    ],
};

pub(super) fn no_plan() -> Refusal {
    not_found("Invalid Usage Plan ID specified")
}

fn find<'s>(state: &'s State, call: &Call) -> Result<&'s UsagePlan, Refusal> {
    let plan = state.usage_plans.get(call.text("usagePlanId"));
    plan.ok_or_else(no_plan)
}

/// The API stages in a plan's settings.
pub(crate) fn stages(settings: &Object) -> impl Iterator<Item = &Object> {
    let stages = settings.get("apiStages").and_then(Value::as_array);
    stages.into_iter().flatten().filter_map(Value::as_object)
}

fn stages_mut(settings: &mut Object) -> &mut Vec<Value> {
    let stages = settings.entry("apiStages").or_insert_with(|| json!([]));
    if !stages.is_array() {
        *stages = json!([]);
    }
    match stages {
        Value::Array(stages) => stages,
        _ => unreachable!("anything else was just replaced by a list"),
    }
}

/// Whether an API stage of a plan is this one.
fn is_stage(stage: &Object, api: &str, name: &str) -> bool {
    text(stage, "apiId") == api && text(stage, "stage") == name
}

/// Whether a plan has this API stage.
pub(crate) fn is_on_stage(plan: &UsagePlan, api: &str, name: &str) -> bool {
    stages(&plan.settings).any(|stage| is_stage(stage, api, name))
}

/// Removes API stages from all plans.
pub(super) fn forget(state: &mut State, gone: impl Fn(&Object) -> bool) {
    let plans: Vec<_> = state
        .usage_plans
        .iter()
        .filter(|(_, plan)| stages(&plan.settings).any(&gone))
        .map(|(id, _)| id.to_owned())
        .collect();
    for id in plans {
        if let Some(plan) = state.usage_plans.get_mut(&id) {
            stages_mut(&mut plan.settings).retain(|stage| !stage.as_object().is_some_and(&gone));
        }
    }
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let mut settings = members(
        call,
        &["name", "description", "apiStages", "throttle", "quota"],
    );
    settings.entry("apiStages").or_insert_with(|| json!([]));
    for stage in stages(&settings) {
        let (api, name) = (text(stage, "apiId"), text(stage, "stage"));
        if !state.has_stage(api, name) {
            return Err(no_stage(api, name));
        }
    }
    check(&mut settings)?;
    let tags = text_map(call, "tags");
    tags::check(&tags)?;
    if state.usage_plans.len() >= MOST_USAGE_PLANS {
        return Err(limit_exceeded(
            "Maximum number of Usage Plans for this account has been reached",
        ));
    }
    let id = identifiers::api_gateway_short();
    settings.insert("id".into(), id.as_str().into());
    let plan = UsagePlan { settings, tags };
    let answer = tags::unless_empty(plan.settings.clone(), &plan.tags);
    state.usage_plans.insert(&id, plan);
    Ok(answer)
}

fn no_stage(api: &str, stage: &str) -> Refusal {
    not_found(format!("API Stage not found: {api}:{stage}"))
}

/// Validates a plan after a create or an update, and sets a quota's offset.
fn check(settings: &mut Object) -> Result<(), Refusal> {
    if text(settings, "name").is_empty() {
        return Err(bad_request("Usage Plan name cannot be empty"));
    }
    if let Some(throttle) = settings.get("throttle").and_then(Value::as_object) {
        check_throttle(throttle)?;
    }
    let mut seen = Vec::new();
    for stage in stages(settings) {
        let place = (text(stage, "apiId"), text(stage, "stage"));
        if seen.contains(&place) {
            return Err(bad_request(format!(
                "API Stage {}:{} is specified more than once",
                place.0, place.1
            )));
        }
        seen.push(place);
        let throttles = stage.get("throttle").and_then(Value::as_object);
        for throttle in throttles.into_iter().flat_map(Object::values) {
            throttle.as_object().map_or(Ok(()), check_throttle)?;
        }
    }
    if !settings.contains_key("quota") {
        return Ok(());
    }
    let quota = object_mut(settings, "quota");
    quota.entry("offset").or_insert(0.into());
    let number = |member: &str| quota.get(member).and_then(Value::as_i64);
    if number("limit").is_none_or(|limit| limit <= 0) {
        return Err(bad_request("Usage Plan quota limit must be greater than 0"));
    }
    let last_offset = match text(quota, "period") {
        "DAY" => 0,
        "WEEK" => 6,
        "MONTH" => 27,
        _ => {
            return Err(bad_request(
                "Usage Plan quota period must be one of: [DAY, WEEK, MONTH]",
            ));
        }
    };
    if !number("offset").is_some_and(|offset| (0..=last_offset).contains(&offset)) {
        let range = match last_offset {
            0 => "zero".to_owned(),
            last => format!("between 0 and {last} inclusive"),
        };
        return Err(bad_request(format!(
            "Usage Plan quota offset must be {range} in the {} period",
            text(quota, "period")
        )));
    }
    Ok(())
}

fn check_throttle(throttle: &Object) -> Result<(), Refusal> {
    for member in ["burstLimit", "rateLimit"] {
        let number = throttle.get(member).and_then(Value::as_f64);
        if number.is_some_and(|number| number < 0.0) {
            return Err(bad_request(format!(
                "Usage Plan throttle {member} cannot be negative"
            )));
        }
    }
    Ok(())
}

fn get(region: &Region, call: &Call) -> Answer {
    let plan = find(&region.apigateway, call)?;
    Ok(tags::always(plan.settings.clone(), &plan.tags))
}

fn list(region: &Region, call: &Call) -> Answer {
    let state = &region.apigateway;
    let key = call.input.get("keyId").and_then(Value::as_str);
    let has_key = |plan: &str| {
        key.is_none_or(|key| {
            let key = state.api_keys.get(key);
            key.is_some_and(|key| key.usage_plans.contains(plan))
        })
    };
    let rows = state
        .usage_plans
        .iter()
        .filter(|(id, _)| has_key(id))
        .map(|(id, plan)| (id, tags::unless_empty(plan.settings.clone(), &plan.tags)));
    page(call, key.unwrap_or_default(), rows)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let id = call.text("usagePlanId");
    let mut settings = find(state, call)?.settings.clone();
    for patch in patches(call)? {
        if patch.parts.first().is_some_and(|part| part == "apiStages") {
            patch_stages(&patch, &mut settings, state, id)?;
        } else {
            RULES.apply(&patch, &mut settings)?;
        }
    }
    check(&mut settings)?;
    for (key, row) in state.api_keys.iter() {
        if row.usage_plans.contains(id) {
            check_shared_stages(state, key, id, &settings)?;
        }
    }
    let plan = state.usage_plans.get_mut(id).ok_or_else(no_plan)?;
    plan.settings = settings;
    Ok(tags::always(plan.settings.clone(), &plan.tags))
}

/// A key can't be in two plans with the same API stage.
pub(super) fn check_shared_stages(
    state: &State,
    key: &str,
    plan: &str,
    settings: &Object,
) -> Result<(), Refusal> {
    let others = state.api_keys.get(key).into_iter();
    let others = others.flat_map(|key| key.usage_plans.iter());
    for other in others.filter(|other| *other != plan) {
        let Some(row) = state.usage_plans.get(other) else {
            continue;
        };
        for stage in stages(settings) {
            let (api, name) = (text(stage, "apiId"), text(stage, "stage"));
            if stages(&row.settings).any(|stage| is_stage(stage, api, name)) {
                return Err(conflict(format!(
                    "API Key {key} cannot be associated with more than one usage plan for the API Stage {api}:{name}: it is in {other}"
                )));
            }
        }
    }
    Ok(())
}

/// `/apiStages` itself has stages by value; below it are the throttles of methods, whose paths may be escaped or not.
fn patch_stages(
    patch: &Patch,
    settings: &mut Object,
    state: &State,
    plan: &str,
) -> Result<(), Refusal> {
    let unknown = || bad_request(format!("Invalid patch path {}", patch.path));
    match (patch.op, &patch.parts()[1..]) {
        (Op::Add | Op::Remove, []) => {
            let place = patch.filled().and_then(|value| value.split_once(':'));
            let (api, name) = place.ok_or_else(|| bad_request("Invalid API Stage specified"))?;
            let there = stages(settings).any(|stage| is_stage(stage, api, name));
            let all = stages_mut(settings);
            if patch.op == Op::Add {
                if !state.has_stage(api, name) {
                    return Err(no_stage(api, name));
                }
                if !there {
                    all.push(json!({"apiId": api, "stage": name}));
                }
            } else if there {
                all.retain(|stage| {
                    !stage
                        .as_object()
                        .is_some_and(|stage| is_stage(stage, api, name))
                });
            } else {
                return Err(not_found(format!(
                    "Invalid API Stage {{api: {api}, stage: {name}}} specified for usageplan {plan}"
                )));
            }
            Ok(())
        }
        (op, [place, "throttle", below @ ..]) => {
            let (api, name) = place.split_once(':').ok_or_else(unknown)?;
            let stage = stages_mut(settings)
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .find(|stage| is_stage(stage, api, name))
                .ok_or_else(|| {
                    not_found(format!(
                        "Invalid API Stage {{api: {api}, stage: {name}}} specified for usageplan {plan}"
                    ))
                })?;
            patch_throttles(patch, op, stage, below)
        }
        _ => Err(unknown()),
    }
}

fn patch_throttles(
    patch: &Patch,
    op: Op,
    stage: &mut Object,
    below: &[&str],
) -> Result<(), Refusal> {
    let unknown = || bad_request(format!("Invalid patch path {}", patch.path));
    let (setting, method) = match below {
        [] if op == Op::Remove => {
            stage.remove("throttle");
            return Ok(());
        }
        // All of a stage's throttles at once, as JSON.
        [] => {
            let sent = patch
                .filled()
                .and_then(|text| serde_json::from_str(text).ok());
            let Some(Value::Object(throttles)) = sent else {
                return Err(bad_request("Invalid throttle specified for the API Stage"));
            };
            stage.insert("throttle".into(), throttles.into());
            return Ok(());
        }
        [method @ .., setting @ ("rateLimit" | "burstLimit")] => (Some(*setting), method),
        method => (None, method),
    };
    // `~1pets/GET`, `/pets/GET` and `pets/GET` are all the method GET of /pets.
    let joined = method.join("/");
    let method = format!("/{}", joined.trim_start_matches('/'));
    let throttles = object_mut(stage, "throttle");
    let Some(setting) = setting else {
        if op != Op::Remove || throttles.remove(&method).is_none() {
            return Err(unknown());
        }
        if throttles.is_empty() {
            stage.remove("throttle");
        }
        return Ok(());
    };
    let of_method = Patch {
        op,
        name: patch.name.clone(),
        path: patch.path.clone(),
        parts: vec![setting.to_owned()],
        value: patch.value.clone(),
        from: String::new(),
    };
    THROTTLE_RULES.apply(&of_method, object_mut(throttles, &method))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let id = call.text("usagePlanId");
    if stages(&find(state, call)?.settings).next().is_some() {
        return Err(bad_request(format!(
            "Cannot delete Usage Plan {id} because there are API Stages associated with the usage plan"
        )));
    }
    state.usage_plans.remove(id);
    for (_, key) in state.api_keys.iter_mut() {
        key.usage_plans.remove(id);
    }
    Ok(Object::new())
}
