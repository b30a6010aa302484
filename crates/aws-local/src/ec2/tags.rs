//! Tags, of everything that EC2 has: one table by id.

use std::collections::BTreeMap;

use aws_facts::limits::tags::{LONGEST_TAG_KEY, LONGEST_TAG_VALUE, MOST_TAGS};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::super::tags::is_reserved;
use super::describe::{filter, page};
use super::instances::InstanceState;
use super::{Kind, State, TAGGABLE, invalid, nothing, objects, optional, refused, texts};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateTags", create),
    Operation::change("DeleteTags", delete),
    Operation::read("DescribeTags", describe),
];

type Tags = BTreeMap<String, String>;

/// The tags that a creating call gives to what it creates.
///
/// # Errors
/// If they are tags of something else, or invalid.
pub(super) fn specified(call: &Call, kind: &Kind) -> Result<Tags, Refusal> {
    specified_of(call, kind, &[kind])
}

/// The same, for a call that creates things of several kinds.
pub(super) fn specified_of(call: &Call, kind: &Kind, kinds: &[&Kind]) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    for specification in objects(&call.input, "TagSpecifications").filter_map(Value::as_object) {
        let Some(of) = optional(specification, "ResourceType") else {
            return Err(invalid("Tag specification resource type must have a value"));
        };
        if !kinds.iter().any(|kind| kind.resource == of) {
            return Err(invalid(format!(
                "'{of}' is not a valid taggable resource type for this operation."
            )));
        }
        let given = checked(specification)?;
        if given.is_empty() {
            return Err(invalid("Tag specification must have at least one tag"));
        }
        if of == kind.resource {
            tags.extend(given);
        }
    }
    few_enough(&tags)?;
    Ok(tags)
}

/// The tags under `Tags`, if AWS accepts them.
fn checked(members: &Object) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    for tag in objects(members, "Tags").filter_map(Value::as_object) {
        let Some(key) = optional(tag, "Key").filter(|key| !key.is_empty()) else {
            return Err(invalid("Tag key cannot be null or empty"));
        };
        let value = optional(tag, "Value").unwrap_or_default();
        if key.chars().count() > LONGEST_TAG_KEY {
            return Err(invalid(format!(
                "Tag key exceeds the maximum length of {LONGEST_TAG_KEY} characters: '{key}'"
            )));
        }
        if value.chars().count() > LONGEST_TAG_VALUE {
            return Err(invalid(format!(
                "Tag value exceeds the maximum length of {LONGEST_TAG_VALUE} characters: '{value}'"
            )));
        }
        if is_reserved(key) {
            return Err(invalid(
                "Tag keys starting with 'aws:' are reserved for internal use",
            ));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(invalid(format!("Duplicate tag key '{key}' specified.")));
        }
    }
    Ok(tags)
}

fn few_enough(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() <= MOST_TAGS {
        return Ok(());
    }
    Err(refused(
        "TagLimitExceeded",
        "The maximum number of Tags for a resource has been reached.",
    ))
}

impl State {
    /// The kind of what has this id at `now`.
    fn kind(&self, id: &str, now: f64) -> Result<&'static Kind, Refusal> {
        let Some(kind) = TAGGABLE.iter().find(|kind| kind.is_id(id)) else {
            return Err(refused("InvalidID", format!("The ID '{id}' is not valid")));
        };
        let is_there = match kind.resource {
            "vpc" => self.vpcs.contains(id),
            "subnet" => self.subnets.contains(id),
            "internet-gateway" => self.gateways.contains(id),
            "route-table" => self.route_tables.contains(id),
            "network-acl" => self.vpcs.values().any(|vpc| vpc.network_acl == id),
            "security-group" => self.groups.contains(id),
            "security-group-rule" => self.rule(id).is_some(),
            "network-interface" => self.interface(id, now).is_some(),
            // A volume is deleted with its instance.
            "volume" => self.instances.values().any(|instance| {
                instance.volume == id && instance.state(now) != InstanceState::Terminated
            }),
            _ => self.instance(id, now).is_some(),
        };
        if is_there {
            Ok(kind)
        } else {
            Err(kind.absent(id))
        }
    }
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let tags = checked(&call.input)?;
    if tags.is_empty() {
        return Err(super::missing("tagSet"));
    }
    for id in texts(&call.input, "Resources") {
        region.ec2.kind(id, call.seconds())?;
        let mut all = region.ec2.tags.get(id).cloned().unwrap_or_default();
        all.extend(tags.clone());
        few_enough(&all)?;
        region.ec2.tags.insert(id, all);
    }
    nothing()
}

