//! Security groups.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::describe::{Listing, list};
use super::group_rules::{Rule, Source};
use super::{GROUP, State, in_use, invalid, optional, permissions, refused, tags, texts};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateSecurityGroup", create),
    Operation::read("DescribeSecurityGroups", describe),
    Operation::change("DeleteSecurityGroup", delete),
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SecurityGroup {
    pub(super) name: String,
    pub(super) description: String,
    /// The network it is in.
    pub(crate) vpc_id: String,
    pub(super) rules: Vec<Rule>,
}

impl SecurityGroup {
    /// The rules of a network's default group, with these ids: traffic from its members, and to everything.
    pub(super) fn default_rules(id: &str, [inwards, outwards]: [&str; 2]) -> Vec<Rule> {
        vec![
            Rule {
                egress: false,
                source: Source::Group(id.into()),
                ..Rule::to_everything(inwards)
            },
            Rule::to_everything(outwards),
        ]
    }
}

const LISTING: Listing = Listing {
    member: "SecurityGroups",
    id: "GroupId",
    ids: "GroupIds",
    kind: GROUP,
    filters: &[
        ("description", "Description"),
        (
            "egress.ip-permission.cidr",
            "IpPermissionsEgress.IpRanges.CidrIp",
        ),
        (
            "egress.ip-permission.from-port",
            "IpPermissionsEgress.FromPort",
        ),
        (
            "egress.ip-permission.group-id",
            "IpPermissionsEgress.UserIdGroupPairs.GroupId",
        ),
        (
            "egress.ip-permission.ipv6-cidr",
            "IpPermissionsEgress.Ipv6Ranges.CidrIpv6",
        ),
        (
            "egress.ip-permission.protocol",
            "IpPermissionsEgress.IpProtocol",
        ),
        ("egress.ip-permission.to-port", "IpPermissionsEgress.ToPort"),
        (
            "egress.ip-permission.user-id",
            "IpPermissionsEgress.UserIdGroupPairs.UserId",
        ),
        ("group-id", "GroupId"),
        ("group-name", "GroupName"),
        ("ip-permission.cidr", "IpPermissions.IpRanges.CidrIp"),
        ("ip-permission.from-port", "IpPermissions.FromPort"),
        (
            "ip-permission.group-id",
            "IpPermissions.UserIdGroupPairs.GroupId",
        ),
        (
            "ip-permission.ipv6-cidr",
            "IpPermissions.Ipv6Ranges.CidrIpv6",
        ),
        ("ip-permission.protocol", "IpPermissions.IpProtocol"),
        ("ip-permission.to-port", "IpPermissions.ToPort"),
        (
            "ip-permission.user-id",
            "IpPermissions.UserIdGroupPairs.UserId",
        ),
        ("owner-id", "OwnerId"),
        ("vpc-id", "VpcId"),
    ],
};

/// The characters of names and descriptions.
static ALLOWED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\A[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}\z")
        .expect("the pattern is a regular expression")
});

impl State {
    /// The group with this id, or AWS's refusal.
    pub(super) fn wanted_group(&self, id: &str) -> Result<&SecurityGroup, Refusal> {
        self.security_group(id).ok_or_else(|| GROUP.absent(id))
    }

    /// The id of a group by its name in a network.
    pub(super) fn group_named(&self, vpc: &str, name: &str) -> Option<&str> {
        self.groups
            .iter()
            .find(|(_, group)| group.vpc_id == vpc && group.name == name)
            .map(|(id, _)| id)
    }

    /// The id of a group of the default network by its name, or AWS's refusal.
    pub(super) fn group_of_default_vpc(&self, name: &str) -> Result<String, Refusal> {
        let vpc = self.default_vpc().ok_or_else(no_default_vpc)?;
        self.group_named(vpc, name)
            .map(str::to_owned)
            .ok_or_else(|| {
                refused(
                    "InvalidGroup.NotFound",
                    format!("The security group '{name}' does not exist in default VPC '{vpc}'"),
                )
            })
    }

    fn group_row(&self, call: &Call, id: &str, group: &SecurityGroup) -> Object {
        Object::from_iter([
            ("GroupId".to_owned(), json!(id)),
            ("SecurityGroupArn".to_owned(), json!(arn(call, id))),
            ("GroupName".to_owned(), json!(group.name)),
            ("Description".to_owned(), json!(group.description)),
            ("VpcId".to_owned(), json!(group.vpc_id)),
            ("OwnerId".to_owned(), json!(call.account)),
            (
                "IpPermissions".to_owned(),
                shown_permissions(call, group.rules.iter().filter(|rule| !rule.egress)),
            ),
            (
                "IpPermissionsEgress".to_owned(),
                shown_permissions(call, group.rules.iter().filter(|rule| rule.egress)),
            ),
            ("Tags".to_owned(), self.shown_tags(id)),
        ])
    }
}

fn arn(call: &Call, id: &str) -> String {
    call.arn("ec2", format_args!("security-group/{id}"))
}

