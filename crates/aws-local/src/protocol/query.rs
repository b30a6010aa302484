//! The query protocol: a form in, XML out; and EC2's variant of it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::Value;
use url::form_urlencoded;

use super::super::model::{Member, Model, OperationModel, Protocol, Shape, Type};
use super::super::operation::{Object, Refusal};
use super::rest_json::scalar;
use super::{Fault, response};

type Form = BTreeMap<String, String>;

/// The form in the body, or in the query of a GET.
pub(crate) fn form(request: &Request<Bytes>) -> Form {
    let text = if request.body().is_empty() {
        request.uri().query().unwrap_or_default().as_bytes()
    } else {
        request.body()
    };
    form_urlencoded::parse(text).into_owned().collect()
}

pub(super) fn operation<'m>(
    model: &'m Model,
    request: &Request<Bytes>,
) -> Result<(&'m str, &'m OperationModel), Refusal> {
    let form = form(request);
    let action = form.get("Action").map_or("", String::as_str);
    model
        .operations
        .get_key_value(action)
        .map(|(name, operation)| (name.as_str(), operation))
        .ok_or_else(|| {
            Refusal::new(
                400,
                "InvalidAction",
                format!("The action {action} is not valid for this web service."),
            )
        })
}

pub(super) fn input(
    model: &Model,
    shape: &str,
    request: &Request<Bytes>,
) -> Result<Object, Refusal> {
    let read = structure(model, model.shape(shape), &form(request), "");
    if is_ec2(model) {
        // EC2 has one code for values of every wrong kind.
        return read.map_err(|refusal| Refusal::new(400, "InvalidParameterValue", refusal.message));
    }
    read
}

fn is_ec2(model: &Model) -> bool {
    model.metadata.protocol == Protocol::Ec2
}

/// A member's key in the form.
fn in_form(model: &Model, member: &Member, name: &str) -> String {
    if is_ec2(model) {
        member.ec2_wire(name)
    } else {
        member.wire(name).to_owned()
    }
}

fn structure(model: &Model, shape: &Shape, form: &Form, prefix: &str) -> Result<Object, Refusal> {
    let mut members = Object::new();
    for (name, member) in &shape.members {
        let key = format!("{prefix}{}", in_form(model, member, name));
        if let Some(value) = read(model, model.target(member), form, &key)? {
            members.insert(name.clone(), value);
        }
    }
    Ok(members)
}

/// The value whose keys are `key` or begin with `key.`; none when there are no such keys.
fn read(model: &Model, shape: &Shape, form: &Form, key: &str) -> Result<Option<Value>, Refusal> {
    match shape.r#type {
        Type::Structure => {
            let members = structure(model, shape, form, &format!("{key}."))?;
            Ok((!members.is_empty()).then_some(Value::Object(members)))
        }
        Type::List => {
            let Some(member) = &shape.member else {
                return Ok(None);
            };
            // EC2's lists are flat whatever their shapes say.
            let prefix = if shape.flattened || is_ec2(model) {
                format!("{key}.")
            } else {
                format!("{key}.{}.", member.wire("member"))
            };
            let items: Vec<Value> = numbers(form, &prefix)
                .into_iter()
                .filter_map(|number| {
                    read(
                        model,
                        model.target(member),
                        form,
                        &format!("{prefix}{number}"),
                    )
                    .transpose()
                })
                .collect::<Result<_, _>>()?;
            Ok((!items.is_empty()).then_some(Value::Array(items)))
        }
        Type::Map => {
            let (Some(name), Some(value)) = (&shape.key, &shape.value) else {
                return Ok(None);
            };
            let prefix = if shape.flattened {
                format!("{key}.")
            } else {
                format!("{key}.entry.")
            };
            let mut entries = Object::new();
            for number in numbers(form, &prefix) {
                let entry = read(
                    model,
                    model.target(value),
                    form,
                    &format!("{prefix}{number}.{}", value.wire("value")),
                )?;
                if let (Some(name), Some(entry)) = (
                    form.get(&format!("{prefix}{number}.{}", name.wire("key"))),
                    entry,
                ) {
                    entries.insert(name.clone(), entry);
                }
            }
            Ok((!entries.is_empty()).then_some(Value::Object(entries)))
        }
        _ => form.get(key).map(|text| scalar(shape, text)).transpose(),
    }
}

