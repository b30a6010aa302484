//! Proof that the door is shut to everyone it should be shut to and open to everyone else: every route against every kind of
//! caller, and what only AWS's own configuration can tell.
//!
//! ```text
//! Desired ─sketch▶ Front of the stack ─matrix▶ cells ─budget▶ calls ─judge▶ differences
//!                                          purse ──▲            (asked again while AWS spreads a change)
//! ```
//!
//! What to expect follows from the file alone, never from what AWS has: [`matrix()`] and [`judge()`] are pure. What a caller
//! shows at the door lies in a [`Purse`], which also says why something can't be shown; that cell reads "not tested".

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
