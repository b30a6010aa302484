//! `[plans]`, `[api_keys]` and `[partners]`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::pool::refresh_token_only;
use super::{AuthFlow, Throttle, TokenLifetimes, yes};
use crate::stack::template::Template;

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
    /// `"METHOD /path"` = how fast each key may call that route, instead of the plan's `throttle`. The name is that of a route in
    /// `[api.routes]`; `ANY` counts each HTTP method separately.
    #[schemars(example = json!({ "GET /": { "rate": 1, "burst": 2 } }))]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<String, Throttle>,
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
    /// The day on which the period begins: of a week 0 to 6, where 0 is Sunday; of a month 0 to 27, where 0 is the 1st; of a day
    /// only 0. Left out: 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 0, max = 27))]
    #[schemars(example = 1)]
    pub offset: u32,
}

fn is_zero(offset: &u32) -> bool {
    *offset == 0
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

    /// Its word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The last day on which it may begin.
    ///
    /// Source: terraform-provider-aws, `validUsagePlanQuotaSettings`; AWS documents no range.
    pub fn last_offset(self) -> u32 {
        match self {
            Self::Day => 0,
            Self::Week => 6,
            Self::Month => 27,
        }
    }
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
    /// Where the key's value is: `env:NAME`, an environment variable of the apply that creates it; `ssm:NAME`, a parameter of
    /// Systems Manager; `secretsmanager:NAME`, a secret, or with `#MEMBER` a member of the JSON object in it. It has 20 to 128
    /// characters. It is read only when the key is created: AWS can't change it afterwards. Left out: AWS makes the value of a
    /// new key, and an existing key keeps its own.
    #[schemars(example = &"secretsmanager:batch#api_key")]
    pub key: Option<String>,
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
    /// Where the API key's value is: `env:NAME`, an environment variable of the apply that creates it; `ssm:NAME`, a parameter of
    /// Systems Manager; `secretsmanager:NAME`, a secret, or with `#MEMBER` a member of the JSON object in it. It has 20 to 128
    /// characters. It is read only when the key is created: AWS can't change it afterwards. Left out: AWS makes the value of a
    /// new key, and an existing key keeps its own.
    #[schemars(example = &"secretsmanager:partners/acme")]
    pub key: Option<String>,
    /// The stack that makes this partner under the same name and owns its client and API key: here the key is only put on the
    /// plan. Nothing but `plan` can be set then. Left out: this stack makes the partner.
    #[schemars(example = &"claims")]
    pub of: Option<String>,
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
