//! The stack file: its format, how it is read, and all checks that don't need AWS.
//!
//! ```text
//! texts ─ parse, overlay ─▶ table ─ variables ─▶ table ─ structure ─▶ File ─ check ─▶ Checked
//!         stack.prod.toml  (spans)  ${var} ${env}        keys, types         AWS's rules, contradictions
//! ```
//!
//! Existing resources that the file refers to are checked separately, after the lookups: `preflight`.
//!
//! Before them, an outline of the tables finds misspelled names, so that references to them are not reported too.
//!
//! Each pass checks the whole file, records every mistake and marks unusable values, so that one mistake gives one message. The
//! module never calls AWS; [`load()`] is a function of the texts, `--var`, the environment and the files that the texts name.

pub mod diagnostic;
pub mod expand;
pub mod extract;
pub mod file;
pub mod interpolate;
pub mod load;
pub mod preflight;
pub mod scalar;
pub mod schema;
pub mod source;
pub mod spans;

mod check;
mod cors;
mod cycles;
mod document;
mod files;
mod findings;
mod function_files;
mod given_keys;
mod limits;
mod methods;
mod overlay;
mod own_files;
mod scopes;
mod secret_lines;
mod shorthand;
mod structure;
mod template;
mod variables;

pub use aws_facts::limits::apigateway::LARGEST_DOCUMENT;
pub use diagnostic::{Code, Diagnostic, Diagnostics, Severity};
pub use document::FromDocument;
pub use expand::expand;
pub use extract::extract;
pub use files::NamedFiles;
pub use findings::LeftOut;
pub use function_files::{Build, FunctionCode, FunctionCodes};
pub use given_keys::{BadValue, GivenKeys};
pub use load::{Checked, CodeReading, Given, GivenBy, LoadSettings, load};
pub(crate) use own_files::around;
pub use own_files::{LOCAL_AWS, OwnFiles};
pub use preflight::{Absent, absent, preflight, queries};
pub use source::{LARGEST_FILE, Location, Source};
pub use template::{GatewayTemplate, Template};

#[cfg(test)]
mod laws;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod together;
