//! Private backends: subnets, an existing load balancer, and existing targets.

use std::collections::BTreeSet;

use super::{Flight, listed};
use crate::kinds::lookups::{ExistingLoadBalancer, Location, Range, Subnet};
use crate::stack::check::{no_listener, port_of};
use crate::stack::diagnostic::Code;
use crate::stack::file::{LoadBalancer, Subnets};
use crate::stack::interpolate::Piece;
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

pub(super) fn check(flight: &mut Flight<'_>) {
    let Some(table) = &flight.file.load_balancer else {
        return;
    };
    let path = KeyPath::from(["load_balancer"]);
    if let Some(written) = &table.existing {
        existing(flight, &path.join("existing"), written);
        return;
    }
    subnets(flight, &path.join("subnets"), table);
    instances(flight, &path.join("targets"), table);
    addresses(flight, &path.join("targets").join("ips"), table);
}

fn subnets(flight: &mut Flight<'_>, path: &KeyPath, table: &LoadBalancer) {
    let found = &flight.lookups.subnets;
    match &table.subnets {
        Some(Subnets::Ids(ids)) => {
            for id in ids {
                if !found.iter().any(|subnet| subnet.id == *id) {
                    let message =
                        format!("there is no subnet `{id}` in {}", flight.file.stack.region);
                    let help = "`aws ec2 describe-subnets` lists those of this account and Region";
                    flight.element_error(Code::Absent, path, id, message, help);
                }
            }
        }
        Some(Subnets::Find(find)) if flight.lookups.vpc.is_none() => {
            let region = &flight.file.stack.region;
            let (message, help) = match find.vpc.as_str() {
                "default" => (
                    format!("{region} has no default VPC in this account"),
                    "name a VPC by its id; `aws ec2 describe-vpcs` lists them",
                ),
                id => (
                    format!("there is no VPC `{id}` in {region}"),
                    "`aws ec2 describe-vpcs` lists those of this account and Region",
                ),
            };
            flight.error(Code::Absent, &path.join("vpc"), message, help);
            return;
        }
        Some(Subnets::Find(find)) if found.is_empty() => {
            let vpc = flight.lookups.vpc.as_deref().unwrap_or_default();
            let tags: Vec<_> = find
                .tags
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let (message, help) = match tags.is_empty() {
                true => (
                    format!("{vpc} has no subnets"),
                    "make one in each Availability Zone first",
                ),
                false => (
                    format!("{vpc} has no subnet tagged {}", tags.join(", ")),
                    "tag the private ones, or list their ids",
                ),
            };
            flight.error(Code::Absent, path, message, help);
            return;
        }
        _ => {}
    }
    together(flight, path, found);
    for subnet in found.iter().filter(|subnet| subnet.public) {
        let message = format!(
            "the subnet {} ({}) is public: its route table has a route to an internet gateway",
            subnet.id, subnet.zone
        );
        let help = "choose private ones; the load balancer is internal either way";
        let span = flight.checked.spans.element(path, &subnet.id);
        let diagnostic = crate::stack::Diagnostic::warning(Code::Exposed, message);
        flight.list.push(diagnostic.at(span).help(help));
    }
}

/// A load balancer is in one VPC, with one subnet in each zone.
fn together(flight: &mut Flight<'_>, path: &KeyPath, found: &[Subnet]) {
    // In the order of the zones.
    let by = |key: fn(&Subnet) -> &String| {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for subnet in found {
            let key = key(subnet).as_str();
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, group)) => group.push(&subnet.id),
                None => groups.push((key, vec![&subnet.id])),
            }
        }
        groups
    };
    let vpcs = by(|subnet| &subnet.vpc);
    if vpcs.len() > 1 {
        let which: Vec<_> = vpcs
            .iter()
            .map(|(vpc, subnets)| format!("{vpc} ({})", listed(subnets.iter().copied())))
            .collect();
        let message = format!(
            "the subnets are of {} VPCs: {}",
            vpcs.len(),
            which.join(", ")
        );
        flight.error(Code::BadNetwork, path, message, "keep those of one VPC");
        return;
    }
    let zones = by(|subnet| &subnet.zone);
    for (zone, subnets) in zones.iter().filter(|(_, subnets)| subnets.len() > 1) {
        let which = listed(subnets.iter().copied());
        let message = format!("{which} are {} subnets in one zone, {zone}", subnets.len());
        let help = "a load balancer takes one subnet in each zone: keep one of them";
        flight.error(Code::BadNetwork, path, message, help);
    }
    if zones.len() == 1 && found.len() == 1 {
        let message = format!(
            "all of it is in one zone, {}, and fails with it",
            found[0].zone
        );
        let help = "add a subnet in another Availability Zone";
        flight.warning(Code::BadNetwork, path, message, help);
    }
}

