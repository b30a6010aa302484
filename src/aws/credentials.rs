//! The reads that return secrets. Plans and steps can't use them: they have a [`Reader`](super::Reader) or a
//! [`Writer`](super::Writer). A command that calls with credentials or exports them makes one of these, and so does a run that
//! creates an API key with a given value, right before its first step.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::carry::Answer;
use super::connection::{Connection, Reader};
use super::error::AwsError;
use super::pace::{Operation, Service};
use crate::model::Secret;

/// Reads secrets, without a cache.
#[derive(Clone, Debug)]
pub struct CredentialReader(Reader);

/// The member of an app client's description that is newer than the SDK's type of it.
pub(super) const CLIENT_SECRET_ARN: &str = "/UserPoolClient/ClientSecretArn";

/// What Cognito keeps in Secrets Manager for a client.
#[derive(Deserialize)]
struct StoredSecret {
    #[serde(rename = "clientSecretValue")]
    value: String,
}

/// What an app client's description has of its secret.
enum Shown {
    Value(Secret),
    /// The ARN of the secret in Secrets Manager that holds it.
    StoredAt(String),
}

/// The secret of an app client.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    /// Its value.
    pub value: Secret,
    /// The ARN of the secret in Secrets Manager that holds it. Cognito rotates it, every seven days by default.
    pub stored_at: Option<String>,
}

/// A client's secret in lists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListedSecret {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub made: Option<Timestamp>,
}

/// An access token from Cognito's own API, instead of the token endpoint of a domain.
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
    /// The secret of an app client; `None` for a client without one. If it is stored in Secrets Manager, Cognito returns that
    /// secret's ARN instead.
    ///
    /// # Errors
    /// The client or its secret doesn't exist, or the read is denied.
    pub async fn client_secret(
        &self,
        pool: &str,
        client: &str,
    ) -> Result<Option<ClientSecret>, AwsError> {
        match self.shown_client_secret(pool, client).await? {
            Some(Shown::Value(value)) => Ok(Some(ClientSecret {
                value,
                stored_at: None,
            })),
            Some(Shown::StoredAt(arn)) => Ok(Some(ClientSecret {
                value: self.stored_client_secret(&arn).await?,
                stored_at: Some(arn),
            })),
            None => Ok(None),
        }
    }

    async fn shown_client_secret(
        &self,
        pool: &str,
        client: &str,
    ) -> Result<Option<Shown>, AwsError> {
        let request = self
            .0
            .cognito_client()
            .describe_user_pool_client()
            .user_pool_id(pool)
            .client_id(client);
        let operation = Operation::cognito("DescribeUserPoolClient", pool);
        let raw = Answer::default();
        let described = request.customize().interceptor(raw.clone()).send();
        let answer = self.0.call(operation, described).await?;
        let client = answer.user_pool_client;
        let secret = client.and_then(|client| client.client_secret);
        Ok(match secret {
            Some(secret) => Some(Shown::Value(Secret::new(secret))),
            None => raw.text(CLIENT_SECRET_ARN).map(Shown::StoredAt),
        })
    }

    async fn stored_client_secret(&self, arn: &str) -> Result<Secret, AwsError> {
        let stored_at =
            |error: String| format!("the client secret is in Secrets Manager, {arn}: {error}");
        let request = self.0.secretsmanager_client().get_secret_value();
        let operation = Operation::of(Service::SecretsManager, "GetSecretValue");
        let answer = self.0.call(operation, request.secret_id(arn).send()).await;
        let answer = answer.map_err(|error| AwsError {
            message: stored_at(error.message.clone()),
            ..error
        })?;
        let stored: Option<StoredSecret> = answer
            .secret_string
            .and_then(|text| serde_json::from_str(&text).ok());
        stored
            .map(|stored| Secret::new(stored.value))
            .ok_or_else(|| {
                AwsError::unknown(
                    "GetSecretValue",
                    stored_at("it holds no `clientSecretValue`".into()),
                )
            })
    }

    /// When each secret of an app client was created, the oldest first. Their values are returned only at creation. None if they
    /// are in Secrets Manager: Cognito rotates those, so two of them are usual, and the value there is the current one.
    ///
    /// # Errors
    /// The client doesn't exist, or the read is denied.
    pub async fn client_secrets(
        &self,
        pool: &str,
        client: &str,
    ) -> Result<Vec<ListedSecret>, AwsError> {
        let request = self
            .0
            .cognito_client()
            .list_user_pool_client_secrets()
            .user_pool_id(pool)
            .client_id(client);
        let operation = Operation::cognito("ListUserPoolClientSecrets", pool);
        let answer = self.0.call(operation, request.send()).await?;
        let listed = answer.client_secrets.unwrap_or_default().into_iter();
        let mut secrets: Vec<ListedSecret> = listed
            .map(|secret| ListedSecret {
                id: secret.client_secret_id.unwrap_or_default(),
                made: secret
                    .client_secret_create_date
                    .and_then(|made| Timestamp::from_second(made.secs()).ok()),
            })
            .collect();
        secrets.sort_by_key(|secret| secret.made);
        if secrets.len() > 1
            && let Some(Shown::StoredAt(_)) = self.shown_client_secret(pool, client).await?
        {
            return Ok(Vec::new());
        }
        Ok(secrets)
    }

    /// The value of an API key.
    ///
    /// # Errors
    /// The key doesn't exist, or the read is denied.
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

    /// A parameter of Systems Manager, decrypted.
    ///
    /// # Errors
    /// The parameter doesn't exist, or the read is denied.
    pub async fn parameter(&self, name: &str) -> Result<Option<Secret>, AwsError> {
        let request = self.0.ssm_client().get_parameter();
        let request = request.name(name).with_decryption(true);
        let operation = Operation::of(Service::Ssm, "GetParameter");
        let answer = self.0.call(operation, request.send()).await?;
        let value = answer.parameter.and_then(|parameter| parameter.value);
        Ok(value.map(Secret::new))
    }

    /// The current text of a secret in Secrets Manager; `None` if it is binary.
    ///
    /// # Errors
    /// The secret doesn't exist or has no value yet, or the read is denied.
    pub async fn secret_text(&self, name: &str) -> Result<Option<Secret>, AwsError> {
        let request = self.0.secretsmanager_client().get_secret_value();
        let operation = Operation::of(Service::SecretsManager, "GetSecretValue");
        let answer = self.0.call(operation, request.secret_id(name).send());
        Ok(answer.await?.secret_string.map(Secret::new))
    }

    /// An access token without the pool's domain; no scope requests all of the client's. The client needs the authentication flow
    /// `ALLOW_CLIENT_TOKEN_AUTH` (Amazon Cognito API reference, "GetClientToken").
    ///
    /// # Errors
    /// The call failed.
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
