//! Target groups of network load balancers.

use aws_facts::limits::elbv2::MOST_TARGET_GROUPS;
use serde_json::{Value, json};

use super::super::members::{object, optional, texts};
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::arn::{self, Kind};
use super::load_balancers::check_name;
use super::pages::page;
use super::refusals::{configuration, not_here, refuse, validation};
use super::state::{State, TargetGroup, number};
use super::{health_check, network, tags};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateTargetGroup", create).refusing(&[
        "ProtocolVersion",
        "Matcher.GrpcCode",
        "TargetControlPort",
    ]),
    Operation::read("DescribeTargetGroups", list),
    Operation::change("ModifyTargetGroup", modify).refusing(&["Matcher.GrpcCode"]),
    Operation::change("DeleteTargetGroup", delete),
];

/// The implemented protocols of a network load balancer's groups, without QUIC.
const PROTOCOLS: &[&str] = &["TCP", "TLS", "UDP", "TCP_UDP"];

fn create(region: &mut Region, call: &Call) -> Answer {
    let name = call.text("Name");
    check_name("Target group name", name)?;
    let wanted = wanted(region, call)?;
    let known = &region.elbv2.target_groups;
    if let Some((arn, existing)) = known.iter().find(|(_, group)| group.name == name) {
        if !same(existing, &wanted) {
            return Err(refuse(
                "DuplicateTargetGroupName",
                format!(
                    "A target group with the same name '{name}' exists, but with different settings"
                ),
            ));
        }
        return Ok(answer(&region.elbv2, arn, existing));
    }
    if known.len() >= MOST_TARGET_GROUPS {
        return Err(refuse(
            "TooManyTargetGroups",
            "The maximum number of target groups has been reached",
        ));
    }
    let arn = arn::target_group(call, name);
    let answer = answer(&region.elbv2, &arn, &wanted);
    region.elbv2.target_groups.insert(&arn, wanted);
    Ok(answer)
}

fn wanted(region: &Region, call: &Call) -> Result<TargetGroup, Refusal> {
    let input = &call.input;
    let target_type = optional(input, "TargetType").unwrap_or("instance");
    if !matches!(target_type, "instance" | "ip") {
        return Err(not_here("TargetType", target_type, call.operation));
    }
    let Some(protocol) = optional(input, "Protocol") else {
        return Err(validation("A protocol must be specified"));
    };
    if !PROTOCOLS.contains(&protocol) {
        return Err(not_here("Protocol", protocol, call.operation));
    }
    let Some(port) = number(input, "Port") else {
        return Err(validation("A port must be specified"));
    };
    let Some(vpc) = optional(input, "VpcId") else {
        return Err(validation("A VPC ID must be specified"));
    };
    if !network::has_vpc(region, vpc) {
        return Err(validation(format!("The VPC ID '{vpc}' is not found")));
    }
    if let Some(kind) = optional(input, "IpAddressType").filter(|kind| *kind != "ipv4") {
        return Err(not_here("IpAddressType", kind, call.operation));
    }
    Ok(TargetGroup {
        name: call.text("Name").into(),
        protocol: protocol.into(),
        port,
        vpc: vpc.into(),
        target_type: target_type.into(),
        health_check: health_check::new(call)?,
        tags: tags::sent(call)?,
        ..TargetGroup::default()
    })
}

/// Whether creating it again changes nothing, which AWS accepts as the same request.
fn same(existing: &TargetGroup, wanted: &TargetGroup) -> bool {
    existing.protocol == wanted.protocol
        && existing.port == wanted.port
        && existing.vpc == wanted.vpc
        && existing.target_type == wanted.target_type
        && existing.health_check == wanted.health_check
        && existing.tags == wanted.tags
}

fn answer(state: &State, arn: &str, group: &TargetGroup) -> Object {
    object(
        "TargetGroups",
        vec![Value::Object(describe(state, arn, group))],
    )
}