fn instances(flight: &mut Flight<'_>, path: &KeyPath, table: &LoadBalancer) {
    let Some(targets) = &table.targets else {
        return;
    };
    let found = &flight.lookups.instances;
    let (here, named) = match (&targets.instance_ids, &targets.instance_tags) {
        (Some(ids), _) => (path.join("instance_ids"), Some(ids)),
        (None, Some(_)) => (path.join("instance_tags"), None),
        (None, None) => return,
    };
    let known: BTreeSet<_> = found.iter().map(|instance| &instance.id).collect();
    for id in named.into_iter().flatten().filter(|id| !known.contains(id)) {
        let message = format!(
            "there is no instance `{id}` in {}",
            flight.file.stack.region
        );
        let help = "`aws ec2 describe-instances` lists those of this account and Region";
        flight.element_error(Code::Absent, &here, id, message, help);
    }
    if named.is_none() && found.is_empty() {
        let message = "no instance carries these tags";
        flight.error(
            Code::Absent,
            &here,
            message,
            "tag the instances, or list their ids",
        );
    }
    let vpc = flight.lookups.subnets.first().map(|subnet| &subnet.vpc);
    for instance in found {
        let (id, state) = (&instance.id, &instance.state);
        if ["terminated", "shutting-down"].contains(&state.as_str()) {
            let message = format!("the instance {id} is {state}");
            flight.element_error(Code::BadNetwork, &here, id, message, "name one that runs");
            continue;
        }
        if let Some(vpc) = vpc.filter(|vpc| **vpc != instance.vpc) {
            let message = format!(
                "the instance {id} is in {}, and the load balancer in {vpc}",
                instance.vpc
            );
            let help = "a load balancer reaches instances of its own VPC only";
            flight.element_error(Code::BadNetwork, &here, id, message, help);
        } else if state != "running" {
            let message = format!("the instance {id} is {state}, so it does not answer");
            let span = flight.checked.spans.element(&here, id);
            let diagnostic = crate::stack::Diagnostic::warning(Code::BadNetwork, message);
            flight
                .list
                .push(diagnostic.at(span).help("start it, or leave it out"));
        }
    }
}

/// AWS registers an address of the VPC only if a subnet has it.
fn addresses(flight: &mut Flight<'_>, path: &KeyPath, table: &LoadBalancer) {
    let ips = table.targets.iter().flat_map(|targets| &targets.ips);
    let Some(subnet) = flight.lookups.subnets.first() else {
        return;
    };
    let (vpc, ranges) = (&subnet.vpc, &flight.lookups.addresses);
    let written = |ranges: &[Range]| {
        let ranges: Vec<_> = ranges.iter().map(Range::to_string).collect();
        ranges.join(", ")
    };
    for ip in ips.flatten() {
        match ranges.locate(ip) {
            Location::Subnet => {}
            Location::NoSubnet => {
                let message = format!("`{ip}` is in {vpc}, but in none of its subnets");
                let help = format!(
                    "use an address of its subnets: {}",
                    written(&ranges.subnets)
                );
                flight.element_error(Code::BadNetwork, path, ip, message, help);
            }
            Location::Outside => {
                let message = format!("`{ip}` is outside {vpc} ({})", written(&ranges.vpc));
                let help = "it needs a route from the VPC, such as a peering connection or a VPN";
                let span = flight.checked.spans.element(path, ip);
                let diagnostic = crate::stack::Diagnostic::warning(Code::BadNetwork, message);
                flight.list.push(diagnostic.at(span).help(help));
            }
        }
    }
}

