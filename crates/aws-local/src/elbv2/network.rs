//! What load balancers need of EC2: subnets, groups, instances, and their nodes' interfaces.

use std::net::Ipv4Addr;

use super::super::ec2::Interface;
use super::super::operation::Refusal;
use super::super::state::Region;
use super::refusals::refuse;
use super::state::LoadBalancer;

/// The owner of a node's interface.
const REQUESTER: &str = "amazon-elb";

pub(super) struct Subnet {
    pub(super) vpc: String,
    pub(super) zone: String,
    pub(super) cidr: String,
}

pub(super) struct Instance {
    /// `pending`, `running` and so on.
    pub(super) state: &'static str,
    pub(super) vpc: String,
    pub(super) zone: String,
    groups: Vec<String>,
}

pub(super) fn has_vpc(region: &Region, id: &str) -> bool {
    region.ec2.vpc(id).is_some()
}

pub(super) fn subnet(region: &Region, id: &str) -> Option<Subnet> {
    let found = region.ec2.subnet(id)?;
    Some(Subnet {
        vpc: found.vpc_id.clone(),
        zone: found.zone.clone(),
        cidr: found.cidr.clone(),
    })
}

pub(super) fn vpc_of_group(region: &Region, id: &str) -> Option<String> {
    Some(region.ec2.security_group(id)?.vpc_id.clone())
}

/// The first and the last address of a block, as numbers.
pub(super) fn range(cidr: &str) -> (u32, u32) {
    let (address, bits) = cidr.split_once('/').unwrap_or((cidr, "32"));
    let first = address
        .parse()
        .map_or(0, |address: Ipv4Addr| u32::from(address));
    let host_bits = 32 - bits.parse::<u32>().unwrap_or(32).min(32);
    let mask = u32::MAX.checked_shr(32 - host_bits).unwrap_or(0);
    (first & !mask, first | mask)
}

/// Whether a block has an address.
pub(super) fn contains(cidr: &str, address: Ipv4Addr) -> bool {
    let (first, last) = range(cidr);
    (first..=last).contains(&u32::from(address))
}

/// The zone of the subnet that an address is in.
pub(super) fn zone_of_address(region: &Region, vpc: &str, address: Ipv4Addr) -> Option<String> {
    let mut subnets = region.ec2.subnets_of(vpc);
    let found = subnets.find(|subnet| contains(&subnet.cidr, address))?;
    Some(found.zone.clone())
}

/// Whether an address is the VPC's own.
pub(super) fn is_in_vpc(region: &Region, vpc: &str, address: Ipv4Addr) -> bool {
    let vpc = region.ec2.vpc(vpc);
    vpc.is_some_and(|vpc| contains(&vpc.cidr, address))
}

pub(super) fn instance(region: &Region, id: &str, now: f64) -> Option<Instance> {
    let state = region.ec2.instance_state(id, now)?;
    let interface = region
        .ec2
        .interfaces_in_use(now)
        .find(|(_, interface)| interface.instance.as_deref() == Some(id));
    Some(match interface {
        Some((_, interface)) => of_interface(region, state, interface),
        // Its interface is deleted when it is terminated.
        None => Instance {
            state,
            vpc: String::new(),
            zone: String::new(),
            groups: Vec::new(),
        },
    })
}

/// An instance's private address.
pub(super) fn address(region: &Region, id: &str, now: f64) -> Option<Ipv4Addr> {
    let mut interfaces = region.ec2.interfaces_in_use(now);
    let (_, interface) =
        interfaces.find(|(_, interface)| interface.instance.as_deref() == Some(id))?;
    interface.private_ip.parse().ok()
}

fn of_interface(region: &Region, state: &'static str, interface: &Interface) -> Instance {
    let subnet = region.ec2.subnet(&interface.subnet);
    Instance {
        state,
        vpc: interface.vpc.clone(),
        zone: subnet.map_or_else(String::new, |subnet| subnet.zone.clone()),
        groups: interface.groups.clone(),
    }
}

/// The instance that has an address in a VPC.
pub(super) fn instance_at(
    region: &Region,
    vpc: &str,
    address: Ipv4Addr,
    now: f64,
) -> Option<Instance> {
    let address = address.to_string();
    let (_, interface) = region
        .ec2
        .interfaces_in_use(now)
        .find(|(_, interface)| interface.vpc == vpc && interface.private_ip == address)?;
    let state = region
        .ec2
        .instance_state(interface.instance.as_deref()?, now)?;
    Some(of_interface(region, state, interface))
}

/// The description of the interfaces of a load balancer's nodes: `ELB net/name/id`.
fn description(arn: &str) -> String {
    let (_, resource) = arn.split_once(":loadbalancer/").unwrap_or_default();
    format!("ELB {resource}")
}

/// Creates the interfaces of a load balancer's nodes.
pub(super) fn attach(
    region: &mut Region,
    arn: &str,
    load_balancer: &LoadBalancer,
    now: f64,
) -> Result<(), Refusal> {
    for zone in &load_balancer.zones {
        let mut interface = Interface::default();
        interface.subnet.clone_from(&zone.subnet);
        interface.groups.clone_from(&load_balancer.security_groups);
        interface.description = description(arn);
        interface.requester = Some(REQUESTER.into());
        interface.interface_type = "network_load_balancer".into();
        interface.private_ip = zone.address.clone().unwrap_or_default();
        if region.ec2.add_interface(interface, now).is_none() {
            return Err(refuse(
                "InvalidSubnet",
                format!("Not enough IP space available in {}", zone.subnet),
            ));
        }
    }
    Ok(())
}

/// Deletes them, at a time in epoch seconds.
pub(super) fn detach(region: &mut Region, arn: &str, at: f64) {
    region.ec2.release_interfaces(&description(arn), at);
}

/// Whether a load balancer's nodes can reach a port of an instance, as health checks need.
pub(super) fn reaches(
    region: &Region,
    load_balancer: &str,
    to: &Instance,
    port: u64,
    now: f64,
) -> bool {
    let description = description(load_balancer);
    region
        .ec2
        .interfaces_in_use(now)
        .filter(|(_, node)| node.description == description)
        .any(|(_, node)| region.ec2.lets_in(&to.groups, port, node))
}

/// Whether security groups allow a port from everywhere. API Gateway's own addresses are not known, so only a rule for all
/// addresses allows traffic from a VPC link.
pub(super) fn lets_anybody_in(region: &Region, groups: &[String], port: u64) -> bool {
    let mut anybody = Interface::default();
    anybody.private_ip = Ipv4Addr::UNSPECIFIED.to_string();
    region.ec2.lets_in(groups, port, &anybody)
}
