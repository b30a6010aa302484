//! AWS's wire protocols: a request's operation and input, and responses and errors on the wire.
//!
//! Unknown members of an input are dropped, as on AWS; in an output they are a bug of the operation.

mod json;
mod query;
mod rest_json;
mod rest_xml;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use serde_json::Value;

use super::model::{Model, OperationModel, Protocol};
use super::operation::{Object, Refusal};

pub(super) use json::Target;

#[cfg(test)]
mod tests;

/// The operation of a request: its name in the model.
pub(super) fn operation<'m>(
    model: &'m Model,
    request: &Request<Bytes>,
) -> Result<(&'m str, &'m OperationModel), Refusal> {
    match model.metadata.protocol {
        Protocol::Json => json::operation(model, request),
        Protocol::RestJson | Protocol::RestXml => rest_json::operation(model, request),
        Protocol::Query | Protocol::Ec2 => query::operation(model, request),
    }
}

/// The input's members, off the wire.
pub(super) fn input(
    model: &Model,
    operation: &OperationModel,
    request: &Request<Bytes>,
) -> Result<Object, Refusal> {
    let Some(shape) = &operation.input else {
        return Ok(Object::new());
    };
    match model.metadata.protocol {
        Protocol::Json => json::input(model, shape, request.body()),
        Protocol::RestJson => rest_json::input(model, operation, shape, request),
        Protocol::RestXml => rest_xml::input(model, operation, shape, request),
        Protocol::Query | Protocol::Ec2 => query::input(model, shape, request),
    }
}

/// A success on the wire.
///
/// # Errors
/// 500 if the output has an unknown member, or one of another type: a bug of the operation.
pub(super) fn answer(
    model: &Model,
    name: &str,
    operation: &OperationModel,
    output: Object,
    request_id: &str,
) -> Result<Response<Bytes>, Refusal> {
    let answer = match model.metadata.protocol {
        Protocol::Json => json::answer(model, operation, output),
        Protocol::RestJson => rest_json::answer(model, operation, output),
        Protocol::RestXml => rest_xml::answer(model, operation, output),
        Protocol::Query | Protocol::Ec2 => {
            query::answer(model, name, operation, output, request_id)
        }
    };
    let mut answer = answer.map_err(|fault| fault.within(name))?;
    request_id_header(&mut answer, request_id);
    Ok(answer)
}

/// The host name of a request in lower case, without the port; empty when it names none.
pub(super) fn host<B>(request: &Request<B>) -> String {
    let in_header = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let host = in_header
        .or_else(|| request.uri().host())
        .unwrap_or_default();
    let without_port = match host.rsplit_once(':') {
        // An IPv6 address is in brackets, since it has colons.
        Some((name, _)) if !host.ends_with(']') => name,
        _ => host,
    };
    without_port
        .trim_matches(['[', ']'])
        .trim_end_matches('.')
        .to_ascii_lowercase()
}

/// A refusal on the wire; in JSON of a version, with AWS's words in the member of this name, or as the service's
/// model has it.
pub(super) fn refusal(
    protocol: Protocol,
    json: (&str, &str),
    model: Option<&Model>,
    refusal: &Refusal,
    request_id: &str,
) -> Response<Bytes> {
    let mut answer = match protocol {
        Protocol::Json => json::refusal(json, refusal),
        Protocol::RestJson => rest_json::refusal(model, refusal),
        Protocol::Query | Protocol::RestXml => query::refusal(refusal, request_id),
        Protocol::Ec2 => query::ec2_refusal(refusal, request_id),
    };
    *answer.status_mut() =
        StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = refusal.retry_after {
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    request_id_header(&mut answer, request_id);
    answer
}

fn request_id_header(answer: &mut Response<Bytes>, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        answer.headers_mut().insert("x-amzn-requestid", value);
    }
}

fn response(content_type: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

/// A value of another type than the model's.
fn mismatch(value: &Value, wanted: &str) -> Refusal {
    let is = match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    };
    Refusal::new(
        400,
        "SerializationException",
        format!("{is} can not be converted to {wanted}"),
    )
}

/// An output that violates the model: a bug of the operation, not an error of the caller.
#[derive(Debug)]
struct Fault(String);

impl Fault {
    fn within(self, operation: &str) -> Refusal {
        Refusal::new(
            500,
            "InternalFailure",
            format!("a fault of the local AWS: {operation} answers {}", self.0),
        )
    }
}
