//! Verification that calls are denied and admitted as the file says: every route with every kind of caller, and checks of AWS's
//! configuration.
//!
//! ```text
//! Desired ─sketch▶ Front of the stack ─matrix▶ cells ─budget▶ calls ─judge▶ differences
//!                                          purse ──▲            (asked again while AWS spreads a change)
//! ```
//!
//! The expected results follow from the file alone, never from AWS: [`matrix()`] and [`judge()`] are pure. A [`Purse`] has the
//! test credentials, or the reasons why some don't exist; those cases are "not tested".

mod ask;
mod cell;
mod checks;
mod elsewhere;
mod judge;
mod matrix;
mod probe;
mod purse;
mod sketch;
mod tokens;

pub use ask::{Asking, ask};
pub use cell::{
    Answer, Caller, Cell, CheckName, Checked, Difference, Door, Expected, KeyShown, Outcome,
    Refusal, Report, Tested, TokenShown,
};
pub use checks::{applied, domains};
pub use elsewhere::other_pool;
pub use judge::judge;
pub use matrix::{Options, Samples, matrix};
pub use probe::{Probe, ProbeError};
pub use purse::{Purse, Temporary};
pub use sketch::{KeySketch, KnownCaller, RouteSketch, Sketch};
pub use tokens::{AllCredentials, Endpoint, credentials, purse};