pub(super) fn no_default_vpc() -> Refusal {
    refused("VPCIdNotSpecified", "No default VPC for this user.")
}

/// Rules as permissions: one for each protocol and ports, with all its sources.
fn shown_permissions<'r>(call: &Call, rules: impl Iterator<Item = &'r Rule>) -> Value {
    let mut permissions: Vec<((&str, i64, i64), Value)> = Vec::new();
    for rule in rules {
        let key = (rule.protocol.as_str(), rule.from, rule.to);
        let at = permissions.iter().position(|(other, _)| *other == key);
        let at = at.unwrap_or_else(|| {
            let mut permission = json!({
                "IpProtocol": rule.protocol,
                "IpRanges": [],
                "Ipv6Ranges": [],
                "PrefixListIds": [],
                "UserIdGroupPairs": [],
            });
            if rule.has_ports() {
                permission["FromPort"] = json!(rule.from);
                permission["ToPort"] = json!(rule.to);
            }
            permissions.push((key, permission));
            permissions.len() - 1
        });
        let (member, mut source) = match &rule.source {
            Source::V4(cidr) => ("IpRanges", json!({"CidrIp": cidr})),
            Source::V6(cidr) => ("Ipv6Ranges", json!({"CidrIpv6": cidr})),
            Source::Group(id) => (
                "UserIdGroupPairs",
                json!({"GroupId": id, "UserId": call.account}),
            ),
        };
        source["Description"] = json!(rule.description);
        if let Some(sources) = permissions[at].1[member].as_array_mut() {
            sources.push(source);
        }
    }
    permissions.into_iter().map(|(_, row)| row).collect()
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let ec2 = &mut region.ec2;
    let (name, description) = (call.text("GroupName"), call.text("Description"));
    let vpc = match optional(&call.input, "VpcId") {
        Some(id) => id.to_owned(),
        None => ec2.default_vpc().ok_or_else(no_default_vpc)?.to_owned(),
    };
    ec2.wanted_vpc(&vpc)?;
    if name.starts_with("sg-") {
        return Err(invalid(format!(
            "Invalid group name '{name}': Group names may not be in the format sg-*"
        )));
    }
    if name == "default" {
        return Err(invalid("Cannot use reserved security group name: default"));
    }
    for (parameter, what, text) in [
        ("GroupName", "name", name),
        ("GroupDescription", "description", description),
    ] {
        if !ALLOWED.is_match(text) {
            return Err(invalid(format!(
                "Value ({text}) for parameter {parameter} is invalid. Invalid security group {what}. Valid {what}s are strings less \
                 than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
            )));
        }
    }
    if ec2.group_named(&vpc, name).is_some() {
        return Err(refused(
            "InvalidGroup.Duplicate",
            format!("The security group '{name}' already exists for VPC '{vpc}'"),
        ));
    }
    let tags = tags::specified(call, &GROUP)?;
    let id = GROUP.new_id();
    ec2.groups.insert(
        &id,
        SecurityGroup {
            name: name.into(),
            description: description.into(),
            vpc_id: vpc,
            rules: vec![Rule::to_everything(&super::GROUP_RULE.new_id())],
        },
    );
    ec2.take_tags(&id, tags);
    Ok(Object::from_iter([
        ("GroupId".to_owned(), json!(id)),
        ("SecurityGroupArn".to_owned(), json!(arn(call, &id))),
        ("Tags".to_owned(), ec2.shown_tags(&id)),
    ]))
}

fn describe(region: &Region, call: &Call) -> Answer {
    let ec2 = &region.ec2;
    let named = texts(&call.input, "GroupNames")
        .into_iter()
        .map(|name| ec2.group_of_default_vpc(name))
        .collect::<Result<Vec<String>, Refusal>>()?;
    let asked = texts(&call.input, "GroupIds");
    let rows = ec2
        .groups
        .iter()
        .filter(|(id, _)| {
            named.is_empty() || named.iter().any(|other| other == id) || asked.contains(id)
        })
        .map(|(id, group)| ec2.group_row(call, id, group));
    list(call, &LISTING, rows.collect())
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let ec2 = &mut region.ec2;
    let id = permissions::group(ec2, call)?;
    if ec2.wanted_group(&id)?.name == "default" {
        return Err(refused(
            "CannotDelete",
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user"),
        ));
    }
    let refers = |rule: &Rule| matches!(&rule.source, Source::Group(other) if *other == id);
    let used = ec2
        .groups
        .iter()
        .any(|(other, group)| other != id && group.rules.iter().any(refers))
        || ec2
            .interfaces_in_use(call.seconds())
            .any(|(_, interface)| interface.groups.contains(&id));
    if used {
        return Err(in_use(format!("resource {id} has a dependent object")));
    }
    for rule in ec2.wanted_group(&id)?.rules.clone() {
        ec2.tags.remove(&rule.id);
    }
    ec2.groups.remove(&id);
    ec2.tags.remove(&id);
    Ok(Object::from_iter([
        ("Return".to_owned(), json!(true)),
        ("GroupId".to_owned(), json!(id)),
    ]))
}
