//! What a method calls: mocks and HTTP back ends, with parameter mapping and templates.

use bytes::Bytes;
use http::Response;

use super::super::super::apigateway::text;
use super::super::Inner;
use super::exchange::{Exchange, Refused};

/// Calls what the method leads to.
pub(super) async fn integrate(
    _inner: &Inner,
    exchange: &Exchange<'_>,
) -> Result<Response<Bytes>, Refused> {
    let kind = exchange
        .method
        .integration
        .as_ref()
        .map(|integration| text(&integration.settings, "type"));
    match kind {
        Some("MOCK") => Ok(Response::new(Bytes::new())),
        kind => Err(Refused::not_implemented(format_args!(
            "{} integrations",
            kind.unwrap_or("absent")
        ))),
    }
}
