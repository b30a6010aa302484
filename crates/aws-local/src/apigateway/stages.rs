//! Stages: named deployments with settings.

use std::time::Duration;

use aws_facts::limits::apigateway::{
    LONGEST_STAGE_NAME, LONGEST_STAGE_VARIABLE, LONGEST_STAGE_VARIABLE_NAME, MOST_STAGE_VARIABLES,
    MOST_STAGES,
};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::base_path_mappings::check_unmapped;
use super::deployments::no_deployment;
use super::patch::patches;
use super::refusals::{bad_request, conflict, limit_exceeded, not_found};
use super::state::{RestApi, Stage, State, date, members, object_mut, text, text_map};
use super::{stage_patch, tags, usage_plans};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("CreateStage", create).refusing(&["documentationVersion"]),
    Operation::read("GetStage", get),
    Operation::read("GetStages", list),
    Operation::begin("UpdateStage", update),
    Operation::change("DeleteStage", delete),
    Operation::read("FlushStageCache", flush),
    Operation::read("FlushStageAuthorizersCache", flush),
];

/// How long AWS takes to create a cache cluster.
const CACHE_CLUSTER_TIME: Duration = Duration::from_secs(4 * 60);

fn no_stage() -> Refusal {
    not_found("Invalid stage identifier specified")
}

/// The stage that the call names.
pub(super) fn find<'s>(state: &'s State, call: &Call) -> Result<&'s Stage, Refusal> {
    let api = state.rest_api(call)?;
    api.stages.get(call.text("stageName")).ok_or_else(no_stage)
}

/// A stage in responses. `begun` says that this call changed its cache cluster.
fn describe(stage: &Stage, call: &Call, begun: bool) -> Object {
    let mut answer = stage.settings.clone();
    let status = match stage.cache_available {
        None => "NOT_AVAILABLE",
        Some(at) if begun || call.seconds() < at => "CREATE_IN_PROGRESS",
        Some(_) => "AVAILABLE",
    };
    answer.insert("cacheClusterStatus".into(), status.into());
    tags::unless_empty(answer, &stage.tags)
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let api = region.apigateway.rest_api_mut(call)?;
    let tags = text_map(call, "tags");
    tags::check(&tags)?;
    if !api.deployments.contains(call.text("deploymentId")) {
        return Err(no_deployment());
    }
    let settings = members(
        call,
        &[
            "stageName",
            "deploymentId",
            "description",
            "cacheClusterEnabled",
            "cacheClusterSize",
            "variables",
            "canarySettings",
            "tracingEnabled",
        ],
    );
    let stage = add(api, settings, tags, call)?;
    Ok(describe(stage, call, true))
}

/// Adds a new stage to an API, with AWS's defaults.
fn add<'a>(
    api: &'a mut RestApi,
    mut settings: Object,
    tags: tags::Tags,
    call: &Call,
) -> Result<&'a Stage, Refusal> {
    let name = text(&settings, "stageName").to_owned();
    check_name(&name)?;
    if api.stages.contains(&name) {
        return Err(conflict("Stage already exists"));
    }
    if api.stages.len() >= MOST_STAGES {
        return Err(limit_exceeded(
            "Maximum number of Stages for this API has been reached. Please contact AWS if you need additional Stages.",
        ));
    }
    for (member, value) in [
        ("cacheClusterEnabled", json!(false)),
        ("tracingEnabled", json!(false)),
        ("methodSettings", json!({})),
        ("createdDate", json!(date(call))),
    ] {
        settings.entry(member).or_insert(value);
    }
    if settings.contains_key("canarySettings") {
        let deployment = settings.get("deploymentId").cloned().unwrap_or_default();
        let canary = object_mut(&mut settings, "canarySettings");
        canary.entry("deploymentId").or_insert(deployment);
        canary.entry("percentTraffic").or_insert(json!(0.0));
        canary.entry("useStageCache").or_insert(false.into());
    }
    let mut stage = Stage {
        settings,
        tags,
        cache_available: None,
    };
    settle(api, &mut stage, None, call)?;
    api.stages.insert(&name, stage);
    api.stages.get(&name).ok_or_else(no_stage)
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    if name.is_empty() || name.len() > LONGEST_STAGE_NAME || !name.chars().all(allowed) {
        return Err(bad_request("Stage name only allows a-zA-Z0-9_-"));
    }
    Ok(())
}

/// Validates a stage after a create or an update, and derives what follows from its settings. `before` is the stage before an
/// update.
fn settle(
    api: &RestApi,
    stage: &mut Stage,
    before: Option<&Stage>,
    call: &Call,
) -> Result<(), Refusal> {
    check_variables(stage.settings.get("variables"))?;
    if let Some(canary) = stage
        .settings
        .get("canarySettings")
        .and_then(Value::as_object)
    {
        if !api.deployments.contains(text(canary, "deploymentId")) {
            return Err(bad_request("Deployment id does not exist"));
        }
        let percent = canary.get("percentTraffic").and_then(Value::as_f64);
        if !percent.is_none_or(|percent| (0.0..=100.0).contains(&percent)) {
            return Err(bad_request(
                "Canary percent traffic must be between 0.0 and 100.0",
            ));
        }
        check_variables(canary.get("stageVariableOverrides"))?;
    }
    let enabled = stage.settings.get("cacheClusterEnabled") == Some(&json!(true));
    if enabled {
        stage
            .settings
            .entry("cacheClusterSize")
            .or_insert("0.5".into());
    }
    let cluster = |stage: &Stage| stage.settings.get("cacheClusterSize").cloned();
    let same = before.is_some_and(|before| {
        before.cache_available.is_some() && cluster(before) == cluster(stage)
    });
    stage.cache_available = match (enabled, same) {
        (false, _) => None,
        (true, true) => before.and_then(|before| before.cache_available),
        (true, false) => Some(call.done_at(CACHE_CLUSTER_TIME)),
    };
    stage
        .settings
        .insert("lastUpdatedDate".into(), json!(date(call)));
    Ok(())
}

