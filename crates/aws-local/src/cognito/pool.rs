//! User pools themselves.

use aws_facts::limits::cognito::MOST_USER_POOLS;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::super::table::Table;
use super::signing::Keys;
use super::{
    Pool, domain, invalid, limit, nothing, one, page, pick, pool, pool_arn, pool_mut,
    pool_settings, schema, tags, texts,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateUserPool", create),
    Operation::read("DescribeUserPool", describe),
    Operation::change("UpdateUserPool", update),
    Operation::change("DeleteUserPool", delete),
    Operation::read("ListUserPools", list),
];

const DEFAULT_TIER: &str = "ESSENTIALS";

fn create(region: &mut Region, call: &Call) -> Answer {
    if region.cognito.pools.len() >= MOST_USER_POOLS {
        return Err(limit(
            "The maximum number of user pools in this account and Region is reached.",
        ));
    }
    if ["AliasAttributes", "UsernameAttributes"]
        .iter()
        .all(|name| !texts(&call.input, name).is_empty())
    {
        return Err(invalid(
            "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.",
        ));
    }
    let tier = call
        .input
        .get("UserPoolTier")
        .and_then(Value::as_str)
        .unwrap_or(DEFAULT_TIER)
        .to_owned();
    let created = Pool {
        name: call.text("PoolName").to_owned(),
        created: call.seconds(),
        modified: call.seconds(),
        settings: pool_settings::from(&call.input, &tier, None)?,
        tier,
        fixed: pick(
            &call.input,
            &[
                "AliasAttributes",
                "UsernameAttributes",
                "UsernameConfiguration",
            ],
        ),
        schema: schema::of_new_pool(&call.input)?,
        tags: tags::checked(call, "UserPoolTags")?,
        mfa: Object::new(),
        clients: Table::default(),
        resource_servers: Table::default(),
        domains: Table::default(),
        groups: Table::default(),
        identity_providers: Table::default(),
        brandings: Table::default(),
        ui_customizations: Table::default(),
        keys: Keys::default(),
    };
    let id = identifiers::user_pool(&call.region);
    let shown = shown(&created, &id, call);
    region.cognito.pools.insert(&id, created);
    one("UserPool", shown)
}

fn describe(region: &Region, call: &Call) -> Answer {
    one(
        "UserPool",
        shown(pool(region, call)?, call.text("UserPoolId"), call),
    )
}

/// Cognito's update replaces: what is not sent is reset to its default, the tags included (Amazon Cognito API reference,
/// "UpdateUserPool"). Only the name, the feature plan and (as Terraform found) the settings for attribute updates stay.
fn update(region: &mut Region, call: &Call) -> Answer {
    let pool = pool_mut(region, call)?;
    let tier = call
        .input
        .get("UserPoolTier")
        .and_then(Value::as_str)
        .unwrap_or(&pool.tier)
        .to_owned();
    pool.settings = pool_settings::from(&call.input, &tier, Some(pool))?;
    pool.tier = tier;
    pool.tags = tags::checked(call, "UserPoolTags")?;
    if let Some(name) = call.input.get("PoolName").and_then(Value::as_str) {
        pool.name = name.to_owned();
    }
    pool.modified = call.seconds();
    nothing()
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let found = pool(region, call)?;
    if found
        .settings
        .get("DeletionProtection")
        .and_then(Value::as_str)
        == Some("ACTIVE")
    {
        return Err(invalid(
            "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.",
        ));
    }
    if found.domains.values().any(|domain| domain.exists(call)) {
        return Err(invalid(
            "User pool cannot be deleted. It has a domain configured that should be deleted first.",
        ));
    }
    let clients = found.clients.values();
    let stored: Vec<String> = clients.filter_map(|client| client.stored.clone()).collect();
    for arn in stored {
        region.secretsmanager.forget(&arn);
    }
    region.cognito.pools.remove(call.text("UserPoolId"));
    nothing()
}

fn list(region: &Region, call: &Call) -> Answer {
    let rows = region.cognito.pools.iter().map(|(id, pool)| {
        let row = json!({
            "Id": id,
            "Name": pool.name,
            "LambdaConfig": pool.settings.get("LambdaConfig"),
            "LastModifiedDate": pool.modified,
            "CreationDate": pool.created,
        });
        (id, row)
    });
    page(call, "UserPools", rows, 60)
}

/// A pool as `UserPoolType`.
fn shown(pool: &Pool, id: &str, call: &Call) -> Value {
    let mut members = Object::from_iter([
        ("Id".to_owned(), json!(id)),
        ("Name".to_owned(), json!(pool.name)),
        ("Arn".to_owned(), json!(pool_arn(call, id))),
        ("CreationDate".to_owned(), json!(pool.created)),
        ("LastModifiedDate".to_owned(), json!(pool.modified)),
        ("UserPoolTier".to_owned(), json!(pool.tier)),
        ("SchemaAttributes".to_owned(), json!(pool.schema)),
        ("UserPoolTags".to_owned(), json!(pool.tags)),
        ("EstimatedNumberOfUsers".to_owned(), json!(0)),
        ("Domain".to_owned(), json!(domain::name(pool, call, false))),
        (
            "CustomDomain".to_owned(),
            json!(domain::name(pool, call, true)),
        ),
    ]);
    members.extend(pool.settings.clone());
    members.extend(pool.fixed.clone());
    Value::Object(members)
}
