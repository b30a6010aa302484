//! The targets of a target group.

use std::net::Ipv4Addr;
use std::time::Duration;

use aws_facts::limits::elbv2::MOST_TARGETS_PER_GROUP;
use serde_json::Value;

use super::super::members::optional;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::attributes;
use super::network;
use super::refusals::{refuse, validation};
use super::state::{Target, TargetGroup, number};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("RegisterTargets", register).refusing(&["Targets.QuicServerId"]),
    Operation::begin("DeregisterTargets", deregister).refusing(&["Targets.QuicServerId"]),
];

/// How long a target's first health checks take: 70 to 120 seconds measured in containers-roadmap #469.
pub(super) const FIRST_CHECKS: Duration = Duration::from_secs(90);

/// The blocks outside its VPC that a group allows addresses from: those of RFC 1918 and of RFC 6598.
const PRIVATE_BLOCKS: &[&str] = &[
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
];

/// The targets in the input: id, port and zone as sent.
pub(super) fn asked(call: &Call) -> impl Iterator<Item = (&str, Option<u64>, Option<&str>)> {
    let list = call.input.get("Targets").and_then(Value::as_array);
    let objects = list.into_iter().flatten().filter_map(Value::as_object);
    objects.map(|target| {
        (
            optional(target, "Id").unwrap_or_default(),
            number(target, "Port"),
            optional(target, "AvailabilityZone"),
        )
    })
}

impl TargetGroup {
    /// Whether a target is this one; the default port is the group's.
    pub(super) fn is(&self, target: &Target, id: &str, port: Option<u64>) -> bool {
        target.id == id && target.port == port.unwrap_or(self.port)
    }
}

fn register(region: &mut Region, call: &Call) -> Answer {
    let arn = call.text("TargetGroupArn");
    let group = region.elbv2.target_group(arn)?;
    check_any(call)?;
    let wanted = asked(call)
        .map(|(id, port, zone)| {
            let zone = if group.target_type == "ip" {
                Some(check_address(region, group, id, zone)?)
            } else {
                check_instance(region, group, id, zone, call)?;
                None
            };
            Ok(Target {
                id: id.into(),
                port: port.unwrap_or(group.port),
                zone,
                checked: call.done_at(FIRST_CHECKS),
                drains_until: None,
            })
        })
        .collect::<Result<Vec<_>, Refusal>>()?;
    let group = region.elbv2.target_group_mut(arn)?;
    for target in wanted {
        let known = group
            .targets
            .iter_mut()
            .find(|known| known.id == target.id && known.port == target.port);
        match known {
            // Registering again changes nothing, unless it is draining.
            Some(known) if known.drains_until.is_none() => {}
            Some(known) => *known = target,
            None => group.targets.push(target),
        }
    }
    let registered = group.targets.iter();
    if registered
        .filter(|target| target.drains_until.is_none())
        .count()
        > MOST_TARGETS_PER_GROUP
    {
        return Err(refuse(
            "TooManyTargets",
            format!("The maximum number of targets of '{arn}' has been reached"),
        ));
    }
    Ok(Object::new())
}

fn check_any(call: &Call) -> Result<(), Refusal> {
    if asked(call).next().is_none() {
        return Err(validation("At least one target must be specified"));
    }
    Ok(())
}

fn check_instance(
    region: &Region,
    group: &TargetGroup,
    id: &str,
    zone: Option<&str>,
    call: &Call,
) -> Result<(), Refusal> {
    if !id.starts_with("i-") {
        return Err(validation(format!(
            "The target ID '{id}' is not a valid instance ID"
        )));
    }
    if zone.is_some() {
        return Err(validation(
            "You cannot specify an Availability Zone for target groups with target type 'instance'",
        ));
    }
    let Some(instance) = network::instance(region, id, call.seconds()) else {
        return Err(invalid(format!(
            "The following targets are not valid instances: '{id}'"
        )));
    };
    if instance.vpc != group.vpc {
        return Err(invalid(format!(
            "The following targets are not in the target group VPC '{}': '{id}'",
            group.vpc
        )));
    }
    if instance.state != "running" {
        return Err(invalid(format!(
            "The following targets are not in a running state and cannot be registered: '{id}'"
        )));
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> Refusal {
    refuse("InvalidTarget", message)
}

/// The zone of an address: in the VPC it is the subnet's, elsewhere it is required.
fn check_address(
    region: &Region,
    group: &TargetGroup,
    address: &str,
    zone: Option<&str>,
) -> Result<String, Refusal> {
    let Ok(parsed) = address.parse::<Ipv4Addr>() else {
        return Err(validation(format!(
            "The IP address '{address}' is not a valid IPv4 address"
        )));
    };
    if let Some(found) = network::zone_of_address(region, &group.vpc, parsed) {
        return Ok(found);
    }
    if network::is_in_vpc(region, &group.vpc, parsed) {
        return Err(validation(format!(
            "The IP address '{address}' is not within the subnets of the VPC '{}'",
            group.vpc
        )));
    }
    if !PRIVATE_BLOCKS
        .iter()
        .any(|block| network::contains(block, parsed))
    {
        return Err(validation(format!(
            "The IP address '{address}' must not be a publicly routable address"
        )));
    }
    match zone {
        Some(zone) => Ok(zone.into()),
        None => Err(validation(format!(
            "The IP address '{address}' is not within the VPC of the target group. You must specify an Availability Zone"
        ))),
    }
}

/// Deregistering a missing target succeeds. Without a port, all ports of the instance or address are deregistered.
fn deregister(region: &mut Region, call: &Call) -> Answer {
    let arn = call.text("TargetGroupArn");
    let used = region.elbv2.users_of(arn).next().is_some();
    let group = region.elbv2.target_group_mut(arn)?;
    check_any(call)?;
    let delay = Duration::from_secs(attributes::drain_seconds(group));
    let done = call.done_at(delay);
    for (id, port, _) in asked(call) {
        let gone = group.targets.iter_mut().filter(|target| {
            target.drains_until.is_none()
                && target.id == id
                && port.is_none_or(|port| target.port == port)
        });
        for target in gone {
            // Without a load balancer there is nothing to drain.
            target.drains_until = Some(if used { done } else { call.seconds() });
        }
    }
    group.targets.retain(|target| {
        target
            .drains_until
            .is_none_or(|until| call.seconds() < until)
    });
    Ok(Object::new())
}
