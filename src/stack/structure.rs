//! Checks keys, types, words and ranges by the schema: every mistake in one pass. Wrong values are then removed or replaced by
//! valid ones, so that the rest of the file can still be read and checked.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeString, DeTable, DeValue};

use super::diagnostic::{Code, Diagnostic};
use super::findings::Findings;
use super::given_keys;
use super::schema::{
    alternatives, at, brief, follow, is_type, properties, required, resolved, schema_of, words,
};
use super::spans::{KeyPath, Spans};
use crate::model::similar::resembles;
use crate::model::{ByteSize, HumanDuration, bare_or_quoted};

/// What must be known before references are resolved: which tables and keys are misspelled, and which tables have another type.
/// References to them are not reported.
pub(super) fn outline(root: &Spanned<DeTable<'_>>, spans: &Spans, findings: &mut Findings) {
    Pass { spans, findings }.outline(resolved(), &KeyPath::default(), root.get_ref());
}

/// Checks the whole file and repairs wrong values.
pub(super) fn check(root: &mut Spanned<DeTable<'_>>, spans: &Spans, findings: &mut Findings) {
    Pass { spans, findings }.table(resolved(), &KeyPath::default(), root.get_mut());
}

/// Removes the value at a path, or replaces it if it is required. Returns whether that was possible.
pub(super) fn repair(root: &mut Spanned<DeTable<'_>>, path: &KeyPath) -> bool {
    let Some((last, above)) = path.keys().split_last() else {
        return false;
    };
    let mut node = resolved();
    let mut table = root.get_mut();
    for key in above {
        let Some(next) = alternatives(node)
            .into_iter()
            .find_map(|choice| schema_of(choice, key))
        else {
            return false;
        };
        node = next;
        match table.get_mut(key.as_str()).map(Spanned::get_mut) {
            Some(DeValue::Table(next)) => table = next,
            _ => return false,
        }
    }
    let removed = table.remove(last.as_str()).is_some();
    for choice in alternatives(node) {
        if required(choice).any(|name| name == last)
            && let Some(schema) = schema_of(choice, last)
        {
            table.insert(key_of(last), stand_in(schema));
        }
    }
    removed
}

struct Pass<'p> {
    spans: &'p Spans,
    findings: &'p mut Findings,
}

