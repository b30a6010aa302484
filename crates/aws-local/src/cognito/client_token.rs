//! `GetClientToken`: a machine's token from Cognito's own endpoint, without a domain. It needs only a client's secret.

use serde_json::{Value, json};

use super::super::operation::{Answer, Call, First, Object, Operation, Refusal};
use super::super::state::{Region, State};
use super::{Asked, Denied, Grant, invalid, not_found, one, texts};

pub(super) const OPERATIONS: &[Operation] = &[Operation::read("GetClientToken", token)
    .after(First {
        missing: |region, call| {
            let pool = region.cognito.pool_of_client(call.text("ClientId"));
            pool.is_some_and(|pool| region.cognito.lacks_access_key(pool))
        },
        make: |region, call| {
            let pool = region.cognito.pool_of_client(call.text("ClientId"));
            let pool = pool.ok_or_else(|| no_client(call))?.to_owned();
            region.cognito.make_access_key(&pool)
        },
    })
    .unsigned(region_of_client)];

fn region_of_client(state: &State, input: &Object) -> Option<String> {
    let client = input.get("ClientId").and_then(Value::as_str)?;
    let mut regions = state.regions.iter();
    let found = regions.find(|(_, region)| region.cognito.pool_of_client(client).is_some());
    found.map(|(name, _)| name.to_owned())
}

fn no_client(call: &Call) -> Refusal {
    let client = call.text("ClientId");
    not_found(format!("User pool client {client} does not exist."))
}

/// AWS documents its error codes but not the messages.
fn token(region: &Region, call: &Call) -> Answer {
    let client = call.text("ClientId");
    let pool = region.cognito.pool_of_client(client);
    let pool = pool.ok_or_else(|| no_client(call))?;
    let asked = Asked {
        client,
        secret: Some(call.text("Secret")),
        scopes: &texts(&call.input, "Scopes"),
    };
    let here = (call.region.as_str(), pool);
    let issued = region
        .cognito
        .token(here, Grant::ClientTokenAuth, &asked, call.now);
    let issued = issued.map_err(|denied| match denied {
        Denied::NoClient => no_client(call),
        Denied::Secret => Refusal::new(400, "NotAuthorizedException", "Invalid client secret."),
        Denied::Grant => invalid("ALLOW_CLIENT_TOKEN_AUTH flow is not enabled for this client."),
        Denied::Scope(scope) => invalid(format!("Invalid scope requested: {scope}")),
        Denied::Refused(refusal) => refusal,
    })?;
    one(
        "ClientAuthenticationResult",
        json!({
            "AccessToken": issued.token,
            "ExpiresIn": issued.expires_in,
            "TokenType": "Bearer",
        }),
    )
}
