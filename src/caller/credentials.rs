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
    /// The value of the newest API key; none without a key.
    pub api_key: Option<Secret>,
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
        client_secret,
        api_key,
    })
}

/// When each secret of a caller's app client was created, the oldest first; none without a client that has one.
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
