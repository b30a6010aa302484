//! AWS Identity and Access Management: roles with their trust, inline and attached policies, and AWS's managed policies that other
//! services need. IAM is global.
//!
//! Written from its API reference, and from answers of AWS that other projects recorded (LocalStack's validated snapshots of
//! `iam/test_iam`). Policies decide nothing about callers: signatures are not checked.

mod changes;
mod document;
mod inline;
mod managed;
mod policies;
mod trust;

use std::collections::BTreeMap;
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
use super::{identifiers, paging, policy};

/// The operations the local service has.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    &[
        Operation::begin("CreateRole", create).refusing(&["PermissionsBoundary"]),
        Operation::change("DeleteRole", delete),
        Operation::read("GetRole", get),
        Operation::read("ListRoles", list),
        Operation::read("ListInstanceProfilesForRole", instance_profiles),
    ],
    changes::OPERATIONS,
    inline::OPERATIONS,
    policies::OPERATIONS,
    managed::OPERATIONS,
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
    /// Its policies.
    #[serde(flatten)]
    held: Held,
    /// When its trust policy is known to other services, in epoch seconds.
    known: f64,
    /// The trust policy that other services know until then.
    trusted_before: Option<String>,
    /// When its policies are known to other services, in epoch seconds.
    policies_known: f64,
    /// The policies that other services know until then.
    held_before: Held,
}

/// The policies of a role.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Held {
    /// ARNs of managed policies.
    policies: Vec<String>,
    /// Documents in the role, by name.
    inline: BTreeMap<String, String>,
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

impl Role {
    /// Whether a service knows that the role trusts it.
    fn trusts(&self, take: Take<'_>) -> bool {
        let policy = match self.known <= take.now {
            true => Some(&self.trust_policy),
            false => self.trusted_before.as_ref(),
        };
        policy.is_some_and(|policy| trust::trusts(policy, take.service))
    }

    /// The policies that other services know.
    fn known_policies(&self, now: f64) -> &Held {
        match self.policies_known <= now {
            true => &self.held,
            false => &self.held_before,
        }
    }

    /// Whether it is known that the role has a managed policy.
    fn has(&self, policy: &str, now: f64) -> bool {
        let mut policies = self.known_policies(now).policies.iter();
        policies.any(|known| known == policy)
    }

    /// The policies, to change them. Other services know them later.
    fn change_policies(&mut self, call: &Call) -> &mut Held {
        if self.policies_known <= call.seconds() {
            self.held_before = self.held.clone();
        }
        self.policies_known = call.done_at(KNOWN_AFTER);
        &mut self.held
    }
}

impl State {
    /// Whether a service may assume a role, by its name in trust policies, and whether the role has the managed policy that it needs.
    pub(super) fn may_take(&self, arn: &str, account: &str, take: Take<'_>) -> bool {
        let mut roles = self.roles.iter();
        roles.any(|(name, role)| {
            arns::role(account, &role.path, name) == arn
                && role.trusts(take)
                && take.policy.is_none_or(|wanted| role.has(wanted, take.now))
        })
    }

    /// The policies that a role is known to have: the documents in it, and those of managed ones. None if there is no such role.
    pub(super) fn policies_of(&self, arn: &str, account: &str, now: f64) -> Option<Vec<Value>> {
        let mut roles = self.roles.iter();
        let (_, role) = roles.find(|(name, role)| arns::role(account, &role.path, name) == arn)?;
        let held = role.known_policies(now);
        let inline = held.inline.values();
        let inline = inline.filter_map(|document| serde_json::from_str(document).ok());
        let managed = held.policies.iter();
        let managed = managed.filter_map(|arn| managed::managed(arn));
        Some(
            inline
                .chain(managed.map(|one| one.document.clone()))
                .collect(),
        )
    }

    /// Whether a role's policies allow something, as far as other services know them.
    ///
    /// # Errors
    /// A statement with something that can't be evaluated: what.
    pub(super) fn allows(
        &self,
        arn: &str,
        account: &str,
        (action, resource): (&str, &str),
        now: f64,
    ) -> Result<bool, policy::Unknown> {
        let documents = self.policies_of(arn, account, now).unwrap_or_default();
        let request = policy::Request {
            principal: policy::Principal::Aws { arn, account },
            action,
            resource,
            context: policy::Context::default(),
        };
        let statements = documents.iter().flat_map(policy::statements);
        Ok(policy::decide(statements, &request)? == policy::Decision::Allowed)
    }

    /// The id of the role with this ARN.
    pub(super) fn role_id(&self, arn: &str, account: &str) -> Option<&str> {
        let mut roles = self.roles.iter();
        let (_, role) = roles.find(|(name, role)| arns::role(account, &role.path, name) == arn)?;
        Some(&role.id)
    }

    /// Whether there is a role with this ARN.
    pub(super) fn has_role(&self, arn: &str, account: &str) -> bool {
        self.role_id(arn, account).is_some()
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
    /// The ARN of a managed policy that the role needs.
    pub(super) policy: Option<&'a str>,
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
        known: call.done_at(KNOWN_AFTER),
        ..Role::default()
    };
    let answer = tagged(shown(call, name, &role), &role);
    region.iam.roles.insert(name, role);
    Ok(object("Role", answer))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let role = region.iam.role(call)?;
    let conflict = |message: &str| Err(Refusal::new(409, "DeleteConflict", message));
    if !role.held.policies.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !role.held.inline.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
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

/// There are no instance profiles.
fn instance_profiles(region: &Region, call: &Call) -> Answer {
    region.iam.role(call)?;
    page(call, "InstanceProfiles", std::iter::empty())
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
