//! The only place that turns data into bytes for people and machines.

pub mod diagnostics;
