//! Ways to break a stack on AWS, and what `verify` has to name of each.

use aws_sdk_apigateway::types::{
    GatewayResponseType, IntegrationType, Op, QuotaPeriodType, QuotaSettings,
};

use super::Named::{self, Call, Check};
use super::hand::{Hand, patch};

const POLICIES: &str = r#"api.routes."GET /policies""#;

/// Breaks one thing.
pub(super) async fn break_it(way: &str, hand: &Hand) {
    let gateway = &hand.gateway;
    match way {
        "method made open" => {
            hand.method(
                "/policies",
                &[patch(Op::Replace, "/authorizationType", "NONE")],
            )
            .await;
            hand.deploy().await;
        }
        "method made open, not deployed" => {
            hand.method(
                "/policies",
                &[patch(Op::Replace, "/authorizationType", "NONE")],
            )
            .await;
        }
        "scope dropped" => {
            let scope = patch(Op::Remove, "/authorizationScopes", "claims/read");
            hand.method("/policies", &[scope]).await;
            hand.deploy().await;
        }
        "another scope admitted" => {
            let scope = patch(Op::Add, "/authorizationScopes", "claims/write");
            hand.method("/policies", &[scope]).await;
            hand.deploy().await;
        }
        "key not required" => {
            hand.method(
                "/policies",
                &[patch(Op::Replace, "/apiKeyRequired", "false")],
            )
            .await;
            hand.deploy().await;
        }
        "key required of everybody" => {
            hand.method("/health", &[patch(Op::Replace, "/apiKeyRequired", "true")])
                .await;
            hand.deploy().await;
        }
        "preflight lost" => {
            hand.delete_method("/policies", "OPTIONS").await;
            hand.deploy().await;
        }
        "preflight needs a key" => {
            let update = gateway
                .update_method()
                .rest_api_id(&hand.api)
                .http_method("OPTIONS");
            let update = update.resource_id(&hand.paths["/policies"]);
            let update = update.patch_operations(patch(Op::Replace, "/apiKeyRequired", "true"));
            update.send().await.unwrap();
            hand.deploy().await;
        }
        "preflight header lost" => {
            let header = "/responseParameters/method.response.header.Access-Control-Allow-Headers";
            let update = gateway.update_integration_response().rest_api_id(&hand.api);
            let update = update
                .resource_id(&hand.paths["/policies"])
                .http_method("OPTIONS");
            let update = update
                .status_code("204")
                .patch_operations(patch(Op::Remove, header, ""));
            update.send().await.unwrap();
            hand.deploy().await;
        }
        "CORS header lost on 4xx" => {
            hand.delete_response(GatewayResponseType::Default4Xx).await;
            hand.deploy().await;
        }
        "CORS header lost on 5xx" => {
            hand.delete_response(GatewayResponseType::Default5Xx).await;
            hand.deploy().await;
        }
        "gateway response says 200" => {
            let put = gateway.put_gateway_response().rest_api_id(&hand.api);
            let put = put
                .response_type(GatewayResponseType::Unauthorized)
                .status_code("200");
            put.send().await.unwrap();
            hand.deploy().await;
        }
        "stage led back" => {
            let older = hand.older_deployment().await;
            hand.stage(&[patch(Op::Replace, "/deploymentId", &older)])
                .await;
        }
        "stage throttled to nothing" => {
            hand.stage(&[
                patch(Op::Replace, "/*/*/throttling/rateLimit", "0"),
                patch(Op::Replace, "/*/*/throttling/burstLimit", "0"),
            ])
            .await;
        }
        "plan without stage" => {
            let stage = format!("{}:prod", hand.api);
            hand.change_plan(&[patch(Op::Remove, "/apiStages", &stage)])
                .await;
        }
        "plan throttled to nothing" => {
            hand.change_plan(&[
                patch(Op::Replace, "/throttle/rateLimit", "0"),
                patch(Op::Replace, "/throttle/burstLimit", "0"),
            ])
            .await;
        }
        "authorizer of another pool" => {
            let other = hand
                .cognito
                .create_user_pool()
                .pool_name("other")
                .send()
                .await;
            let other = other.unwrap().user_pool.unwrap().arn.unwrap();
            let own = hand
                .cognito
                .describe_user_pool()
                .user_pool_id(&hand.pool)
                .send()
                .await;
            let own = own.unwrap().user_pool.unwrap().arn.unwrap();
            hand.change_authorizer(&[
                patch(Op::Add, "/providerARNs", &other),
                patch(Op::Remove, "/providerARNs", &own),
            ])
            .await;
            hand.deploy().await;
        }
        "authorizer's header changed" => {
            let source = "method.request.header.X-Token";
            hand.change_authorizer(&[patch(Op::Replace, "/identitySource", source)])
                .await;
            hand.deploy().await;
        }
        "authorizer removed" => {
            for path in ["/policies", "/policies/{id}"] {
                hand.method(path, &[patch(Op::Replace, "/authorizationType", "NONE")])
                    .await;
            }
            let update = gateway
                .update_method()
                .rest_api_id(&hand.api)
                .http_method("POST");
            let update = update.resource_id(&hand.paths["/claims"]);
            let update = update.patch_operations(patch(Op::Replace, "/authorizationType", "NONE"));
            update.send().await.unwrap();
            let delete = gateway.delete_authorizer().rest_api_id(&hand.api);
            delete.authorizer_id(&hand.authorizer).send().await.unwrap();
            hand.deploy().await;
        }
        "key disabled" => {
            let update = gateway.update_api_key().api_key(&hand.key);
            let update = update.patch_operations(patch(Op::Replace, "/enabled", "false"));
            update.send().await.unwrap();
        }
        "key off its plan" | "key on a plan without the stage" => {
            let delete = gateway.delete_usage_plan_key().usage_plan_id(&hand.plan);
            delete.key_id(&hand.key).send().await.unwrap();
            if way == "key on a plan without the stage" {
                let plan = gateway
                    .create_usage_plan()
                    .name("nowhere")
                    .send()
                    .await
                    .unwrap();
                let join = gateway
                    .create_usage_plan_key()
                    .usage_plan_id(plan.id().unwrap());
                join.key_id(&hand.key)
                    .key_type("API_KEY")
                    .send()
                    .await
                    .unwrap();
            }
        }
        "key deleted" => {
            gateway
                .delete_api_key()
                .api_key(&hand.key)
                .send()
                .await
                .unwrap();
        }
        "another plan's quota of one" => {
            // The key leaves its plan for one that is nearly used up.
            let delete = gateway.delete_usage_plan_key().usage_plan_id(&hand.plan);
            delete.key_id(&hand.key).send().await.unwrap();
            let stage = aws_sdk_apigateway::types::ApiStage::builder()
                .api_id(&hand.api)
                .stage("prod");
            let quota = QuotaSettings::builder()
                .limit(1)
                .offset(1)
                .period(QuotaPeriodType::Week);
            let plan = gateway
                .create_usage_plan()
                .name("tiny")
                .api_stages(stage.build());
            let plan = plan.quota(quota.build()).send().await.unwrap();
            let join = gateway
                .create_usage_plan_key()
                .usage_plan_id(plan.id().unwrap());
            join.key_id(&hand.key)
                .key_type("API_KEY")
                .send()
                .await
                .unwrap();
        }
        "client's scope removed" => hand.write_client(true, &["claims/write"]).await,
        "client's flow removed" => hand.write_client(false, &[]).await,
        "client deleted" => {
            let delete = hand
                .cognito
                .delete_user_pool_client()
                .user_pool_id(&hand.pool);
            delete.client_id(&hand.client).send().await.unwrap();
        }
        "pool's domain deleted" => {
            let delete = hand
                .cognito
                .delete_user_pool_domain()
                .user_pool_id(&hand.pool);
            delete.domain("claims-123456789012").send().await.unwrap();
        }
        "route deleted" => {
            hand.delete_method("/policies", "GET").await;
            hand.deploy().await;
        }
        "a route more" => {
            let put = gateway
                .put_method()
                .rest_api_id(&hand.api)
                .http_method("GET");
            let put = put
                .resource_id(&hand.paths["/claims"])
                .authorization_type("NONE");
            put.send().await.unwrap();
            let put = gateway
                .put_integration()
                .rest_api_id(&hand.api)
                .http_method("GET");
            let put = put
                .resource_id(&hand.paths["/claims"])
                .r#type(IntegrationType::Mock);
            let put = put.request_templates("application/json", "{\"statusCode\": 200}");
            put.send().await.unwrap();
            let put = gateway
                .put_method_response()
                .rest_api_id(&hand.api)
                .http_method("GET");
            let put = put.resource_id(&hand.paths["/claims"]).status_code("200");
            put.send().await.unwrap();
            let put = gateway
                .put_integration_response()
                .rest_api_id(&hand.api)
                .http_method("GET");
            let put = put.resource_id(&hand.paths["/claims"]).status_code("200");
            put.send().await.unwrap();
            hand.deploy().await;
        }
        "integration led elsewhere" => {
            let update = gateway
                .update_integration()
                .rest_api_id(&hand.api)
                .http_method("GET");
            let update = update.resource_id(&hand.paths["/policies"]);
            let elsewhere = patch(Op::Replace, "/uri", "http://api.aws.com:81/elsewhere");
            update.patch_operations(elsewhere).send().await.unwrap();
            hand.deploy().await;
        }
        "listener gone" => {
            let balancers = hand.elbv2.describe_load_balancers().send().await.unwrap();
            let arn = balancers.load_balancers()[0].load_balancer_arn().unwrap();
            let listeners = hand.elbv2.describe_listeners().load_balancer_arn(arn);
            let listeners = listeners.send().await.unwrap();
            let arn = listeners.listeners()[0].listener_arn().unwrap();
            hand.elbv2
                .delete_listener()
                .listener_arn(arn)
                .send()
                .await
                .unwrap();
        }
        "default endpoint shut" => {
            let update = gateway.update_rest_api().rest_api_id(&hand.api);
            let shut = patch(Op::Replace, "/disableExecuteApiEndpoint", "true");
            update.patch_operations(shut).send().await.unwrap();
            hand.deploy().await;
        }
        "default endpoint open" => {
            let update = gateway.update_rest_api().rest_api_id(&hand.api);
            let open = patch(Op::Replace, "/disableExecuteApiEndpoint", "false");
            update.patch_operations(open).send().await.unwrap();
            hand.deploy().await;
        }
        "mapping to another stage" => {
            let older = hand.older_deployment().await;
            let stage = gateway
                .create_stage()
                .rest_api_id(&hand.api)
                .stage_name("old");
            stage.deployment_id(older).send().await.unwrap();
            let update = gateway
                .update_base_path_mapping()
                .domain_name("api.example.com");
            let update =
                update
                    .base_path("v1")
                    .patch_operations(patch(Op::Replace, "/stage", "old"));
            update.send().await.unwrap();
        }
        "domain gone" => {
            let delete = gateway
                .delete_base_path_mapping()
                .domain_name("api.example.com");
            delete.base_path("v1").send().await.unwrap();
            let delete = gateway.delete_domain_name().domain_name("api.example.com");
            delete.send().await.unwrap();
        }
        way => panic!("nobody knows how: {way}"),
    }
}

