//! The subnet and address of new instances.

use serde_json::Value;

use super::super::identifiers;
use super::super::operation::{Call, Object, Refusal};
use super::{GROUP, State, excludes, groups, invalid, optional, refused, texts};

/// The subnet and address of an instance.
pub(super) struct Place {
    pub(super) subnet: String,
    pub(super) vpc: String,
    pub(super) tenancy: String,
    pub(super) groups: Vec<String>,
    pub(super) address: Option<String>,
    pub(super) public: bool,
    pub(super) description: String,
}

fn combination(what: &str) -> Refusal {
    refused(
        "InvalidParameterCombination",
        format!(
            "Network interfaces and an instance-level {what} may not be specified on the same request"
        ),
    )
}

/// The placement of the call's instances.
pub(super) fn place(ec2: &State, call: &Call) -> Result<Place, Refusal> {
    let interfaces: Vec<&Object> = super::objects(&call.input, "NetworkInterfaces")
        .filter_map(Value::as_object)
        .collect();
    let interface = match interfaces.as_slice() {
        [] => None,
        [one] => Some(*one),
        _ => {
            return Err(Refusal::not_implemented(
                "a second item of NetworkInterfaces of ec2:RunInstances",
            ));
        }
    };
    if interface.is_some() {
        for (member, what) in [
            ("SubnetId", "subnet ID"),
            ("SecurityGroupIds", "security groups"),
            ("SecurityGroups", "security groups"),
            ("PrivateIpAddress", "private address"),
        ] {
            if call.input.contains_key(member) {
                return Err(combination(what));
            }
        }
    }
    if interface.is_some_and(|one| one.get("DeviceIndex").and_then(Value::as_i64) != Some(0)) {
        return Err(invalid(
            "Each network interface requires a device index, and the first one's is 0.",
        ));
    }
    // No implemented operation could delete it later.
    if interface.is_some_and(|one| one.get("DeleteOnTermination") == Some(&Value::Bool(false))) {
        return Err(Refusal::not_implemented(
            "NetworkInterfaces.DeleteOnTermination false of ec2:RunInstances",
        ));
    }
    let sent = interface.unwrap_or(&call.input);
    let subnet_id = match optional(sent, "SubnetId") {
        Some(id) => id.to_owned(),
        None => default_subnet(ec2, call)?,
    };
    let subnet = ec2.wanted_subnet(&subnet_id)?;
    // Terraform sends an empty zone for none.
    let zone = placed(call, "AvailabilityZone").filter(|zone| !zone.is_empty());
    if let Some(zone) = zone.filter(|zone| *zone != subnet.zone) {
        return Err(invalid(format!(
            "Value ({zone}) for parameter availabilityZone is invalid. Subnet '{subnet_id}' is in the availability zone {}",
            subnet.zone
        )));
    }
    let vpc = &subnet.vpc_id;
    let member = if interface.is_some() {
        "Groups"
    } else {
        "SecurityGroupIds"
    };
    let mut groups: Vec<String> = texts(sent, member).into_iter().map(str::to_owned).collect();
    // Names are only for groups of the default network, which AWS doesn't use if a subnet is given.
    if call.input.contains_key("SecurityGroups") && call.input.contains_key("SubnetId") {
        return Err(excludes("groupName", "subnet"));
    }
    for name in texts(&call.input, "SecurityGroups") {
        groups.push(ec2.group_of_default_vpc(name)?);
    }
    if groups.is_empty() {
        groups.extend(ec2.group_named(vpc, "default").map(str::to_owned));
    }
    for group in &groups {
        let found = ec2.groups.get(group).ok_or_else(|| GROUP.absent(group))?;
        if found.vpc_id != *vpc {
            return Err(refused(
                "InvalidParameter",
                format!(
                    "Security group {group} and subnet {subnet_id} belong to different networks."
                ),
            ));
        }
    }
    let address = optional(sent, "PrivateIpAddress");
    if let Some(text) = address {
        let parsed = text.parse::<std::net::Ipv4Addr>().ok();
        let inside =
            parsed.is_some_and(|address| subnet.block().is_some_and(|block| block.has(address)));
        if !inside {
            return Err(invalid(format!(
                "Address {text} does not fall within the subnet's address range"
            )));
        }
        let more = call.input.get("MaxCount").and_then(Value::as_i64) > Some(1);
        if more
            || ec2
                .addresses(&subnet_id, call.seconds())
                .any(|used| used == text)
        {
            return Err(refused(
                "InvalidIPAddress.InUse",
                format!("Address {text} is in use."),
            ));
        }
    }
    let public = match sent.get("AssociatePublicIpAddress") {
        Some(Value::Bool(public)) => *public,
        _ => subnet.map_public_ip,
    };
    Ok(Place {
        vpc: vpc.clone(),
        tenancy: tenancy(ec2, call, vpc)?,
        groups,
        address: address.map(str::to_owned),
        public,
        description: optional(sent, "Description").unwrap_or_default().into(),
        subnet: subnet_id,
    })
}

/// A text of the call's `Placement`.
fn placed<'c>(call: &'c Call, member: &str) -> Option<&'c str> {
    optional(call.input.get("Placement")?.as_object()?, member)
}

/// The tenancy of an instance. In a network with dedicated tenancy it is always dedicated.
fn tenancy(ec2: &State, call: &Call, vpc: &str) -> Result<String, Refusal> {
    let of_vpc = ec2.wanted_vpc(vpc)?.tenancy.clone();
    match placed(call, "Tenancy") {
        Some("host") => Err(Refusal::not_implemented(
            "Placement.Tenancy host of ec2:RunInstances",
        )),
        Some(asked) if of_vpc == "default" => Ok(asked.into()),
        _ => Ok(of_vpc),
    }
}

/// The default network's subnet in the zone that the call names, or in the first.
fn default_subnet(ec2: &State, call: &Call) -> Result<String, Refusal> {
    let zone = placed(call, "AvailabilityZone");
    let mut defaults: Vec<(&str, &str)> = ec2
        .subnets
        .iter()
        .filter(|(_, subnet)| subnet.default_for_zone)
        .map(|(id, subnet)| (subnet.zone.as_str(), id))
        .collect();
    defaults.sort_unstable();
    if defaults.is_empty() {
        return Err(groups::no_default_vpc());
    }
    let found = defaults
        .iter()
        .find(|(of, _)| zone.is_none_or(|zone| zone == *of));
    found.map(|(_, id)| (*id).to_owned()).ok_or_else(|| {
        invalid(format!(
            "Invalid availability zone: [{}]",
            zone.unwrap_or_default()
        ))
    })
}

/// An address from the blocks for documentation (RFC 5737), so that no real host is called by mistake.
pub(super) fn public_address() -> String {
    let last = u8::from_str_radix(&identifiers::ec2()[..2], 16).unwrap_or_default();
    format!("203.0.113.{last}")
}
