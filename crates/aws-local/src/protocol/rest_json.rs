//! restJson1: methods and paths, members in labels, queries, headers and JSON bodies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::super::model::{Location, Member, Model, OperationModel, Shape, Type};
use super::super::operation::{Object, Refusal};
use super::{Fault, json as body_json, mismatch, response};

/// The operation whose method and path this is. A fixed query (`?mode=import`) and literal segments decide between several.
pub(super) fn operation<'m>(
    model: &'m Model,
    request: &Request<Bytes>,
) -> Result<(&'m str, &'m OperationModel), Refusal> {
    let matching = model.operations.iter().filter(|(_, operation)| {
        operation.http.method == request.method().as_str()
            && labels(operation, request.uri().path()).is_some()
            && fixed_query(operation).all(|wanted| query(request).any(|pair| pair == wanted))
    });
    let literal = |operation: &OperationModel| {
        path_of(operation)
            .split('/')
            .filter(|segment| !segment.starts_with('{'))
            .count()
    };
    matching
        .max_by_key(|(_, operation)| (fixed_query(operation).count(), literal(operation)))
        .map(|(name, operation)| (name.as_str(), operation))
        .ok_or_else(|| {
            let asked = format!("{} {}", request.method(), request.uri().path());
            Refusal::new(
                404,
                "UnknownOperationException",
                format!("no operation is at {asked}"),
            )
        })
}

fn path_of(operation: &OperationModel) -> &str {
    operation
        .http
        .request_uri
        .split('?')
        .next()
        .unwrap_or_default()
}

fn fixed_query(operation: &OperationModel) -> impl Iterator<Item = (String, String)> {
    let fixed = operation
        .http
        .request_uri
        .split_once('?')
        .map_or("", |(_, fixed)| fixed);
    form_urlencoded::parse(fixed.as_bytes()).into_owned()
}

fn query(request: &Request<Bytes>) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned()
}

/// The values of the path's labels, if the path is this operation's. Segments are split before they are decoded, so that an ARN's `%2F`
/// stays in its label; a greedy label (`{name+}`) takes all the segments that are left.
fn labels(operation: &OperationModel, path: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut segments = path.trim_start_matches('/').split('/');
    // Some of Route 53's paths end with a slash in the model, and clients differ in whether they send it.
    let mut template = path_of(operation).trim_matches('/').split('/');
    loop {
        match (template.next(), segments.next()) {
            (None, None) => return Some(found),
            (Some(wanted), Some(segment)) => {
                let decoded =
                    |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
                match wanted
                    .strip_prefix('{')
                    .and_then(|label| label.strip_suffix('}'))
                {
                    None if wanted == segment => {}
                    None => return None,
                    Some(label) => match label.strip_suffix('+') {
                        Some(label) => {
                            let rest = segments.fold(segment.to_owned(), |rest, segment| {
                                format!("{rest}/{segment}")
                            });
                            found.push((label.to_owned(), decoded(&rest)?));
                            return Some(found);
                        }
                        None if segment.is_empty() => return None,
                        None => found.push((label.to_owned(), decoded(segment)?)),
                    },
                }
            }
            // A trailing slash is no segment.
            (None, Some("")) => {}
            _ => return None,
        }
    }
}

pub(super) fn input(
    model: &Model,
    operation: &OperationModel,
    shape: &str,
    request: &Request<Bytes>,
) -> Result<Object, Refusal> {
    let shape = model.shape(shape);
    let mut members = match &shape.payload {
        None => {
            let has_body = shape
                .members
                .values()
                .any(|member| member.location.is_none());
            if has_body {
                body_json::structure(model, shape, body_json::parse(request.body())?)?
            } else {
                Object::new()
            }
        }
        Some(payload) => payload_member(model, shape, payload, request.body())?,
    };
    outside_the_body(model, operation, shape, request, &mut members)?;
    Ok(members)
}

/// Adds the members in the path, the query and the headers.
pub(super) fn outside_the_body(
    model: &Model,
    operation: &OperationModel,
    shape: &Shape,
    request: &Request<Bytes>,
    members: &mut Object,
) -> Result<(), Refusal> {
    let labels = labels(operation, request.uri().path()).unwrap_or_default();
    for (name, member) in &shape.members {
        let wire = member.wire(name);
        let value = match member.location {
            None => None,
            Some(Location::Uri) => labels
                .iter()
                .find(|(label, _)| label == wire)
                .map(|(_, text)| scalar(model.target(member), text))
                .transpose()?,
            Some(Location::QueryString) => from_query(model, shape, member, wire, request)?,
            Some(Location::StatusCode) => None,
            Some(Location::Header) => {
                let text = request
                    .headers()
                    .get(wire)
                    .and_then(|value| value.to_str().ok());
                text.map(|text| scalar(model.target(member), text))
                    .transpose()?
            }
        };
        if let Some(value) = value {
            members.insert(name.clone(), value);
        }
    }
    Ok(())
}

fn payload_member(
    model: &Model,
    shape: &Shape,
    payload: &str,
    body: &Bytes,
) -> Result<Object, Refusal> {
    let Some(member) = shape.members.get(payload).filter(|_| !body.is_empty()) else {
        return Ok(Object::new());
    };
    let target = model.target(member);
    let value = match target.r#type {
        Type::Structure => Value::Object(body_json::structure(
            model,
            target,
            body_json::parse(body)?,
        )?),
        _ => Value::String(STANDARD.encode(body)),
    };
    Ok(Object::from_iter([(payload.to_owned(), value)]))
}

