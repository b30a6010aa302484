//! An outdated stage is a change in the plan, whatever caused it.

use std::sync::atomic::{AtomicU32, Ordering};

use gatestack::engine::{Purpose, Silent};
use gatestack::kinds::deployment::{Shows, history, shows};

use crate::support::wire::{Fate, Wire};
use crate::support::world::{World, desired, stack_of, summary};

async fn deployments(world: &World, api: &str) -> Vec<String> {
    let answer = world
        .apigateway()
        .get_deployments()
        .rest_api_id(api)
        .limit(500)
        .send()
        .await
        .unwrap();
    answer
        .items()
        .iter()
        .filter_map(|deployment| deployment.id().map(str::to_owned))
        .collect()
}

async fn served(world: &World, api: &str) -> String {
    let stage = world
        .apigateway()
        .get_stage()
        .rest_api_id(api)
        .stage_name("prod")
        .send()
        .await
        .unwrap();
    stage.deployment_id().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn something_the_file_does_not_name_puts_the_stage_behind() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let api = world.id(&text, "api").await;
    let before = served(&world, &api).await;
    world
        .apigateway()
        .create_model()
        .rest_api_id(&api)
        .name("Order")
        .content_type("application/json")
        .schema("{}")
        .send()
        .await
        .unwrap();
    let plan = world.apply(&text).await;
    assert_eq!(summary(&plan), ["update api/deployment"]);
    assert_ne!(served(&world, &api).await, before);
    assert!(world.plan(&text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stage_put_back_by_hand_is_behind() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let api = world.id(&text, "api").await;
    let first = served(&world, &api).await;
    let after = stack_of(1, 2);
    world.apply(&after).await;
    let patch = aws_sdk_apigateway::types::PatchOperation::builder()
        .op(aws_sdk_apigateway::types::Op::Replace)
        .path("/deploymentId")
        .value(&first)
        .build();
    world
        .apigateway()
        .update_stage()
        .rest_api_id(&api)
        .stage_name("prod")
        .patch_operations(patch)
        .send()
        .await
        .unwrap();
    let plan = world.apply(&after).await;
    assert_eq!(summary(&plan), ["update api/deployment"]);
    // The deployment that shows this configuration was there already.
    assert_eq!(deployments(&world, &api).await.len(), 2);
    assert!(world.plan(&after).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_plan_or_a_stage_setting_needs_no_redeployment() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let after = text.replace("burst = 100", "burst = 150").replace("cors = true", "cors = true\nthrottle = { rate = 10, burst = 20 }\nstage_variables = { backend = \"blue\" }");
    let plan = world.apply(&after).await;
    assert_eq!(summary(&plan), ["update api/stage", "update plans.XXXPlan"]);
    assert!(world.plan(&after).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn old_deployments_go_and_five_stay() {
    let world = World::new();
    for routes in 1..9 {
        world.apply(&stack_of(1, routes)).await;
    }
    let api = world.id(&stack_of(1, 8), "api").await;
    let left = deployments(&world, &api).await;
    assert_eq!(left.len(), 5);
    assert!(left.contains(&served(&world, &api).await));
}

/// Deploys the stack's API as another run of gatestack does, and serves it at once.
fn another_run_deploys(world: &World, api: &str, number: u32) {
    let body = serde_json::json!({
        "stageName": "prod",
        "description": format!("gatestack claims sha256:{} number:{number} links:none", "0".repeat(64)),
    });
    let request = http::Request::post(format!(
        "http://apigateway.eu-west-1.amazonaws.com/restapis/{api}/deployments"
    ))
    .header("content-type", "application/json")
    .header(
        "authorization",
        "AWS4-HMAC-SHA256 Credential=a/20261121/eu-west-1/apigateway/aws4_request, SignedHeaders=host, Signature=0",
    )
    .body(body.to_string().into())
    .unwrap();
    assert_eq!(world.service.call(request).status(), 201);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_between_two_reads_is_no_rollback() {
    for late in ["/deployments", "/stages"] {
        let world = World::new();
        let text = stack_of(1, 1);
        world.apply(&text).await;
        let api = world.id(&text, "api").await;
        let there = world.clone();
        let (times, of) = (AtomicU32::new(0), api.clone());
        // The other run deploys just before this read of the two arrives, each time for a while.
        let wire = Wire::to(&world, move |_, operation| {
            if operation.contains(&of) && operation.contains(late) {
                let time = times.fetch_add(1, Ordering::SeqCst);
                if time < 2 {
                    another_run_deploys(&there, &of, 7 + time);
                }
            }
            Fate::Arrives
        });
        let wanted = desired(&text);
        let session = world.session_through(wire, &wanted, Purpose::Find).await;
        let seen = session.observe(&mut Silent).await.unwrap();
        let shown = shows(&seen).unwrap();
        assert_eq!(*shown, Shows::Behind, "{late}");
        let reader = session.connection.reader();
        let history = history::history(&reader, &wanted).await.unwrap();
        assert!(history.unwrap().served().is_some(), "{late}");
    }
}
