//! The Cognito authorizer of a REST API.

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// A Cognito authorizer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The API's id.
    pub api: Text,
    /// The name.
    pub name: Text,
    /// The type; gatestack makes `COGNITO_USER_POOLS`, somebody else may have made another.
    pub kind: String,
    /// The ARNs of the pools whose tokens it takes.
    pub user_pools: std::collections::BTreeSet<Text>,
    /// The request header that carries the token.
    pub header: String,
    /// How long a decision is kept, in seconds.
    pub cache_seconds: i32,
}
