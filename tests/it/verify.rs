//! `verify` through the real program: a healthy stack has no difference, and whatever somebody breaks on AWS is reported by its
//! name.

use std::collections::BTreeMap;
use std::path::Path;

use aws_sdk_apigateway::Client as Gateway;
use aws_sdk_apigateway::types::{
    GatewayResponseType, IntegrationType, Op, PatchOperation, QuotaPeriodType, QuotaSettings,
};
use aws_sdk_cognitoidentityprovider::Client as Cognito;
use aws_sdk_cognitoidentityprovider::types::OAuthFlowType;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use gatestack::clock::Clock;
use gatestack::local::{self, Service};
use serde_json::Value;

use crate::certificates::issued;
use crate::program::{Folder, Ran};
use crate::screens::{screen, with_filters};

const REGION: &str = "eu-west-1";
const STATE: &str = ".gatestack/local.json";

/// Everything that `verify` knows something of.
const STACK: &str = r#"
[stack]
name = "claims"
region = "eu-west-1"

[user_pool]
name = "Claims"
domain = "claims-${account.id}"

[resource_servers.claims]
scopes = { read = "read", write = "write" }

[load_balancer]
subnets = { vpc = "default", tags = { tier = "private" } }
listeners = { 80 = { to = 8080 } }
targets = { ips = ["172.31.128.10"] }

[api]
name = "claims"
stage = "prod"
cors = true
requires = { scopes = ["claims/read"], api_key = true }
DISABLED

[api.domain]
name = "api.example.com"
certificate = "CERTIFICATE"
base_paths = ["v1"]

[api.routes]
"GET /policies" = { http = "http://api.aws.com/policies", via = "load_balancer" }
"GET /policies/{id}" = { http = "http://api.aws.com/policies/{id}", via = "load_balancer" }
"POST /claims" = { mock = 201, requires = { scopes = ["claims/write"], api_key = true } }
"GET /health" = { mock = 200, requires = "nothing" }
"GET /later" = { mock = 200, requires = "nothing" }

[plans.standard]
throttle = { rate = 5, burst = 5 }
quota = { requests = 1000, per = "month" }

[partners.acme]
plan = "standard"
scopes = ["claims/read"]

[partners.zeta]
plan = "standard"
scopes = ["claims/write"]
"#;

/// A stack that was applied, in a state file of its own.
struct Applied {
    folder: Folder,
}

impl Applied {
    /// Applied in two steps, so that there is an older deployment, without `GET /later`.
    async fn new(more: &str) -> Self {
        let folder = Folder::with("");
        let service = service(folder.path());
        let certificate = issued(&service, REGION, "*.example.com").await;
        let text = STACK
            .replace("CERTIFICATE", &certificate)
            .replace("DISABLED", more);
        let later = "\"GET /later\" = { mock = 200, requires = \"nothing\" }\n";
        folder.write(&text.replace(later, ""));
        folder.apply(&[]);
        folder.write(&text);
        folder.apply(&[]);
        Self { folder }
    }

    /// Another folder with the same stack and the same AWS.
    fn copy(&self) -> Self {
        let text = std::fs::read_to_string(self.folder.path().join("stack.toml")).unwrap();
        let folder = Folder::with(&text);
        std::fs::create_dir_all(folder.path().join(".gatestack")).unwrap();
        std::fs::copy(self.folder.path().join(STATE), folder.path().join(STATE)).unwrap();
        Self { folder }
    }

    fn verify(&self, more: &[&str]) -> (Ran, Value) {
        let ran = self.folder.local(&[&["verify", "--json"], more].concat());
        let report = serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
        (ran, report)
    }
}

fn service(folder: &Path) -> Service {
    let options = local::Options {
        clock: Clock::system(),
        ..local::Options::default()
    };
    Service::at_file(&folder.join(STATE), options).unwrap()
}

/// Somebody with a console, and the ids they look at.
struct Hand {
    gateway: Gateway,
    cognito: Cognito,
    elbv2: aws_sdk_elasticloadbalancingv2::Client,
    api: String,
    pool: String,
    /// Resource ids by path.
    paths: BTreeMap<String, String>,
    authorizer: String,
    plan: String,
    /// Ids of `acme`: key and client.
    key: String,
    client: String,
}

