use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{Either, select};
use serde::{Deserialize, Serialize};

use super::ahead;
use super::desired::Desired;
use super::duplicates::{self, Duplicates, Group};
use super::ownership::{after_moves, take_over};
use super::registry::{KINDS, Observed, observe_phase};
use super::{KindInfo, Outputs, Resource, Scope, Word, registered, uses};
use crate::aws::{AwsError, ListedPart, Reader};
use crate::model::{Address, Book, OutputName, digest};

/// The current state of everything a stack owns, and obstacles.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Observation {
    /// What the stack owns, by address (after `[[moved]]`).
    pub live: BTreeMap<Address, Live>,
    /// What stops a plan.
    pub obstacles: Vec<Obstacle>,
    /// Which of them are names that other resources of the account have.
    #[serde(default)]
    pub names_taken: Vec<TakenName>,
    /// What stops even a destroy: ambiguous or impossible tags.
    pub ambiguities: Vec<Obstacle>,
    /// Several resources at one address.
    #[serde(default)]
    pub duplicates: Vec<Duplicates>,
    /// What stops a plan that deletes or replaces the resource at its address: it is in use elsewhere.
    pub in_use: Vec<Obstacle>,
    /// What was not found but may exist, or may have existed: another one is created only with consent to the loss.
    pub in_doubt: Vec<Obstacle>,
    /// Resources beside ours that are not the stack's: counted, never changed.
    pub neighbours: Vec<Neighbours>,
    /// What is not the stack's and is deleted with one of its resources.
    pub dependents: Vec<Dependent>,
}

/// A resource of the stack, before its final address is known, with its dependents.
pub(super) struct Thing {
    pub(super) live: Live,
    pub(super) dependents: Vec<Dependent>,
    pub(super) in_use: Option<Obstacle>,
}

/// A live resource of the stack.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Live {
    /// What it is.
    pub resource: Resource,
    /// Its outputs.
    pub outputs: Outputs,
    /// Its address before `[[moved]]`.
    pub was: Option<Address>,
    /// Unmanaged settings that gatestack leaves alone, in words.
    pub unmanaged: Vec<String>,
    /// Notices about it even if nothing changes, each in a sentence without a full stop.
    pub notices: Vec<String>,
    /// Only the mark is left; the resource itself does not exist.
    pub only_a_mark: bool,
    /// Why it will never be ready and must be deleted, in AWS's words.
    pub broken: Option<String>,
}

/// Something that stops a plan, such as an ambiguous owner.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Obstacle {
    /// The address that it blocks.
    pub address: Address,
    /// What it is, in a sentence.
    pub what: String,
    /// What to do about it, in a sentence.
    pub help: String,
}

impl Obstacle {
    /// Whether it may be taken over.
    pub fn may_be_adopted(&self) -> bool {
        self.help.contains(&take_over(&self.address))
    }
}

/// A wanted name that another resource of the account has.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TakenName {
    /// The address of what can't get it.
    pub address: Address,
    /// What it would be, in words.
    pub title: String,
    /// The name.
    pub name: String,
    /// The stack that has it, if that is known.
    pub stack: Option<String>,
}

/// Resources of one kind that are not the stack's.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Neighbours {
    /// The kind.
    #[serde(with = "super::registered::kind")]
    pub kind: &'static KindInfo,
    /// How many.
    pub count: usize,
}

/// Things that are not the stack's and that AWS deletes with one of the stack's.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Dependent {
    /// The address for consent to their loss, such as `user_pool/other_clients`.
    pub address: Address,
    /// The stack's resource that they are deleted with.
    pub with: Address,
    /// The field whose change deletes them too.
    #[serde(deserialize_with = "registered::words::deserialize")]
    pub of_field: Option<Word>,
    /// Their kind, by its name if gatestack has it too.
    pub kind: String,
    /// How many there are.
    pub count: usize,
    /// Their ids in that field, if there is one.
    pub ids: BTreeSet<String>,
    /// A digest of all their ids: another one with the same name is another loss. Empty if AWS only estimates.
    pub members: String,
    /// What they are and what happens to them, in a phrase.
    pub what: String,
}

/// A thing that is not the stack's: its id, and its display name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Other {
    name: String,
    id: String,
}

