//! Cognito user pools: the control plane. Pools, their app clients and secrets, resource servers, domains, groups, tags and branding.
//!
//! It also issues machines' tokens, for its operation `GetClientToken` and for the data plane's token endpoint. Users, identity
//! providers and the sign-in operations are not here: they answer 501 by name.

mod branding;
mod client;
mod client_rules;
mod client_secret;
mod client_token;
mod domain;
mod group;
mod identity_provider;
mod mfa;
mod pool;
mod pool_settings;
mod resource_server;
mod schema;
mod signing;
mod stored_secret;
mod tags;
#[cfg(test)]
mod tests;
mod tokens;
mod ui_customization;

use std::collections::BTreeMap;

use aws_facts::arns;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::members::{self, nothing, one};
use super::operation::{Answer, Call, Object, Operation, Refusal};
use super::paging;
use super::state::Region;
use super::table::Table;

pub(super) use domain::using_certificate;
pub(super) use tags::tagged;
pub(super) use tokens::{Asked, Denied, Grant, Issued};

/// Cognito user pools in one Region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pools: Table<Pool>,
}

/// One user pool and everything in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pool {
    name: String,
    created: f64,
    modified: f64,
    tier: String,
    /// The settings that an update replaces, as members of `UserPoolType`, with their defaults.
    settings: Object,
    /// The settings that only creation sets, as members of `UserPoolType`.
    fixed: Object,
    /// Standard and custom attributes, as `SchemaAttributeType`.
    schema: Vec<Object>,
    tags: BTreeMap<String, String>,
    /// The settings that only `SetUserPoolMfaConfig` sets, as members of its response.
    mfa: Object,
    clients: Table<client::Client>,
    resource_servers: Table<resource_server::ResourceServer>,
    domains: Table<domain::Domain>,
    groups: Table<group::Group>,
    #[serde(default)]
    identity_providers: Table<identity_provider::IdentityProvider>,
    brandings: Table<branding::Branding>,
    ui_customizations: Table<ui_customization::UiCustomization>,
    #[serde(default)]
    keys: signing::Keys,
}

/// The operations the local Cognito has.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    pool::OPERATIONS,
    schema::OPERATIONS,
    mfa::OPERATIONS,
    client::OPERATIONS,
    client_secret::OPERATIONS,
    resource_server::OPERATIONS,
    domain::OPERATIONS,
    group::OPERATIONS,
    identity_provider::OPERATIONS,
    tags::OPERATIONS,
    branding::OPERATIONS,
    ui_customization::OPERATIONS,
    client_token::OPERATIONS,
];

/// The pool that the call names.
fn pool<'r>(region: &'r Region, call: &Call) -> Result<&'r Pool, Refusal> {
    let id = call.text("UserPoolId");
    region.cognito.pools.get(id).ok_or_else(|| no_pool(id))
}

/// The pool that the call names, to change it.
fn pool_mut<'r>(region: &'r mut Region, call: &Call) -> Result<&'r mut Pool, Refusal> {
    let id = call.text("UserPoolId");
    region.cognito.pools.get_mut(id).ok_or_else(|| no_pool(id))
}

fn no_pool(id: &str) -> Refusal {
    not_found(format!("User pool {id} does not exist."))
}

fn pool_arn(call: &Call, id: &str) -> String {
    arns::user_pool(&call.region, &call.account, id)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameterException", message)
}

fn not_found(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ResourceNotFoundException", message)
}

/// A resource quota is reached. Not a throttle: a retry doesn't help.
fn limit(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "LimitExceededException", message)
}

fn not_in_tier(feature: &str, tier: &str) -> Refusal {
    let message = format!("{feature} is not available in the {tier} feature plan.");
    Refusal::new(400, "FeatureUnavailableInTierException", message)
}

/// A page of rows under `member`, with the members `MaxResults` (or `Limit`) and `NextToken` that Cognito's lists share.
fn page<'k>(
    call: &Call,
    member: &str,
    rows: impl Iterator<Item = (&'k str, Value)>,
    greatest: u64,
) -> Answer {
    let asked = ["MaxResults", "Limit"]
        .iter()
        .find_map(|size| call.input.get(*size)?.as_u64());
    // A limit of zero is no limit.
    let size = asked
        .filter(|size| *size > 0)
        .unwrap_or(greatest)
        .min(greatest);
    let list = format!("{} {}", call.operation, call.text("UserPoolId"));
    let token = call.input.get("NextToken").and_then(Value::as_str);
    let (rows, next) = paging::page(
        &list,
        rows,
        usize::try_from(size).unwrap_or(usize::MAX),
        token,
    )
    .map_err(|paging::InvalidToken| invalid("Invalid pagination token given."))?;
    Ok(Object::from_iter([
        (member.to_owned(), json!(rows)),
        ("NextToken".to_owned(), json!(next)),
    ]))
}

/// The texts of a list, each once, in the order they came.
fn texts<'v>(input: &'v Object, name: &str) -> Vec<&'v str> {
    let mut texts = Vec::new();
    for text in members::texts(input, name) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// The members of `input` with these names.
fn pick(input: &Object, names: &[&str]) -> Object {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), input.get(*name)?.clone())))
        .collect()
}

/// Puts a default under each name that `members` does not have.
fn fill(members: &mut Object, defaults: Value) {
    let Value::Object(defaults) = defaults else {
        return;
    };
    for (name, value) in defaults {
        members.entry(name).or_insert(value);
    }
}
