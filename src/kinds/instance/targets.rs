//! An instance as a target: registered, healthy, drained.

use aws_sdk_elasticloadbalancingv2::types::{
    TargetDescription, TargetHealth, TargetHealthStateEnum,
};

use super::state;
use crate::aws::{AwsError, Operation, Writer};
use crate::kinds::gone_is_success;
use crate::kinds::private_road::Patience;

/// How long a target may take until it is healthy: two minutes are usual, user data may take its time before.
const HEALTH: Patience = Patience::new(10, 600);

/// How long a target may take until it has drained: no group's delay is longer than an hour.
const DRAINING: Patience = Patience::new(10, 3_900);

/// What to look at, by AWS's reason why a target is not healthy.
const LOOK_AT: &[(&str, &str)] = &[
    (
        "Target.FailedHealthChecks",
        "look at its system log (whether its user data ran to the end), whether something answers on the port of the \
         health check, and whether a network ACL is in the way",
    ),
    (
        "Target.NotInUse",
        "no listener leads to its target group, or the load balancer has no subnet in its Availability Zone",
    ),
    (
        "Target.NotRegistered",
        "somebody took it out of its target group",
    ),
    (
        "Elb.InternalError",
        "this is Elastic Load Balancing's own trouble",
    ),
];

/// Leads a target group to an instance; one that is there already stays.
///
/// # Errors
/// AWS's refusal.
pub(super) async fn register(writer: &Writer, group: &str, id: &str) -> Result<(), AwsError> {
    // EC2 tells sooner than Elastic Load Balancing hears that it runs.
    let not_yet_known = |error: &AwsError| error.is("InvalidTarget");
    Patience::KNOWN_SOON
        .insist(writer, not_yet_known, async || {
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

/// Leads a target group no longer to an instance, which goes on with what it has begun.
///
/// # Errors
/// AWS's refusal.
pub(super) async fn deregister(writer: &Writer, group: &str, id: &str) -> Result<(), AwsError> {
    // One that drains already had better not begin again.
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

/// Waits until an instance has finished what it had begun.
///
/// # Errors
/// AWS's refusal of a look, or no end in time.
pub(super) async fn until_drained(writer: &Writer, group: &str, id: &str) -> Result<(), AwsError> {
    let what = format!("the instance {id} has not drained");
    DRAINING
        .wait(writer, "DeregisterTargets", &what, async || {
            let health = look(writer, group, id).await?;
            Ok(has_left(health.as_ref(), false).then_some(()))
        })
        .await
}

/// Waits until an instance is healthy in every one of these groups.
///
/// # Errors
/// AWS's refusal of a look, an instance that will never serve, or AWS's reasons when it is not healthy in time.
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
        if waited >= HEALTH.within {
            let reasons: Vec<_> = ill
                .iter()
                .map(|(group, health)| diagnosis(group, health.as_ref()))
                .collect();
            return Err(AwsError::unfinished(
                "DescribeTargetHealth",
                format!(
                    "the instance {id} is not healthy after {} minutes: {}",
                    HEALTH.within.as_secs() / 60,
                    reasons.join("; ")
                ),
            ));
        }
        writer.pause(HEALTH.every).await;
        waited += HEALTH.every;
    }
}

/// How a target is in a group, in AWS's words, and what to look at.
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

/// Whether a group leads nobody to a target any more; `draining` tells whether it may still be finishing.
fn has_left(health: Option<&TargetHealth>, draining: bool) -> bool {
    let Some(health) = health else { return true };
    match health.state.as_ref() {
        Some(TargetHealthStateEnum::Draining) => draining,
        Some(TargetHealthStateEnum::Unused) => {
            let reason = health.reason.as_ref().map(|reason| reason.as_str());
            // Where the group is in use by nobody, or the instance stands still, nothing is left to finish.
            !draining || reason == Some("Target.NotRegistered")
        }
        _ => false,
    }
}

/// How a target is now; `None` where its group is gone.
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
        // AWS asked for one it does not know, or not any more.
        Err(error) if error.is_not_found() || error.is("InvalidTarget") => Ok(None),
        Err(error) => Err(error),
    }
}

fn target(id: &str) -> TargetDescription {
    TargetDescription::builder().id(id).build()
}
