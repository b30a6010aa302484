//! An API key. Its value is a partner's credential, so it is never replaced and never read by a plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// An API key.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name.
    pub name: Text,
    /// The description; empty for none.
    pub description: Text,
    /// Whether it works.
    pub enabled: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}
