//! What an absent line means, and what Cognito's replacing updates must not lose.

use aws_sdk_apigateway::types::{Op, PatchOperation};
use aws_sdk_cognitoidentityprovider::types::{ExplicitAuthFlowsType, OAuthFlowType};

use crate::support::world::{World, stack_of, summary};

fn patch(op: Op, path: &str, value: Option<&str>) -> PatchOperation {
    PatchOperation::builder()
        .op(op)
        .path(path)
        .set_value(value.map(str::to_owned))
        .build()
}

#[tokio::test(start_paused = true)]
async fn removing_a_limit_takes_it_off() {
    let world = World::new();
    let before = stack_of(1, 1);
    world.apply(&before).await;
    let after = before.replace("throttle = { rate = 50, burst = 100 }\n", "");
    let plan = world.apply(&after).await;
    assert_eq!(summary(&plan), ["update plans.XXXPlan"]);
    let plans = world.apigateway().get_usage_plans().send().await.unwrap();
    assert!(
        plans.items()[0].throttle().is_none(),
        "never 0, which would shut everybody out"
    );
    assert!(plans.items()[0].quota().is_some());
    assert!(world.plan(&after).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_grants_access_is_always_compared() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let pool = world.id(&text, "user_pool").await;
    let client = world.id(&text, "partners.insurer0/client").await;
    let update = world
        .cognito()
        .update_user_pool_client()
        .user_pool_id(&pool)
        .client_id(&client);
    update
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowUserPasswordAuth)
        .allowed_o_auth_flows_user_pool_client(true)
        .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
        .allowed_o_auth_scopes("xxx-api/read")
        .send()
        .await
        .unwrap();
    let plan = world.apply(&text).await;
    assert_eq!(summary(&plan), ["update partners.insurer0/client"]);
    let fields: Vec<_> = plan
        .changes
        .values()
        .flat_map(|change| change.fields.iter().map(|field| field.name))
        .collect();
    assert_eq!(fields, ["auth_flows"]);
    assert!(world.plan(&text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn settings_gatestack_does_not_manage_survive_its_updates() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let pool = world.id(&text, "user_pool").await;
    let client = world.id(&text, "partners.insurer0/client").await;
    world
        .cognito()
        .update_user_pool_client()
        .user_pool_id(&pool)
        .client_id(&client)
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowRefreshTokenAuth)
        .allowed_o_auth_flows_user_pool_client(true)
        .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
        .allowed_o_auth_scopes("xxx-api/read")
        .auth_session_validity(7)
        .read_attributes("email")
        .send()
        .await
        .unwrap();
    assert!(world.plan(&text).await.is_empty());

    let after = text.replace(
        "[partners.insurer0]\n",
        "[partners.insurer0]\ntokens = { access = \"2h\" }\n",
    );
    let plan = world.apply(&after).await;
    assert_eq!(summary(&plan), ["update partners.insurer0/client"]);
    let described = world
        .cognito()
        .describe_user_pool_client()
        .user_pool_id(&pool)
        .client_id(&client)
        .send()
        .await
        .unwrap();
    let described = described.user_pool_client().unwrap();
    assert_eq!(described.auth_session_validity(), Some(7));
    assert_eq!(described.read_attributes(), ["email"]);
    assert!(described.client_secret().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_pools_update_loses_nothing_of_the_pool() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let pool = world.id(&text, "user_pool").await;
    let describe = || async {
        let answer = world
            .cognito()
            .describe_user_pool()
            .user_pool_id(&pool)
            .send()
            .await
            .unwrap();
        answer.user_pool().unwrap().clone()
    };
    let before = describe().await;
    let after = text.replace(
        "[user_pool]\n",
        "[user_pool]\npassword = { min_length = 12 }\n",
    );
    let plan = world.apply(&after).await;
    assert_eq!(summary(&plan), ["update user_pool"]);
    let now = describe().await;
    assert_eq!(
        now.policies()
            .unwrap()
            .password_policy()
            .unwrap()
            .minimum_length(),
        Some(12)
    );
    assert_eq!(now.user_pool_tags(), before.user_pool_tags());
    assert_eq!(now.deletion_protection(), before.deletion_protection());
    assert_eq!(
        now.admin_create_user_config(),
        before.admin_create_user_config()
    );
    assert_eq!(
        now.account_recovery_setting(),
        before.account_recovery_setting()
    );
    assert_eq!(
        now.verification_message_template(),
        before.verification_message_template()
    );
}

#[tokio::test(start_paused = true)]
async fn a_method_that_is_not_in_the_file_goes() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let api = world.id(&text, "api").await;
    let resources = world
        .apigateway()
        .get_resources()
        .rest_api_id(&api)
        .send()
        .await
        .unwrap();
    let root = resources
        .items()
        .iter()
        .find(|resource| resource.path() == Some("/"))
        .unwrap()
        .id()
        .unwrap()
        .to_owned();
    world
        .apigateway()
        .put_method()
        .rest_api_id(&api)
        .resource_id(&root)
        .http_method("POST")
        .authorization_type("NONE")
        .send()
        .await
        .unwrap();
    let plan = world.apply(&text).await;
    assert_eq!(
        summary(&plan),
        ["update api/deployment", "delete api.routes.\"POST /\""]
            .map(String::from)
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
    );
    assert!(world.plan(&text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_method_opened_by_hand_is_shut_again() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let api = world.id(&text, "api").await;
    let resources = world
        .apigateway()
        .get_resources()
        .rest_api_id(&api)
        .limit(500)
        .send()
        .await
        .unwrap();
    let resource = resources
        .items()
        .iter()
        .find(|one| one.path() == Some("/things0/{id}"))
        .unwrap();
    world
        .apigateway()
        .update_method()
        .rest_api_id(&api)
        .resource_id(resource.id().unwrap())
        .http_method("GET")
        .patch_operations(patch(Op::Replace, "/apiKeyRequired", Some("false")))
        .send()
        .await
        .unwrap();
    let plan = world.apply(&text).await;
    assert_eq!(
        summary(&plan),
        [
            "update api.routes.\"GET /things0/{id}\"",
            "update api/deployment"
        ]
    );
    assert!(world.plan(&text).await.is_empty());
}
