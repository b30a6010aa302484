//! What the model demands of an input: required members, lengths, ranges, patterns, enums; all that is wrong in one refusal, as AWS words it.

use serde_json::{Map, Value};

use super::model::{Model, Shape, Type};

/// Shapes whose pattern AWS itself does not hold to: (shape, why).
const PATTERNS_NOT_ENFORCED: &[(&str, &str)] = &[(
    "DomainType",
    "it has no dot, and a user pool's custom domain needs one",
)];

/// Everything in `input` that breaks the model, in AWS's words; `prefix` stands before each member's path.
pub(super) fn violations(
    model: &Model,
    shape: &str,
    input: &Map<String, Value>,
    prefix: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    structure(model, model.shape(shape), input, prefix, &mut found);
    found
}

/// The violations as one message.
pub(super) fn message(violations: &[String]) -> String {
    let mut text = match violations.len() {
        1 => "1 validation error detected: ".to_owned(),
        count => format!("{count} validation errors detected: "),
    };
    text.push_str(&violations.join("; "));
    text
}

/// A member's name as AWS writes it in messages: `poolName` for `PoolName`.
fn shown(name: &str) -> String {
    let mut characters = name.chars();
    characters
        .next()
        .map(|first| first.to_ascii_lowercase().to_string() + characters.as_str())
        .unwrap_or_default()
}

fn below(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        shown(name)
    } else {
        format!("{prefix}.{}", shown(name))
    }
}

fn structure(
    model: &Model,
    shape: &Shape,
    input: &Map<String, Value>,
    prefix: &str,
    found: &mut Vec<String>,
) {
    for name in &shape.required {
        if input.get(name).is_none_or(Value::is_null) {
            found.push(format!(
                "Value null at '{}' failed to satisfy constraint: Member must not be null",
                below(prefix, name)
            ));
        }
    }
    for (name, value) in input {
        if let Some(member) = shape.members.get(name) {
            one(model, &member.shape, value, &below(prefix, name), found);
        }
    }
}

fn one(model: &Model, name: &str, value: &Value, path: &str, found: &mut Vec<String>) {
    let shape = model.shape(name);
    for constraint in constraints(name, shape, value) {
        found.push(fails(shape, value, path, &constraint));
    }
    match (shape.r#type, value) {
        (Type::Structure, Value::Object(members)) if !shape.document => {
            structure(model, shape, members, path, found)
        }
        (Type::List, Value::Array(items)) => {
            let Some(member) = &shape.member else { return };
            let target = model.target(member);
            if target.r#type == Type::Structure {
                for (index, item) in items.iter().enumerate() {
                    one(
                        model,
                        &member.shape,
                        item,
                        &format!("{path}.{}.member", index + 1),
                        found,
                    );
                }
            } else {
                // AWS names the whole list when one of its texts is wrong.
                let broken = items
                    .iter()
                    .find_map(|item| constraints(&member.shape, target, item).into_iter().next());
                if let Some(constraint) = broken {
                    found.push(fails(
                        target,
                        value,
                        path,
                        &format!("Member must satisfy constraint: [{constraint}]"),
                    ));
                }
            }
        }
        (Type::Map, Value::Object(entries)) => {
            for (key, entry) in entries {
                if let Some(member) = &shape.key {
                    let target = model.target(member);
                    for constraint in constraints(&member.shape, target, &Value::from(key.as_str()))
                    {
                        found.push(fails(
                            target,
                            value,
                            path,
                            &format!("Map keys must satisfy constraint: [{constraint}]"),
                        ));
                    }
                }
                if let Some(member) = &shape.value {
                    one(
                        model,
                        &member.shape,
                        entry,
                        &format!("{path}.{key}.member"),
                        found,
                    );
                }
            }
        }
        _ => {}
    }
}

fn fails(shape: &Shape, value: &Value, path: &str, constraint: &str) -> String {
    if shape.sensitive {
        return format!("Value at '{path}' failed to satisfy constraint: {constraint}");
    }
    format!(
        "Value '{}' at '{path}' failed to satisfy constraint: {constraint}",
        plain(value)
    )
}

/// A value as AWS prints it in messages: texts bare, lists as `[a, b]`.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(plain).collect::<Vec<_>>().join(", ")
        ),
        other => other.to_string(),
    }
}

/// The constraints of one shape that one value breaks.
fn constraints(name: &str, shape: &Shape, value: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    let length = match value {
        Value::String(text) if shape.r#type == Type::String => Some(text.chars().count()),
        // A blob's length is that of its bytes.
        Value::String(text) if shape.r#type == Type::Blob => {
            Some(text.trim_end_matches('=').len() * 3 / 4)
        }
        Value::Array(items) => Some(items.len()),
        Value::Object(entries) if shape.r#type == Type::Map => Some(entries.len()),
        _ => None,
    };
    let bound = |limit: Option<f64>, breaks: fn(f64, f64) -> bool, side: &str| {
        let limit = limit?;
        match (length, value.as_f64()) {
            (Some(length), _) if breaks(length as f64, limit) => Some(format!(
                "Member must have length {side} than or equal to {limit}"
            )),
            (None, Some(number)) if breaks(number, limit) => Some(format!(
                "Member must have value {side} than or equal to {limit}"
            )),
            _ => None,
        }
    };
    broken.extend(bound(shape.max, |is, limit| is > limit, "less"));
    broken.extend(bound(shape.min, |is, limit| is < limit, "greater"));
    if let Value::String(text) = value {
        let enforced = !PATTERNS_NOT_ENFORCED
            .iter()
            .any(|(exempt, _)| *exempt == name);
        if enforced && shape.regex().is_some_and(|regex| !regex.is_match(text)) {
            let pattern = shape.pattern.as_deref().unwrap_or_default();
            broken.push(format!(
                "Member must satisfy regular expression pattern: {pattern}"
            ));
        }
        if !shape.r#enum.is_empty() && !shape.r#enum.contains(text) {
            broken.push(format!(
                "Member must satisfy enum value set: [{}]",
                shape.r#enum.join(", ")
            ));
        }
    }
    broken
}
