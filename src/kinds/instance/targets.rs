//! An instance as a target: registered, healthy, drained.

use aws_sdk_elasticloadbalancingv2::types::{
    TargetDescription, TargetHealth, TargetHealthStateEnum,
};

use super::state;
use crate::aws::patience::{TARGET_DRAINED, TARGET_HEALTHY};
use crate::aws::{AwsError, Operation, Writer};
use crate::kinds::gone_is_success;

/// What to check, by AWS's reason why a target is not healthy.
const LOOK_AT: &[(&str, &str)] = &[
    (
        "Target.FailedHealthChecks",
        "check its system log (whether its user data ran to the end), whether something answers on the port of the health \
         check, and whether a network ACL blocks it",
    ),
    (
        "Target.NotInUse",
        "no listener forwards to its target group, or the load balancer has no subnet in its Availability Zone",
    ),
    (
        "Target.NotRegistered",
        "it was deregistered from its target group",
    ),
    (
        "Elb.InternalError",
        "this is an internal error of Elastic Load Balancing",
    ),
];

/// Registers an instance in a target group; an existing registration stays.
///
/// # Errors
/// The call failed.
pub(super) async fn register(writer: &Writer, group: &str, id: &str) -> Result<(), AwsError> {
    writer
        .patiently(async || {
            let request = writer
                .elbv2()
                .register_targets()
                .target_group_arn(group)
                .targets(target(id));
            writer
                .call(Operation::elbv2("RegisterTargets"), request.send())
                .await
        })
        .await?;
    Ok(())
}

/// Deregisters an instance from a target group; its open requests are finished.
///
/// # Errors
/// The call failed.
pub(super) async fn deregister(writer: &Writer, group: &str, id: &str) -> Result<(), AwsError> {
    // A draining one must not start draining again.
    if has_left(look(writer, group, id).await?.as_ref(), true) {
        return Ok(());
    }
    let request = writer
        .elbv2()
        .deregister_targets()
        .target_group_arn(group)
        .targets(target(id));
    let answer = writer
        .call(Operation::elbv2("DeregisterTargets"), request.send())
        .await;
    match answer {
        // It is not registered.
        Err(error) if error.is("InvalidTarget") => Ok(()),
        answer => gone_is_success(answer),
    }
}

/// Waits until an instance has drained.
///
/// # Errors
/// A read failed, or it took too long.
pub(super) async fn until_drained(writer: &Writer, group: &str, id: &str) -> Result<(), AwsError> {
    let what = format!("the instance {id} has not drained");
    TARGET_DRAINED
        .until(writer, "DeregisterTargets", &what, async || {
            let health = look(writer, group, id).await?;
            Ok(has_left(health.as_ref(), false).then_some(()))
        })
        .await
}

/// Waits until an instance is healthy in every one of these groups.
///
/// # Errors
/// A read failed, the instance will never be ready, or it is not healthy in time, with AWS's reasons.
pub(super) async fn until_healthy(
    writer: &Writer,
    id: &str,
    groups: &[String],
) -> Result<(), AwsError> {
    let mut waited = std::time::Duration::ZERO;
    loop {
        let mut ill = Vec::new();
        for group in groups {
            let health = look(writer, group, id).await?;
            let state = health.as_ref().and_then(|health| health.state.as_ref());
            if state != Some(&TargetHealthStateEnum::Healthy) {
                ill.push((group, health));
            }
        }
        if ill.is_empty() {
            return Ok(());
        }
        state::may_serve(writer, id).await?;
        if waited >= TARGET_HEALTHY.within {
            let reasons: Vec<_> = ill
                .iter()
                .map(|(group, health)| diagnosis(group, health.as_ref()))
                .collect();
            return Err(AwsError::unfinished(
                "DescribeTargetHealth",
                format!(
                    "the instance {id} is not healthy after {} minutes: {}",
                    TARGET_HEALTHY.within.as_secs() / 60,
                    reasons.join("; ")
                ),
            ));
        }
        writer.pause(TARGET_HEALTHY.every).await;
        waited += TARGET_HEALTHY.every;
    }
}

/// A target's health in a group, in AWS's words, and what to check.
fn diagnosis(group: &str, health: Option<&TargetHealth>) -> String {
    // arn:…:targetgroup/NAME/ID
    let name = group.split('/').nth(1).unwrap_or(group);
    let state = health.and_then(|health| health.state.as_ref());
    let state = state.map_or("unknown", TargetHealthStateEnum::as_str);
    let reason = health.and_then(|health| health.reason.as_ref());
    let reason = reason.map_or("no reason given", |reason| reason.as_str());
    let description = health.and_then(|health| health.description.as_deref());
    let description = description.map_or_else(String::new, |words| format!(": {words}"));
    let mut text = format!("{state} in {name} ({reason}{description})");
    if let Some((_, look_at)) = LOOK_AT.iter().find(|(known, _)| *known == reason) {
        text.push_str(", ");
        text.push_str(look_at);
    }
    text
}

/// Whether a group no longer sends calls to a target; `draining` says whether it may still be finishing.
fn has_left(health: Option<&TargetHealth>, draining: bool) -> bool {
    let Some(health) = health else { return true };
    match health.state.as_ref() {
        Some(TargetHealthStateEnum::Draining) => draining,
        Some(TargetHealthStateEnum::Unused) => {
            let reason = health.reason.as_ref().map(|reason| reason.as_str());
            // If the group is not in use, or the instance is stopped, there is nothing to finish.
            !draining || reason == Some("Target.NotRegistered")
        }
        _ => false,
    }
}

/// A target's health now; `None` if its group is deleted.
async fn look(writer: &Writer, group: &str, id: &str) -> Result<Option<TargetHealth>, AwsError> {
    let request = writer
        .elbv2()
        .describe_target_health()
        .target_group_arn(group)
        .targets(target(id));
    let answer = writer
        .call(Operation::elbv2("DescribeTargetHealth"), request.send())
        .await;
    match answer {
        Ok(answer) => Ok(answer
            .target_health_descriptions
            .unwrap_or_default()
            .into_iter()
            .find_map(|described| described.target_health)),
        // The target is unknown.
        Err(error) if error.is_not_found() || error.is("InvalidTarget") => Ok(None),
        Err(error) => Err(error),
    }
}

fn target(id: &str) -> TargetDescription {
    TargetDescription::builder().id(id).build()
}
