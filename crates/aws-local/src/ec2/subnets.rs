//! Subnets: a network's addresses in one zone.

use std::net::Ipv4Addr;

use aws_facts::regions;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::cidr::Block;
use super::describe::{Listing, list};
use super::{
    SUBNET, State, in_use, invalid, missing, nothing, one, optional, refused, tags, vpcs, zones,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateSubnet", create).refusing(&[
        "Ipv4IpamPoolId",
        "Ipv4NetmaskLength",
        "Ipv6CidrBlock",
        "Ipv6IpamPoolId",
        "Ipv6Native",
        "Ipv6NetmaskLength",
        "OutpostArn",
    ]),
    Operation::read("DescribeSubnets", describe),
    Operation::change("DeleteSubnet", delete),
    Operation::change("ModifySubnetAttribute", modify).refusing(&[
        "AssignIpv6AddressOnCreation",
        "CustomerOwnedIpv4Pool",
        "DisableLniAtDeviceIndex",
        "EnableDns64",
        "EnableLniAtDeviceIndex",
        "EnableResourceNameDnsAAAARecordOnLaunch",
        "MapCustomerOwnedIpOnLaunch",
    ]),
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Subnet {
    /// The network it is in.
    pub(crate) vpc_id: String,
    /// Its zone's name, such as `eu-west-1a`.
    pub(crate) zone: String,
    /// Its addresses.
    pub(crate) cidr: String,
    /// Whether it is the zone's default one.
    pub(super) default_for_zone: bool,
    /// Whether instances get a public address by default.
    pub(super) map_public_ip: bool,
    /// `ip-name` or `resource-name`.
    pub(super) hostname_type: String,
    pub(super) resource_name_record: bool,
}

impl Subnet {
    pub(super) fn new(vpc: &str, zone: &str, cidr: Block) -> Self {
        Self {
            vpc_id: vpc.into(),
            zone: zone.into(),
            cidr: cidr.to_string(),
            default_for_zone: false,
            map_public_ip: false,
            hostname_type: "ip-name".into(),
            resource_name_record: false,
        }
    }

    pub(super) fn block(&self) -> Option<Block> {
        Block::parse(&self.cidr)
    }
}

const LISTING: Listing = Listing {
    member: "Subnets",
    id: "SubnetId",
    ids: "SubnetIds",
    kind: SUBNET,
    filters: &[
        ("availability-zone", "AvailabilityZone"),
        ("availabilityZone", "AvailabilityZone"),
        ("availability-zone-id", "AvailabilityZoneId"),
        ("availabilityZoneId", "AvailabilityZoneId"),
        ("available-ip-address-count", "AvailableIpAddressCount"),
        ("cidr-block", "CidrBlock"),
        ("cidr", "CidrBlock"),
        ("cidrBlock", "CidrBlock"),
        ("customer-owned-ipv4-pool", "CustomerOwnedIpv4Pool"),
        ("default-for-az", "DefaultForAz"),
        ("defaultForAz", "DefaultForAz"),
        ("enable-dns64", "EnableDns64"),
        ("enable-lni-at-device-index", "EnableLniAtDeviceIndex"),
        (
            "ipv6-cidr-block-association.association-id",
            "Ipv6CidrBlockAssociationSet.AssociationId",
        ),
        (
            "ipv6-cidr-block-association.ipv6-cidr-block",
            "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock",
        ),
        (
            "ipv6-cidr-block-association.state",
            "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State",
        ),
        ("ipv6-native", "Ipv6Native"),
        (
            "map-customer-owned-ip-on-launch",
            "MapCustomerOwnedIpOnLaunch",
        ),
        ("map-public-ip-on-launch", "MapPublicIpOnLaunch"),
        ("outpost-arn", "OutpostArn"),
        ("owner-id", "OwnerId"),
        (
            "private-dns-name-options-on-launch.hostname-type",
            "PrivateDnsNameOptionsOnLaunch.HostnameType",
        ),
        (
            "private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
            "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord",
        ),
        (
            "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
            "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord",
        ),
        ("state", "State"),
        ("subnet-arn", "SubnetArn"),
        ("subnet-id", "SubnetId"),
        ("vpc-id", "VpcId"),
    ],
};

impl State {
    /// The subnet with this id, or AWS's refusal.
    pub(super) fn wanted_subnet(&self, id: &str) -> Result<&Subnet, Refusal> {
        self.subnet(id).ok_or_else(|| SUBNET.absent(id))
    }

    /// A subnet's first free address at `now`.
    pub(super) fn free_address(&self, id: &str, now: f64) -> Option<Ipv4Addr> {
        let used: Vec<&str> = self.addresses(id, now).collect();
        let mut usable = self.subnets.get(id)?.block()?.usable();
        usable.find(|address| !used.contains(&address.to_string().as_str()))
    }

    /// The addresses of a subnet that are taken at `now`.
    pub(super) fn addresses(&self, id: &str, now: f64) -> impl Iterator<Item = &str> {
        self.interfaces_in_use(now)
            .filter(move |(_, interface)| interface.subnet == id)
            .map(|(_, interface)| interface.private_ip.as_str())
    }

