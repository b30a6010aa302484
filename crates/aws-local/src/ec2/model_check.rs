//! Validates an input against the model with EC2's messages: only the first violation.

use serde_json::Value;

use super::super::model::{Model, Shape, Type};
use super::super::operation::{Object, Refusal};
use super::{invalid, missing, refused};

/// Refuses what violates the model.
pub(crate) fn check(model: &Model, shape: &str, input: &Object) -> Result<(), Refusal> {
    structure(model, model.shape(shape), input)
}

fn structure(model: &Model, shape: &Shape, input: &Object) -> Result<(), Refusal> {
    if let Some(name) = shape
        .required
        .iter()
        .find(|name| !input.contains_key(*name))
    {
        return Err(match name.as_str() {
            // So far this is seen of TerminateInstances alone; the others take the same list.
            "InstanceIds" => refused("InvalidParameterCombination", "No instances specified"),
            name => missing(&shown(name)),
        });
    }
    input
        .iter()
        .filter_map(|(name, value)| Some((name, value, shape.members.get(name)?)))
        .try_for_each(|(name, value, member)| one(model, model.target(member), name, value))
}

fn one(model: &Model, shape: &Shape, name: &str, value: &Value) -> Result<(), Refusal> {
    match (shape.r#type, value) {
        (Type::Structure, Value::Object(members)) => structure(model, shape, members),
        (Type::List, Value::Array(items)) => {
            let Some(member) = &shape.member else {
                return Ok(());
            };
            items
                .iter()
                .try_for_each(|item| one(model, model.target(member), name, item))
        }
        (Type::String, Value::String(text))
            if !shape.r#enum.is_empty() && !shape.r#enum.contains(text) =>
        {
            // There are a thousand instance types, which are not checked.
            Err(invalid(if shape.r#enum.len() > 50 {
                format!("Invalid value '{text}' for {name}.")
            } else {
                format!(
                    "Value ({text}) for parameter {} is invalid. Valid values: {}.",
                    shown(name),
                    shape.r#enum.join(", ")
                )
            }))
        }
        (Type::Integer | Type::Long, Value::Number(number)) => {
            let number = number.as_f64().unwrap_or_default();
            let limit = |than: &str, limit: f64| {
                Err(invalid(format!(
                    "Value ( {number} ) for parameter {} is invalid. Expecting a value {than} than or equal to {limit}.",
                    shown(name)
                )))
            };
            match (shape.min, shape.max) {
                (Some(least), _) if number < least => limit("greater", least),
                (_, Some(greatest)) if number > greatest => limit("less", greatest),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// A member's name as EC2 writes it in messages: `subnetId` for `SubnetId`.
pub(super) fn shown(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase().to_string() + letters.as_str())
        .unwrap_or_default()
}
