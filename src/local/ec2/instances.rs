//! Instances: what they are, and the lists of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::describe::{Listing, found, page};
use super::images::ROOT_DEVICE;
use super::{INSTANCE, State, interfaces, is_true, optional, refused, texts, zones};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("DescribeInstances", describe).refusing(&["IncludeManagedResources"]),
    Operation::read("DescribeInstanceStatus", status).refusing(&["IncludeManagedResources"]),
];

/// How long a terminated instance is still described. The user guide: "usually less than an hour".
const DESCRIBED_AFTERWARDS: f64 = 3600.0;

/// How long the status checks of a started instance take; the user guide says "a few minutes".
const CHECKS: Duration = Duration::from_secs(120);

/// What an instance does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::local) enum InstanceState {
    /// It starts.
    Pending,
    /// It runs.
    Running,
    /// It is about to be terminated.
    ShuttingDown,
    /// It is no more.
    Terminated,
    /// It is about to be stopped.
    Stopping,
    /// It does not run, and can be started.
    Stopped,
}

impl InstanceState {
    /// AWS's name.
    pub(in crate::local) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }

    /// Name and code, as answers have them.
    pub(super) fn shown(self) -> Value {
        let code = match self {
            Self::Pending => 0,
            Self::Running => 16,
            Self::ShuttingDown => 32,
            Self::Terminated => 48,
            Self::Stopping => 64,
            Self::Stopped => 80,
        };
        json!({"Code": code, "Name": self.name()})
    }
}

/// An instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::local) struct Instance {
    /// The subnet it is in.
    pub(in crate::local) subnet: String,
    /// The network it is in.
    pub(in crate::local) vpc: String,
    /// Its private address.
    pub(in crate::local) private_ip: String,
    pub(super) reservation: String,
    pub(super) index: usize,
    pub(super) client_token: Option<String>,
    /// What the call with this token asked for, to tell another call with the same token.
    pub(super) asked: String,
    pub(super) image: String,
    pub(super) architecture: String,
    pub(super) instance_type: String,
    /// When it was last started, in epoch seconds.
    pub(super) launched: f64,
    /// Its state until `settled`, and from then on.
    pub(super) passing: InstanceState,
    pub(super) lasting: InstanceState,
    pub(super) settled: f64,
    /// When its status checks have passed.
    pub(super) checked: f64,
    pub(super) interface: String,
    pub(super) volume: String,
    pub(super) user_data: Option<String>,
    pub(super) termination_protected: bool,
    pub(super) stop_protected: bool,
    /// `stop` or `terminate`.
    pub(super) at_shutdown: String,
    /// Why it was stopped or terminated: code and message.
    pub(super) reason: Option<(String, String)>,
    /// Members of its row that are kept as they were given, with their defaults.
    pub(super) settings: Object,
}

impl Instance {
    /// What it does at `now`, in epoch seconds.
    pub(in crate::local) fn state(&self, now: f64) -> InstanceState {
        if now < self.settled {
            self.passing
        } else {
            self.lasting
        }
    }

    /// Whether AWS still lists it.
    pub(super) fn is_described(&self, now: f64) -> bool {
        self.lasting != InstanceState::Terminated || now < self.settled + DESCRIBED_AFTERWARDS
    }

    /// Begins to pass from one state to another.
    pub(super) fn pass(
        &mut self,
        call: &Call,
        passing: InstanceState,
        lasting: InstanceState,
        takes: Duration,
    ) {
        self.passing = passing;
        self.lasting = lasting;
        self.settled = call.done_at(takes);
        if lasting == InstanceState::Running {
            self.launched = call.seconds();
            self.checked = call.done_at(takes + CHECKS);
        }
    }
}

impl State {
    /// The instance with this id, or AWS's refusal.
    pub(super) fn wanted_instance(&self, call: &Call, id: &str) -> Result<&Instance, Refusal> {
        self.instance(id, call.seconds())
            .ok_or_else(|| INSTANCE.absent(id))
    }

    /// The same, to change it.
    pub(super) fn instance_mut(&mut self, call: &Call, id: &str) -> Result<&mut Instance, Refusal> {
        self.wanted_instance(call, id)?;
        self.instances
            .get_mut(id)
            .ok_or_else(|| INSTANCE.absent(id))
    }

