//! API keys.

use aws_facts::limits::apigateway::{
    LONGEST_KEY_DESCRIPTION, LONGEST_KEY_NAME, LONGEST_KEY_VALUE, MOST_API_KEYS, SHORTEST_KEY_VALUE,
};
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::lists::page;
use super::patch::{ADD_REMOVE, Op, REPLACE, Rules, Takes, Words, patches, rule};
use super::refusals::{bad_request, conflict, limit_exceeded, not_found};
use super::state::{ApiKey, State, date, members, text, text_map};
use super::tags;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateApiKey", create),
    Operation::read("GetApiKey", get),
    Operation::read("GetApiKeys", list),
    Operation::change("UpdateApiKey", update),
    Operation::change("DeleteApiKey", delete),
];

const RULES: Rules = Rules {
    words: Words::Listing,
    rules: &[
        rule("/description", REPLACE, Takes::Text),
        rule("/enabled", REPLACE, Takes::Boolean),
        rule("/name", REPLACE, Takes::Text),
        rule("/customerId", REPLACE, Takes::Text),
        rule("/stages", ADD_REMOVE, Takes::Value),
        rule("/labels", ADD_REMOVE, Takes::Value),
    ],
};

fn no_key() -> Refusal {
    not_found("Invalid API Key identifier specified")
}

fn find<'s>(state: &'s State, call: &Call) -> Result<&'s ApiKey, Refusal> {
    state.api_keys.get(call.text("apiKey")).ok_or_else(no_key)
}

/// A key in responses, without tags: with its value only if requested.
fn describe(key: &ApiKey, with_value: bool) -> Object {
    let mut answer = key.settings.clone();
    if with_value {
        answer.insert("value".into(), json!(key.value));
    }
    answer
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let mut settings = members(call, &["name", "description", "enabled", "customerId"]);
    settings.entry("enabled").or_insert(false.into());
    let stage_keys = call.input.get("stageKeys").and_then(Value::as_array);
    let mut stages = Vec::new();
    for stage in stage_keys
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
    {
        let (api, name) = (text(stage, "restApiId"), text(stage, "stageName"));
        stages.push(stage_key(state, api, name)?);
    }
    settings.insert("stageKeys".into(), json!(stages));
    let tags = text_map(call, "tags");
    tags::check(&tags)?;
    let value = call.input.get("value").and_then(Value::as_str);
    let (id, key) = add(state, settings, tags, value, call)?;
    let answer = tags::unless_empty(describe(&key, true), &key.tags);
    state.api_keys.insert(&id, key);
    Ok(answer)
}

/// A stage in a key's format, if it exists.
fn stage_key(state: &State, api: &str, stage: &str) -> Result<String, Refusal> {
    if state.has_stage(api, stage) {
        Ok(format!("{api}/{stage}"))
    } else {
        Err(bad_request("Invalid stage identifier specified"))
    }
}

/// A new key, checked, not yet in the table.
pub(super) fn add(
    state: &State,
    mut settings: Object,
    tags: tags::Tags,
    value: Option<&str>,
    call: &Call,
) -> Result<(String, ApiKey), Refusal> {
    check(&mut settings)?;
    let value = match value.filter(|value| !value.is_empty()) {
        Some(value) => {
            check_value(value)?;
            value.to_owned()
        }
        None => identifiers::api_key_value(),
    };
    if state.api_keys.values().any(|key| key.value == value) {
        return Err(conflict("API Key already exists"));
    }
    if state.api_keys.len() >= MOST_API_KEYS {
        return Err(limit_exceeded(
            "Maximum number of API Keys for this account has been reached",
        ));
    }
    let id = identifiers::api_gateway();
    settings.insert("id".into(), id.as_str().into());
    settings.insert("createdDate".into(), json!(date(call)));
    settings.insert("lastUpdatedDate".into(), json!(date(call)));
    let key = ApiKey {
        settings,
        value,
        tags,
        ..ApiKey::default()
    };
    Ok((id, key))
}