/// How something is broken, and what has to be named.
pub(super) type Way = (&'static str, &'static [Named]);

pub(super) const WAYS: &[Way] = &[
    (
        "method made open",
        &[
            Call("GET /policies", "no token"),
            Call("GET /policies", "forged token"),
            Check("applied", POLICIES),
        ],
    ),
    (
        "method made open, not deployed",
        &[
            Check("applied", POLICIES),
            Check("deployed", "api/deployment"),
        ],
    ),
    (
        "scope dropped",
        &[
            Call("GET /policies", "partners.acme"),
            Check("applied", POLICIES),
        ],
    ),
    (
        "another scope admitted",
        &[
            Call("GET /policies", "token without the scope"),
            Check("applied", POLICIES),
        ],
    ),
    (
        "key not required",
        &[
            Call("GET /policies", "no key"),
            Call("GET /policies", "unknown key"),
            Call("GET /policies", "disabled key"),
            Check("applied", POLICIES),
        ],
    ),
    (
        "key required of everybody",
        &[Call("GET /health", "anybody")],
    ),
    ("preflight lost", &[Call("OPTIONS /policies", "preflight")]),
    (
        "preflight needs a key",
        &[Call("OPTIONS /policies", "preflight")],
    ),
    (
        "preflight header lost",
        &[Call("OPTIONS /policies", "preflight")],
    ),
    (
        "CORS header lost on 4xx",
        &[
            Call("GET /policies", "no token"),
            Check("applied", "api/default_4xx"),
        ],
    ),
    (
        "CORS header lost on 5xx",
        &[Check("applied", "api/default_5xx")],
    ),
    (
        "gateway response says 200",
        &[Call("GET /policies", "no token")],
    ),
    (
        "stage led back",
        &[
            Call("GET /later", "anybody"),
            Check("deployed", "api/deployment"),
        ],
    ),
    (
        "stage throttled to nothing",
        &[
            Call("GET /policies", "partners.acme"),
            Check("applied", "api/stage"),
        ],
    ),
    (
        "plan without stage",
        &[
            Call("GET /policies", "partners.acme"),
            Check("applied", "plans.standard"),
        ],
    ),
    (
        "plan throttled to nothing",
        &[
            Call("GET /policies", "partners.acme"),
            Check("applied", "plans.standard"),
        ],
    ),
    (
        "authorizer of another pool",
        &[
            Call("GET /policies", "partners.acme"),
            Check("applied", "api/authorizer"),
        ],
    ),
    (
        "authorizer's header changed",
        &[
            Call("GET /policies", "partners.acme"),
            Check("applied", "api/authorizer"),
        ],
    ),
    (
        "authorizer removed",
        &[
            Call("GET /policies", "no token"),
            Call("GET /policies/{id}", "expired token"),
            Check("applied", "api/authorizer"),
        ],
    ),
    (
        "key disabled",
        &[
            Call("GET /policies", "partners.acme"),
            Check("applied", "partners.acme/key"),
        ],
    ),
    (
        "key off its plan",
        &[
            Call("GET /policies", "partners.acme"),
            Check("applied", "partners.acme/membership"),
        ],
    ),
    (
        "key on a plan without the stage",
        &[
            Call("GET /policies", "partners.acme"),
            Check("applied", "partners.acme/membership"),
        ],
    ),
    ("key deleted", &[Call("GET /policies", "partners.acme")]),
    (
        "another plan's quota of one",
        &[Check("applied", "partners.acme/membership")],
    ),
    (
        "client's scope removed",
        &[
            Check("token", "partners.acme"),
            Check("applied", "partners.acme/client"),
        ],
    ),
    (
        "client's flow removed",
        &[
            Check("token", "partners.acme"),
            Check("applied", "partners.acme/client"),
        ],
    ),
    (
        "client deleted",
        &[
            Check("token", "partners.acme"),
            Check("applied", "partners.acme/client"),
        ],
    ),
    (
        "pool's domain deleted",
        &[
            Check("token", "partners.acme"),
            Check("token", "partners.zeta"),
            Check("applied", "user_pool/domain"),
        ],
    ),
    (
        "route deleted",
        &[
            Call("GET /policies", "partners.acme"),
            Check("applied", POLICIES),
        ],
    ),
    ("a route more", &[Call("GET /claims", "anybody")]),
    (
        "integration led elsewhere",
        &[
            Call("GET /policies", "partners.acme"),
            Check("applied", POLICIES),
        ],
    ),
    ("listener gone", &[Call("GET /policies", "partners.acme")]),
    (
        "default endpoint shut",
        &[Call("GET /health", "anybody"), Check("applied", "api")],
    ),
    (
        "mapping to another stage",
        &[Check("applied", "api.domain.base_paths.v1")],
    ),
    (
        "domain gone",
        &[
            Check("domain", "api.domain"),
            Check("applied", "api.domain"),
        ],
    ),
];
