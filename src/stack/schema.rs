//! The JSON Schema of the stack file, which editors read and `structure` checks by.

mod editor;
#[cfg(test)]
mod page;

use std::sync::LazyLock;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Map, Value, json};

use super::file::File;
use super::spans::KeyPath;
use super::template::{GatewayTemplate, Template};
use crate::model::{ByteSize, HumanDuration};

/// The schema as `gatestack schema` prints it, with a newline at the end.
///
/// Numbers, switches and words may also be given as `"${var.NAME}"`, which an editor can't look up.
pub fn published() -> String {
    for_editors("stack", "gatestack stack file", false)
}

/// The schema of an overlay as `gatestack schema --overlay` prints it: the stack file may say what it leaves out.
pub fn of_overlay() -> String {
    for_editors("overlay", "gatestack overlay", true)
}

fn for_editors(name: &str, title: &str, overlay: bool) -> String {
    let mut schema = strict();
    AcceptVariables.transform(&mut schema);
    WithoutOwnFormats.transform(&mut schema);
    if overlay {
        NothingRequired.transform(&mut schema);
    }
    schema.insert("title".into(), title.into());
    let mut schema = schema.to_value();
    editor::constrain(&mut schema, overlay);
    let mut whole = Map::new();
    // What the document is comes first, then what it says.
    if let Value::Object(members) = schema {
        whole.insert(
            "$schema".into(),
            members.get("$schema").cloned().unwrap_or_default(),
        );
        whole.insert("$id".into(), format!("urn:gatestack:schema:{name}").into());
        for (key, value) in members {
            whole.entry(key).or_insert(value);
        }
    }
    let text = serde_json::to_string_pretty(&whole).expect("a JSON value has no keys but strings");
    text + "\n"
}

/// The schema of a file whose variables are replaced.
pub(super) fn resolved() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| strict().to_value());
    &SCHEMA
}

fn strict() -> Schema {
    let settings = SchemaSettings::draft2020_12().with_transform(WithoutNull);
    let generated = settings.into_generator().into_root_schema_for::<File>();
    let mut schema = Schema::default();
    // What the document is comes first, then what it says.
    for key in ["$schema", "title", "description"] {
        schema.insert(key.into(), generated.get(key).cloned().unwrap_or_default());
    }
    schema.insert("title".into(), "gatestack stack file".into());
    for (key, value) in generated.as_object().into_iter().flatten() {
        if schema.get(key).is_none() {
            schema.insert(key.clone(), value.clone());
        }
    }
    schema
}

/// Formats of our own say nothing to an editor.
#[derive(Clone)]
struct WithoutOwnFormats;

impl Transform for WithoutOwnFormats {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(object) = schema.as_object_mut()
            && let Some(format) = object.get("format").and_then(Value::as_str)
            && [
                ByteSize::FORMAT,
                HumanDuration::FORMAT,
                Template::FORMAT,
                GatewayTemplate::FORMAT,
            ]
            .contains(&format)
        {
            object.shift_remove("format");
        }
    }
}

/// TOML has no null: what is optional is left out.
#[derive(Clone)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else {
            return;
        };
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".into(), only);
            }
        }
        if object.get("default") == Some(&Value::Null) {
            object.shift_remove("default");
        }
        if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
            choices.retain(|choice| choice != &json!({ "type": "null" }));
            if let [Value::Object(only)] = choices.as_mut_slice() {
                let only = std::mem::take(only);
                object.shift_remove("anyOf");
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
        }
    }
}

/// A value that is no string may be written as one variable, which keeps its type.
#[derive(Clone)]
struct AcceptVariables;

impl Transform for AcceptVariables {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else {
            return;
        };
        if object
            .get("type")
            .is_some_and(|name| name == "integer" || name == "number" || name == "boolean")
        {
            let mut outer = Map::new();
            for key in ["description", "default", "examples"] {
                if let Some(value) = object.shift_remove(key) {
                    outer.insert(key.into(), value);
                }
            }
            let inner = Value::Object(std::mem::take(object));
            outer.insert("anyOf".into(), json!([inner, variable()]));
            *object = outer;
        } else if let Some(Value::Array(words)) = object.get_mut("oneOf")
            && words.iter().all(|word| word.get("const").is_some())
        {
            words.push(variable());
        }
    }
}

