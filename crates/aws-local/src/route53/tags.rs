//! Tags of hosted zones. Health checks, which can have them too, are not here.

use aws_facts::arns;
use aws_facts::limits::tags::MOST_TAGS;
use serde_json::{Value, json};

use super::super::members::texts;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::super::tags::{Tags, is_reserved, listed};
use super::{State, invalid, object, zone, zone_mut};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("ChangeTagsForResource", change),
    Operation::read("ListTagsForResource", list),
    Operation::read("ListTagsForResources", list_many),
];

/// Every hosted zone with its tags: its ARN and they.
pub(crate) fn tagged(state: &State) -> impl Iterator<Item = (String, Tags)> {
    state.zones.iter().map(|(id, zone)| {
        (
            arns::arn("route53", "", "", format_args!("hostedzone/{id}")),
            zone.tags.clone(),
        )
    })
}

fn check_kind(call: &Call, id: &str) -> Result<(), Refusal> {
    if call.text("ResourceType") == "hostedzone" {
        return Ok(());
    }
    let message = format!("No health check exists with the specified ID {id}");
    Err(Refusal::new(404, "NoSuchHealthCheck", message))
}

fn change(region: &mut Region, call: &Call) -> Answer {
    let id = call.text("ResourceId");
    check_kind(call, id)?;
    let zone = zone_mut(region, id)?;
    let items = |member: &str| call.input.get(member).and_then(Value::as_array);
    let (added, removed) = (items("AddTags"), items("RemoveTagKeys"));
    if added.is_none() && removed.is_none() {
        return Err(invalid(
            "At least one of AddTags and RemoveTagKeys must be specified.",
        ));
    }
    for key in removed.into_iter().flatten().filter_map(Value::as_str) {
        zone.tags.remove(key);
    }
    for tag in added.into_iter().flatten() {
        let key = tag["Key"].as_str().unwrap_or_default();
        if key.is_empty() || is_reserved(key) {
            return Err(invalid(format!("The tag key {key:?} is not valid.")));
        }
        let value = tag["Value"].as_str().unwrap_or_default();
        zone.tags.insert(key.into(), value.into());
    }
    if zone.tags.len() > MOST_TAGS {
        return Err(invalid(format!(
            "A hosted zone has at most {MOST_TAGS} tags."
        )));
    }
    Ok(Object::new())
}

fn tag_set(region: &Region, call: &Call, id: &str) -> Result<Value, Refusal> {
    check_kind(call, id)?;
    let tags = listed(&zone(region, id)?.tags);
    Ok(json!({"ResourceType": "hostedzone", "ResourceId": id, "Tags": tags}))
}

fn list(region: &Region, call: &Call) -> Answer {
    let set = tag_set(region, call, call.text("ResourceId"))?;
    Ok(object(json!({"ResourceTagSet": set})))
}

fn list_many(region: &Region, call: &Call) -> Answer {
    let sets: Vec<_> = texts(&call.input, "ResourceIds")
        .into_iter()
        .map(|id| tag_set(region, call, id))
        .collect::<Result<_, _>>()?;
    Ok(object(json!({"ResourceTagSets": sets})))
}
