//! What a method calls: mocks, HTTP back ends and functions, with parameter mapping and templates.
//!
//! ```text
//! exchange ─▶ request (mappings, template) ─▶ back end │ mock ─▶ answer (pattern, mappings, template) ─▶ response
//! ```
//!
//! A proxy (`HTTP_PROXY`, `AWS_PROXY`) has neither templates nor integration responses: everything is passed on, but for some headers.

mod answer;
mod backend;
mod content;
pub(super) mod headers;
mod http;
mod lambda;
mod mock;
mod request;
#[cfg(test)]
pub(super) mod tests;

use ::http::Response;
use bytes::Bytes;

pub(in super::super) use backend::Backends;

use super::super::super::apigateway::text;
use super::super::Inner;
use super::exchange::{Exchange, Refused};
use super::refusals::configuration;

/// Calls the method's integration and returns its response.
///
/// # Errors
/// API Gateway's own response instead.
pub(super) async fn integrate(
    inner: &Inner,
    exchange: &Exchange<'_>,
) -> Result<Response<Bytes>, Refused> {
    let integration = exchange.method.integration.as_ref();
    let integration = integration.ok_or_else(|| configuration("the method has no integration"))?;
    match text(&integration.settings, "type") {
        "MOCK" => mock::answer(exchange, integration),
        "HTTP_PROXY" => http::proxy(inner, exchange, integration).await,
        "HTTP" => http::call(inner, exchange, integration).await,
        "AWS_PROXY" => lambda::proxy(inner, exchange, integration).await,
        "AWS" => Err(Refused::not_implemented(
            "the integration type AWS: functions without a proxy, and other calls of AWS services",
        )),
        kind => Err(Refused::not_implemented(format_args!(
            "the integration type {kind}"
        ))),
    }
}
