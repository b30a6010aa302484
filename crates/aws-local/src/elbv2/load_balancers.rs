//! Network load balancers.

use std::time::Duration;

use aws_facts::hosts::{self, LOAD_BALANCER_ZONES};
use aws_facts::limits::elbv2::{LONGEST_NAME, MOST_LOAD_BALANCERS};
use serde_json::{Value, json};

use super::super::members::{object, optional, texts};
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::arn::{self, Kind};
use super::pages::page;
use super::refusals::{configuration, not_here, refuse, validation};
use super::state::{LoadBalancer, State, Zone};
use super::{attributes, network, placement, tags};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("CreateLoadBalancer", create).refusing(&[
        "SubnetMappings.AllocationId",
        "SubnetMappings.IPv6Address",
        "SubnetMappings.SourceNatIpv6Prefix",
        "CustomerOwnedIpv4Pool",
        "IpamPools",
    ]),
    Operation::read("DescribeLoadBalancers", list),
    Operation::read("DescribeCapacityReservation", capacity),
    Operation::begin("DeleteLoadBalancer", delete),
];

/// No load balancer here has a reservation, since there is no operation that makes one. Every member of the answer may be left out.
fn capacity(region: &Region, call: &Call) -> Answer {
    let arn = call.text("LoadBalancerArn");
    region.elbv2.known_load_balancer(arn)?;
    Ok(Object::new())
}

/// How long AWS provisions a network load balancer: "more than two minutes" in terraform-provider-aws #1838, four to five until it can be
/// reached in aws-load-balancer-controller #1786.
pub const PROVISIONING: Duration = Duration::from_secs(180);

/// How long a deleted load balancer's network interfaces remain. AWS publishes no number; tools that wait for them
/// (terraform-provider-aws #33645) do so for minutes.
pub const INTERFACES_LINGER: Duration = Duration::from_secs(60);

/// Refuses a name that a load balancer (`The load balancer name`) or a target group (`Target group name`) can't have.
pub(super) fn check_name(whose: &str, name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(validation(format!("{whose} '' cannot be empty")));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(validation(format!(
            "{whose} '{name}' cannot be longer than '{LONGEST_NAME}' characters"
        )));
    }
    if !name
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || character == '-')
    {
        return Err(validation(format!(
            "{whose} '{name}' can only contain characters that are alphanumeric characters and hyphens(-)"
        )));
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(validation(format!(
            "{whose} '{name}' cannot begin or end with a hyphen"
        )));
    }
    Ok(())
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let name = call.text("Name");
    check_name("The load balancer name", name)?;
    if name.starts_with("internal-") {
        return Err(validation(format!(
            "The load balancer name '{name}' cannot begin with 'internal-'"
        )));
    }
    match optional(&call.input, "Type") {
        Some("network") => {}
        other => {
            return Err(not_here(
                "Type",
                other.unwrap_or("application"),
                call.operation,
            ));
        }
    }
    placement::check_address_type(call)?;
    let wanted = wanted(region, call)?;
    let known = &region.elbv2.load_balancers;
    if let Some((arn, existing)) = known.iter().find(|(_, row)| row.name == name) {
        if !same(existing, &wanted) {
            return Err(refuse(
                "DuplicateLoadBalancerName",
                format!(
                    "A load balancer with the same name '{name}' exists, but with different settings"
                ),
            ));
        }
        let existing = describe(arn, existing, call, false);
        return Ok(object("LoadBalancers", vec![Value::Object(existing)]));
    }
    if known.len() >= MOST_LOAD_BALANCERS {
        return Err(refuse(
            "TooManyLoadBalancers",
            "The maximum number of load balancers has been reached",
        ));
    }
    let (arn, id) = arn::load_balancer(call, name);
    let made = LoadBalancer {
        dns_name: hosts::load_balancer(&format!("{name}-{id}"), &call.region),
        hosted_zone: LOAD_BALANCER_ZONES
            .iter()
            .find(|(known, _)| *known == call.region)
            .map_or("Z00000000000000000000", |(_, zone)| *zone)
            .into(),
        created: call.seconds(),
        active: call.done_at(PROVISIONING),
        ..wanted
    };
    network::attach(region, &arn, &made, call.seconds())?;
    let answer = describe(&arn, &made, call, true);
    region.elbv2.load_balancers.insert(&arn, made);
    Ok(object("LoadBalancers", vec![Value::Object(answer)]))
}

/// The validated input, still without names and times.
fn wanted(region: &Region, call: &Call) -> Result<LoadBalancer, Refusal> {
    let (vpc, zones) = placement::zones(region, call, None)?;
    let scheme = optional(&call.input, "Scheme").unwrap_or("internet-facing");
    if scheme == "internet-facing" && zones.iter().any(|zone| zone.address.is_some()) {
        return Err(configuration(
            "A private IPv4 address can only be specified for an internal load balancer",
        ));
    }
    let security_groups: Vec<_> = texts(&call.input, "SecurityGroups")
        .into_iter()
        .map(str::to_owned)
        .collect();
    placement::check_security_groups(region, &security_groups, &vpc)?;
    Ok(LoadBalancer {
        name: call.text("Name").into(),
        scheme: scheme.into(),
        enforces_on_private_link: (!security_groups.is_empty()).then(|| "on".into()),
        vpc,
        zones,
        security_groups,
        tags: tags::sent(call)?,
        ..LoadBalancer::default()
    })
}