fn from_query(
    model: &Model,
    shape: &Shape,
    member: &Member,
    wire: &str,
    request: &Request<Bytes>,
) -> Result<Option<Value>, Refusal> {
    let target = model.target(member);
    match target.r#type {
        Type::List => {
            let item = target.member.as_ref().map(|member| model.target(member));
            let texts = query(request)
                .filter(|(key, _)| key == wire)
                .map(|(_, text)| text);
            let items: Vec<_> = texts
                .map(|text| item.map_or(Ok(Value::from(text.as_str())), |item| scalar(item, &text)))
                .collect::<Result<_, _>>()?;
            Ok((!items.is_empty()).then_some(Value::Array(items)))
        }
        Type::Map => {
            // A map takes every key of the query that is no other member's.
            let others: Vec<&str> = shape
                .members
                .iter()
                .filter(|(_, other)| {
                    other.location == Some(Location::QueryString)
                        && model.target(other).r#type != Type::Map
                })
                .map(|(name, other)| other.wire(name))
                .collect();
            let entries: Object = query(request)
                .filter(|(key, _)| !others.contains(&key.as_str()))
                .map(|(key, text)| (key, text.into()))
                .collect();
            Ok((!entries.is_empty()).then_some(Value::Object(entries)))
        }
        _ => query(request)
            .find(|(key, _)| key == wire)
            .map(|(_, text)| scalar(target, &text))
            .transpose(),
    }
}

/// A value from a text, in the type of its shape.
pub(super) fn scalar(shape: &Shape, text: &str) -> Result<Value, Refusal> {
    let wrong = || mismatch(&Value::from(text), body_json::wanted(shape.r#type));
    match shape.r#type {
        Type::Boolean => match text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(wrong()),
        },
        Type::Integer | Type::Long => text.parse::<i64>().map(Value::from).map_err(|_| wrong()),
        Type::Float | Type::Double => text.parse::<f64>().map(Value::from).map_err(|_| wrong()),
        Type::Timestamp => {
            let time = text.parse::<jiff::Timestamp>().map_err(|_| wrong())?;
            Ok((time.as_millisecond() as f64 / 1000.0).into())
        }
        _ => Ok(text.into()),
    }
}

pub(super) fn answer(
    model: &Model,
    operation: &OperationModel,
    mut output: Object,
) -> Result<Response<Bytes>, Fault> {
    let mut status = operation.http.response_code;
    let mut answer = match &operation.output {
        None if output.is_empty() => Response::new(Bytes::new()),
        None => return Err(Fault("with members".into())),
        Some(shape) => {
            let shape = model.shape(shape);
            let headers = take_headers(shape, &mut output);
            if let Some(taken) = take_status(shape, &mut output) {
                status = taken;
            }
            let mut answer = match &shape.payload {
                None if status == StatusCode::NO_CONTENT.as_u16() => Response::new(Bytes::new()),
                None => {
                    let body = body_json::write_structure(model, shape, output, "")?;
                    response("application/json", Value::Object(body).to_string())
                }
                Some(payload) => {
                    let bytes = match output.remove(payload) {
                        None | Some(Value::Null) => Vec::new(),
                        Some(Value::String(text)) => STANDARD
                            .decode(text)
                            .map_err(|_| Fault(format!("a {payload} that is not base64")))?,
                        Some(value) => value.to_string().into_bytes(),
                    };
                    response("application/octet-stream", bytes)
                }
            };
            add_headers(&mut answer, headers);
            answer
        }
    };
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok(answer)
}

/// Removes from an output the member that is its status.
fn take_status(shape: &Shape, output: &mut Object) -> Option<u16> {
    let mut members = shape.members.iter();
    let (name, _) = members.find(|(_, member)| member.location == Some(Location::StatusCode))?;
    let status = output.shift_remove(name)?;
    u16::try_from(status.as_u64()?).ok()
}

/// Removes from an output what is sent in headers: names and texts.
pub(super) fn take_headers(shape: &Shape, output: &mut Object) -> Vec<(String, String)> {
    let in_headers = shape
        .members
        .iter()
        .filter(|(_, member)| member.location == Some(Location::Header));
    in_headers
        .filter_map(|(name, member)| {
            let value = output.remove(name).filter(|value| !value.is_null())?;
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            Some((member.wire(name).to_owned(), text))
        })
        .collect()
}

pub(super) fn add_headers(answer: &mut Response<Bytes>, headers: Vec<(String, String)>) {
    for (name, text) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&text)) {
            answer.headers_mut().insert(name, value);
        }
    }
}

pub(super) fn refusal(model: Option<&Model>, refusal: &Refusal) -> Response<Bytes> {
    let errors = model.map(|model| &model.metadata.errors);
    let known = errors.and_then(|errors| errors.get(&refusal.code));
    let body = match known {
        Some(known) => {
            let mut body = Object::new();
            if known.typed {
                let fault = if refusal.status < 500 {
                    "User"
                } else {
                    "Service"
                };
                body.insert("Type".into(), fault.into());
            }
            if let Some(reason) = refusal.reason {
                body.insert("Reason".into(), reason.into());
            }
            body.insert(known.message.clone(), json!(refusal.message));
            Value::Object(body)
        }
        // A refusal without words, as Lambda has one.
        None if refusal.message.is_empty() && errors.is_some_and(|errors| !errors.is_empty()) => {
            json!({"Message": null})
        }
        None => json!({"message": refusal.message}),
    };
    let mut answer = response("application/json", body.to_string());
    body_json::error_type(&mut answer, refusal);
    answer
}
