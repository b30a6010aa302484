//! The only module that prints, for people and programs. It decides nothing about stacks and doesn't call AWS.

pub mod dev;
pub mod diagnostics;
pub mod graph;
pub mod json;
pub mod schemas;

pub(crate) mod ask;
pub(crate) mod call;
pub(crate) mod curl;
pub(crate) mod document;
pub(crate) mod error;
pub(crate) mod handoff;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod listener;
pub(crate) mod lock;
pub(crate) mod logs;
pub(crate) mod outcome;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod stale;
pub(crate) mod style;
pub(crate) mod token;
pub(crate) mod verify;
pub(crate) mod waiting;

mod changes;
mod fields;
mod layout;
mod log;
mod message;
mod table;
mod ui;
mod value;

pub(crate) use layout::{counted, indented, listed};
pub(crate) use log::start_log;
pub use ui::{Captured, Colour, Ui, Wishes};

#[cfg(test)]
mod testing;
