//! Validates an input against the model: required members, lengths, ranges, patterns, enums; all violations in one error, in
//! AWS's words.

use serde_json::{Map, Value};

use super::model::{Model, Shape, Type};

/// Shapes whose pattern AWS itself does not enforce: (shape, why).
const PATTERNS_NOT_ENFORCED: &[(&str, &str)] = &[(
    "DomainType",
    "it has no dot, and a user pool's custom domain needs one",
)];

/// Shapes whose values AWS itself checks elsewhere: (shape, why).
const VALUES_NOT_ENFORCED: &[(&str, &str)] =
    &[("Runtime", "Lambda has newer ones, and words of its own")];

/// All violations in `input`, in AWS's words; `prefix` is put before each member's path.
pub(super) fn violations(
    model: &Model,
    shape: &str,
    input: &Map<String, Value>,
    prefix: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    structure(model, model.shape(shape), input, &shown(prefix), &mut found);
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
    // AWS writes members of the path, the query or a header by their names alone.
    let path = |name: &str| match shape.members.get(name) {
        Some(member) if member.location.is_some() => shown(name),
        _ => below(prefix, name),
    };
    for name in &shape.required {
        if input.get(name).is_none_or(Value::is_null) {
            found.push(format!(
                "Value null at '{}' failed to satisfy constraint: Member must not be null",
                path(name)
            ));
        }
    }
    for (name, value) in input {
        if let Some(member) = shape.members.get(name) {
            one(model, &member.shape, value, &path(name), found);
        }
    }
}

