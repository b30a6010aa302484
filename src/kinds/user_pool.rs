//! Cognito user pool: the directory that issues tokens. Tagged; never replaced.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// A user pool.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The pool's name.
    pub name: Text,
    /// `LITE`, `ESSENTIALS` or `PLUS`.
    pub tier: String,
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
    /// What a password must be.
    pub password: Password,
    /// Its tags; of a live pool all of them, marks included.
    pub tags: BTreeMap<String, String>,
    /// Marks of the children that are made with it (see [`marks`](super::marks)), set by the create call so that it costs no call of
    /// its own. Empty on the live side and never compared.
    pub marks: BTreeMap<String, String>,
}

/// What a password must be.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Password {
    /// The fewest characters.
    pub min_length: i32,
    /// Whether a lower-case letter is required.
    pub lowercase: bool,
    /// Whether an upper-case letter is required.
    pub uppercase: bool,
    /// Whether a digit is required.
    pub digits: bool,
    /// Whether a symbol is required.
    pub symbols: bool,
    /// Days after which a password set by an administrator stops working.
    pub temporary_days: i32,
}
