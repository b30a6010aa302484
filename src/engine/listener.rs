//! What the engine tells while it works.

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, interval_at};

use super::run::Ended;
use crate::apply::{Event, HEARTBEAT};
use crate::aws::AwsError;
use crate::stack::Diagnostics;
use crate::verify::ProbeError;

/// Something that is told while the engine works.
#[derive(Debug)]
pub enum Notice<'a> {
    /// From now on something is waited for, in the words of “reading the stack”.
    Waiting(&'a str),
    /// It is still waited for, since so long ago.
    StillWaiting(Duration),
    /// It is not waited for any more.
    Waited,
    /// What is worth knowing of the stack file, or of what it points to.
    Warnings(&'a Diagnostics),
    /// The local AWS has what a file lists: how many of each kind.
    Existing {
        /// The file.
        path: &'a Path,
        /// How many there are of each kind.
        counts: &'a [(&'static str, usize)],
    },
    /// The run takes no lock, as the file says.
    Unlocked,
    /// The lock could not be given back.
    NotReleased(&'a AwsError),
    /// An earlier run's probe could not be removed.
    ProbeLeft(&'a ProbeError),
    /// A plan is carried out.
    Step {
        /// What happens.
        event: Event,
        /// Whether the time it takes is one that no wall clock has seen.
        simulated: bool,
    },
    /// A plan was carried out, as far as it went.
    Ended(&'a Ended<'a>),
    /// A run was left while steps of it were running.
    LeftAtOnce,
}

/// Who is told what goes on.
pub trait Listener {
    /// Takes in what is told.
    fn tell(&mut self, notice: Notice<'_>);

    /// What is called when another process holds the local AWS's state, from wherever that is read.
    fn state_is_held(&self) -> Option<fn(&Path)> {
        None
    }
}

/// A listener to whom nothing matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Listener for Silent {
    fn tell(&mut self, _: Notice<'_>) {}
}

/// Something that is waited for, until it is dropped.
pub(super) struct Waiting<'a>(&'a mut dyn Listener);

impl<'a> Waiting<'a> {
    /// Says what is waited for from now on.
    pub(super) fn begin(listener: &'a mut dyn Listener, what: &str) -> Self {
        listener.tell(Notice::Waiting(what));
        Self(listener)
    }

    /// Says that it is waited for so long by now.
    pub(super) fn beat(&mut self, elapsed: Duration) {
        self.0.tell(Notice::StillWaiting(elapsed));
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.tell(Notice::Waited);
    }
}

/// Waits for AWS and says so; the local AWS answers at once.
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

/// Waits for `work` and says so every [`HEARTBEAT`].
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
