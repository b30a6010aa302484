//! A Region's initial state: AWS's default network, and two private subnets in it.
//!
//! Ids are derived from account and Region, so that a read before any write returns the same as later.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::cidr::Block;
use super::gateways::InternetGateway;
use super::subnets::Subnet;
use super::{GATEWAY, ROUTE_TABLE, SUBNET, State, VPC, vpcs, zones};

/// The addresses of AWS's default network.
const NETWORK: &str = "172.31.0.0/16";

/// AWS's default subnets, one per zone.
const PUBLIC: [&str; 6] = [
    "172.31.0.0/20",
    "172.31.16.0/20",
    "172.31.32.0/20",
    "172.31.48.0/20",
    "172.31.64.0/20",
    "172.31.80.0/20",
];

/// The private ones, which AWS does not have, in the first zones.
const PRIVATE: [&str; 2] = ["172.31.128.0/20", "172.31.144.0/20"];

/// An id from account and Region; `which` distinguishes several with one prefix.
pub(super) fn id(account: &str, region: &str, prefix: &str, which: &str) -> String {
    let digest = Sha256::digest(format!("{account}/{region}/{prefix}/{which}"));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}-{}", &hex[..17])
}

impl State {
    /// Whether the default network was created.
    pub(crate) fn has_ground(&self) -> bool {
        self.ground
    }

    /// The private subnets of the default network.
    pub(crate) fn private_subnets(&self, account: &str, region: &str) -> Vec<String> {
        let ids = PRIVATE
            .iter()
            .map(|cidr| id(account, region, SUBNET.prefix, cidr));
        ids.filter(|id| self.subnets.contains(id)).collect()
    }

    /// Adds a network with this id and these addresses; false if they are invalid.
    pub(crate) fn put_vpc(&mut self, vpc: &str, cidr: &str) -> bool {
        let Some(block) = Block::parse(cidr) else {
            return false;
        };
        self.insert_vpc(vpc, block, false, |word| {
            id(vpc, "", vpcs::kind_of(word), word)
        });
        true
    }

    /// Adds a private subnet with this id; false if its addresses are invalid.
    pub(crate) fn put_subnet(
        &mut self,
        subnet: &str,
        vpc: &str,
        zone: &str,
        cidr: &str,
        tags: BTreeMap<String, String>,
    ) -> bool {
        let Some(block) = Block::parse(cidr) else {
            return false;
        };
        self.subnets.insert(subnet, Subnet::new(vpc, zone, block));
        self.take_tags(subnet, tags);
        true
    }

    /// Creates the default network of an account in a Region, once.
    pub(crate) fn lay_ground(&mut self, account: &str, region: &str) {
        if self.ground {
            return;
        }
        self.ground = true;
        let id = |prefix: &str, which: &str| id(account, region, prefix, which);
        let block = |text: &str| Block::parse(text).expect("the ground's blocks are blocks");
        let vpc = id(VPC.prefix, "");
        self.insert_vpc(&vpc, block(NETWORK), true, |word| {
            id(vpcs::kind_of(word), word)
        });
        let gateway = id(GATEWAY.prefix, "");
        self.gateways.insert(
            &gateway,
            InternetGateway {
                vpc: Some(vpc.clone()),
            },
        );
        for (_, table) in self.route_tables.iter_mut() {
            if table.vpc == vpc {
                table.default_route(&gateway);
            }
        }
        let zones = zones::names(region);
        for (zone, cidr) in zones.iter().zip(PUBLIC) {
            let subnet = Subnet {
                default_for_zone: true,
                map_public_ip: true,
                ..Subnet::new(&vpc, zone, block(cidr))
            };
            self.subnets.insert(id(SUBNET.prefix, cidr), subnet);
        }
        let private = id(ROUTE_TABLE.prefix, "private");
        self.insert_route_table(&private, &vpc, None);
        for (zone, cidr) in zones.iter().zip(PRIVATE) {
            let subnet = id(SUBNET.prefix, cidr);
            self.subnets
                .insert(&subnet, Subnet::new(&vpc, zone, block(cidr)));
            if let Some(table) = self.route_tables.get_mut(&private) {
                table.subnets.insert(id("rtbassoc", cidr), subnet.clone());
            }
            let tier = [("tier".to_owned(), "private".to_owned())];
            self.tags.insert(&subnet, tier.into());
        }
    }
}
