//! Launching instances.

use aws_facts::arns;
use aws_facts::limits::ec2::LARGEST_USER_DATA;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::ssm;
use super::super::state::Region;
use super::instance_states::STARTING;
use super::instances::{Instance, InstanceState, reservation};
use super::interfaces::Interface;
use super::placement::{place, public_address};
use super::{
    IMAGE, INSTANCE, INTERFACE, State, VOLUME, ground, images, invalid, is_true, missing, optional,
    refused, tags,
};

pub(super) const OPERATIONS: &[Operation] = &[Operation::begin("RunInstances", run).refusing(&[
    "AdditionalInfo",
    "BlockDeviceMappings",
    "CapacityReservationSpecification",
    "CpuOptions",
    "CreditSpecification",
    "ElasticGpuSpecification",
    "ElasticInferenceAccelerators",
    "EnablePrimaryIpv6",
    "EnclaveOptions",
    "InstanceMarketOptions",
    "Ipv6AddressCount",
    "Ipv6Addresses",
    "KernelId",
    "LaunchTemplate",
    "LicenseSpecifications",
    "MaintenanceOptions",
    "NetworkInterfaces.AssociateCarrierIpAddress",
    "NetworkInterfaces.ConnectionTrackingSpecification",
    "NetworkInterfaces.EnaQueueCount",
    "NetworkInterfaces.EnaSrdSpecification",
    "NetworkInterfaces.InterfaceType",
    "NetworkInterfaces.Ipv4PrefixCount",
    "NetworkInterfaces.Ipv4Prefixes",
    "NetworkInterfaces.Ipv6AddressCount",
    "NetworkInterfaces.Ipv6Addresses",
    "NetworkInterfaces.Ipv6PrefixCount",
    "NetworkInterfaces.Ipv6Prefixes",
    "NetworkInterfaces.NetworkCardIndex",
    "NetworkInterfaces.NetworkInterfaceId",
    "NetworkInterfaces.PrimaryIpv6",
    "NetworkInterfaces.PrivateIpAddresses",
    "NetworkInterfaces.SecondaryPrivateIpAddressCount",
    "NetworkPerformanceOptions",
    "Operator",
    "Placement.Affinity",
    "Placement.AvailabilityZoneId",
    "Placement.GroupId",
    "Placement.GroupName",
    "Placement.HostId",
    "Placement.HostResourceGroupArn",
    "Placement.PartitionNumber",
    "Placement.SpreadDomain",
    "PrivateDnsNameOptions",
    "RamdiskId",
    "SecondaryInterfaces",
])];

/// The type of an instance whose call names none.
const DEFAULT_TYPE: &str = "m1.small";

