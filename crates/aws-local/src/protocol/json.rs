//! awsJson 1.0 and 1.1, and the JSON bodies that restJson shares with them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use serde_json::{Map, Value, json};

use super::super::model::{Model, OperationModel, Shape, Type};
use super::super::operation::{Object, Refusal};
use super::{Fault, mismatch, response};

/// The `X-Amz-Target` header: a service's prefix and an operation.
pub(crate) struct Target<'r> {
    pub(crate) prefix: &'r str,
    pub(crate) operation: &'r str,
}

impl<'r> Target<'r> {
    pub(crate) fn of(request: &'r Request<Bytes>) -> Option<Self> {
        let (prefix, operation) = request
            .headers()
            .get("x-amz-target")?
            .to_str()
            .ok()?
            .split_once('.')?;
        Some(Self { prefix, operation })
    }
}

pub(super) fn operation<'m>(
    model: &'m Model,
    request: &Request<Bytes>,
) -> Result<(&'m str, &'m OperationModel), Refusal> {
    Target::of(request)
        .filter(|target| target.prefix == model.metadata.target_prefix)
        .and_then(|target| model.operations.get_key_value(target.operation))
        .map(|(name, operation)| (name.as_str(), operation))
        .ok_or_else(|| Refusal::new(400, "UnknownOperationException", ""))
}

pub(super) fn input(model: &Model, shape: &str, body: &Bytes) -> Result<Object, Refusal> {
    let value = parse(body)?;
    structure(model, model.shape(shape), value)
}

/// A body as JSON; an empty one is an empty object.
pub(super) fn parse(body: &Bytes) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body)
        .map_err(|error| Refusal::new(400, "SerializationException", format!("not JSON: {error}")))
}

/// The members of one structure that the model names, by their names in the model; nulls count as not sent.
pub(super) fn structure(
    model: &Model,
    shape: &Shape,
    value: Value,
) -> Result<Map<String, Value>, Refusal> {
    let Value::Object(mut wire) = value else {
        return Err(mismatch(&value, "a structure"));
    };
    if shape.document {
        return Ok(wire);
    }
    let mut members = Map::new();
    for (name, member) in shape
        .members
        .iter()
        .filter(|(_, member)| member.location.is_none())
    {
        match wire.remove(member.wire(name)) {
            None | Some(Value::Null) => {}
            Some(value) => {
                members.insert(name.clone(), read(model, model.target(member), value)?);
            }
        }
    }
    Ok(members)
}

