//! What changed between two reads of AWS: the definition of a stale plan, for one that waited for confirmation and for a saved
//! one.

use std::collections::{BTreeMap, BTreeSet};

use super::consent::{going_along, made_in_doubt};
use super::diff::only_wanted_keys;
use super::{FieldChange, Plan};
use crate::kinds::{Compare, Dependent, Desired, Live, Observation, Obstacle};
use crate::model::{Address, Book, Value};

/// Something that is no longer as the plan saw it.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Its address.
    pub address: Address,
    /// What happened to it.
    pub how: How,
}

/// What happened to something since a plan was made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum How {
    /// It was not there.
    Appeared,
    /// It no longer exists.
    Gone,
    /// Another resource has its place: its id, ARN or name differs.
    MadeAnew,
    /// Its tag or mark named another address.
    Renamed,
    /// These fields differ: `before` as the plan saw them, `after` as they are.
    Changed(Vec<FieldChange>),
    /// An obstacle that is not the stack's, in a sentence.
    InTheWay(String),
    /// A new plan has another change for it, in a sentence.
    PlannedOtherwise(&'static str),
    /// Other things that are not the stack's would be deleted with it than before.
    Dependents {
        /// What the plan saw.
        before: Option<String>,
        /// What there is.
        after: Option<String>,
    },
}

/// Everything that changed, by address. What appeared has changed too.
pub fn moved(plan: &Plan, desired: &Desired, seen: &Observation, now: &Observation) -> Vec<Moved> {
    let mut all = Vec::new();
    let addresses: BTreeSet<_> = seen.live.keys().chain(now.live.keys()).collect();
    for address in addresses {
        let there = |observation: &'_ Observation| {
            observation
                .live
                .get(address)
                .filter(|live| !live.only_a_mark)
                .cloned()
        };
        let how = match (there(seen), there(now)) {
            (Some(before), Some(after)) => between(desired, address, &before, &after),
            (Some(_), None) => Some(How::Gone),
            (None, Some(_)) => Some(How::Appeared),
            // A mark without its resource.
            (None, None) => match (
                seen.live.contains_key(address),
                now.live.contains_key(address),
            ) {
                (true, false) => Some(How::Gone),
                (false, true) => Some(How::Appeared),
                _ => None,
            },
        };
        all.extend(how.map(|how| Moved {
            address: address.clone(),
            how,
        }));
    }
    all.extend(in_the_way(&seen.ambiguities, &now.ambiguities));
    // A destroy has no obstacles.
    if !plan.destroy {
        all.extend(in_the_way(&seen.obstacles, &now.obstacles));
    }
    let goes = |moved: &Moved| plan.goes(&moved.address);
    all.extend(
        in_the_way(&seen.in_use, &now.in_use)
            .into_iter()
            .filter(goes),
    );
    all.extend(dependents(plan, seen, now));
    let doubts = |side| {
        made_in_doubt(side, &plan.changes)
            .cloned()
            .collect::<Vec<_>>()
    };
    all.extend(in_the_way(&doubts(seen), &doubts(now)));
    all
}

fn between(desired: &Desired, address: &Address, before: &Live, after: &Live) -> Option<How> {
    if before.outputs != after.outputs {
        return Some(How::MadeAnew);
    }
    if before.was != after.was {
        return Some(How::Renamed);
    }
    let nothing = Book::default();
    let wanted = desired
        .resources
        .get(address)
        .map(|wanted| wanted.resource.fields(&nothing));
    let wanted = |name: &str| {
        let (_, value) = wanted
            .as_ref()?
            .iter()
            .find(|(info, _)| info.name == name)?;
        Some(value.clone())
    };
    let sides = before.resource.fields(&nothing).into_iter();
    let fields: Vec<_> = sides
        .zip(after.resource.fields(&nothing))
        .filter_map(|((info, before), (_, after))| {
            let (before, after) = match info.compare {
                Compare::Exactly | Compare::Among | Compare::WhenWanted => (before, after),
                // Keys that are not wanted are unmanaged and may change.
                Compare::WantedKeys => {
                    let wanted = wanted(info.name).unwrap_or(Value::Unset);
                    (
                        only_wanted_keys(before, wanted.clone()).0,
                        only_wanted_keys(after, wanted).0,
                    )
                }
            };
            (before != after).then_some(FieldChange {
                name: info.name,
                before,
                after,
                replaces: None,
            })
        })
        .collect();
    (!fields.is_empty()).then_some(How::Changed(fields))
}

fn in_the_way(seen: &[Obstacle], now: &[Obstacle]) -> Vec<Moved> {
    let new = now.iter().filter(|obstacle| !seen.contains(obstacle));
    new.map(|obstacle| Moved {
        address: obstacle.address.clone(),
        how: How::InTheWay(obstacle.what.clone()),
    })
    .collect()
}

/// Consent to delete a pool with two foreign clients doesn't cover a third.
fn dependents(plan: &Plan, seen: &Observation, now: &Observation) -> Vec<Moved> {
    let (before, after) = (going(plan, seen), going(plan, now));
    let addresses: BTreeSet<&Address> = before.keys().chain(after.keys()).copied().collect();
    addresses
        .into_iter()
        .filter(|address| before.get(address) != after.get(address))
        .filter_map(|address| {
            let what = |side: &BTreeMap<&Address, &Dependent>| {
                side.get(address).map(|dependent| dependent.what.clone())
            };
            let either = after.get(address).or_else(|| before.get(address))?;
            Some(Moved {
                address: either.with.clone(),
                how: How::Dependents {
                    before: what(&before),
                    after: what(&after),
                },
            })
        })
        .collect()
}

fn going<'a>(plan: &'a Plan, observation: &'a Observation) -> BTreeMap<&'a Address, &'a Dependent> {
    going_along(observation, &plan.changes)
        .map(|dependent| (&dependent.address, dependent))
        .collect()
}
