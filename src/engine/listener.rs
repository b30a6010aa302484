//! The engine's notices.

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, interval_at};

use super::run::Ended;
use crate::apply::{Event, HEARTBEAT};
use crate::aws::AwsError;
use crate::stack::Diagnostics;
use crate::verify::ProbeError;

/// A notice of the engine.
#[derive(Debug)]
pub enum Notice<'a> {
    /// A wait begins, in words such as “reading the stack”.
    Waiting(&'a str),
    /// The wait continues, with its duration.
    StillWaiting(Duration),
    /// The wait is over.
    Waited,
    /// Warnings about the stack file and existing resources.
    Warnings(&'a Diagnostics),
    /// The local AWS has the resources of a file: the number by kind.
    Existing {
        /// The file.
        path: &'a Path,
        /// How many there are of each kind.
        counts: &'a [(&'static str, usize)],
    },
    /// The code of this function is built by this command.
    Building(&'a str, &'a str),
    /// A line of the output of the build of this function.
    BuildLine(&'a str, &'a str),
    /// The run takes no lock, as set in the file.
    Unlocked,
    /// The lock could not be released.
    NotReleased(&'a AwsError),
    /// An earlier run's probe could not be removed.
    ProbeLeft(&'a ProbeError),
    /// A plan is being executed.
    Step {
        /// What happens.
        event: Event,
        /// Whether the duration is simulated.
        simulated: bool,
    },
    /// A plan was executed, at least in part.
    Ended(&'a Ended<'a>),
    /// A run was aborted while steps were running.
    LeftAtOnce,
}

/// The receiver of notices.
pub trait Listener {
    /// Receives a notice.
    fn tell(&mut self, notice: Notice<'_>);

    /// A callback for when another process locks the local AWS's state.
    fn state_is_held(&self) -> Option<fn(&Path)> {
        None
    }
}

/// A listener that ignores everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Listener for Silent {
    fn tell(&mut self, _: Notice<'_>) {}
}

/// A wait, until it is dropped.
pub(super) struct Waiting<'a>(&'a mut dyn Listener);

impl<'a> Waiting<'a> {
    /// Starts a wait.
    pub(super) fn begin(listener: &'a mut dyn Listener, what: &str) -> Self {
        listener.tell(Notice::Waiting(what));
        Self(listener)
    }

    /// Reports the duration of the wait.
    pub(super) fn beat(&mut self, elapsed: Duration) {
        self.0.tell(Notice::StillWaiting(elapsed));
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.tell(Notice::Waited);
    }
}

/// Waits for AWS and reports it; the local AWS responds at once.
pub async fn unless_local<T>(
    local: bool,
    listener: &mut dyn Listener,
    what: &str,
    work: impl Future<Output = T>,
) -> T {
    if local {
        work.await
    } else {
        waiting_for(listener, what, work).await
    }
}

/// Waits for `work` and reports it every [`HEARTBEAT`].
pub(super) async fn waiting_for<T>(
    listener: &mut dyn Listener,
    what: &str,
    work: impl Future<Output = T>,
) -> T {
    let mut waiting = Waiting::begin(listener, what);
    let began = Instant::now();
    let mut heartbeat = interval_at(began + HEARTBEAT, HEARTBEAT);
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = heartbeat.tick() => waiting.beat(began.elapsed()),
        }
    }
}
