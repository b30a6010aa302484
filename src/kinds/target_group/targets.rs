//! The targets of a group: their names in a set, and how AWS is told of them.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealthStateEnum};

use crate::aws::{AwsError, Operation, Reader, Writer};

pub(super) async fn register(
    writer: &Writer,
    arn: &str,
    targets: impl Iterator<Item = &String>,
) -> Result<(), AwsError> {
    let targets: Vec<_> = targets.map(|target| description(target)).collect();
    if targets.is_empty() {
        return Ok(());
    }
    let registered = writer.patiently(async || {
        let request = writer
            .elbv2()
            .register_targets()
            .target_group_arn(arn)
            .set_targets(Some(targets.clone()));
        writer
            .call(Operation::elbv2("RegisterTargets"), request.send())
            .await
    });
    registered.await.map(drop)
}

pub(super) async fn deregister(
    writer: &Writer,
    arn: &str,
    targets: impl Iterator<Item = &String>,
) -> Result<(), AwsError> {
    let targets: Vec<_> = targets.map(|target| description(target)).collect();
    if targets.is_empty() {
        return Ok(());
    }
    let request = writer
        .elbv2()
        .deregister_targets()
        .target_group_arn(arn)
        .set_targets(Some(targets));
    writer
        .call(Operation::elbv2("DeregisterTargets"), request.send())
        .await?;
    Ok(())
}

/// A target in a set: its id, and its port if it differs from the group's. An IPv6 address contains colons.
pub(super) fn target_name(id: &str, port: Option<i32>, group_port: u16) -> String {
    match port {
        Some(port) if port != i32::from(group_port) => format!("{id} port {port}"),
        _ => id.to_owned(),
    }
}

/// What marks an address outside the target group's VPC.
const OUTSIDE: &str = " outside the VPC";

/// The target of an address outside the VPC.
pub fn outside(address: &str) -> String {
    format!("{address}{OUTSIDE}")
}

pub(super) fn description(target: &str) -> TargetDescription {
    // AWS finds the zone of an address in a subnet of the VPC, and requires one for any other.
    let (target, zone) = match target.strip_suffix(OUTSIDE) {
        Some(address) => (address, Some("all".to_owned())),
        None => (target, None),
    };
    let (id, port) = match target.split_once(" port ") {
        Some((id, port)) => (id, port.parse().ok()),
        None => (target, None),
    };
    TargetDescription::builder()
        .id(id)
        .set_port(port)
        .set_availability_zone(zone)
        .build()
}

/// The registered targets, those outside the VPC marked as the wanted ones are.
pub(super) fn as_wanted(
    registered: BTreeSet<String>,
    wanted: &BTreeSet<String>,
) -> BTreeSet<String> {
    let marked = |target: String| Some(outside(&target)).filter(|marked| wanted.contains(marked));
    registered
        .into_iter()
        .map(|target| marked(target.clone()).unwrap_or(target))
        .collect()
}

pub(super) async fn registered(
    reader: &Reader,
    arn: &str,
    port: u16,
) -> Result<BTreeSet<String>, AwsError> {
    let targets = reader.target_health(arn).await?;
    let stays = targets.iter().filter(|target| {
        let state = target.target_health.as_ref();
        state.and_then(|health| health.state.as_ref()) != Some(&TargetHealthStateEnum::Draining)
    });
    Ok(stays
        .filter_map(|target| target.target.as_ref())
        .map(|target| {
            let id = target.id.as_deref().unwrap_or_default();
            target_name(id, target.port, port)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_on_another_port_is_another_target() {
        assert_eq!(target_name("10.0.1.4", Some(8080), 8080), "10.0.1.4");
        let other = target_name("10.0.1.4", Some(9090), 8080);
        assert_eq!(other, "10.0.1.4 port 9090");
        assert_eq!(description(&other).port, Some(9090));
        assert_eq!(description("10.0.1.4").port, None);
    }

    #[test]
    fn an_address_outside_the_vpc_is_registered_in_all_zones() {
        let marked = outside("10.9.8.7");
        let sent = description(&marked);
        assert_eq!(sent.id.as_deref(), Some("10.9.8.7"));
        assert_eq!(sent.availability_zone.as_deref(), Some("all"));
        assert_eq!(description("10.7.1.10").availability_zone, None);
        let registered = BTreeSet::from(["10.7.1.10".to_owned(), "10.9.8.7".to_owned()]);
        let wanted = BTreeSet::from(["10.7.1.10".to_owned(), marked]);
        assert_eq!(as_wanted(registered.clone(), &wanted), wanted);
        assert_eq!(as_wanted(registered.clone(), &BTreeSet::new()), registered);
    }
}
