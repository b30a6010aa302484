//! `[api]`, its routes, and what a caller needs.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{ApiDomain, EndpointAccess, IpAddresses, TlsPolicy};
use crate::kinds::route;
use crate::model::{ByteSize, HumanDuration};
use crate::stack::template::{GatewayTemplate, Template};

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
    /// The TLS that callers may use: `1.3`, or AWS's name of a security policy. Left out: TLS 1.0 and later, AWS's default.
    #[schemars(example = &"1.3")]
    pub tls: Option<TlsPolicy>,
    /// Which connections API Gateway accepts, with `tls`. Left out: `basic`.
    #[schemars(example = &"strict")]
    pub endpoint_access: Option<EndpointAccess>,
    /// The IP versions that callers may use.
    #[serde(default)]
    #[schemars(example = &"dualstack")]
    pub ip: IpAddresses,
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
    /// The most that all callers together may call. Each HTTP method of each path counts separately, and a route may have a
    /// throttle of its own. Left out: the account's limit.
    #[schemars(example = json!({ "rate": 100, "burst": 200 }))]
    pub throttle: Option<Throttle>,
    /// Whether the API answers only at its own domain, not at `execute-api`.
    #[serde(default)]
    #[schemars(example = true)]
    pub disable_default_endpoint: bool,
    /// Media types whose bodies are bytes: `image/png`, `image/*` or `*/*`. API Gateway converts all others to text, in which what
    /// is not UTF-8 is lost.
    #[serde(default)]
    #[schemars(example = ["image/*"])]
    pub binary: BTreeSet<String>,
    /// The size from which answers are compressed for callers that accept it, 0 to 10 MB. A kilobyte has 1,024 bytes. Left out: none
    /// are.
    #[schemars(example = &"1KB")]
    pub compression: Option<ByteSize>,
    /// Whether AWS X-Ray records the stage's calls. X-Ray charges for what it records.
    #[serde(default)]
    #[schemars(example = true)]
    pub tracing: bool,
    /// Whether the stage writes a line for every call to a CloudWatch log group, which the stack makes.
    #[serde(default)]
    #[schemars(example = true)]
    pub access_logs: AccessLogs,
    /// What API Gateway answers by itself, by the type of AWS's gateway response, such as `UNAUTHORIZED` or `DEFAULT_4XX`. With
    /// `cors`, each carries its headers, too.
    #[serde(default)]
    #[schemars(example = json!({ "UNAUTHORIZED": { "body": "{\"error\": $context.error.messageString}" } }))]
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
    /// A domain of your own.
    #[schemars(example = json!({ "name": "api.example.com", "certificate": "arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555" }))]
    pub domain: Option<ApiDomain>,
    /// An OpenAPI 3.0 or Swagger 2.0 document, in YAML or JSON, in the stack file's folder or below it: each of its operations is a
    /// route, and the keys of `[api.routes]` may be patterns over them. Left out: the routes are those of `[api.routes]`.
    #[schemars(example = &"PetStore.yaml")]
    pub openapi: Option<String>,
    /// `"METHOD /path"` = where its calls go. With `openapi`, `*` stands for any method, and in a path for any text, slashes included,
    /// as in `"POST /pets/*"`; of several patterns that match an operation, the most specific one that has a key counts.
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

impl Endpoint {
    /// The longest that API Gateway waits for a backend.
    pub(in crate::stack) fn longest_timeout(self) -> HumanDuration {
        match self {
            Self::Regional => route::LONGEST_TIMEOUT,
        }
    }
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
    /// The origins whose pages may call: one, a list of them, or `*` for any.
    #[schemars(example = ["https://shop.example.com", "https://admin.example.com"])]
    pub origin: Origins,
    /// Request headers a page may send. The default includes the authorizer's `header`.
    #[schemars(example = ["X-Api-Key", "X-Token"])]
    pub headers: BTreeSet<String>,
    /// How long a browser may keep a preflight's answer. Left out: as long as the browser does by itself.
    #[schemars(example = &"1h")]
    pub max_age: Option<HumanDuration>,
    /// Whether a page may call with the browser's cookies and client certificates. It needs listed origins.
    #[schemars(example = true)]
    pub credentials: bool,
    /// Response headers that a page may read, in answers of API Gateway itself: mocks and refusals. A backend sends its own
    /// `Access-Control-Expose-Headers`.
    #[schemars(example = ["X-Request-Id"])]
    pub expose_headers: BTreeSet<String>,
}

