//! The IAM role that a function runs with. Its path names the stack and the Region, so that one call lists all of a stack's roles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_facts::arns;
use aws_facts::limits::iam::LONGEST_ROLE_NAME;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::function::names;
use super::function::parts::OTHER_FUNCTIONS;
use super::ownership::{Candidate, sort_out};
use super::{
    Desired, Field, Findings, InPicture, Kind, KindInfo, LiveReference, OnChange, Outputs, Replace,
    Resource, Scope, StackContext, Task, distinct, gone_is_success, tags,
};
use crate::aws::{AwsError, ListedRole, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Value, digest};

/// The role of a function.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// Its ARN: its name, and its path.
    pub arn: String,
    /// Who may take it: a policy in JSON.
    pub trust: String,
    /// Its own policies in JSON, by name.
    pub policies: BTreeMap<String, String>,
    /// The ARNs of managed policies.
    pub attached: BTreeSet<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The role of a function.
#[derive(Debug)]
pub struct FunctionRole;

/// A part of an update.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// Who may take it.
    Trust,
    /// Its own policies.
    Policies,
    /// Managed policies.
    Attached,
    /// The tags.
    Tags,
}

/// The tag with the name of the function that runs with a role.
pub const FUNCTION_TAG: &str = "gatestack:function";

/// The policy with what every function needs.
pub const OWN_POLICY: &str = "gatestack";
/// The policy from the file that the stack file names.
pub const FILE_POLICY: &str = "stack";

/// The trust policy of a function's role.
pub const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// The path of all roles of this stack in its Region.
pub fn path(context: &StackContext) -> String {
    // Lambda takes fewer characters in the ARN of a role than IAM does in a path.
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let stack = context.stack.replace(|c| !allowed(c), "-");
    format!("/gatestack/{stack}/{}/", context.region)
}

/// The name of the role of a function. IAM's names are the account's, whatever their path and the Region.
pub fn name(context: &StackContext, function: &str) -> String {
    let name = format!("{function}-{}", context.region);
    if name.len() <= LONGEST_ROLE_NAME {
        return name;
    }
    let digest = &digest(name.as_bytes())[..8];
    // Names of functions are ASCII.
    format!("{}-{digest}", &name[..LONGEST_ROLE_NAME - 9])
}

/// The ARN of the role of a function.
pub fn arn(context: &StackContext, function: &str) -> String {
    arns::role(&context.account, &path(context), &name(context, function))
}