fn existing(flight: &mut Flight<'_>, path: &KeyPath, written: &str) {
    let Some(balancer) = &flight.lookups.load_balancer else {
        let message = format!(
            "there is no load balancer `{written}` in {}",
            flight.file.stack.region
        );
        let help = "`aws elbv2 describe-load-balancers` lists those of this account and Region";
        flight.error(Code::Absent, path, message, help);
        return;
    };
    if balancer.balancer_type != "network" {
        let message = format!(
            "`{written}` is not a network load balancer but one of type {}",
            balancer.balancer_type
        );
        let help = "a VPC link of a REST API needs a network load balancer";
        flight.error(Code::BadNetwork, path, message, help);
        return;
    }
    if balancer.state == "failed" {
        let message = format!("the load balancer `{written}` is in the state `failed`");
        flight.error(
            Code::BadNetwork,
            path,
            message,
            "its owner has to recreate it",
        );
        return;
    }
    if !balancer.internal {
        let message =
            "the load balancer has public addresses, so that its targets answer without the API";
        let help = "use an internal one, so that no call bypasses tokens and API keys";
        flight.warning(Code::Exposed, path, message, help);
    } else if balancer.security_groups.is_empty() {
        let message = "the load balancer has no security group, so everything in its VPC reaches it without the API";
        let help = "only its owner can add one, and only by recreating it";
        flight.warning(Code::Exposed, path, message, help);
    }
    let ports = ports(flight, balancer);
    unreachable(flight, path, balancer, &ports);
}

/// The ports of routes; one without a listener is an error at its route.
fn ports(flight: &mut Flight<'_>, balancer: &ExistingLoadBalancer) -> BTreeSet<u16> {
    let there: BTreeSet<u16> = balancer.ports.iter().copied().collect();
    let mut called = BTreeSet::new();
    let Some(api) = &flight.file.api else {
        return called;
    };
    for (name, route) in &api.routes {
        let Some(url) = route.http.as_ref().filter(|_| route.via.is_some()) else {
            continue;
        };
        let Some(port) = port_of(&made_out(flight, url)) else {
            continue;
        };
        if there.contains(&port) {
            called.insert(port);
            continue;
        }
        let (message, help) = no_listener(port, &there, "ask its owner for a listener");
        let path = KeyPath::from(["api", "routes", name, "http"]);
        flight.error(Code::NoListener, &path, message, help);
    }
    called
}

/// A route's URL with sample values for references and stage variables, for its port.
fn made_out(flight: &Flight<'_>, url: &Template) -> String {
    let made_out = |text: &Template| match flight.known(text) {
        Some(text) => text,
        None => text
            .pieces()
            .into_iter()
            .map(|piece| match piece {
                Piece::Literal(text) => text,
                Piece::Reference(_) => "x".into(),
            })
            .collect(),
    };
    let mut text: String = made_out(url);
    for (name, value) in flight.file.api.iter().flat_map(|api| &api.stage_variables) {
        text = text.replace(&format!("${{stageVariables.{name}}}"), &made_out(value));
    }
    text
}

/// Security groups that apply to a VPC link must allow every address, since API Gateway's are not known.
fn unreachable(
    flight: &mut Flight<'_>,
    path: &KeyPath,
    balancer: &ExistingLoadBalancer,
    called: &BTreeSet<u16>,
) {
    if !balancer.judges_private_link {
        return;
    }
    let is_open = |port: &&u16| {
        let mut ranges = balancer.open_ports.iter();
        ranges.any(|(from, to)| (from..=to).contains(port))
    };
    let shut: Vec<_> = called
        .iter()
        .filter(|port| !is_open(port))
        .map(u16::to_string)
        .collect();
    if shut.is_empty() {
        return;
    }
    let groups = listed(balancer.security_groups.iter().map(String::as_str));
    let message = format!(
        "the load balancer's security groups filter traffic from a VPC link, and may block it on port {}",
        shut.join(", ")
    );
    let help = format!(
        "have its owner switch that off (EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic), or add an inbound rule to \
         {groups}: TCP {} from API Gateway's addresses",
        shut.join(", ")
    );
    flight.warning(Code::BadNetwork, path, message, help);
}
