//! restXml: methods and paths as in restJson, XML bodies.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use roxmltree::{Document, Node};
use serde_json::Value;

use super::super::model::{Model, OperationModel, Shape, Type};
use super::super::operation::{Object, Refusal};
use super::{Fault, query, response, rest_json};

pub(super) fn input(
    model: &Model,
    operation: &OperationModel,
    shape: &str,
    request: &Request<Bytes>,
) -> Result<Object, Refusal> {
    let shape = model.shape(shape);
    let mut members = body(model, shape, request.body())?;
    rest_json::outside_the_body(model, operation, shape, request, &mut members)?;
    Ok(members)
}

fn malformed(why: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        400,
        "MalformedInput",
        format!("The XML document is not valid: {why}"),
    )
}

/// The members in the body. The name and namespace of the root element are ignored.
fn body(model: &Model, shape: &Shape, body: &Bytes) -> Result<Object, Refusal> {
    if body.is_empty() {
        return Ok(Object::new());
    }
    let text = std::str::from_utf8(body).map_err(malformed)?;
    let document = Document::parse(text).map_err(malformed)?;
    structure(model, shape, document.root_element())
}

fn structure(model: &Model, shape: &Shape, node: Node<'_, '_>) -> Result<Object, Refusal> {
    let mut members = Object::new();
    let in_body = shape
        .members
        .iter()
        .filter(|(_, member)| member.location.is_none());
    for (name, member) in in_body {
        let target = model.target(member);
        let wire = member.wire(name);
        let value = if target.r#type == Type::List && target.flattened {
            let items = list(model, target, node, wire)?;
            (!items.is_empty()).then_some(Value::Array(items))
        } else {
            let found = elements(node, wire).next();
            found.map(|child| read(model, target, child)).transpose()?
        };
        if let Some(value) = value {
            members.insert(name.clone(), value);
        }
    }
    Ok(members)
}

fn elements<'d, 'i>(node: Node<'d, 'i>, name: &str) -> impl Iterator<Item = Node<'d, 'i>> {
    node.children()
        .filter(move |child| child.is_element() && child.tag_name().name() == name)
}

fn list(
    model: &Model,
    shape: &Shape,
    node: Node<'_, '_>,
    name: &str,
) -> Result<Vec<Value>, Refusal> {
    let Some(member) = &shape.member else {
        return Ok(Vec::new());
    };
    let items = elements(node, name);
    items
        .map(|item| read(model, model.target(member), item))
        .collect()
}

fn read(model: &Model, shape: &Shape, node: Node<'_, '_>) -> Result<Value, Refusal> {
    match (shape.r#type, &shape.member) {
        (Type::Structure, _) => structure(model, shape, node).map(Value::Object),
        (Type::List, Some(member)) => {
            list(model, shape, node, member.wire("member")).map(Value::Array)
        }
        (Type::List | Type::Map, _) => Err(malformed(format_args!(
            "{} can't be read",
            node.tag_name().name()
        ))),
        _ => rest_json::scalar(shape, node.text().unwrap_or_default()),
    }
}

pub(super) fn answer(
    model: &Model,
    operation: &OperationModel,
    mut output: Object,
) -> Result<Response<Bytes>, Fault> {
    let mut answer = match &operation.output {
        None if output.is_empty() => Response::new(Bytes::new()),
        None => return Err(Fault("with members".into())),
        Some(name) => {
            let shape = model.shape(name);
            let headers = rest_json::take_headers(shape, &mut output);
            let mut xml = format!(
                "<?xml version=\"1.0\"?>\n<{name} xmlns=\"{}\">",
                model.metadata.xml_namespace
            );
            query::write_structure(model, shape, &output, &mut xml)?;
            xml.push_str(&format!("</{name}>"));
            let mut answer = response("text/xml", xml);
            rest_json::add_headers(&mut answer, headers);
            answer
        }
    };
    *answer.status_mut() =
        StatusCode::from_u16(operation.http.response_code).unwrap_or(StatusCode::OK);
    Ok(answer)
}
