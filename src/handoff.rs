//! What a partner needs to call: URLs, credentials, and its routes, as a bundle for people, as OpenAPI, and as a Postman
//! collection.
//!
//! Everything here follows from AWS's current state and is deterministic. It is data in, text out: a text with a secret is a
//! [`Secret`](crate::model::Secret), and only [`stores`] calls AWS.

mod access;
mod bundle;
mod curl;
mod openapi;
pub mod postman;
mod powershell;
mod recipients;
pub mod stores;
#[cfg(test)]
mod testing;

pub use access::{Access, Allowance, Call};
pub use bundle::{Bundle, CREDENTIALS, File};
pub(crate) use bundle::{Document, Facts};
pub use openapi::openapi;
pub use recipients::{Destination, Encryption, IDENTITY, NotEncrypted, destination, is_identity};
