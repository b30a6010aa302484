//! The tokio runtime of sessions.

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Fault};

/// The runtime of a session. With the local AWS, tokio's time is paused and jumps to the next timer.
///
/// # Errors
/// The system gives no event queue.
pub fn runtime(local: bool) -> Result<Runtime, Error> {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(local)
        .build()
        .context("can't start")
        .map_err(|error| Fault::io(error).into())
}
