//! VPCs. Each comes with a main route table, a default network ACL and a default security group.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::cidr::Block;
use super::describe::{Listing, list};
use super::groups::SecurityGroup;
use super::{
    GROUP, NETWORK_ACL, ROUTE_TABLE, State, VPC, ground, in_use, invalid, missing, nothing, one,
    optional, refused, tags,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateVpc", create).refusing(&[
        "AmazonProvidedIpv6CidrBlock",
        "Ipv4IpamPoolId",
        "Ipv4NetmaskLength",
        "Ipv6CidrBlock",
        "Ipv6CidrBlockNetworkBorderGroup",
        "Ipv6IpamPoolId",
        "Ipv6NetmaskLength",
        "Ipv6Pool",
        "VpcEncryptionControl",
    ]),
    Operation::read("DescribeVpcs", describe),
    Operation::change("DeleteVpc", delete),
    Operation::change("ModifyVpcAttribute", modify),
    Operation::read("DescribeVpcAttribute", attribute),
];

/// A virtual network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Vpc {
    /// Its addresses.
    pub(crate) cidr: String,
    pub(super) is_default: bool,
    pub(super) tenancy: String,
    /// The id of its default network ACL, the only one it has.
    pub(super) network_acl: String,
    pub(super) association: String,
    pub(super) dns_support: bool,
    pub(super) dns_hostnames: bool,
    pub(super) address_usage_metrics: bool,
}

/// The attributes that one call changes or reads: the member in both, and its name.
const ATTRIBUTES: [(&str, &str); 3] = [
    ("EnableDnsSupport", "enableDnsSupport"),
    ("EnableDnsHostnames", "enableDnsHostnames"),
    (
        "EnableNetworkAddressUsageMetrics",
        "enableNetworkAddressUsageMetrics",
    ),
];

const LISTING: Listing = Listing {
    member: "Vpcs",
    id: "VpcId",
    ids: "VpcIds",
    kind: VPC,
    filters: &[
        ("cidr", "CidrBlock"),
        (
            "cidr-block-association.association-id",
            "CidrBlockAssociationSet.AssociationId",
        ),
        (
            "cidr-block-association.cidr-block",
            "CidrBlockAssociationSet.CidrBlock",
        ),
        (
            "cidr-block-association.state",
            "CidrBlockAssociationSet.CidrBlockState.State",
        ),
        ("dhcp-options-id", "DhcpOptionsId"),
        (
            "ipv6-cidr-block-association.association-id",
            "Ipv6CidrBlockAssociationSet.AssociationId",
        ),
        (
            "ipv6-cidr-block-association.ipv6-cidr-block",
            "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock",
        ),
        (
            "ipv6-cidr-block-association.ipv6-pool",
            "Ipv6CidrBlockAssociationSet.Ipv6Pool",
        ),
        (
            "ipv6-cidr-block-association.state",
            "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State",
        ),
        ("is-default", "IsDefault"),
        ("isDefault", "IsDefault"),
        ("owner-id", "OwnerId"),
        ("state", "State"),
        ("vpc-id", "VpcId"),
    ],
};

impl State {
    /// The network with this id, or AWS's refusal.
    pub(super) fn wanted_vpc(&self, id: &str) -> Result<&Vpc, Refusal> {
        self.vpc(id).ok_or_else(|| VPC.absent(id))
    }

    /// The id of the Region's default network, unless it was deleted.
    pub(super) fn default_vpc(&self) -> Option<&str> {
        let mut vpcs = self.vpcs.iter();
        vpcs.find(|(_, vpc)| vpc.is_default).map(|(id, _)| id)
    }

    /// Adds a network with what AWS creates with it. `new_id` generates ids by kind.
    pub(super) fn insert_vpc(
        &mut self,
        id: &str,
        cidr: Block,
        is_default: bool,
        new_id: impl Fn(&str) -> String,
    ) {
        self.vpcs.insert(
            id,
            Vpc {
                cidr: cidr.to_string(),
                is_default,
                tenancy: "default".into(),
                network_acl: new_id(NETWORK_ACL.prefix),
                association: new_id("vpc-cidr-assoc"),
                dns_support: true,
                dns_hostnames: is_default,
                address_usage_metrics: false,
            },
        );
        let main = Some(new_id("rtbassoc"));
        self.insert_route_table(&new_id(ROUTE_TABLE.prefix), id, main);
        let group = new_id(GROUP.prefix);
        let rules = SecurityGroup::default_rules(&group, [&new_id("sgr-in"), &new_id("sgr-out")]);
        self.groups.insert(
            &group,
            SecurityGroup {
                name: "default".into(),
                description: "default VPC security group".into(),
                vpc_id: id.into(),
                rules,
            },
        );
    }

