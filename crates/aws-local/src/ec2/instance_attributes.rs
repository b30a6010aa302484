//! An instance's attributes, read and changed one at a time.

use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::images::ROOT_DEVICE;
use super::instances::InstanceState;
use super::run_instances::{change_metadata, fits, user_data};
use super::{GROUP, invalid, missing, nothing, optional, refused, texts};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("ModifyInstanceAttribute", modify).refusing(&[
        "BlockDeviceMappings",
        "EnaSupport",
        "Kernel",
        "Ramdisk",
        "SriovNetSupport",
    ]),
    Operation::read("DescribeInstanceAttribute", describe),
    Operation::change("ModifyInstanceMetadataOptions", modify_metadata),
];

/// The attributes that can be changed: as texts of `Attribute`, and their own members.
const CHANGEABLE: [(&str, &str); 8] = [
    ("instanceType", "InstanceType"),
    ("userData", "UserData"),
    ("disableApiTermination", "DisableApiTermination"),
    ("disableApiStop", "DisableApiStop"),
    (
        "instanceInitiatedShutdownBehavior",
        "InstanceInitiatedShutdownBehavior",
    ),
    ("sourceDestCheck", "SourceDestCheck"),
    ("ebsOptimized", "EbsOptimized"),
    ("groupSet", "Groups"),
];

/// The attributes that AWS changes only while the instance is stopped.
const WHILE_STOPPED: [&str; 3] = ["InstanceType", "UserData", "EbsOptimized"];

/// The one attribute that the call changes, and its value as text or list.
fn change(call: &Call) -> Result<(&'static str, Value), Refusal> {
    let mut changes = Vec::new();
    for (_, member) in CHANGEABLE {
        if let Some(value) = call.input.get(member) {
            let value = value.get("Value").unwrap_or(value);
            changes.push((member, value.clone()));
        }
    }
    if let Some(name) = optional(&call.input, "Attribute") {
        let Some((_, member)) = CHANGEABLE.iter().find(|(known, _)| *known == name) else {
            return Err(Refusal::not_implemented(format_args!(
                "Attribute {name} of ec2:ModifyInstanceAttribute"
            )));
        };
        // The attribute may be named beside its own member, but not beside another's.
        if let Some(value) = call.input.get("Value") {
            changes.push((member, value.clone()));
        } else if changes.iter().any(|(other, _)| other != member) {
            return Err(several());
        }
    } else if call.input.contains_key("Value") {
        return Err(missing("attribute"));
    }
    match changes.as_slice() {
        [change] => Ok(change.clone()),
        [] => Err(refused(
            "InvalidParameterCombination",
            "No attributes specified.",
        )),
        _ => Err(several()),
    }
}

fn several() -> Refusal {
    refused(
        "InvalidParameterCombination",
        "Fields for multiple attribute types specified",
    )
}

fn modify(region: &mut Region, call: &Call) -> Answer {
    let id = call.text("InstanceId");
    let ec2 = &mut region.ec2;
    let instance = ec2.wanted_instance(call, id)?;
    let (member, value) = change(call)?;
    let state = instance.state(call.seconds());
    if state == InstanceState::Terminated
        || (WHILE_STOPPED.contains(&member) && state != InstanceState::Stopped)
    {
        return Err(refused(
            "IncorrectInstanceState",
            format!("The instance '{id}' is not in the 'stopped' state."),
        ));
    }
    let text = value.as_str().unwrap_or_default().to_owned();
    let boolean = || match &value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err(invalid(format!(
            "Value ({text}) for parameter value is invalid. Invalid boolean value."
        ))),
    };
    let (architecture, vpc) = (instance.architecture.clone(), instance.vpc.clone());
    let interface = instance.interface.clone();
    match member {
        "Groups" => {
            let groups: Vec<String> = match &value {
                Value::String(one) => vec![one.clone()],
                _ => texts(&call.input, "Groups")
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
            };
            for group in &groups {
                let found = ec2.groups.get(group).ok_or_else(|| GROUP.absent(group))?;
                if found.vpc_id != vpc {
                    return Err(refused(
                        "InvalidGroup.NotFound",
                        "You have specified two resources that belong to different networks.",
                    ));
                }
            }
            if let Some(interface) = ec2.interfaces.get_mut(&interface) {
                interface.groups = groups;
            }
        }
        "SourceDestCheck" => {
            let checks = boolean()?;
            if let Some(interface) = ec2.interfaces.get_mut(&interface) {
                interface.source_destination_check = checks;
            }
        }
        "InstanceType" => {
            fits(&text, &architecture)?;
            ec2.instance_mut(call, id)?.instance_type = text;
        }
        "UserData" => {
            let data = user_data(&text)?;
            ec2.instance_mut(call, id)?.user_data = Some(data).filter(|data| !data.is_empty());
        }
        "DisableApiTermination" => ec2.instance_mut(call, id)?.termination_protected = boolean()?,
        "DisableApiStop" => ec2.instance_mut(call, id)?.stop_protected = boolean()?,
        "EbsOptimized" => {
            let optimized = json!(boolean()?);
            let settings = &mut ec2.instance_mut(call, id)?.settings;
            settings.insert("EbsOptimized".into(), optimized);
        }
        _ => {
            if !["stop", "terminate"].contains(&text.as_str()) {
                return Err(invalid(format!(
                    "Value ({text}) for parameter value is invalid. Unknown shutdown behavior."
                )));
            }
            ec2.instance_mut(call, id)?.at_shutdown = text;
        }
    }
    nothing()
}

