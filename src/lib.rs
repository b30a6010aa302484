//! gatestack: one TOML file between a service and the people who call it.

pub mod apply;
pub mod aws;
pub mod caller;
pub mod cli;
pub mod code;
pub mod engine;
pub mod error;
pub mod handoff;
pub mod kinds;
pub mod lock;
pub mod model;
pub mod openapi;
pub mod plan;
pub mod render;
pub mod stack;
pub mod verify;

pub use aws_local::{clock, files};
