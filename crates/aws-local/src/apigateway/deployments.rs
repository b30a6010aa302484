//! Deployments: an API as it was when it was deployed. What a stage serves is its deployment, never the API as it is now.

use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::lists::page;
use super::patch::{REPLACE, Rules, Takes, Words, rule};
use super::refusals::{bad_request, not_found};
use super::state::{Definition, Deployment, RestApi, State, date, object_mut, pick, text};
use super::{stages, vpc_links};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("CreateDeployment", create),
    Operation::read("GetDeployment", get),
    Operation::read("GetDeployments", list),
    Operation::change("UpdateDeployment", update),
    Operation::change("DeleteDeployment", delete),
];

const RULES: Rules = Rules {
    words: Words::Short,
    rules: &[rule("/description", REPLACE, Takes::Text)],
};

pub(super) fn no_deployment() -> Refusal {
    not_found("Invalid Deployment identifier specified")
}

fn find<'s>(state: &'s State, call: &Call) -> Result<(&'s RestApi, &'s Deployment), Refusal> {
    let api = state.rest_api(call)?;
    let deployment = api.deployments.get(call.text("deploymentId"));
    Ok((api, deployment.ok_or_else(no_deployment)?))
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let definition = &region.apigateway.rest_api(call)?.definition;
    check(definition)?;
    vpc_links::check_deployable(&region.apigateway, definition, call)?;
    let api = region.apigateway.rest_api_mut(call)?;
    let id = identifiers::api_gateway_short();
    let deployment = Deployment {
        created: date(call),
        description: call
            .input
            .get("description")
            .and_then(Value::as_str)
            .map(str::to_owned),
        snapshot: api.definition.clone(),
    };
    let answer = describe(&id, &deployment, false);
    api.deployments.insert(&id, deployment);
    stages::deploy(api, &id, call)?;
    Ok(answer)
}

/// There must be a method, and every method must have an integration.
fn check(definition: &Definition) -> Result<(), Refusal> {
    let mut methods = definition.methods().peekable();
    if methods.peek().is_none() {
        return Err(bad_request("The REST API doesn't contain any methods"));
    }
    if methods.any(|(_, _, method)| method.integration.is_none()) {
        return Err(bad_request("No integration defined for method"));
    }
    Ok(())
}

fn describe(id: &str, deployment: &Deployment, with_summary: bool) -> Object {
    let mut answer = Object::from_iter([
        ("id".to_owned(), json!(id)),
        ("createdDate".to_owned(), json!(deployment.created)),
    ]);
    if let Some(description) = &deployment.description {
        answer.insert("description".into(), json!(description));
    }
    if with_summary {
        let mut summary = Object::new();
        for (path, verb, method) in deployment.snapshot.methods() {
            let of_path = object_mut(&mut summary, &path);
            let method = pick(&method.settings, &["authorizationType", "apiKeyRequired"]);
            of_path.insert(verb.into(), method.into());
        }
        answer.insert("apiSummary".into(), summary.into());
    }
    answer
}

/// Whether the call requests each deployment's contents.
fn embeds_summary(call: &Call) -> bool {
    let embed = call.input.get("embed").and_then(Value::as_array);
    embed.is_some_and(|embed| embed.iter().any(|what| what == "apisummary"))
}

fn get(region: &Region, call: &Call) -> Answer {
    let (_, deployment) = find(&region.apigateway, call)?;
    Ok(describe(
        call.text("deploymentId"),
        deployment,
        embeds_summary(call),
    ))
}

fn list(region: &Region, call: &Call) -> Answer {
    let deployments = &region.apigateway.rest_api(call)?.deployments;
    let rows = deployments
        .iter()
        .map(|(id, deployment)| (id, describe(id, deployment, false)));
    page(call, call.text("restApiId"), rows)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let (_, deployment) = find(&region.apigateway, call)?;
    let id = call.text("deploymentId");
    let mut settings = Object::new();
    if let Some(description) = &deployment.description {
        settings.insert("description".into(), json!(description));
    }
    RULES.apply_all(call, &mut settings)?;
    let api = region.apigateway.rest_api_mut(call)?;
    let deployment = api.deployments.get_mut(id).ok_or_else(no_deployment)?;
    deployment.description = settings
        .get("description")
        .and_then(Value::as_str)
        .map(str::to_owned);
    Ok(describe(id, deployment, false))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let (api, _) = find(&region.apigateway, call)?;
    let id = call.text("deploymentId");
    let is_active = api.stages.values().any(|stage| {
        let canary = stage.settings.get("canarySettings");
        let canary = canary.and_then(|canary| canary.get("deploymentId"));
        text(&stage.settings, "deploymentId") == id || canary.is_some_and(|canary| canary == id)
    });
    if is_active {
        return Err(bad_request(
            "Active stages pointing to this deployment must be moved or deleted",
        ));
    }
    region.apigateway.rest_api_mut(call)?.deployments.remove(id);
    Ok(Object::new())
}
