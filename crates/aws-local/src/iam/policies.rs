//! Managed policies on roles.

use aws_facts::arns::Arn;
use aws_facts::limits::iam::MOST_POLICIES_PER_ROLE;
use serde_json::{Value, json};

use super::super::members::{nothing, optional};
use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::managed::managed;
use super::page;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("AttachRolePolicy", attach),
    Operation::begin("DetachRolePolicy", detach),
    Operation::read("ListAttachedRolePolicies", list),
];

/// The path and the name of a policy.
fn path_and_name(arn: &str) -> Option<(&str, &str)> {
    let policy = Arn::parse(arn).filter(|arn| arn.service == "iam")?;
    let path = policy.resource.strip_prefix("policy")?;
    let end = path.rfind('/')? + 1;
    Some(path.split_at(end))
}

/// Whether a policy is one of AWS's own.
pub(super) fn of_aws(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| arn.account == "aws")
}

/// The policy that a call names, in an ARN.
pub(super) fn sent(call: &Call) -> Result<&str, Refusal> {
    let arn = call.text("PolicyArn");
    match path_and_name(arn) {
        Some(_) => Ok(arn),
        None => {
            let message = "Invalid ARN:  Could not be parsed!";
            Err(Refusal::new(400, "ValidationError", message))
        }
    }
}

fn attach(region: &mut Region, call: &Call) -> Answer {
    let arn = sent(call)?;
    let role = region.iam.role_mut(call)?;
    if managed(arn).is_none() {
        return Err(if of_aws(arn) {
            Refusal::not_implemented(format_args!("the managed policy {arn}"))
        } else {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            Refusal::new(404, "NoSuchEntity", message)
        });
    }
    if role.held.policies.iter().all(|policy| policy != arn) {
        if role.held.policies.len() >= MOST_POLICIES_PER_ROLE {
            let message =
                format!("Cannot exceed quota for PoliciesPerRole: {MOST_POLICIES_PER_ROLE}");
            return Err(Refusal::new(409, "LimitExceeded", message));
        }
        role.change_policies(call).policies.push(arn.to_owned());
    }
    nothing()
}

fn detach(region: &mut Region, call: &Call) -> Answer {
    let arn = sent(call)?;
    let role = region.iam.role_mut(call)?;
    let Some(place) = role.held.policies.iter().position(|policy| policy == arn) else {
        let message = format!("Policy {arn} was not found.");
        return Err(Refusal::new(404, "NoSuchEntity", message));
    };
    role.change_policies(call).policies.remove(place);
    nothing()
}

fn list(region: &Region, call: &Call) -> Answer {
    let prefix = optional(&call.input, "PathPrefix").unwrap_or("/");
    let mut policies: Vec<&str> = region
        .iam
        .role(call)?
        .held
        .policies
        .iter()
        .map(String::as_str)
        .collect();
    policies.sort_unstable();
    let rows = policies.into_iter().filter_map(|arn| {
        let (path, name) = path_and_name(arn)?;
        let row: Value = json!({"PolicyName": name, "PolicyArn": arn});
        path.starts_with(prefix).then_some((arn, row))
    });
    page(call, "AttachedPolicies", rows)
}
