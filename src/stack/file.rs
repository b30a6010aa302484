//! The stack file as it is written: one struct per table, the doc comments are the schema's descriptions.
//!
//! Nothing here knows what a table *means*; `expand` does. A [`Template`] may hold `${…}`, a string may not.

mod domain;
mod load_balancer;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::scalar::Var;
use super::template::{GatewayTemplate, Template};
use crate::kinds::route;
use crate::model::HumanDuration;

pub use domain::{ApiDomain, MutualTls, OwnDomain, TlsPolicy};
pub use load_balancer::{
    FindSubnets, HealthCheck, HealthProtocol, Instances, Listener, LoadBalancer, Subnets, Targets,
    Transport,
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

/// `[user_pool]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPool {
    /// The pool's name, 1 to 128 characters.
    #[schemars(example = &"hello")]
    pub name: Template,
    /// The prefix of the pool's Cognito domain, unique in the Region across all accounts. Left out: none.
    #[schemars(example = &"hello-${account.id}")]
    pub domain: Option<Template>,
    /// A domain of your own for the pool, beside the prefix or instead of it.
    #[schemars(example = json!({ "name": "auth.example.com", "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555" }))]
    pub own_domain: Option<OwnDomain>,
    /// What users sign in with: `["email"]`, `["phone"]` or both instead of a user name; `["username"]`; or a user name
    /// and aliases of it, as in `["username", "email"]`. AWS fixes it when the pool is made. Left out: a new pool has
    /// user names, an existing one keeps what it has.
    #[schemars(example = ["email"])]
    pub sign_in: Option<BTreeSet<SignIn>>,
    /// Whether people may register themselves. If not, only administrators create users.
    #[serde(default)]
    #[schemars(example = true)]
    pub sign_up: bool,
    /// Whether AWS refuses to delete the pool until the protection is lifted.
    #[serde(default = "yes")]
    #[schemars(example = false)]
    pub deletion_protection: bool,
    /// What a user's password must be.
    #[serde(default)]
    #[schemars(example = json!({ "min_length": 12 }))]
    pub password: PasswordPolicy,
    /// The feature tier, which decides what AWS charges for each user.
    #[serde(default)]
    #[schemars(example = &"plus")]
    pub tier: Tier,
}

/// What a user's password must be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordPolicy {
    /// The fewest characters, 6 to 99.
    #[schemars(range(min = 6, max = 99))]
    #[schemars(example = 12)]
    pub min_length: u32,
    /// Whether a lower-case letter is required.
    #[schemars(example = false)]
    pub lowercase: bool,
    /// Whether an upper-case letter is required.
    #[schemars(example = false)]
    pub uppercase: bool,
    /// Whether a digit is required.
    #[schemars(example = false)]
    pub digits: bool,
    /// Whether a symbol is required.
    #[schemars(example = false)]
    pub symbols: bool,
    /// Days after which a password set by an administrator stops working, 1 to 365.
    #[schemars(range(min = 1, max = 365))]
    #[schemars(example = 3)]
    pub temporary_days: u32,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min_length: 8,
            lowercase: true,
            uppercase: true,
            digits: true,
            symbols: true,
            temporary_days: 7,
        }
    }
}

/// What a user signs in with.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    /// The user name.
    Username,
    /// The e-mail address: instead of a user name, or as an alias beside it.
    Email,
    /// The phone number: instead of a user name, or as an alias beside it.
    Phone,
    /// A name that the user may change, as an alias beside the user name.
    PreferredUsername,
}

impl SignIn {
    /// Its word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::PreferredUsername => "preferred_username",
        }
    }
}

/// The pool's feature tier.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The basic tier.
    Lite,
    /// The tier AWS gives a new pool.
    #[default]
    Essentials,
    /// Threat protection and more.
    Plus,
}