fn describe(region: &Region, call: &Call) -> Answer {
    let id = call.text("InstanceId");
    let ec2 = &region.ec2;
    let instance = ec2.wanted_instance(call, id)?;
    let row = ec2.instance_row(call, id, instance, instance.state(call.seconds()));
    let of_row = |member: &str| row.get(member).cloned().unwrap_or_default();
    let value = |value: Value| json!({"Value": value});
    let (member, shown) = match call.text("Attribute") {
        "instanceType" => ("InstanceType", value(json!(instance.instance_type))),
        "userData" => (
            "UserData",
            match &instance.user_data {
                Some(data) => value(json!(data)),
                None => json!({}),
            },
        ),
        "disableApiTermination" => (
            "DisableApiTermination",
            value(json!(instance.termination_protected)),
        ),
        "disableApiStop" => ("DisableApiStop", value(json!(instance.stop_protected))),
        "instanceInitiatedShutdownBehavior" => (
            "InstanceInitiatedShutdownBehavior",
            value(json!(instance.at_shutdown)),
        ),
        "rootDeviceName" => ("RootDeviceName", value(json!(ROOT_DEVICE))),
        "blockDeviceMapping" => ("BlockDeviceMappings", of_row("BlockDeviceMappings")),
        "productCodes" => ("ProductCodes", json!([])),
        "sourceDestCheck" => ("SourceDestCheck", value(of_row("SourceDestCheck"))),
        "groupSet" => ("Groups", of_row("SecurityGroups")),
        "ebsOptimized" => ("EbsOptimized", value(of_row("EbsOptimized"))),
        "enaSupport" => ("EnaSupport", value(json!(true))),
        "sriovNetSupport" => ("SriovNetSupport", json!({})),
        "kernel" => ("KernelId", json!({})),
        "ramdisk" => ("RamdiskId", json!({})),
        "enclaveOptions" => ("EnclaveOptions", of_row("EnclaveOptions")),
        "" => return Err(missing("attribute")),
        unknown => {
            return Err(invalid(format!(
                "Value ({unknown}) for parameter attribute is invalid."
            )));
        }
    };
    Ok(Object::from_iter([
        ("InstanceId".to_owned(), json!(id)),
        (member.to_owned(), shown),
    ]))
}

fn modify_metadata(region: &mut Region, call: &Call) -> Answer {
    let id = call.text("InstanceId");
    let instance = region.ec2.instance_mut(call, id)?;
    let options = instance.settings.get_mut("MetadataOptions");
    let Some(options) = options.and_then(Value::as_object_mut) else {
        return nothing();
    };
    change_metadata(options, &call.input)?;
    // The response is sent before the instance has changed.
    let mut shown = options.clone();
    shown.insert("State".into(), json!("pending"));
    Ok(Object::from_iter([
        ("InstanceId".to_owned(), json!(id)),
        ("InstanceMetadataOptions".to_owned(), Value::Object(shown)),
    ]))
}
