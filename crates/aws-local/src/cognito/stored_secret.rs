//! App clients' secrets that Cognito keeps in Secrets Manager.
//!
//! Written from the member `PublishSecretsInAWSSecretsManager` of CreateUserPoolClient and UpdateUserPoolClient (Amazon Cognito API
//! reference). AWS does not publish the names of such secrets. The rotation every seven days doesn't take place here.

use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Call, Refusal};
use super::super::state::Region;
use super::client_secret::Secret;
use super::{invalid, pool_mut};

/// Moves the secret of a client to Secrets Manager or back, as the call wants; without a word in the call it stays where it is.
///
/// # Errors
/// The client has no secret to move.
pub(super) fn keep(region: &mut Region, call: &Call, id: &str) -> Result<(), Refusal> {
    let Some(publish) = call
        .input
        .get("PublishSecretsInAWSSecretsManager")
        .and_then(Value::as_bool)
    else {
        return Ok(());
    };
    let Some(client) = pool_mut(region, call)?.clients.get_mut(id) else {
        return Ok(());
    };
    if client.secrets.is_empty() {
        return Err(invalid(
            "PublishSecretsInAWSSecretsManager needs an app client with a secret.",
        ));
    }
    if !publish {
        if let Some(arn) = client.stored.take() {
            region.secretsmanager.forget(&arn);
        }
        return Ok(());
    }
    if client.stored.is_some() {
        return Ok(());
    }
    // The first rotation is at once; of two secrets it deletes the older one.
    if client.secrets.len() > 1 {
        client.secrets.remove(0);
    }
    let value = identifiers::client_secret();
    let secret = Secret::new(call, id, value.clone(), &client.secrets);
    client.secrets.push(secret);
    let user_pool = call.text("UserPoolId").to_owned();
    let content = json!({
        "userPoolId": user_pool,
        "userPoolClientId": id,
        "clientSecretValue": value,
    });
    let name = format!("cognito-idp/{user_pool}/{id}");
    let arn = region.secretsmanager.keep(call, &name, content.to_string());
    if let Some(client) = pool_mut(region, call)?.clients.get_mut(id) {
        client.stored = Some(arn);
    }
    Ok(())
}