/// The numbers that follow `prefix` in the form's keys, in order.
fn numbers(form: &Form, prefix: &str) -> BTreeSet<u32> {
    form.keys()
        .filter_map(|key| key.strip_prefix(prefix)?.split('.').next()?.parse().ok())
        .collect()
}

pub(super) fn answer(
    model: &Model,
    name: &str,
    operation: &OperationModel,
    output: Object,
    request_id: &str,
) -> Result<Response<Bytes>, Fault> {
    let mut xml = format!(
        "<{name}Response xmlns=\"{}\">",
        model.metadata.xml_namespace
    );
    let ec2 = is_ec2(model);
    if ec2 {
        xml.push_str(&format!("<requestId>{request_id}</requestId>"));
    }
    if let Some(shape) = &operation.output {
        let wrapper = operation.result_wrapper.as_deref();
        xml.extend(wrapper.map(|wrapper| format!("<{wrapper}>")));
        write_structure(model, model.shape(shape), &output, &mut xml)?;
        xml.extend(wrapper.map(|wrapper| format!("</{wrapper}>")));
    } else if !output.is_empty() {
        return Err(Fault("with members".into()));
    } else if ec2 {
        // The response of an operation without output.
        xml.push_str("<return>true</return>");
    }
    if !ec2 {
        xml.push_str(&format!(
            "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        ));
    }
    xml.push_str(&format!("</{name}Response>"));
    Ok(response("text/xml", xml))
}

pub(super) fn write_structure(
    model: &Model,
    shape: &Shape,
    value: &Object,
    xml: &mut String,
) -> Result<(), Fault> {
    for (name, value) in value.iter().filter(|(_, value)| !value.is_null()) {
        let member = shape
            .members
            .get(name)
            .ok_or_else(|| Fault(format!("a member {name} that its model does not name")))?;
        write(model, model.target(member), value, member.wire(name), xml)?;
    }
    Ok(())
}

fn write(
    model: &Model,
    shape: &Shape,
    value: &Value,
    element: &str,
    xml: &mut String,
) -> Result<(), Fault> {
    if let (true, Type::List, Value::Array(items), Some(member)) =
        (shape.flattened, shape.r#type, value, &shape.member)
    {
        return items
            .iter()
            .try_for_each(|item| write(model, model.target(member), item, element, xml));
    }
    xml.push_str(&format!("<{element}>"));
    match (shape.r#type, value) {
        (Type::Structure, Value::Object(members)) => write_structure(model, shape, members, xml)?,
        (Type::List, Value::Array(items)) => {
            for item in items {
                let Some(member) = &shape.member else {
                    continue;
                };
                write(
                    model,
                    model.target(member),
                    item,
                    member.wire("member"),
                    xml,
                )?;
            }
        }
        (Type::Map, Value::Object(entries)) => {
            for (key, entry) in entries {
                let (Some(name), Some(value)) = (&shape.key, &shape.value) else {
                    continue;
                };
                xml.push_str(&format!(
                    "<entry><{0}>{1}</{0}>",
                    name.wire("key"),
                    escaped(key)
                ));
                write(model, model.target(value), entry, value.wire("value"), xml)?;
                xml.push_str("</entry>");
            }
        }
        (Type::Timestamp, value) => {
            let seconds = value
                .as_f64()
                .ok_or_else(|| Fault(format!("something else than a time as {element}")))?;
            let time = Timestamp::from_millisecond((seconds * 1000.0) as i64)
                .map_err(|error| Fault(error.to_string()))?;
            xml.push_str(&time.to_string());
        }
        (_, Value::String(text)) => xml.push_str(&escaped(text)),
        (_, value @ (Value::Bool(_) | Value::Number(_))) => xml.push_str(&value.to_string()),
        _ => {
            return Err(Fault(format!(
                "something else than its model says as {element}"
            )));
        }
    }
    xml.push_str(&format!("</{element}>"));
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

pub(super) fn refusal(refusal: &Refusal, request_id: &str) -> Response<Bytes> {
    let side = if refusal.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    let (code, message) = (escaped(&refusal.code), escaped(&refusal.message));
    response(
        "text/xml",
        format!(
            "<ErrorResponse><Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>{request_id}</RequestId></ErrorResponse>"
        ),
    )
}

/// EC2's envelope of an error.
pub(super) fn ec2_refusal(refusal: &Refusal, request_id: &str) -> Response<Bytes> {
    let (code, message) = (escaped(&refusal.code), escaped(&refusal.message));
    response(
        "text/xml",
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>{request_id}</RequestID></Response>"
        ),
    )
}
