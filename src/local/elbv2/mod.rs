//! Elastic Load Balancing (version 2): network load balancers, target groups, listeners and the health of targets.

use serde::{Deserialize, Serialize};

use super::operation::Operation;

/// The operations the local service has.
pub(super) const OPERATIONS: &[&[Operation]] = &[];

/// What a Region holds of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {}
