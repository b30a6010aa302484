//! What of a role changes after its creation: its trust policy, its description, its tags.

use aws_facts::limits::tags::MOST_TAGS;
use serde_json::{Value, json};

use super::super::members::{nothing, object, optional, texts};
use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::{KNOWN_AFTER, page, tags_sent, trust, whole};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("UpdateAssumeRolePolicy", update_trust),
    Operation::change("UpdateRole", update),
    Operation::change("UpdateRoleDescription", update_description),
    Operation::change("TagRole", tag),
    Operation::change("UntagRole", untag),
    Operation::read("ListRoleTags", list_tags),
];

fn update_trust(region: &mut Region, call: &Call) -> Answer {
    let text = call.text("PolicyDocument");
    let role = region.iam.role_mut(call)?;
    trust::check(text)?;
    let before = std::mem::replace(&mut role.trust_policy, text.into());
    if role.known <= call.seconds() {
        role.trusted_before = Some(before);
    }
    role.known = call.done_at(KNOWN_AFTER);
    nothing()
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let role = region.iam.role_mut(call)?;
    if let Some(description) = optional(&call.input, "Description") {
        role.description = Some(description.into());
    }
    // The default of one hour applies where a call leaves it out.
    let seconds = call.input.get("MaxSessionDuration").and_then(Value::as_i64);
    role.session_seconds = seconds.unwrap_or(aws_facts::limits::iam::SESSION_SECONDS);
    nothing()
}

fn update_description(region: &mut Region, call: &Call) -> Answer {
    let role = region.iam.role_mut(call)?;
    role.description = Some(call.text("Description").into());
    let answer = whole(call, call.text("RoleName"), role);
    Ok(object("Role", answer))
}

fn tag(region: &mut Region, call: &Call) -> Answer {
    let sent = tags_sent(call)?;
    let role = region.iam.role_mut(call)?;
    for (key, value) in sent {
        // Keys are the same in capitals, and AWS keeps the new spelling.
        role.tags
            .retain(|known, _| !known.eq_ignore_ascii_case(&key));
        role.tags.insert(key, value);
    }
    if role.tags.len() > MOST_TAGS {
        let message = "The number of tags has reached the maximum limit.";
        return Err(Refusal::new(409, "LimitExceeded", message));
    }
    nothing()
}

fn untag(region: &mut Region, call: &Call) -> Answer {
    let role = region.iam.role_mut(call)?;
    for key in texts(&call.input, "TagKeys") {
        role.tags
            .retain(|known, _| !known.eq_ignore_ascii_case(key));
    }
    nothing()
}

fn list_tags(region: &Region, call: &Call) -> Answer {
    let role = region.iam.role(call)?;
    let tags = role.tags.iter();
    page(
        call,
        "Tags",
        tags.map(|(key, value)| (key.as_str(), json!({"Key": key, "Value": value}))),
    )
}
