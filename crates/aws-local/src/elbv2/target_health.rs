//! The health of targets.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::super::members::object;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::health_check::TRAFFIC_PORT;
use super::network::{self, Instance};
use super::state::{LoadBalancer, Target, TargetGroup};
use super::targets::asked;

pub(super) const OPERATIONS: &[Operation] = &[Operation::read("DescribeTargetHealth", describe)
    .refusing(&["Include", "Targets.QuicServerId"])];

/// A target's health.
struct Health {
    state: &'static str,
    /// Its code, and what it says.
    reason: Option<(&'static str, &'static str)>,
}

impl Health {
    const HEALTHY: Self = Self {
        state: "healthy",
        reason: None,
    };

    const fn new(state: &'static str, code: &'static str, description: &'static str) -> Self {
        Self {
            state,
            reason: Some((code, description)),
        }
    }
}

const DRAINING: Health = Health::new(
    "draining",
    "Target.DeregistrationInProgress",
    "Target deregistration is in progress",
);

fn describe(region: &Region, call: &Call) -> Answer {
    let arn = call.text("TargetGroupArn");
    let group = region.elbv2.target_group(arn)?;
    let now = call.seconds();
    let is_terminated = |target: &Target| {
        let instance = region.ec2.instance_state(&target.id, now);
        group.target_type == "instance" && instance.is_none_or(|state| state == "terminated")
    };
    let present: Vec<_> = group
        .targets
        .iter()
        .filter(|target| target.drains_until.is_none_or(|until| now < until))
        .filter(|target| !is_terminated(target))
        .collect();
    let mut rows = Vec::new();
    let mut any_asked = false;
    for (id, port, zone) in asked(call) {
        any_asked = true;
        let known = present.iter().find(|target| group.is(target, id, port));
        let mut all = group.targets.iter();
        let gone = all.find(|target| {
            group.is(target, id, port)
                && region.ec2.instance(id, now).is_some()
                && is_terminated(target)
        });
        rows.push(match known.copied().or(gone) {
            // Asked for by its id, a terminated instance drains for as long as EC2 knows it.
            Some(target) if gone.is_some() => written(group, target, &DRAINING),
            Some(target) => row(region, arn, group, target, now)?,
            None => {
                let absent = Target {
                    id: id.into(),
                    port: port.unwrap_or(group.port),
                    zone: zone.map(str::to_owned),
                    ..Target::default()
                };
                let health = Health::new(
                    "unused",
                    "Target.NotRegistered",
                    "Target is not registered to the target group",
                );
                written(group, &absent, &health)
            }
        });
    }
    if !any_asked {
        for target in present {
            rows.push(row(region, arn, group, target, now)?);
        }
    }
    Ok(object("TargetHealthDescriptions", rows))
}

fn row(
    region: &Region,
    arn: &str,
    group: &TargetGroup,
    target: &Target,
    now: f64,
) -> Result<Value, Refusal> {
    let user = region.elbv2.users_of(arn).next();
    let user = user
        .map(|user| {
            region
                .elbv2
                .known_load_balancer(user)
                .map(|row| (user, row))
        })
        .transpose()?;
    Ok(written(
        group,
        target,
        &health(region, group, target, user, now),
    ))
}

/// The port on which a target is checked.
fn checked_port(group: &TargetGroup, target: &Target) -> u64 {
    match group.health_check.port.as_str() {
        TRAFFIC_PORT => target.port,
        port => port.parse().unwrap_or(target.port),
    }
}

/// A target's health. No target runs here: it is healthy if the network allows the checks.
fn health(
    region: &Region,
    group: &TargetGroup,
    target: &Target,
    user: Option<(&str, &LoadBalancer)>,
    now: f64,
) -> Health {
    if target.drains_until.is_some() {
        return DRAINING;
    }
    let Some((load_balancer, row)) = user else {
        return Health::new(
            "unused",
            "Target.NotInUse",
            "Target group is not configured to receive traffic from the load balancer",
        );
    };
    let instance = instance_of(region, group, target, now);
    if group.target_type == "instance" {
        match &instance {
            Some(instance) if instance.state == "running" => {}
            Some(instance) if matches!(instance.state, "stopping" | "stopped") => {
                return Health::new(
                    "unused",
                    "Target.InvalidState",
                    "Target is in the stopped state",
                );
            }
            Some(instance) if instance.state == "pending" => return initial(),
            _ => {
                return Health::new(
                    "unused",
                    "Target.InvalidState",
                    "Target is in the terminated state",
                );
            }
        }
    }
    let zone = instance.as_ref().map(|instance| instance.zone.as_str());
    let zone = target.zone.as_deref().or(zone);
    if zone.is_some_and(|zone| zone != "all" && !row.zones.iter().any(|known| known.name == zone)) {
        return Health::new(
            "unused",
            "Target.NotInUse",
            "Target is in an Availability Zone that is not enabled for the load balancer",
        );
    }
    if now < target.checked || now < row.active {
        return initial();
    }
    let port = checked_port(group, target);
    if instance.is_none_or(|instance| reached(region, load_balancer, &instance, port, now)) {
        Health::HEALTHY
    } else {
        Health::new(
            "unhealthy",
            "Target.FailedHealthChecks",
            "Health checks failed",
        )
    }
}

fn reached(region: &Region, load_balancer: &str, to: &Instance, port: u64, now: f64) -> bool {
    to.state == "running" && network::reaches(region, load_balancer, to, port, now)
}

/// Whether a load balancer sends connections to a target: it is healthy, and the network allows its port, which may differ from
/// the checked one.
pub(super) fn takes_connections(
    region: &Region,
    group: &TargetGroup,
    target: &Target,
    user: (&str, &LoadBalancer),
    now: f64,
) -> bool {
    health(region, group, target, Some(user), now).state == Health::HEALTHY.state
        && instance_of(region, group, target, now)
            .is_none_or(|instance| reached(region, user.0, &instance, target.port, now))
}

/// The instance that a target is, if it is one.
fn instance_of(
    region: &Region,
    group: &TargetGroup,
    target: &Target,
    now: f64,
) -> Option<Instance> {
    match target.id.parse::<Ipv4Addr>() {
        Ok(address) => network::instance_at(region, &group.vpc, address, now),
        Err(_) => network::instance(region, &target.id, now),
    }
}

fn initial() -> Health {
    Health::new(
        "initial",
        "Elb.RegistrationInProgress",
        "Target registration is in progress",
    )
}

/// A target and its health in responses.
fn written(group: &TargetGroup, target: &Target, health: &Health) -> Value {
    let mut described = Object::from_iter([
        ("Id".to_owned(), json!(target.id)),
        ("Port".to_owned(), json!(target.port)),
    ]);
    if let Some(zone) = &target.zone {
        described.insert("AvailabilityZone".into(), json!(zone));
    }
    let mut state = object("State", health.state);
    if let Some((code, description)) = health.reason {
        state.insert("Reason".into(), json!(code));
        state.insert("Description".into(), json!(description));
    }
    json!({
        "Target": described,
        "HealthCheckPort": checked_port(group, target).to_string(),
        "TargetHealth": state,
    })
}
