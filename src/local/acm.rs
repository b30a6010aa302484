//! AWS Certificate Manager: certificates that own domains use.

use serde::{Deserialize, Serialize};

use super::operation::Operation;

/// The operations the local service has.
pub(super) const OPERATIONS: &[Operation] = &[];

/// What a Region holds of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {}
