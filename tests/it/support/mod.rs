//! What tests are made with: local AWSs, stacks on them, the program, and what it leaves behind.

pub(crate) mod backend;
pub(crate) mod certificates;
pub(crate) mod example;
pub(crate) mod program;
pub(crate) mod resources;
pub(crate) mod road;
pub(crate) mod scene;
pub(crate) mod screen;
pub(crate) mod theirs;
pub(crate) mod wire;
pub(crate) mod world;