fn check_variables(variables: Option<&Value>) -> Result<(), Refusal> {
    let Some(variables) = variables.and_then(Value::as_object) else {
        return Ok(());
    };
    if variables.len() > MOST_STAGE_VARIABLES {
        return Err(bad_request("A stage can have at most 100 stage variables"));
    }
    for (name, value) in variables {
        let in_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        if name.is_empty() || name.len() > LONGEST_STAGE_VARIABLE_NAME || !name.chars().all(in_name)
        {
            return Err(bad_request(format!(
                "Invalid stage variable name: {name}. Please use names with alphanumeric characters and underscores."
            )));
        }
        let value = value.as_str().unwrap_or_default();
        let in_value = |character: char| {
            character.is_ascii_alphanumeric() || "-._~:/?#&=, @".contains(character)
        };
        if value.len() > LONGEST_STAGE_VARIABLE || !value.chars().all(in_value) {
            return Err(bad_request(format!(
                "Invalid stage variable value: {value}. Please use values with alphanumeric characters and the symbols ' ', '-', '.', '_', ':', '/', '?', '&', '=', ',', and '@'."
            )));
        }
    }
    Ok(())
}

/// The stage part of `CreateDeployment`: creates the stage, switches it to the new deployment, or creates a canary.
pub(super) fn deploy(api: &mut RestApi, deployment: &str, call: &Call) -> Result<(), Refusal> {
    let name = call.input.get("stageName").and_then(Value::as_str);
    let canary = call.input.get("canarySettings").and_then(Value::as_object);
    let mut settings = members(
        call,
        &[
            "cacheClusterEnabled",
            "cacheClusterSize",
            "variables",
            "tracingEnabled",
        ],
    );
    if let Some(description) = call.input.get("stageDescription") {
        settings.insert("description".into(), description.clone());
    }
    let name = match (name, canary) {
        (None | Some(""), None) => return Ok(()),
        (None | Some(""), Some(_)) => {
            return Err(bad_request(format!(
                "Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is {}",
                name.unwrap_or("null")
            )));
        }
        (Some(name), _) => name,
    };
    let Some(before) = api.stages.get(name).cloned() else {
        if canary.is_some() {
            return Err(bad_request(format!(
                "Invalid deployment content specified.Stage {name} must already be created before making a canary release deployment"
            )));
        }
        settings.insert("stageName".into(), name.into());
        settings.insert("deploymentId".into(), deployment.into());
        return add(api, settings, tags::Tags::new(), call).map(|_| ());
    };
    let mut stage = before.clone();
    stage.settings.extend(settings);
    match canary {
        None => {
            stage
                .settings
                .insert("deploymentId".into(), deployment.into());
        }
        Some(canary) => {
            let mut canary = canary.clone();
            canary.insert("deploymentId".into(), deployment.into());
            canary.entry("percentTraffic").or_insert(json!(0.0));
            canary.entry("useStageCache").or_insert(false.into());
            stage
                .settings
                .insert("canarySettings".into(), canary.into());
        }
    }
    settle(api, &mut stage, Some(&before), call)?;
    api.stages.insert(name, stage);
    Ok(())
}

fn get(region: &Region, call: &Call) -> Answer {
    let stage = find(&region.apigateway, call)?;
    Ok(describe(stage, call, false))
}

/// All stages, or those of one deployment. The list is not paged, and its key is `item`.
fn list(region: &Region, call: &Call) -> Answer {
    let api = region.apigateway.rest_api(call)?;
    let deployment = call.input.get("deploymentId");
    let stages: Vec<_> = api
        .stages
        .values()
        .filter(|stage| {
            deployment
                .is_none_or(|deployment| stage.settings.get("deploymentId") == Some(deployment))
        })
        .map(|stage| describe(stage, call, false))
        .collect();
    Ok(Object::from_iter([("item".to_owned(), json!(stages))]))
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let state = &region.apigateway;
    let before = find(state, call)?.clone();
    let api = state.rest_api(call)?;
    let mut stage = before.clone();
    for patch in patches(call)? {
        let may_log = state.cloudwatch_role.is_some();
        stage_patch::apply(&patch, &mut stage.settings, api, may_log, &call.region)?;
    }
    settle(api, &mut stage, Some(&before), call)?;
    let begun = stage.cache_available != before.cache_available;
    let answer = describe(&stage, call, begun);
    let api = region.apigateway.rest_api_mut(call)?;
    api.stages.insert(call.text("stageName"), stage);
    Ok(answer)
}

/// The stage is removed from usage plans, and a later stage with its name is not on them.
fn delete(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    find(state, call)?;
    let (api, name) = (call.text("restApiId"), call.text("stageName"));
    check_unmapped(state, "Stage", name, |mapping| {
        text(mapping, "restApiId") == api && text(mapping, "stage") == name
    })?;
    state.rest_api_mut(call)?.stages.remove(name);
    usage_plans::forget(state, |stage| {
        text(stage, "apiId") == api && text(stage, "stage") == name
    });
    Ok(Object::new())
}

/// Caches are not implemented, so they are always empty.
fn flush(region: &Region, call: &Call) -> Answer {
    find(&region.apigateway, call)?;
    Ok(Object::new())
}
