//! A resource server of a user pool: an identifier and its scopes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// A resource server.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The pool's id.
    pub user_pool: Text,
    /// The address under which the pool's tags mark it as ours.
    pub mark: String,
    /// The identifier.
    pub identifier: Text,
    /// The display name.
    pub name: Text,
    /// Scope name = description.
    pub scopes: BTreeMap<String, Text>,
}
