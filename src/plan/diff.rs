use std::collections::BTreeMap;

use super::FieldChange;
use crate::kinds::{Compare, OnChange, Resource};
use crate::model::{Book, Value};

/// What differs between the two sides, and what of it can't be changed.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) fields: Vec<FieldChange>,
    /// What nothing may change.
    pub(super) refused: Vec<Refused>,
}

/// A field that differs and can't be changed.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) field: &'static str,
    pub(super) before: Value,
    pub(super) after: Value,
    pub(super) ways_out: &'static str,
}

pub(super) fn difference(want: &Resource, live: &Resource, book: &Book) -> Difference {
    let mut difference = Difference::default();
    for ((info, after), (_, before)) in want.fields(book).into_iter().zip(live.fields(book)) {
        let (before, after) = match info.compare {
            Compare::Exactly => (before, after),
            Compare::WantedKeys => only_wanted_keys(before, after),
            Compare::Among => among(before, after),
            Compare::WhenWanted if after == Value::Unset => continue,
            Compare::WhenWanted => (before, after),
        };
        // A resource is found through its parent. The parent's id is the same or, if this plan replaces the parent, not known
        // yet, and then the resource itself is not live.
        if before == after || info.on_change == OnChange::Place {
            continue;
        }
        let replaces = match info.on_change {
            OnChange::Replace(why) => Some(why),
            OnChange::Refuse(ways_out) => {
                difference.refused.push(Refused {
                    field: info.name,
                    before: before.clone(),
                    after: after.clone(),
                    ways_out,
                });
                None
            }
            OnChange::InPlace | OnChange::Place => None,
        };
        difference.fields.push(FieldChange {
            name: info.name,
            before,
            after,
            replaces,
        });
    }
    difference
}

/// Every field that is set, as a creation shows them.
pub(super) fn all_fields(want: &Resource, book: &Book) -> Vec<FieldChange> {
    want.fields(book)
        .into_iter()
        .filter(|(info, value)| {
            let as_always = info.always.map(Value::from).as_ref() == Some(value);
            info.on_change != OnChange::Place && !as_always && !is_nothing(value)
        })
        .map(|(info, after)| FieldChange {
            name: info.name,
            before: Value::Unset,
            after,
            replaces: None,
        })
        .collect()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Unset => true,
        Value::Text(text) => text.is_empty(),
        Value::Set(items) => items.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::AfterApply(_) => false,
    }
}

pub(super) fn among(before: Value, after: Value) -> (Value, Value) {
    match &before {
        Value::Set(items) if items.contains(&after) => (after.clone(), after),
        _ => (before, after),
    }
}

pub(super) fn only_wanted_keys(before: Value, after: Value) -> (Value, Value) {
    match (before, after) {
        (Value::Map(mut before), Value::Map(after)) => {
            before.retain(|key, _| after.contains_key(key));
            (Value::Map(before), Value::Map(after))
        }
        // Nothing wanted, nothing compared.
        (_, Value::Unset) => (Value::Unset, Value::Unset),
        (Value::Unset, after) => (Value::Map(BTreeMap::new()), after),
        sides => sides,
    }
}
