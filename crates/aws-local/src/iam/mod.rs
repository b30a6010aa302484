//! AWS Identity and Access Management: roles, and the one managed policy that another service needs. IAM is global.
//!
//! Written from its API reference, and from answers of AWS that other projects recorded (LocalStack's validated snapshots of
//! `TestRoleLifecycle` and `TestRoleManagedPolicies`). Policies decide nothing else: signatures are not checked.

mod policies;
mod trust;

use std::time::Duration;

use aws_facts::arns;
use aws_facts::limits::iam::{ROWS_PER_PAGE, SESSION_SECONDS};
use aws_facts::limits::tags::MOST_TAGS;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::members::{nothing, object, optional};
use super::operation::{Answer, Call, Object, Operation, Refusal};
use super::state::Region;
use super::table::Table;
use super::tags::{Tags, is_reserved, listed, sent};
use super::{identifiers, paging};

/// The operations the local service has.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    &[
        Operation::begin("CreateRole", create).refusing(&["PermissionsBoundary"]),
        Operation::change("DeleteRole", delete),
        Operation::read("GetRole", get),
        Operation::read("ListRoles", list),
    ],
    policies::OPERATIONS,
];

/// The account's state, in the Region of global services.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// By name.
    roles: Table<Role>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Role {
    id: String,
    /// `/`, or it begins and ends with one.
    path: String,
    trust_policy: String,
    description: Option<String>,
    session_seconds: i64,
    tags: Tags,
    /// In epoch seconds.
    created: f64,
    /// ARNs of managed policies.
    policies: Vec<String>,
    /// When its last change is visible to other services, in epoch seconds.
    known: f64,
}

/// How long until a change is visible to other services. AWS publishes no time; clients of API Gateway wait about ten seconds for
/// a new role.
const KNOWN_AFTER: Duration = Duration::from_secs(10);

/// The encoding of a policy in responses: RFC 3986.
const IN_ANSWERS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn no_role(name: &str) -> Refusal {
    let message = format!("The role with name {name} cannot be found.");
    Refusal::new(404, "NoSuchEntity", message)
}

impl State {
    /// Whether a service may assume a role, by its name in trust policies and by the managed policy that the role needs.
    pub(super) fn may_take(&self, arn: &str, account: &str, take: Take<'_>) -> bool {
        let mut roles = self.roles.iter();
        roles.any(|(name, role)| {
            arns::role(account, &role.path, name) == arn
                && role.known <= take.now
                && trust::trusts(&role.trust_policy, take.service)
                && role.policies.iter().any(|policy| policy == take.policy)
        })
    }

    fn role(&self, call: &Call) -> Result<&Role, Refusal> {
        let name = call.text("RoleName");
        self.roles.get(name).ok_or_else(|| no_role(name))
    }

    fn role_mut(&mut self, call: &Call) -> Result<&mut Role, Refusal> {
        let name = call.text("RoleName");
        self.roles.get_mut(name).ok_or_else(|| no_role(name))
    }
}

/// The service that assumes a role, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Take<'a> {
    /// The service, such as `apigateway.amazonaws.com`.
    pub(super) service: &'a str,
    /// The ARN of a managed policy.
    pub(super) policy: &'a str,
    /// In epoch seconds.
    pub(super) now: f64,
}

/// A role as in every response.
fn shown(call: &Call, name: &str, role: &Role) -> Object {
    let policy = utf8_percent_encode(&role.trust_policy, IN_ANSWERS);
    let all = [
        ("Path", json!(role.path)),
        ("RoleName", json!(name)),
        ("RoleId", json!(role.id)),
        ("Arn", json!(arns::role(&call.account, &role.path, name))),
        ("CreateDate", json!(role.created.trunc())),
        ("AssumeRolePolicyDocument", json!(policy.to_string())),
    ];
    Object::from_iter(all.map(|(name, value)| (name.to_owned(), value)))
}

