//! Network interfaces: of instances, and of other services in subnets.

use aws_facts::{hosts, regions};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::describe::{Listing, list};
use super::{INTERFACE, State};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::read("DescribeNetworkInterfaces", describe)
        .refusing(&["IncludeManagedResources"])];

/// A network interface.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Interface {
    /// The subnet it is in.
    pub(crate) subnet: String,
    /// Its security groups.
    pub(crate) groups: Vec<String>,
    /// What its owner says of it.
    pub(crate) description: String,
    /// The service that created and manages it, such as `amazon-elb`.
    pub(crate) requester: Option<String>,
    /// `interface`, or another of AWS's types such as `network_load_balancer`.
    pub(crate) interface_type: String,
    /// Its address; by default the subnet's first free one.
    pub(crate) private_ip: String,
    /// Its network, the subnet's.
    pub(crate) vpc: String,
    /// When it is deleted, in epoch seconds, if that is scheduled.
    pub(crate) gone_at: Option<f64>,
    pub(super) public_ip: Option<String>,
    pub(super) source_destination_check: bool,
    /// The instance it is attached to.
    pub(crate) instance: Option<String>,
    /// When it was attached, in epoch seconds.
    pub(super) attached_at: f64,
    /// Whether it is deleted with its instance.
    pub(super) deleted_with_instance: bool,
    pub(super) mac: String,
    pub(super) attachment: String,
}

impl State {
    /// Adds an interface with its network, address and type. Returns its id; none if the subnet is missing or full at `now`, in
    /// epoch seconds.
    pub(crate) fn add_interface(&mut self, mut interface: Interface, now: f64) -> Option<String> {
        let subnet = self.subnets.get(&interface.subnet)?;
        interface.vpc.clone_from(&subnet.vpc_id);
        if interface.private_ip.is_empty() {
            interface.private_ip = self.free_address(&interface.subnet, now)?.to_string();
        }
        if interface.interface_type.is_empty() {
            interface.interface_type = "interface".into();
        }
        let hex = identifiers::ec2();
        let octets: Vec<&str> = (0..5)
            .filter_map(|at| hex.get(at * 2..at * 2 + 2))
            .collect();
        interface.mac = format!("02:{}", octets.join(":"));
        interface.attachment = match &interface.requester {
            // AWS's format for attachments of another account.
            Some(_) => format!("ela-attach-{}", identifiers::ec2()),
            None => format!("eni-attach-{}", identifiers::ec2()),
        };
        let id = INTERFACE.new_id();
        self.interfaces.insert(&id, interface);
        Some(id)
    }

    /// Schedules the deletion of interfaces whose description begins like this, `at` these epoch seconds.
    pub(crate) fn release_interfaces(&mut self, description: &str, at: f64) {
        for (_, interface) in self.interfaces.iter_mut() {
            if interface.description.starts_with(description) && interface.gone_at.is_none() {
                interface.gone_at = Some(at);
            }
        }
    }

    /// The interfaces that exist at `now`, in epoch seconds.
    pub(crate) fn interfaces_in_use(&self, now: f64) -> impl Iterator<Item = (&str, &Interface)> {
        self.interfaces
            .iter()
            .filter(move |(_, interface)| interface.gone_at.is_none_or(|at| now < at))
    }

    pub(super) fn interface(&self, id: &str, now: f64) -> Option<&Interface> {
        self.interfaces
            .get(id)
            .filter(|interface| interface.gone_at.is_none_or(|at| now < at))
    }

    /// An answer's list of the groups with these ids.
    pub(super) fn shown_groups(&self, ids: &[String]) -> Value {
        ids.iter()
            .filter_map(|id| Some((id, self.groups.get(id)?)))
            .map(|(id, group)| json!({"GroupId": id, "GroupName": group.name}))
            .collect()
    }

    /// The public address and name of an interface, if it has one.
    fn association(&self, call: &Call, interface: &Interface) -> Value {
        json!(interface.public_ip.as_ref().map(|address| {
            json!({
                "IpOwnerId": "amazon",
                "PublicIp": address,
                "PublicDnsName": self.public_name(call, &interface.vpc, address),
            })
        }))
    }

    /// The public name of a public address: none in a network without host names.
    pub(super) fn public_name(&self, call: &Call, vpc: &str, address: &str) -> String {
        if !self.vpcs.get(vpc).is_some_and(|vpc| vpc.dns_hostnames) {
            return String::new();
        }
        hosts::ec2_public(&call.region, address)
    }

