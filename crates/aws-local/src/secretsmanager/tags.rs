//! A secret's tags.

use std::collections::BTreeMap;

use aws_facts::limits::tags::MOST_TAGS;
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::{State, invalid};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("TagResource", tag),
    Operation::change("UntagResource", untag),
];

type Tags = BTreeMap<String, String>;

/// Every secret of the Region with its tags: its ARN and they.
pub(crate) fn tagged(state: &State, now: f64) -> impl Iterator<Item = (String, Tags)> {
    let there = state.secrets.values();
    there
        .filter(move |secret| !secret.is_gone(now))
        .map(|secret| (secret.arn.clone(), secret.tags.clone()))
}

/// Tags as answers have them; nothing when there are none.
pub(super) fn shown(tags: &Tags) -> Value {
    if tags.is_empty() {
        return Value::Null;
    }
    tags.iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect()
}

/// These tags with those in the input, if AWS takes them.
pub(super) fn checked(call: &Call, mut tags: Tags) -> Result<Tags, Refusal> {
    let sent = call.input.get("Tags").and_then(Value::as_array);
    for tag in sent.into_iter().flatten() {
        let text = |member: &str| tag[member].as_str().unwrap_or_default();
        if text("Key").to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid(format!(
                "Tag keys that begin with aws: are reserved: {}",
                text("Key")
            )));
        }
        tags.insert(text("Key").into(), text("Value").into());
    }
    if tags.len() > MOST_TAGS {
        return Err(invalid(format!("A secret has at most {MOST_TAGS} tags.")));
    }
    Ok(tags)
}

fn tag(region: &mut Region, call: &Call) -> Answer {
    let secret = region.secretsmanager.find_mut(call)?;
    secret.usable()?;
    secret.tags = checked(call, std::mem::take(&mut secret.tags))?;
    Ok(Object::new())
}

fn untag(region: &mut Region, call: &Call) -> Answer {
    let secret = region.secretsmanager.find_mut(call)?;
    secret.usable()?;
    let keys = call.input.get("TagKeys").and_then(Value::as_array);
    for key in keys.into_iter().flatten().filter_map(Value::as_str) {
        secret.tags.remove(key);
    }
    Ok(Object::new())
}
