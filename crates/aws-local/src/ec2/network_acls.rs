//! Network ACLs: only each network's default one, which allows everything.

use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::NETWORK_ACL;
use super::describe::{Listing, list};

pub(super) const OPERATIONS: &[Operation] = &[Operation::read("DescribeNetworkAcls", describe)];

const LISTING: Listing = Listing {
    member: "NetworkAcls",
    id: "NetworkAclId",
    ids: "NetworkAclIds",
    kind: NETWORK_ACL,
    filters: &[
        (
            "association.association-id",
            "Associations.NetworkAclAssociationId",
        ),
        ("association.network-acl-id", "Associations.NetworkAclId"),
        ("association.subnet-id", "Associations.SubnetId"),
        ("default", "IsDefault"),
        ("entry.cidr", "Entries.CidrBlock"),
        ("entry.egress", "Entries.Egress"),
        ("entry.protocol", "Entries.Protocol"),
        ("entry.rule-action", "Entries.RuleAction"),
        ("entry.rule-number", "Entries.RuleNumber"),
        ("network-acl-id", "NetworkAclId"),
        ("owner-id", "OwnerId"),
        ("vpc-id", "VpcId"),
    ],
};

/// The number of the rule that AWS shows as `*`, the default.
const LAST_RULE: u32 = 32767;

fn describe(region: &Region, call: &Call) -> Answer {
    let ec2 = &region.ec2;
    let mut rows: Vec<Object> = ec2
        .vpcs
        .iter()
        .map(|(vpc_id, vpc)| {
            let id = &vpc.network_acl;
            let subnets = ec2
                .subnets
                .iter()
                .filter(|(_, subnet)| subnet.vpc_id == vpc_id);
            let associations: Vec<Value> = subnets
                .map(|(subnet, _)| {
                    json!({
                        "NetworkAclAssociationId": subnet.replace("subnet-", "aclassoc-"),
                        "NetworkAclId": id,
                        "SubnetId": subnet,
                    })
                })
                .collect();
            let entries: Vec<Value> = [true, false]
                .iter()
                .flat_map(|egress| {
                    [(100, "allow"), (LAST_RULE, "deny")].map(|(number, action)| {
                        json!({
                            "CidrBlock": "0.0.0.0/0",
                            "Egress": egress,
                            "Protocol": "-1",
                            "RuleAction": action,
                            "RuleNumber": number,
                        })
                    })
                })
                .collect();
            Object::from_iter([
                ("NetworkAclId".to_owned(), json!(id)),
                ("VpcId".to_owned(), json!(vpc_id)),
                ("OwnerId".to_owned(), json!(call.account)),
                ("IsDefault".to_owned(), json!(true)),
                ("Associations".to_owned(), json!(associations)),
                ("Entries".to_owned(), json!(entries)),
                ("Tags".to_owned(), ec2.shown_tags(id)),
            ])
        })
        .collect();
    rows.sort_by_key(|row| row["NetworkAclId"].to_string());
    list(call, &LISTING, rows)
}
