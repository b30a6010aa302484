//! The rules of security groups: each is one protocol, one range of ports and one source or destination.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::describe::{Listing, list};
use super::permissions::{group, rules, source, traffic};
use super::{
    GROUP, GROUP_RULE, State, invalid, missing, objects, one, optional, refused, tags, texts,
};

/// The members of a permission that are not implemented.
macro_rules! not_here {
    ($($more:literal),*) => {
        &[
            "IpPermissions.PrefixListIds",
            "IpPermissions.UserIdGroupPairs.GroupName",
            "IpPermissions.UserIdGroupPairs.PeeringStatus",
            "IpPermissions.UserIdGroupPairs.VpcId",
            "IpPermissions.UserIdGroupPairs.VpcPeeringConnectionId",
            $($more),*
        ]
    };
}

/// The same for calls that can contain one permission without a list.
const INGRESS: &[&str] = not_here!("SourceSecurityGroupName", "SourceSecurityGroupOwnerId");

/// AWS's model has these members for outbound traffic, but AWS doesn't support them.
const EGRESS: &[&str] = not_here!(
    "CidrIp",
    "FromPort",
    "IpProtocol",
    "SourceSecurityGroupName",
    "SourceSecurityGroupOwnerId",
    "ToPort"
);

const DESCRIPTIONS: &[&str] = not_here!();

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("AuthorizeSecurityGroupIngress", |region, call| {
        authorize(region, call, false)
    })
    .refusing(INGRESS),
    Operation::change("AuthorizeSecurityGroupEgress", |region, call| {
        authorize(region, call, true)
    })
    .refusing(EGRESS),
    Operation::change("RevokeSecurityGroupIngress", |region, call| {
        revoke(region, call, false)
    })
    .refusing(INGRESS),
    Operation::change("RevokeSecurityGroupEgress", |region, call| {
        revoke(region, call, true)
    })
    .refusing(EGRESS),
    Operation::change(
        "UpdateSecurityGroupRuleDescriptionsIngress",
        |region, call| describe_anew(region, call, false),
    )
    .refusing(DESCRIPTIONS),
    Operation::change(
        "UpdateSecurityGroupRuleDescriptionsEgress",
        |region, call| describe_anew(region, call, true),
    )
    .refusing(DESCRIPTIONS),
    Operation::change("ModifySecurityGroupRules", modify)
        .refusing(&["SecurityGroupRules.SecurityGroupRule.PrefixListId"]),
    Operation::read("DescribeSecurityGroupRules", describe),
];

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

/// A rule's source or destination.
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

    /// Whether the other allows the same traffic.
    pub(super) fn is_same(&self, other: &Self) -> bool {
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
                json!(call.arn("ec2", format_args!("security-group-rule/{}", rule.id))),
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

/// A protocol and ports, whose absence this call tells in words of its own.
fn whole_traffic(wanted: &Object) -> Result<(String, i64, i64), Refusal> {
    let Some(protocol) = optional(wanted, "IpProtocol") else {
        return Err(invalid(
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        ));
    };
    let has_ports = ["FromPort", "ToPort"]
        .iter()
        .all(|port| wanted.contains_key(*port));
    if ["tcp", "udp", "6", "17"].contains(&protocol.to_ascii_lowercase().as_str()) && !has_ports {
        return Err(invalid(
            "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
        ));
    }
    traffic(wanted)
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
        own_rule(ec2.rules_mut(&group)?, id, None)?;
        let (protocol, from, to) = whole_traffic(wanted)?;
        let sources: Vec<(&str, &str)> = ["CidrIpv4", "CidrIpv6", "ReferencedGroupId"]
            .into_iter()
            .filter_map(|member| Some((member, optional(wanted, member)?)))
            .collect();
        let (member, text) = match sources.as_slice() {
            [one] => one,
            [] => {
                return Err(refused(
                    "MissingParameter",
                    "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId",
                ));
            }
            _ => {
                return Err(refused(
                    "InvalidParameterCombination",
                    "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified",
                ));
            }
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
    for filter in objects(&call.input, "Filters").filter_map(Value::as_object) {
        let groups = texts(filter, "Values").into_iter();
        let mut groups = groups.filter(|_| optional(filter, "Name") == Some("group-id"));
        if let Some(id) = groups.find(|id| !GROUP.is_id(id)) {
            return Err(refused(
                "InvalidGroupId.Malformed",
                format!("The security group ID '{id}' is malformed"),
            ));
        }
    }
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
