//! What a plan loses, and the consent to it: `--yes` is not enough.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::certificates::asked_no_more;
use super::openings::openings;
use super::{Action, Change, Options, Patterns};
use crate::kinds::route::Route;
use crate::kinds::{Dependent, Kind as _, Observation, Obstacle, Resource, duplicates};
use crate::model::{Address, Place};

/// Something that is lost when a plan is applied.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Loss {
    /// What is lost.
    pub of: LossOf,
    /// The same in words.
    pub text: String,
}

/// What is lost.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LossOf {
    /// Something of the stack that is deleted.
    Own,
    /// Things that are not the stack's and are deleted with one of its own.
    Others,
    /// The requirements of a route that becomes public.
    Requirements,
    /// Most of the API's routes.
    Routes,
    /// An earlier resource that was not found and may exist, if another one is created in its place.
    Earlier,
}

/// The fewest deleted routes that need this consent.
const FEW: usize = 3;

impl Loss {
    fn agreed(&self, address: &Address, patterns: &Patterns, removed: &[&Address]) -> bool {
        match self.of {
            // Nor is a duplicate the resource itself.
            LossOf::Own if address.duplicate_of().is_some() => patterns.name_itself(address),
            LossOf::Own | LossOf::Requirements | LossOf::Earlier => patterns.name(address),
            // Consent to delete a pool does not include what is not the stack's in it.
            LossOf::Others => patterns.name_of_others(address),
            LossOf::Routes => {
                patterns.name_itself(address) || removed.iter().all(|route| patterns.name(route))
            }
        }
    }
}

/// Every loss, by the address for its consent.
pub(super) fn losses(
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
    options: &Options,
) -> BTreeMap<Address, Loss> {
    let own = changes
        .iter()
        .filter(|(address, change)| change.goes() && !observation.live[*address].only_a_mark)
        .filter_map(|(address, change)| {
            let alone = change.kind.goes_with.is_none();
            let left_over = address.duplicate_of().filter(|_| alone);
            let loss = change.kind.loss.or(left_over.map(|_| duplicates::LOSS))?;
            Some((address.clone(), LossOf::Own, loss.into()))
        });
    let mut all: Vec<(Address, LossOf, String)> = own.collect();
    let in_place = changes.iter().filter_map(|(address, change)| {
        (change.action == Action::Update).then_some(())?;
        let live = &observation.live.get(address)?.resource;
        let loss = wanted.get(address)?.loses(live)?;
        Some((address.clone(), LossOf::Own, loss))
    });
    all.extend(in_place);
    let others = going_along(observation, changes);
    all.extend(others.map(|one| (one.address.clone(), LossOf::Others, one.what.clone())));
    if !options.destroy {
        let opened = openings(wanted, observation, changes).into_iter();
        let asked = asked_no_more(wanted, observation, changes).into_iter();
        let opened = opened.chain(asked);
        all.extend(opened.map(|(address, text)| (address, LossOf::Requirements, text)));
        all.extend(most_routes(observation, changes));
        let doubts = made_in_doubt(observation, changes);
        all.extend(doubts.map(|one| (one.address.clone(), LossOf::Earlier, one.what.clone())));
    }
    let loss = |(address, of, text)| (address, Loss { of, text });
    all.into_iter().map(loss).collect()
}

/// The losses without consent.
pub(super) fn keep_missing(
    losses: &mut BTreeMap<Address, Loss>,
    changes: &BTreeMap<Address, Change>,
    patterns: &Patterns,
) {
    let removed: Vec<&Address> = removed_routes(changes).collect();
    losses.retain(|address, loss| !loss.agreed(address, patterns, &removed));
}

/// What is not the stack's and is deleted by these changes.
pub(super) fn going_along<'a>(
    observation: &'a Observation,
    changes: &'a BTreeMap<Address, Change>,
) -> impl Iterator<Item = &'a Dependent> {
    observation.dependents.iter().filter(|one| {
        changes
            .get(&one.with)
            .is_some_and(|change| change.goes() || loses_by(change, one))
    })
}

fn loses_by(change: &Change, one: &Dependent) -> bool {
    let fields = change.fields.iter();
    change.action == Action::Update
        && one
            .of_field
            .is_some_and(|name| fields.clone().any(|field| field.name == name))
}

fn removed_routes(changes: &BTreeMap<Address, Change>) -> impl Iterator<Item = &Address> {
    let gone = changes.iter().filter(|(_, change)| {
        change.kind.name == Route::INFO.name && change.action == Action::Delete
    });
    gone.map(|(address, _)| address)
}

/// More than half of the routes, if the API itself stays: its stage needs consent by its own name.
fn most_routes(
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
) -> Option<(Address, LossOf, String)> {
    let is_called = |address: &&Address| {
        let live = observation.live.get(*address).map(|live| &live.resource);
        matches!(live, Some(Resource::Route(route)) if route.method != "OPTIONS")
    };
    let there = observation.live.keys().filter(is_called).count();
    let gone = removed_routes(changes).filter(is_called).count();
    let api_goes = changes.get(&Place::Api.address()).is_some_and(Change::goes);
    (gone >= FEW && gone * 2 > there && !api_goes).then(|| {
        let text =
            format!("{gone} of {there} routes: calls to them are refused once this is deployed");
        (Place::Routes.address(), LossOf::Routes, text)
    })
}

/// Why an earlier one may exist, or have existed, for everything that is created: its credentials are lost with it.
pub(super) fn made_in_doubt<'a>(
    observation: &'a Observation,
    changes: &'a BTreeMap<Address, Change>,
) -> impl Iterator<Item = &'a Obstacle> {
    observation.in_doubt.iter().filter(|doubt| {
        let change = changes.get(&doubt.address);
        change.is_some_and(|change| change.action == Action::Create)
    })
}

/// Everything beside the stack's addresses that a consent may name, whether it exists or not: a script with such a consent works
/// on an empty pool too.
pub(super) fn further_names<'a>(
    resources: impl Iterator<Item = (&'a Address, &'a Resource)>,
) -> Vec<Address> {
    let mut names = vec![Place::Routes.address()];
    for (address, resource) in resources {
        let words = resource.info().dependents;
        names.extend(words.iter().map(|word| address.others(word)));
    }
    names
}
