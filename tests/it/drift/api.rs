//! The REST API, what is below it, and the plans and keys in front of it.

use aws_sdk_apigateway::types::{GatewayResponseType, Op, PatchOperation};

use gatestack::model::Address;

use crate::support::scene::{Scene, replace};
use crate::support::world::{World, stack_of, summary};

#[tokio::test(start_paused = true)]
async fn a_stage_deleted_by_hand_is_made_again() {
    let scene = Scene::new().await;
    let request = scene
        .world
        .apigateway()
        .delete_stage()
        .rest_api_id(scene.id("api"));
    request.stage_name("prod").send().await.unwrap();
    scene
        .is_made_good_by(&["create api/stage", "update plans.XXXPlan"])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_stage_and_its_deployments_deleted_by_hand_are_made_again() {
    let scene = Scene::new().await;
    let (console, api) = (scene.world.apigateway(), scene.id("api"));
    console
        .delete_stage()
        .rest_api_id(&api)
        .stage_name("prod")
        .send()
        .await
        .unwrap();
    console
        .delete_deployment()
        .rest_api_id(&api)
        .deployment_id(scene.id("api/deployment"))
        .send()
        .await
        .unwrap();
    scene
        .is_made_good_by(&[
            "create api/deployment",
            "create api/stage",
            "update plans.XXXPlan",
        ])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_stage_edited_by_hand_is_put_right() {
    let scene = Scene::new().await;
    let request = scene
        .world
        .apigateway()
        .update_stage()
        .rest_api_id(scene.id("api"))
        .stage_name("prod");
    request
        .patch_operations(replace("/variables/backend", "green"))
        .patch_operations(replace("/variables/more", "than"))
        .patch_operations(replace("/*/*/throttling/rateLimit", "1"))
        .send()
        .await
        .unwrap();
    scene.is_made_good_by(&["update api/stage"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_deleted_by_hand_is_made_again_with_its_members() {
    let scene = Scene::new().await;
    let (console, plan) = (scene.world.apigateway(), scene.id("plans.XXXPlan"));
    let stage = PatchOperation::builder()
        .op(Op::Remove)
        .path("/apiStages")
        .value(format!("{}:prod", scene.id("api")))
        .build();
    console
        .update_usage_plan()
        .usage_plan_id(&plan)
        .patch_operations(stage)
        .send()
        .await
        .unwrap();
    console
        .delete_usage_plan()
        .usage_plan_id(&plan)
        .send()
        .await
        .unwrap();
    scene
        .is_made_good_by(&[
            "create api_keys.batch/membership",
            "create partners.insurer0/membership",
            "create partners.insurer1/membership",
            "create plans.XXXPlan",
        ])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_lost_its_stage_and_limits_gets_them_back() {
    let scene = Scene::new().await;
    let (console, plan) = (scene.world.apigateway(), scene.id("plans.XXXPlan"));
    let stage = PatchOperation::builder()
        .op(Op::Remove)
        .path("/apiStages")
        .value(format!("{}:prod", scene.id("api")))
        .build();
    let throttle = PatchOperation::builder()
        .op(Op::Remove)
        .path("/throttle")
        .build();
    let quota = PatchOperation::builder()
        .op(Op::Remove)
        .path("/quota")
        .build();
    console
        .update_usage_plan()
        .usage_plan_id(&plan)
        .patch_operations(stage)
        .patch_operations(throttle)
        .patch_operations(quota)
        .send()
        .await
        .unwrap();
    scene.is_made_good_by(&["update plans.XXXPlan"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_throttle_of_one_method_on_a_plan_goes() {
    let scene = Scene::new().await;
    let api = scene.id("api");
    for (method, value) in [("~1things0~1{id}/GET", "0"), ("~1health/GET", "7")] {
        let path = format!("/apiStages/{api}:prod/throttle/{method}/rateLimit");
        scene
            .world
            .apigateway()
            .update_usage_plan()
            .usage_plan_id(scene.id("plans.XXXPlan"))
            .patch_operations(replace(&path, value))
            .send()
            .await
            .unwrap();
    }
    let plan = scene.world.plan(&scene.text).await;
    let fields = &plan.changes[&Address::new("plans.XXXPlan")].fields;
    assert_eq!(fields.len(), 1, "{fields:?}");
    assert_eq!(fields[0].name, "routes");
    let before = format!("{:?}", fields[0].before);
    assert!(before.contains("GET /things0/{id} on prod"), "{before}");
    scene.is_made_good_by(&["update plans.XXXPlan"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_throttle_of_zero_is_one_and_an_absent_number_is_none() {
    for (rate, burst) in [(0, 5), (5, 0), (0, 0)] {
        let world = World::new();
        let throttle = format!("rate = {rate}, burst = {burst}");
        let text = stack_of(1, 1).replace("rate = 50, burst = 100", &throttle);
        world.apply(&text).await;
        assert_eq!(summary(&world.plan(&text).await), [""; 0]);
        let plan = world.id(&text, "plans.XXXPlan").await;
        for path in ["/throttle", "/throttle/burstLimit"] {
            let patch = match path {
                "/throttle" => PatchOperation::builder().op(Op::Remove).path(path).build(),
                _ => replace(path, &burst.to_string()),
            };
            let request = world.apigateway().update_usage_plan();
            let request = request.usage_plan_id(&plan).patch_operations(patch);
            request.send().await.unwrap();
        }
        let seen = world.plan(&text).await;
        assert_eq!(summary(&seen), ["update plans.XXXPlan"], "{rate} {burst}");
        world.apply(&text).await;
        assert_eq!(summary(&world.plan(&text).await), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_membership_deleted_by_hand_is_made_again() {
    let scene = Scene::new().await;
    let request = scene
        .world
        .apigateway()
        .delete_usage_plan_key()
        .usage_plan_id(scene.id("plans.XXXPlan"));
    request
        .key_id(scene.id("partners.insurer0/key"))
        .send()
        .await
        .unwrap();
    scene
        .is_made_good_by(&["create partners.insurer0/membership"])
        .await;
}

#[tokio::test(start_paused = true)]
async fn routes_put_on_another_authorizer_by_hand_come_back_to_ours() {
    let scene = Scene::new().await;
    let (console, api) = (scene.world.apigateway(), scene.id("api"));
    let mut theirs = Vec::new();
    for name in ["more", "theirs"] {
        let request = console.create_authorizer().rest_api_id(&api).name(name);
        let made = request
            .r#type(aws_sdk_apigateway::types::AuthorizerType::CognitoUserPools)
            .provider_arns(scene.arn("user_pool"))
            .identity_source("method.request.header.Authorization")
            .send()
            .await
            .unwrap();
        theirs.push(made.id.unwrap());
    }
    for (path, authorizer) in ["/things0/{id}", "/things1/{id}"].iter().zip(&theirs) {
        console
            .update_method()
            .rest_api_id(&api)
            .resource_id(resource(&scene, path).await)
            .http_method("GET")
            .patch_operations(replace("/authorizerId", authorizer))
            .send()
            .await
            .unwrap();
    }
    let request = console.delete_authorizer().rest_api_id(&api);
    request
        .authorizer_id(scene.id("api/authorizer"))
        .send()
        .await
        .unwrap();
    scene
        .is_made_good_by(&[
            "update api.routes.\"GET /things0/{id}\"",
            "update api.routes.\"GET /things1/{id}\"",
            "create api/authorizer",
            "update api/deployment",
        ])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_second_authorizer_made_by_hand_is_left_alone() {
    let scene = Scene::new().await;
    let request = scene
        .world
        .apigateway()
        .create_authorizer()
        .rest_api_id(scene.id("api"))
        .name("theirs");
    request
        .r#type(aws_sdk_apigateway::types::AuthorizerType::CognitoUserPools)
        .provider_arns(scene.arn("user_pool"))
        .identity_source("method.request.header.Authorization")
        .send()
        .await
        .unwrap();
    scene.is_made_good_by(&["update api/deployment"]).await;
}

async fn resource(scene: &Scene, path: &str) -> String {
    let resources = scene
        .world
        .apigateway()
        .get_resources()
        .rest_api_id(scene.id("api"))
        .limit(500)
        .send()
        .await
        .unwrap();
    resources
        .items()
        .iter()
        .find(|resource| resource.path() == Some(path))
        .unwrap()
        .id()
        .unwrap()
        .to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_method_deleted_by_hand_is_made_again() {
    let scene = Scene::new().await;
    let request = scene
        .world
        .apigateway()
        .delete_method()
        .rest_api_id(scene.id("api"));
    request
        .resource_id(resource(&scene, "/things0/{id}").await)
        .http_method("GET")
        .send()
        .await
        .unwrap();
    scene
        .is_made_good_by(&[
            "create api.routes.\"GET /things0/{id}\"",
            "update api/deployment",
        ])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_resource_deleted_by_hand_is_made_again_with_what_was_below() {
    let scene = Scene::new().await;
    let request = scene
        .world
        .apigateway()
        .delete_resource()
        .rest_api_id(scene.id("api"));
    request
        .resource_id(resource(&scene, "/things0").await)
        .send()
        .await
        .unwrap();
    scene
        .is_made_good_by(&[
            "create api.routes.\"GET /things0/{id}\"",
            "create api.routes.\"OPTIONS /things0/{id}\"",
            "update api/deployment",
        ])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_resource_renamed_by_hand_is_put_right() {
    let scene = Scene::new().await;
    let request = scene
        .world
        .apigateway()
        .update_resource()
        .rest_api_id(scene.id("api"));
    request
        .resource_id(resource(&scene, "/things0").await)
        .patch_operations(replace("/pathPart", "stuff"))
        .send()
        .await
        .unwrap();
    scene
        .is_made_good_by(&[
            "delete api.routes.\"GET /stuff/{id}\"",
            "create api.routes.\"GET /things0/{id}\"",
            "delete api.routes.\"OPTIONS /stuff/{id}\"",
            "create api.routes.\"OPTIONS /things0/{id}\"",
            "update api/deployment",
        ])
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_integration_deleted_by_hand_is_made_again() {
    let scene = Scene::new().await;
    let request = scene
        .world
        .apigateway()
        .delete_integration()
        .rest_api_id(scene.id("api"));
    request
        .resource_id(resource(&scene, "/things0/{id}").await)
        .http_method("GET")
        .send()
        .await
        .unwrap();
    scene
        .is_made_good_by(&[
            "update api.routes.\"GET /things0/{id}\"",
            "update api/deployment",
        ])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_gateway_response_deleted_or_made_by_hand_is_put_right() {
    let scene = Scene::new().await;
    let (console, api) = (scene.world.apigateway(), scene.id("api"));
    console
        .delete_gateway_response()
        .rest_api_id(&api)
        .response_type(GatewayResponseType::Default4Xx)
        .send()
        .await
        .unwrap();
    console
        .put_gateway_response()
        .rest_api_id(&api)
        .response_type(GatewayResponseType::Throttled)
        .status_code("430")
        .send()
        .await
        .unwrap();
    scene
        .is_made_good_by(&[
            "delete api.gateway_responses.THROTTLED",
            "create api/default_4xx",
            "update api/deployment",
        ])
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_api_deleted_by_hand_is_made_again() {
    let scene = Scene::new().await;
    let request = scene.world.apigateway().delete_rest_api();
    request.rest_api_id(scene.id("api")).send().await.unwrap();
    scene
        .is_made_good_by(&[
            "create api",
            "create api.routes.\"GET /health\"",
            "create api.routes.\"GET /things0/{id}\"",
            "create api.routes.\"GET /things1/{id}\"",
            "create api.routes.\"OPTIONS /health\"",
            "create api.routes.\"OPTIONS /things0/{id}\"",
            "create api.routes.\"OPTIONS /things1/{id}\"",
            "create api/authorizer",
            "create api/default_4xx",
            "create api/default_5xx",
            "create api/deployment",
            "create api/stage",
            "update plans.XXXPlan",
        ])
        .await;
}