impl Other {
    pub(super) fn new(name: impl Into<String>, id: impl Into<String>) -> Self {
        let (name, id) = (name.into(), id.into());
        Self { name, id }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The same with the stack that it belongs to, if that is known.
    pub(super) fn of_stack(self, stack: Option<&String>) -> Self {
        match stack {
            Some(stack) => Self {
                name: format!("{} of the stack {stack}", self.name),
                ..self
            },
            None => self,
        }
    }
}

/// A thing identified by its name.
impl From<String> for Other {
    fn from(name: String) -> Self {
        Self::new(name.clone(), name)
    }
}

/// A thing identified by its name.
impl From<&str> for Other {
    fn from(name: &str) -> Self {
        Self::from(name.to_owned())
    }
}

impl From<&ListedPart> for Other {
    fn from(part: &ListedPart) -> Self {
        Self::new(&part.name, part.identity())
    }
}

impl Dependent {
    /// What is deleted with the resource at this address, by its word; `None` if there is nothing.
    pub(super) fn of(
        with: &Address,
        word: &str,
        (kind, title): (&str, &str),
        others: &[impl Into<Other> + Clone],
        becomes: &str,
    ) -> Option<Self> {
        const NAMED: usize = 5;
        let count = others.len();
        (count > 0).then_some(())?;
        let plural = if count == 1 { "" } else { "s" };
        // AWS lists them in any order, which doesn't change the loss.
        let mut others: Vec<Other> = others.iter().cloned().map(Into::into).collect();
        others.sort();
        let mut named: Vec<String> = others
            .iter()
            .take(NAMED)
            .map(|other| format!("{:?}", other.name))
            .collect();
        let mut ids: Vec<&str> = others.iter().map(|other| other.id.as_str()).collect();
        ids.sort_unstable();
        if count > NAMED {
            named.push(format!("{} more", count - NAMED));
        }
        Some(Self {
            address: with.others(word),
            with: with.clone(),
            of_field: None,
            kind: kind.to_owned(),
            count,
            ids: BTreeSet::new(),
            members: digest(ids.join("\n").as_bytes()),
            what: format!(
                "{count} {title}{plural} that this stack did not make ({}): {becomes}",
                named.join(", ")
            ),
        })
    }
}

impl Observation {
    /// All live outputs.
    pub fn book(&self) -> Book {
        let mut book = Book::default();
        for (address, live) in self.live.iter().filter(|(_, live)| !live.only_a_mark) {
            book.insert(address.clone(), live.outputs.clone());
        }
        book
    }

