//! What a session runs on.

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Fault};

/// The runtime a session runs on. On the local AWS nobody waits: tokio's time stands still and jumps to the next timer.
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
