//! An app client's secrets: at most two, for rotation.

use std::fmt;

use aws_facts::limits::cognito::MOST_CLIENT_SECRETS;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Operation};
use super::super::state::Region;
use super::client::{client, client_mut};
use super::{invalid, limit, not_found, nothing, one, pool, pool_mut};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("AddUserPoolClientSecret", add),
    Operation::read("ListUserPoolClientSecrets", list),
    Operation::change("DeleteUserPoolClientSecret", delete),
];

/// A client's secret.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Secret {
    id: String,
    value: String,
    created: f64,
}

impl fmt::Debug for Secret {
    /// Without the value.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Secret")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Secret {
    /// A secret made now, beside the client's `others`.
    pub(super) fn new(call: &Call, client: &str, value: String, others: &[Secret]) -> Self {
        let mut second = call.now.as_second();
        // AWS's ids carry the second of creation; two secrets of one second still need two ids.
        let mut id = format!("{client}--{second}");
        while others.iter().any(|other| other.id == id) {
            second += 1;
            id = format!("{client}--{second}");
        }
        Self {
            id,
            value,
            created: call.seconds(),
        }
    }

    pub(super) fn value(&self) -> &str {
        &self.value
    }

    fn shown(&self) -> Value {
        json!({"ClientSecretId": self.id, "ClientSecretCreateDate": self.created})
    }
}

/// The value comes back only when Cognito made it.
fn add(region: &mut Region, call: &Call) -> Answer {
    let client = client_mut(pool_mut(region, call)?, call)?;
    if client.secrets.is_empty() {
        return Err(invalid(
            "A client secret can't be added to a public client.",
        ));
    }
    if client.secrets.len() >= MOST_CLIENT_SECRETS {
        return Err(limit(format!(
            "An app client has at most {MOST_CLIENT_SECRETS} secrets."
        )));
    }
    let given = call
        .input
        .get("ClientSecret")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let generated = given.is_none();
    let value = given.unwrap_or_else(identifiers::client_secret);
    if client.secrets.iter().any(|secret| secret.value == value) {
        return Err(invalid("The client already has this secret."));
    }
    let secret = Secret::new(call, call.text("ClientId"), value, &client.secrets);
    let mut shown = secret.shown();
    if generated {
        shown["ClientSecretValue"] = json!(secret.value);
    }
    client.secrets.push(secret);
    one("ClientSecretDescriptor", shown)
}

/// Never with values, and never more than one page.
fn list(region: &Region, call: &Call) -> Answer {
    if call.input.contains_key("NextToken") {
        return Err(invalid("Invalid pagination token given."));
    }
    let secrets: Vec<Value> = client(pool(region, call)?, call)?
        .secrets
        .iter()
        .map(Secret::shown)
        .collect();
    one("ClientSecrets", secrets)
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let client = client_mut(pool_mut(region, call)?, call)?;
    let id = call.text("ClientSecretId");
    let Some(index) = client.secrets.iter().position(|secret| secret.id == id) else {
        return Err(not_found(format!("Client secret {id} does not exist.")));
    };
    if client.secrets.len() == 1 {
        return Err(invalid(
            "The last client secret of an app client can't be deleted.",
        ));
    }
    client.secrets.remove(index);
    nothing()
}
