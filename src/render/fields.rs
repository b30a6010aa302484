//! The fields of a change.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::{behind, flowing};
use super::style::{CREATE, DELETE, FAINT, paint};
use super::value::{self, quoted, without_own_tags};
use crate::kinds::{fields_of_kinds, is_mark};
use crate::model::{Address, Book, OutputName, Value, bare_or_quoted};
use crate::plan::{Action, Change, FieldChange};

/// gatestack's own tags, which are not shown.
const BOOKKEEPING: &[&str] = &["mark"];

/// A field's two sides for display: without gatestack's own tags, and with addresses instead of AWS's ids.
fn sides(field: &FieldChange, change: &Change, book: &Book) -> (Value, Value) {
    let info = fields_of_kinds()
        .into_iter()
        .filter(|(kind, _)| kind.name == change.kind.name)
        .flat_map(|(_, fields)| fields)
        .find(|info| info.name == field.name);
    let refers = info.is_some_and(|info| info.refers_to.is_some());
    let unset = info.and_then(|info| info.unset);
    let side = |value: &Value| {
        let mut value = without_own_tags(value);
        // The marks of a new resource are not shown; a mark that is added later is the whole change.
        if change.action == Action::Create
            && let Value::Map(items) = &mut value
        {
            items.retain(|key, _| !is_mark(key));
        }
        match (&value, unset) {
            (Value::Unset, Some(shown)) if change.action != Action::Create => shown.into(),
            _ if refers => by_address(value, book),
            _ => value,
        }
    };
    (side(&field.before), side(&field.after))
}

fn by_address(value: Value, book: &Book) -> Value {
    match value {
        Value::Text(text) => {
            let owner = [OutputName::Id, OutputName::Arn]
                .into_iter()
                .find_map(|name| book.find(name, &text));
            Value::Text(owner.map_or(text, Address::to_string))
        }
        Value::Set(items) => Value::Set(
            items
                .into_iter()
                .map(|item| by_address(item, book))
                .collect(),
        ),
        value => value,
    }
}

/// What differs, a line for each thing.
pub(crate) fn differences(change: &Change, book: &Book, indent: usize, width: usize) -> String {
    let mut lines = String::new();
    for field in change
        .fields
        .iter()
        .filter(|field| !BOOKKEEPING.contains(&field.name))
    {
        let (before, after) = sides(field, change, book);
        if before != after {
            difference(&mut lines, field.name, &before, &after, indent, width);
        }
    }
    lines
}

fn difference(
    lines: &mut String,
    name: &str,
    before: &Value,
    after: &Value,
    indent: usize,
    width: usize,
) {
    match (before, after) {
        (Value::Map(before), Value::Map(after)) => {
            let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            for key in keys {
                let side =
                    |map: &BTreeMap<String, Value>| map.get(key).cloned().unwrap_or_default();
                let (before, after) = (side(before), side(after));
                if before != after {
                    let name = format!("{name}.{}", bare_or_quoted(key));
                    difference(lines, &name, &before, &after, indent, width);
                }
            }
        }
        (Value::Set(before), Value::Set(after)) => {
            let elements = before.difference(after).map(|gone| (DELETE, "-", gone));
            let elements = elements.chain(after.difference(before).map(|new| (CREATE, "+", new)));
            let elements: Vec<_> = elements.collect();
            if let [(style, sign, element)] = elements.as_slice() {
                let text = format!("{sign} {}", value::text(element));
                lines.push_str(&format!("{:indent$}{name}: {}\n", "", paint(*style, &text)));
            } else {
                lines.push_str(&format!("{:indent$}{name}:\n", ""));
                for (style, sign, element) in elements {
                    let text = format!("{sign} {}", value::text(element));
                    lines.push_str(&format!("{:indent$}  {}\n", "", paint(style, &text)));
                }
            }
        }
        (before, after) => {
            let (before, after) = (value::text(before), value::text(after));
            let line = format!("{name}: {before} → {after}");
            if indent + line.chars().count() <= width {
                lines.push_str(&format!(
                    "{:indent$}{name}: {before} {} {after}\n",
                    "",
                    paint(FAINT, "→")
                ));
            } else {
                let arrow = paint(FAINT, "→");
                lines.push_str(&format!("{:indent$}{name}:\n", ""));
                lines.push_str(&format!(
                    "{:indent$}    {before}\n{:indent$}  {arrow} {after}\n",
                    "", ""
                ));
            }
        }
    }
}

/// The set fields of a created resource, on as few lines as possible, without what its address contains and without the stack's
/// common tags.
pub(crate) struct Facts<'a> {
    pub(crate) address: &'a Address,
    pub(crate) change: &'a Change,
    pub(crate) stack_tags: &'a BTreeMap<String, String>,
    pub(crate) book: &'a Book,
}

impl Facts<'_> {
    /// `name = "x"` and `scopes = ["a"]`, with this word before the first; empty when there is nothing to say.
    pub(crate) fn text(&self, head: &str, indent: usize, width: usize) -> String {
        let mut facts: Vec<_> = self
            .grouped()
            .into_iter()
            .map(|(name, value)| format!("{name} = {}", value::text(&value)))
            .collect();
        if let Some(first) = facts.first_mut() {
            first.insert_str(0, head);
        }
        flowing(&facts, indent, width)
    }

    /// `password.digits` and its like become one `password`.
    fn grouped(&self) -> Vec<(&str, Value)> {
        let mut grouped: Vec<(&str, Value)> = Vec::new();
        for field in &self.change.fields {
            let Some(value) = self.worth_saying(field) else {
                continue;
            };
            match field.name.split_once('.') {
                None => grouped.push((field.name, value)),
                Some((group, name)) => match grouped.last_mut() {
                    Some((last, Value::Map(items))) if *last == group => {
                        items.insert(name.to_owned(), value);
                    }
                    _ => grouped.push((group, Value::Map([(name.to_owned(), value)].into()))),
                },
            }
        }
        grouped
    }

    fn worth_saying(&self, field: &FieldChange) -> Option<Value> {
        if BOOKKEEPING.contains(&field.name) {
            return None;
        }
        match sides(field, self.change, self.book).1 {
            Value::Text(text) if self.is_said_by_the_address(&text) => None,
            Value::Map(items) if field.name == "tags" => {
                let items: BTreeMap<_, _> = items
                    .into_iter()
                    .filter(|(key, value)| {
                        self.stack_tags.get(key).map(Value::from).as_ref() != Some(value)
                    })
                    .collect();
                (!items.is_empty()).then_some(Value::Map(items))
            }
            value => Some(value),
        }
    }

    /// Whether it is the entry's name in its table, or a word of that: a route is called `GET /policies`.
    fn is_said_by_the_address(&self, text: &str) -> bool {
        let owner = self.address.owner();
        let owner = owner.as_str();
        let name = match owner.split_once('"') {
            Some((_, rest)) => rest.trim_end_matches('"'),
            None => owner.rsplit('.').next().unwrap_or(owner),
        };
        owner.contains('.') && (name == text || name.split(' ').any(|word| word == text))
    }
}

/// A note about something, hanging behind its head.
pub(crate) fn hanging(head: &str, head_width: usize, text: &str, width: usize) -> String {
    behind(head, head_width, text, 2, width)
}

/// A name for a flag's value, quoted so that shells leave it alone.
pub(crate) fn flag_value(address: &Address) -> String {
    if address.as_str().contains('\'') {
        quoted(address.as_str())
    } else {
        format!("'{address}'")
    }
}
