//! EC2: virtual networks, security groups, images and instances.
//!
//! Every Region has AWS's default network before the first call, and two private subnets in it (`ground`). Rows of responses are
//! computed at each read, so that states follow the clock.

mod cidr;
mod describe;
mod gateways;
mod ground;
mod group_rules;
mod groups;
mod images;
mod instance_attributes;
mod instance_lists;
mod instance_states;
mod instances;
mod interfaces;
mod model_check;
mod network_acls;
mod permissions;
mod placement;
mod reach;
mod route_tables;
mod routes;
mod run_instances;
mod subnets;
mod tags;
#[cfg(test)]
mod tests;
mod vpcs;
mod zones;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::members::{nothing, objects, one, optional, texts};
use super::operation::{Object, Operation, Refusal};
use super::table::Table;

pub(super) use groups::SecurityGroup;
pub(super) use images::{IMAGES, image_id};
pub(super) use instances::Instance;
pub(super) use interfaces::Interface;
pub(super) use model_check::check;
pub(super) use subnets::Subnet;
pub(super) use tags::{tag_by_arn, tagged};
pub(super) use vpcs::Vpc;

/// The operations the local service has.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    vpcs::OPERATIONS,
    subnets::OPERATIONS,
    zones::OPERATIONS,
    gateways::OPERATIONS,
    route_tables::OPERATIONS,
    routes::OPERATIONS,
    network_acls::OPERATIONS,
    interfaces::OPERATIONS,
    groups::OPERATIONS,
    group_rules::OPERATIONS,
    images::OPERATIONS,
    run_instances::OPERATIONS,
    instance_lists::OPERATIONS,
    instance_states::OPERATIONS,
    instance_attributes::OPERATIONS,
    tags::OPERATIONS,
];

/// What a Region holds of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Whether the default network was created. It is not created again if its parts are deleted.
    ground: bool,
    vpcs: Table<Vpc>,
    subnets: Table<Subnet>,
    gateways: Table<gateways::InternetGateway>,
    route_tables: Table<route_tables::RouteTable>,
    groups: Table<SecurityGroup>,
    interfaces: Table<Interface>,
    instances: Table<Instance>,
    /// Tags of everything, by id, without empty rows.
    tags: Table<BTreeMap<String, String>>,
}

impl State {
    /// The network with this id.
    pub(crate) fn vpc(&self, id: &str) -> Option<&Vpc> {
        self.vpcs.get(id)
    }

    /// The subnet with this id.
    pub(crate) fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.subnets.get(id)
    }

    /// The security group with this id.
    pub(crate) fn security_group(&self, id: &str) -> Option<&SecurityGroup> {
        self.groups.get(id)
    }

    /// An instance that is listed at `now`, in epoch seconds; terminated ones are for an hour.
    pub(crate) fn instance(&self, id: &str, now: f64) -> Option<&Instance> {
        self.instances
            .get(id)
            .filter(|instance| instance.is_described(now))
    }

    /// An instance's state at `now`, in epoch seconds: `pending`, `running`, … None when there is no such instance.
    pub(crate) fn instance_state(&self, id: &str, now: f64) -> Option<&'static str> {
        Some(self.instance(id, now)?.state(now).name())
    }

    fn take_tags(&mut self, id: &str, tags: BTreeMap<String, String>) {
        if !tags.is_empty() {
            self.tags.insert(id, tags);
        }
    }

    /// An answer's list of the tags of what has this id.
    fn shown_tags(&self, id: &str) -> Value {
        let tags = self.tags.get(id).into_iter().flatten();
        tags.map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect()
    }
}

/// A kind of thing with ids.
struct Kind {
    /// The prefix of its ids.
    prefix: &'static str,
    /// Its name in tag specifications and ARNs.
    resource: &'static str,
    /// Its name in AWS's errors.
    noun: &'static str,
    /// The first part of AWS's error code for a missing one.
    code: &'static str,
    /// The first part of the error code for a malformed id. Without one, it counts as missing.
    malformed: Option<&'static str>,
}

