//! gatestack: one TOML file between a service and the people who call it.

pub mod render;
pub mod stack;
