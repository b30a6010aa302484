//! The role with which API Gateway writes logs: one for all APIs of an account and Region. It is set if there is none, and never
//! changed or removed, since other APIs may use it.

use aws_facts::arns::{self, PUSH_TO_CLOUDWATCH_LOGS};
use aws_sdk_apigateway::types::{Op, PatchOperation};
use aws_sdk_iam::types::Tag;
use serde::{Deserialize, Serialize};

use super::{
    Action, Desired, Field, Findings, Found, InPicture, Kind, KindInfo, LiveReference, Look, Note,
    OnChange, Outputs, Resource, Scope, Task,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName};

/// The role with which API Gateway writes logs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// Its ARN.
    pub role: String,
}

/// The role with which API Gateway writes logs.
#[derive(Debug)]
pub struct LogRole;

/// The IAM role that gatestack creates, one for all Regions of an account.
pub const NAME: &str = "gatestack-api-gateway-logs";

/// The tag of that role, which distinguishes it from another one with its name. It is the account's, so it names no stack.
const TAG: (&str, &str) = ("gatestack:used_by", "api_gateway");

/// The trust policy of the role.
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// The ARN of the role that gatestack creates in this account.
pub fn arn(account: &str) -> String {
    arns::role(account, "/", NAME)
}

impl Kind for LogRole {
    type Props = Props;
    type Part = ();

    const INFO: KindInfo = KindInfo {
        in_picture: InPicture::Api,
        outlives: Some("other APIs of this account and Region may write their logs with it"),
        ..KindInfo::new(
            "log_role",
            "CloudWatch role of API Gateway",
            "The IAM role with which API Gateway writes logs, an account setting of API Gateway: one for all APIs of an account \
             and Region. API Gateway refuses access logs without it. gatestack sets it where there is none, to an IAM role \
             with the managed policy AmazonAPIGatewayPushToCloudWatchLogs that it makes unless it is there, and changes none that \
             is set. See the API Gateway developer guide, \"Permissions for CloudWatch logging\".",
        )
    };

    const FIELDS: &'static [Field<Props, ()>] =
        &[Field::new("role", "The IAM role's ARN.", |p: &Props, _| {
            (&p.role).into()
        })
        .on_change(OnChange::Refuse(
            "the role is the whole account's; change it with `aws apigateway update-account`",
        ))];

    /// Only what the file wants is looked for, so that it is never deleted.
    fn follows(want: &Props, _address: &Address, desired: &Desired) -> bool {
        want.role == arn(&desired.context.account)
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = Findings::default();
        if let Some(address) = wanted(scope.desired).filter(|_| !scope.destroy)
            && let Some(role) = reader.log_role().await?
        {
            let outputs = outputs(&role);
            let found = Found::new(address.clone(), Props { role }, outputs);
            findings.owned.push(found);
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, _task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        // Another stack's run may have set one since.
        if let Some(role) = writer.afresh().log_role().await? {
            return Ok(outputs(&role));
        }
        let role = make(writer).await?;
        let set = PatchOperation::builder()
            .op(Op::Replace)
            .path("/cloudwatchRoleArn")
            .value(&role)
            .build();
        writer
            .patiently(async || {
                let request = writer
                    .apigateway()
                    .update_account()
                    .patch_operations(set.clone());
                writer
                    .call(Operation::apigateway("UpdateAccount"), request.send())
                    .await
            })
            .await?;
        Ok(outputs(&role))
    }

    async fn update(
        _writer: &Writer,
        _task: &Task<'_, Props>,
        _live: &LiveReference<'_, Props>,
        _changed: &[()],
    ) -> Result<Outputs, AwsError> {
        Ok(Outputs::new())
    }

    async fn delete(_writer: &Writer, _live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        Ok(())
    }

    fn hold_on(want: &mut Props, live: &Props, _kept: &[&Outputs]) {
        want.clone_from(live);
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        let made = look.change.action == Action::Create;
        let note = look.info(
            "GS143",
            format!(
                "API Gateway has no role to write logs with in this account and Region: it gets the IAM role {NAME}, for all \
                 APIs there. A destroy leaves both"
            ),
        );
        note.filter(|_| made).into_iter().collect()
    }
}

fn wanted(desired: &Desired) -> Option<&Address> {
    let mut resources = desired.resources.iter();
    let wanted = resources.find(|(_, wanted)| matches!(wanted.resource, Resource::LogRole(_)));
    wanted.map(|(address, _)| address)
}

/// The ARN of the account's role, created if missing.
async fn make(writer: &Writer) -> Result<String, AwsError> {
    let tag = Tag::builder().key(TAG.0).value(TAG.1).build();
    let request = writer
        .iam()
        .create_role()
        .role_name(NAME)
        .description("Lets API Gateway write to CloudWatch Logs, for all APIs of the account")
        .assume_role_policy_document(TRUST)
        .tags(tag.expect("it has a key and a value"));
    let made = writer
        .call(Operation::iam("CreateRole"), request.send())
        .await;
    let role = match made {
        Err(error) if error.is("EntityAlreadyExists") => {
            let request = writer.iam().get_role().role_name(NAME);
            let answer = writer
                .call(Operation::iam("GetRole"), request.send())
                .await?;
            let role = answer.role.filter(is_ours);
            role.ok_or_else(not_ours)?
        }
        made => made?.role.ok_or_else(not_ours)?,
    };
    let request = writer
        .iam()
        .attach_role_policy()
        .role_name(NAME)
        .policy_arn(PUSH_TO_CLOUDWATCH_LOGS);
    writer
        .call(Operation::iam("AttachRolePolicy"), request.send())
        .await?;
    Ok(role.arn)
}

fn is_ours(role: &aws_sdk_iam::types::Role) -> bool {
    let mut tags = role.tags().iter();
    tags.any(|tag| (tag.key.as_str(), tag.value.as_str()) == TAG)
}

fn not_ours() -> AwsError {
    let message = format!(
        "the account has an IAM role {NAME} that gatestack did not make. Rename it, or give API Gateway a role yourself: aws \
         apigateway update-account --patch-operations op=replace,path=/cloudwatchRoleArn,value=ROLE_ARN"
    );
    AwsError::gave_up("CreateRole", message)
}

fn outputs(role: &str) -> Outputs {
    Outputs::from([
        (OutputName::Id, role.to_owned()),
        (OutputName::Arn, role.to_owned()),
    ])
}