macro_rules! client_of {
    ($sdk:ident, $service:expr) => {{
        let http: SharedHttpClient = local::connector($service.clone());
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version_latest()
                .region($sdk::config::Region::new(REGION))
                .credentials_provider($sdk::config::Credentials::from_keys(
                    "someone", "else", None,
                ))
                .http_client(http)
                .build(),
        )
    }};
}

fn patch(op: Op, path: &str, value: &str) -> PatchOperation {
    let patch = PatchOperation::builder().op(op).path(path);
    let value = (!value.is_empty()).then(|| value.to_owned());
    patch.set_value(value).build()
}

impl Hand {
    async fn on(folder: &Path) -> Self {
        let service = service(folder);
        let gateway = client_of!(aws_sdk_apigateway, service);
        let cognito = client_of!(aws_sdk_cognitoidentityprovider, service);
        let api = gateway.get_rest_apis().send().await.unwrap();
        let api = api.items()[0].id().unwrap().to_owned();
        let pools = cognito
            .list_user_pools()
            .max_results(10)
            .send()
            .await
            .unwrap();
        let pool = pools.user_pools()[0].id().unwrap().to_owned();
        let resources = gateway
            .get_resources()
            .rest_api_id(&api)
            .send()
            .await
            .unwrap();
        let paths = resources.items().iter();
        let paths = paths
            .map(|one| (one.path().unwrap().to_owned(), one.id().unwrap().to_owned()))
            .collect();
        let authorizers = gateway
            .get_authorizers()
            .rest_api_id(&api)
            .send()
            .await
            .unwrap();
        let plans = gateway.get_usage_plans().send().await.unwrap();
        let keys = gateway.get_api_keys().send().await.unwrap();
        let key = keys.items().iter().find(|key| key.name() == Some("acme"));
        let clients = cognito
            .list_user_pool_clients()
            .user_pool_id(&pool)
            .send()
            .await
            .unwrap();
        let clients = clients.user_pool_clients();
        let client = clients.iter().find(|one| one.client_name() == Some("acme"));
        Self {
            elbv2: client_of!(aws_sdk_elasticloadbalancingv2, service),
            authorizer: authorizers.items()[0].id().unwrap().to_owned(),
            plan: plans.items()[0].id().unwrap().to_owned(),
            key: key.unwrap().id().unwrap().to_owned(),
            client: client.unwrap().client_id().unwrap().to_owned(),
            gateway,
            cognito,
            api,
            pool,
            paths,
        }
    }

    async fn deploy(&self) {
        let deployment = self.gateway.create_deployment().rest_api_id(&self.api);
        deployment.stage_name("prod").send().await.unwrap();
    }

    /// Changes `GET` of a path.
    async fn method(&self, path: &str, patches: &[PatchOperation]) {
        let update = self.gateway.update_method().rest_api_id(&self.api);
        let update = update.resource_id(&self.paths[path]).http_method("GET");
        update
            .set_patch_operations(Some(patches.to_vec()))
            .send()
            .await
            .unwrap();
    }

    async fn stage(&self, patches: &[PatchOperation]) {
        let update = self
            .gateway
            .update_stage()
            .rest_api_id(&self.api)
            .stage_name("prod");
        update
            .set_patch_operations(Some(patches.to_vec()))
            .send()
            .await
            .unwrap();
    }

    async fn change_plan(&self, patches: &[PatchOperation]) {
        let update = self.gateway.update_usage_plan().usage_plan_id(&self.plan);
        update
            .set_patch_operations(Some(patches.to_vec()))
            .send()
            .await
            .unwrap();
    }

    async fn change_authorizer(&self, patches: &[PatchOperation]) {
        let update = self.gateway.update_authorizer().rest_api_id(&self.api);
        let update = update.authorizer_id(&self.authorizer);
        update
            .set_patch_operations(Some(patches.to_vec()))
            .send()
            .await
            .unwrap();
    }

