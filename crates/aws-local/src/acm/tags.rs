//! A certificate's tags.

use std::collections::BTreeMap;

use aws_facts::limits::tags::MOST_TAGS;
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::{State, find, find_mut, one};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("AddTagsToCertificate", add),
    Operation::change("RemoveTagsFromCertificate", remove),
    Operation::read("ListTagsForCertificate", list),
];

type Tags = BTreeMap<String, String>;

/// Every certificate of the Region with its tags: its ARN and they.
pub(crate) fn tagged(state: &State) -> impl Iterator<Item = (String, Tags)> {
    state
        .certificates
        .iter()
        .map(|(arn, certificate)| (arn.to_owned(), certificate.tags.clone()))
}

/// Keys and values in the input; a value may be missing.
fn sent(call: &Call) -> impl Iterator<Item = (&str, Option<&str>)> {
    let tags = call.input.get("Tags").and_then(Value::as_array);
    tags.into_iter().flatten().map(|tag| {
        (
            tag["Key"].as_str().unwrap_or_default(),
            tag["Value"].as_str(),
        )
    })
}

/// These tags with those in the input, if AWS takes them.
pub(super) fn checked(call: &Call, mut tags: Tags) -> Result<Tags, Refusal> {
    for (key, value) in sent(call) {
        if key.to_ascii_lowercase().starts_with("aws:") {
            let message = format!("Tag keys that begin with aws: are reserved: {key}");
            return Err(Refusal::new(400, "InvalidTagException", message));
        }
        tags.insert(key.into(), value.unwrap_or_default().into());
    }
    if tags.len() > MOST_TAGS {
        let message = format!("A certificate has at most {MOST_TAGS} tags.");
        return Err(Refusal::new(400, "TooManyTagsException", message));
    }
    Ok(tags)
}

fn add(region: &mut Region, call: &Call) -> Answer {
    let certificate = find_mut(region, call)?;
    certificate.tags = checked(call, std::mem::take(&mut certificate.tags))?;
    Ok(Object::new())
}

/// A tag that is sent with a value is removed only when it has that value.
fn remove(region: &mut Region, call: &Call) -> Answer {
    let certificate = find_mut(region, call)?;
    for (key, value) in sent(call) {
        if value.is_none() || certificate.tags.get(key).map(String::as_str) == value {
            certificate.tags.remove(key);
        }
    }
    Ok(Object::new())
}

fn list(region: &Region, call: &Call) -> Answer {
    let tags: Vec<_> = find(region, call)?
        .tags
        .iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    one("Tags", tags)
}