/// `[resource_servers.NAME]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceServer {
    /// The identifier, the part of a scope before the slash. Left out: the table's name.
    #[schemars(example = &"https://api.example.com")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Template>,
    /// The display name. Left out: the table's name.
    #[schemars(example = &"Claims")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Template>,
    /// Scope name = description.
    #[serde(default)]
    #[schemars(example = json!({ "read": "Read claims" }))]
    pub scopes: BTreeMap<String, Template>,
}

/// `[app_clients.NAME]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppClient {
    /// The client's name in Cognito. Left out: the table's name.
    #[schemars(example = &"Web shop")]
    pub name: Option<Template>,
    /// The OAuth grants the client may use. `client_credentials` excludes the others.
    #[serde(default)]
    #[schemars(example = ["code"])]
    pub flows: BTreeSet<OAuthFlow>,
    /// How users may sign in through this client. Always sent: Cognito enables others when it is left out.
    #[serde(default = "refresh_token_only")]
    #[schemars(example = ["refresh_token", "user_srp"])]
    pub auth_flows: BTreeSet<AuthFlow>,
    /// The scopes the client may ask for: `SERVER/SCOPE`, by the name or the identifier of a `[resource_servers]` table;
    /// `SERVER/*` for all of its scopes; or one of OpenID's.
    #[serde(default)]
    #[schemars(example = ["openid", "hello/read"])]
    pub scopes: BTreeSet<Template>,
    /// Where the login page may send people back to.
    #[serde(default)]
    #[schemars(example = ["https://shop.example.com/signed-in"])]
    pub callback_urls: BTreeSet<Template>,
    /// Where people may be sent after signing out.
    #[serde(default)]
    #[schemars(example = ["https://shop.example.com/"])]
    pub logout_urls: BTreeSet<Template>,
    /// Whether the client has a secret. It can't be changed later. Left out: yes exactly for `client_credentials`.
    #[schemars(example = true)]
    pub secret: Option<bool>,
    /// How long its tokens are valid.
    #[serde(default)]
    #[schemars(example = json!({ "access": "15m" }))]
    pub tokens: TokenLifetimes,
}

/// An OAuth grant.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum OAuthFlow {
    /// A code that the application exchanges for tokens.
    Code,
    /// Tokens in the redirect itself.
    Implicit,
    /// Machine to machine: the client's own id and secret.
    ClientCredentials,
}

/// A way to sign in through Cognito's own API.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum AuthFlow {
    /// `ALLOW_ADMIN_USER_PASSWORD_AUTH`: a server signs users in with their password.
    AdminUserPassword,
    /// `ALLOW_CUSTOM_AUTH`: Lambda triggers decide.
    Custom,
    /// `ALLOW_REFRESH_TOKEN_AUTH`: new tokens for a refresh token.
    RefreshToken,
    /// `ALLOW_USER_PASSWORD_AUTH`: the application sends the user's password.
    UserPassword,
    /// `ALLOW_USER_SRP_AUTH`: the password never leaves the device.
    UserSrp,
    /// `ALLOW_USER_AUTH`: the user chooses among the pool's ways.
    UserChoice,
}

impl AuthFlow {
    /// Its word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::AdminUserPassword => "admin_user_password",
            Self::Custom => "custom",
            Self::RefreshToken => "refresh_token",
            Self::UserPassword => "user_password",
            Self::UserSrp => "user_srp",
            Self::UserChoice => "user_choice",
        }
    }
}

/// How long tokens are valid, as `"15m"`, `"1h"`, `"30d"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenLifetimes {
    /// Access tokens, 5 minutes to 1 day.
    #[schemars(example = &"15m")]
    pub access: HumanDuration,
    /// ID tokens, 5 minutes to 1 day.
    #[schemars(example = &"15m")]
    pub id: HumanDuration,
    /// Refresh tokens, 1 hour to 3650 days.
    #[schemars(example = &"7d")]
    pub refresh: HumanDuration,
}

impl Default for TokenLifetimes {
    fn default() -> Self {
        Self {
            access: HumanDuration::from_secs(3600),
            id: HumanDuration::from_secs(3600),
            refresh: HumanDuration::from_secs(30 * 86_400),
        }
    }
}

