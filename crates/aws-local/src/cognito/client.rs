//! App clients.

use aws_facts::limits::cognito::MOST_APP_CLIENTS;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::client_secret::Secret;
use super::{
    Pool, client_rules, fill, invalid, limit, not_found, nothing, one, page, pick, pool, pool_mut,
    stored_secret,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateUserPoolClient", create),
    Operation::read("DescribeUserPoolClient", describe),
    Operation::change("UpdateUserPoolClient", update),
    Operation::change("DeleteUserPoolClient", delete),
    Operation::read("ListUserPoolClients", list),
];

/// The members of `UserPoolClientType` that an update replaces; lists first, which AWS returns only when they are not empty.
const LISTS: &[&str] = &[
    "ReadAttributes",
    "WriteAttributes",
    "ExplicitAuthFlows",
    "SupportedIdentityProviders",
    "CallbackURLs",
    "LogoutURLs",
    "AllowedOAuthFlows",
    "AllowedOAuthScopes",
];
const SETTINGS: &[&str] = &[
    "RefreshTokenValidity",
    "AccessTokenValidity",
    "IdTokenValidity",
    "TokenValidityUnits",
    "DefaultRedirectURI",
    "AllowedOAuthFlowsUserPoolClient",
    "AnalyticsConfiguration",
    "PreventUserExistenceErrors",
    "EnableTokenRevocation",
    "EnablePropagateAdditionalUserContextData",
    "AuthSessionValidity",
    "RefreshTokenRotation",
];

/// An app client, under its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Client {
    name: String,
    created: f64,
    modified: f64,
    /// The replaceable members, with the defaults that AWS shows.
    pub(super) settings: Object,
    /// In the order they were made. None for a public client.
    pub(super) secrets: Vec<Secret>,
    /// The ARN of the secret in Secrets Manager with the newest value, if Cognito keeps it there.
    #[serde(default)]
    pub(super) stored: Option<String>,
}

impl Client {
    fn shown(&self, call: &Call, id: &str) -> Value {
        let mut members = self.settings.clone();
        fill(
            &mut members,
            json!({
                "UserPoolId": call.text("UserPoolId"),
                "ClientId": id,
                "ClientName": self.name,
                "CreationDate": self.created,
                "LastModifiedDate": self.modified,
                "ClientType": "REGULAR",
            }),
        );
        let (name, value) = match &self.stored {
            Some(arn) => ("ClientSecretArn", Some(arn.as_str())),
            None => ("ClientSecret", self.secrets.first().map(Secret::value)),
        };
        fill(&mut members, json!({ name: value }));
        Value::Object(members)
    }
}

/// The client that the call names.
pub(super) fn client<'p>(pool: &'p Pool, call: &Call) -> Result<&'p Client, Refusal> {
    pool.clients
        .get(call.text("ClientId"))
        .ok_or_else(|| none(call))
}

/// The client that the call names, to change it.
pub(super) fn client_mut<'p>(pool: &'p mut Pool, call: &Call) -> Result<&'p mut Client, Refusal> {
    pool.clients
        .get_mut(call.text("ClientId"))
        .ok_or_else(|| none(call))
}

/// The client with this id in the pool that the call names.
fn client_of<'r>(region: &'r Region, call: &Call, id: &str) -> Result<&'r Client, Refusal> {
    pool(region, call)?
        .clients
        .get(id)
        .ok_or_else(|| none(call))
}

fn none(call: &Call) -> Refusal {
    not_found(format!(
        "User pool client {} does not exist.",
        call.text("ClientId")
    ))
}

/// The settings of a client from an input, with AWS's defaults.
///
/// AWS returns only some of its defaults. A client without `ExplicitAuthFlows` allows refresh tokens, SRP and custom flows, and
/// one without `AccessTokenValidity` has an hour, but neither member comes back.
fn settings(input: &Object) -> Object {
    let mut settings = pick(input, SETTINGS);
    for list in LISTS {
        let texts = super::texts(input, list);
        if !texts.is_empty() {
            settings.insert((*list).to_owned(), json!(texts));
        }
    }
    // Zero means the default.
    settings.retain(|name, value| name != "RefreshTokenValidity" || *value != 0);
    fill(
        &mut settings,
        json!({
            "RefreshTokenValidity": 30,
            "TokenValidityUnits": {},
            "AllowedOAuthFlowsUserPoolClient": false,
            "EnableTokenRevocation": true,
            "EnablePropagateAdditionalUserContextData": false,
            "AuthSessionValidity": 3,
        }),
    );
    settings
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let pool = pool_mut(region, call)?;
    if pool.clients.len() >= MOST_APP_CLIENTS {
        return Err(limit(format!(
            "Maximum number of clients in a user pool is {MOST_APP_CLIENTS}."
        )));
    }
    let id = identifiers::user_pool_client();
    let generate = call.input.get("GenerateSecret") == Some(&json!(true));
    let secret = match call.input.get("ClientSecret").and_then(Value::as_str) {
        Some(_) if generate => {
            return Err(invalid(
                "GenerateSecret can't be true when a ClientSecret is given.",
            ));
        }
        Some(value) => Some(value.to_owned()),
        None => generate.then(identifiers::client_secret),
    };
    let client = Client {
        name: call.text("ClientName").to_owned(),
        created: call.seconds(),
        modified: call.seconds(),
        settings: settings(&call.input),
        secrets: secret
            .map(|value| Secret::new(call, &id, value, &[]))
            .into_iter()
            .collect(),
        stored: None,
    };
    client_rules::check(pool, call, &client.settings, !client.secrets.is_empty())?;
    pool.clients.insert(&id, client);
    if generate {
        stored_secret::keep(region, call, &id)?;
    }
    one(
        "UserPoolClient",
        client_of(region, call, &id)?.shown(call, &id),
    )
}

fn describe(region: &Region, call: &Call) -> Answer {
    one(
        "UserPoolClient",
        client(pool(region, call)?, call)?.shown(call, call.text("ClientId")),
    )
}

/// Cognito's update replaces: what is not sent is reset to its default. Only the name and the secrets stay.
fn update(region: &mut Region, call: &Call) -> Answer {
    let pool = pool_mut(region, call)?;
    let settings = settings(&call.input);
    client_rules::check(
        pool,
        call,
        &settings,
        !client(pool, call)?.secrets.is_empty(),
    )?;
    let client = client_mut(pool, call)?;
    client.settings = settings;
    client.modified = call.seconds();
    if let Some(name) = call.input.get("ClientName").and_then(Value::as_str) {
        client.name = name.to_owned();
    }
    let id = call.text("ClientId");
    stored_secret::keep(region, call, id)?;
    one(
        "UserPoolClient",
        client_of(region, call, id)?.shown(call, id),
    )
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let stored = client(pool(region, call)?, call)?.stored.clone();
    if let Some(arn) = stored {
        region.secretsmanager.forget(&arn);
    }
    let pool = pool_mut(region, call)?;
    let id = call.text("ClientId");
    pool.clients.remove(id);
    pool.ui_customizations.remove(id);
    pool.brandings.retain(|_, branding| branding.client != id);
    nothing()
}

/// Names and ids only; the rest is in each client's description.
fn list(region: &Region, call: &Call) -> Answer {
    let rows = pool(region, call)?.clients.iter().map(|(id, client)| {
        (id, json!({"ClientId": id, "ClientName": client.name, "UserPoolId": call.text("UserPoolId")}))
    });
    page(call, "UserPoolClients", rows, 60)
}
