//! gatestack's integration tests: one binary, because each further one would link the AWS SDK again.

mod budget;
mod crash;
mod harness;
mod planner;
