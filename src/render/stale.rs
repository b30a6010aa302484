//! What changed since a plan was made, in words.

use std::collections::{BTreeMap, BTreeSet};

use super::value;
use crate::model::{Value, bare_or_quoted};
use crate::plan::{FieldChange, How};

/// What happened to one resource.
pub(crate) fn text(how: &How) -> String {
    match how {
        How::Appeared => "it did not exist, and does now".into(),
        How::Gone => "it is gone".into(),
        How::MadeAnew => "it was recreated".into(),
        How::Renamed => "its tag or mark names another address".into(),
        How::InTheWay(what) => what.clone(),
        How::PlannedOtherwise(what) => (*what).into(),
        How::Dependents { before, after } => {
            let what = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
            format!(
                "deleting it takes along {}, and the plan saw {}",
                what(after),
                what(before)
            )
        }
        How::Changed(fields) => {
            let mut sides = Vec::new();
            for FieldChange {
                name,
                before,
                after,
                ..
            } in fields
            {
                differences(&mut sides, name, before, after);
            }
            sides.join("; ")
        }
    }
}

/// A map's keys one by one, since a difference between two long maps is hard to see.
fn differences(sides: &mut Vec<String>, name: &str, before: &Value, after: &Value) {
    let (Value::Map(before), Value::Map(after)) = (before, after) else {
        let (before, after) = (value::text(before), value::text(after));
        sides.push(format!("{name}: {before} → {after}"));
        return;
    };
    let side = |map: &BTreeMap<String, Value>, key| map.get(key).cloned().unwrap_or_default();
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (before, after) = (side(before, key), side(after, key));
        if before != after {
            let name = format!("{name}.{}", bare_or_quoted(key));
            differences(sides, &name, &before, &after);
        }
    }
}
