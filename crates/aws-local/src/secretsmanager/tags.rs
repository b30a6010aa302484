//! A secret's tags.

use serde_json::Value;

use super::super::members::texts;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::super::tags::{Tags, listed, with_sent};
use super::State;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("TagResource", tag),
    Operation::change("UntagResource", untag),
];

/// Every secret of the Region: its ARN and tags.
pub(crate) fn tagged(state: &State, now: f64) -> impl Iterator<Item = (String, Tags)> {
    let there = state.secrets.values();
    there
        .filter(move |secret| !secret.is_gone(now))
        .map(|secret| (secret.arn.clone(), secret.tags.clone()))
}

/// Tags as in responses; nothing if there are none.
pub(super) fn shown(tags: &Tags) -> Value {
    if tags.is_empty() {
        return Value::Null;
    }
    listed(tags).into()
}

/// These tags with those in the input, if AWS accepts them.
pub(super) fn checked(call: &Call, tags: Tags) -> Result<Tags, Refusal> {
    let code = "InvalidParameterException";
    with_sent(call, tags, "secret", (code, code))
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
    for key in texts(&call.input, "TagKeys") {
        secret.tags.remove(key);
    }
    Ok(Object::new())
}
