//! The tokens and keys of the stack's own callers, and whether the token endpoint issues each as in the file.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};
use serde::Deserialize;

use super::access::ExpectedAccess;
use super::case::{CheckName, Checked, Difference, Outcome};
use super::test_credentials::{Temporary, TestCredentials};
use crate::aws::{AwsError, Connection};
use crate::caller::{self, ClientView, Credentials, Known, Token, TokenError, Transport};
use crate::model::{Address, Secret};

/// How many requests are concurrent; Cognito allows far more.
const AT_A_TIME: usize = 8;

/// The current credentials of all callers, or the error of the read.
pub type AllCredentials = BTreeMap<String, Result<Credentials, AwsError>>;

/// Reads the credentials of every caller of the stack.
pub async fn credentials(connection: &Connection, view: &ClientView) -> AllCredentials {
    stream::iter(view.callers.values())
        .map(async |known| {
            let read = caller::credentials(connection, view, known).await;
            (known.address.clone(), read)
        })
        .buffered(AT_A_TIME)
        .collect()
        .await
}

/// The transport to the token endpoint.
#[derive(Clone, Copy)]
pub struct Endpoint<'a> {
    /// The way to it.
    pub transport: &'a Transport,
    /// For pools without a domain.
    pub connection: &'a Connection,
    /// Whose it is.
    pub view: &'a ClientView,
}

impl Endpoint<'_> {
    /// A token; no scope asks for all.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn token(
        self,
        credentials: &Credentials,
        scopes: &[String],
    ) -> Result<Token, TokenError> {
        caller::token_of_pool(
            self.transport,
            self.connection,
            self.view,
            credentials,
            scopes,
        )
        .await
    }
}

/// Requests the token of every caller that gets one, compares each with the file, and puts all into test credentials.
pub async fn test_credentials(
    endpoint: Endpoint<'_>,
    credentials: &AllCredentials,
    access: &ExpectedAccess,
    temporary: Temporary,
) -> (TestCredentials, Vec<Checked>) {
    let mut test_credentials = TestCredentials {
        tokens: BTreeMap::new(),
        keys: BTreeMap::new(),
        by_scopes: Vec::new(),
        temporary,
    };
    let mut checked = Vec::new();
    for known in endpoint.view.callers.values() {
        let address = Address::new(known.address.as_str());
        if known.has_api_key {
            let key = match credentials.get(&known.address) {
                Some(Ok(credentials)) => {
                    credentials.api_key.clone().ok_or("it is not there".into())
                }
                Some(Err(error)) => Err(format!("AWS does not return it: {error}")),
                None => Err("it is not there".into()),
            };
            let key = key.map_err(|why: String| format!("{address} has no key: {why}"));
            test_credentials.keys.insert(address, key);
        }
    }
    let asked: Vec<(&Known, Result<Token, String>)> = stream::iter(endpoint.view.callers.values())
        .filter(|known| std::future::ready(known.gets_tokens()))
        .map(async |known| (known, token(endpoint, credentials, known, &[]).await))
        .buffered(AT_A_TIME)
        .collect()
        .await;
    for (known, asked) in asked {
        let address = Address::new(known.address.as_str());
        let differences = match &asked {
            Ok(token) => compared(known, token, access.issuer.as_deref()),
            Err(why) => vec![Difference {
                what: format!("it gets no token: {why}"),
                help: "check that the user pool's domain and this client match the file".into(),
            }],
        };
        checked.push(Checked {
            name: CheckName::Token,
            about: address.clone(),
            outcome: match differences.is_empty() {
                true => Outcome::Passed,
                false => Outcome::Different(differences),
            },
            fields: Vec::new(),
            remarks: Vec::new(),
        });
        if let Ok(token) = &asked {
            test_credentials
                .by_scopes
                .push((token.scopes.clone(), token.value.clone()));
        }
        let held = asked.map(|token| token.value);
        test_credentials.tokens.insert(
            address.clone(),
            held.map_err(|why| format!("{address} gets no token: {why}")),
        );
    }
    for known in endpoint.view.callers.values() {
        if !known.enabled && known.has_client {
            checked.push(no_token(endpoint, credentials, known).await);
        }
    }
    for (address, scope) in narrower(access) {
        let Some(known) = endpoint.view.callers.get(address.as_str()) else {
            continue;
        };
        if let Ok(token) = token(endpoint, credentials, known, &[scope]).await {
            test_credentials.by_scopes.push((token.scopes, token.value));
        }
    }
    (test_credentials, checked)
}

