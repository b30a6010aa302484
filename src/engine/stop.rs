//! Being told to stop.

use std::pin::Pin;

use crate::error::{Error, Exit, Fault, FaultKind};

/// Who wants a run to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stop {
    /// The person in front of it.
    Interrupted,
    /// The system, or another process.
    Terminated,
}

impl Stop {
    /// How the process ends that was stopped by it.
    pub fn exit(self) -> Exit {
        match self {
            Self::Interrupted => Exit::Interrupted,
            Self::Terminated => Exit::Terminated,
        }
    }
}

/// Where the engine learns that it is to stop.
pub trait Stops {
    /// The next time that somebody wants an end.
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Stop> + '_>>;
}

/// Nobody stops it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeverStopped;

impl Stops for NeverStopped {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Stop> + '_>> {
        Box::pin(std::future::pending())
    }
}

/// Does something that writes nothing, unless somebody wants an end.
///
/// # Errors
/// Somebody did.
pub async fn or_stop<T>(stops: &mut dyn Stops, work: impl Future<Output = T>) -> Result<T, Error> {
    tokio::select! {
        // Whoever asked for an end before the work is done gets it, also where both are ready at once.
        biased;
        stop = stops.next() => Err(stopped(match stop {
            Stop::Interrupted => FaultKind::Interrupted,
            Stop::Terminated => FaultKind::Terminated,
        })),
        done = work => Ok(done),
    }
}

/// Why a run ends before it changed anything.
pub fn stopped(kind: FaultKind) -> Error {
    Fault::new(kind, "stopped: nothing was changed").into()
}
