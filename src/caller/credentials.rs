use crate::aws::{AwsError, Connection, ListedSecret};
use crate::model::Secret;

use super::{ClientView, Known};

/// A caller's credentials, read from AWS when needed and kept in memory only.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The app client's id; empty without a client.
    pub client_id: String,
    /// The app client's secret; none for a client without one, and without a client.
    pub client_secret: Option<Secret>,
    /// The ARN of the secret in Secrets Manager that holds the client's secret, if Cognito keeps it there and rotates it.
    pub stored_at: Option<String>,
    /// The value of the newest API key; none without a key.
    pub api_key: Option<Secret>,
}

impl Credentials {
    /// A message about a client secret that Cognito rotates; `None` for any other.
    pub fn rotation(&self, address: &str) -> Option<String> {
        let arn = self.stored_at.as_deref()?;
        Some(format!(
            "Cognito rotates the client secret of {address} in Secrets Manager, every 7 days by default, and keeps two: a copy              of it stops working at the second rotation. Hand it over after each one, or let the partner read {arn}"
        ))
    }
}

/// Reads a caller's credentials from AWS, without what is not applied yet.
///
/// # Errors
/// The client or the key doesn't exist, or the read is denied.
pub async fn credentials(
    connection: &Connection,
    view: &ClientView,
    known: &Known,
) -> Result<Credentials, AwsError> {
    let reader = connection.credentials();
    let client_secret = match (&view.user_pool_id, &known.client_id) {
        (Some(pool), Some(client)) => reader.client_secret(pool, client).await?,
        _ => None,
    };
    let api_key = match known.api_key_id() {
        Some(id) => reader.api_key(id).await?,
        None => None,
    };
    Ok(Credentials {
        client_id: known.client_id.clone().unwrap_or_default(),
        stored_at: client_secret
            .as_ref()
            .and_then(|secret| secret.stored_at.clone()),
        client_secret: client_secret.map(|secret| secret.value),
        api_key,
    })
}

/// When each secret of a caller's app client was created, the oldest first; none without a client that has one, and none if Cognito
/// rotates them.
///
/// # Errors
/// The client doesn't exist, or the read is denied.
pub async fn client_secrets(
    connection: &Connection,
    view: &ClientView,
    known: &Known,
) -> Result<Vec<ListedSecret>, AwsError> {
    match (&view.user_pool_id, &known.client_id) {
        (Some(pool), Some(client)) if known.has_secret => {
            connection.credentials().client_secrets(pool, client).await
        }
        _ => Ok(Vec::new()),
    }
}