/// Checks that a disabled client gets no token.
async fn no_token(endpoint: Endpoint<'_>, credentials: &AllCredentials, known: &Known) -> Checked {
    let outcome = match credentials.get(&known.address) {
        Some(Ok(credentials)) => match endpoint.token(credentials, &[]).await {
            Ok(_) => Outcome::Different(vec![Difference {
                what: "it is disabled in the file, and the token endpoint gives it a token".into(),
                help: "apply the file, which takes the flows of its client away".into(),
            }]),
            Err(TokenError::Refused { .. } | TokenError::Aws(_)) => Outcome::Passed,
            Err(error) => Outcome::NotTested(error.to_string()),
        },
        Some(Err(error)) => Outcome::NotTested(error.to_string()),
        None => Outcome::NotTested("AWS has no such app client".into()),
    };
    let remark = "it is disabled in the file: it gets no token, and tokens from before are valid until they expire";
    Checked {
        name: CheckName::Token,
        about: Address::new(known.address.as_str()),
        outcome,
        fields: Vec::new(),
        remarks: vec![remark.into()],
    }
}

async fn token(
    endpoint: Endpoint<'_>,
    credentials: &AllCredentials,
    known: &Known,
    scopes: &[String],
) -> Result<Token, String> {
    let credentials = match credentials.get(&known.address) {
        Some(Ok(credentials)) => credentials,
        Some(Err(error)) => return Err(error.to_string()),
        None => return Err("AWS has no such app client".into()),
    };
    let token = endpoint.token(credentials, scopes).await;
    token.map_err(|error| match &error {
        TokenError::NoAnswer(cause) => format!("{error}: {cause}"),
        _ => error.to_string(),
    })
}

/// A token's claims, read without checking its signature, which the API does.
#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    client_id: Option<String>,
    token_use: Option<String>,
}

fn compared(known: &Known, token: &Token, issuer: Option<&str>) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut different = |what: String, help: &str| {
        differences.push(Difference {
            what,
            help: help.into(),
        });
    };
    let listed = |scopes: &BTreeSet<String>| match scopes.is_empty() {
        true => "none".to_owned(),
        false => scopes.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    if token.scopes != known.scopes {
        different(
            format!(
                "its token has the scopes {} instead of {}",
                listed(&token.scopes),
                listed(&known.scopes)
            ),
            "the client's scopes are not those of the file: apply it",
        );
    }
    let claims: Result<Claims, _> =
        jsonwebtoken::dangerous::insecure_decode_claims(token.value.expose());
    let Ok(claims) = claims else {
        different(
            "its token is not a JWT".into(),
            "something else than Cognito answers at the token endpoint",
        );
        return differences;
    };
    let expected = [
        ("iss", claims.iss.as_deref(), issuer),
        (
            "client_id",
            claims.client_id.as_deref(),
            known.client_id.as_deref(),
        ),
        ("token_use", claims.token_use.as_deref(), Some("access")),
    ];
    for (name, got, expected) in expected {
        if got != expected {
            let shown = |value: Option<&str>| value.unwrap_or("nothing").to_owned();
            different(
                format!(
                    "its token says {name} {} instead of {}",
                    shown(got),
                    shown(expected)
                ),
                "something else than the stack's user pool answers at the token endpoint",
            );
        }
    }
    differences
}

/// The callers to request one scope for, so that there is a token without the scopes of each route.
fn narrower(access: &ExpectedAccess) -> BTreeSet<(Address, String)> {
    let held: Vec<(&Address, &BTreeSet<String>)> = access
        .callers
        .iter()
        .filter_map(|(address, caller)| Some((address, caller.scopes.as_ref()?)))
        .collect();
    let mut asked = BTreeSet::new();
    for needed in access
        .routes
        .iter()
        .filter_map(|route| route.scopes.as_ref())
    {
        let without = held.iter().any(|(_, scopes)| scopes.is_disjoint(needed));
        if needed.is_empty() || without {
            continue;
        }
        let other = held.iter().find_map(|(address, scopes)| {
            let other = scopes.difference(needed).next()?;
            Some(((*address).clone(), other.clone()))
        });
        asked.extend(other);
    }
    asked
}

/// A secret of a temporary resource, or why there is none.
pub(super) fn held(
    credentials: &AllCredentials,
    address: &str,
    of: impl Fn(&Credentials) -> Option<Secret>,
) -> Result<Secret, String> {
    match credentials.get(address) {
        Some(Ok(found)) => {
            of(found).ok_or_else(|| format!("AWS does not return that of {address}"))
        }
        Some(Err(error)) => Err(error.to_string()),
        None => Err(format!("{address} is not there")),
    }
}