    fn subnet_row(&self, call: &Call, id: &str, subnet: &Subnet) -> Object {
        let size = subnet.block().map_or(0, Block::size);
        let used = 5 + self.addresses(id, call.seconds()).count() as u64;
        Object::from_iter([
            ("SubnetId".to_owned(), json!(id)),
            (
                "SubnetArn".to_owned(),
                json!(call.arn("ec2", format_args!("subnet/{id}"))),
            ),
            ("VpcId".to_owned(), json!(subnet.vpc_id)),
            ("OwnerId".to_owned(), json!(call.account)),
            ("CidrBlock".to_owned(), json!(subnet.cidr)),
            ("AvailabilityZone".to_owned(), json!(subnet.zone)),
            (
                "AvailabilityZoneId".to_owned(),
                json!(regions::zone_id(&call.region, &subnet.zone)),
            ),
            (
                "AvailableIpAddressCount".to_owned(),
                json!(size.saturating_sub(used)),
            ),
            ("DefaultForAz".to_owned(), json!(subnet.default_for_zone)),
            (
                "MapPublicIpOnLaunch".to_owned(),
                json!(subnet.map_public_ip),
            ),
            ("MapCustomerOwnedIpOnLaunch".to_owned(), json!(false)),
            ("AssignIpv6AddressOnCreation".to_owned(), json!(false)),
            ("EnableDns64".to_owned(), json!(false)),
            ("Ipv6Native".to_owned(), json!(false)),
            ("Ipv6CidrBlockAssociationSet".to_owned(), json!([])),
            (
                "PrivateDnsNameOptionsOnLaunch".to_owned(),
                json!({
                    "HostnameType": subnet.hostname_type,
                    "EnableResourceNameDnsARecord": subnet.resource_name_record,
                    "EnableResourceNameDnsAAAARecord": false,
                }),
            ),
            (
                "BlockPublicAccessStates".to_owned(),
                json!({"InternetGatewayBlockMode": "off"}),
            ),
            ("State".to_owned(), json!("available")),
            ("Tags".to_owned(), self.shown_tags(id)),
        ])
    }
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let ec2 = &mut region.ec2;
    let vpc = ec2.wanted_vpc(call.text("VpcId"))?;
    let block = vpcs::block(call, "InvalidSubnet.Range")?;
    if Block::parse(&vpc.cidr).is_none_or(|of_vpc| !of_vpc.contains(block)) {
        return Err(refused(
            "InvalidSubnet.Range",
            format!("The CIDR '{}' is invalid.", call.text("CidrBlock")),
        ));
    }
    let conflicts = ec2.subnets.values().any(|subnet| {
        subnet.vpc_id == call.text("VpcId")
            && subnet.block().is_some_and(|other| other.overlaps(block))
    });
    if conflicts {
        return Err(refused(
            "InvalidSubnet.Conflict",
            format!(
                "The CIDR '{}' conflicts with another subnet",
                call.text("CidrBlock")
            ),
        ));
    }
    let zone = zones::wanted(call)?;
    let tags = tags::specified(call, &SUBNET)?;
    let id = SUBNET.new_id();
    let subnet = Subnet::new(call.text("VpcId"), &zone, block);
    ec2.subnets.insert(&id, subnet.clone());
    ec2.take_tags(&id, tags);
    one("Subnet", ec2.subnet_row(call, &id, &subnet))
}

fn describe(region: &Region, call: &Call) -> Answer {
    let rows = region.ec2.subnets.iter();
    let rows = rows.map(|(id, subnet)| region.ec2.subnet_row(call, id, subnet));
    list(call, &LISTING, rows.collect())
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let id = call.text("SubnetId");
    let ec2 = &mut region.ec2;
    ec2.wanted_subnet(id)?;
    if ec2.addresses(id, call.seconds()).count() > 0 {
        return Err(in_use(format!(
            "The subnet '{id}' has dependencies and cannot be deleted."
        )));
    }
    for (_, table) in ec2.route_tables.iter_mut() {
        table.subnets.retain(|_, subnet| subnet != id);
    }
    ec2.subnets.remove(id);
    ec2.tags.remove(id);
    nothing()
}

/// AWS changes one attribute per call.
fn modify(region: &mut Region, call: &Call) -> Answer {
    let id = call.text("SubnetId");
    region.ec2.wanted_subnet(id)?;
    let attributes = call
        .input
        .keys()
        .filter(|member| !matches!(member.as_str(), "SubnetId" | "DryRun"));
    match attributes.count() {
        0 => return Err(missing("attribute")),
        1 => {}
        _ => {
            return Err(refused(
                "InvalidParameterCombination",
                "Fields for multiple attribute types specified",
            ));
        }
    }
    let Some(subnet) = region.ec2.subnets.get_mut(id) else {
        return Err(SUBNET.absent(id));
    };
    let boolean = |member: &str| Some(call.input.get(member)?["Value"] == Value::Bool(true));
    if let Some(maps) = boolean("MapPublicIpOnLaunch") {
        subnet.map_public_ip = maps;
    }
    if let Some(records) = boolean("EnableResourceNameDnsARecordOnLaunch") {
        subnet.resource_name_record = records;
    }
    if let Some(kind) = optional(&call.input, "PrivateDnsHostnameTypeOnLaunch") {
        if !["ip-name", "resource-name"].contains(&kind) {
            return Err(invalid(format!("Invalid hostname type {kind}")));
        }
        subnet.hostname_type = kind.into();
    }
    nothing()
}