fn read(model: &Model, shape: &Shape, value: Value) -> Result<Value, Refusal> {
    match (shape.r#type, value) {
        (Type::Structure, value) => structure(model, shape, value).map(Value::Object),
        (Type::List, Value::Array(items)) => {
            let member = shape.member.as_ref().map(|member| model.target(member));
            let read_one = |item| match member {
                Some(member) => read(model, member, item),
                None => Ok(item),
            };
            items
                .into_iter()
                .filter(|item| !item.is_null())
                .map(read_one)
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        (Type::Map, Value::Object(entries)) => {
            let member = shape.value.as_ref().map(|member| model.target(member));
            let read_one = |(key, entry): (String, Value)| match member {
                Some(member) => Ok((key, read(model, member, entry)?)),
                None => Ok((key, entry)),
            };
            // What API Gateway calls a template may be null, which is the same as empty; elsewhere a null was not sent.
            let (nulls, entries): (Vec<_>, Vec<_>) =
                entries.into_iter().partition(|(_, entry)| entry.is_null());
            let nulls = nulls.into_iter().filter(|(key, _)| key.contains('/'));
            let entries = entries
                .into_iter()
                .chain(nulls.map(|(key, _)| (key, Value::from(""))));
            entries
                .map(read_one)
                .collect::<Result<_, _>>()
                .map(Value::Object)
        }
        (Type::String, value @ Value::String(_)) | (Type::Boolean, value @ Value::Bool(_)) => {
            Ok(value)
        }
        (Type::Blob, Value::String(text)) => match STANDARD.decode(&text) {
            Ok(_) => Ok(Value::String(text)),
            Err(_) => Err(Refusal::new(
                400,
                "SerializationException",
                "the text is not base64",
            )),
        },
        (Type::Integer | Type::Long, Value::Number(number)) => {
            match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Ok(whole.into()),
                (None, Some(float)) if float.fract() == 0.0 && float.abs() < 9e15 => {
                    Ok((float as i64).into())
                }
                _ => Err(mismatch(&Value::Number(number), wanted(shape.r#type))),
            }
        }
        (Type::Float | Type::Double | Type::Timestamp, value @ Value::Number(_)) => Ok(value),
        (wants, value) => Err(mismatch(&value, wanted(wants))),
    }
}

/// A type as AWS names it in messages.
pub(super) fn wanted(wants: Type) -> &'static str {
    match wants {
        Type::Structure => "a structure",
        Type::List => "a list",
        Type::Map => "a map",
        Type::String => "String",
        Type::Integer => "Integer",
        Type::Long => "Long",
        Type::Float => "Float",
        Type::Double => "Double",
        Type::Boolean => "Boolean",
        Type::Blob => "Blob",
        Type::Timestamp => "Timestamp",
    }
}

pub(super) fn answer(
    model: &Model,
    operation: &OperationModel,
    output: Object,
) -> Result<Response<Bytes>, Fault> {
    let content_type = format!("application/x-amz-json-{}", model.metadata.json_version);
    let Some(shape) = &operation.output else {
        return if output.is_empty() {
            Ok(response(&content_type, Bytes::new()))
        } else {
            Err(Fault("with members".into()))
        };
    };
    let body = write_structure(model, model.shape(shape), output, "")?;
    Ok(response(&content_type, Value::Object(body).to_string()))
}

/// A structure by the names on the wire; nulls are left out.
pub(super) fn write_structure(
    model: &Model,
    shape: &Shape,
    value: Object,
    path: &str,
) -> Result<Object, Fault> {
    if shape.document {
        return Ok(value);
    }
    let mut wire = Object::new();
    for (name, value) in value.into_iter().filter(|(_, value)| !value.is_null()) {
        let path = format!("{path}.{name}");
        let member = shape
            .members
            .get(&name)
            .ok_or_else(|| Fault(format!("a member {path} that its model does not name")))?;
        wire.insert(
            member.wire(&name).to_owned(),
            write(model, model.target(member), value, &path)?,
        );
    }
    Ok(wire)
}

fn write(model: &Model, shape: &Shape, value: Value, path: &str) -> Result<Value, Fault> {
    match (shape.r#type, value) {
        (Type::Structure, Value::Object(members)) => {
            write_structure(model, shape, members, path).map(Value::Object)
        }
        (Type::List, Value::Array(items)) => {
            let Some(member) = &shape.member else {
                return Ok(Value::Array(items));
            };
            let member = model.target(member);
            items
                .into_iter()
                .map(|item| write(model, member, item, path))
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        (Type::Map, Value::Object(entries)) => {
            let Some(member) = &shape.value else {
                return Ok(Value::Object(entries));
            };
            let member = model.target(member);
            // API Gateway returns an empty template as null.
            let write_one = |(key, entry)| match entry {
                Value::Null => Ok((key, Value::Null)),
                entry => Ok((key, write(model, member, entry, path)?)),
            };
            entries
                .into_iter()
                .map(write_one)
                .collect::<Result<_, _>>()
                .map(Value::Object)
        }
        (Type::String | Type::Blob, value @ Value::String(_))
        | (Type::Boolean, value @ Value::Bool(_)) => Ok(value),
        (Type::Integer | Type::Long, Value::Number(number))
            if number.is_i64() || number.is_u64() =>
        {
            Ok(Value::Number(number))
        }
        (Type::Float | Type::Double | Type::Timestamp, value @ Value::Number(_)) => Ok(value),
        (wants, _) => Err(Fault(format!(
            "something else than {} as {path}",
            wanted(wants)
        ))),
    }
}

pub(super) fn refusal((version, message): (&str, &str), refusal: &Refusal) -> Response<Bytes> {
    let body = json!({"__type": refusal.code, message: refusal.message});
    let mut answer = response(
        &format!("application/x-amz-json-{version}"),
        body.to_string(),
    );
    error_type(&mut answer, refusal);
    answer
}

/// The header that carries an error's code in both JSON protocols.
pub(super) fn error_type(answer: &mut Response<Bytes>, refusal: &Refusal) {
    if let Ok(value) = HeaderValue::from_str(&refusal.code) {
        answer.headers_mut().insert("x-amzn-errortype", value);
    }
}