const VPC: Kind = Kind {
    prefix: "vpc",
    resource: "vpc",
    noun: "vpc ID",
    code: "InvalidVpcID",
    malformed: None,
};
const SUBNET: Kind = Kind {
    prefix: "subnet",
    resource: "subnet",
    noun: "subnet ID",
    code: "InvalidSubnetID",
    malformed: None,
};
const GATEWAY: Kind = Kind {
    prefix: "igw",
    resource: "internet-gateway",
    noun: "internetGateway ID",
    code: "InvalidInternetGatewayID",
    malformed: None,
};
const ROUTE_TABLE: Kind = Kind {
    prefix: "rtb",
    resource: "route-table",
    noun: "routeTable ID",
    code: "InvalidRouteTableID",
    malformed: None,
};
const NETWORK_ACL: Kind = Kind {
    prefix: "acl",
    resource: "network-acl",
    noun: "networkAcl ID",
    code: "InvalidNetworkAclID",
    malformed: None,
};
const GROUP: Kind = Kind {
    prefix: "sg",
    resource: "security-group",
    noun: "security group",
    code: "InvalidGroup",
    malformed: Some("InvalidGroupId"),
};
const GROUP_RULE: Kind = Kind {
    prefix: "sgr",
    resource: "security-group-rule",
    noun: "security group rule ID",
    code: "InvalidSecurityGroupRuleId",
    malformed: Some("InvalidSecurityGroupRuleId"),
};
const INTERFACE: Kind = Kind {
    prefix: "eni",
    resource: "network-interface",
    noun: "networkInterface ID",
    code: "InvalidNetworkInterfaceID",
    malformed: Some("InvalidNetworkInterfaceId"),
};
const INSTANCE: Kind = Kind {
    prefix: "i",
    resource: "instance",
    noun: "instance ID",
    code: "InvalidInstanceID",
    malformed: Some("InvalidInstanceID"),
};
const VOLUME: Kind = Kind {
    prefix: "vol",
    resource: "volume",
    noun: "volume",
    code: "InvalidVolume",
    malformed: None,
};
const IMAGE: Kind = Kind {
    prefix: "ami",
    resource: "image",
    noun: "image id",
    code: "InvalidAMIID",
    malformed: Some("InvalidAMIID"),
};

/// What can be tagged.
const TAGGABLE: &[&Kind] = &[
    &VPC,
    &SUBNET,
    &GATEWAY,
    &ROUTE_TABLE,
    &NETWORK_ACL,
    &GROUP,
    &GROUP_RULE,
    &INTERFACE,
    &INSTANCE,
    &VOLUME,
];

impl Kind {
    fn new_id(&self) -> String {
        format!("{}-{}", self.prefix, super::identifiers::ec2())
    }

    fn is_id(&self, text: &str) -> bool {
        text.split_once('-').is_some_and(|(prefix, rest)| {
            prefix == self.prefix
                && matches!(rest.len(), 8 | 17)
                && rest
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    }

    /// The error for unknown ids, if there are any. For instances and images AWS names all of them, else the first.
    fn all_absent(&self, ids: &[&str]) -> Option<Refusal> {
        let first = ids.iter().find(|id| !self.is_id(id)).or(ids.first())?;
        let all = match self.prefix {
            _ if ids.len() == 1 || !self.is_id(first) => return Some(self.absent(first)),
            prefix if prefix == INSTANCE.prefix => ids.join(", "),
            prefix if prefix == IMAGE.prefix => format!("[{}]", ids.join(", ")),
            _ => return Some(self.absent(first)),
        };
        Some(refused(
            &format!("{}.NotFound", self.code),
            format!("The {}s '{all}' do not exist", self.noun),
        ))
    }

    /// The error for an unknown id.
    fn absent(&self, id: &str) -> Refusal {
        match self.malformed {
            Some(code) if !self.is_id(id) => refused(
                &format!("{code}.Malformed"),
                format!("Invalid id: \"{id}\" (expecting \"{}-...\")", self.prefix),
            ),
            _ if self.prefix == IMAGE.prefix => refused(
                "InvalidAMIID.NotFound",
                format!("The image id '[{id}]' does not exist"),
            ),
            _ => refused(
                &format!("{}.NotFound", self.code),
                format!("The {} '{id}' does not exist", self.noun),
            ),
        }
    }
}

fn refused(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(400, code, message)
}

fn invalid(message: impl Into<String>) -> Refusal {
    refused("InvalidParameterValue", message)
}

fn missing(member: &str) -> Refusal {
    refused(
        "MissingParameter",
        format!("The request must contain the parameter {member}"),
    )
}

/// The error for two members that exclude each other.
fn excludes(one: &str, other: &str) -> Refusal {
    refused(
        "InvalidParameterCombination",
        format!("The parameter {one} cannot be used with the parameter {other}"),
    )
}

fn in_use(message: impl Into<String>) -> Refusal {
    refused("DependencyViolation", message)
}

/// The error of a dry run that would have succeeded.
pub(super) fn dry_run() -> Refusal {
    Refusal::new(
        412,
        "DryRunOperation",
        "Request would have succeeded, but DryRun flag is set.",
    )
}

fn is_true(members: &Object, name: &str) -> bool {
    members.get(name) == Some(&Value::Bool(true))
}
