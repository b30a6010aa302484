//! Tokens: the grant, the claims, and a pool's public keys.

use aws_facts::hosts;
use aws_facts::limits::cognito::TOKEN_LIFETIME_SECONDS;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Object, Refusal};
use super::client::Client;
use super::client_rules::{self, ACCESS_TOKEN};
use super::signing::{Keys, SigningKey};
use super::{Pool, State, no_pool, resource_server, texts};

/// A client-credentials request.
pub(crate) struct Asked<'a> {
    pub(crate) client: &'a str,
    pub(crate) secret: Option<&'a str>,
    /// None means all of the client's scopes.
    pub(crate) scopes: &'a [&'a str],
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Grant {
    /// OAuth's, at the pool's domain.
    ClientCredentials,
    /// `GetClientToken`'s.
    ClientTokenAuth,
}

/// An access token.
pub(crate) struct Issued {
    pub(crate) token: String,
    /// In seconds from now.
    pub(crate) expires_in: u64,
}

/// Why there is no token.
pub(crate) enum Denied {
    NoClient,
    /// None, or not one of the client's.
    Secret,
    /// The client doesn't have this grant.
    Grant,
    /// The client doesn't have this scope, or has none.
    Scope(String),
    /// Not implemented.
    Refused(Refusal),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl State {
    /// Whether the pool lacks the key that signs access tokens.
    pub(crate) fn lacks_access_key(&self, pool: &str) -> bool {
        self.pools
            .get(pool)
            .is_some_and(|pool| pool.keys.access.is_none())
    }

    /// Whether the pool lacks one of its keys.
    pub(crate) fn lacks_keys(&self, pool: &str) -> bool {
        let lacks = |keys: &Keys| keys.id.is_none() || keys.access.is_none();
        self.pools.get(pool).is_some_and(|pool| lacks(&pool.keys))
    }

    /// Generates the key that signs access tokens if it is missing.
    pub(crate) fn make_access_key(&mut self, pool: &str) -> Result<(), Refusal> {
        let keys = self.keys_mut(pool)?;
        if keys.access.is_none() {
            keys.access = Some(SigningKey::generate()?);
        }
        Ok(())
    }

    /// Generates the pool's missing keys.
    pub(crate) fn make_keys(&mut self, pool: &str) -> Result<(), Refusal> {
        self.make_access_key(pool)?;
        let keys = self.keys_mut(pool)?;
        if keys.id.is_none() {
            keys.id = Some(SigningKey::generate()?);
        }
        Ok(())
    }

    fn keys_mut(&mut self, pool: &str) -> Result<&mut Keys, Refusal> {
        let found = self.pools.get_mut(pool).ok_or_else(|| no_pool(pool))?;
        Ok(&mut found.keys)
    }

    /// The issuer of a pool's tokens: the base URL of its documents. None if there is no such pool.
    pub(crate) fn issuer(&self, region: &str, pool: &str) -> Option<String> {
        let found = self.pools.get(pool)?;
        Some(found.issuer(region, pool))
    }

    /// The pool of this client.
    pub(crate) fn pool_of_client(&self, client: &str) -> Option<&str> {
        let mut pools = self.pools.iter();
        pools
            .find(|(_, pool)| pool.clients.contains(client))
            .map(|(id, _)| id)
    }

    /// The public keys of a pool, as `jwks.json` has them.
    pub(crate) fn public_keys(&self, pool: &str) -> Option<Value> {
        let keys = self.pools.get(pool)?.keys.iter().map(SigningKey::shown);
        Some(json!({"keys": keys.collect::<Vec<_>>()}))
    }

    /// Whether one of the pool's keys signed this token, whose header names the key.
    pub(crate) fn signed(&self, pool: &str, key: &str, token: &str) -> bool {
        self.pools.get(pool).is_some_and(|pool| {
            let mut keys = pool.keys.iter();
            keys.any(|known| known.id() == key && known.signed(token))
        })
    }

    /// An access token for a client of this pool, whose key must be there.
    pub(crate) fn token(
        &self,
        (region, id): (&str, &str),
        grant: Grant,
        asked: &Asked<'_>,
        now: Timestamp,
    ) -> Result<Issued, Denied> {
        let pool = self.pools.get(id).ok_or(Denied::NoClient)?;
        let client = pool.clients.get(asked.client).ok_or(Denied::NoClient)?;
        let is_secret = |secret: &str| client.secrets.iter().any(|known| known.value() == secret);
        match asked.secret {
            Some(secret) if is_secret(secret) => {}
            // A public client has no secret, and no grant for a token of its own.
            None if client.secrets.is_empty() => {}
            _ => return Err(Denied::Secret),
        }
        if client.secrets.is_empty() || !has(client, grant) {
            return Err(Denied::Grant);
        }
        let scopes = scopes(pool, client, asked.scopes)?;
        let trigger = pool.settings.get("LambdaConfig");
        let trigger = trigger.map(|triggers| &triggers["PreTokenGenerationConfig"]);
        if trigger.is_some_and(|trigger| trigger["LambdaVersion"] == "V3_0") {
            // The only version that Cognito calls for a client-credentials token.
            return Err(Refusal::not_implemented("pre token generation triggers").into());
        }
        let lifetime = client_rules::validity(&client.settings, ACCESS_TOKEN)
            .unwrap_or(TOKEN_LIFETIME_SECONDS);
        let issued_at = now.as_second();
        let claims = Object::from_iter([
            ("sub".to_owned(), json!(asked.client)),
            ("token_use".to_owned(), json!("access")),
            ("scope".to_owned(), json!(scopes.join(" "))),
            ("auth_time".to_owned(), json!(issued_at)),
            ("iss".to_owned(), json!(pool.issuer(region, id))),
            (
                "exp".to_owned(),
                json!(issued_at.saturating_add_unsigned(lifetime)),
            ),
            ("iat".to_owned(), json!(issued_at)),
            ("version".to_owned(), json!(2)),
            ("jti".to_owned(), json!(identifiers::uuid())),
            ("client_id".to_owned(), json!(asked.client)),
        ]);
        let key = pool.keys.access.as_ref();
        let missing = || Refusal::new(500, "InternalErrorException", "the pool has no signing key");
        Ok(Issued {
            token: key.ok_or_else(missing)?.sign(&claims)?,
            expires_in: lifetime,
        })
    }
}

impl Pool {
    fn issuer(&self, region: &str, id: &str) -> String {
        let configured = self.settings.get("IssuerConfiguration");
        let host = match configured.is_some_and(|issuer| issuer["Type"] == "UPDATED") {
            true => hosts::updated_issuer(region),
            false => hosts::cognito(region),
        };
        format!("https://{host}/{id}")
    }
}

fn has(client: &Client, grant: Grant) -> bool {
    match grant {
        Grant::ClientCredentials => {
            client.settings.get("AllowedOAuthFlowsUserPoolClient") == Some(&Value::Bool(true))
                && texts(&client.settings, "AllowedOAuthFlows").contains(&"client_credentials")
        }
        Grant::ClientTokenAuth => {
            texts(&client.settings, "ExplicitAuthFlows").contains(&"ALLOW_CLIENT_TOKEN_AUTH")
        }
    }
}

/// The scopes of a client's token: the requested ones, which the client must have, or else all of the client's. A scope that its
/// resource server no longer has is ignored.
fn scopes<'a>(pool: &Pool, client: &'a Client, asked: &[&'a str]) -> Result<Vec<&'a str>, Denied> {
    let mut allowed = texts(&client.settings, "AllowedOAuthScopes");
    allowed.retain(|scope| resource_server::has_scope(pool, scope));
    if let Some(refused) = asked.iter().find(|scope| !allowed.contains(scope)) {
        return Err(Denied::Scope((*refused).to_owned()));
    }
    if allowed.is_empty() {
        return Err(Denied::Scope(String::new()));
    }
    if asked.is_empty() {
        return Ok(allowed);
    }
    let mut scopes: Vec<&str> = Vec::new();
    for scope in asked {
        if !scopes.contains(scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}
