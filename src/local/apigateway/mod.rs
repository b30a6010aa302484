//! API Gateway's REST APIs.

use serde::{Deserialize, Serialize};

use super::operation::Operation;

/// API Gateway in one Region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {}

/// The operations the local API Gateway has.
pub(super) const OPERATIONS: &[Operation] = &[];

/// Every tagged resource in a Region: its ARN and its tags.
pub(super) fn tagged(
    _state: &State,
    _region: &str,
) -> Vec<(String, std::collections::BTreeMap<String, String>)> {
    Vec::new()
}
