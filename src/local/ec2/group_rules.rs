//! The rules of security groups: each is one protocol, one range of ports and one source or destination.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::cidr::{self, Block};
use super::describe::{Listing, list};
use super::{
    GROUP, GROUP_RULE, State, invalid, missing, objects, one, optional, refused, tags, texts,
};

/// What a permission can name that the local AWS does not have.
const NOT_HERE: &[&str] = &[
    "IpPermissions.PrefixListIds",
    "IpPermissions.UserIdGroupPairs.GroupName",
    "IpPermissions.UserIdGroupPairs.PeeringStatus",
    "IpPermissions.UserIdGroupPairs.VpcId",
    "IpPermissions.UserIdGroupPairs.VpcPeeringConnectionId",
    "SourceSecurityGroupName",
    "SourceSecurityGroupOwnerId",
];

/// The same, for operations that have permissions only.
const NOT_HERE_EITHER: &[&str] = &[
    "IpPermissions.PrefixListIds",
    "IpPermissions.UserIdGroupPairs.GroupName",
    "IpPermissions.UserIdGroupPairs.PeeringStatus",
    "IpPermissions.UserIdGroupPairs.VpcId",
    "IpPermissions.UserIdGroupPairs.VpcPeeringConnectionId",
];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("AuthorizeSecurityGroupIngress", |region, call| {
        authorize(region, call, false)
    })
    .refusing(NOT_HERE),
    Operation::change("AuthorizeSecurityGroupEgress", |region, call| {
        authorize(region, call, true)
    })
    .refusing(NOT_HERE),
    Operation::change("RevokeSecurityGroupIngress", |region, call| {
        revoke(region, call, false)
    })
    .refusing(NOT_HERE),
    Operation::change("RevokeSecurityGroupEgress", |region, call| {
        revoke(region, call, true)
    })
    .refusing(NOT_HERE),
    Operation::change(
        "UpdateSecurityGroupRuleDescriptionsIngress",
        |region, call| describe_anew(region, call, false),
    )
    .refusing(NOT_HERE_EITHER),
    Operation::change(
        "UpdateSecurityGroupRuleDescriptionsEgress",
        |region, call| describe_anew(region, call, true),
    )
    .refusing(NOT_HERE_EITHER),
    Operation::change("ModifySecurityGroupRules", modify)
        .refusing(&["SecurityGroupRules.SecurityGroupRule.PrefixListId"]),
    Operation::read("DescribeSecurityGroupRules", describe),
];

/// A rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) egress: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    pub(super) protocol: String,
    /// The first port, or the ICMP type; -1 for all.
    pub(super) from: i64,
    /// The last port, or the ICMP code; -1 for all.
    pub(super) to: i64,
    pub(super) source: Source,
    pub(super) description: Option<String>,
}

/// Where a rule's traffic comes from, or goes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Source {
    V4(String),
    V6(String),
    Group(String),
}

impl Rule {
    /// The rule that every new group has.
    pub(super) fn to_everything(id: &str) -> Self {
        Self {
            id: id.into(),
            egress: true,
            protocol: "-1".into(),
            from: -1,
            to: -1,
            source: Source::V4("0.0.0.0/0".into()),
            description: None,
        }
    }

    /// Whether its protocol has ports, or types and codes.
    pub(super) fn has_ports(&self) -> bool {
        ["tcp", "udp", "icmp", "icmpv6"].contains(&self.protocol.as_str())
    }

    /// Whether the other lets the same traffic pass.
    fn is_same(&self, other: &Self) -> bool {
        (
            self.egress,
            &self.protocol,
            self.from,
            self.to,
            &self.source,
        ) == (
            other.egress,
            &other.protocol,
            other.from,
            other.to,
            &other.source,
        )
    }

    /// As refusals show it.
    fn words(&self) -> String {
        let peer = match &self.source {
            Source::V4(peer) | Source::V6(peer) | Source::Group(peer) => peer,
        };
        let protocol = match self.protocol.as_str() {
            "-1" => return format!("peer: {peer}, ALL, ALLOW"),
            protocol => protocol.to_ascii_uppercase(),
        };
        format!(
            "peer: {peer}, {protocol}, from port: {}, to port: {}, ALLOW",
            self.from, self.to
        )
    }
}

/// A protocol and ports, as AWS keeps them.
fn traffic(members: &Object) -> Result<(String, i64, i64), Refusal> {
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

fn source(ec2: &State, vpc: &str, member: &str, text: &str) -> Result<Source, Refusal> {
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

/// The rules that a call's permissions mean, without ids.
fn rules(ec2: &State, call: &Call, group: &str, egress: bool) -> Result<Vec<Rule>, Refusal> {
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
                add(permission, member, item)?;
            }
        }
        if sources == 0 {
            traffic(permission)?;
            return Err(missing("ipRanges"));
        }
    }
    if call.input.contains_key("CidrIp") {
        add(&call.input, "CidrIp", &call.input)?;
    }
    Ok(rules)
}

