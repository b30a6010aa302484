//! Systems Manager parameters: the public ones that name Amazon's machine images.

use super::operation::Operation;

/// The operations the local service has.
pub(super) const OPERATIONS: &[Operation] = &[];