fn one(model: &Model, name: &str, value: &Value, path: &str, found: &mut Vec<String>) {
    let shape = model.shape(name);
    for rule in rules(name, shape).filter(|rule| !rule.holds(value)) {
        found.push(fails(shape, value, path, &rule.words()));
    }
    match (shape.r#type, value) {
        (Type::Structure, Value::Object(members)) if !shape.document => {
            structure(model, shape, members, path, found);
        }
        (Type::List, Value::Array(items)) => {
            let Some(member) = &shape.member else { return };
            if model.target(member).r#type == Type::Structure {
                for (index, item) in items.iter().enumerate() {
                    one(
                        model,
                        &member.shape,
                        item,
                        &format!("{path}.{}.member", index + 1),
                        found,
                    );
                }
            } else if let Some(rules) = all_rules_if_any_breaks(model, &member.shape, items.iter())
            {
                let constraint = format!("Member must satisfy constraint: {rules}");
                found.push(fails(model.target(member), value, path, &constraint));
            }
        }
        (Type::Map, Value::Object(entries)) => {
            if let Some(member) = &shape.key {
                let keys: Vec<Value> = entries
                    .keys()
                    .map(|key| Value::from(key.as_str()))
                    .collect();
                if let Some(rules) = all_rules_if_any_breaks(model, &member.shape, keys.iter()) {
                    let constraint = format!("Map keys must satisfy constraint: {rules}");
                    found.push(fails(model.target(member), value, path, &constraint));
                }
            }
            if let Some(member) = &shape.value {
                for (key, entry) in entries {
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

/// For a list's items, AWS shows the whole list and all rules of its items when one item breaks one of them.
fn all_rules_if_any_breaks<'v>(
    model: &Model,
    name: &str,
    mut items: impl Iterator<Item = &'v Value>,
) -> Option<String> {
    let shape = model.shape(name);
    let broken = items.any(|item| rules(name, shape).any(|rule| !rule.holds(item)));
    broken.then(|| {
        format!(
            "[{}]",
            rules(name, shape)
                .map(|rule| rule.words())
                .collect::<Vec<_>>()
                .join(", ")
        )
    })
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

/// A constraint of a shape.
enum Rule<'s> {
    AtMost(Measure, f64),
    AtLeast(Measure, f64),
    Matches(&'s Shape),
    OneOf(&'s [String]),
}

/// The measured size of a value.
#[derive(Clone, Copy)]
enum Measure {
    Characters,
    Bytes,
    Entries,
    Number,
}

fn rules<'s>(name: &str, shape: &'s Shape) -> impl Iterator<Item = Rule<'s>> {
    let measure = match shape.r#type {
        Type::String => Measure::Characters,
        Type::Blob => Measure::Bytes,
        Type::List | Type::Map => Measure::Entries,
        _ => Measure::Number,
    };
    let enforced = !PATTERNS_NOT_ENFORCED
        .iter()
        .any(|(exempt, _)| *exempt == name);
    let greatest = shape.max.map(|limit| Rule::AtMost(measure, limit));
    let least = shape.min.map(|limit| Rule::AtLeast(measure, limit));
    let pattern = (enforced && shape.pattern.is_some()).then_some(Rule::Matches(shape));
    let open = VALUES_NOT_ENFORCED
        .iter()
        .any(|(exempt, _)| *exempt == name);
    let choice = (!open && !shape.r#enum.is_empty()).then_some(Rule::OneOf(&shape.r#enum));
    greatest
        .into_iter()
        .chain(least)
        .chain(pattern)
        .chain(choice)
}

impl Rule<'_> {
    fn holds(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::AtMost(measure, limit) => measure.of(value).is_none_or(|is| is <= *limit),
            Self::AtLeast(measure, limit) => measure.of(value).is_none_or(|is| is >= *limit),
            Self::Matches(shape) => text
                .zip(shape.regex())
                .is_none_or(|(text, regex)| regex.is_match(text)),
            Self::OneOf(choices) => {
                text.is_none_or(|text| choices.iter().any(|choice| choice == text))
            }
        }
    }

    fn words(&self) -> String {
        match self {
            Self::AtMost(measure, limit) => format!(
                "Member must have {} less than or equal to {limit}",
                measure.noun()
            ),
            Self::AtLeast(measure, limit) => format!(
                "Member must have {} greater than or equal to {limit}",
                measure.noun()
            ),
            Self::Matches(shape) => {
                format!(
                    "Member must satisfy regular expression pattern: {}",
                    shape.pattern.as_deref().unwrap_or_default()
                )
            }
            Self::OneOf(choices) => format!(
                "Member must satisfy enum value set: [{}]",
                choices.join(", ")
            ),
        }
    }
}

impl Measure {
    fn of(self, value: &Value) -> Option<f64> {
        let count = match (self, value) {
            (Self::Characters, Value::String(text)) => text.chars().count(),
            // Blobs are base64 text here: four characters for three bytes.
            (Self::Bytes, Value::String(text)) => text.trim_end_matches('=').len() * 3 / 4,
            (Self::Entries, Value::Array(items)) => items.len(),
            (Self::Entries, Value::Object(entries)) => entries.len(),
            (Self::Number, value) => return value.as_f64(),
            _ => return None,
        };
        Some(count as f64)
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Number => "value",
            Self::Characters | Self::Bytes | Self::Entries => "length",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MODEL: &str = r#"{
        "metadata": {"protocol": "json"},
        "operations": {},
        "shapes": {
            "In": {"type": "structure", "required": ["Name"], "members": {
                "Name": {"shape": "Name"}, "Secret": {"shape": "Secret"}, "Texts": {"shape": "Texts"}, "Size": {"shape": "Size"},
                "Things": {"shape": "Things"}, "Tags": {"shape": "Tags"}, "Mode": {"shape": "Mode"}, "Domain": {"shape": "DomainType"}
            }},
            "Name": {"type": "string", "min": 2, "max": 5, "pattern": "[a-z]+"},
            "Secret": {"type": "string", "min": 9, "sensitive": true},
            "Texts": {"type": "list", "max": 2, "member": {"shape": "Name"}},
            "Things": {"type": "list", "member": {"shape": "Thing"}},
            "Thing": {"type": "structure", "required": ["Key"], "members": {"Key": {"shape": "Name"}}},
            "Tags": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Name"}},
            "Size": {"type": "integer", "max": 9},
            "Mode": {"type": "string", "enum": ["ON", "OFF"]},
            "DomainType": {"type": "string", "pattern": "[a-z]+"}
        }
    }"#;

    fn violations_of(input: &Value, prefix: &str) -> Vec<String> {
        violations(
            &Model::parse(MODEL),
            "In",
            input.as_object().unwrap(),
            prefix,
        )
    }

    #[test]
    fn what_fits_the_model_passes() {
        let input = json!({
            "Name": "abc", "Secret": "longenough", "Texts": ["ab", "cd"], "Size": 9, "Things": [{"Key": "ab"}], "Tags": {"ab": "cd"},
            "Mode": "ON", "Domain": "auth.example.com",
        });
        assert_eq!(violations_of(&input, ""), [""; 0]);
    }

    #[test]
    fn what_breaks_the_model_is_worded_as_aws_words_it() {
        let only = |extra: Value| {
            let mut input = json!({"Name": "abc"});
            input
                .as_object_mut()
                .unwrap()
                .extend(extra.as_object().unwrap().clone());
            let mut found = violations_of(&input, "");
            assert_eq!(found.len(), 1, "{found:?}");
            found.remove(0)
        };
        let all = "[Member must have length less than or equal to 5, Member must have length greater than or equal to 2, \
                   Member must satisfy regular expression pattern: [a-z]+]";
        for (input, expected) in [
            (
                json!({"Size": 10}),
                "Value '10' at 'size' failed to satisfy constraint: Member must have value less than or equal to 9",
            ),
            (
                json!({"Mode": "MAYBE"}),
                "Value 'MAYBE' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [ON, OFF]",
            ),
            (
                json!({"Texts": ["aa", "bb", "cc"]}),
                "Value '[aa, bb, cc]' at 'texts' failed to satisfy constraint: Member must have length less than or equal to 2",
            ),
            (
                json!({"Secret": "short"}),
                "Value at 'secret' failed to satisfy constraint: Member must have length greater than or equal to 9",
            ),
            (
                json!({"Things": [{"Key": "ab"}, {}]}),
                "Value null at 'things.2.member.key' failed to satisfy constraint: Member must not be null",
            ),
            (
                json!({"Tags": {"ab": "A1"}}),
                "Value 'A1' at 'tags.ab.member' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+",
            ),
        ] {
            assert_eq!(only(input), expected);
        }
        assert_eq!(
            only(json!({"Texts": ["1"]})),
            format!(
                "Value '[1]' at 'texts' failed to satisfy constraint: Member must satisfy constraint: {all}"
            )
        );
        assert!(
            only(json!({"Tags": {"1": "ab"}}))
                .ends_with(&format!("Map keys must satisfy constraint: {all}"))
        );
    }

    #[test]
    fn all_violations_are_in_one_message() {
        let found = violations_of(&json!({"Size": 10, "Mode": "MAYBE"}), "DoInput");
        assert_eq!(
            found[0],
            "Value null at 'doInput.name' failed to satisfy constraint: Member must not be null"
        );
        assert!(
            message(&found)
                .starts_with("3 validation errors detected: Value null at 'doInput.name' ")
        );
        assert!(message(&found[..1]).starts_with("1 validation error detected: "));
    }
}
