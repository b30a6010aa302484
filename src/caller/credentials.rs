use crate::aws::{AwsError, Connection, ListedSecret};
use crate::model::Secret;

use super::{Front, Known};

/// What somebody calls with. Read live where it is needed, and kept in memory only.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The app client's id; empty without a client.
    pub client_id: String,
    /// The app client's secret; none for a client without one, and without a client.
    pub client_secret: Option<Secret>,
    /// The API key's value; none without a key.
    pub api_key: Option<Secret>,
}

/// Reads somebody's credentials from AWS. What is not applied yet is left out.
///
/// # Errors
/// AWS's refusal: the client or the key is gone, or the caller may not read them.
pub async fn credentials(
    connection: &Connection,
    front: &Front,
    known: &Known,
) -> Result<Credentials, AwsError> {
    let reader = connection.credentials();
    let client_secret = match (&front.user_pool_id, &known.client_id) {
        (Some(pool), Some(client)) => reader.client_secret(pool, client).await?,
        _ => None,
    };
    let api_key = match &known.api_key_id {
        Some(id) => reader.api_key(id).await?,
        None => None,
    };
    Ok(Credentials {
        client_id: known.client_id.clone().unwrap_or_default(),
        client_secret,
        api_key,
    })
}

/// When each secret of somebody's app client was made, the oldest first; none without a client that has one.
///
/// # Errors
/// AWS's refusal: the client is gone, or the caller may not read it.
pub async fn client_secrets(
    connection: &Connection,
    front: &Front,
    known: &Known,
) -> Result<Vec<ListedSecret>, AwsError> {
    match (&front.user_pool_id, &known.client_id) {
        (Some(pool), Some(client)) if known.has_secret => {
            connection.credentials().client_secrets(pool, client).await
        }
        _ => Ok(Vec::new()),
    }
}
