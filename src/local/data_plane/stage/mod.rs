//! One request to a deployed stage: which method it is for, whether the caller is let in, what the integration answers.
//!
//! ```text
//! match ─▶ authorizer ─▶ API key, usage plan ─▶ throttle ─▶ (validation) ─▶ integration ─▶ answer
//!   └───────────┴───────────────┴──────────────────┴─────────────┴──── gateway response ────┘
//! ```

mod exchange;
mod integration;
mod json_path;
mod mapping;
mod network;
mod refusals;
mod template;
mod variables;

use std::net::IpAddr;

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use super::{Inner, Seen, message};

pub(super) use integration::Backends;

/// A request that is for an API.
pub(super) struct Arrived {
    pub(super) request: Request<Bytes>,
    /// The other end of its connection.
    pub(super) source_ip: IpAddr,
    pub(super) to: To,
}

/// Which API, and what stands behind the name or prefix that said so.
pub(super) enum To {
    /// An API under its own name.
    Api {
        api: String,
        region: String,
        /// Begins with `/` and the stage.
        rest: String,
    },
    /// An own domain.
    OwnDomain {
        name: String,
        region: String,
        rest: String,
    },
}

/// Answers a request, and tells what became of it.
pub(super) async fn answer(_: &Inner, arrived: Arrived) -> (Response<Bytes>, Option<Seen>) {
    let whose = match arrived.to {
        To::Api { api, .. } => api,
        To::OwnDomain { name, .. } => name,
    };
    let lacking = format!("the local AWS does not have the stages of {whose}");
    (message(StatusCode::NOT_IMPLEMENTED, &lacking), None)
}
