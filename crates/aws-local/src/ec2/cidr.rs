//! Blocks of addresses in CIDR notation.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A block of IPv4 addresses, without bits outside its mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Block {
    first: u32,
    length: u32,
}

impl Block {
    /// The block in this notation; bits outside the mask are dropped, as AWS drops them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address = u32::from(address.parse::<Ipv4Addr>().ok()?);
        let length: u32 = length.parse().ok().filter(|length| *length <= 32)?;
        Some(Self {
            first: address & mask(length),
            length,
        })
    }

    /// The prefix length.
    pub(super) fn length(self) -> u32 {
        self.length
    }

    /// How many addresses.
    pub(super) fn size(self) -> u64 {
        1 << (32 - self.length)
    }

    pub(super) fn contains(self, other: Self) -> bool {
        self.length <= other.length && other.first & mask(self.length) == self.first
    }

    pub(super) fn has(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.length) == self.first
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// The usable addresses: AWS reserves the first four and the last.
    pub(super) fn usable(self) -> impl Iterator<Item = Ipv4Addr> {
        let last = self.first | !mask(self.length);
        (self.first.saturating_add(4)..last).map(Ipv4Addr::from)
    }
}

impl std::fmt::Display for Block {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", Ipv4Addr::from(self.first), self.length)
    }
}

fn mask(length: u32) -> u32 {
    u32::MAX.checked_shl(32 - length).unwrap_or(0)
}

/// A block of IPv6 addresses as AWS writes it.
pub(super) fn ipv6(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/')?;
    let address = u128::from(address.parse::<Ipv6Addr>().ok()?);
    let length: u32 = length.parse().ok().filter(|length| *length <= 128)?;
    let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
    Some(format!("{}/{length}", Ipv6Addr::from(address & mask)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_drop_what_is_outside_their_mask() {
        assert_eq!(
            Block::parse("10.1.2.3/8").unwrap().to_string(),
            "10.0.0.0/8"
        );
        assert_eq!(Block::parse("1.2.3.4/0").unwrap().to_string(), "0.0.0.0/0");
        assert_eq!(ipv6("2001:db8::1/32").as_deref(), Some("2001:db8::/32"));
        assert_eq!(ipv6("::/0").as_deref(), Some("::/0"));
        for text in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "x/8"] {
            assert_eq!(Block::parse(text), None, "{text}");
        }
    }

    #[test]
    fn aws_keeps_five_addresses_of_a_block() {
        let block = Block::parse("10.0.0.0/28").unwrap();
        let usable: Vec<Ipv4Addr> = block.usable().collect();
        assert_eq!(usable.len() as u64, block.size() - 5);
        assert_eq!(usable[0], Ipv4Addr::new(10, 0, 0, 4));
        assert_eq!(usable[10], Ipv4Addr::new(10, 0, 0, 14));
    }

    #[test]
    fn blocks_overlap_when_one_contains_the_other() {
        let block = |text| Block::parse(text).unwrap();
        assert!(block("10.0.0.0/8").overlaps(block("10.1.0.0/16")));
        assert!(block("10.1.0.0/16").overlaps(block("10.0.0.0/8")));
        assert!(!block("10.1.0.0/16").overlaps(block("10.2.0.0/16")));
    }
}