fn run(region: &mut Region, call: &Call) -> Answer {
    let now = call.seconds();
    let hibernation = call.input.get("HibernationOptions");
    if hibernation.is_some_and(|options| options["Configured"] == true) {
        return Err(Refusal::not_implemented(
            "HibernationOptions.Configured of ec2:RunInstances",
        ));
    }
    let image_id = image_id(region, call)?;
    let ec2 = &mut region.ec2;
    let token = optional(&call.input, "ClientToken").filter(|token| !token.is_empty());
    if token.is_some_and(|token| token.len() > 64) {
        return Err(invalid(
            "Client token exceeds the maximum length of 64 characters.",
        ));
    }
    let asked = Value::Object(call.input.clone()).to_string();
    if let Some(token) = token
        && let Some(answer) = earlier(ec2, call, token, &asked)?
    {
        return Ok(answer);
    }
    let count = count(call)?;
    let Some(image) = images::image(&call.region, &image_id) else {
        return Err(IMAGE.absent(&image_id));
    };
    let instance_type = optional(&call.input, "InstanceType").unwrap_or(DEFAULT_TYPE);
    fits(instance_type, image.architecture)?;
    if let Some(name) = optional(&call.input, "KeyName") {
        // There are no key pairs here, and no way to make one.
        return Err(refused(
            "InvalidKeyPair.NotFound",
            format!("The key pair '{name}' does not exist"),
        ));
    }
    let user_data = optional(&call.input, "UserData")
        .map(user_data)
        .transpose()?;
    let settings = settings(call, image.architecture)?;
    let place = place(ec2, call)?;
    let tags_of = |kind| tags::specified_of(call, kind, &[&INSTANCE, &INTERFACE, &VOLUME]);
    let instance_tags = tags_of(&INSTANCE)?;
    let interface_tags = tags_of(&INTERFACE)?;
    let volume_tags = tags_of(&VOLUME)?;
    let reservation_id = format!("r-{}", identifiers::ec2());
    let mut rows = Vec::new();
    for index in 0..count {
        let id = call.id.clone().unwrap_or_else(|| INSTANCE.new_id());
        let interface = Interface {
            subnet: place.subnet.clone(),
            groups: place.groups.clone(),
            description: place.description.clone(),
            private_ip: place.address.clone().unwrap_or_default(),
            public_ip: place.public.then(public_address),
            source_destination_check: true,
            instance: Some(id.clone()),
            attached_at: now,
            deleted_with_instance: true,
            ..Interface::default()
        };
        let Some(interface) = ec2.add_interface(interface, now) else {
            return Err(refused(
                "InsufficientFreeAddressesInSubnet",
                format!(
                    "There are not enough free addresses in subnet '{}' to satisfy the requested number of instances.",
                    place.subnet
                ),
            ));
        };
        ec2.take_tags(&interface, interface_tags.clone());
        let private_ip = ec2
            .interfaces
            .get(&interface)
            .map(|row| row.private_ip.clone());
        let mut instance = Instance {
            subnet: place.subnet.clone(),
            vpc: place.vpc.clone(),
            tenancy: place.tenancy.clone(),
            private_ip: private_ip.unwrap_or_default(),
            reservation: reservation_id.clone(),
            index,
            client_token: token.map(str::to_owned),
            asked: if token.is_some() {
                asked.clone()
            } else {
                String::new()
            },
            image: image_id.clone(),
            architecture: image.architecture.into(),
            instance_type: instance_type.into(),
            launched: now,
            passing: InstanceState::Pending,
            lasting: InstanceState::Running,
            settled: now,
            checked: now,
            interface,
            volume: format!("vol-{}", identifiers::ec2()),
            user_data: user_data.clone(),
            termination_protected: is_true(&call.input, "DisableApiTermination"),
            stop_protected: is_true(&call.input, "DisableApiStop"),
            at_shutdown: optional(&call.input, "InstanceInitiatedShutdownBehavior")
                .unwrap_or("stop")
                .into(),
            ended: None,
            settings: settings.clone(),
        };
        instance.pass(
            call,
            InstanceState::Pending,
            InstanceState::Running,
            STARTING,
        );
        ec2.instances.insert(&id, instance.clone());
        ec2.take_tags(&id, instance_tags.clone());
        ec2.take_tags(&instance.volume, volume_tags.clone());
        let mut row = ec2.instance_row(call, &id, &instance, InstanceState::Pending);
        row.insert(
            "StateReason".into(),
            json!({"Code": "pending", "Message": "pending"}),
        );
        rows.push(row);
    }
    Ok(reservation(call, &reservation_id, rows))
}

/// The instances of an earlier call with this token, in their current states.
fn earlier(ec2: &State, call: &Call, token: &str, asked: &str) -> Result<Option<Object>, Refusal> {
    let now = call.seconds();
    let mut launched: Vec<(&str, &Instance)> = ec2
        .instances
        .iter()
        .filter(|(_, instance)| instance.client_token.as_deref() == Some(token))
        .collect();
    launched.sort_by_key(|(_, instance)| instance.index);
    let Some((_, first)) = launched.first() else {
        return Ok(None);
    };
    if first.asked != asked {
        return Err(refused(
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        ));
    }
    let rows = launched
        .iter()
        .map(|(id, instance)| ec2.instance_row(call, id, instance, instance.state(now)));
    Ok(Some(reservation(call, &first.reservation, rows.collect())))
}

/// The image that the call names, by its id or by the Systems Manager parameter that holds it.
fn image_id(region: &Region, call: &Call) -> Result<String, Refusal> {
    let Some(named) = optional(&call.input, "ImageId") else {
        return Err(missing("ImageId"));
    };
    let Some(parameter) = named.strip_prefix("resolve:ssm:") else {
        return Ok(named.to_owned());
    };
    ssm::value(region, call, parameter).map_err(|_| {
        invalid(format!(
            "Value ({named}) for parameter imageId is invalid. There is no such Systems Manager parameter."
        ))
    })
}

fn count(call: &Call) -> Result<usize, Refusal> {
    let number = |member: &str| {
        call.input
            .get(member)
            .and_then(Value::as_i64)
            .unwrap_or_default()
    };
    let (least, greatest) = (number("MinCount"), number("MaxCount"));
    if least < 1 {
        return Err(invalid(format!(
            "Value ({least}) for parameter minCount is invalid. Minimum is 1."
        )));
    }
    if greatest < least {
        return Err(invalid(format!(
            "Value ({greatest}) for parameter maxCount is invalid. Should be greater than or equal to minCount."
        )));
    }
    Ok(usize::try_from(greatest).unwrap_or_default())
}