/// A target group in responses.
fn describe(state: &State, arn: &str, group: &TargetGroup) -> Object {
    let mut users: Vec<_> = state.users_of(arn).collect();
    users.dedup();
    let mut answer = health_check::describe(&group.health_check);
    answer.extend(
        [
            ("TargetGroupArn", json!(arn)),
            ("TargetGroupName", json!(group.name)),
            ("Protocol", json!(group.protocol)),
            ("Port", json!(group.port)),
            ("VpcId", json!(group.vpc)),
            ("TargetType", json!(group.target_type)),
            ("LoadBalancerArns", json!(users)),
            ("IpAddressType", json!("ipv4")),
        ]
        .map(|(member, value)| (member.to_owned(), value)),
    );
    answer
}

fn list(region: &Region, call: &Call) -> Answer {
    let state = &region.elbv2;
    let arns = texts(&call.input, "TargetGroupArns");
    let names = texts(&call.input, "Names");
    let load_balancer = optional(&call.input, "LoadBalancerArn");
    let asked = [!arns.is_empty(), !names.is_empty(), load_balancer.is_some()];
    if asked.iter().filter(|asked| **asked).count() > 1 {
        return Err(validation(
            "Target group names, target group ARNs and a load balancer ARN cannot be specified at the same time",
        ));
    }
    for arn in &arns {
        Kind::TargetGroup.check(arn)?;
    }
    if let Some(arn) = load_balancer {
        state.known_load_balancer(arn)?;
    }
    let named = |name: &str| state.target_groups.values().any(|group| group.name == name);
    if !arns.iter().all(|arn| state.target_groups.contains(arn))
        || !names.iter().all(|name| named(name))
    {
        return Err(refuse(
            "TargetGroupNotFound",
            "One or more target groups not found",
        ));
    }
    let rows = state
        .target_groups
        .iter()
        .filter(|(arn, group)| {
            (arns.is_empty() || arns.contains(arn))
                && (names.is_empty() || names.contains(&group.name.as_str()))
                && load_balancer.is_none_or(|asked| state.users_of(arn).any(|user| user == asked))
        })
        .map(|(arn, group)| (arn, describe(state, arn, group)));
    page(
        call,
        load_balancer.unwrap_or_default(),
        "TargetGroups",
        rows,
    )
}

fn modify(region: &mut Region, call: &Call) -> Answer {
    let arn = call.text("TargetGroupArn");
    let group = region.elbv2.target_group_mut(arn)?;
    group.health_check = health_check::over(call, group.health_check.clone())?;
    let group = group.clone();
    Ok(answer(&region.elbv2, arn, &group))
}

/// Deleting a missing target group succeeds.
fn delete(region: &mut Region, call: &Call) -> Answer {
    let arn = call.text("TargetGroupArn");
    Kind::TargetGroup.check(arn)?;
    if region.elbv2.users_of(arn).next().is_some() {
        return Err(refuse(
            "ResourceInUse",
            format!("Target group '{arn}' is currently in use by a listener or a rule"),
        ));
    }
    region.elbv2.target_groups.remove(arn);
    Ok(Object::new())
}

/// Whether a listener of this protocol can forward to the group, and the load balancer is in its VPC.
pub(super) fn check_fits(
    arn: &str,
    group: &TargetGroup,
    listener_protocol: &str,
    vpc: &str,
) -> Result<(), Refusal> {
    let fits = match listener_protocol {
        "TCP" => matches!(group.protocol.as_str(), "TCP" | "TCP_UDP"),
        "TLS" => matches!(group.protocol.as_str(), "TCP" | "TLS"),
        "UDP" => matches!(group.protocol.as_str(), "UDP" | "TCP_UDP"),
        protocol => group.protocol == protocol,
    };
    if !fits {
        return Err(refuse(
            "IncompatibleProtocols",
            format!(
                "The listener protocol '{listener_protocol}' is not compatible with the protocol '{}' of the target group '{arn}'",
                group.protocol
            ),
        ));
    }
    if group.vpc != vpc {
        return Err(configuration(format!(
            "The target group '{arn}' is not in the same VPC as the load balancer"
        )));
    }
    Ok(())
}
