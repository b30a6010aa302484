//! The snapshot of an API's configuration that a stage serves. Its description carries a digest of that configuration.

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// A deployment, as the stage has it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The API's id.
    pub api: Text,
    /// The stage that serves it.
    pub stage: String,
    /// The stack's name, for the description.
    pub stack: String,
    /// Whether it shows what is configured: always `true` on the wanted side.
    pub current: bool,
}
