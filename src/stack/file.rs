//! The stack file as it is written: one struct per table, the doc comments are the schema's descriptions.
//!
//! Nothing here knows what a table *means*; `expand` does. A [`Template`](super::template::Template) may hold `${…}`, a string may not.

mod api;
mod domain;
mod functions;
mod load_balancer;
mod plans;
mod pool;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::scalar::Var;

pub use api::{
    AccessLogSettings, AccessLogs, Api, Authorizer, Bodies, Cors, CorsSettings, Endpoint,
    GatewayResponse, HeaderValue, Mock, Origins, Requirements, Requires, Route, Throttle, Token,
    Via,
};
pub use domain::{ApiDomain, EndpointAccess, IpAddresses, MutualTls, OwnDomain, TlsPolicy};
pub use functions::{Architecture, Function, FunctionLogs, FunctionNetwork};
pub use load_balancer::{
    FindSubnets, HealthCheck, HealthProtocol, Instances, Listener, LoadBalancer, Subnets, Targets,
    Transport,
};
pub use plans::{ApiKey, Partner, Period, Plan, Quota};
pub use pool::{
    AppClient, AuthFlow, OAuthFlow, PasswordPolicy, ResourceServer, SignIn, Tier, TokenLifetimes,
    UserPool,
};

/// A gatestack stack file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The stack itself: its name, region and account.
    pub stack: StackTable,
    /// Values to use elsewhere as `${var.NAME}`; `--var NAME=VALUE` replaces one.
    #[serde(default)]
    pub vars: BTreeMap<String, Var>,
    /// The Cognito user pool that issues tokens.
    pub user_pool: Option<UserPool>,
    /// Resource servers: an identifier and the scopes below it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_servers: BTreeMap<String, ResourceServer>,
    /// App clients that belong to no partner, such as a web application's.
    #[serde(default)]
    pub app_clients: BTreeMap<String, AppClient>,
    /// Lambda functions that routes call.
    #[serde(default)]
    pub functions: BTreeMap<String, Function>,
    /// The internal load balancer that the API's private routes go through.
    pub load_balancer: Option<LoadBalancer>,
    /// The API Gateway REST API.
    pub api: Option<Api>,
    /// Usage plans: how much a key may call. A plan is on the API's stage.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub plans: BTreeMap<String, Plan>,
    /// API keys that belong to no partner.
    #[serde(default)]
    pub api_keys: BTreeMap<String, ApiKey>,
    /// Partner companies: each is an app client, an API key and the key's place on a plan.
    #[serde(default)]
    pub partners: BTreeMap<String, Partner>,
    /// Addresses that changed their name: ids and secrets stay.
    #[serde(default)]
    pub moved: Vec<Moved>,
}

/// The stack itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StackTable {
    /// The stack's name. It owns what carries the tag `gatestack:stack` with this value.
    #[schemars(example = &"hello")]
    pub name: String,
    /// The AWS Region, such as `eu-central-1`.
    #[schemars(example = &"eu-central-1")]
    pub region: String,
    /// The AWS account's 12 digits. Any other account is an error before the first write. Left out: the credentials' account.
    #[schemars(example = &"123456789012")]
    pub account: Option<String>,
    /// Tags put on everything that can carry tags, beside gatestack's own.
    #[serde(default)]
    #[schemars(example = json!({ "team": "claims" }))]
    pub tags: BTreeMap<String, String>,
    /// Whether a command that writes takes the stack's lock first, so that no two write at once. The lock is the Systems Manager
    /// parameter `/gatestack/lock/NAME` in the stack's account and Region, which is there only during a run. `false` is for
    /// accounts that forbid it.
    #[serde(default = "yes")]
    #[schemars(example = false)]
    pub lock: bool,
}

/// `[[moved]]`: what was at one address is now at another.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// The old address, such as `partners.acme`.
    #[schemars(example = &"partners.acme")]
    pub from: String,
    /// The new address.
    #[schemars(example = &"partners.acme-re")]
    pub to: String,
}

fn yes() -> bool {
    true
}
