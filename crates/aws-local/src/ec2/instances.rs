//! Instances, and their rows in responses.

use std::time::Duration;

use aws_facts::{hosts, regions};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Call, Object, Refusal};
use super::images::ROOT_DEVICE;
use super::{INSTANCE, State};

/// How long a terminated instance is still described. The user guide: "usually less than an hour".
const DESCRIBED_AFTERWARDS: f64 = 3600.0;

/// How long the status checks of a started instance take; the user guide says "a few minutes".
const CHECKS: Duration = Duration::from_secs(120);

/// What an instance does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum InstanceState {
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
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }

    /// Name and code in responses.
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

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// The subnet it is in.
    pub(crate) subnet: String,
    /// The network it is in.
    pub(crate) vpc: String,
    /// Its private address.
    pub(crate) private_ip: String,
    /// `default` for shared hardware, or `dedicated`.
    pub(super) tenancy: String,
    pub(super) reservation: String,
    pub(super) index: usize,
    pub(super) client_token: Option<String>,
    /// The input of the call with this token, to detect a different call with the same token.
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
    /// When its user stopped or terminated it, in epoch seconds, unless it was started since.
    pub(super) ended: Option<f64>,
    /// Members of its row that are stored as sent, with their defaults.
    pub(super) settings: Object,
}

impl Instance {
    /// Its state at `now`, in epoch seconds.
    pub(crate) fn state(&self, now: f64) -> InstanceState {
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

    /// Starts a transition to another state.
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
        let transition = instance.ended.map(|at| {
            let at = Timestamp::from_second(at as i64).unwrap_or_default();
            at.strftime("User initiated (%Y-%m-%d %H:%M:%S GMT)")
                .to_string()
        });
        if transition.is_some() {
            put(
                "StateReason",
                json!({
                    "Code": "Client.UserInitiatedShutdown",
                    "Message": "Client.UserInitiatedShutdown: User initiated shutdown",
                }),
            );
        }
        put(
            "StateTransitionReason",
            json!(transition.unwrap_or_default()),
        );
        for (member, value) in [
            ("EnaSupport", json!(true)),
            ("Hypervisor", json!("xen")),
            ("VirtualizationType", json!("hvm")),
            ("RootDeviceName", json!(ROOT_DEVICE)),
            ("RootDeviceType", json!("ebs")),
            ("ProductCodes", json!([])),
            ("PlatformDetails", json!("Linux/UNIX")),
            ("UsageOperation", json!("RunInstances")),
            ("Operator", json!({"Managed": false})),
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
                    "AvailabilityZoneId": regions::zone_id(&call.region, zone),
                    "GroupName": "",
                    "Tenancy": instance.tenancy,
                }),
            );
        }
        if state == InstanceState::Terminated {
            // Terminated instances lose their network.
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
            json!(hosts::ec2_private(&call.region, &instance.private_ip)),
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

/// A reservation with its instances' rows.
pub(super) fn reservation(call: &Call, id: &str, rows: Vec<Object>) -> Object {
    Object::from_iter([
        ("ReservationId".to_owned(), json!(id)),
        ("OwnerId".to_owned(), json!(call.account)),
        ("Groups".to_owned(), json!([])),
        ("Instances".to_owned(), json!(rows)),
    ])
}
