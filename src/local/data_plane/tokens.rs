//! Whether a token is good.

use jiff::Timestamp;

use super::super::operation::Object;
use super::super::state::State;

/// Why a token is no good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum BadToken {
    Malformed,
    UnknownIssuer,
    BadSignature,
    Expired,
}

/// The claims of a token that is good now.
pub(super) fn verify(
    _state: &State,
    _token: &str,
    _pools: &[&str],
    _now: Timestamp,
) -> Result<Object, BadToken> {
    Err(BadToken::BadSignature)
}
