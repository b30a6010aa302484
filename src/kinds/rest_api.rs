//! An API Gateway REST API. Its contents are closed: what the file does not name is deleted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// A REST API (Regional).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name.
    pub name: Text,
    /// The description; empty for none.
    pub description: Text,
    /// Whether it answers only at its own domain.
    pub disable_default_endpoint: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}