/// The same with members that a create does not return.
fn whole(call: &Call, name: &str, role: &Role) -> Object {
    let mut all = shown(call, name, role);
    let description = role.description.as_ref();
    all.extend(description.map(|text| ("Description".to_owned(), json!(text))));
    all.insert("MaxSessionDuration".into(), json!(role.session_seconds));
    all
}

/// With its tags, where it has any.
fn tagged(mut shown: Object, role: &Role) -> Object {
    if !role.tags.is_empty() {
        shown.insert("Tags".into(), listed(&role.tags).into());
    }
    shown
}

fn tags_sent(call: &Call) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    for (key, value) in sent(call) {
        if is_reserved(key) {
            let message = format!("Tag keys that begin with aws: are reserved: {key}");
            return Err(Refusal::new(400, "InvalidInput", message));
        }
        if tags.keys().any(|known| known.eq_ignore_ascii_case(key)) {
            let message =
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(Refusal::new(400, "InvalidInput", message));
        }
        tags.insert(key.into(), value.unwrap_or_default().into());
    }
    debug_assert!(tags.len() <= MOST_TAGS, "the model's own limit");
    Ok(tags)
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let name = call.text("RoleName");
    let policy = call.text("AssumeRolePolicyDocument");
    trust::check(policy)?;
    let is_name = |(other, _): (&str, &Role)| other.eq_ignore_ascii_case(name);
    if region.iam.roles.iter().any(is_name) {
        let message = format!("Role with name {name} already exists.");
        return Err(Refusal::new(409, "EntityAlreadyExists", message));
    }
    let seconds = call.input.get("MaxSessionDuration").and_then(Value::as_i64);
    let role = Role {
        id: identifiers::iam_role(),
        path: optional(&call.input, "Path").unwrap_or("/").into(),
        trust_policy: policy.into(),
        description: optional(&call.input, "Description").map(str::to_owned),
        session_seconds: seconds.unwrap_or(SESSION_SECONDS),
        tags: tags_sent(call)?,
        created: call.seconds(),
        policies: Vec::new(),
        known: call.done_at(KNOWN_AFTER),
    };
    let answer = tagged(shown(call, name, &role), &role);
    region.iam.roles.insert(name, role);
    Ok(object("Role", answer))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    if !region.iam.role(call)?.policies.is_empty() {
        let message = "Cannot delete entity, must detach all policies first.";
        return Err(Refusal::new(409, "DeleteConflict", message));
    }
    region.iam.roles.remove(call.text("RoleName"));
    nothing()
}

fn get(region: &Region, call: &Call) -> Answer {
    let role = region.iam.role(call)?;
    let mut answer = tagged(whole(call, call.text("RoleName"), role), role);
    answer.insert("RoleLastUsed".into(), json!({}));
    Ok(object("Role", answer))
}

fn list(region: &Region, call: &Call) -> Answer {
    let prefix = optional(&call.input, "PathPrefix").unwrap_or("/");
    let roles = region.iam.roles.iter();
    let rows = roles
        .filter(|(_, role)| role.path.starts_with(prefix))
        .map(|(name, role)| (name, Value::from(whole(call, name, role))));
    page(call, "Roles", rows)
}

/// A page of a list.
fn page<'k>(call: &Call, member: &str, rows: impl Iterator<Item = (&'k str, Value)>) -> Answer {
    let size = call.input.get("MaxItems").and_then(Value::as_u64);
    let size = size.map_or(ROWS_PER_PAGE, |size| {
        usize::try_from(size).unwrap_or(usize::MAX)
    });
    let list = format!("{} {}", call.operation, call.text("RoleName"));
    let marker = optional(&call.input, "Marker");
    let (rows, next) = paging::page(&list, rows, size, marker)
        .map_err(|paging::InvalidToken| Refusal::new(400, "ValidationError", "Invalid Marker."))?;
    let mut answer = object(member, rows);
    answer.insert("IsTruncated".into(), next.is_some().into());
    answer.extend(next.map(|next| ("Marker".to_owned(), json!(next))));
    Ok(answer)
}
