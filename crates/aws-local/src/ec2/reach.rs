//! What security groups allow to an instance, for the services that send traffic to instances.

use std::net::Ipv4Addr;

use super::cidr::Block;
use super::group_rules::{Rule, Source};
use super::{Interface, State, Subnet};

impl State {
    /// The subnets of a network.
    pub(crate) fn subnets_of(&self, vpc: &str) -> impl Iterator<Item = &Subnet> {
        self.subnets
            .values()
            .filter(move |subnet| subnet.vpc_id == vpc)
    }

    /// Whether any of these groups allows TCP traffic to a port from an interface.
    pub(crate) fn lets_in(&self, groups: &[String], port: u64, from: &Interface) -> bool {
        groups
            .iter()
            .filter_map(|id| self.groups.get(id))
            .flat_map(|group| &group.rules)
            .any(|rule| !rule.egress && rule.covers(port) && rule.source.is(from))
    }
}

impl Rule {
    /// Whether it covers TCP traffic to a port.
    fn covers(&self, port: u64) -> bool {
        let ports = || {
            let port = i64::try_from(port).unwrap_or(i64::MAX);
            self.from == -1 || (self.from..=self.to).contains(&port)
        };
        match self.protocol.as_str() {
            "-1" => true,
            "tcp" => ports(),
            _ => false,
        }
    }
}

impl Source {
    /// Whether an interface is such a source.
    fn is(&self, interface: &Interface) -> bool {
        match self {
            Self::Group(id) => interface.groups.contains(id),
            Self::V4(block) => {
                let address = interface.private_ip.parse::<Ipv4Addr>();
                Block::parse(block)
                    .zip(address.ok())
                    .is_some_and(|(block, address)| block.has(address))
            }
            Self::V6(_) => false,
        }
    }
}
