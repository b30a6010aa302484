//! A load balancer's network: subnets, security groups, address type.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::super::members::{object, optional, texts};
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::load_balancers;
use super::network;
use super::refusals::{configuration, not_here, refuse, validation};
use super::state::{LoadBalancer, Zone};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("SetSubnets", set_subnets).refusing(&[
        "SubnetMappings.AllocationId",
        "SubnetMappings.IPv6Address",
        "SubnetMappings.SourceNatIpv6Prefix",
    ]),
    Operation::change("SetSecurityGroups", set_security_groups),
    Operation::change("SetIpAddressType", set_address_type),
];

/// Addresses at the start of a subnet that AWS reserves; it also reserves the last one.
const RESERVED_ADDRESSES: u32 = 4;

/// Refuses what is not IPv4 only: the local EC2 has no IPv6.
pub(super) fn check_address_type(call: &Call) -> Result<(), Refusal> {
    match optional(&call.input, "IpAddressType") {
        None | Some("ipv4") => {}
        Some("dualstack-without-public-ipv4") => {
            return Err(configuration(
                "The IP address type 'dualstack-without-public-ipv4' is not supported for load balancers with type 'network'",
            ));
        }
        Some(other) => return Err(not_here("IpAddressType", other, call.operation)),
    }
    match optional(&call.input, "EnablePrefixForIpv6SourceNat") {
        None | Some("off") => Ok(()),
        Some(other) => Err(not_here(
            "EnablePrefixForIpv6SourceNat",
            other,
            call.operation,
        )),
    }
}

/// The VPC and the zones of the subnets in the input, in the order of the zones. `vpc` is the one that they must be in, once it is known.
pub(super) fn zones(
    region: &Region,
    call: &Call,
    vpc: Option<&str>,
) -> Result<(String, Vec<Zone>), Refusal> {
    let mappings = call.input.get("SubnetMappings").and_then(Value::as_array);
    let mappings = mappings.into_iter().flatten().map(|mapping| {
        let member = |name: &str| mapping[name].as_str();
        (
            member("SubnetId").unwrap_or_default(),
            member("PrivateIPv4Address"),
        )
    });
    let mut asked: Vec<(&str, Option<&str>)> = mappings.collect();
    let subnets = texts(&call.input, "Subnets");
    if !asked.is_empty() && !subnets.is_empty() {
        return Err(validation(
            "Only one of Subnets or SubnetMappings may be specified",
        ));
    }
    asked.extend(subnets.into_iter().map(|subnet| (subnet, None)));
    if asked.is_empty() {
        return Err(validation("At least one subnet must be specified"));
    }
    let mut vpc = vpc.map(str::to_owned);
    let mut zones: Vec<Zone> = Vec::new();
    for (id, address) in asked {
        let subnet = network::subnet(region, id).ok_or_else(|| {
            refuse(
                "SubnetNotFound",
                format!("The subnet ID '{id}' does not exist"),
            )
        })?;
        let vpc = vpc.get_or_insert_with(|| subnet.vpc.clone());
        if *vpc != subnet.vpc {
            return Err(configuration("All subnets must belong to the same VPC"));
        }
        if zones.iter().any(|zone| zone.name == subnet.zone) {
            return Err(configuration(
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
            ));
        }
        if let Some(address) = address {
            check_address(address, &subnet.cidr, id)?;
        }
        zones.push(Zone {
            name: subnet.zone,
            subnet: id.into(),
            address: address.map(str::to_owned),
        });
    }
    zones.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((vpc.unwrap_or_default(), zones))
}

fn check_address(address: &str, cidr: &str, subnet: &str) -> Result<(), Refusal> {
    let Ok(parsed) = address.parse::<Ipv4Addr>() else {
        return Err(validation(format!(
            "'{address}' is not a valid IPv4 address"
        )));
    };
    let (first, last) = network::range(cidr);
    let address_number = u32::from(parsed);
    if address_number < first.saturating_add(RESERVED_ADDRESSES) || address_number >= last {
        return Err(configuration(format!(
            "The private IPv4 address '{address}' is not available in the subnet '{subnet}'"
        )));
    }
    Ok(())
}

pub(super) fn check_security_groups(
    region: &Region,
    groups: &[String],
    vpc: &str,
) -> Result<(), Refusal> {
    let unique: BTreeSet<_> = groups.iter().collect();
    for group in unique {
        match network::vpc_of_group(region, group) {
            None => {
                return Err(refuse(
                    "InvalidSecurityGroup",
                    format!("The security group '{group}' does not exist"),
                ));
            }
            Some(of) if of != vpc => {
                return Err(configuration(format!(
                    "One or more security groups are invalid: '{group}' is not in the VPC of the load balancer"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The subnets replace the previous ones: zones are added and removed.
fn set_subnets(region: &mut Region, call: &Call) -> Answer {
    check_address_type(call)?;
    let arn = call.text("LoadBalancerArn");
    let before = region.elbv2.known_load_balancer(arn)?;
    let (_, zones) = zones(region, call, Some(&before.vpc))?;
    let after = LoadBalancer {
        zones,
        ..before.clone()
    };
    replace(region, call, arn, after.clone())?;
    Ok(Object::from_iter([
        (
            "AvailabilityZones".to_owned(),
            json!(load_balancers::zones(&after.zones)),
        ),
        ("IpAddressType".to_owned(), json!("ipv4")),
        ("EnablePrefixForIpv6SourceNat".to_owned(), json!("off")),
    ]))
}

/// A network load balancer created without groups can't get any, and one with groups keeps at least one.
fn set_security_groups(region: &mut Region, call: &Call) -> Answer {
    let arn = call.text("LoadBalancerArn");
    let before = region.elbv2.known_load_balancer(arn)?;
    if before.security_groups.is_empty() {
        return Err(configuration(
            "You cannot set security groups on a Network Load Balancer that was created without security groups",
        ));
    }
    let groups: Vec<_> = texts(&call.input, "SecurityGroups")
        .into_iter()
        .map(str::to_owned)
        .collect();
    if groups.is_empty() {
        return Err(configuration(
            "At least one security group must be specified",
        ));
    }
    check_security_groups(region, &groups, &before.vpc)?;
    let enforces = optional(
        &call.input,
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
    );
    let enforces = enforces.map(str::to_owned);
    let after = LoadBalancer {
        security_groups: groups,
        enforces_on_private_link: enforces.or_else(|| before.enforces_on_private_link.clone()),
        ..before.clone()
    };
    replace(region, call, arn, after.clone())?;
    let mut answer = object("SecurityGroupIds", after.security_groups);
    if let Some(enforces) = after.enforces_on_private_link {
        answer.insert(
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic".into(),
            enforces.into(),
        );
    }
    Ok(answer)
}

/// Stores a load balancer, and updates its network interfaces.
fn replace(
    region: &mut Region,
    call: &Call,
    arn: &str,
    after: LoadBalancer,
) -> Result<(), Refusal> {
    network::detach(region, arn, call.seconds());
    network::attach(region, arn, &after, call.seconds())?;
    region.elbv2.load_balancers.insert(arn, after);
    Ok(())
}

fn set_address_type(region: &mut Region, call: &Call) -> Answer {
    region
        .elbv2
        .known_load_balancer(call.text("LoadBalancerArn"))?;
    check_address_type(call)?;
    Ok(object("IpAddressType", call.text("IpAddressType")))
}
