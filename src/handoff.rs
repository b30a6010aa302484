//! What a partner is handed so that it can call: the addresses, its credentials, and what it may call with them, as a bundle for
//! people, as OpenAPI, and as a Postman collection.
//!
//! Everything here follows from what AWS has at that moment and is the same each time as long as AWS is. It is data in, text out: a
//! text that holds a secret is a [`Secret`](crate::model::Secret), and only [`stores`] talks to AWS.

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
