//! Changes of a stack by hand, as in the console.

use std::collections::BTreeMap;
use std::path::Path;

use aws_sdk_apigateway::Client as Gateway;
use aws_sdk_apigateway::types::{GatewayResponseType, Op, PatchOperation};
use aws_sdk_cognitoidentityprovider::Client as Cognito;
use aws_sdk_cognitoidentityprovider::types::OAuthFlowType;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::{REGION, service};

/// A client for changes by hand, and the ids.
pub(super) struct Hand {
    pub(super) gateway: Gateway,
    pub(super) cognito: Cognito,
    pub(super) elbv2: aws_sdk_elasticloadbalancingv2::Client,
    pub(super) api: String,
    pub(super) pool: String,
    /// Resource ids by path.
    pub(super) paths: BTreeMap<String, String>,
    pub(super) authorizer: String,
    pub(super) plan: String,
    /// Ids of `acme`: key and client.
    pub(super) key: String,
    pub(super) client: String,
}

macro_rules! client_of {
    ($sdk:ident, $service:expr) => {{
        let http: SharedHttpClient = aws_local::connector($service.clone());
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

pub(super) fn patch(op: Op, path: &str, value: &str) -> PatchOperation {
    let patch = PatchOperation::builder().op(op).path(path);
    let value = (!value.is_empty()).then(|| value.to_owned());
    patch.set_value(value).build()
}

impl Hand {
    pub(super) async fn on(folder: &Path) -> Self {
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

    pub(super) async fn deploy(&self) {
        let deployment = self.gateway.create_deployment().rest_api_id(&self.api);
        deployment.stage_name("prod").send().await.unwrap();
    }

    /// Changes `GET` of a path.
    pub(super) async fn method(&self, path: &str, patches: &[PatchOperation]) {
        let update = self.gateway.update_method().rest_api_id(&self.api);
        let update = update.resource_id(&self.paths[path]).http_method("GET");
        update
            .set_patch_operations(Some(patches.to_vec()))
            .send()
            .await
            .unwrap();
    }

    pub(super) async fn stage(&self, patches: &[PatchOperation]) {
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

    pub(super) async fn change_plan(&self, patches: &[PatchOperation]) {
        let update = self.gateway.update_usage_plan().usage_plan_id(&self.plan);
        update
            .set_patch_operations(Some(patches.to_vec()))
            .send()
            .await
            .unwrap();
    }

    pub(super) async fn change_authorizer(&self, patches: &[PatchOperation]) {
        let update = self.gateway.update_authorizer().rest_api_id(&self.api);
        let update = update.authorizer_id(&self.authorizer);
        update
            .set_patch_operations(Some(patches.to_vec()))
            .send()
            .await
            .unwrap();
    }

    pub(super) async fn delete_method(&self, path: &str, method: &str) {
        let delete = self.gateway.delete_method().rest_api_id(&self.api);
        delete
            .resource_id(&self.paths[path])
            .http_method(method)
            .send()
            .await
            .unwrap();
    }

    pub(super) async fn delete_response(&self, response_type: GatewayResponseType) {
        let delete = self
            .gateway
            .delete_gateway_response()
            .rest_api_id(&self.api);
        delete.response_type(response_type).send().await.unwrap();
    }

    pub(super) async fn older_deployment(&self) -> String {
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
    pub(super) async fn write_client(&self, flows: bool, scopes: &[&str]) {
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