    /// What an interface's rows in its own list and in its instance's have in common.
    pub(super) fn interface_row(&self, call: &Call, id: &str, interface: &Interface) -> Object {
        let association = self.association(call, interface);
        let name = hosts::ec2_private(&call.region, &interface.private_ip);
        let mut attachment = json!({
            "AttachmentId": interface.attachment,
            "AttachTime": interface.attached_at,
            "DeleteOnTermination": interface.deleted_with_instance,
            "DeviceIndex": 0,
            "NetworkCardIndex": 0,
            "Status": "attached",
        });
        if interface.requester.is_some() {
            attachment["DeviceIndex"] = json!(1);
        }
        Object::from_iter([
            ("NetworkInterfaceId".to_owned(), json!(id)),
            ("SubnetId".to_owned(), json!(interface.subnet)),
            ("VpcId".to_owned(), json!(interface.vpc)),
            ("Description".to_owned(), json!(interface.description)),
            ("Groups".to_owned(), self.shown_groups(&interface.groups)),
            ("InterfaceType".to_owned(), json!(interface.interface_type)),
            ("MacAddress".to_owned(), json!(interface.mac)),
            ("OwnerId".to_owned(), json!(call.account)),
            ("PrivateDnsName".to_owned(), json!(name)),
            ("PrivateIpAddress".to_owned(), json!(interface.private_ip)),
            (
                "PrivateIpAddresses".to_owned(),
                json!([{
                    "Primary": true,
                    "PrivateIpAddress": interface.private_ip,
                    "PrivateDnsName": name,
                    "Association": association.clone(),
                }]),
            ),
            ("Ipv6Addresses".to_owned(), json!([])),
            (
                "SourceDestCheck".to_owned(),
                json!(interface.source_destination_check),
            ),
            ("Status".to_owned(), json!("in-use")),
            ("Association".to_owned(), association),
            ("Attachment".to_owned(), attachment),
        ])
    }
}

const LISTING: Listing = Listing {
    member: "NetworkInterfaces",
    id: "NetworkInterfaceId",
    ids: "NetworkInterfaceIds",
    kind: INTERFACE,
    filters: &[
        ("association.ip-owner-id", "Association.IpOwnerId"),
        ("association.public-ip", "Association.PublicIp"),
        ("association.public-dns-name", "Association.PublicDnsName"),
        ("attachment.attach-time", "Attachment.AttachTime"),
        ("attachment.attachment-id", "Attachment.AttachmentId"),
        (
            "attachment.delete-on-termination",
            "Attachment.DeleteOnTermination",
        ),
        ("attachment.device-index", "Attachment.DeviceIndex"),
        ("attachment.instance-id", "Attachment.InstanceId"),
        ("attachment.instance-owner-id", "Attachment.InstanceOwnerId"),
        ("attachment.status", "Attachment.Status"),
        (
            "addresses.private-ip-address",
            "PrivateIpAddresses.PrivateIpAddress",
        ),
        ("addresses.primary", "PrivateIpAddresses.Primary"),
        (
            "addresses.association.public-ip",
            "PrivateIpAddresses.Association.PublicIp",
        ),
        ("availability-zone", "AvailabilityZone"),
        ("availability-zone-id", "AvailabilityZoneId"),
        ("description", "Description"),
        ("group-id", "Groups.GroupId"),
        ("group-name", "Groups.GroupName"),
        ("interface-type", "InterfaceType"),
        ("mac-address", "MacAddress"),
        ("network-interface-id", "NetworkInterfaceId"),
        ("owner-id", "OwnerId"),
        ("private-dns-name", "PrivateDnsName"),
        ("private-ip-address", "PrivateIpAddress"),
        ("requester-id", "RequesterId"),
        ("requester-managed", "RequesterManaged"),
        ("source-dest-check", "SourceDestCheck"),
        ("status", "Status"),
        ("subnet-id", "SubnetId"),
        ("vpc-id", "VpcId"),
    ],
};

fn describe(region: &Region, call: &Call) -> Answer {
    let ec2 = &region.ec2;
    let rows = ec2
        .interfaces_in_use(call.seconds())
        .map(|(id, interface)| {
            let mut row = ec2.interface_row(call, id, interface);
            let zone = ec2
                .subnets
                .get(&interface.subnet)
                .map(|subnet| subnet.zone.as_str());
            row.insert("AvailabilityZone".into(), json!(zone));
            let zone_id = zone.map(|zone| regions::zone_id(&call.region, zone));
            row.insert("AvailabilityZoneId".into(), json!(zone_id));
            row.insert("RequesterId".into(), json!(interface.requester));
            row.insert(
                "RequesterManaged".into(),
                json!(interface.requester.is_some()),
            );
            row.insert("TagSet".into(), ec2.shown_tags(id));
            if let Some(attachment) = row.get_mut("Attachment") {
                attachment["InstanceId"] = json!(interface.instance);
                // AWS names the service whose attachment it is.
                let owner = interface.requester.as_deref().unwrap_or(&call.account);
                attachment["InstanceOwnerId"] = json!(owner);
            }
            row
        });
    list(call, &LISTING, rows.collect())
}
