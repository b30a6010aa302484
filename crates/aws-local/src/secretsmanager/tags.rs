//! A secret's tags.

use serde_json::Value;

use super::super::members::texts;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::super::tags::{Tags, listed, with_sent};
use super::{Secret, State};

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

/// A secret's tags as in responses; nothing if there never were any.
pub(super) fn shown(secret: &Secret) -> Value {
    if secret.tags.is_empty() && !secret.untagged {
        return Value::Null;
    }
    listed(&secret.tags).into()
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
    let had_tags = !secret.tags.is_empty();
    for key in texts(&call.input, "TagKeys") {
        secret.tags.remove(key);
    }
    secret.untagged |= had_tags && secret.tags.is_empty();
    Ok(Object::new())
}