/// An overlay's tables lie over others, which say what must be said.
#[derive(Clone)]
struct NothingRequired;

impl Transform for NothingRequired {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(object) = schema.as_object_mut() {
            object.shift_remove("required");
        }
    }
}

fn variable() -> Value {
    json!({ "type": "string", "pattern": r"^\$\{(var|env)\.[^}]+\}$" })
}

/// The schema node at a path, through references, maps and arrays; of alternatives the first that leads on.
pub(super) fn at(path: &KeyPath) -> Option<&'static Value> {
    path.keys()
        .iter()
        .try_fold(resolved(), |node, key| step(node, key))
}

fn step(node: &'static Value, key: &str) -> Option<&'static Value> {
    let target = follow(node);
    if let Some(next) = target
        .get("properties")
        .and_then(|properties| properties.get(key))
    {
        return Some(next);
    }
    if let Some(next) = target
        .get("additionalProperties")
        .filter(|next| next.is_object())
    {
        return Some(next);
    }
    // An element goes by its index.
    if let Some(next) = target.get("items").filter(|_| key.parse::<usize>().is_ok()) {
        return Some(next);
    }
    target
        .get("anyOf")?
        .as_array()?
        .iter()
        .find_map(|choice| step(choice, key))
}

/// What a text at a path is, where it is one of ours: its format.
pub(super) fn format_at(path: &KeyPath) -> Option<&'static str> {
    let choices = alternatives(at(path)?).into_iter();
    choices
        .filter_map(|choice| choice.get("format"))
        .find_map(Value::as_str)
}

/// The definition of a `$ref`.
pub(super) fn follow(node: &'static Value) -> &'static Value {
    node.get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| resolved().pointer(reference.trim_start_matches('#')))
        .unwrap_or(node)
}

