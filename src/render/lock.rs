//! Messages about the lock of a stack.

use std::io::Write as _;
use std::path::Path;

use super::error::{error_line, hint_line};
use crate::aws::AwsError;
use crate::lock::DEAD_AFTER;

/// Printed by every run without a lock.
pub(crate) const UNLOCKED: &str =
    "no lock: `[stack] lock` is false, so another run could write to the stack at the same time\n";

/// Reports that another process locks the local AWS's state. The state is read in many places, so it prints by itself.
pub(crate) fn state_is_held(path: &Path) {
    let path = path.display();
    let text = format!("waiting for {path}, which another process holds …\n");
    // A closed stderr is no error.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A lock that could not be removed.
pub(crate) fn not_released(error: &AwsError, width: usize) -> String {
    let ends = format!(
        "it ends by itself {} minutes after it was renewed last",
        DEAD_AFTER.as_secs() / 60
    );
    error_line(&format!("can't release the lock: {error}"), width) + &hint_line(&ends, width)
}
