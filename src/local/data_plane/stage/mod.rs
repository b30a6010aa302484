//! One request to a deployed stage: which method it is for, whether the caller is let in, what the integration answers.
//!
//! ```text
//! match ─▶ authorizer ─▶ API key, usage plan ─▶ throttle ─▶ (validation) ─▶ integration ─▶ answer
//!   └───────────┴───────────────┴──────────────────┴─────────────┴──── gateway response ────┘
//! ```

mod context;
mod exchange;
mod integration;
mod json_path;
mod mapping;
mod network;
mod refusals;
mod template;

pub(super) use integration::Backends;
