//! A stage that is behind its configuration is a change in the plan, whoever caused it.

use crate::harness::{World, stack_of, summary};

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
