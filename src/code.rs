//! The code of functions: archives, digests of what they are made of, builds, handlers, environment variables. Reads files and runs
//! builds; nothing here calls AWS.
//!
//! `source` is always what Lambda gets: a folder, a zip file, or an object in S3. A folder becomes the same archive, byte for byte,
//! wherever it is packed. What decides whether the code has changed is a digest: of the folder's files, of the zip file, or of what a
//! `build` reads. So a build that gives other bytes each time is no change.

mod archive;
mod binary;
mod build;
mod environment;
mod fault;
mod folder;
mod handler;
mod origin;

pub use archive::Code;
pub use binary::check_architecture;
pub use build::build;
pub use environment::{Variable, looks_secret};
pub use fault::CodeFault;
pub use folder::is_left_out;
pub use handler::handler;
pub use origin::{Origin, build_digest};
