//! The lists of instances, and of their status checks.

use std::collections::BTreeMap;

use aws_facts::regions;
use serde_json::json;

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::describe::{Listing, filter, found, page};
use super::instances::{Instance, InstanceState, reservation};
use super::{INSTANCE, excludes, is_true, optional, texts};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("DescribeInstances", describe).refusing(&["IncludeManagedResources"]),
    Operation::read("DescribeInstanceStatus", status).refusing(&["IncludeManagedResources"]),
];

const LISTING: Listing = Listing {
    member: "Instances",
    id: "InstanceId",
    ids: "InstanceIds",
    kind: INSTANCE,
    filters: &[
        ("architecture", "Architecture"),
        ("availability-zone", "Placement.AvailabilityZone"),
        ("availability-zone-id", "Placement.AvailabilityZoneId"),
        (
            "block-device-mapping.attach-time",
            "BlockDeviceMappings.Ebs.AttachTime",
        ),
        (
            "block-device-mapping.delete-on-termination",
            "BlockDeviceMappings.Ebs.DeleteOnTermination",
        ),
        (
            "block-device-mapping.device-name",
            "BlockDeviceMappings.DeviceName",
        ),
        (
            "block-device-mapping.status",
            "BlockDeviceMappings.Ebs.Status",
        ),
        (
            "block-device-mapping.volume-id",
            "BlockDeviceMappings.Ebs.VolumeId",
        ),
        ("boot-mode", "BootMode"),
        ("client-token", "ClientToken"),
        ("current-instance-boot-mode", "CurrentInstanceBootMode"),
        ("dns-name", "PublicDnsName"),
        ("ebs-optimized", "EbsOptimized"),
        ("ena-support", "EnaSupport"),
        ("enclave-options.enabled", "EnclaveOptions.Enabled"),
        ("group-id", "SecurityGroups.GroupId"),
        ("group-name", "SecurityGroups.GroupName"),
        (
            "hibernation-options.configured",
            "HibernationOptions.Configured",
        ),
        ("hypervisor", "Hypervisor"),
        ("iam-instance-profile.arn", "IamInstanceProfile.Arn"),
        ("iam-instance-profile.id", "IamInstanceProfile.Id"),
        ("image-id", "ImageId"),
        ("instance-id", "InstanceId"),
        ("instance-lifecycle", "InstanceLifecycle"),
        ("instance-state-code", "State.Code"),
        ("instance-state-name", "State.Name"),
        ("instance-type", "InstanceType"),
        ("instance.group-id", "SecurityGroups.GroupId"),
        ("instance.group-name", "SecurityGroups.GroupName"),
        ("ip-address", "PublicIpAddress"),
        ("key-name", "KeyName"),
        ("launch-index", "AmiLaunchIndex"),
        ("launch-time", "LaunchTime"),
        (
            "maintenance-options.auto-recovery",
            "MaintenanceOptions.AutoRecovery",
        ),
        (
            "metadata-options.http-endpoint",
            "MetadataOptions.HttpEndpoint",
        ),
        (
            "metadata-options.http-protocol-ipv6",
            "MetadataOptions.HttpProtocolIpv6",
        ),
        (
            "metadata-options.http-put-response-hop-limit",
            "MetadataOptions.HttpPutResponseHopLimit",
        ),
        ("metadata-options.http-tokens", "MetadataOptions.HttpTokens"),
        (
            "metadata-options.instance-metadata-tags",
            "MetadataOptions.InstanceMetadataTags",
        ),
        ("metadata-options.state", "MetadataOptions.State"),
        ("monitoring-state", "Monitoring.State"),
        (
            "network-interface.addresses.primary",
            "NetworkInterfaces.PrivateIpAddresses.Primary",
        ),
        (
            "network-interface.addresses.private-ip-address",
            "NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress",
        ),
        (
            "network-interface.attachment.attachment-id",
            "NetworkInterfaces.Attachment.AttachmentId",
        ),
        (
            "network-interface.description",
            "NetworkInterfaces.Description",
        ),
        (
            "network-interface.group-id",
            "NetworkInterfaces.Groups.GroupId",
        ),
        (
            "network-interface.group-name",
            "NetworkInterfaces.Groups.GroupName",
        ),
        (
            "network-interface.network-interface-id",
            "NetworkInterfaces.NetworkInterfaceId",
        ),
        (
            "network-interface.private-dns-name",
            "NetworkInterfaces.PrivateDnsName",
        ),
        ("network-interface.status", "NetworkInterfaces.Status"),
        ("network-interface.subnet-id", "NetworkInterfaces.SubnetId"),
        ("network-interface.vpc-id", "NetworkInterfaces.VpcId"),
        ("placement-group-name", "Placement.GroupName"),
        ("platform", "Platform"),
        ("platform-details", "PlatformDetails"),
        ("private-dns-name", "PrivateDnsName"),
        ("private-ip-address", "PrivateIpAddress"),
        ("reason", "StateTransitionReason"),
        ("root-device-name", "RootDeviceName"),
        ("root-device-type", "RootDeviceType"),
        ("source-dest-check", "SourceDestCheck"),
        ("state-reason-code", "StateReason.Code"),
        ("state-reason-message", "StateReason.Message"),
        ("subnet-id", "SubnetId"),
        ("tenancy", "Placement.Tenancy"),
        ("usage-operation", "UsageOperation"),
        ("virtualization-type", "VirtualizationType"),
        ("vpc-id", "VpcId"),
        // Of the reservation, which every instance has one of.
        ("owner-id", "OwnerId"),
        ("requester-id", "RequesterId"),
        ("reservation-id", "ReservationId"),
    ],
};