/// Whether creating it again changes nothing, which AWS accepts as the same request.
fn same(existing: &LoadBalancer, wanted: &LoadBalancer) -> bool {
    existing.scheme == wanted.scheme
        && existing.zones == wanted.zones
        && sorted(&existing.security_groups) == sorted(&wanted.security_groups)
        && existing.tags == wanted.tags
}

fn sorted(texts: &[String]) -> Vec<&String> {
    let mut sorted: Vec<_> = texts.iter().collect();
    sorted.sort();
    sorted
}

/// Zones in responses.
pub(super) fn zones(zones: &[Zone]) -> Vec<Value> {
    let zone = |zone: &Zone| {
        let addresses = zone.address.as_ref();
        let addresses: Vec<_> = addresses
            .map(|address| json!({"PrivateIPv4Address": address}))
            .into_iter()
            .collect();
        json!({"ZoneName": zone.name, "SubnetId": zone.subnet, "LoadBalancerAddresses": addresses})
    };
    zones.iter().map(zone).collect()
}

/// A load balancer in responses. `begun` says that this call created it.
fn describe(arn: &str, load_balancer: &LoadBalancer, call: &Call, begun: bool) -> Object {
    let state = if begun {
        "provisioning"
    } else {
        load_balancer.state(call.seconds())
    };
    let mut answer = Object::from_iter(
        [
            ("LoadBalancerArn", json!(arn)),
            ("DNSName", json!(load_balancer.dns_name)),
            ("CanonicalHostedZoneId", json!(load_balancer.hosted_zone)),
            ("CreatedTime", json!(load_balancer.created)),
            ("LoadBalancerName", json!(load_balancer.name)),
            ("Scheme", json!(load_balancer.scheme)),
            ("VpcId", json!(load_balancer.vpc)),
            ("State", json!({"Code": state})),
            ("Type", json!("network")),
            ("AvailabilityZones", json!(zones(&load_balancer.zones))),
            ("IpAddressType", json!("ipv4")),
            ("EnablePrefixForIpv6SourceNat", json!("off")),
        ]
        .map(|(member, value)| (member.to_owned(), value)),
    );
    if !load_balancer.security_groups.is_empty() {
        answer.insert(
            "SecurityGroups".into(),
            json!(load_balancer.security_groups),
        );
    }
    if let Some(enforces) = &load_balancer.enforces_on_private_link {
        answer.insert(
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic".into(),
            json!(enforces),
        );
    }
    answer
}

fn list(region: &Region, call: &Call) -> Answer {
    let state = &region.elbv2;
    let arns = texts(&call.input, "LoadBalancerArns");
    let names = texts(&call.input, "Names");
    if !arns.is_empty() && !names.is_empty() {
        return Err(validation(
            "Load balancer names and load balancer ARNs cannot be specified at the same time",
        ));
    }
    for arn in &arns {
        Kind::LoadBalancer.check(arn)?;
    }
    let absent = |known: &dyn Fn(&&str) -> bool, asked: &[&str]| {
        asked.iter().any(|asked| !known(asked)).then(|| {
            refuse(
                "LoadBalancerNotFound",
                format!("Load balancers '[{}]' not found", asked.join(", ")),
            )
        })
    };
    let by_arn = |arn: &&str| state.load_balancers.contains(arn);
    let by_name = |name: &&str| named(state, name);
    if let Some(refusal) = absent(&by_arn, &arns).or_else(|| absent(&by_name, &names)) {
        return Err(refusal);
    }
    let rows = state
        .load_balancers
        .iter()
        .filter(|(arn, row)| {
            (arns.is_empty() || arns.contains(arn))
                && (names.is_empty() || names.contains(&row.name.as_str()))
        })
        .map(|(arn, row)| (arn, describe(arn, row, call, false)));
    page(call, "", "LoadBalancers", rows)
}

fn named(state: &State, name: &str) -> bool {
    state.load_balancers.values().any(|row| row.name == name)
}

/// Deleting a missing load balancer succeeds.
fn delete(region: &mut Region, call: &Call) -> Answer {
    let arn = call.text("LoadBalancerArn");
    Kind::LoadBalancer.check(arn)?;
    let Some(row) = region.elbv2.load_balancers.get(arn) else {
        return Ok(Object::new());
    };
    if attributes::protects(row) {
        return Err(refuse(
            "OperationNotPermitted",
            format!(
                "Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            ),
        ));
    }
    if region.apigateway.links_to(arn, call.seconds()) {
        return Err(refuse(
            "ResourceInUse",
            format!(
                "Load balancer '{arn}' cannot be deleted because it is currently associated with another service"
            ),
        ));
    }
    region.elbv2.load_balancers.remove(arn);
    region
        .elbv2
        .listeners
        .retain(|_, listener| listener.load_balancer != arn);
    network::detach(region, arn, call.done_at(INTERFACES_LINGER));
    Ok(Object::new())
}
