//! The Resource Groups Tagging API over everything tagged in a Region.

use super::operation::Operation;

/// The operations the local tagging API has.
pub(super) const OPERATIONS: &[Operation] = &[];