/// Removes tags: by key and, if given, value; all if no key is given.
fn delete(region: &mut Region, call: &Call) -> Answer {
    for id in texts(&call.input, "Resources") {
        region.ec2.kind(id, call.seconds())?;
        let mut all = region.ec2.tags.get(id).cloned().unwrap_or_default();
        if call.input.contains_key("Tags") {
            for tag in objects(&call.input, "Tags").filter_map(Value::as_object) {
                let key = optional(tag, "Key").unwrap_or_default();
                let value = optional(tag, "Value");
                if value.is_none_or(|value| all.get(key).is_some_and(|has| has == value)) {
                    all.remove(key);
                }
            }
        } else {
            all.clear();
        }
        region.ec2.tags.remove(id);
        region.ec2.take_tags(id, all);
    }
    nothing()
}

fn describe(region: &Region, call: &Call) -> Answer {
    let now = call.seconds();
    let mut rows = Vec::new();
    for (id, tags) in region.ec2.tags.iter() {
        let Ok(kind) = region.ec2.kind(id, now) else {
            continue;
        };
        rows.extend(tags.iter().map(|(key, value)| {
            Object::from_iter([
                ("ResourceId".to_owned(), json!(id)),
                ("ResourceType".to_owned(), json!(kind.resource)),
                ("Key".to_owned(), json!(key)),
                ("Value".to_owned(), json!(value)),
            ])
        }));
    }
    // Here the filters `tag:…`, `tag-key` and `tag-value` that other lists have are about the row itself.
    let mut call = call.clone();
    let mut filters = Vec::new();
    for filter in objects(&call.input, "Filters").filter_map(Value::as_object) {
        match optional(filter, "Name").and_then(|name| name.strip_prefix("tag:")) {
            Some(key) => {
                filters.push(json!({"Name": "key", "Values": [key]}));
                filters.push(json!({"Name": "value", "Values": filter.get("Values")}));
            }
            None => filters.push(Value::Object(filter.clone())),
        }
    }
    call.input.insert("Filters".into(), json!(filters));
    let rows = filter(
        &call,
        &[
            ("key", "Key"),
            ("value", "Value"),
            ("resource-id", "ResourceId"),
            ("resource-type", "ResourceType"),
        ],
        rows,
    )?;
    let rows = rows
        .into_iter()
        .map(|row| {
            let text = |name| optional(&row, name).unwrap_or_default();
            (format!("{}\t{}", text("ResourceId"), text("Key")), row)
        })
        .collect();
    page(&call, "Tags", rows, 1000)
}

/// Every tagged thing of the Region that the tagging API lists: its ARN and tags.
pub(crate) fn tagged(state: &State, call: &Call) -> Vec<(String, Tags)> {
    let now = call.seconds();
    state
        .tags
        .iter()
        .filter_map(|(id, tags)| {
            let kind = state.kind(id, now).ok()?;
            Some((arn(call, kind, id), tags.clone()))
        })
        .collect()
}

fn arn(call: &Call, kind: &Kind, id: &str) -> String {
    call.arn("ec2", format_args!("{}/{id}", kind.resource))
}

/// Tags or untags the resource with this ARN for the tagging API.
pub(crate) fn tag_by_arn(region: &mut Region, call: &Call, arn: &str) -> Answer {
    let id = arn.rsplit('/').next().unwrap_or_default();
    let tags: Vec<Value> = match call.input.get("Tags").and_then(Value::as_object) {
        Some(tags) => tags
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect(),
        None => texts(&call.input, "TagKeys")
            .iter()
            .map(|key| json!({"Key": key}))
            .collect(),
    };
    let puts_on = call.input.contains_key("Tags");
    let input = Object::from_iter([
        ("Resources".to_owned(), json!([id])),
        ("Tags".to_owned(), json!(tags)),
    ]);
    let call = Call {
        input,
        ..call.clone()
    };
    if puts_on {
        create(region, &call)
    } else {
        delete(region, &call)
    }
}