/// Refuses a value that is too short or too long for a key.
pub(super) fn check_value(value: &str) -> Result<(), Refusal> {
    match value.chars().count() {
        ..SHORTEST_KEY_VALUE => Err(bad_request(
            "API Key value should be at least 20 characters",
        )),
        SHORTEST_KEY_VALUE..=LONGEST_KEY_VALUE => Ok(()),
        _ => Err(bad_request(
            "API Key value exceeds maximum size of 128 characters",
        )),
    }
}

/// Validates a key's settings after a create or an update. An empty name counts as absent.
fn check(settings: &mut Object) -> Result<(), Refusal> {
    if text(settings, "name").chars().count() > LONGEST_KEY_NAME {
        return Err(bad_request(
            "Invalid API Key name, can be at most 1024 characters.",
        ));
    }
    if text(settings, "description").chars().count() > LONGEST_KEY_DESCRIPTION {
        return Err(bad_request("Invalid API Key description specified."));
    }
    if settings.get("name") == Some(&json!("")) {
        settings.remove("name");
    }
    Ok(())
}

fn is_true(call: &Call, member: &str) -> bool {
    call.input.get(member) == Some(&Value::Bool(true))
}

fn get(region: &Region, call: &Call) -> Answer {
    let key = find(&region.apigateway, call)?;
    Ok(tags::always(
        describe(key, is_true(call, "includeValue")),
        &key.tags,
    ))
}

fn list(region: &Region, call: &Call) -> Answer {
    let with_values = is_true(call, "includeValues");
    let wanted = |member: &str| call.input.get(member).and_then(Value::as_str);
    let prefix = wanted("nameQuery").unwrap_or_default();
    let customer = wanted("customerId");
    let rows = region
        .apigateway
        .api_keys
        .iter()
        .filter(|(_, key)| text(&key.settings, "name").starts_with(prefix))
        .filter(|(_, key)| {
            customer.is_none_or(|customer| text(&key.settings, "customerId") == customer)
        })
        .map(|(id, key)| {
            (
                id,
                tags::unless_empty(describe(key, with_values), &key.tags),
            )
        });
    let of = format!("{prefix} {}", customer.unwrap_or_default());
    page(call, &of, rows)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let mut settings = find(state, call)?.settings.clone();
    for patch in patches(call)? {
        match (patch.op, &patch.parts()[..]) {
            (Op::Add | Op::Remove, ["stages"]) => {
                let place = patch.filled().unwrap_or_default();
                let (api, stage) = place.split_once('/').unwrap_or((place, ""));
                if patch.op == Op::Add {
                    stage_key(state, api, stage)?;
                }
                let kept = settings.get("stageKeys").and_then(Value::as_array);
                let mut stages: Vec<_> = kept.into_iter().flatten().cloned().collect();
                stages.retain(|known| known != place);
                if patch.op == Op::Add {
                    stages.push(place.into());
                }
                settings.insert("stageKeys".into(), stages.into());
            }
            // Labels are in AWS's table of paths and in no response.
            (Op::Add | Op::Remove, ["labels"]) => {
                return Err(Refusal::not_implemented(
                    "labels of apigateway:UpdateApiKey",
                ));
            }
            _ => RULES.apply(&patch, &mut settings)?,
        }
    }
    check(&mut settings)?;
    settings.insert("lastUpdatedDate".into(), json!(date(call)));
    let key = state.api_keys.get_mut(call.text("apiKey"));
    let key = key.ok_or_else(no_key)?;
    key.settings = settings;
    Ok(tags::always(describe(key, false), &key.tags))
}

/// The key leaves the usage plans it is in.
fn delete(region: &mut Region, call: &Call) -> Answer {
    if !region.apigateway.api_keys.remove(call.text("apiKey")) {
        return Err(no_key());
    }
    Ok(Object::new())
}
