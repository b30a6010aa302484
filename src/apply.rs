//! Executes a plan's steps and emits events. It decides nothing: the plan has the steps, their order and what may run
//! concurrently.

mod event;
mod executor;
mod schedule;

pub use event::{Done, Event, Failure, HEARTBEAT, Outcome, Wait};
pub use executor::{Interrupt, run};
