//! Cognito's domain: the token endpoint.

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use super::super::state::State;
use super::{Inner, Seen, message};

/// Answers a request to a user pool's domain, given as its name and Region.
pub(super) fn domain(
    _: &Inner,
    _: &State,
    (name, _): (&str, &str),
    rest: &str,
    _: &Request<Bytes>,
) -> (Response<Bytes>, Option<Seen>) {
    let lacking = format!("the local AWS does not have {rest} of {name}");
    (message(StatusCode::NOT_IMPLEMENTED, &lacking), None)
}

/// What a pool publishes of itself.
pub(super) fn document(
    _: &Inner,
    _: &State,
    pool: &str,
    name: &str,
    _: &Request<Bytes>,
) -> Response<Bytes> {
    let lacking = format!("the local AWS does not have {name} of {pool}");
    message(StatusCode::NOT_IMPLEMENTED, &lacking)
}