/// `[api]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// The API's name.
    #[schemars(example = &"hello")]
    pub name: Template,
    /// A description, shown in the console. Left out: none.
    #[schemars(example = &"Claims, for insurers")]
    pub description: Option<Template>,
    /// Where the API is served.
    #[serde(default)]
    #[schemars(example = &"regional")]
    pub endpoint: Endpoint,
    /// The stage's name, the first part of every path.
    #[schemars(example = &"prod")]
    pub stage: String,
    /// Stage variables, which integrations use as `${stageVariables.NAME}`.
    #[serde(default)]
    #[schemars(example = json!({ "backend": "claims.example.com" }))]
    pub stage_variables: BTreeMap<String, Template>,
    /// Whether browsers of other origins may call the API: preflight routes, and headers on 4xx and 5xx as well.
    #[serde(default)]
    #[schemars(example = true)]
    pub cors: Cors,
    /// What a caller needs for every route that does not say otherwise. Left out: nothing.
    #[schemars(example = json!({ "scopes": ["hello/read"], "api_key": true }))]
    pub requires: Option<Requires>,
    /// The authorizer of routes that need a token.
    #[serde(default)]
    #[schemars(example = json!({ "cache": "0s" }))]
    pub authorizer: Authorizer,
    /// The most that all callers together may call. Left out: the account's limit.
    #[schemars(example = json!({ "rate": 100, "burst": 200 }))]
    pub throttle: Option<Throttle>,
    /// Whether the API answers only at its own domain, not at `execute-api`.
    #[serde(default)]
    #[schemars(example = true)]
    pub disable_default_endpoint: bool,
    /// Whether the stage writes a line for every call to a CloudWatch log group, which the stack makes.
    #[serde(default)]
    #[schemars(example = true)]
    pub access_logs: AccessLogs,
    /// A domain of your own.
    #[schemars(example = json!({ "name": "api.example.com", "certificate": "arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555" }))]
    pub domain: Option<ApiDomain>,
    /// `"METHOD /path"` = where its calls go.
    #[serde(default)]
    #[schemars(example = json!({ "GET /claims/{id}": { "http": "https://claims.example.com/{id}" } }))]
    pub routes: BTreeMap<String, Route>,
}

/// Where the API is served.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// From the stack's Region.
    #[default]
    Regional,
}

/// Cross-origin calls: `true`, `false`, or the details.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Cors {
    /// No preflight, no headers.
    #[default]
    Off,
    /// As these settings say; `true` means their defaults.
    On(CorsSettings),
}

/// Who may call from a browser.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CorsSettings {
    /// The one origin allowed, or `*` for any.
    #[schemars(example = &"https://shop.example.com")]
    pub origin: String,
    /// Request headers a page may send. The default includes the authorizer's `header`.
    #[schemars(example = ["X-Api-Key", "X-Token"])]
    pub headers: BTreeSet<String>,
    /// How long a browser may keep a preflight's answer. Left out: as long as the browser does by itself.
    #[schemars(example = &"1h")]
    pub max_age: Option<HumanDuration>,
}

impl Default for CorsSettings {
    fn default() -> Self {
        Self {
            origin: "*".into(),
            headers: [
                "Authorization",
                "Content-Type",
                "X-Amz-Date",
                "X-Amz-Security-Token",
                "X-Api-Key",
            ]
            .map(String::from)
            .into(),
            max_age: None,
        }
    }
}

/// What a caller needs: `"nothing"`, or the details.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Requires {
    /// Anyone may call.
    #[default]
    Nothing,
    /// All of these.
    These(Requirements),
}

impl Requires {
    /// Whether a call needs a token.
    pub(super) fn needs_token(&self) -> bool {
        match self {
            Requires::Nothing => false,
            Requires::These(these) => !these.scopes.is_empty() || these.token.is_some(),
        }
    }
}

