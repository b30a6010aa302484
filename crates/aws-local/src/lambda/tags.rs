//! Tags of functions: a map in calls and answers.

use aws_facts::arns::Arn;
use aws_facts::limits::tags::MOST_TAGS;
use serde_json::{Value, json};

use super::super::members::{nothing, one, texts};
use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::super::tags::{Tags, is_reserved};
use super::names;
use super::state::{Function, State};
use super::{invalid, no_function, not_found};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("TagResource", tag),
    Operation::change("UntagResource", untag),
    Operation::read("ListTags", list),
];

/// Every function of the Region: its ARN and tags.
pub(crate) fn tagged(state: &State, call: &Call) -> Vec<(String, Tags)> {
    let functions = state.functions.iter();
    functions
        .map(|(name, function)| (names::arn(call, name, None), function.tags.clone()))
        .collect()
}

/// These tags with those in the input, if AWS accepts them.
pub(super) fn with_sent(call: &Call, mut tags: Tags) -> Result<Tags, Refusal> {
    let sent = call.input.get("Tags").and_then(Value::as_object);
    for (key, value) in sent.into_iter().flatten() {
        if is_reserved(key) {
            return Err(invalid(format!(
                "Tag keys that begin with aws: are reserved: {key}"
            )));
        }
        tags.insert(key.clone(), value.as_str().unwrap_or_default().into());
    }
    if tags.len() > MOST_TAGS {
        return Err(invalid("Number of tags exceeds resource tag limit."));
    }
    Ok(tags)
}

/// The name of the function in the ARN that a call is about.
fn name(call: &Call) -> Result<&str, Refusal> {
    let arn = call.text("Resource");
    let parts = Arn::parse(arn).ok_or_else(|| no_function(arn))?;
    let (kind, rest) = parts.resource.split_once(':').unwrap_or_default();
    match kind {
        "function" if rest.contains(':') => Err(invalid(
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        )),
        "function" if parts.region == call.region && parts.account == call.account => Ok(rest),
        "event-source-mapping" => Err(not_found(format!("Event source mapping not found: {arn}"))),
        "capacity-provider" => Err(not_found(format!("Capacity provider not found: {arn}"))),
        _ => Err(no_function(arn)),
    }
}

fn function<'r>(region: &'r mut Region, call: &Call) -> Result<&'r mut Function, Refusal> {
    let name = name(call)?;
    let found = region.lambda.functions.get_mut(name);
    found.ok_or_else(|| no_function(call.text("Resource")))
}

fn tag(region: &mut Region, call: &Call) -> Answer {
    let function = function(region, call)?;
    if call
        .input
        .get("Tags")
        .and_then(Value::as_object)
        .is_none_or(|tags| tags.is_empty())
    {
        return Err(invalid(
            "An error occurred and the request cannot be processed.",
        ));
    }
    function.tags = with_sent(call, std::mem::take(&mut function.tags))?;
    nothing()
}

fn untag(region: &mut Region, call: &Call) -> Answer {
    let function = function(region, call)?;
    for key in texts(&call.input, "TagKeys") {
        function.tags.remove(key);
    }
    nothing()
}

fn list(region: &Region, call: &Call) -> Answer {
    let found = region.lambda.functions.get(name(call)?);
    let function = found.ok_or_else(|| no_function(call.text("Resource")))?;
    one("Tags", json!(function.tags))
}