/// The group that a call names by id, or in the default network by name.
fn group(ec2: &State, call: &Call) -> Result<String, Refusal> {
    match (
        optional(&call.input, "GroupId"),
        optional(&call.input, "GroupName"),
    ) {
        (Some(id), _) => ec2.wanted_group(id).map(|_| id.to_owned()),
        (None, Some(name)) => ec2.group_of_default_vpc(name),
        (None, None) => Err(missing("groupId")),
    }
}

impl State {
    /// The group of a rule, and the rule.
    pub(super) fn rule(&self, id: &str) -> Option<(&str, &Rule)> {
        self.groups.iter().find_map(|(group, row)| {
            let rule = row.rules.iter().find(|rule| rule.id == id)?;
            Some((group, rule))
        })
    }

    fn rules_mut(&mut self, group: &str) -> Result<&mut Vec<Rule>, Refusal> {
        let found = self.groups.get_mut(group);
        found
            .map(|group| &mut group.rules)
            .ok_or_else(|| GROUP.absent(group))
    }

    fn rule_row(&self, call: &Call, group: &str, rule: &Rule) -> Object {
        let mut row = Object::from_iter([
            ("SecurityGroupRuleId".to_owned(), json!(rule.id)),
            (
                "SecurityGroupRuleArn".to_owned(),
                json!(format!(
                    "arn:aws:ec2:{}:{}:security-group-rule/{}",
                    call.region, call.account, rule.id
                )),
            ),
            ("GroupId".to_owned(), json!(group)),
            ("GroupOwnerId".to_owned(), json!(call.account)),
            ("IsEgress".to_owned(), json!(rule.egress)),
            ("IpProtocol".to_owned(), json!(rule.protocol)),
            ("FromPort".to_owned(), json!(rule.from)),
            ("ToPort".to_owned(), json!(rule.to)),
            ("Description".to_owned(), json!(rule.description)),
            ("Tags".to_owned(), self.shown_tags(&rule.id)),
        ]);
        match &rule.source {
            Source::V4(cidr) => row.insert("CidrIpv4".into(), json!(cidr)),
            Source::V6(cidr) => row.insert("CidrIpv6".into(), json!(cidr)),
            Source::Group(id) => row.insert(
                "ReferencedGroupInfo".into(),
                json!({"GroupId": id, "UserId": call.account}),
            ),
        };
        row
    }
}

fn authorize(region: &mut Region, call: &Call, egress: bool) -> Answer {
    let ec2 = &mut region.ec2;
    let group = group(ec2, call)?;
    let new = rules(ec2, call, &group, egress)?;
    if new.is_empty() {
        return Err(missing("ipPermissions"));
    }
    let tags = tags::specified(call, &GROUP_RULE)?;
    let mut rows = Vec::new();
    for rule in new {
        let rule = Rule {
            id: GROUP_RULE.new_id(),
            ..rule
        };
        let rules = ec2.rules_mut(&group)?;
        if rules.iter().any(|other| other.is_same(&rule)) {
            return Err(refused(
                "InvalidPermission.Duplicate",
                format!("the specified rule \"{}\" already exists", rule.words()),
            ));
        }
        rules.push(rule.clone());
        ec2.take_tags(&rule.id, tags.clone());
        rows.push(ec2.rule_row(call, &group, &rule));
    }
    Ok(Object::from_iter([
        ("Return".to_owned(), json!(true)),
        ("SecurityGroupRules".to_owned(), json!(rows)),
    ]))
}

/// The rule with this id of a group and a direction, or AWS's refusal.
fn own_rule<'r>(
    rules: &'r mut [Rule],
    id: &str,
    egress: Option<bool>,
) -> Result<&'r mut Rule, Refusal> {
    rules
        .iter_mut()
        .find(|rule| rule.id == id && egress.is_none_or(|egress| rule.egress == egress))
        .ok_or_else(|| GROUP_RULE.absent(id))
}

fn no_such_rule() -> Refusal {
    refused(
        "InvalidPermission.NotFound",
        "The specified rule does not exist in this security group.",
    )
}

