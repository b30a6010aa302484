//! Resource servers and their scopes.

use aws_facts::limits::cognito::MOST_RESOURCE_SERVERS;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::{Pool, invalid, limit, not_found, nothing, one, page, pool, pool_mut};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateResourceServer", create),
    Operation::read("DescribeResourceServer", describe),
    Operation::change("UpdateResourceServer", update),
    Operation::change("DeleteResourceServer", delete),
    Operation::read("ListResourceServers", list),
];

/// A resource server, under its identifier.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ResourceServer {
    name: String,
    /// As `ResourceServerScopeType`.
    scopes: Vec<Value>,
}

/// Whether a resource server of the pool has the scope `identifier/name`.
pub(super) fn has_scope(pool: &Pool, scope: &str) -> bool {
    // A scope's name has no slash, an identifier may.
    scope.rsplit_once('/').is_some_and(|(identifier, name)| {
        let server = pool.resource_servers.get(identifier);
        server.is_some_and(|server| server.scopes.iter().any(|scope| scope["ScopeName"] == name))
    })
}

fn shown(call: &Call, identifier: &str, server: &ResourceServer) -> Value {
    json!({
        "UserPoolId": call.text("UserPoolId"),
        "Identifier": identifier,
        "Name": server.name,
        "Scopes": server.scopes,
    })
}

fn from(call: &Call) -> Result<ResourceServer, Refusal> {
    let scopes = call
        .input
        .get("Scopes")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    for (index, scope) in scopes.iter().enumerate() {
        if scopes[..index]
            .iter()
            .any(|other| other["ScopeName"] == scope["ScopeName"])
        {
            let name = scope["ScopeName"].as_str().unwrap_or_default();
            return Err(invalid(format!("Duplicate scope name: {name}")));
        }
    }
    Ok(ResourceServer {
        name: call.text("Name").to_owned(),
        scopes,
    })
}

fn none(call: &Call) -> Refusal {
    not_found(format!(
        "Resource server {} does not exist.",
        call.text("Identifier")
    ))
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let server = from(call)?;
    let pool = pool_mut(region, call)?;
    let identifier = call.text("Identifier");
    if pool.resource_servers.contains(identifier) {
        return Err(invalid(format!(
            "{identifier} already exists in user pool {}.",
            call.text("UserPoolId")
        )));
    }
    if pool.resource_servers.len() >= MOST_RESOURCE_SERVERS {
        return Err(limit(format!(
            "A user pool has at most {MOST_RESOURCE_SERVERS} resource servers."
        )));
    }
    let answer = one("ResourceServer", shown(call, identifier, &server));
    pool.resource_servers.insert(identifier, server);
    answer
}

fn describe(region: &Region, call: &Call) -> Answer {
    let identifier = call.text("Identifier");
    let server = pool(region, call)?
        .resource_servers
        .get(identifier)
        .ok_or_else(|| none(call))?;
    one("ResourceServer", shown(call, identifier, server))
}

/// Replaces the name and all scopes. A deleted scope stays on the clients that have it, without effect.
fn update(region: &mut Region, call: &Call) -> Answer {
    let updated = from(call)?;
    let identifier = call.text("Identifier");
    let server = pool_mut(region, call)?
        .resource_servers
        .get_mut(identifier)
        .ok_or_else(|| none(call))?;
    *server = updated;
    one("ResourceServer", shown(call, identifier, server))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    if pool_mut(region, call)?
        .resource_servers
        .remove(call.text("Identifier"))
    {
        nothing()
    } else {
        Err(none(call))
    }
}

fn list(region: &Region, call: &Call) -> Answer {
    let servers = &pool(region, call)?.resource_servers;
    page(
        call,
        "ResourceServers",
        servers
            .iter()
            .map(|(identifier, server)| (identifier, shown(call, identifier, server))),
        50,
    )
}