    async fn delete_method(&self, path: &str, method: &str) {
        let delete = self.gateway.delete_method().rest_api_id(&self.api);
        delete
            .resource_id(&self.paths[path])
            .http_method(method)
            .send()
            .await
            .unwrap();
    }

    async fn delete_response(&self, response_type: GatewayResponseType) {
        let delete = self
            .gateway
            .delete_gateway_response()
            .rest_api_id(&self.api);
        delete.response_type(response_type).send().await.unwrap();
    }

    async fn older_deployment(&self) -> String {
        let list = self
            .gateway
            .get_deployments()
            .rest_api_id(&self.api)
            .send()
            .await
            .unwrap();
        let stage = self
            .gateway
            .get_stage()
            .rest_api_id(&self.api)
            .stage_name("prod");
        let serving = stage.send().await.unwrap().deployment_id.unwrap();
        let mut ids = list.items().iter().filter_map(|one| one.id());
        ids.find(|id| *id != serving).unwrap().to_owned()
    }

    /// What acme's client may do, written anew as the console would.
    async fn write_client(&self, flows: bool, scopes: &[&str]) {
        let update = self
            .cognito
            .update_user_pool_client()
            .user_pool_id(&self.pool);
        let update = update.client_id(&self.client).client_name("acme");
        let update = update
            .set_allowed_o_auth_scopes(Some(scopes.iter().map(|one| (*one).into()).collect()));
        let update = match flows {
            true => update
                .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
                .allowed_o_auth_flows_user_pool_client(true),
            false => update.set_allowed_o_auth_scopes(None),
        };
        update.send().await.unwrap();
    }
}

/// What a report has to name.
#[derive(Clone, Copy, Debug)]
enum Named {
    /// This caller on this route.
    Call(&'static str, &'static str),
    /// This check of this address.
    Check(&'static str, &'static str),
}
use Named::{Call, Check};

/// Whether something in the report differs and bears that name.
fn names(report: &Value, named: Named) -> bool {
    let list = |name: &str| report[name].as_array().unwrap().clone();
    let differs =
        |one: &Value| one["result"] == "different" && one["differences"][0]["what"].is_string();
    match named {
        Call(route, caller) => list("calls").iter().any(|call| {
            let method_and_path = format!(
                "{} {}",
                call["method"].as_str().unwrap(),
                call["path"].as_str().unwrap()
            );
            differs(call) && method_and_path == route && call["caller"] == caller
        }),
        Check(check, about) => list("checks")
            .iter()
            .any(|one| differs(one) && one["check"] == check && one["about"] == about),
    }
}

fn shown(report: &Value) -> String {
    let mut lines = Vec::new();
    for call in report["calls"].as_array().unwrap() {
        for difference in call["differences"].as_array().into_iter().flatten() {
            lines.push(format!(
                "{} {} {}: {}",
                call["method"], call["path"], call["caller"], difference["what"]
            ));
        }
    }
    for check in report["checks"].as_array().unwrap() {
        for difference in check["differences"].as_array().into_iter().flatten() {
            lines.push(format!(
                "{} {}: {}",
                check["check"], check["about"], difference["what"]
            ));
        }
    }
    lines.join("\n")
}

const POLICIES: &str = r#"api.routes."GET /policies""#;

