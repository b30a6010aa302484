//! Policies in a role.

use aws_facts::limits::iam::LARGEST_INLINE_POLICIES;
use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};

use super::super::members::nothing;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::{IN_ANSWERS, document, page};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("PutRolePolicy", put),
    Operation::read("GetRolePolicy", get),
    Operation::begin("DeleteRolePolicy", delete),
    Operation::read("ListRolePolicies", list),
];

fn missing(name: &str) -> Refusal {
    let message = format!("The role policy with name {name} cannot be found.");
    Refusal::new(404, "NoSuchEntity", message)
}

/// How large a document is: white space doesn't count.
fn size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

fn put(region: &mut Region, call: &Call) -> Answer {
    let text = call.text("PolicyDocument");
    let role = region.iam.role_mut(call)?;
    document::check(text)?;
    let inline = &mut role.change_policies(call).inline;
    inline.insert(call.text("PolicyName").into(), text.into());
    if inline.values().map(|text| size(text)).sum::<usize>() > LARGEST_INLINE_POLICIES {
        let name = call.text("RoleName");
        let message = format!(
            "Maximum policy size of {LARGEST_INLINE_POLICIES} bytes exceeded for role {name}"
        );
        return Err(Refusal::new(409, "LimitExceeded", message));
    }
    nothing()
}

fn get(region: &Region, call: &Call) -> Answer {
    let role = region.iam.role(call)?;
    let name = call.text("PolicyName");
    let text = role.held.inline.get(name).ok_or_else(|| missing(name))?;
    let encoded = utf8_percent_encode(text, IN_ANSWERS).to_string();
    Ok(Object::from_iter([
        ("RoleName".to_owned(), json!(call.text("RoleName"))),
        ("PolicyName".to_owned(), json!(name)),
        ("PolicyDocument".to_owned(), json!(encoded)),
    ]))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let role = region.iam.role_mut(call)?;
    let name = call.text("PolicyName");
    if !role.held.inline.contains_key(name) {
        return Err(missing(name));
    }
    role.change_policies(call).inline.remove(name);
    nothing()
}

fn list(region: &Region, call: &Call) -> Answer {
    let role = region.iam.role(call)?;
    let names = role.held.inline.keys();
    page(
        call,
        "PolicyNames",
        names.map(|name| (name.as_str(), Value::from(name.as_str()))),
    )
}