fn revoke(region: &mut Region, call: &Call, egress: bool) -> Answer {
    let ec2 = &mut region.ec2;
    let group = group(ec2, call)?;
    let named = rules(ec2, call, &group, egress)?;
    let rules = ec2.rules_mut(&group)?;
    let mut ids = Vec::new();
    for id in texts(&call.input, "SecurityGroupRuleIds") {
        ids.push(own_rule(rules, id, Some(egress))?.id.clone());
    }
    for named in &named {
        let found = rules.iter().find(|rule| rule.is_same(named));
        ids.push(found.ok_or_else(no_such_rule)?.id.clone());
    }
    if ids.is_empty() {
        return Err(missing("ipPermissions"));
    }
    let gone: Vec<Rule> = rules
        .extract_if(.., |rule| ids.contains(&rule.id))
        .collect();
    let mut revoked = Vec::new();
    for rule in &gone {
        let mut row = ec2.rule_row(call, &group, rule);
        for member in ["GroupOwnerId", "SecurityGroupRuleArn", "Tags"] {
            row.remove(member);
        }
        if let Some(referred) = row.remove("ReferencedGroupInfo") {
            row.insert("ReferencedGroupId".into(), referred["GroupId"].clone());
        }
        revoked.push(row);
        ec2.tags.remove(&rule.id);
    }
    Ok(Object::from_iter([
        ("Return".to_owned(), json!(true)),
        ("RevokedSecurityGroupRules".to_owned(), json!(revoked)),
    ]))
}

fn describe_anew(region: &mut Region, call: &Call, egress: bool) -> Answer {
    let ec2 = &mut region.ec2;
    let group = group(ec2, call)?;
    let named = rules(ec2, call, &group, egress)?;
    let rules = ec2.rules_mut(&group)?;
    let by_id = objects(&call.input, "SecurityGroupRuleDescriptions");
    let mut some = false;
    for description in by_id.filter_map(Value::as_object) {
        let id = optional(description, "SecurityGroupRuleId").unwrap_or_default();
        let rule = own_rule(rules, id, Some(egress))?;
        rule.description = optional(description, "Description").map(str::to_owned);
        some = true;
    }
    for named in named {
        let found = rules.iter_mut().find(|rule| rule.is_same(&named));
        found.ok_or_else(no_such_rule)?.description = named.description;
        some = true;
    }
    if !some {
        return Err(missing("ipPermissions"));
    }
    one("Return", true)
}

fn modify(region: &mut Region, call: &Call) -> Answer {
    let ec2 = &mut region.ec2;
    let group = group(ec2, call)?;
    let vpc = ec2.wanted_group(&group)?.vpc_id.clone();
    for update in objects(&call.input, "SecurityGroupRules").filter_map(Value::as_object) {
        let id = optional(update, "SecurityGroupRuleId").unwrap_or_default();
        let Some(wanted) = update.get("SecurityGroupRule").and_then(Value::as_object) else {
            return Err(missing("securityGroupRule"));
        };
        let (protocol, from, to) = traffic(wanted)?;
        let sources: Vec<(&str, &str)> = ["CidrIpv4", "CidrIpv6", "ReferencedGroupId"]
            .into_iter()
            .filter_map(|member| Some((member, optional(wanted, member)?)))
            .collect();
        let [(member, text)] = sources.as_slice() else {
            return Err(refused(
                "InvalidParameterCombination",
                "Exactly one of cidrIpv4, cidrIpv6, prefixListId and referencedGroupId must be specified.",
            ));
        };
        let source = source(ec2, &vpc, member, text)?;
        let rules = ec2.rules_mut(&group)?;
        let rule = Rule {
            id: id.into(),
            egress: own_rule(rules, id, None)?.egress,
            protocol,
            from,
            to,
            source,
            description: optional(wanted, "Description").map(str::to_owned),
        };
        let mut others = rules.iter().filter(|other| other.id != id);
        if others.any(|other| other.is_same(&rule)) {
            return Err(refused(
                "InvalidPermission.Duplicate",
                format!("the specified rule \"{}\" already exists", rule.words()),
            ));
        }
        *own_rule(rules, id, None)? = rule;
    }
    one("Return", true)
}

const LISTING: Listing = Listing {
    member: "SecurityGroupRules",
    id: "SecurityGroupRuleId",
    ids: "SecurityGroupRuleIds",
    kind: GROUP_RULE,
    filters: &[
        ("group-id", "GroupId"),
        ("security-group-rule-id", "SecurityGroupRuleId"),
    ],
};

fn describe(region: &Region, call: &Call) -> Answer {
    let ec2 = &region.ec2;
    let mut rows: Vec<Object> = ec2
        .groups
        .iter()
        .flat_map(|(id, group)| group.rules.iter().map(move |rule| (id, rule)))
        .map(|(group, rule)| ec2.rule_row(call, group, rule))
        .collect();
    rows.sort_by_key(|row| row["SecurityGroupRuleId"].to_string());
    list(call, &LISTING, rows)
}