/// Breaks one thing.
async fn break_it(way: &str, hand: &Hand) {
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

/// Every way, and what has to be named.
const WAYS: &[(&str, &[Named])] = &[
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
    ("key deleted", &[Check("applied", "partners.acme/key")]),
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

fn healthy(applied: &Applied, more: &[&str]) {
    let (ran, report) = applied.verify(more);
    assert_eq!(shown(&report), "");
    assert_eq!(
        (ran.code, &report["summary"]["differences"]),
        (0, &Value::from(0))
    );
}

#[tokio::test]
async fn whatever_is_broken_on_aws_is_named() {
    let applied = Applied::new("").await;
    healthy(&applied, &["--include-writes"]);
    let mut missed = Vec::new();
    for (way, named) in WAYS {
        let broken = applied.copy();
        break_it(way, &Hand::on(broken.folder.path()).await).await;
        let (ran, report) = broken.verify(&[]);
        assert_eq!(ran.code, 1, "{way}: {}", shown(&report));
        for named in *named {
            if !names(&report, *named) {
                missed.push(format!("{way}: {named:?}\n{}", shown(&report)));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

#[tokio::test]
async fn a_backend_that_is_down_is_no_refusal() {
    let applied = Applied::new("").await;
    // Nobody listens at a port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (ran, report) = applied.verify(&["--backend", &port.to_string()]);
    assert_eq!(ran.code, 1);
    assert!(
        names(&report, Call("GET /policies", "partners.acme")),
        "{}",
        shown(&report)
    );
    assert!(
        shown(&report).contains("is let in, but the road behind is broken: 504"),
        "{}",
        shown(&report)
    );
    assert!(
        !names(&report, Call("GET /policies", "no token")),
        "{}",
        shown(&report)
    );
}

#[tokio::test]
async fn a_default_endpoint_that_is_open_is_named() {
    let applied = Applied::new("disable_default_endpoint = true").await;
    healthy(&applied, &[]);
    break_it(
        "default endpoint open",
        &Hand::on(applied.folder.path()).await,
    )
    .await;
    let (_, report) = applied.verify(&[]);
    assert!(
        shown(&report).contains("is let in") || shown(&report).contains("instead of 403 Forbidden"),
        "{}",
        shown(&report)
    );
    assert!(
        names(&report, Check("applied", "api")),
        "{}",
        shown(&report)
    );
}

/// What the local AWS holds is not touched by verifying it.
#[tokio::test]
async fn the_local_aws_stays_as_it_is() {
    let applied = Applied::new("").await;
    let state = || std::fs::read(applied.folder.path().join(STATE)).unwrap();
    let before = state();
    healthy(&applied, &[]);
    assert!(before == state());
    assert_eq!(applied.folder.planned(), [""; 0]);
}

#[tokio::test]
async fn what_people_and_ci_servers_read() {
    let applied = Applied::new("").await;
    let folder = &applied.folder;
    with_filters(|| {
        insta::assert_snapshot!(
            "verify_healthy",
            screen(&folder.local(&["verify", "--junit", "verify.xml"]))
        );
        insta::assert_snapshot!(
            "verify_every_call",
            screen(&folder.local(&["verify", "-v"]))
        );
    });
    let junit = std::fs::read_to_string(folder.path().join("verify.xml")).unwrap();
    assert!(
        junit.contains("<testsuite name=\"GET /policies\""),
        "{junit}"
    );
    assert!(
        junit.contains("not tested: it may write: pass --include-writes"),
        "{junit}"
    );
    let hand = Hand::on(folder.path()).await;
    for way in [
        "method made open",
        "key disabled",
        "CORS header lost on 4xx",
    ] {
        break_it(way, &hand).await;
    }
    let ran = folder.local(&["verify", "--junit", "verify.xml"]);
    with_filters(|| insta::assert_snapshot!("verify_broken", screen(&ran)));
    let junit = std::fs::read_to_string(folder.path().join("verify.xml")).unwrap();
    assert!(
        junit.contains("<failure message=\"no token is let in"),
        "{junit}"
    );
}

#[tokio::test]
async fn an_apply_may_end_with_a_verification() {
    let folder = Folder::with(include_str!("../../stack.toml"));
    let ran = folder.local(&["apply", "--yes", "--verify"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("Verified: "), "{}", ran.stdout);
    assert!(ran.stdout.contains(" 0 differences"), "{}", ran.stdout);
    let ran = folder.local(&["apply", "--yes", "--verify", "--json"]);
    let last: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "verification");
    assert_eq!(last["verification"]["summary"]["differences"], 0);
}

#[test]
fn a_probe_is_for_aws() {
    let folder = Folder::with(include_str!("../../stack.toml"));
    let ran = folder.local(&["verify", "--probe"]);
    assert_eq!(ran.code, 64, "{}", ran.stderr);
}