    /// An instance's row when it is in this state.
    pub(super) fn instance_row(
        &self,
        call: &Call,
        id: &str,
        instance: &Instance,
        state: InstanceState,
    ) -> Object {
        let mut row = instance.settings.clone();
        let zone = self
            .subnets
            .get(&instance.subnet)
            .map(|subnet| subnet.zone.as_str());
        let mut put = |member: &str, value: Value| row.insert(member.to_owned(), value);
        put("InstanceId", json!(id));
        put("ImageId", json!(instance.image));
        put("InstanceType", json!(instance.instance_type));
        put("Architecture", json!(instance.architecture));
        put("AmiLaunchIndex", json!(instance.index));
        put(
            "ClientToken",
            json!(instance.client_token.as_deref().unwrap_or_default()),
        );
        put("LaunchTime", json!(instance.launched));
        put("State", state.shown());
        put("Tags", self.shown_tags(id));
        let transition = match &instance.reason {
            Some((code, message)) => {
                put("StateReason", json!({"Code": code, "Message": message}));
                "User initiated"
            }
            None => "",
        };
        put("StateTransitionReason", json!(transition));
        for (member, value) in [
            ("EnaSupport", json!(true)),
            ("Hypervisor", json!("xen")),
            ("VirtualizationType", json!("hvm")),
            ("RootDeviceName", json!(ROOT_DEVICE)),
            ("RootDeviceType", json!("ebs")),
            ("ProductCodes", json!([])),
            ("PlatformDetails", json!("Linux/UNIX")),
            ("UsageOperation", json!("RunInstances")),
            ("UsageOperationUpdateTime", json!(instance.launched)),
            ("CurrentInstanceBootMode", json!("uefi")),
            (
                "CapacityReservationSpecification",
                json!({"CapacityReservationPreference": "open"}),
            ),
        ] {
            put(member, value);
        }
        if let Some(zone) = zone {
            put(
                "Placement",
                json!({
                    "AvailabilityZone": zone,
                    "AvailabilityZoneId": zones::id(&call.region, zone),
                    "GroupName": "",
                    "Tenancy": "default",
                }),
            );
        }
        if state == InstanceState::Terminated {
            // What it had is gone.
            for (member, value) in [
                ("BlockDeviceMappings", json!([])),
                ("NetworkInterfaces", json!([])),
                ("SecurityGroups", json!([])),
                ("PrivateDnsName", json!("")),
                ("PublicDnsName", json!("")),
            ] {
                put(member, value);
            }
            return row;
        }
        put(
            "BlockDeviceMappings",
            json!([{
                "DeviceName": ROOT_DEVICE,
                "Ebs": {
                    "AttachTime": instance.launched,
                    "DeleteOnTermination": true,
                    "Status": "attached",
                    "VolumeId": instance.volume,
                },
            }]),
        );
        put("SubnetId", json!(instance.subnet));
        put("VpcId", json!(instance.vpc));
        put("PrivateIpAddress", json!(instance.private_ip));
        put(
            "PrivateDnsName",
            json!(interfaces::private_name(&call.region, &instance.private_ip)),
        );
        if let Some(interface) = self.interfaces.get(&instance.interface) {
            put("SecurityGroups", self.shown_groups(&interface.groups));
            put("SourceDestCheck", json!(interface.source_destination_check));
            put("PublicIpAddress", json!(interface.public_ip));
            let name = interface.public_ip.as_ref();
            let name = name.map(|address| self.public_name(call, &interface.vpc, address));
            put("PublicDnsName", json!(name.unwrap_or_default()));
            let shown = self.interface_row(call, &instance.interface, interface);
            put("NetworkInterfaces", json!([shown]));
        }
        row
    }
}

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

/// A reservation with its instances' rows.
pub(super) fn reservation(call: &Call, id: &str, rows: Vec<Object>) -> Object {
    Object::from_iter([
        ("ReservationId".to_owned(), json!(id)),
        ("OwnerId".to_owned(), json!(call.account)),
        ("Groups".to_owned(), json!([])),
        ("Instances".to_owned(), json!(rows)),
    ])
}

fn no_pages_with_ids(call: &Call) -> Result<(), Refusal> {
    if call.input.contains_key("MaxResults") && call.input.contains_key("InstanceIds") {
        return Err(refused(
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
        ));
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
    let mut reservations: std::collections::BTreeMap<String, Vec<Object>> = Default::default();
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
                    json!(zone.map(|zone| zones::id(&call.region, zone))),
                ),
                ("InstanceState".to_owned(), instance.state(now).shown()),
                ("InstanceStatus".to_owned(), summary.clone()),
                ("SystemStatus".to_owned(), summary),
            ])
        })
        .collect();
    let rows = super::describe::filter(call, STATUS_LISTING.filters, rows)?;
    let rows = rows.into_iter().map(|row| {
        let id = optional(&row, STATUS_LISTING.id)
            .unwrap_or_default()
            .to_owned();
        (id, row)
    });
    page(call, STATUS_LISTING.member, rows.collect(), 1000)
}
