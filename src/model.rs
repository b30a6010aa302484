//! The nouns of a plan: addresses, values, references, digests. Data only: no I/O, nothing asynchronous.

mod address;
mod duration;
pub mod endpoints;
mod patterns;
mod payload;
mod place;
pub mod routing;
mod s3_object;
mod scope;
mod secret;
mod secret_source;
mod shell;
pub mod shorten;
pub mod similar;
mod size;
mod text;
mod value;

pub use address::{Address, bare_or_quoted};
pub use duration::{HumanDuration, NotADuration};
pub use patterns::{Patterns, is_glob};
pub use payload::{Payload, Payloads};
pub use place::{Place, Table};
pub use s3_object::S3Object;
pub use scope::{ALL_SCOPES, NamedServer, ScopeServer, ScopeServers};
pub use secret::Secret;
pub use secret_source::SecretSource;
pub use shell::{shell_quoted, shell_word};
pub use size::{ByteSize, NotASize};
pub use text::{Book, Output, OutputName, Piece, Text, is_key_character, is_unseen};
pub use value::{Number, Value};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// A time to display: `2026-11-21 15:53 UTC`.
pub fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The SHA-256 of some bytes as 64 hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