    /// Adds a resource at an address, with its dependents.
    pub(super) fn put(&mut self, address: &Address, thing: Thing) {
        let dependents = thing.dependents.into_iter().map(|one| Dependent {
            address: one.address.moved(&one.with, address).unwrap_or(one.address),
            with: address.clone(),
            ..one
        });
        self.dependents.extend(dependents);
        self.in_use.extend(thing.in_use.map(|obstacle| Obstacle {
            address: address.clone(),
            ..obstacle
        }));
        self.live.insert(address.clone(), thing.live);
    }
}

/// Observes everything a stack owns, phase by phase: what is found through another resource comes after it. Reads don't wait for
/// that: they start as soon as their ids are known (`ahead`).
///
/// # Errors
/// A read failed.
pub async fn observe(reader: &Reader, desired: &Desired) -> Result<Observation, AwsError> {
    with_reads_ahead(reader, desired, false).await
}

/// The same before a destroy, which also reads what AWS deletes along.
///
/// # Errors
/// A read failed.
pub async fn observe_to_destroy(
    reader: &Reader,
    desired: &Desired,
) -> Result<Observation, AwsError> {
    with_reads_ahead(reader, desired, true).await
}

async fn with_reads_ahead(
    reader: &Reader,
    desired: &Desired,
    destroy: bool,
) -> Result<Observation, AwsError> {
    let look = Box::pin(look(reader, desired, destroy, |_| true));
    let ahead = Box::pin(ahead::read_what_follows(reader, desired));
    match select(look, ahead).await {
        Either::Left((observation, _)) => observation,
        Either::Right(((), look)) => look.await,
    }
}

/// Reads what the stack owns of some kinds, which must include those that others are found through.
pub(super) async fn look(
    reader: &Reader,
    desired: &Desired,
    destroy: bool,
    looked_for: fn(&KindInfo) -> bool,
) -> Result<Observation, AwsError> {
    let mut observation = what_is_there(reader, desired, destroy, looked_for).await?;
    if !destroy {
        let further = further_adoptions(reader, desired, &observation, looked_for).await?;
        observation.obstacles.extend(further);
    }
    uses::ask(reader, desired, destroy, &mut observation).await?;
    Ok(observation)
}

/// What stands in the way as soon as everything is taken over that may be: it is found through that.
async fn further_adoptions(
    reader: &Reader,
    desired: &Desired,
    observation: &Observation,
    looked_for: fn(&KindInfo) -> bool,
) -> Result<Vec<Obstacle>, AwsError> {
    let mut known = observation.obstacles.clone();
    let mut adopting = desired.clone();
    loop {
        let offered = known.iter().filter(|one| one.may_be_adopted());
        let offered = offered.map(|one| one.address.clone());
        let offered: Vec<Address> = offered
            .filter(|address| !adopting.adopt.name(address))
            .collect();
        if offered.is_empty() {
            return Ok(known.split_off(observation.obstacles.len()));
        }
        adopting.adopt = adopting.adopt.and(offered);
        // Boxed: a look holds every kind's future.
        let then = Box::pin(what_is_there(reader, &adopting, false, looked_for)).await?;
        let new = then.obstacles.into_iter();
        let new: Vec<Obstacle> = new.filter(|one| !known.contains(one)).collect();
        known.extend(new);
    }
}

/// Everything that a stack owns and what stands in its way, without what others have that hangs on it.
async fn what_is_there(
    reader: &Reader,
    desired: &Desired,
    destroy: bool,
    looked_for: fn(&KindInfo) -> bool,
) -> Result<Observation, AwsError> {
    let mut observation = Observation::default();
    let last = KINDS.iter().map(|kind| kind.phase).max().unwrap_or(0);
    for phase in 0..=last {
        let book = observation.book();
        let scope = Scope {
            desired,
            book: &book,
            destroy,
        };
        let observed = observe_phase(reader, &scope, phase, looked_for).await?;
        let mut several = Vec::new();
        for (address, mut all) in by_address(&mut observation, observed, desired) {
            if let Some(moved) = moved_here(&address, &all) {
                observation.ambiguities.push(moved);
                continue;
            }
            let taken = observation.live.contains_key(&address);
            if let Some(other) = all
                .iter()
                .find(|thing| taken || is_of_another_kind(&thing.live, &all, desired, &address))
            {
                let other = of_another_kind(&address, &other.live);
                observation.ambiguities.push(other);
                continue;
            }
            match all.pop() {
                Some(thing) if all.is_empty() => observation.put(&address, thing),
                last => {
                    all.extend(last);
                    several.push(Group { address, all });
                }
            }
        }
        several.sort_by_key(duplicates::rank);
        for group in several {
            // Boxed for the same reason as the observation of a kind.
            Box::pin(duplicates::sort_out(
                reader,
                desired,
                group,
                &mut observation,
            ))
            .await?;
        }
    }
    Ok(observation)
}

/// What was found of every kind, by its address after `[[moved]]`.
fn by_address(
    observation: &mut Observation,
    observed: Vec<Observed>,
    desired: &Desired,
) -> BTreeMap<Address, Vec<Thing>> {
    let mut found: BTreeMap<Address, Vec<Thing>> = BTreeMap::new();
    for observed in observed {
        observation.obstacles.extend(observed.obstacles);
        observation.names_taken.extend(observed.names_taken);
        observation.ambiguities.extend(observed.misplaced);
        let dependents = observed.dependents.into_iter();
        observation
            .dependents
            .extend(dependents.map(|one| Dependent {
                address: after_moves(desired, &one.address),
                with: after_moves(desired, &one.with),
                ..one
            }));
        for (address, remark) in observed.remarks {
            if let Some(live) = observation.live.get_mut(&address) {
                live.notices.push(remark);
            }
        }
        observation.in_doubt.extend(observed.in_doubt);
        if observed.neighbours > 0 {
            observation.neighbours.push(Neighbours {
                kind: observed.kind,
                count: observed.neighbours,
            });
        }
        for (address, mut thing) in observed.owned {
            let moved = desired
                .moved
                .iter()
                .find_map(|(from, to)| address.moved(from, to));
            let (address, was) = match moved {
                Some(to) => (to, Some(address)),
                None => (address, None),
            };
            thing.live.was = was;
            found.entry(address).or_default().push(thing);
        }
    }
    found
}

/// What `[[moved]]` moves to an address that is taken already.
fn moved_here(address: &Address, all: &[Thing]) -> Option<Obstacle> {
    let mut live = all.iter().map(|thing| &thing.live);
    let was = live.clone().find_map(|live| live.was.as_ref())?;
    let there = live.find(|live| live.was.is_none())?;
    Some(moved_onto(address, was, there))
}

/// Whether a resource is of another kind than the wanted one at its address, or than others there.
fn is_of_another_kind(live: &Live, all: &[Thing], desired: &Desired, address: &Address) -> bool {
    let kind = |resource: &Resource| resource.info().name;
    let wanted = desired.resources.get(address);
    let right = wanted.map_or(kind(&all[0].live.resource), |wanted| kind(&wanted.resource));
    kind(&live.resource) != right
}

// Neither may lose its mark: it would continue to work without being in any file.
fn moved_onto(address: &Address, was: &Address, there: &Live) -> Obstacle {
    let (from, to) = (was.owner(), address.owner());
    Obstacle {
        address: address.clone(),
        what: format!(
            "`[[moved]]` moves {was} to this address, and the {} is there already",
            name(there)
        ),
        help: format!(
            "remove this `[[moved]]` from the file to keep both; or, to have {from} under this name, first remove {to} \
             from the file, apply that with --allow-delete '{to}', and add this `[[moved]]` again"
        ),
    }
}

// The diff compares resources of one kind, and an address belongs to one; only edited tags can mix them up.
fn of_another_kind(address: &Address, live: &Live) -> Obstacle {
    Obstacle {
        address: address.clone(),
        what: format!("the {} carries this address", name(live)),
        help: "restore its tag gatestack:key, or remove its tags gatestack:stack and gatestack:key if it is not the stack's"
            .into(),
    }
}

pub(super) fn name(live: &Live) -> String {
    let id = live.outputs.get(&OutputName::Id).map_or("", String::as_str);
    format!("{} {id}", live.resource.info().title)
}