/// What every function needs: to write to its own log group, and what its settings need.
pub fn own_policy(log_group: &str, in_vpc: bool, tracing: bool) -> String {
    let mut statements = vec![json!({
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": format!("{log_group}:*"),
    })];
    if in_vpc {
        // Lambda developer guide, "Required IAM permissions" of functions in a VPC. EC2 restricts none of these to single resources
        // that are known before.
        statements.push(json!({
            "Effect": "Allow",
            "Action": [
                "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"
            ],
            "Resource": "*",
        }));
    }
    if tracing {
        statements.push(json!({
            "Effect": "Allow",
            "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
            "Resource": "*",
        }));
    }
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// A policy in one form, so that blanks and the order of members make no difference.
pub fn canonical(document: &str) -> String {
    fn sorted(value: Json) -> Json {
        match value {
            Json::Object(members) => {
                let members: BTreeMap<String, Json> = members
                    .into_iter()
                    .map(|(name, value)| (name, sorted(value)))
                    .collect();
                Json::Object(members.into_iter().collect())
            }
            Json::Array(items) => items.into_iter().map(sorted).collect(),
            value => value,
        }
    }
    match serde_json::from_str(document) {
        Ok(value) => sorted(value).to_string(),
        Err(_) => document.to_owned(),
    }
}

/// A policy as plans show it: `allow ACTIONS on RESOURCES`, or its document if that says more.
fn in_words(document: &str) -> String {
    fn texts(value: &Json) -> Option<Vec<&str>> {
        match value {
            Json::String(text) => Some(vec![text]),
            Json::Array(texts) => texts.iter().map(Json::as_str).collect(),
            _ => None,
        }
    }
    let in_words = || {
        let policy: Json = serde_json::from_str(document).ok()?;
        let members = policy.as_object()?;
        let known = |name: &String| ["Version", "Statement"].contains(&name.as_str());
        if !members.keys().all(known) || policy["Version"] != "2012-10-17" {
            return None;
        }
        let statements = policy["Statement"].as_array()?.iter();
        let statements = statements.map(|statement| {
            let members = statement.as_object()?;
            let known = |name: &String| ["Effect", "Action", "Resource"].contains(&name.as_str());
            members.keys().all(known).then_some(())?;
            let effect = match statement["Effect"].as_str()? {
                "Allow" => "allow",
                "Deny" => "deny",
                _ => return None,
            };
            let actions = texts(&statement["Action"])?.join(", ");
            let resources = texts(&statement["Resource"])?.join(", ");
            Some(format!("{effect} {actions} on {resources}"))
        });
        let statements: Vec<String> = statements.collect::<Option<_>>()?;
        Some(statements.join("; "))
    };
    in_words().unwrap_or_else(|| canonical(document))
}

impl Kind for FunctionRole {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        marked_on: Some("rest_api"),
        phase: 1,
        replace: Replace::CreateFirst,
        dependents: &[OTHER_FUNCTIONS],
        in_picture: InPicture::WithUser,
        when_different: "the function may do other things than the file says",
        ..KindInfo::new(
            "function_role",
            "role",
            "The IAM role that a function runs with. It may write to the function's log group, and do what the policy in the file \
             allows. See the Lambda developer guide, \"Defining Lambda function permissions with an execution role\".",
        )
    };

    const FIELDS: &'static [Field<Props, Part>] = &[
        Field::new("role", "The role's ARN.", |p: &Props, _| (&p.arn).into()).on_change(
            OnChange::Replace("IAM can't rename a role"),
        ),
        Field::new("trust", "Who may take the role: Lambda.", |p: &Props, _| {
            match canonical(&p.trust) == canonical(TRUST) {
                true => "lambda.amazonaws.com".into(),
                false => canonical(&p.trust).into(),
            }
        })
        .by(Part::Trust),
        Field::new(
            "policies",
            "What the function may do: `gatestack` for its logs and its settings, `stack` for the file's `policy`.",
            |p: &Props, _| {
                let policies = p.policies.iter();
                Value::map(policies.map(|(name, document)| (name, in_words(document))))
            },
        )
        .by(Part::Policies),
        Field::new(
            "attached",
            "Managed policies. gatestack attaches none.",
            |p: &Props, _| Value::set(&p.attached),
        )
        .by(Part::Attached),
        Field::new(
            "tags",
            "Tags. Others on the role are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys(),
    ];

    fn follows(want: &Props, _address: &Address, desired: &Desired) -> bool {
        let function = want.tags.get(FUNCTION_TAG).map_or("", String::as_str);
        want.arn == arn(&desired.context, function)
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let wanted: BTreeMap<Address, String> = wanted(scope.desired)
            .map(|(address, props)| (address.clone(), name_of(&props.arn).to_owned()))
            .collect();
        let roles = read(reader, scope).await?;
        let roles = roles.iter().map(|role| candidate(role)).collect();
        Ok(sort_out(scope, &Self::INFO, &wanted, roles))
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let (path, name) = (path_of(&want.arn), name_of(&want.arn));
        let request = writer
            .iam()
            .create_role()
            .path(path)
            .role_name(name)
            .assume_role_policy_document(&want.trust)
            .set_tags(tags::iam::sent(&task.tags(&want.tags)));
        let answer = writer
            .call(Operation::iam("CreateRole"), request.send())
            .await?;
        // After a run that dies here, the next plan shows the difference.
        for (policy, document) in &want.policies {
            put(writer, name, policy, document).await?;
        }
        for arn in &want.attached {
            attach(writer, name, arn).await?;
        }
        let arn = answer.role.map(|role| role.arn);
        Ok(outputs(&arn.unwrap_or_default()))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Part],
    ) -> Result<Outputs, AwsError> {
        let (want, held) = (task.want, live.props);
        let name = name_of(&held.arn);
        for part in distinct(changed) {
            match part {
                Part::Trust => {
                    let request = writer
                        .iam()
                        .update_assume_role_policy()
                        .role_name(name)
                        .policy_document(&want.trust);
                    let operation = Operation::iam("UpdateAssumeRolePolicy");
                    writer.call(operation, request.send()).await?;
                }
                Part::Policies => {
                    for (policy, document) in &want.policies {
                        let same = held.policies.get(policy);
                        if same.map(|same| canonical(same)) != Some(canonical(document)) {
                            put(writer, name, policy, document).await?;
                        }
                    }
                    let others = held.policies.keys();
                    for policy in others.filter(|policy| !want.policies.contains_key(*policy)) {
                        remove(writer, name, policy).await?;
                    }
                }
                Part::Attached => {
                    for arn in want.attached.difference(&held.attached) {
                        attach(writer, name, arn).await?;
                    }
                    for arn in held.attached.difference(&want.attached) {
                        detach(writer, name, arn).await?;
                    }
                }
                Part::Tags => tags::iam::write(writer, name, &want.tags, &held.tags).await?,
            }
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let name = name_of(&live.props.arn);
        for policy in live.props.policies.keys() {
            remove(writer, name, policy).await?;
        }
        for arn in &live.props.attached {
            detach(writer, name, arn).await?;
        }
        let request = writer.iam().delete_role().role_name(name);
        gone_is_success(
            writer
                .call(Operation::iam("DeleteRole"), request.send())
                .await,
        )
    }
}

fn wanted(desired: &Desired) -> impl Iterator<Item = (&Address, &Props)> {
    let resources = desired.resources.iter();
    resources.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::FunctionRole(props) => Some((address, props)),
        _ => None,
    })
}

fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn path_of(arn: &str) -> &str {
    let path = arn.split_once(":role").map_or("/", |(_, path)| path);
    path.strip_suffix(name_of(arn)).unwrap_or(path)
}

/// The roles that may be the stack's: those below its path, and those with wanted names. They lead to the functions that run with them.
///
/// # Errors
/// A read failed.
pub(super) async fn read(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<Vec<Arc<ListedRole>>, AwsError> {
    let wanted = wanted(scope.desired).map(|(_, props)| name_of(&props.arn).to_owned());
    let mut names: BTreeSet<String> = wanted.collect();
    if !names::may_be(reader, scope).await? {
        return Ok(Vec::new());
    }
    let below = reader.roles_below(&path(&scope.desired.context)).await?;
    names.extend(below.iter().cloned());
    let roles = names.iter().map(|name| Box::pin(reader.role(name)));
    Ok(try_join_all(roles).await?.into_iter().flatten().collect())
}

fn candidate(listed: &ListedRole) -> Candidate<Props> {
    let role = &listed.role;
    let boundary = role.permissions_boundary.as_ref();
    Candidate {
        name: role.role_name.clone(),
        tags: listed.tags.clone(),
        outputs: outputs(&role.arn),
        props: Props {
            arn: role.arn.clone(),
            trust: listed.trust.clone(),
            policies: listed.policies.clone(),
            attached: listed.attached.clone(),
            tags: listed.tags.clone(),
        },
        unmanaged: boundary
            .map(|_| "a permissions boundary".to_owned())
            .into_iter()
            .collect(),
    }
}

fn outputs(arn: &str) -> Outputs {
    Outputs::from([
        (OutputName::Id, arn.to_owned()),
        (OutputName::Arn, arn.to_owned()),
    ])
}

async fn put(writer: &Writer, role: &str, policy: &str, document: &str) -> Result<(), AwsError> {
    let request = writer
        .iam()
        .put_role_policy()
        .role_name(role)
        .policy_name(policy)
        .policy_document(document);
    let operation = Operation::iam("PutRolePolicy");
    writer.call(operation, request.send()).await?;
    Ok(())
}

async fn remove(writer: &Writer, role: &str, policy: &str) -> Result<(), AwsError> {
    let request = writer
        .iam()
        .delete_role_policy()
        .role_name(role)
        .policy_name(policy);
    gone_is_success(
        writer
            .call(Operation::iam("DeleteRolePolicy"), request.send())
            .await,
    )
}

async fn attach(writer: &Writer, role: &str, arn: &str) -> Result<(), AwsError> {
    let request = writer
        .iam()
        .attach_role_policy()
        .role_name(role)
        .policy_arn(arn);
    let operation = Operation::iam("AttachRolePolicy");
    writer.call(operation, request.send()).await?;
    Ok(())
}

async fn detach(writer: &Writer, role: &str, arn: &str) -> Result<(), AwsError> {
    let request = writer
        .iam()
        .detach_role_policy()
        .role_name(role)
        .policy_arn(arn);
    gone_is_success(
        writer
            .call(Operation::iam("DetachRolePolicy"), request.send())
            .await,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(stack: &str) -> StackContext {
        StackContext {
            stack: stack.into(),
            region: "eu-central-1".into(),
            account: "123456789012".into(),
            tags: BTreeMap::new(),
        }
    }

    #[test]
    fn a_role_is_named_for_its_function_and_its_region() {
        let arn = arn(&context("claims api"), "claims-hello");
        assert_eq!(
            arn,
            "arn:aws:iam::123456789012:role/gatestack/claims-api/eu-central-1/claims-hello-eu-central-1"
        );
        assert_eq!(name_of(&arn), "claims-hello-eu-central-1");
        assert_eq!(path_of(&arn), "/gatestack/claims-api/eu-central-1/");
        let long = |last: &str| name(&context("a"), &format!("{}{last}", "f".repeat(63)));
        assert_eq!(long("a").len(), LONGEST_ROLE_NAME);
        assert_ne!(long("a"), long("b"));
    }

    #[test]
    fn a_plain_policy_is_told_in_words() {
        let own = own_policy("arn:aws:logs:r:a:log-group:g", false, false);
        assert_eq!(
            in_words(&own),
            "allow logs:CreateLogStream, logs:PutLogEvents on arn:aws:logs:r:a:log-group:g:*"
        );
        let more = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{}}]}"#;
        assert_eq!(in_words(more), canonical(more));
    }

    #[test]
    fn blanks_and_order_make_no_difference_between_policies() {
        let same = canonical("{\"b\": [1, {\"d\": 1, \"c\": 2}],\n \"a\": \"x\"}");
        assert_eq!(same, canonical(r#"{"a":"x","b":[1,{"c":2,"d":1}]}"#));
        assert_ne!(same, canonical(r#"{"a":"x","b":[{"c":2,"d":1},1]}"#));
        assert_eq!(canonical("no JSON"), "no JSON");
    }
}
