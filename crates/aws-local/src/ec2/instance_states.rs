//! Starting, stopping, rebooting and terminating instances.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::instances::InstanceState;
use super::{INSTANCE, is_true, nothing, one, refused, texts};

/// How long AWS takes, observed with small Linux instances; it publishes no times.
pub(super) const STARTING: Duration = Duration::from_secs(10);
const STOPPING: Duration = Duration::from_secs(30);
const TERMINATING: Duration = Duration::from_secs(40);

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("StartInstances", start).refusing(&["AdditionalInfo"]),
    Operation::begin("StopInstances", stop),
    Operation::change("RebootInstances", reboot),
    Operation::begin("TerminateInstances", terminate),
];

fn incorrect(id: &str, to_be: &str) -> Refusal {
    refused(
        "IncorrectInstanceState",
        format!("The instance '{id}' is not in a state from which it can be {to_be}."),
    )
}

fn not_permitted(id: &str, to_be: &str, attribute: &str) -> Refusal {
    refused(
        "OperationNotPermitted",
        format!(
            "The instance '{id}' may not be {to_be}. Modify its '{attribute}' instance attribute and try again."
        ),
    )
}

fn changed(id: &str, previous: InstanceState, current: InstanceState) -> Value {
    json!({
        "InstanceId": id,
        "PreviousState": previous.shown(),
        "CurrentState": current.shown(),
    })
}

/// The instances that the call names: if one is missing, none is changed.
fn ids(region: &Region, call: &Call) -> Result<Vec<String>, Refusal> {
    let ids = texts(&call.input, "InstanceIds");
    let is_absent = |id: &&str| region.ec2.instance(id, call.seconds()).is_none();
    let absent: Vec<&str> = ids.iter().copied().filter(is_absent).collect();
    match INSTANCE.all_absent(&absent) {
        Some(refusal) => Err(refusal),
        None => Ok(ids.into_iter().map(str::to_owned).collect()),
    }
}

fn start(region: &mut Region, call: &Call) -> Answer {
    let mut rows = Vec::new();
    for id in ids(region, call)? {
        let instance = region.ec2.instance_mut(call, &id)?;
        let previous = instance.state(call.seconds());
        let current = match previous {
            InstanceState::Running | InstanceState::Pending => previous,
            InstanceState::Stopped => {
                instance.ended = None;
                instance.pass(
                    call,
                    InstanceState::Pending,
                    InstanceState::Running,
                    STARTING,
                );
                InstanceState::Pending
            }
            _ => return Err(incorrect(&id, "started")),
        };
        rows.push(changed(&id, previous, current));
    }
    one("StartingInstances", rows)
}

/// `Force` and `SkipOsShutdown` have no effect on instances that run nothing.
fn stop(region: &mut Region, call: &Call) -> Answer {
    if is_true(&call.input, "Hibernate") {
        return Err(Refusal::not_implemented("Hibernate of ec2:StopInstances"));
    }
    let mut rows = Vec::new();
    for id in ids(region, call)? {
        let instance = region.ec2.instance_mut(call, &id)?;
        let previous = instance.state(call.seconds());
        let current = match previous {
            InstanceState::Stopping | InstanceState::Stopped => previous,
            InstanceState::Running => {
                if instance.stop_protected {
                    return Err(not_permitted(&id, "stopped", "disableApiStop"));
                }
                instance.ended = Some(call.seconds());
                instance.pass(
                    call,
                    InstanceState::Stopping,
                    InstanceState::Stopped,
                    STOPPING,
                );
                // A stopped instance releases its public address.
                let interface = instance.interface.clone();
                if let Some(interface) = region.ec2.interfaces.get_mut(&interface) {
                    interface.public_ip = None;
                }
                InstanceState::Stopping
            }
            _ => return Err(incorrect(&id, "stopped")),
        };
        rows.push(changed(&id, previous, current));
    }
    one("StoppingInstances", rows)
}

fn reboot(region: &mut Region, call: &Call) -> Answer {
    for id in ids(region, call)? {
        match region.ec2.wanted_instance(call, &id)?.state(call.seconds()) {
            InstanceState::Running | InstanceState::Pending => {}
            _ => return Err(incorrect(&id, "rebooted")),
        }
    }
    nothing()
}

fn terminate(region: &mut Region, call: &Call) -> Answer {
    let mut rows = Vec::new();
    for id in ids(region, call)? {
        let instance = region.ec2.instance_mut(call, &id)?;
        let previous = instance.state(call.seconds());
        if instance.termination_protected {
            return Err(not_permitted(&id, "terminated", "disableApiTermination"));
        }
        if instance.lasting == InstanceState::Terminated {
            rows.push(changed(&id, previous, previous));
            continue;
        }
        instance.ended = Some(call.seconds());
        instance.pass(
            call,
            InstanceState::ShuttingDown,
            InstanceState::Terminated,
            TERMINATING,
        );
        let (interface, gone_at) = (instance.interface.clone(), instance.settled);
        if let Some(interface) = region.ec2.interfaces.get_mut(&interface) {
            interface.gone_at = Some(gone_at);
        }
        rows.push(changed(&id, previous, InstanceState::ShuttingDown));
    }
    one("TerminatingInstances", rows)
}
