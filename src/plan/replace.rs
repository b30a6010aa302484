//! `--replace`: replaces a resource that matches the file, for reasons that the file can't express (a newer image at the same
//! parameter, a faulty machine).

use super::{Options, Patterns, Problem};
use crate::kinds::{Desired, KindInfo, Observation};
use crate::model::Address;

/// The reason for a replacement without a changed field.
pub(super) const REASON: &str = "asked for with --replace";

/// Whether this is to be replaced.
///
/// If an older one exists at the same address, an interrupted run has created the new one already.
pub(super) fn asked_for(
    options: &Options,
    observation: &Observation,
    address: &Address,
    kind: &KindInfo,
) -> bool {
    kind.rolls
        && options.replace.name(address)
        && !observation
            .live
            .keys()
            .any(|other| other.takes_its_place().as_ref() == Some(address))
}

/// The patterns that match resources of the stack, but none that can be replaced without a loss (those with `rolls`, where the
/// old one serves until the new one does).
pub(super) fn refused(
    desired: &Desired,
    observation: &Observation,
    options: &Options,
) -> Vec<Problem> {
    let live = observation.live.iter();
    let known = || {
        let wanted = desired.resources.iter();
        let wanted = wanted.map(|(address, wanted)| (address, wanted.resource.info()));
        live.clone()
            .map(|(address, live)| (address, live.resource.info()))
            .chain(wanted)
    };
    let rolling: Vec<&Address> = known()
        .filter(|(_, kind)| kind.rolls)
        .map(|(address, _)| address)
        .collect();
    let idle = options.replace.idle(rolling.into_iter());
    let problem = |text: &str| {
        let pattern = Patterns::new([text.to_owned()]);
        let (address, kind) = known().find(|(address, _)| pattern.name(address))?;
        let why = match kind.loss {
            Some(loss) => format!("what would be lost: {loss}"),
            None => "it would be missing until the new one is there".to_owned(),
        };
        Some(Problem {
            address: address.clone(),
            what: format!("--replace can't make a new {} in the place of this one; {why}", kind.title),
            help: "only instances are replaced on demand, since the old one serves until the new one does; change other \
                   resources in the file"
                .into(),
        })
    };
    idle.into_iter().filter_map(problem).collect()
}
