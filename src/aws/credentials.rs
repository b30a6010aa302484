//! The reads that hand secrets out. Plans and applies have no way to them: they hold a [`Reader`](super::Reader) or a
//! [`Writer`](super::Writer), and only a command whose purpose is to call with credentials or to hand them over makes one
//! of these.

use std::time::Duration;

use super::connection::{Connection, Reader};
use super::error::AwsError;
use super::pace::{Operation, Service};
use crate::model::Secret;

/// Reads secrets live, anew each time; nothing is kept.
#[derive(Clone, Debug)]
pub struct CredentialReader(Reader);

/// An access token that Cognito's own API gave out, in place of the token endpoint of a domain.
#[derive(Clone, Debug)]
pub struct ClientToken {
    /// The token.
    pub value: Secret,
    /// How long it is valid from now on.
    pub expires_in: Duration,
}

impl Connection {
    /// A reader of secrets.
    pub fn credentials(&self) -> CredentialReader {
        CredentialReader(self.reader())
    }
}

impl CredentialReader {
    /// The secret of an app client; `None` for a client without one.
    ///
    /// # Errors
    /// AWS's refusal: the client is gone, or the caller may not read it.
    pub async fn client_secret(
        &self,
        pool: &str,
        client: &str,
    ) -> Result<Option<Secret>, AwsError> {
        let request = self
            .0
            .cognito_client()
            .describe_user_pool_client()
            .user_pool_id(pool)
            .client_id(client);
        let operation = Operation::cognito("DescribeUserPoolClient", pool);
        let answer = self.0.call(operation, request.send()).await?;
        let client = answer.user_pool_client;
        Ok(client
            .and_then(|client| client.client_secret)
            .map(Secret::new))
    }

    /// The value of an API key.
    ///
    /// # Errors
    /// AWS's refusal: the key is gone, or the caller may not read it.
    pub async fn api_key(&self, id: &str) -> Result<Option<Secret>, AwsError> {
        let request = self
            .0
            .apigateway_client()
            .get_api_key()
            .api_key(id)
            .include_value(true);
        let operation = Operation::apigateway("GetApiKey");
        let answer = self.0.call(operation, request.send()).await?;
        Ok(answer.value.map(Secret::new))
    }

    /// An access token without the pool's domain; no scope asks for all that the client may have. The client needs the
    /// authentication flow `ALLOW_CLIENT_TOKEN_AUTH` (Amazon Cognito API reference, "GetClientToken").
    ///
    /// # Errors
    /// AWS's refusal.
    pub async fn client_token(
        &self,
        client: &str,
        secret: &Secret,
        scopes: &[String],
    ) -> Result<ClientToken, AwsError> {
        let request = self
            .0
            .cognito_client()
            .get_client_token()
            .client_id(client)
            .secret(secret.expose())
            .set_scopes((!scopes.is_empty()).then(|| scopes.to_vec()));
        let operation = Operation::of(Service::Cognito, "GetClientToken");
        let answer = self.0.call(operation, request.send()).await?;
        let result = answer.client_authentication_result;
        let expires_in = result.as_ref().map_or(0, |result| result.expires_in);
        match result.and_then(|result| result.access_token) {
            Some(token) => Ok(ClientToken {
                value: Secret::new(token),
                expires_in: Duration::from_secs(u64::try_from(expires_in).unwrap_or(0)),
            }),
            None => Err(AwsError::unknown(
                "GetClientToken",
                "the answer holds no access token",
            )),
        }
    }
}
