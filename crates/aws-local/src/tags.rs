//! Tags as in most services: lists of keys and values in calls and responses.

use std::collections::BTreeMap;

use aws_facts::limits::tags::MOST_TAGS;
use serde_json::{Value, json};

use super::members::objects;
use super::operation::{Call, Refusal};

/// A resource's tags.
pub(crate) type Tags = BTreeMap<String, String>;

/// Keys and values in the input; a value may be missing.
pub(crate) fn sent(call: &Call) -> impl Iterator<Item = (&str, Option<&str>)> {
    objects(&call.input, "Tags").map(|tag| {
        let key = tag["Key"].as_str().unwrap_or_default();
        (key, tag["Value"].as_str())
    })
}

/// Whether the key is reserved by AWS.
pub(crate) fn is_reserved(key: &str) -> bool {
    key.to_ascii_lowercase().starts_with("aws:")
}

/// These tags with those in the input, if AWS accepts them: `reserved` and `too_many` are its error codes.
pub(crate) fn with_sent(
    call: &Call,
    mut tags: Tags,
    what: &str,
    (reserved, too_many): (&str, &str),
) -> Result<Tags, Refusal> {
    for (key, value) in sent(call) {
        if is_reserved(key) {
            let message = format!("Tag keys that begin with aws: are reserved: {key}");
            return Err(Refusal::new(400, reserved, message));
        }
        tags.insert(key.into(), value.unwrap_or_default().into());
    }
    if tags.len() > MOST_TAGS {
        let message = format!("A {what} has at most {MOST_TAGS} tags.");
        return Err(Refusal::new(400, too_many, message));
    }
    Ok(tags)
}

/// Tags in responses.
pub(crate) fn listed(tags: &Tags) -> Vec<Value> {
    let pairs = tags.iter();
    pairs
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect()
}
