//! The permission to write: a run that took its stack's lock writes only while it has it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::tally::reads;
use crate::clock::Clock;

/// Whether writes may be sent. Copies share it; a connection without a lock may always write.
///
/// It is checked at every attempt to send, so that neither a retry nor a process that was suspended writes after the lock has
/// expired.
#[derive(Clone, Debug, Default)]
pub struct Lease {
    term: Arc<Mutex<Term>>,
    over: CancellationToken,
}

#[derive(Debug, Default)]
enum Term {
    /// No lock is needed.
    #[default]
    Unlimited,
    /// The lock was last confirmed at this time, and is valid for this long.
    Since(Moment, Duration),
    /// The lock is lost, for this reason.
    Over(String),
}

/// A time by the wall clock, which advances while the machine sleeps, and by a monotonic clock.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    clock: Clock,
    at: Timestamp,
    steady: Instant,
}

impl Moment {
    pub(crate) fn now(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            at: clock.now(),
            steady: Instant::now(),
        }
    }

    /// How long ago it was, by the larger of the two clocks.
    pub(crate) fn elapsed(&self) -> Duration {
        let by_calendar = self.clock.now().duration_since(self.at);
        let by_calendar = Duration::try_from(by_calendar).unwrap_or_default();
        by_calendar.max(self.steady.elapsed())
    }
}

/// Why a write was not sent.
#[derive(Clone, Debug, thiserror::Error)]
#[error("not sent: {0}")]
pub(crate) struct LeaseOver(String);

impl Lease {
    /// Writes may be sent for this long from that time on.
    pub(crate) fn confirm(&self, from: Moment, lasts: Duration) {
        let mut term = self.term.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*term, Term::Over(_)) {
            *term = Term::Since(from, lasts);
        }
    }

    /// No more writes are sent, for this reason.
    pub(crate) fn end(&self, why: impl Into<String>) {
        let mut term = self.term.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*term, Term::Over(_)) {
            *term = Term::Over(why.into());
        }
        self.over.cancel();
    }

    /// Waits until no more writes are sent.
    pub async fn ended(&self) {
        self.over.cancelled().await;
    }

    /// Why no more writes are sent, if so.
    pub fn why_over(&self) -> Option<String> {
        let late = {
            let term = self.term.lock().unwrap_or_else(PoisonError::into_inner);
            match &*term {
                Term::Unlimited => return None,
                Term::Over(why) => return Some(why.clone()),
                Term::Since(from, lasts) if from.elapsed() < *lasts => return None,
                Term::Since(_, lasts) => lasts.as_secs(),
            }
        };
        let why = format!("the lock on the stack was not renewed for {late} seconds");
        self.end(why.clone());
        Some(why)
    }
}

impl Intercept for Lease {
    fn name(&self) -> &'static str {
        "writes need the lock"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let writes = config
            .load::<Metadata>()
            .is_none_or(|operation| !reads(operation.name()));
        match self.why_over().filter(|_| writes) {
            Some(why) => Err(LeaseOver(why).into()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_over_once_its_time_is() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let lease = Lease::default();
        assert_eq!(lease.why_over(), None);
        lease.confirm(Moment::now(&clock), Duration::from_secs(120));
        clock.advance(Duration::from_secs(119));
        assert_eq!(lease.why_over(), None);
        lease.confirm(Moment::now(&clock), Duration::from_secs(120));
        clock.advance(Duration::from_secs(119));
        assert_eq!(lease.why_over(), None);
        clock.advance(Duration::from_secs(1));
        assert!(lease.why_over().is_some());
        lease.confirm(Moment::now(&clock), Duration::from_secs(120));
        assert!(
            lease.why_over().is_some(),
            "a lease that is over is not renewed"
        );
    }
}