    fn vpc_row(&self, call: &Call, id: &str, vpc: &Vpc, state: &str) -> Object {
        Object::from_iter([
            ("VpcId".to_owned(), json!(id)),
            ("OwnerId".to_owned(), json!(call.account)),
            ("CidrBlock".to_owned(), json!(vpc.cidr)),
            (
                "CidrBlockAssociationSet".to_owned(),
                json!([{
                    "AssociationId": vpc.association,
                    "CidrBlock": vpc.cidr,
                    "CidrBlockState": {"State": "associated"},
                }]),
            ),
            ("Ipv6CidrBlockAssociationSet".to_owned(), json!([])),
            (
                "DhcpOptionsId".to_owned(),
                json!(ground::id(&call.account, &call.region, "dopt", "")),
            ),
            ("InstanceTenancy".to_owned(), json!(vpc.tenancy)),
            ("IsDefault".to_owned(), json!(vpc.is_default)),
            ("State".to_owned(), json!(state)),
            (
                "BlockPublicAccessStates".to_owned(),
                json!({"InternetGatewayBlockMode": "off"}),
            ),
            ("Tags".to_owned(), self.shown_tags(id)),
        ])
    }
}

/// A block of addresses for a network or subnet: from /16 to /28.
pub(super) fn block(call: &Call, out_of_range: &str) -> Result<Block, Refusal> {
    let Some(text) = optional(&call.input, "CidrBlock") else {
        return Err(missing("cidrBlock"));
    };
    let Some(block) = Block::parse(text) else {
        return Err(invalid(format!(
            "Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
        )));
    };
    if !(16..=28).contains(&block.length()) {
        return Err(refused(
            out_of_range,
            format!("The CIDR '{text}' is invalid."),
        ));
    }
    Ok(block)
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let block = block(call, "InvalidVpc.Range")?;
    let tags = tags::specified(call, &VPC)?;
    let tenancy = optional(&call.input, "InstanceTenancy").unwrap_or("default");
    if tenancy == "host" {
        return Err(invalid(
            "Value (host) for parameter instanceTenancy is invalid.",
        ));
    }
    let id = VPC.new_id();
    let ec2 = &mut region.ec2;
    ec2.insert_vpc(&id, block, false, |prefix| {
        format!("{}-{}", kind_of(prefix), super::super::identifiers::ec2())
    });
    if let Some(vpc) = ec2.vpcs.get_mut(&id) {
        vpc.tenancy = tenancy.into();
    }
    ec2.take_tags(&id, tags);
    let vpc = ec2.wanted_vpc(&id)?;
    one("Vpc", ec2.vpc_row(call, &id, vpc, "pending"))
}

/// The prefix of an id in the word that distinguishes two ids of a kind.
pub(super) fn kind_of(word: &str) -> &str {
    match word {
        "sgr-in" | "sgr-out" => "sgr",
        word => word,
    }
}

fn describe(region: &Region, call: &Call) -> Answer {
    let rows = region.ec2.vpcs.iter();
    let rows = rows.map(|(id, vpc)| region.ec2.vpc_row(call, id, vpc, "available"));
    list(call, &LISTING, rows.collect())
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let id = call.text("VpcId");
    let ec2 = &mut region.ec2;
    ec2.wanted_vpc(id)?;
    let now = call.seconds();

    let used = ec2.subnets.values().any(|subnet| subnet.vpc_id == id)
        || ec2
            .gateways
            .values()
            .any(|gateway| gateway.vpc.as_deref() == Some(id))
        || ec2
            .route_tables
            .values()
            .any(|table| table.vpc == id && table.main.is_none())
        || ec2
            .groups
            .values()
            .any(|group| group.vpc_id == id && group.name != "default")
        || ec2
            .interfaces_in_use(now)
            .any(|(_, interface)| interface.vpc == id);
    if used {
        return Err(in_use(format!(
            "The vpc '{id}' has dependencies and cannot be deleted."
        )));
    }
    ec2.groups.retain(|_, group| group.vpc_id != id);
    ec2.route_tables.retain(|_, table| table.vpc != id);
    ec2.vpcs.remove(id);
    ec2.tags.remove(id);
    nothing()
}

fn modify(region: &mut Region, call: &Call) -> Answer {
    let id = call.text("VpcId");
    let sent: Vec<&str> = ATTRIBUTES
        .iter()
        .map(|(member, _)| *member)
        .filter(|member| call.input.contains_key(*member))
        .collect();
    let [member] = sent.as_slice() else {
        return Err(if sent.is_empty() {
            missing("attribute")
        } else {
            refused(
                "InvalidParameterCombination",
                "Fields for multiple attribute types specified",
            )
        });
    };
    let value = call.input[*member]["Value"] == Value::Bool(true);
    region.ec2.wanted_vpc(id)?;
    if let Some(vpc) = region.ec2.vpcs.get_mut(id) {
        match *member {
            "EnableDnsSupport" => vpc.dns_support = value,
            "EnableDnsHostnames" => vpc.dns_hostnames = value,
            _ => vpc.address_usage_metrics = value,
        }
    }
    nothing()
}

fn attribute(region: &Region, call: &Call) -> Answer {
    let id = call.text("VpcId");
    let vpc = region.ec2.wanted_vpc(id)?;
    let asked = call.text("Attribute");
    let Some((member, _)) = ATTRIBUTES.iter().find(|(_, name)| *name == asked) else {
        return Err(invalid(format!(
            "Value ({asked}) for parameter attribute is invalid. Unknown attribute."
        )));
    };
    let value = match *member {
        "EnableDnsSupport" => vpc.dns_support,
        "EnableDnsHostnames" => vpc.dns_hostnames,
        _ => vpc.address_usage_metrics,
    };
    Ok(Object::from_iter([
        ("VpcId".to_owned(), json!(id)),
        ((*member).to_owned(), json!({"Value": value})),
    ]))
}
