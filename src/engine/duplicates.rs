//! Errors for commands that only read: several resources at one address, and resources that lost the stack's tags.

use super::invocation::Invocation;
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::{Duplicates, Observation, Obstacle};
use crate::model::{Place, Text};

/// Refuses several resources at one address.
///
/// # Errors
/// There are several.
pub(super) fn refuse_duplicates(
    observation: &Observation,
    invocation: &Invocation,
) -> Result<(), Error> {
    if observation.duplicates.is_empty() {
        return Ok(());
    }
    let what = "several things carry the same address: two runs made one each, or tags were copied";
    Err(several(what, &observation.duplicates, invocation))
}

/// Refuses a stack whose pool or API exists without its tags: its contents would look as if they were not applied.
///
/// # Errors
/// There is such a resource, and other resources of the stack exist.
pub(super) fn refuse_untagged(observation: &Observation) -> Result<(), Error> {
    let holds_others = |obstacle: &&Obstacle| {
        [Place::UserPool, Place::Api]
            .iter()
            .any(|place| place.address() == obstacle.address)
    };
    let untagged = observation.obstacles.iter().find(holds_others);
    match untagged {
        Some(obstacle) if !observation.live.is_empty() => {
            let what = "parts of the stack exist without its tags";
            Err(Fault::new(FaultKind::Absent, what)
                .about(obstacle.address.clone(), obstacle.what.clone())
                .hint(obstacle.help.clone())
                .into())
        }
        _ => Ok(()),
    }
}

/// Refuses to report this address as missing if resources with its names exist without the stack's tags.
///
/// # Errors
/// There are such things.
pub fn in_the_way(observation: &Observation, owner: &str) -> Result<(), Error> {
    let of_owner = observation.obstacles.iter();
    let of_owner = of_owner.filter(|one| one.address.owner().as_str() == owner);
    let what = format!("{owner} exists without the stack's tags");
    let untagged: Vec<&Obstacle> = of_owner.collect();
    if untagged.is_empty() {
        return Ok(());
    }
    let fault = Fault::new(FaultKind::Absent, what);
    let told = untagged.into_iter().fold(fault, |fault, one| {
        fault
            .about(one.address.clone(), one.what.clone())
            .hint(one.help.clone())
    });
    Err(told.into())
}

/// Refuses to call what a text tells unknown where the thing that it tells of exists without the stack's tags.
///
/// # Errors
/// There is such a thing, and other things of the stack are there.
pub fn all_is_tagged<'a>(
    observation: &Observation,
    texts: impl IntoIterator<Item = &'a Text>,
) -> Result<(), Error> {
    if observation.live.is_empty() {
        return Ok(());
    }
    let book = observation.book();
    let mut awaited = texts.into_iter().flat_map(Text::outputs);
    awaited.try_for_each(|output| match book.get(&output.of, output.name) {
        Some(_) => Ok(()),
        None => in_the_way(observation, output.of.owner().as_str()),
    })
}

/// The error about several resources at one address, and what to do.
pub(super) fn several(
    what: impl Into<String>,
    duplicates: &[Duplicates],
    invocation: &Invocation,
) -> Error {
    let fault = with_duplicates(Fault::new(FaultKind::Duplicate, what), duplicates);
    let open: Vec<_> = duplicates.iter().filter_map(Duplicates::help).collect();
    if open.is_empty() {
        return fault
            .hint(format!(
                "an apply deletes what is left over, with consent\n{}",
                invocation.command_line("apply", &[])
            ))
            .into();
    }
    open.into_iter().fold(fault, Fault::hint).into()
}

/// The same fault with the duplicates.
pub(super) fn with_duplicates(fault: Fault, duplicates: &[Duplicates]) -> Fault {
    duplicates.iter().fold(fault, |fault, one| {
        fault.about(one.address.clone(), one.what())
    })
}
