//! Tags of hosted zones. Health checks, which can have them too, are not here.

use std::collections::BTreeMap;

use aws_facts::arns;
use aws_facts::limits::tags::MOST_TAGS;
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::{State, invalid, object, zone, zone_mut};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("ChangeTagsForResource", change),
    Operation::read("ListTagsForResource", list),
    Operation::read("ListTagsForResources", list_many),
];

/// Every hosted zone with its tags: its ARN and they.
pub(crate) fn tagged(state: &State) -> impl Iterator<Item = (String, BTreeMap<String, String>)> {
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
        if key.is_empty() || key.to_ascii_lowercase().starts_with("aws:") {
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
    let tags: Vec<_> = zone(region, id)?
        .tags
        .iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    Ok(json!({"ResourceType": "hostedzone", "ResourceId": id, "Tags": tags}))
}

fn list(region: &Region, call: &Call) -> Answer {
    let set = tag_set(region, call, call.text("ResourceId"))?;
    Ok(object(json!({"ResourceTagSet": set})))
}

fn list_many(region: &Region, call: &Call) -> Answer {
    let ids = call.input.get("ResourceIds").and_then(Value::as_array);
    let sets: Vec<_> = ids
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|id| tag_set(region, call, id))
        .collect::<Result<_, _>>()?;
    Ok(object(json!({"ResourceTagSets": sets})))
}