/// What a caller needs.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Requirements {
    /// An access token with any one of these scopes; `SERVER/*` is any scope of that resource server.
    #[schemars(example = ["hello/read"])]
    pub scopes: BTreeSet<Template>,
    /// Which token the caller shows. Left out: `access` where scopes are listed, else none.
    #[schemars(example = &"id")]
    pub token: Option<Token>,
    /// An API key on a plan that has this stage.
    #[schemars(example = true)]
    pub api_key: bool,
}

/// A kind of token.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Token {
    /// An access token; needs `scopes`.
    Access,
    /// An ID token of a person who signed in; excludes `scopes`.
    Id,
}

/// `[api.authorizer]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Authorizer {
    /// The authorizer's name.
    #[schemars(example = &"insurers")]
    pub name: Template,
    /// The header that carries the token.
    #[schemars(example = &"X-Token")]
    pub header: String,
    /// How long a decision is kept; `"0s"` keeps none, an hour is the most.
    #[schemars(example = &"0s")]
    pub cache: HumanDuration,
}

impl Default for Authorizer {
    fn default() -> Self {
        Self {
            name: Template::new("cognito"),
            header: "Authorization".into(),
            cache: HumanDuration::from_secs(300),
        }
    }
}

/// How much may be called.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Requests a second, sustained.
    #[schemars(range(min = 0))]
    #[schemars(example = 100)]
    pub rate: f64,
    /// The most requests at once.
    #[schemars(range(min = 0, max = 2_147_483_647))]
    #[schemars(example = 200)]
    pub burst: u32,
}

/// Access logs: `true`, `false`, or the details.
#[derive(Clone, Debug, Default)]
pub enum AccessLogs {
    /// None.
    #[default]
    Off,
    /// As these settings say; `true` means their defaults.
    On(AccessLogSettings),
}

/// `[api.access_logs]`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessLogSettings {
    /// The name of the log group that the stack makes, or the ARN of an existing one that is not the stack's. Left out:
    /// `/aws/apigateway/` and the stack's name.
    #[schemars(example = &"/claims/calls")]
    pub group: Option<Template>,
    /// How long CloudWatch keeps a line, in days that it knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
    /// 1096, 1827, 2192, 2557, 2922, 3288 or 3653. Can't be set for an existing log group.
    #[schemars(example = &"90d", extend("default" = AccessLogSettings::RETENTION))]
    pub retention: Option<HumanDuration>,
    /// The line's format, with API Gateway's `$context` variables.
    #[schemars(example = &"$context.requestId $context.status", extend("default" = AccessLogSettings::FORMAT))]
    pub format: Option<GatewayTemplate>,
}

impl AccessLogSettings {
    /// How long lines are kept where the file does not say it: long enough to look into a complaint. They hold the callers'
    /// addresses, and CloudWatch charges for keeping them.
    pub const RETENTION: HumanDuration = HumanDuration::from_secs(30 * 86_400);

    /// The usual fields, as one JSON object a line.
    pub const FORMAT: &str = r#"{"requestId":"$context.requestId","time":"$context.requestTime","ip":"$context.identity.sourceIp","method":"$context.httpMethod","path":"$context.path","route":"$context.resourcePath","status":"$context.status","latency":"$context.responseLatency","error":"$context.error.message","client":"$context.authorizer.claims.client_id","apiKeyId":"$context.identity.apiKeyId"}"#;
}

/// One route: exactly one of `http` and `mock`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The URL to call, with the same path parameters as the route. Left out: `mock` answers.
    #[schemars(example = &"https://claims.example.com/claims")]
    pub http: Option<GatewayTemplate>,
    /// What the call goes through. Left out: the internet. Through the load balancer the URL's port has to be one of its
    /// listeners, and the URL's host is only what the backend reads in the `Host` header.
    #[schemars(example = &"load_balancer")]
    pub via: Option<Via>,
    /// An answer without a backend: a status, or a status and a body. Left out: `http` is called.
    #[schemars(example = 200)]
    pub mock: Option<Mock>,
    /// What a caller needs, instead of the API's `requires`. Left out: the API's.
    #[schemars(example = &"nothing")]
    pub requires: Option<Requires>,
    /// How long the backend may take, 50 ms to 29 s.
    #[schemars(example = &"5s", extend("default" = Route::LONGEST_TIMEOUT))]
    pub timeout: Option<HumanDuration>,
}

