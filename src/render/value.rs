//! Values for people and programs.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::kinds::{KEY_TAG, STACK_TAG};
use crate::model::{Address, Number, Value, bare_or_quoted, is_unseen};

/// A value the way the stack file would write it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Unset => "(none)".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number_text(*number),
        Value::Text(text) => quoted(&short(text)),
        Value::Set(items) => list(items.iter()),
        Value::List(items) => list(items.iter()),
        Value::Map(items) if items.is_empty() => "{}".into(),
        Value::Map(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|(key, value)| format!("{} = {}", bare_or_quoted(key), text(value)))
                .collect();
            format!("{{ {} }}", items.join(", "))
        }
        Value::AfterApply(of) => {
            let of: Vec<_> = of.iter().map(Address::to_string).collect();
            format!("(known after apply of {})", of.join(", "))
        }
    }
}

/// The first digits of a digest are enough to distinguish two.
fn short(text: &str) -> Cow<'_, str> {
    const SHOWN: usize = 12;
    match text.strip_prefix("sha256:") {
        Some(digest)
            if digest.len() > SHOWN && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            format!("sha256:{}…", &digest[..SHOWN]).into()
        }
        _ => text.into(),
    }
}

fn list<'a>(items: impl Iterator<Item = &'a Value>) -> String {
    format!("[{}]", items.map(text).collect::<Vec<_>>().join(", "))
}

/// Text in quotes, on one line.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // It could change what the terminal shows.
            character if is_unseen(character) => {
                quoted.push_str(&character.escape_unicode().to_string())
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

fn number_text(Number(number): Number) -> String {
    number.to_string()
}

/// A value as plain JSON; what is not known yet is null.
pub(crate) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Unset | Value::AfterApply(_) => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(Number(number)) => {
            whole(*number).map_or_else(|| (*number).into(), Into::into)
        }
        Value::Text(text) => text.as_str().into(),
        Value::Set(items) => items.iter().map(json).collect(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(items) => items
            .iter()
            .map(|(key, value)| (key.clone(), json(value)))
            .collect(),
    }
}

/// An integer where the number is one that JSON readers keep exactly.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the bounds are checked before"
)]
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// What a value waits for, as text.
pub(crate) fn awaited(value: &Value) -> BTreeSet<String> {
    value.awaited().iter().map(Address::to_string).collect()
}

/// The value without gatestack's own tags, which are not shown.
pub(crate) fn without_own_tags(value: &Value) -> Value {
    match value {
        Value::Map(items) => Value::Map(
            items
                .iter()
                .filter(|(key, _)| ![STACK_TAG, KEY_TAG].contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        ),
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_like_the_stack_file() {
        let map = Value::map([("rate", Value::from(50)), ("GET /x", Value::from(0.5))]);
        assert_eq!(text(&map), r#"{ "GET /x" = 0.5, rate = 50 }"#);
        assert_eq!(text(&Value::set(["b", "a"])), r#"["a", "b"]"#);
        assert_eq!(text(&Value::from("a\"\n\u{1b}[2J")), r#""a\"\n\u{1b}[2J""#);
        let after = Value::AfterApply([Address::new("api"), Address::new("plans.a")].into());
        assert_eq!(text(&after), "(known after apply of api, plans.a)");
    }

    #[test]
    fn machines_get_plain_json() {
        let value = Value::map([
            ("rate", Value::from(50)),
            ("share", Value::from(0.5)),
            ("id", Value::Unset),
        ]);
        assert_eq!(
            json(&value),
            serde_json::json!({ "rate": 50, "share": 0.5, "id": null })
        );
    }
}
