//! The states of an instance: started, running, terminated.

use std::time::Duration;

use aws_sdk_ec2::types::{Instance, InstanceAttributeName, InstanceStateName};

use crate::aws::patience::{INSTANCE_CHANGED, INSTANCE_TERMINATED, INSTANCE_VISIBLE};
use crate::aws::{AwsError, Operation, Writer};
use crate::kinds::gone_is_success;

/// How the start of an instance ended.
pub(super) enum Start {
    /// It runs.
    Running,
    /// It was terminated before the first read: its launch is an old one.
    Gone,
    /// It was starting, and EC2 terminated it: why.
    Failed(String),
}

/// Waits until a new instance runs.
///
/// # Errors
/// A read failed, or it took too long.
pub(super) async fn start_of(writer: &Writer, id: &str) -> Result<Start, AwsError> {
    let mut starting = false;
    let mut unknown = Duration::ZERO;
    let mut waited = Duration::ZERO;
    while waited <= INSTANCE_CHANGED.within {
        match look(writer, id).await? {
            None if unknown >= INSTANCE_VISIBLE.within => return Ok(Start::Gone),
            None => unknown += INSTANCE_CHANGED.every,
            Some(instance) => match state(&instance) {
                Some(InstanceStateName::Pending) => starting = true,
                Some(InstanceStateName::Terminated | InstanceStateName::ShuttingDown) => {
                    return Ok(if starting {
                        Start::Failed(why(&instance))
                    } else {
                        Start::Gone
                    });
                }
                _ => return Ok(Start::Running),
            },
        }
        writer.pause(INSTANCE_CHANGED.every).await;
        waited += INSTANCE_CHANGED.every;
    }
    Err(AwsError::unfinished(
        "RunInstances",
        format!("the instance {id} does not run after ten minutes"),
    ))
}

/// Waits until an instance runs.
///
/// # Errors
/// A read failed, the instance won't run any more, or it took too long.
pub(super) async fn until_running(writer: &Writer, id: &str) -> Result<(), AwsError> {
    let what = format!("the instance {id} does not run");
    INSTANCE_CHANGED
        .until(writer, "DescribeInstances", &what, async || {
            let Some(instance) = look(writer, id).await? else {
                return Err(is_gone(id, None));
            };
            match state(&instance) {
                Some(InstanceStateName::Running) => Ok(Some(())),
                _ => still_there(id, &instance).map(|()| None),
            }
        })
        .await
}

/// Starts a stopped instance, and waits until it runs.
///
/// # Errors
/// The call failed, or it took too long.
pub(super) async fn start(writer: &Writer, id: &str) -> Result<(), AwsError> {
    writer
        .patiently(async || {
            let request = writer.ec2().start_instances().instance_ids(id);
            writer
                .call(Operation::ec2("StartInstances"), request.send())
                .await
        })
        .await?;
    until_running(writer, id).await
}

/// Whether an instance is protected from termination; a terminated one is not.
///
/// # Errors
/// The call failed.
pub(super) async fn is_protected(writer: &Writer, id: &str) -> Result<bool, AwsError> {
    let request = writer
        .ec2()
        .describe_instance_attribute()
        .instance_id(id)
        .attribute(InstanceAttributeName::DisableApiTermination);
    let answer = writer
        .call(Operation::ec2("DescribeInstanceAttribute"), request.send())
        .await;
    match answer {
        Ok(answer) => Ok(answer
            .disable_api_termination
            .and_then(|attribute| attribute.value)
            .unwrap_or_default()),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Terminates an instance, and waits until it is: before that, its security groups and its subnet can't be deleted.
///
/// # Errors
/// The call failed, or it took too long.
pub(super) async fn terminate(writer: &Writer, id: &str) -> Result<(), AwsError> {
    let request = writer.ec2().terminate_instances().instance_ids(id);
    let answer = writer
        .call(Operation::ec2("TerminateInstances"), request.send())
        .await;
    gone_is_success(answer)?;
    let what = format!("the instance {id} is not terminated");
    INSTANCE_TERMINATED
        .until(writer, "TerminateInstances", &what, async || {
            let instance = look(writer, id).await?;
            let gone = instance
                .is_none_or(|instance| state(&instance) == Some(&InstanceStateName::Terminated));
            Ok(gone.then_some(()))
        })
        .await
}

/// Whether an instance may still become ready.
///
/// # Errors
/// A call failed, or it never will.
pub(super) async fn may_serve(writer: &Writer, id: &str) -> Result<(), AwsError> {
    match look(writer, id).await? {
        Some(instance) => still_there(id, &instance),
        None => Err(is_gone(id, None)),
    }
}

fn still_there(id: &str, instance: &Instance) -> Result<(), AwsError> {
    match state(instance) {
        Some(InstanceStateName::Pending | InstanceStateName::Running) => Ok(()),
        _ => Err(is_gone(id, Some(instance))),
    }
}

fn is_gone(id: &str, instance: Option<&Instance>) -> AwsError {
    let what = match instance {
        Some(instance) => {
            let state = state(instance).map_or("gone", InstanceStateName::as_str);
            format!("{state} ({})", why(instance))
        }
        None => "gone".to_owned(),
    };
    AwsError::gave_up("DescribeInstances", format!("the instance {id} is {what}"))
}

fn state(instance: &Instance) -> Option<&InstanceStateName> {
    instance.state.as_ref()?.name.as_ref()
}

/// Why it is in its state, in EC2's words.
fn why(instance: &Instance) -> String {
    let reason = instance.state_reason.as_ref();
    let message = reason.and_then(|reason| reason.message.clone());
    message.unwrap_or_else(|| "EC2 gives no reason".into())
}

/// An instance's current state; `None` if EC2 does not have it.
async fn look(writer: &Writer, id: &str) -> Result<Option<Instance>, AwsError> {
    let request = writer.ec2().describe_instances().instance_ids(id);
    let answer = writer
        .call(Operation::ec2("DescribeInstances"), request.send())
        .await;
    match answer {
        Ok(answer) => Ok(answer
            .reservations
            .unwrap_or_default()
            .into_iter()
            .flat_map(|made| made.instances.unwrap_or_default())
            .next()),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
