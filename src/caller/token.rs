//! Access tokens by the client credentials grant (RFC 6749, section 4.4).

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    ClientId, ClientSecret, HttpRequest, HttpResponse, RequestTokenError, Scope,
    TokenResponse as _, TokenUrl,
};
use serde::Deserialize;

use super::{ClientView, Credentials, Transport, TransportError};
use crate::aws::{AwsError, Connection};
use crate::model::Secret;

/// An access token.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token itself.
    pub value: Secret,
    /// How long it is valid from its issue.
    pub expires_in: Duration,
    /// The scopes it grants.
    pub scopes: BTreeSet<String>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The caller has no app client, or one without a secret.
    #[error("there is no app client with a secret to request a token with")]
    NoClient,
    /// The pool has no token endpoint, because the file gives it no domain.
    #[error("the user pool has no domain, and with it no token endpoint")]
    NoDomain,
    /// The token endpoint's URL is invalid.
    #[error("the token endpoint's address is not a URL")]
    Url(#[source] url::ParseError),
    /// The token endpoint did not respond.
    #[error("the token endpoint does not answer")]
    NoAnswer(#[source] TransportError),
    /// The token endpoint's OAuth error.
    #[error("the token endpoint refuses: {error}")]
    Refused {
        /// Such as `invalid_scope`.
        error: String,
        /// The server's description.
        description: Option<String>,
    },
    /// The response is not a token endpoint's.
    #[error("the server at the token endpoint's address is not a token endpoint")]
    NotATokenEndpoint,
    /// Without a domain: Cognito's own API returned an error.
    #[error(transparent)]
    Aws(AwsError),
}

/// The claim with the scopes of an access token. Its signature is checked by the API.
#[derive(Deserialize)]
struct Claims {
    scope: Option<String>,
}

/// Requests an access token from the token endpoint; no scope requests all of the client's.
///
/// # Errors
/// The endpoint's error, no response, or no client or endpoint.
pub async fn token(
    transport: &Transport,
    view: &ClientView,
    credentials: &Credentials,
    scopes: &[String],
) -> Result<Token, TokenError> {
    let secret = secret(credentials)?;
    let url = view.token_url.clone().ok_or(TokenError::NoDomain)?;
    let client = BasicClient::new(ClientId::new(credentials.client_id.clone()))
        .set_client_secret(ClientSecret::new(secret.expose().to_owned()))
        .set_token_uri(TokenUrl::new(url).map_err(TokenError::Url)?);
    let send = async |request: HttpRequest| -> Result<HttpResponse, TransportError> {
        let answer = transport.send(request.map(Bytes::from)).await?;
        Ok(answer.map(|body| body.to_vec()))
    };
    let asked = client
        .exchange_client_credentials()
        .add_scopes(scopes.iter().cloned().map(Scope::new));
    let answer = asked
        .request_async(&|request| send(request))
        .await
        .map_err(refusal)?;
    Ok(Token::of(&answer, scopes))
}

/// The same, by Cognito's own API if the pool has no domain.
///
/// # Errors
/// Those of [`token`], and errors of the call.
pub async fn token_of_pool(
    transport: &Transport,
    connection: &Connection,
    view: &ClientView,
    credentials: &Credentials,
    scopes: &[String],
) -> Result<Token, TokenError> {
    if view.token_url.is_some() {
        return token(transport, view, credentials, scopes).await;
    }
    let given = connection
        .credentials()
        .client_token(&credentials.client_id, secret(credentials)?, scopes)
        .await
        .map_err(TokenError::Aws)?;
    let granted = granted(given.value.expose());
    Ok(Token {
        scopes: granted.unwrap_or_else(|| scopes.iter().cloned().collect()),
        value: given.value,
        expires_in: given.expires_in,
    })
}

impl Token {
    fn of(answer: &BasicTokenResponse, asked: &[String]) -> Self {
        let value = answer.access_token().secret();
        // A server may omit the scopes if it grants the requested ones; Cognito always does.
        let told = answer
            .scopes()
            .map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect());
        Self {
            scopes: told
                .or_else(|| granted(value))
                .unwrap_or_else(|| asked.iter().cloned().collect()),
            value: Secret::new(value.as_str()),
            expires_in: answer.expires_in().unwrap_or_default(),
        }
    }
}

fn secret(credentials: &Credentials) -> Result<&Secret, TokenError> {
    let secret = credentials.client_secret.as_ref();
    secret.ok_or(TokenError::NoClient)
}

fn granted(token: &str) -> Option<BTreeSet<String>> {
    let claims: Claims = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    Some(claims.scope?.split(' ').map(str::to_owned).collect())
}

fn refusal(error: RequestTokenError<TransportError, BasicErrorResponse>) -> TokenError {
    match error {
        RequestTokenError::Request(error) => TokenError::NoAnswer(error),
        RequestTokenError::ServerResponse(refusal) => TokenError::Refused {
            error: refusal.error().as_ref().to_owned(),
            description: refusal.error_description().cloned(),
        },
        // An unreadable response may contain a token, so it is not shown.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => TokenError::NotATokenEndpoint,
    }
}
