//! What a method calls: mocks and HTTP back ends, with parameter mapping and templates.
//!
//! ```text
//! exchange ─▶ request (mappings, template) ─▶ back end │ mock ─▶ answer (pattern, mappings, template) ─▶ response
//! ```
//!
//! A proxy (`HTTP_PROXY`) has neither template nor answer to choose: what comes is what goes, but for the headers that API Gateway keeps to
//! itself. Lambda has its place in [`integrate`].

mod answer;
mod backend;
mod content;
mod headers;
mod http;
mod mock;
mod request;
#[cfg(test)]
mod tests;

use ::http::Response;
use bytes::Bytes;

pub(in super::super) use backend::Backends;

use super::super::Inner;
use super::context::Context;
use super::exchange::{Exchange, Refused};
use super::refusals::{configuration, not_here};
use super::template::{Input, Variables};

/// Calls what the method is integrated with, and answers with what comes back of it.
///
/// # Errors
/// Why API Gateway answers itself instead.
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
        kind @ ("AWS" | "AWS_PROXY") => Err(not_here(format_args!(
            "the integration type {kind}: Lambda functions and calls of AWS services"
        ))),
        kind => Err(not_here(format_args!("the integration type {kind}"))),
    }
}

/// A text member of an object, or `""` without one.
fn text<'o>(object: &'o super::super::super::operation::Object, member: &str) -> &'o str {
    let value = object.get(member).and_then(serde_json::Value::as_str);
    value.unwrap_or_default()
}

/// What the mappings and templates of an exchange see, around this body.
fn variables<'v>(
    exchange: &'v Exchange<'v>,
    context: &'v Context<'v>,
    body: &'v [u8],
) -> Variables<'v> {
    let stage_variables = exchange.stage.settings.get("variables");
    Variables {
        context,
        stage_variables: stage_variables.and_then(serde_json::Value::as_object),
        input: Some(Input {
            body,
            path: &exchange.path_parameters,
            query: &exchange.query,
            headers: &exchange.headers,
        }),
    }
}
