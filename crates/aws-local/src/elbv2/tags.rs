//! Tags of load balancers, target groups and listeners.

use aws_facts::limits::elbv2::MOST_RESOURCES_PER_TAG_CALL;
use aws_facts::limits::tags::MOST_TAGS;
use serde_json::json;

use super::super::members::{object, texts};
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::super::tags::{self, is_reserved, listed};
use super::arn::Kind;
use super::refusals::{not_found, refuse, validation};
use super::state::{State, Tags};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("AddTags", add),
    Operation::change("RemoveTags", remove),
    Operation::read("DescribeTags", describe),
];

/// The tags in the input, checked.
pub(super) fn sent(call: &Call) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    for (key, value) in tags::sent(call) {
        if is_reserved(key) {
            return Err(validation(format!(
                "Tag keys cannot begin with 'aws:', which is reserved: '{key}'"
            )));
        }
        if tags
            .insert(key.into(), value.unwrap_or_default().into())
            .is_some()
        {
            return Err(refuse(
                "DuplicateTagKeys",
                format!("Tag key '{key}' was specified more than once"),
            ));
        }
    }
    check_number(&tags)?;
    Ok(tags)
}

fn check_number(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        return Err(refuse(
            "TooManyTags",
            format!("A resource can have at most {MOST_TAGS} tags"),
        ));
    }
    Ok(())
}

fn kind(arn: &str) -> Result<Kind, Refusal> {
    Kind::of(arn).ok_or_else(|| validation(format!("'{arn}' is not a valid resource ARN")))
}

fn of<'s>(state: &'s State, arn: &str) -> Result<&'s Tags, Refusal> {
    let kind = kind(arn)?;
    let tags = match kind {
        Kind::LoadBalancer => state.load_balancers.get(arn).map(|row| &row.tags),
        Kind::TargetGroup => state.target_groups.get(arn).map(|row| &row.tags),
        Kind::Listener => state.listeners.get(arn).map(|row| &row.tags),
    };
    tags.ok_or_else(|| not_found(kind, arn))
}

fn of_mut<'s>(state: &'s mut State, arn: &str) -> Result<&'s mut Tags, Refusal> {
    let kind = kind(arn)?;
    let tags = match kind {
        Kind::LoadBalancer => state.load_balancers.get_mut(arn).map(|row| &mut row.tags),
        Kind::TargetGroup => state.target_groups.get_mut(arn).map(|row| &mut row.tags),
        Kind::Listener => state.listeners.get_mut(arn).map(|row| &mut row.tags),
    };
    tags.ok_or_else(|| not_found(kind, arn))
}

/// The ARNs in the input.
fn things(call: &Call) -> Result<Vec<&str>, Refusal> {
    let arns = texts(&call.input, "ResourceArns");
    if arns.len() > MOST_RESOURCES_PER_TAG_CALL {
        return Err(validation(format!(
            "1 validation error detected: Value '[{}]' at 'resourceArns' failed to satisfy constraint: \
             Member must have length less than or equal to {MOST_RESOURCES_PER_TAG_CALL}",
            arns.join(", ")
        )));
    }
    Ok(arns)
}

fn add(region: &mut Region, call: &Call) -> Answer {
    let sent = sent(call)?;
    for arn in things(call)? {
        let tags = of_mut(&mut region.elbv2, arn)?;
        tags.extend(sent.clone());
        check_number(tags)?;
    }
    Ok(Object::new())
}

fn remove(region: &mut Region, call: &Call) -> Answer {
    for arn in things(call)? {
        let tags = of_mut(&mut region.elbv2, arn)?;
        for key in texts(&call.input, "TagKeys") {
            tags.remove(key);
        }
    }
    Ok(Object::new())
}

fn describe(region: &Region, call: &Call) -> Answer {
    let mut descriptions = Vec::new();
    for arn in things(call)? {
        let tags = listed(of(&region.elbv2, arn)?);
        descriptions.push(json!({"ResourceArn": arn, "Tags": tags}));
    }
    Ok(object("TagDescriptions", descriptions))
}

/// Everything in a Region that has tags: ARNs and tags.
pub(in super::super) fn tagged(state: &State) -> Vec<(String, Tags)> {
    let load_balancers = state.load_balancers.iter();
    let target_groups = state.target_groups.iter();
    let listeners = state.listeners.iter();
    load_balancers
        .map(|(arn, row)| (arn, &row.tags))
        .chain(target_groups.map(|(arn, row)| (arn, &row.tags)))
        .chain(listeners.map(|(arn, row)| (arn, &row.tags)))
        .filter(|(_, tags)| !tags.is_empty())
        .map(|(arn, tags)| (arn.to_owned(), tags.clone()))
        .collect()
}
