//! `AWS_PROXY`: a function gets the request as an event, and its answer is the response.
//!
//! What is not marked is recorded on AWS (LocalStack, `test_apigateway_lambda`).

mod answer;
pub(super) mod event;
mod permission;

use std::time::Duration;

use ::http::Response;
use aws_facts::arns::Arn;
use aws_facts::limits::lambda::LARGEST_PAYLOAD;
use bytes::Bytes;
use serde_json::Value;

use super::super::super::super::apigateway::{Integration, text};
use super::super::super::super::functions::{FunctionVersion, Invocation, Unable};
use super::super::super::super::identifiers;
use super::super::super::Inner;
use super::super::exchange::{Exchange, Refused};
use super::super::refusals::{configuration, event_too_large, failed, timed_out};
use super::super::variables::Variables;
use super::{headers, http};

/// A function that an integration's URI names.
struct Named<'u> {
    /// Its ARN as it is in the URI, with a qualifier if it has one.
    arn: &'u str,
    region: &'u str,
    account: &'u str,
    name: &'u str,
    qualifier: Option<&'u str>,
}

/// Runs the function.
pub(super) async fn proxy(
    inner: &Inner,
    exchange: &Exchange<'_>,
    integration: &Integration,
) -> Result<Response<Bytes>, Refused> {
    let settings = &integration.settings;
    if text(settings, "responseTransferMode") == "STREAM" {
        return Err(Refused::not_implemented("responseTransferMode STREAM"));
    }
    if text(settings, "httpMethod") != "POST" {
        return Err(failed(
            500,
            format!(
                "Lambda is called with POST only, and the integration's method is {}",
                text(settings, "httpMethod")
            ),
        ));
    }
    let parameters = settings.get("requestParameters").and_then(Value::as_object);
    for to in parameters.into_iter().flatten().map(|(to, _)| to) {
        let header = to.strip_prefix("integration.request.header.");
        if let Some(name) = header.filter(|name| !headers::is_mappable_to_aws(name)) {
            return Err(configuration(format!("the header {name} can't be mapped")));
        }
    }
    let uri = with_stage_variables(text(settings, "uri"), &Variables::of_request(exchange));
    let named = Named::of(&uri)?;
    let invocation = invocation(inner, exchange, settings, &named)?;
    let milliseconds = settings.get("timeoutInMillis").and_then(Value::as_u64);
    let milliseconds = milliseconds.unwrap_or(29_000);
    let patience = Duration::from_millis(milliseconds);
    let name = named.name;
    let ran = inner.service.functions().invoke(invocation, Some(patience));
    let outcome = ran.await.map_err(|unable| match unable {
        Unable::Throttled => failed(
            500,
            format!("the function {name} runs as often at once as its reserved concurrency allows"),
        ),
        Unable::GivenUp => timed_out(milliseconds),
        Unable::NotImplemented(what) => Refused::not_implemented(what),
        Unable::Broken(why) => failed(500, why),
    })?;
    if outcome.failed {
        return Err(failed(502, why_it_failed(name, &outcome.payload)));
    }
    let mut response = answer::response(exchange, name, &outcome.payload)?;
    if let Ok(trace) = http::trace_id(exchange) {
        response.headers_mut().insert(headers::TRACE_ID, trace);
    }
    Ok(response)
}

/// What the function is run with, if API Gateway may run it.
fn invocation(
    inner: &Inner,
    exchange: &Exchange<'_>,
    settings: &super::super::super::super::operation::Object,
    named: &Named<'_>,
) -> Result<Invocation, Refused> {
    let missing = || configuration(format!("there is no function {}", named.arn));
    if named.account != exchange.account {
        return Err(missing());
    }
    let region = exchange.state.regions.get(named.region);
    let function = region.and_then(|region| region.lambda.function(named.name));
    let function = function.ok_or_else(missing)?;
    permission::check(exchange, settings, function, named)?;
    let configuration = function
        .configuration(named.qualifier)
        .ok_or_else(missing)?;
    let seconds = exchange.now.as_millisecond() as f64 / 1000.0;
    if configuration.is_pending(seconds) {
        let why = format!("the function {} is in the state Pending", named.name);
        return Err(failed(500, why));
    }
    let arn = match named.qualifier {
        Some(qualifier) => &named.arn[..named.arn.len() - qualifier.len() - 1],
        None => named.arn,
    };
    let version = FunctionVersion::of(
        function,
        (named.name, arn, named.qualifier),
        (named.account, named.region),
    );
    let payload = event::of(exchange)?.to_string();
    if payload.len() > LARGEST_PAYLOAD {
        return Err(event_too_large(payload.len()));
    }
    let version = version.ok_or_else(missing)?;
    let is_logged = inner.service.opens_log(exchange.state, &version);
    let trace = exchange.headers.get(headers::TRACE_ID).cloned();
    let trace = trace.or_else(|| http::trace_id(exchange).ok());
    Ok(Invocation {
        version,
        beside: inner.service.beside().clone(),
        request_id: identifiers::uuid(),
        payload: payload.into(),
        invoked_arn: named.arn.to_owned(),
        trace_id: trace
            .and_then(|trace| trace.to_str().ok().map(str::to_owned))
            .unwrap_or_default(),
        client_context: None,
        watcher: inner.options.functions.clone(),
        is_logged,
    })
}

/// A text with the values of its stage variables.
fn with_stage_variables(text: &str, variables: &Variables<'_>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${stageVariables.") {
        let Some((name, behind)) = behind.split_once('}') else {
            break;
        };
        filled.push_str(before);
        filled.push_str(variables.stage_variable(name));
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

impl<'u> Named<'u> {
    /// From `arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations`.
    fn of(uri: &'u str) -> Result<Self, Refused> {
        let wrong = || {
            configuration(format!(
                "the integration's URI does not name a function once it is filled in: {uri}"
            ))
        };
        let integration = Arn::parse(uri).ok_or_else(wrong)?;
        if integration.account != "lambda" {
            return Err(Refused::not_implemented(format_args!(
                "AWS_PROXY to {}",
                integration.account
            )));
        }
        let arn = integration
            .resource
            .strip_prefix("path/2015-03-31/functions/")
            .and_then(|rest| rest.strip_suffix("/invocations"))
            .ok_or_else(wrong)?;
        let function = Arn::parse(arn).filter(|arn| arn.service == "lambda");
        let function = function.ok_or_else(wrong)?;
        let rest = function.resource.strip_prefix("function:");
        let rest = rest.filter(|rest| !rest.is_empty()).ok_or_else(wrong)?;
        let (name, qualifier) = match rest.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (rest, None),
        };
        Ok(Self {
            arn,
            region: function.region,
            account: function.account,
            name,
            qualifier,
        })
    }
}

/// The reason of a function's failure, for the log.
fn why_it_failed(name: &str, payload: &[u8]) -> String {
    let error: Value = serde_json::from_slice(payload).unwrap_or_default();
    let text = |member: &str| error[member].as_str().unwrap_or_default();
    let message = text("errorMessage").lines().next().unwrap_or_default();
    format!(
        "the function {name} failed: {}: {message}",
        text("errorType")
    )
}