impl Pass<'_> {
    fn outline(&mut self, schema: &'static Value, path: &KeyPath, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let here = path.join(name);
            let value = value.get_ref();
            let Some(schema) = schema_of(schema, name) else {
                let absent = absent(schema, table);
                if let Some(near) = meant_by(name, schema, &absent, self.findings) {
                    self.meant(&path.join(near), table.get(near), value);
                }
                continue;
            };
            let choices = alternatives(schema);
            match (value, choices.iter().find(|choice| accepts(choice, value))) {
                (DeValue::Table(inner), Some(choice)) => self.outline(choice, &here, inner),
                (_, None) if choices.iter().all(|choice| is_type(choice, "object")) => {
                    let diagnostic = self.wrong_type(schema, &here, value);
                    self.findings.broken(&here, diagnostic);
                }
                (DeValue::Array(array), Some(choice)) => {
                    let items = choice.get("items").map(follow);
                    for (index, element) in array.iter().enumerate() {
                        if let (DeValue::Table(inner), Some(items)) = (element.get_ref(), items) {
                            self.outline(items, &here.join(index.to_string()), inner);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Marks the key that a misspelled one was meant to be. If that exists as well, it is a table created by `[meant.more]`, and
    /// what it lacks may be in the misspelled one.
    fn meant(
        &mut self,
        meant: &KeyPath,
        there: Option<&Spanned<DeValue<'_>>>,
        misspelled: &DeValue<'_>,
    ) {
        match (there.map(Spanned::get_ref), misspelled) {
            (None, _) => self.findings.follows_from_another(meant),
            (Some(DeValue::Table(there)), DeValue::Table(misspelled)) => {
                for name in misspelled.keys().map(|key| key.get_ref().as_ref()) {
                    if !there.contains_key(name) {
                        self.findings.follows_from_another(&meant.join(name));
                    }
                }
            }
            _ => {}
        }
    }

    fn table(&mut self, schema: &'static Value, path: &KeyPath, table: &mut DeTable<'_>) {
        let absent = absent(schema, table);
        let mut wrong = HashSet::new();
        for (key, value) in table.iter_mut() {
            let here = path.join(key.get_ref().as_ref());
            let kept = match schema_of(schema, key.get_ref()) {
                Some(schema) => self.value(schema, &here, value),
                None => {
                    let near = meant_by(key.get_ref(), schema, &absent, self.findings);
                    // It is removed, and its siblings are checked without it.
                    self.findings.push(unknown(path, key, near, schema));
                    false
                }
            };
            if !kept {
                wrong.insert(key.get_ref().to_string());
            }
        }
        if !wrong.is_empty() {
            // A single removal moves everything after it.
            *table = std::mem::take(table)
                .into_iter()
                .filter(|(key, _)| !wrong.contains(key.get_ref().as_ref()))
                .collect();
        }
        for name in required(schema) {
            if table.contains_key(name) {
                continue;
            }
            let here = path.join(name);
            if !self.findings.is_broken(&here) {
                let diagnostic = self.missing(path, name);
                self.findings.broken(&here, diagnostic);
            }
            if let Some(schema) = schema_of(schema, name) {
                table.insert(key_of(name), stand_in(schema));
            }
        }
    }

    /// Whether the value may stay.
    fn value(
        &mut self,
        schema: &'static Value,
        path: &KeyPath,
        value: &mut Spanned<DeValue<'_>>,
    ) -> bool {
        let Some(fitting) = alternatives(schema)
            .into_iter()
            .find(|choice| accepts(choice, value.get_ref()))
        else {
            if !self.findings.is_broken(path) {
                self.findings
                    .broken(path, self.wrong_type(schema, path, value.get_ref()));
            }
            return false;
        };
        if self.findings.is_broken(path) {
            // The reference was refused already; as text it is harmless where text is valid.
            return words(fitting).is_empty();
        }
        let fault = match value.get_mut() {
            DeValue::Table(table) => {
                self.table(fitting, path, table);
                None
            }
            DeValue::Array(array) => {
                self.array(fitting, path, array);
                None
            }
            DeValue::String(word) => not_a_word(&words(fitting), path, word, self.findings)
                .or_else(|| not_of_its_format(fitting, path, word)),
            DeValue::Integer(number) => {
                let written = number.to_string();
                let value = i64::from_str_radix(number.as_str(), number.radix()).ok();
                out_of_range(fitting, path, value.map(|value| value as f64), &written)
            }
            DeValue::Float(number) => {
                let value = number
                    .as_str()
                    .parse()
                    .ok()
                    .filter(|value: &f64| value.is_finite());
                out_of_range(fitting, path, value, number.as_str())
            }
            DeValue::Boolean(_) | DeValue::Datetime(_) => None,
        };
        match fault {
            Some(fault) => {
                let fault = match (&fault.help, brief(path)) {
                    (None, Some(brief)) => fault.help(brief),
                    _ => fault,
                };
                self.findings.broken(path, fault.at(value.span()));
                false
            }
            None => true,
        }
    }

    /// Keeps the valid elements, without duplicates.
    fn array(&mut self, schema: &'static Value, path: &KeyPath, array: &mut DeArray<'_>) {
        let mut seen = BTreeSet::new();
        let mut kept = DeArray::new();
        let is_set = schema.get("uniqueItems") == Some(&Value::Bool(true));
        for (index, mut element) in std::mem::replace(array, DeArray::new())
            .into_iter()
            .enumerate()
        {
            let here = path.join(index.to_string());
            let text = element.get_ref().as_str().map(str::to_owned);
            if let (true, Some(text)) = (is_set, &text)
                && !seen.insert(text.clone())
            {
                let diagnostic = Diagnostic::error(
                    Code::Duplicate,
                    format!("`{text}` is listed twice in `{path}`"),
                )
                .at(element.span())
                .help("remove one of them");
                // Nothing is lost with it, so the list stays usable.
                self.findings.push(diagnostic);
                continue;
            }
            let fits = schema
                .get("items")
                .is_none_or(|items| self.value(items, &here, &mut element));
            if fits && !self.findings.is_broken(&here) {
                kept.push(element);
            }
        }
        *array = kept;
    }

    fn missing(&self, table: &KeyPath, name: &str) -> Diagnostic {
        let here = table.join(name);
        let is_table = follow(at(&here).unwrap_or(&Value::Null))
            .get("properties")
            .is_some();
        let line = if is_table {
            format!("`[{here}]`")
        } else {
            format!("`{name} = …`")
        };
        let lacks = format!("{} lacks `{name}`", shown(table));
        let diagnostic = Diagnostic::error(Code::MissingKey, lacks).at(self.spans.key(table));
        match brief(&here) {
            Some(brief) => diagnostic.help(format!("add {line}, {brief}")),
            None => diagnostic.help(format!("add {line}")),
        }
    }

    fn wrong_type(
        &self,
        schema: &'static Value,
        path: &KeyPath,
        value: &DeValue<'_>,
    ) -> Diagnostic {
        let choices = alternatives(schema);
        let wanted: Vec<&str> = choices.iter().map(|choice| wanted(choice)).collect();
        let found = found(value);
        let wanted = wanted.join(" or ");
        // An element of a list is named by the list, without its index.
        let list = path.parent().filter(is_array);
        let (message, line) = match &list {
            Some(list) => (
                format!("an element of `{list}` must be {wanted}, not {found}"),
                String::new(),
            ),
            None => (
                format!("`{path}` must be {wanted}, not {found}"),
                format!("{} = ", bare_or_quoted(path.last().unwrap_or_default())),
            ),
        };
        let diagnostic =
            Diagnostic::error(Code::WrongValue, message).label(self.spans.value_of(path), found);
        let is_wanted = |kind: &str| choices.iter().any(|choice| is_type(choice, kind));
        let help = match value {
            // The value may be a secret.
            _ if given_keys::is_source(path) => Some(given_keys::help()),
            DeValue::String(_) | DeValue::Array(_) | DeValue::Table(_)
                if is_of_an_environment(path) =>
            {
                brief(path)
            }
            _ if is_of_an_environment(path) && is_wanted("string") => {
                Some("put it in quotes".to_owned())
            }
            DeValue::String(text) if is_wanted("array") => {
                Some(format!("put it in brackets: `{line}[\"{text}\"]`"))
            }
            DeValue::String(text)
                if !is_wanted("string")
                    && DeValue::parse(text).is_ok_and(|inner| {
                        choices
                            .iter()
                            .any(|choice| accepts(choice, inner.get_ref()))
                    }) =>
            {
                Some(format!("write it without quotes: `{line}{text}`"))
            }
            DeValue::Integer(number) if is_wanted("string") => {
                Some(format!("put it in quotes: `{line}\"{number}\"`"))
            }
            _ => brief(path),
        };
        match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

/// Whether it is the environment of a function, or a variable in it.
fn is_of_an_environment(path: &KeyPath) -> bool {
    matches!(path.keys(), [functions, _, environment, ..] if functions == "functions" && environment == "environment")
}

fn unknown(
    table: &KeyPath,
    key: &Spanned<DeString<'_>>,
    near: Option<&str>,
    schema: &'static Value,
) -> Diagnostic {
    let what = if table.keys().is_empty() {
        "table"
    } else {
        "key"
    };
    let message = format!("unknown {what} `{}` in {}", key.get_ref(), shown(table));
    let diagnostic = Diagnostic::error(Code::UnknownKey, message).at(key.span());
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("valid keys: {}", list(&known_keys(schema)))),
    }
}

/// The key that an unknown one was meant to be. A missing required key needs less similarity.
fn meant_by(
    name: &str,
    schema: &'static Value,
    absent: &[&'static str],
    findings: &Findings,
) -> Option<&'static str> {
    findings.closest(name, known_keys(schema)).or_else(|| {
        let alike = |wanted: &&&str| resembles(name, wanted);
        absent.iter().find(alike).copied()
    })
}

fn known_keys(schema: &'static Value) -> Vec<&'static str> {
    properties(schema)
        .into_iter()
        .flat_map(|known| known.keys().map(String::as_str))
        .collect()
}

fn shown(table: &KeyPath) -> String {
    match table.parent() {
        None => "the file".to_owned(),
        Some(array) if is_array(&array) => format!("`[[{array}]]`"),
        Some(_) => format!("`[{table}]`"),
    }
}

fn is_array(path: &KeyPath) -> bool {
    at(path).is_some_and(|schema| follow(schema).get("items").is_some())
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Durations and sizes have their own formats in the schema.
fn not_of_its_format(schema: &Value, path: &KeyPath, text: &str) -> Option<Diagnostic> {
    let error = match schema.get("format").and_then(Value::as_str)? {
        HumanDuration::FORMAT => text.parse::<HumanDuration>().err()?.to_string(),
        ByteSize::FORMAT => text.parse::<ByteSize>().err()?.to_string(),
        _ => return None,
    };
    Some(Diagnostic::error(
        Code::WrongValue,
        format!("`{path}`: {error}"),
    ))
}

fn not_a_word(
    possible: &[&str],
    path: &KeyPath,
    word: &str,
    findings: &Findings,
) -> Option<Diagnostic> {
    if possible.is_empty() || possible.contains(&word) {
        return None;
    }
    let quoted: Vec<_> = possible.iter().map(|word| format!("\"{word}\"")).collect();
    // An element of a list is named by the list, without its index.
    let shown = path
        .parent()
        .filter(is_array)
        .unwrap_or_else(|| path.clone());
    // A word with other digits is another value, and no typo.
    let letters = |word: &str| word.replace(|letter: char| letter.is_ascii_digit(), "");
    let near = findings.closest(word, possible.iter().copied());
    let help = match near.filter(|near| letters(near) != letters(word)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("expected one of {}", quoted.join(", ")),
    };
    Some(Diagnostic::error(Code::WrongValue, format!("`{shown}` can't be \"{word}\"")).help(help))
}

fn out_of_range(
    schema: &Value,
    path: &KeyPath,
    value: Option<f64>,
    written: &str,
) -> Option<Diagnostic> {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let (least, most) = (bound("minimum"), bound("maximum"));
    if value.is_some_and(|value| {
        least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most)
    }) {
        return None;
    }
    let range = match (least, most) {
        (Some(least), Some(most)) if most < f64::from(i32::MAX) => {
            format!("must be from {least} to {most}")
        }
        (Some(least), _) if value.is_none_or(|value| value < least) => {
            format!("must be at least {least}")
        }
        (_, Some(most)) => format!("must be at most {most}"),
        _ => "must be a number AWS can count to".to_owned(),
    };
    Some(Diagnostic::error(
        Code::OutOfRange,
        format!("`{path}` {range}, not {written}"),
    ))
}

/// The keys that a table must have and lacks.
fn absent(schema: &'static Value, table: &DeTable<'_>) -> Vec<&'static str> {
    required(schema)
        .filter(|name| !table.contains_key(*name))
        .collect()
}

fn accepts(schema: &Value, value: &DeValue<'_>) -> bool {
    match value {
        DeValue::String(_) => is_type(schema, "string"),
        DeValue::Integer(_) => is_type(schema, "integer") || is_type(schema, "number"),
        DeValue::Float(_) => is_type(schema, "number"),
        DeValue::Boolean(_) => is_type(schema, "boolean"),
        DeValue::Datetime(_) => false,
        DeValue::Array(_) => is_type(schema, "array"),
        DeValue::Table(_) => is_type(schema, "object"),
    }
}

fn wanted(schema: &'static Value) -> &'static str {
    match words(schema).as_slice() {
        ["nothing"] => return "\"nothing\"",
        [] => {}
        _ => return "one of its words in quotes",
    }
    let named = [
        ("string", "text in quotes"),
        ("integer", "a whole number"),
        ("number", "a number"),
        ("boolean", "true or false"),
        ("array", "a list"),
        ("object", "a table"),
    ];
    if schema.get("type").is_some_and(Value::is_array) {
        return "text, a number, true or false";
    }
    named
        .into_iter()
        .find(|(name, _)| is_type(schema, name))
        .map_or("something else", |(_, wanted)| wanted)
}

fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(true) => "true",
        DeValue::Boolean(false) => "false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A valid replacement for a wrong or missing value; it is never checked.
fn stand_in(schema: &'static Value) -> Spanned<DeValue<'static>> {
    let schema = alternatives(schema)[0];
    let value = if let [word, ..] = words(schema).as_slice() {
        DeValue::String(DeString::Borrowed(word))
    } else if is_type(schema, "object") {
        let mut table = DeTable::new();
        for name in required(schema) {
            if let Some(schema) = properties(schema).and_then(|known| known.get(name)) {
                table.insert(key_of(name), stand_in(schema));
            }
        }
        DeValue::Table(table)
    } else if is_type(schema, "array") {
        DeValue::Array(DeArray::new())
    } else if is_type(schema, "integer") || is_type(schema, "number") {
        DeValue::Integer(DeInteger::default())
    } else if is_type(schema, "boolean") {
        DeValue::Boolean(false)
    } else {
        DeValue::String(DeString::Borrowed(""))
    };
    Spanned::new(0..0, value)
}

fn key_of<'t>(name: &str) -> Spanned<DeString<'t>> {
    Spanned::new(0..0, DeString::Owned(name.to_owned()))
}