/// Refuses a type that can't run an image of this architecture.
pub(super) fn fits(instance_type: &str, architecture: &str) -> Result<(), Refusal> {
    let family = instance_type.split('.').next().unwrap_or_default();
    // Graviton families have a `g` behind their generation: t4g, c7gn, x2gd.
    let generation = family.find(|letter: char| letter.is_ascii_digit());
    let attributes = generation.map_or("", |at| &family[at + 1..]);
    let of_type = if family == "a1" || attributes.contains('g') {
        "arm64"
    } else {
        "x86_64"
    };
    if of_type == architecture {
        return Ok(());
    }
    Err(invalid(format!(
        "The architecture '{of_type}' of the specified instance type does not match the architecture '{architecture}' of the specified \
         AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' \
         or 'describe-images' to discover the architecture of the instance type or AMI."
    )))
}

/// User data as sent, if it is base64 within AWS's limit.
pub(super) fn user_data(text: &str) -> Result<String, Refusal> {
    let bare: String = text.split_ascii_whitespace().collect();
    let Ok(bytes) = STANDARD.decode(&bare) else {
        return Err(invalid("Invalid BASE64 encoding of user data."));
    };
    if bytes.len() > LARGEST_USER_DATA {
        return Err(invalid(format!(
            "User data is limited to {LARGEST_USER_DATA} bytes"
        )));
    }
    Ok(bare)
}

/// The members of an instance's row that the call sets, and their defaults.
fn settings(call: &Call, architecture: &str) -> Result<Object, Refusal> {
    let nested = |member: &str| call.input.get(member).and_then(Value::as_object);
    let mut settings = Object::new();
    let enabled = nested("Monitoring").is_some_and(|monitoring| is_true(monitoring, "Enabled"));
    let monitoring = if enabled { "enabled" } else { "disabled" };
    settings.insert("Monitoring".into(), json!({"State": monitoring}));
    settings.insert(
        "EbsOptimized".into(),
        json!(is_true(&call.input, "EbsOptimized")),
    );
    // The images demand version 2 of the metadata service; such images' instances have a hop limit of 2.
    let mut metadata = Object::from_iter([
        ("State".to_owned(), json!("applied")),
        ("HttpTokens".to_owned(), json!("required")),
        ("HttpPutResponseHopLimit".to_owned(), json!(2)),
        ("HttpEndpoint".to_owned(), json!("enabled")),
        ("HttpProtocolIpv6".to_owned(), json!("disabled")),
        ("InstanceMetadataTags".to_owned(), json!("disabled")),
    ]);
    if let Some(options) = nested("MetadataOptions") {
        change_metadata(&mut metadata, options)?;
    }
    settings.insert("MetadataOptions".into(), Value::Object(metadata));
    settings.insert("HibernationOptions".into(), json!({"Configured": false}));
    settings.insert("EnclaveOptions".into(), json!({"Enabled": false}));
    let auto_recovery = json!({"AutoRecovery": "default", "RebootMigration": "default"});
    settings.insert("MaintenanceOptions".into(), auto_recovery);
    let boot_mode = if architecture == "arm64" {
        "uefi"
    } else {
        "uefi-preferred"
    };
    settings.insert("BootMode".into(), json!(boot_mode));
    settings.insert(
        "PrivateDnsNameOptions".into(),
        json!({
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": false,
            "EnableResourceNameDnsAAAARecord": false,
        }),
    );
    if let Some(profile) = nested("IamInstanceProfile") {
        let arn = match (optional(profile, "Arn"), optional(profile, "Name")) {
            (Some(arn), None) => arn.to_owned(),
            (None, Some(name)) => arns::arn(
                "iam",
                "",
                &call.account,
                format_args!("instance-profile/{name}"),
            ),
            _ => {
                return Err(refused(
                    "InvalidParameterCombination",
                    "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
                ));
            }
        };
        let id = ground::id(&call.account, "", "AIPA", &arn);
        let id = id.replace('-', "").to_ascii_uppercase();
        settings.insert("IamInstanceProfile".into(), json!({"Arn": arn, "Id": id}));
    }
    Ok(settings)
}

/// Merges the sent options of the metadata service.
pub(super) fn change_metadata(options: &mut Object, sent: &Object) -> Result<(), Refusal> {
    for member in [
        "HttpTokens",
        "HttpPutResponseHopLimit",
        "HttpEndpoint",
        "HttpProtocolIpv6",
        "InstanceMetadataTags",
    ] {
        let Some(value) = sent.get(member) else {
            continue;
        };
        if value
            .as_i64()
            .is_some_and(|limit| !(1..=64).contains(&limit))
        {
            return Err(invalid(format!(
                "Value ({value}) for parameter HttpPutResponseHopLimit is invalid. Valid values are between 1 and 64."
            )));
        }
        options.insert(member.into(), value.clone());
    }
    Ok(())
}