/// The keys a table may have by name.
pub(super) fn properties(schema: &'static Value) -> Option<&'static Map<String, Value>> {
    schema.get("properties")?.as_object()
}

/// The schema of what a table keyed by the user's own names holds.
fn entry(schema: &'static Value) -> Option<&'static Value> {
    schema
        .get("additionalProperties")
        .filter(|entry| entry.is_object())
}

/// The schema of a key in a table.
pub(super) fn schema_of(table: &'static Value, key: &str) -> Option<&'static Value> {
    properties(table)
        .and_then(|known| known.get(key))
        .or_else(|| entry(table))
}

/// The keys a table must have.
pub(super) fn required(schema: &'static Value) -> impl Iterator<Item = &'static str> {
    schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// The schemas a value may follow, references resolved.
pub(super) fn alternatives(schema: &'static Value) -> Vec<&'static Value> {
    let schema = follow(schema);
    match schema.get("anyOf").and_then(Value::as_array) {
        Some(choices) => choices.iter().flat_map(alternatives).collect(),
        None => vec![schema],
    }
}

/// Whether a value of this JSON type fits.
pub(super) fn is_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(types)) => types.iter().any(|one| one == name),
        // The words of an enumeration are in `oneOf`, without a type around them.
        _ => name == "string" && schema.get("oneOf").is_some(),
    }
}

/// The words that a string is limited to; none when it is free.
pub(super) fn words(schema: &'static Value) -> Vec<&'static str> {
    let choices = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let constants = choices
        .chain([schema])
        .filter_map(|choice| choice.get("const")?.as_str());
    let listed = schema
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    constants.chain(listed).collect()
}

/// The first sentence of what the schema says about a path, as a fragment for a hint. An entry of a table that is keyed by
/// the user's names goes by the table.
pub(super) fn brief(path: &KeyPath) -> Option<String> {
    let node = at(path)?;
    let said = node
        .get("description")
        .or_else(|| follow(node).get("description"));
    let Some(text) = said.and_then(Value::as_str) else {
        return brief(&path.parent()?);
    };
    // The lines of a comment in the source are none of a hint.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = text
        .split_once(". ")
        .map_or(&*text, |(first, _)| first)
        .trim_end_matches('.');
    let mut characters = sentence.chars();
    let first = characters.next()?;
    // An abbreviation such as “ID” keeps its capitals.
    let abbreviation = characters.as_str().starts_with(char::is_uppercase);
    let first = if abbreviation {
        first.to_string()
    } else {
        first.to_lowercase().to_string()
    };
    Some(first + characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_in_the_repository_is_what_schema_prints() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/stack.schema.json");
        if std::env::var_os("GATESTACK_UPDATE_SCHEMA").is_some() {
            std::fs::write(path, published()).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept == published(),
            "stack.schema.json is old: run the tests with GATESTACK_UPDATE_SCHEMA=1, or `gatestack schema > stack.schema.json`"
        );
    }

    #[test]
    fn an_overlay_may_leave_anything_out() {
        assert!(published().contains("\"required\": ["));
        assert!(!of_overlay().contains("\"required\": ["));
        assert!(of_overlay().contains("gatestack overlay"));
    }

    #[test]
    fn every_key_is_described() {
        fn walk(at: &str, node: &Value, bare: &mut Vec<String>) {
            if let Some(Value::Object(properties)) = node.get("properties") {
                for (name, property) in properties {
                    if property.get("description").is_none() {
                        bare.push(format!("{at}.{name}"));
                    }
                }
            }
            if let Some(Value::Object(definitions)) = node.get("$defs") {
                for (name, definition) in definitions {
                    walk(name, definition, bare);
                }
            }
        }
        let schema: Value = serde_json::from_str(&published()).unwrap();
        let mut bare = Vec::new();
        walk("", &schema, &mut bare);
        assert!(bare.is_empty(), "without description: {bare:?}");
    }

    #[test]
    fn a_hint_from_the_schema_is_one_line() {
        fn walk(path: &KeyPath, node: &'static Value, seen: &mut usize) {
            if let Some(brief) = brief(path) {
                assert!(!brief.contains('\n'), "{path}: {brief:?}");
                *seen += 1;
            }
            if path.keys().len() > 6 {
                return;
            }
            for choice in alternatives(node) {
                for name in properties(choice).into_iter().flat_map(|all| all.keys()) {
                    if let Some(below) = schema_of(choice, name) {
                        walk(&path.join(name), below, seen);
                    }
                }
                if let Some(below) = choice
                    .get("additionalProperties")
                    .filter(|it| it.is_object())
                {
                    walk(&path.join("x"), below, seen);
                }
            }
        }
        let mut seen = 0;
        walk(&KeyPath::default(), resolved(), &mut seen);
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn defaults_are_stated_and_null_is_nowhere() {
        let schema: Value = serde_json::from_str(&published()).unwrap();
        assert_eq!(
            schema["$defs"]["TokenLifetimes"]["properties"]["refresh"]["default"],
            "30d"
        );
        assert_eq!(
            schema["$defs"]["UserPool"]["properties"]["deletion_protection"]["default"],
            true
        );
        assert_eq!(
            schema["$defs"]["Api"]["properties"]["cors"]["default"],
            false
        );
        assert!(!published().contains("null"));
    }

    #[test]
    fn paths_lead_through_maps_arrays_and_alternatives() {
        let said = |keys: &[&str]| brief(&keys.into());
        assert_eq!(
            said(&["api", "routes", "GET /x", "mock", "body"]),
            Some("the body".into())
        );
        assert_eq!(
            said(&["api", "cors", "origin"]),
            Some("the origins whose pages may call: one, a list of them, or `*` for any".into())
        );
        assert!(said(&["api", "steps"]).is_none());
    }
}
