//! A log group's tags: a map in calls and responses.

use aws_facts::arns::{self, Arn};
use aws_facts::limits::tags::MOST_TAGS;
use serde_json::{Value, json};

use super::super::members::{nothing, one, texts};
use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::super::tags::{Tags, is_reserved};
use super::{Group, State, invalid, no_group};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("TagResource", tag),
    Operation::change("UntagResource", untag),
    Operation::read("ListTagsForResource", list),
];

/// Every log group of the Region: its ARN and tags.
pub(crate) fn tagged(state: &State, call: &Call) -> Vec<(String, Tags)> {
    let arn = |name: &str| arns::log_group(&call.region, &call.account, name);
    let groups = state.groups.iter();
    groups
        .map(|(name, group)| (arn(name), group.tags.clone()))
        .collect()
}

/// These tags with those in the input, if AWS accepts them.
pub(super) fn with_sent(call: &Call, mut tags: Tags) -> Result<Tags, Refusal> {
    let sent = call.input.get("tags").and_then(Value::as_object);
    for (key, value) in sent.into_iter().flatten() {
        if is_reserved(key) {
            let message = format!("Tag keys that begin with aws: are reserved: {key}");
            return Err(invalid(message));
        }
        tags.insert(key.clone(), value.as_str().unwrap_or_default().into());
    }
    if tags.len() > MOST_TAGS {
        let message = format!("A log group has at most {MOST_TAGS} tags.");
        return Err(Refusal::new(400, "TooManyTagsException", message));
    }
    Ok(tags)
}

/// The name in the ARN that a call is about, which has no `:*` at its end.
fn name(call: &Call) -> Result<&str, Refusal> {
    let arn = call.text("resourceArn");
    let parts = Arn::parse(arn).filter(|arn| arn.service == "logs");
    let name = parts.and_then(|arn| arn.resource.strip_prefix("log-group:"));
    name.filter(|name| !name.contains(':'))
        .ok_or_else(|| invalid(format!("The resourceArn {arn} is not valid.")))
}

fn group<'r>(region: &'r mut Region, call: &Call) -> Result<&'r mut Group, Refusal> {
    region.logs.groups.get_mut(name(call)?).ok_or_else(no_group)
}

fn tag(region: &mut Region, call: &Call) -> Answer {
    let group = group(region, call)?;
    group.tags = with_sent(call, std::mem::take(&mut group.tags))?;
    nothing()
}

fn untag(region: &mut Region, call: &Call) -> Answer {
    let group = group(region, call)?;
    for key in texts(&call.input, "tagKeys") {
        group.tags.remove(key);
    }
    nothing()
}

fn list(region: &Region, call: &Call) -> Answer {
    let group = region.logs.groups.get(name(call)?).ok_or_else(no_group)?;
    one("tags", json!(group.tags))
}
