//! Groups of a user pool's users.

use aws_facts::limits::cognito::MOST_GROUPS;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::{limit, not_found, nothing, one, page, pick, pool, pool_mut};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateGroup", create),
    Operation::read("GetGroup", get),
    Operation::change("UpdateGroup", update),
    Operation::change("DeleteGroup", delete),
    Operation::read("ListGroups", list),
];

const SETTINGS: &[&str] = &["Description", "RoleArn", "Precedence"];

/// A group, under its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Group {
    created: f64,
    modified: f64,
    settings: Object,
}

fn shown(call: &Call, name: &str, group: &Group) -> Value {
    let mut members = group.settings.clone();
    members.insert("GroupName".into(), json!(name));
    members.insert("UserPoolId".into(), json!(call.text("UserPoolId")));
    members.insert("CreationDate".into(), json!(group.created));
    members.insert("LastModifiedDate".into(), json!(group.modified));
    Value::Object(members)
}

fn none() -> Refusal {
    not_found("Group not found.")
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let pool = pool_mut(region, call)?;
    let name = call.text("GroupName");
    if pool.groups.contains(name) {
        return Err(Refusal::new(
            400,
            "GroupExistsException",
            "A group with the name already exists.",
        ));
    }
    if pool.groups.len() >= MOST_GROUPS {
        return Err(limit(format!(
            "A user pool has at most {MOST_GROUPS} groups."
        )));
    }
    let group = Group {
        created: call.seconds(),
        modified: call.seconds(),
        settings: pick(&call.input, SETTINGS),
    };
    let answer = one("Group", shown(call, name, &group));
    pool.groups.insert(name, group);
    answer
}

fn get(region: &Region, call: &Call) -> Answer {
    let name = call.text("GroupName");
    one(
        "Group",
        shown(
            call,
            name,
            pool(region, call)?.groups.get(name).ok_or_else(none)?,
        ),
    )
}

/// Unlike pools and clients, a group keeps what an update does not send.
fn update(region: &mut Region, call: &Call) -> Answer {
    let name = call.text("GroupName");
    let group = pool_mut(region, call)?
        .groups
        .get_mut(name)
        .ok_or_else(none)?;
    group.settings.extend(pick(&call.input, SETTINGS));
    group.modified = call.seconds();
    one("Group", shown(call, name, group))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    if pool_mut(region, call)?
        .groups
        .remove(call.text("GroupName"))
    {
        nothing()
    } else {
        Err(none())
    }
}

fn list(region: &Region, call: &Call) -> Answer {
    let groups = &pool(region, call)?.groups;
    page(
        call,
        "Groups",
        groups
            .iter()
            .map(|(name, group)| (name, shown(call, name, group))),
        60,
    )
}
