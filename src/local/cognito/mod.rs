//! Cognito user pools: the control plane.

use serde::{Deserialize, Serialize};

use super::operation::Operation;

/// Cognito user pools in one Region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {}

/// The operations the local Cognito has.
pub(super) const OPERATIONS: &[&[Operation]] = &[];
