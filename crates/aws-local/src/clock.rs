//! The clock, passed in wherever time is read or waited for, so that tests can stop it, move it, or use tokio's paused time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

/// A source of the time and a way to wait for it. Copies share the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Simulated {
        start: Timestamp,
        began: Arc<Mutex<Option<tokio::time::Instant>>>,
    },
    Manual(watch::Sender<Timestamp>),
}

impl Clock {
    /// The machine's time.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A time that is `start` when it is first read and then follows tokio's, paused or not.
    pub fn simulated(start: Timestamp) -> Self {
        Self(Source::Simulated {
            start,
            began: Arc::default(),
        })
    }

    /// A time that is `start` and moves by [`Clock::advance`] only.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(watch::Sender::new(start)))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::now(),
            Source::Simulated { start, began } => {
                let mut began = began.lock().unwrap_or_else(PoisonError::into_inner);
                *start
                    + began
                        .get_or_insert_with(tokio::time::Instant::now)
                        .elapsed()
            }
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Whether its time goes with tokio's, which may be paused.
    pub fn is_simulated(&self) -> bool {
        matches!(self.0, Source::Simulated { .. })
    }

    /// Moves a manual clock forward. Any other clock moves by itself and is left alone.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(time) = &self.0 {
            time.send_modify(|now| *now += by);
        }
    }

    /// Waits until this clock has moved on by `duration`; a manual clock, until it has been advanced as far.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System | Source::Simulated { .. } => tokio::time::sleep(duration).await,
            Source::Manual(time) => {
                let until = self.now() + duration;
                // The sender lives in `self`, so the wait ends only when the time has come.
                let _ = time.subscribe().wait_for(|now| *now >= until).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    #[tokio::test(start_paused = true)]
    async fn a_simulated_clock_goes_with_tokios_paused_time() {
        let clock = Clock::simulated(START);
        assert_eq!(clock.now(), START);
        clock.sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now().as_second(), 90);
    }

    #[tokio::test]
    async fn a_manual_clock_moves_when_told_and_wakes_who_waits() {
        let clock = Clock::manual(START);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep(Duration::from_secs(10)).await;
                clock.now().as_second()
            }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(3));
        assert_eq!(sleeper.await.unwrap(), 12);
    }
}
