//! Carries out a plan's steps and tells what happens. It decides nothing: which steps, in which order and beside
//! which others is the plan's business, and who listens is the caller's.

mod event;
mod executor;
mod schedule;

pub use event::{Done, Event, Failure, HEARTBEAT, Outcome, Wait};
pub use executor::{Interrupt, run};
