//! The permissions of calls that change security groups: the group, and its rules.

use serde_json::Value;

use super::super::operation::{Call, Object, Refusal};
use super::cidr::{self, Block};
use super::group_rules::{Rule, Source};
use super::model_check::shown;
use super::{GROUP, State, excludes, invalid, missing, objects, optional, refused};

/// A protocol and ports, as AWS keeps them.
pub(super) fn traffic(members: &Object) -> Result<(String, i64, i64), Refusal> {
    let Some(protocol) = optional(members, "IpProtocol") else {
        return Err(missing("ipProtocol"));
    };
    let protocol = match protocol.to_ascii_lowercase().as_str() {
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "1" => "icmp".to_owned(),
        "58" => "icmpv6".to_owned(),
        "all" => "-1".to_owned(),
        known @ ("tcp" | "udp" | "icmp" | "icmpv6" | "-1") => known.to_owned(),
        number if number.parse::<u8>().is_ok() => number.to_owned(),
        unknown => {
            return Err(refused(
                "InvalidPermission.Malformed",
                format!(
                    "Unsupported IP protocol \"{unknown}\"  - supported: [icmp, icmpv6, tcp, udp]"
                ),
            ));
        }
    };
    let port = |member: &str| members.get(member).and_then(Value::as_i64);
    let (from, to) = (port("FromPort"), port("ToPort"));
    match protocol.as_str() {
        "tcp" | "udp" => {
            let (Some(from), Some(to)) = (from, to) else {
                return Err(invalid(
                    "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
                ));
            };
            // The whole range may be written as -1 too.
            if (from, to) == (-1, -1) {
                return Ok((protocol, 0, 65535));
            }
            if from > to || from < 0 || to > 65535 {
                return Err(invalid(format!("Invalid TCP/UDP port range ({from}:{to})")));
            }
            Ok((protocol, from, to))
        }
        "icmp" | "icmpv6" => {
            let (from, to) = (from.unwrap_or(-1), to.unwrap_or(-1));
            if !(-1..=255).contains(&from) || !(-1..=255).contains(&to) {
                return Err(invalid(format!("Invalid ICMP type or code ({from}:{to})")));
            }
            Ok((protocol, from, to))
        }
        _ => Ok((protocol, -1, -1)),
    }
}

pub(super) fn source(ec2: &State, vpc: &str, member: &str, text: &str) -> Result<Source, Refusal> {
    let malformed = || invalid(format!("CIDR block {text} is malformed"));
    match member {
        "CidrIp" | "CidrIpv4" => Block::parse(text)
            .map(|block| Source::V4(block.to_string()))
            .ok_or_else(malformed),
        "CidrIpv6" => cidr::ipv6(text).map(Source::V6).ok_or_else(malformed),
        _ => {
            if ec2.wanted_group(text)?.vpc_id != vpc {
                return Err(refused(
                    "InvalidGroup.NotFound",
                    "You have specified two resources that belong to different networks.",
                ));
            }
            Ok(Source::Group(text.into()))
        }
    }
}

/// The rules of a call's permissions, without ids.
pub(super) fn rules(
    ec2: &State,
    call: &Call,
    group: &str,
    egress: bool,
) -> Result<Vec<Rule>, Refusal> {
    let vpc = &ec2.wanted_group(group)?.vpc_id;
    let mut rules: Vec<Rule> = Vec::new();
    let mut add = |members: &Object, member: &str, item: &Object| -> Result<(), Refusal> {
        let (protocol, from, to) = traffic(members)?;
        let text = optional(item, member).ok_or_else(|| missing("source"))?;
        let description = optional(item, "Description").map(str::to_owned);
        if description
            .as_ref()
            .is_some_and(|text| text.chars().count() > 255)
        {
            return Err(invalid(
                "Invalid rule description. Descriptions must have at most 255 characters.",
            ));
        }
        let rule = Rule {
            id: String::new(),
            egress,
            protocol,
            from,
            to,
            source: source(ec2, vpc, member, text)?,
            description,
        };
        if rules.iter().any(|other| other.is_same(&rule)) {
            return Err(invalid(
                "The same permission must not appear multiple times",
            ));
        }
        rules.push(rule);
        Ok(())
    };
    for permission in objects(&call.input, "IpPermissions").filter_map(Value::as_object) {
        let mut sources = 0;
        for (list, member) in [
            ("IpRanges", "CidrIp"),
            ("Ipv6Ranges", "CidrIpv6"),
            ("UserIdGroupPairs", "GroupId"),
        ] {
            for item in objects(permission, list).filter_map(Value::as_object) {
                sources += 1;
                // The local AWS knows one account, so no other has a group.
                if optional(item, "UserId").is_some_and(|account| account != call.account) {
                    return Err(GROUP.absent(optional(item, member).unwrap_or_default()));
                }
                add(permission, member, item)?;
            }
        }
        if sources == 0 {
            traffic(permission)?;
            return Err(missing("ipRanges"));
        }
    }
    // One permission may be sent without a list, in members of the call itself.
    let bare = ["CidrIp", "IpProtocol", "FromPort", "ToPort"];
    if let Some(member) = bare.iter().find(|member| call.input.contains_key(**member)) {
        if call.input.contains_key("IpPermissions") {
            return Err(excludes("ipPermissions", &shown(member)));
        }
        add(&call.input, "CidrIp", &call.input)?;
    }
    Ok(rules)
}

/// The group that a call names by id, or in the default network by name.
pub(super) fn group(ec2: &State, call: &Call) -> Result<String, Refusal> {
    match (
        optional(&call.input, "GroupId"),
        optional(&call.input, "GroupName"),
    ) {
        (Some(_), Some(_)) => Err(excludes("groupName", "groupId")),
        (Some(id), None) => ec2.wanted_group(id).map(|_| id.to_owned()),
        (None, Some(name)) => ec2.group_of_default_vpc(name),
        (None, None) => Err(missing("groupId")),
    }
}
