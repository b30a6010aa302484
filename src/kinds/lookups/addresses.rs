//! The IPv4 addresses of a VPC and its subnets.

use std::fmt::{self, Display};
use std::net::Ipv4Addr;

/// An address range, as in `10.7.0.0/16`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Range {
    first: Ipv4Addr,
    bits: u32,
}

impl Range {
    /// The range of a text such as `10.7.0.0/16`.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, bits) = text.split_once('/')?;
        let (first, bits) = (first.parse().ok()?, bits.parse().ok()?);
        (bits <= 32).then_some(Self { first, bits })
    }

    fn contains(self, address: Ipv4Addr) -> bool {
        let differ = self.first.to_bits() ^ address.to_bits();
        differ.leading_zeros() >= self.bits
    }
}

impl Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

/// The address ranges of the load balancer's VPC. Empty without a lookup.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Addresses {
    /// The ranges of the VPC.
    pub vpc: Vec<Range>,
    /// The ranges of all of its subnets.
    pub subnets: Vec<Range>,
}

/// Where an address is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Location {
    /// In a subnet of the VPC, or not looked up.
    Subnet,
    /// In the VPC's ranges, but in none of its subnets.
    NoSubnet,
    /// Outside the VPC.
    Outside,
}

impl Addresses {
    /// Where an address is.
    pub fn locate(&self, address: &str) -> Location {
        let Ok(address) = address.parse() else {
            return Location::Subnet;
        };
        let has = |ranges: &[Range]| ranges.iter().any(|range| range.contains(address));
        if self.vpc.is_empty() || has(&self.subnets) {
            Location::Subnet
        } else if has(&self.vpc) {
            Location::NoSubnet
        } else {
            Location::Outside
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_a_subnet_or_only_in_the_vpc_or_outside() {
        let ranges = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| Range::parse(text).unwrap())
                .collect()
        };
        let addresses = Addresses {
            vpc: ranges(&["10.7.0.0/16", "100.64.0.0/20"]),
            subnets: ranges(&["10.7.1.0/24", "10.7.2.128/25"]),
        };
        for (address, location) in [
            ("10.7.1.0", Location::Subnet),
            ("10.7.2.128", Location::Subnet),
            ("10.7.2.127", Location::NoSubnet),
            ("100.64.15.255", Location::NoSubnet),
            ("100.64.16.0", Location::Outside),
            ("10.8.0.1", Location::Outside),
        ] {
            assert_eq!(addresses.locate(address), location, "{address}");
        }
        assert_eq!(Addresses::default().locate("10.8.0.1"), Location::Subnet);
        assert!(
            Range::parse("0.0.0.0/0")
                .unwrap()
                .contains(Ipv4Addr::BROADCAST)
        );
        assert_eq!(Range::parse("10.0.0.0/33"), None);
    }
}