/// The origins whose pages may call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origins(pub BTreeSet<String>);

impl Origins {
    /// Whether any page may call.
    pub(in crate::stack) fn is_any(&self) -> bool {
        self.0.contains("*")
    }
}

impl Default for CorsSettings {
    fn default() -> Self {
        Self {
            origin: Origins(["*".to_owned()].into()),
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
            credentials: false,
            expose_headers: BTreeSet::new(),
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
    pub(in crate::stack) fn needs_token(&self) -> bool {
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

/// One route: exactly one of `http`, `function` and `mock`. A pattern over the operations of `openapi` may leave out any key.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The URL to call, with the same path parameters as the route. For an operation of `openapi`, one that ends in `/*` calls the
    /// operation's path there. Left out: `function` or `mock` answers.
    #[schemars(example = &"https://claims.example.com/claims")]
    pub http: Option<GatewayTemplate>,
    /// What the call goes through. Left out: the internet. Through the load balancer the URL's port has to be one of its
    /// listeners, and the URL's host is only what the backend reads in the `Host` header.
    #[schemars(example = &"load_balancer")]
    pub via: Option<Via>,
    /// The name of a table in `[functions]`: each call invokes that Lambda function, which gets the whole request and gives the whole
    /// answer. Left out: `http` is called, or `mock` answers.
    #[schemars(example = &"hello")]
    pub function: Option<String>,
    /// An answer without a backend: a status, or a status and a body. Left out: `http` or `function` is called.
    #[schemars(example = 200)]
    pub mock: Option<Mock>,
    /// What a caller needs, instead of the API's `requires`. Left out: the API's.
    #[schemars(example = &"nothing")]
    pub requires: Option<Requires>,
    /// The most that all callers together may call of this route, instead of the API's `throttle`. `ANY` counts each HTTP method
    /// separately. Left out: the API's.
    #[schemars(example = json!({ "rate": 5, "burst": 10 }))]
    pub throttle: Option<Throttle>,
    /// Headers for the backend, over those of the call: name = a text, or `{ from = "…" }` for what API Gateway takes from the call.
    #[serde(default)]
    #[schemars(example = json!({ "X-Tenant": "acme", "X-Caller": { "from": "context.authorizer.claims.client_id" } }))]
    pub send_headers: BTreeMap<String, HeaderValue>,
    /// How long the backend may take, 50 ms to 5 minutes. Above 29 s, AWS has to raise a quota of the account first.
    #[schemars(example = &"5s", extend("default" = Route::TIMEOUT))]
    pub timeout: Option<HumanDuration>,
}

impl Route {
    /// How long API Gateway waits for a backend unless told.
    pub const TIMEOUT: HumanDuration = route::TIMEOUT;

    /// What a caller of the route needs: its own requirements, or the API's.
    pub(in crate::stack) fn requires<'a>(&'a self, api: &'a Api) -> &'a Requires {
        let written = self.requires.as_ref().or(api.requires.as_ref());
        written.unwrap_or(&Requires::Nothing)
    }
}

/// A header's value: a text, or `{ from = "…" }`.
///
/// A text is always sent as it is. What is taken from the call is a table, so that no text can be mistaken for it, and it is
/// written as AWS's documentation, console and CloudFormation write it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HeaderValue {
    /// Always this text.
    Fixed(Template),
    /// What API Gateway's mapping expression says.
    From(String),
}

/// `[api.gateway_responses.TYPE]`: an answer of API Gateway's own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayResponse {
    /// The HTTP status. Left out: AWS's for the type.
    #[schemars(range(min = 200, max = 599))]
    #[schemars(example = 404)]
    pub status: Option<u16>,
    /// Headers: name = a text, or `{ from = "…" }` for what API Gateway takes from the call.
    #[serde(default)]
    #[schemars(example = json!({ "Retry-After": "60" }))]
    pub headers: BTreeMap<String, HeaderValue>,
    /// The JSON body, or a table of bodies by media type. API Gateway replaces variables such as `$context.error.messageString`,
    /// which has its own quotation marks, and nothing else. Left out: AWS's, with the member `message`.
    #[schemars(example = &"{\"error\": $context.error.messageString}")]
    pub body: Option<Bodies>,
}

/// Bodies by media type; a text is that for `application/json`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bodies(pub BTreeMap<String, GatewayTemplate>);

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