/// The members of an instance's row that are its reservation's.
const OF_RESERVATION: [&str; 2] = ["ReservationId", "OwnerId"];

fn no_pages_with_ids(call: &Call) -> Result<(), Refusal> {
    if call.input.contains_key("MaxResults") && call.input.contains_key("InstanceIds") {
        return Err(excludes("instancesSet", "maxResults"));
    }
    Ok(())
}

fn described<'r>(region: &'r Region, call: &Call) -> impl Iterator<Item = (&'r str, &'r Instance)> {
    let now = call.seconds();
    let all = region.ec2.instances.iter();
    all.filter(move |(_, instance)| instance.is_described(now))
}

fn describe(region: &Region, call: &Call) -> Answer {
    no_pages_with_ids(call)?;
    let now = call.seconds();
    let rows = described(region, call).map(|(id, instance)| {
        let mut row = region
            .ec2
            .instance_row(call, id, instance, instance.state(now));
        row.insert("ReservationId".into(), json!(instance.reservation));
        row.insert("OwnerId".into(), json!(call.account));
        row
    });
    let mut reservations: BTreeMap<String, Vec<Object>> = Default::default();
    for mut row in found(call, &LISTING, rows.collect())? {
        let of = optional(&row, "ReservationId")
            .unwrap_or_default()
            .to_owned();
        for member in OF_RESERVATION {
            row.remove(member);
        }
        reservations.entry(of).or_default().push(row);
    }
    let rows = reservations.into_iter().map(|(id, mut rows)| {
        rows.sort_by_key(|row| row["AmiLaunchIndex"].as_u64());
        let row = reservation(call, &id, rows);
        (id, row)
    });
    page(call, "Reservations", rows.collect(), 1000)
}

const STATUS_LISTING: Listing = Listing {
    member: "InstanceStatuses",
    id: "InstanceId",
    ids: "InstanceIds",
    kind: INSTANCE,
    filters: &[
        ("availability-zone", "AvailabilityZone"),
        ("availability-zone-id", "AvailabilityZoneId"),
        ("instance-state-code", "InstanceState.Code"),
        ("instance-state-name", "InstanceState.Name"),
        (
            "instance-status.reachability",
            "InstanceStatus.Details.Status",
        ),
        ("instance-status.status", "InstanceStatus.Status"),
        ("system-status.reachability", "SystemStatus.Details.Status"),
        ("system-status.status", "SystemStatus.Status"),
    ],
};

/// The running instances' status checks, or those of all.
fn status(region: &Region, call: &Call) -> Answer {
    no_pages_with_ids(call)?;
    let now = call.seconds();
    for id in texts(&call.input, "InstanceIds") {
        region.ec2.wanted_instance(call, id)?;
    }
    let asked = texts(&call.input, "InstanceIds");
    let rows = described(region, call)
        .filter(|(id, instance)| {
            (asked.is_empty() || asked.contains(id))
                && (is_true(&call.input, "IncludeAllInstances")
                    || instance.state(now) == InstanceState::Running)
        })
        .map(|(id, instance)| {
            let (status, reachability) = match instance.state(now) {
                InstanceState::Running if now < instance.checked => {
                    ("initializing", "initializing")
                }
                InstanceState::Running => ("ok", "passed"),
                _ => ("not-applicable", ""),
            };
            let mut summary = json!({"Status": status});
            if !reachability.is_empty() {
                summary["Details"] = json!([{"Name": "reachability", "Status": reachability}]);
            }
            let zone = region
                .ec2
                .subnets
                .get(&instance.subnet)
                .map(|subnet| subnet.zone.as_str());
            Object::from_iter([
                ("InstanceId".to_owned(), json!(id)),
                ("AvailabilityZone".to_owned(), json!(zone)),
                (
                    "AvailabilityZoneId".to_owned(),
                    json!(zone.map(|zone| regions::zone_id(&call.region, zone))),
                ),
                ("InstanceState".to_owned(), instance.state(now).shown()),
                ("InstanceStatus".to_owned(), summary.clone()),
                ("SystemStatus".to_owned(), summary),
            ])
        })
        .collect();
    let rows = filter(call, STATUS_LISTING.filters, rows)?;
    let rows = rows.into_iter().map(|row| {
        let id = optional(&row, STATUS_LISTING.id)
            .unwrap_or_default()
            .to_owned();
        (id, row)
    });
    page(call, STATUS_LISTING.member, rows.collect(), 1000)
}
