//! Invoke: a function runs, and the call waits for it or not.
//!
//! Answers and errors are as recorded on AWS (LocalStack, `test_lambda`), for what is not marked.

use aws_facts::limits::lambda::{LARGEST_EVENT, LARGEST_PAYLOAD};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::super::functions::{FunctionVersion, Invocation, Unable};
use super::super::identifiers;
use super::super::members::optional;
use super::super::operation::{Call, Later, Object, Operation, Outside, Refusal};
use super::super::state::Region;
use super::names::Named;
use super::{conflict, no_function};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::outside("Invoke", invoke).refusing(&["DurableExecutionName", "TenantId"])];

fn invoke(outside: Outside, call: Call) -> Later {
    Box::pin(async move {
        match Wanted::of(&call)? {
            Wanted::Check => Ok(Object::from_iter([status(204)])),
            Wanted::Event(invocation) => {
                let invocation = invocation.with(&outside, &call);
                let functions = outside.service.functions();
                functions.begin(invocation).map_err(unable)?;
                Ok(Object::from_iter([status(202)]))
            }
            Wanted::Answer(invocation) => {
                let invocation = invocation.with(&outside, &call);
                let functions = outside.service.functions();
                let ran = functions.invoke(invocation, None).await;
                let outcome = ran.map_err(unable)?;
                let mut answer = Object::from_iter([
                    status(200),
                    ("ExecutedVersion".to_owned(), json!(outcome.version)),
                    (
                        "Payload".to_owned(),
                        json!(STANDARD.encode(&outcome.payload)),
                    ),
                ]);
                if outcome.failed {
                    answer.insert("FunctionError".into(), "Unhandled".into());
                }
                if call.text("LogType") == "Tail" {
                    let tail = STANDARD.encode(&outcome.tail);
                    answer.insert("LogResult".into(), tail.into());
                }
                Ok(answer)
            }
        }
    })
}

fn status(code: u16) -> (String, Value) {
    ("StatusCode".to_owned(), code.into())
}

/// What a call wants.
enum Wanted {
    /// Only whether it would run.
    Check,
    Event(Invocation),
    Answer(Invocation),
}

impl Invocation {
    fn with(self, outside: &Outside, call: &Call) -> Self {
        Self {
            watcher: outside.watcher.clone(),
            is_logged: outside.service.opens_log(&call.everywhere, &self.version),
            ..self
        }
    }
}

impl Wanted {
    fn of(call: &Call) -> Result<Self, Refusal> {
        let named = Named::of(call)?;
        let nothing = Region::default();
        let region = call.everywhere.regions.get(&call.region);
        let region = region.unwrap_or(&nothing);
        let (function, configuration) = named.configuration(region, call)?;
        if configuration.is_pending(call.seconds()) {
            // Reported, remotion-dev/remotion#1186.
            return Err(conflict(
                "The operation cannot be performed at this time. The function is currently in the following state: Pending",
            ));
        }
        let kind = optional(&call.input, "InvocationType").unwrap_or("RequestResponse");
        let payload = payload(call, kind)?;
        if kind == "DryRun" {
            return Ok(Self::Check);
        }
        if kind == "RequestResponse" && function.reserved_concurrency == Some(0) {
            return Err(unable(Unable::Throttled));
        }
        let (arn, qualifier) = (named.arn(call), named.qualifier.as_deref());
        let version = FunctionVersion::of(
            function,
            (&named.name, &arn, qualifier),
            (&call.account, &call.region),
        );
        let invoked_arn = named.qualified_arn(call);
        let invocation = Invocation {
            version: version.ok_or_else(|| no_function(&invoked_arn))?,
            beside: call.beside.clone(),
            request_id: call.request_id.clone(),
            payload,
            invoked_arn,
            trace_id: trace_id(call.now.as_second()),
            client_context: client_context(call),
            watcher: None,
            is_logged: false,
        };
        Ok(match kind {
            "Event" => Self::Event(invocation),
            _ => Self::Answer(invocation),
        })
    }
}

/// The payload, which is an empty object if none was sent.
fn payload(call: &Call, kind: &str) -> Result<Bytes, Refusal> {
    let Some(text) = optional(&call.input, "Payload") else {
        return Ok(Bytes::from_static(b"{}"));
    };
    let bytes = STANDARD.decode(text).unwrap_or_default();
    let most = match kind {
        "Event" => LARGEST_EVENT,
        _ => LARGEST_PAYLOAD,
    };
    if bytes.len() > most {
        // Reported, faultline/faultline#12.
        let message = format!(
            "{} byte payload is too large for the {kind} invocation type (limit {most} bytes)",
            bytes.len()
        );
        return Err(Refusal::new(413, "RequestEntityTooLargeException", message));
    }
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
        let message = format!(
            "Could not parse request body into json: Could not parse payload into json: {error}"
        );
        return Err(Refusal::new(400, "InvalidRequestContentException", message));
    }
    Ok(bytes.into())
}

/// JSON in base64; what is none is not passed on.
fn client_context(call: &Call) -> Option<String> {
    let decoded = STANDARD.decode(call.text("ClientContext")).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    serde_json::from_str::<serde::de::IgnoredAny>(&text).ok()?;
    Some(text)
}

/// X-Ray's id of a trace that begins here, which is not sampled.
fn trace_id(seconds: i64) -> String {
    const HEXADECIMAL: &[u8] = b"0123456789abcdef";
    let digits = |length| identifiers::random(HEXADECIMAL, length);
    format!(
        "Root=1-{seconds:08x}-{};Parent={};Sampled=0",
        digits(24),
        digits(16)
    )
}

fn unable(unable: Unable) -> Refusal {
    match unable {
        Unable::Throttled => Refusal {
            reason: Some("ReservedFunctionConcurrentInvocationLimitExceeded"),
            ..Refusal::new(429, "TooManyRequestsException", "Rate Exceeded.")
        },
        Unable::NotImplemented(what) => Refusal::not_implemented(what),
        Unable::GivenUp => Refusal::new(500, "ServiceException", "the caller gave up"),
        Unable::Broken(why) => Refusal::new(500, "ServiceException", why),
    }
}
