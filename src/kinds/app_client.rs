//! An app client of a user pool. Its id and secret are a partner's credentials, so it is never replaced.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// An app client.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The pool's id.
    pub user_pool: Text,
    /// What says that the client is ours.
    pub mark: Mark,
    /// The client's name.
    pub name: Text,
    /// `code`, `implicit`, `client_credentials`.
    pub flows: BTreeSet<String>,
    /// `ALLOW_…` values.
    pub auth_flows: BTreeSet<String>,
    /// The scopes it may ask for.
    pub scopes: BTreeSet<Text>,
    /// Where the login page may send people back to.
    pub callback_urls: BTreeSet<Text>,
    /// Where people may be sent after signing out.
    pub logout_urls: BTreeSet<Text>,
    /// Whether it has a secret.
    pub secret: bool,
    /// Validity of access tokens in seconds.
    pub access_token_seconds: i64,
    /// Validity of ID tokens in seconds.
    pub id_token_seconds: i64,
    /// Validity of refresh tokens in seconds.
    pub refresh_token_seconds: i64,
}

/// What says that a client is ours: clients carry no tags.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A tag of the pool under this address.
    OnPool(String),
    /// A tag of the partner's API key with this id.
    OnKey(Text),
}
