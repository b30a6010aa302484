//! AWS's managed policies that functions and API Gateway need. There are no others, and no customer managed ones.
//!
//! `managed.json` has them as moto's list had them, which is taken from AWS: <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>.

use std::sync::LazyLock;

use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::members::one;
use super::super::operation::{Answer, Call, Operation, Refusal, seconds};
use super::super::state::Region;
use super::policies::{of_aws, sent};
use super::{IN_ANSWERS, page};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("GetPolicy", get),
    Operation::read("GetPolicyVersion", get_version),
    Operation::read("ListPolicyVersions", list_versions),
];

/// A managed policy of AWS.
#[derive(Debug, Deserialize)]
pub(super) struct Managed {
    name: String,
    path: String,
    /// The version in force.
    version: String,
    created: Timestamp,
    /// When the version in force was made.
    updated: Timestamp,
    pub(super) document: Value,
}

static MANAGED: LazyLock<Vec<Managed>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("managed.json")).expect("the built-in policies are a list")
});

impl Managed {
    fn arn(&self) -> String {
        let resource = format_args!("policy{}{}", self.path, self.name);
        aws_facts::arns::arn("iam", "", "aws", resource)
    }
}

/// The policy with this ARN.
pub(super) fn managed(arn: &str) -> Option<&'static Managed> {
    MANAGED.iter().find(|policy| policy.arn() == arn)
}

/// The policy that a call is about.
fn named(call: &Call) -> Result<&'static Managed, Refusal> {
    let arn = sent(call)?;
    managed(arn).ok_or_else(|| {
        if of_aws(arn) {
            return Refusal::not_implemented(format_args!("the managed policy {arn}"));
        }
        let message = format!("Policy {arn} was not found.");
        Refusal::new(404, "NoSuchEntity", message)
    })
}

fn get(region: &Region, call: &Call) -> Answer {
    let policy = named(call)?;
    let arn = policy.arn();
    let roles = region.iam.roles.values();
    let attached = roles
        .filter(|role| role.held.policies.contains(&arn))
        .count();
    one(
        "Policy",
        json!({
            "PolicyName": policy.name,
            "PolicyId": identifiers::managed_policy(&arn),
            "Arn": arn,
            "Path": policy.path,
            "DefaultVersionId": policy.version,
            "AttachmentCount": attached,
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": true,
            "CreateDate": seconds(policy.created),
            "UpdateDate": seconds(policy.updated),
        }),
    )
}

fn version(policy: &Managed) -> Value {
    json!({
        "VersionId": policy.version,
        "IsDefaultVersion": true,
        "CreateDate": seconds(policy.updated),
    })
}

fn get_version(_: &Region, call: &Call) -> Answer {
    let policy = named(call)?;
    let wanted = call.text("VersionId");
    if wanted != policy.version {
        let arn = policy.arn();
        let message = format!("Policy {arn} version {wanted} does not exist or is not attachable.");
        return Err(Refusal::new(404, "NoSuchEntity", message));
    }
    let mut version = version(policy);
    let text = policy.document.to_string();
    version["Document"] = json!(utf8_percent_encode(&text, IN_ANSWERS).to_string());
    one("PolicyVersion", version)
}

/// Only the version in force is known.
fn list_versions(_: &Region, call: &Call) -> Answer {
    let policy = named(call)?;
    let rows = std::iter::once((policy.version.as_str(), version(policy)));
    page(call, "Versions", rows)
}
