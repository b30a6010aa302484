//! `[user_pool]` and what stands in it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{OwnDomain, yes};
use crate::model::HumanDuration;
use crate::stack::template::Template;

/// `[user_pool]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPool {
    /// The pool's name, 1 to 128 characters. Left out: only with `existing`.
    #[schemars(example = &"hello")]
    pub name: Option<Template>,
    /// The id or the name of a pool of another stack, or one made by hand, that this stack uses and never changes: its resource
    /// servers, app clients and partners stand in it. Nothing else can be set then. Left out: the stack makes a pool.
    #[schemars(example = &"eu-central-1_AbCdEfGhI")]
    pub existing: Option<String>,
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
    /// Whether another stack makes it in the same pool: its scopes can be listed here, and nothing of it is changed. Nothing but
    /// `identifier` can be set then. Left out: this stack makes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(example = true)]
    pub existing: bool,
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

/// What a client may do through Cognito's own API unless the file says otherwise.
pub(super) fn refresh_token_only() -> BTreeSet<AuthFlow> {
    [AuthFlow::RefreshToken].into()
}
