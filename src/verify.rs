//! Verification that calls are denied and admitted as in the file: every route with every kind of caller, and checks of AWS's
//! configuration.
//!
//! ```text
//! Desired ─access▶ ClientView of the stack ─matrix▶ cases ─budget▶ calls ─judge▶ differences
//!                                          test_credentials ──▲            (asked again while AWS spreads a change)
//! ```
//!
//! The expected results follow from the file alone, never from AWS: [`matrix()`] and [`judge()`] are pure. A [`TestCredentials`] has the
//! test credentials, or the reasons why some don't exist; those cases are "not tested".

mod access;
mod ask;
mod case;
mod checks;
mod elsewhere;
mod judge;
mod matrix;
mod probe;
mod test_credentials;
mod tokens;

pub use access::{ExpectedAccess, ExpectedRoute, KeySketch, KnownCaller};
pub use ask::{Asking, ask};
pub use case::{
    Answer, Backend, Caller, Case, CheckName, Checked, Difference, Door, Expected, KeyShown,
    Outcome, Refusal, Report, Tested, TokenShown,
};
pub use checks::{applied, domains};
pub use elsewhere::other_pool;
pub use judge::{Command, judge};
pub use matrix::{Options, Samples, matrix};
pub use probe::{Probe, ProbeError};
pub use test_credentials::{Temporary, TestCredentials};
pub use tokens::{AllCredentials, Endpoint, credentials, test_credentials};