impl Route {
    /// The longest that API Gateway waits for a backend, and how long it does unless told.
    pub const LONGEST_TIMEOUT: HumanDuration = route::LONGEST_TIMEOUT;

    /// What a caller of the route needs: its own requirements, or the API's.
    pub(super) fn requires<'a>(&'a self, api: &'a Api) -> &'a Requires {
        let written = self.requires.as_ref().or(api.requires.as_ref());
        written.unwrap_or(&Requires::Nothing)
    }
}

/// What a call to a backend goes through.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// Through the VPC link to the load balancer of `[load_balancer]`.
    LoadBalancer,
}

/// An answer without a backend.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mock {
    /// The HTTP status, 200 to 599.
    pub status: u16,
    /// The body; none when left out.
    pub body: Option<GatewayTemplate>,
}

/// `[plans.NAME]`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// The plan's name in API Gateway. Left out: the table's name.
    #[schemars(example = &"Gold")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Template>,
    /// A description. Left out: none.
    #[schemars(example = &"For partners who pay")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Template>,
    /// How fast each key may call. Left out: not limited by the plan.
    #[schemars(example = json!({ "rate": 10, "burst": 20 }))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    /// How much each key may call in a period. Left out: not limited by the plan.
    #[schemars(example = json!({ "requests": 100000, "per": "month" }))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
}

/// How much a key may call in a period.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Requests in the period, at least 1.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    #[schemars(example = 100000)]
    pub requests: u32,
    /// The period.
    #[schemars(example = &"month")]
    pub per: Period,
}

/// A quota's period.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
}

impl Period {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];
}

/// `[api_keys.NAME]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// The key's name in API Gateway. Left out: the table's name.
    #[schemars(example = &"Batch")]
    pub name: Option<Template>,
    /// A description. Left out: none.
    #[schemars(example = &"The nightly run")]
    pub description: Option<Template>,
    /// The plan it is on, the name of a `[plans]` table. Left out: none.
    #[schemars(example = &"standard")]
    pub plan: Option<String>,
    /// Whether the key works.
    #[serde(default = "yes")]
    #[schemars(example = false)]
    pub enabled: bool,
}

/// `[partners.NAME]`: an app client with a secret for `client_credentials`, an API key, and the key's place on a plan.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// The name of its client and key. Left out: the table's name.
    #[schemars(example = &"Acme Re")]
    pub name: Option<Template>,
    /// The plan its key is on, the name of a `[plans]` table.
    #[schemars(example = &"standard")]
    pub plan: String,
    /// The scopes its client may ask for: `SERVER/SCOPE`, by the name or the identifier of a `[resource_servers]` table, or
    /// `SERVER/*` for all of its scopes.
    #[serde(default)]
    #[schemars(example = ["hello/read"])]
    pub scopes: BTreeSet<Template>,
    /// How users may sign in through its client. Always sent: Cognito enables others when it is left out.
    #[serde(default = "refresh_token_only")]
    #[schemars(example = ["refresh_token", "admin_user_password"])]
    pub auth_flows: BTreeSet<AuthFlow>,
    /// How long its tokens are valid.
    #[serde(default)]
    #[schemars(example = json!({ "access": "15m" }))]
    pub tokens: TokenLifetimes,
    /// Whether it may call. `false` disables its API key and removes the flows and scopes of its client, so that it gets no
    /// token; ids, secret and key value stay, and `true` restores the rest. Tokens from before are valid until they expire.
    #[serde(default = "yes")]
    #[schemars(example = false)]
    pub enabled: bool,
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

fn refresh_token_only() -> BTreeSet<AuthFlow> {
    [AuthFlow::RefreshToken].into()
}
