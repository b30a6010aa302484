//! What is said of the lock on a stack.

use std::io::Write as _;
use std::path::Path;

use super::error::{error_line, hint_line};
use crate::aws::AwsError;
use crate::lock::DEAD_AFTER;

/// Said by every run that takes no lock.
pub(crate) const UNLOCKED: &str =
    "no lock: `[stack] lock` is false, so another run could write to the stack at the same time\n";

/// Says that another process holds the local AWS's state. It comes from wherever the state is read, so it writes by itself.
pub(crate) fn state_is_held(path: &Path) {
    let path = path.display();
    let text = format!("waiting for {path}, which another process holds …\n");
    // A reader that went away is told nothing.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// What became of a lock that could not be removed.
pub(crate) fn not_released(error: &AwsError, width: usize) -> String {
    let ends = format!(
        "it ends by itself {} minutes after it was renewed last",
        DEAD_AFTER.as_secs() / 60
    );
    error_line(&format!("can't release the lock: {error}"), width) + &hint_line(&ends, width)
}
