//! Changes by hand on a stack's resources.

use aws_sdk_apigateway::types::{AuthorizerType, Op, PatchOperation};
use aws_sdk_cognitoidentityprovider::types::IdentityProviderTypeType;

use super::world::{World, stack_of};

pub(crate) async fn in_the_pool(world: &World, pool: &str) {
    let cognito = world.cognito();
    let client = cognito.create_user_pool_client().user_pool_id(pool);
    Box::pin(client.client_name("theirs").send()).await.unwrap();
    let server = cognito.create_resource_server().user_pool_id(pool);
    let server = server.identifier("theirs").name("theirs");
    Box::pin(server.send()).await.unwrap();
    let group = cognito.create_group().user_pool_id(pool);
    Box::pin(group.group_name("theirs").send()).await.unwrap();
    let provider = cognito.create_identity_provider().user_pool_id(pool);
    let provider = provider.provider_name("theirs");
    let provider = provider.provider_type(IdentityProviderTypeType::Saml);
    let provider = provider.provider_details("MetadataURL", "https://example.com/saml");
    Box::pin(provider.send()).await.unwrap();
}

pub(crate) async fn in_the_api(world: &World, api: &str) {
    let console = world.apigateway();
    let deployments = console.get_deployments().rest_api_id(api);
    let deployments = Box::pin(deployments.send()).await.unwrap();
    let deployment = deployments.items()[0].id().unwrap();
    let stage = console.create_stage().rest_api_id(api).stage_name("theirs");
    Box::pin(stage.deployment_id(deployment).send())
        .await
        .unwrap();
}

pub(crate) async fn on_the_plan(world: &World, plan: &str) {
    let console = world.apigateway();
    let key = Box::pin(console.create_api_key().name("theirs").send())
        .await
        .unwrap();
    let place = console.create_usage_plan_key().usage_plan_id(plan);
    let place = place.key_id(key.id().unwrap()).key_type("API_KEY");
    Box::pin(place.send()).await.unwrap();
    let theirs = Box::pin(their_stage(world)).await;
    Box::pin(put_on_plan(world, plan, &theirs)).await;
}

/// Makes an API with an authorizer that takes tokens of this pool.
pub(crate) async fn checks_tokens_of(world: &World, pool: &str) -> String {
    let made = world.apigateway().create_rest_api().name("other");
    let api = Box::pin(made.send()).await.unwrap().id.unwrap();
    authorizer_for(world, &api, pool).await;
    api
}

/// Puts an authorizer that takes tokens of this pool into an API.
pub(crate) async fn authorizer_for(world: &World, api: &str, pool: &str) {
    let arn = format!("arn:aws:cognito-idp:eu-west-1:123456789012:userpool/{pool}");
    let made = world.apigateway().create_authorizer().rest_api_id(api);
    let made = made.name("Theirs").r#type(AuthorizerType::CognitoUserPools);
    let made = made.provider_arns(arn);
    let made = made.identity_source("method.request.header.Authorization");
    Box::pin(made.send()).await.unwrap();
}

/// Another API's stage, as a plan names it.
pub(crate) async fn their_stage(world: &World) -> String {
    let other = stack_of(0, 1)
        .replace("\"claims\"", "\"other\"")
        .replace("XXX Users", "Other Users")
        .replace("xxx-${", "other-${")
        .replace("\"xxx-api\"\nstage", "\"other-api\"\nstage")
        .replace("XXXPlan", "Gold");
    world.apply(&other).await;
    format!("{}:prod", world.id(&other, "api").await)
}

pub(crate) async fn put_on_plan(world: &World, plan: &str, stage: &str) {
    let add = PatchOperation::builder()
        .op(Op::Add)
        .path("/apiStages")
        .value(stage);
    let update = world.apigateway().update_usage_plan().usage_plan_id(plan);
    update.patch_operations(add.build()).send().await.unwrap();
}
