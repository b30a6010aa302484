//! The path of a connection to a load balancer: listener, target group, target.

use std::net::{IpAddr, SocketAddr};

use super::super::state::Region;
use super::network;
use super::state::{Listener, LoadBalancer};
use super::target_health::takes_connections;

/// Why a connection to a load balancer fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum NoWay {
    /// There is no such load balancer.
    LoadBalancer,
    /// It is not active yet.
    Provisioning,
    /// Nothing listens on the port.
    Listener,
    /// Its security groups apply to PrivateLink traffic and don't allow the port.
    SecurityGroups,
    /// No target takes connections.
    Targets,
}

/// The target that gets a connection through PrivateLink to a load balancer's port, at a time in epoch seconds. Targets are
/// chosen round-robin by `turn`, groups by weight.
pub(crate) fn target_behind(
    region: &Region,
    load_balancer: &str,
    port: u16,
    turn: usize,
    now: f64,
) -> Result<SocketAddr, NoWay> {
    let row = region.elbv2.load_balancer(load_balancer);
    let row = row.ok_or(NoWay::LoadBalancer)?;
    if row.state(now) != "active" {
        return Err(NoWay::Provisioning);
    }
    let listener = region
        .elbv2
        .listeners_of(load_balancer)
        .map(|(_, listener)| listener)
        .find(|listener| {
            listener.port == u64::from(port)
                && matches!(listener.protocol.as_str(), "TCP" | "TLS" | "TCP_UDP")
        })
        .ok_or(NoWay::Listener)?;
    let judges = row.enforces_on_private_link.as_deref() == Some("on");
    if judges && !network::lets_anybody_in(region, &row.security_groups, port.into()) {
        return Err(NoWay::SecurityGroups);
    }
    let (group, turn) = group(listener, turn).ok_or(NoWay::Targets)?;
    let targets = targets(region, group, (load_balancer, row), now);
    let at = turn.checked_rem(targets.len()).ok_or(NoWay::Targets)?;
    Ok(targets[at])
}

/// The next target group, and the turn in the group.
fn group(listener: &Listener, turn: usize) -> Option<(&str, usize)> {
    let groups: Vec<_> = listener
        .actions
        .iter()
        .filter_map(|action| action["ForwardConfig"]["TargetGroups"].as_array())
        .flatten()
        .filter_map(|group| {
            let weight = group["Weight"].as_u64().unwrap_or(1);
            let weight = usize::try_from(weight).unwrap_or(usize::MAX);
            Some((group["TargetGroupArn"].as_str()?, weight))
        })
        .collect();
    let all = groups.iter().map(|(_, weight)| weight).sum();
    let mut at = turn.checked_rem(all)?;
    let round = turn / all;
    for (arn, weight) in groups {
        match at.checked_sub(weight) {
            Some(behind) => at = behind,
            None => return Some((arn, round.wrapping_mul(weight).wrapping_add(at))),
        }
    }
    None
}

/// The targets of a group that take connections.
fn targets(region: &Region, arn: &str, user: (&str, &LoadBalancer), now: f64) -> Vec<SocketAddr> {
    let Ok(group) = region.elbv2.target_group(arn) else {
        return Vec::new();
    };
    let usable = group
        .targets
        .iter()
        .filter(|target| takes_connections(region, group, target, user, now));
    usable
        .filter_map(|target| {
            let address = match target.id.parse::<IpAddr>() {
                Ok(address) => address,
                Err(_) => network::address(region, &target.id, now)?.into(),
            };
            Some(SocketAddr::new(address, u16::try_from(target.port).ok()?))
        })
        .collect()
}
