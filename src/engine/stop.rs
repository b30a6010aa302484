//! Interrupts.

use std::pin::Pin;

use crate::error::{Error, Exit, Fault, FaultKind};

/// The source of an interrupt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stop {
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Stop {
    /// The exit code.
    pub fn exit(self) -> Exit {
        match self {
            Self::Interrupted => Exit::Interrupted,
            Self::Terminated => Exit::Terminated,
        }
    }
}

/// The source of interrupts.
pub trait Stops {
    /// The next interrupt.
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Stop> + '_>>;
}

/// It is never interrupted.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeverStopped;

impl Stops for NeverStopped {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Stop> + '_>> {
        Box::pin(std::future::pending())
    }
}

/// Runs something that only reads, unless interrupted.
///
/// # Errors
/// It was interrupted.
pub async fn or_stop<T>(stops: &mut dyn Stops, work: impl Future<Output = T>) -> Result<T, Error> {
    tokio::select! {
        // An interrupt before the work is done wins, also if both are ready at once.
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
