//! What API Gateway answers when it refuses a call by itself, such as 401 or 429.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// A gateway response.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The API's id.
    pub api: Text,
    /// The response type, such as `DEFAULT_4XX`.
    pub response_type: String,
    /// Response headers by name, with their values as callers see them.
    pub headers: BTreeMap<String, String>,
}
