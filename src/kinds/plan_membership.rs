//! An API key's place on a usage plan (a usage plan key).

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// A key's place on a plan.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The plan's id.
    pub plan: Text,
    /// The key's id.
    pub key: Text,
}
