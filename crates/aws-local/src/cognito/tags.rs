//! A user pool's tags. Nothing else in a pool can be tagged.

use aws_facts::limits::tags::MOST_TAGS;
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::super::tags::{Tags, is_reserved};
use super::{Pool, State, invalid, nothing, one, pool_arn};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("TagResource", tag),
    Operation::change("UntagResource", untag),
    Operation::read("ListTagsForResource", list),
];

/// Every pool of the Region: its ARN and tags.
pub(crate) fn tagged(state: &State, call: &Call) -> Vec<(String, Tags)> {
    state
        .pools
        .iter()
        .map(|(id, pool)| (pool_arn(call, id), pool.tags.clone()))
        .collect()
}

/// The tags in a call's member, if AWS accepts them.
pub(super) fn checked(call: &Call, member: &str) -> Result<Tags, Refusal> {
    let tags: Tags = call
        .input
        .get(member)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    if let Some(key) = tags.keys().find(|key| is_reserved(key)) {
        let message = format!("Tag keys that begin with aws: are reserved: {key}");
        return Err(untaggable(call, message));
    }
    few_enough(call, &tags)?;
    Ok(tags)
}

fn few_enough(call: &Call, tags: &Tags) -> Result<(), Refusal> {
    if tags.len() <= MOST_TAGS {
        return Ok(());
    }
    let message = format!("A user pool has at most {MOST_TAGS} tags.");
    Err(untaggable(call, message))
}

/// The operations that also set tags have a separate exception for it; `TagResource` doesn't.
fn untaggable(call: &Call, message: String) -> Refusal {
    match call.operation {
        "TagResource" => invalid(message),
        _ => Refusal::new(400, "UserPoolTaggingException", message),
    }
}

/// The id in the ARN of a pool of this account and Region.
fn id(call: &Call) -> Result<&str, Refusal> {
    let arn = call.text("ResourceArn");
    let id = arn.split_once(":userpool/").map(|(_, id)| id);
    id.filter(|id| pool_arn(call, id) == arn)
        .ok_or_else(|| invalid(format!("Invalid ARN: {arn}")))
}

fn no_resource(call: &Call) -> Refusal {
    super::not_found(format!(
        "Resource {} does not exist.",
        call.text("ResourceArn")
    ))
}

fn resource<'r>(region: &'r mut Region, call: &Call) -> Result<&'r mut Pool, Refusal> {
    region
        .cognito
        .pools
        .get_mut(id(call)?)
        .ok_or_else(|| no_resource(call))
}

fn tag(region: &mut Region, call: &Call) -> Answer {
    let added = checked(call, "Tags")?;
    let pool = resource(region, call)?;
    pool.tags.extend(added);
    few_enough(call, &pool.tags)?;
    nothing()
}

fn untag(region: &mut Region, call: &Call) -> Answer {
    let keys = super::texts(&call.input, "TagKeys");
    resource(region, call)?
        .tags
        .retain(|key, _| !keys.contains(&key.as_str()));
    nothing()
}

fn list(region: &Region, call: &Call) -> Answer {
    let pool = region
        .cognito
        .pools
        .get(id(call)?)
        .ok_or_else(|| no_resource(call))?;
    one("Tags", json!(pool.tags))
}
