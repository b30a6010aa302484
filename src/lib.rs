//! gatestack

pub mod clock;
pub mod local;
