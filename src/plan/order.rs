//! The steps and the edges between them.

mod sort;

use std::collections::{BTreeMap, BTreeSet};

use self::sort::sort;
use super::{Action, Change, Operation, Problem, Step};
use crate::kinds::{Desired, KindInfo, Lane, LetsIn, Live, Observation, Replace, Resource};
use crate::model::{Address, Book, OutputName, Value};

/// A step before it has its place in the order.
struct Draft {
    address: Address,
    operation: Operation,
    carries: Vec<Address>,
    needs: BTreeSet<Key>,
    replaces: Option<String>,
}

/// Which step of an address.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Part {
    Unprotect,
    Make,
    Settle,
    Delete,
}

type Key = (Address, Part);

pub(super) struct Inputs<'a> {
    desired: &'a Desired,
    wanted: &'a BTreeMap<Address, Resource>,
    observation: &'a Observation,
    changes: &'a BTreeMap<Address, Change>,
    users: Users<'a>,
    wanted_by_kind: BTreeMap<&'static str, Vec<&'a Address>>,
    changes_by_kind: BTreeMap<&'static str, Vec<(&'a Address, &'a Change)>>,
    /// What is deleted with a duplicate pool.
    leaving_second_pools: Vec<&'a Address>,
}

fn in_pool(kind: &KindInfo) -> bool {
    kind.lane == Some(Lane::UserPool)
}

impl<'a> Inputs<'a> {
    pub(super) fn new(
        desired: &'a Desired,
        wanted: &'a BTreeMap<Address, Resource>,
        observation: &'a Observation,
        changes: &'a BTreeMap<Address, Change>,
    ) -> Self {
        let mut wanted_by_kind: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (address, want) in wanted {
            let of_kind = wanted_by_kind.entry(want.info().name);
            of_kind.or_default().push(address);
        }
        let mut changes_by_kind: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (address, change) in changes {
            let of_kind = changes_by_kind.entry(change.kind.name);
            of_kind.or_default().push((address, change));
        }
        let leaving = changes.iter().filter(|(address, change)| {
            in_pool(change.kind)
                && change.action == Action::Delete
                && address.duplicate_of().is_some()
        });
        Self {
            desired,
            wanted,
            observation,
            changes,
            leaving_second_pools: leaving.map(|(address, _)| address).collect(),
            users: Users::of(observation),
            wanted_by_kind,
            changes_by_kind,
        }
    }

    /// Live resources that refer to this one.
    pub(super) fn users_of(&self, address: &'a Address) -> impl Iterator<Item = &'a Address> {
        let used = self.observation.live.get(address);
        let users = used.and_then(|used| self.users.of_live(used));
        let users = users.into_iter().flatten().copied();
        users.filter(move |other| *other != address)
    }

    fn changes_of(&self, kind: &str) -> impl Iterator<Item = (&'a Address, &'a Change)> {
        let changes = self.changes_by_kind.get(kind).into_iter();
        changes.flatten().copied()
    }
}

/// The users of live resources' ids: each user is read once, since there may be tens of thousands.
struct Users<'a> {
    /// The index among the users, by the id's kind and the id.
    places: BTreeMap<(&'static str, &'a str), usize>,
    holders: Vec<BTreeSet<&'a Address>>,
}

impl<'a> Users<'a> {
    fn of(observation: &'a Observation) -> Self {
        let mut places = BTreeMap::new();
        for live in observation.live.values() {
            if let Some(id) = live.outputs.get(&OutputName::Id) {
                let next = places.len();
                let place = places.entry((live.resource.info().name, id.as_str()));
                place.or_insert(next);
            }
        }
        let mut users = Self {
            holders: vec![BTreeSet::new(); places.len()],
            places,
        };
        for (address, live) in &observation.live {
            for (info, value) in live.resource.fields(&Book::default()) {
                if let Some(kind) = info.refers_to {
                    users.hold(address, kind, &value);
                }
            }
        }
        users
    }

    fn hold(&mut self, address: &'a Address, kind: &'static str, value: &Value) {
        match value {
            // An id is alone, or a prefix: a scope is `server/scope`, a stage `api:stage`.
            Value::Text(text) => {
                let ends = text.match_indices(['/', ':']).map(|(end, _)| end);
                for end in ends.chain([text.len()]) {
                    let place = self.places.get(&(kind, &text[..end])).copied();
                    if let Some(place) = place {
                        self.holders[place].insert(address);
                    }
                }
            }
            Value::Set(items) => {
                for item in items {
                    self.hold(address, kind, item);
                }
            }
            Value::List(items) => {
                for item in items {
                    self.hold(address, kind, item);
                }
            }
            Value::Map(items) => {
                for item in items.values() {
                    self.hold(address, kind, item);
                }
            }
            Value::Unset | Value::Bool(_) | Value::Number(_) | Value::AfterApply(_) => {}
        }
    }

    fn of_live(&self, used: &Live) -> Option<&BTreeSet<&'a Address>> {
        let id = used.outputs.get(&OutputName::Id)?;
        let place = self.places.get(&(used.resource.info().name, id.as_str()))?;
        self.holders.get(*place)
    }
}

/// What AWS deletes along with its container.
struct Carried<'a> {
    container: BTreeMap<&'a Address, &'a Address>,
    children: BTreeMap<&'a Address, Vec<&'a Address>>,
}

impl<'a> Carried<'a> {
    /// The delete that includes this one.
    fn goes_by(&self, address: &'a Address) -> &'a Address {
        self.container.get(address).copied().unwrap_or(address)
    }

    fn by(&self, container: &Address) -> &[&'a Address] {
        self.children.get(container).map_or(&[], Vec::as_slice)
    }
}

/// The steps that make these changes, each after everything it needs.
///
/// # Errors
/// Steps that wait for each other.
pub(super) fn steps(inputs: &Inputs<'_>) -> Result<Vec<Step>, Problem> {
    let carried = carried(inputs);
    let mut drafts: BTreeMap<Key, Draft> = BTreeMap::new();
    for (address, change) in inputs.changes {
        if !carried.container.contains_key(address) {
            for (part, operation) in operations(inputs, address, change) {
                let beside = change.action == Action::Replace
                    && change.kind.replace == Replace::CreateFirst
                    && part == Part::Make;
                let old = beside.then(|| &inputs.observation.live[address].outputs);
                let draft = Draft {
                    address: address.clone(),
                    operation,
                    carries: Vec::new(),
                    needs: BTreeSet::new(),
                    replaces: old.and_then(|old| old.get(&OutputName::Id)).cloned(),
                };
                drafts.insert((address.clone(), part), draft);
            }
        }
    }
    for (container, children) in &carried.children {
        if let Some(draft) = drafts.get_mut(&((*container).clone(), Part::Delete)) {
            draft.carries = children.iter().map(|child| (*child).clone()).collect();
        }
    }
    let keys: BTreeSet<Key> = drafts.keys().cloned().collect();
    for (key, draft) in &mut drafts {
        let needs = needs(inputs, &carried, key).into_iter();
        draft.needs = needs
            .filter(|need| need != key && keys.contains(need))
            .collect();
    }
    sort(drafts)
}

fn operations(inputs: &Inputs<'_>, address: &Address, change: &Change) -> Vec<(Part, Operation)> {
    let want = || inputs.wanted[address].clone();
    let live = || inputs.observation.live[address].clone();
    let names =
        |fields: &[super::FieldChange]| fields.iter().map(|field| field.name).collect::<Vec<_>>();
    let mut operations = match change.action {
        Action::Create => vec![(Part::Make, Operation::Create(want()))],
        Action::Update => {
            vec![(
                Part::Make,
                Operation::Update {
                    want: want(),
                    live: live(),
                    fields: names(&change.fields),
                },
            )]
        }
        Action::Replace => {
            vec![
                (Part::Delete, Operation::Delete(live())),
                (Part::Make, Operation::Create(want())),
            ]
        }
        Action::Delete => vec![(Part::Delete, Operation::Delete(live()))],
    };
    if matches!(change.action, Action::Replace | Action::Delete) {
        let live = live();
        if let Some(want) = live.resource.unprotected() {
            let fields = super::diff::difference(&want, &live.resource, &Book::default()).fields;
            operations.push((
                Part::Unprotect,
                Operation::Unprotect {
                    want,
                    live,
                    fields: names(&fields),
                },
            ));
        }
    }
    if change.kind.settles_in.is_some() && is_waited_for(inputs, address, change) {
        operations.push((Part::Settle, Operation::Settle(want())));
    }
    operations
}

/// Whether something may be less ready after a change than before.
fn is_waited_for(inputs: &Inputs<'_>, address: &Address, change: &Change) -> bool {
    if change.action != Action::Update {
        return change.action != Action::Delete;
    }
    let fields = inputs.wanted[address].fields(&Book::default());
    let works_on = |name: &str| {
        let mut fields = fields.iter();
        fields.any(|(info, _)| info.name == name && info.works_on)
    };
    change.fields.iter().any(|field| !works_on(field.name))
}

fn carried<'a>(inputs: &Inputs<'a>) -> Carried<'a> {
    let deleted = |change: &Change| change.action == Action::Delete;
    let mut containers = BTreeMap::new();
    for (container, _) in inputs.changes.iter().filter(|(_, change)| deleted(change)) {
        let kind = inputs.changes[container].kind.name;
        for child in inputs.users_of(container) {
            let child_change = inputs.changes.get(child);
            let goes = child_change
                .is_some_and(|change| deleted(change) && change.kind.goes_with == Some(kind));
            if goes {
                containers.entry(child).or_insert(container);
            }
        }
    }
    let mut children: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (child, container) in &containers {
        children.entry(*container).or_default().push(*child);
    }
    Carried {
        container: containers,
        children,
    }
}

/// Whether something that a redeployment publishes waits for this, such as a response that contains the domain's target.
fn is_shown(inputs: &Inputs<'_>, address: &Address) -> bool {
    let mut shown = inputs.changes.iter();
    shown.any(|(other, change)| change.kind.deployed && awaited(inputs, other).contains(address))
}

/// What a change has to follow so that no call is admitted meanwhile: a route isn't opened before its new protection, and a
/// protection isn't removed before the route is protected otherwise.
fn by_whom_they_let_in(inputs: &Inputs<'_>, address: &Address) -> Vec<Key> {
    let lets_in = |other: &Address, change: &Change| {
        let live = inputs.observation.live.get(other);
        match (change.action, inputs.wanted.get(other), live) {
            (Action::Update, Some(want), Some(live)) => want.lets_in(&live.resource),
            _ => LetsIn::AsBefore,
        }
    };
    let all = || inputs.changes.iter();
    let snapshots = || all().filter(|(_, change)| change.kind.snapshot);
    let own = &inputs.changes[address];
    let before: Vec<&Address> = if own.kind.snapshot {
        let fewer = all().filter(|(other, change)| lets_in(other, change) == LetsIn::Fewer);
        fewer.map(|(other, _)| other).collect()
    } else if lets_in(address, own) == LetsIn::More && !is_shown(inputs, address) {
        snapshots().map(|(other, _)| other).collect()
    } else {
        Vec::new()
    };
    before
        .into_iter()
        .map(|other| (other.clone(), Part::Make))
        .collect()
}

fn needs(inputs: &Inputs<'_>, carried: &Carried<'_>, (address, part): &Key) -> BTreeSet<Key> {
    let mut needs = BTreeSet::new();
    let replace = inputs.changes[address].kind.replace;
    let replaced = inputs.changes[address].action == Action::Replace;
    match part {
        Part::Make => {
            for (of, ready) in awaited_parts(inputs, address) {
                needs.extend(ready.then(|| (of.clone(), Part::Settle)));
                needs.insert((of, Part::Make));
            }
            if replaced && replace == Replace::DeleteFirst {
                needs.insert((address.clone(), Part::Delete));
            }
            let kind = inputs.changes[address].kind;
            let deletes = |change: &Change| change.action == Action::Delete;
            // Siblings clash in an API (`/a/{x}` beside `/a/{y}`), and neither is served before the redeployment, so deletes come
            // first.
            if kind.siblings_clash {
                let gone = inputs
                    .changes_of(kind.name)
                    .filter(|(_, change)| deletes(change));
                needs.extend(gone.map(|(other, _)| (other.clone(), Part::Delete)));
            }
            // A duplicate pool may have the domain that is wanted in the other.
            if in_pool(kind) && inputs.changes[address].action == Action::Create {
                let second = inputs.leaving_second_pools.iter();
                needs.extend(second.map(|other| ((*other).clone(), Part::Delete)));
            }
            needs.extend(by_whom_they_let_in(inputs, address));
            if kind.snapshot {
                let shown = inputs.changes.iter();
                for (other, _) in shown.filter(|(_, change)| change.kind.deployed) {
                    needs.insert((other.clone(), Part::Make));
                    needs.insert((other.clone(), Part::Delete));
                    // What calls are routed to must be ready at that time.
                    let behind = awaited(inputs, other).into_iter();
                    needs.extend(behind.map(|of| (of, Part::Settle)));
                }
            }
            if kind.rolls {
                for (other, change) in inputs.changes_of(kind.name) {
                    // One is deleted before the next is changed, so that at most one is missing.
                    let rolled = replaced && change.action == Action::Replace && other < address;
                    // An old resource serves until its replacement is ready; if that is replaced again, it waits its turn.
                    let left_over = deletes(change)
                        && other.takes_its_place().is_some_and(|successor| {
                            let successor = inputs.changes.get(&successor);
                            successor.is_none_or(|change| change.action != Action::Replace)
                        });
                    if rolled || left_over {
                        needs.insert((other.clone(), Part::Delete));
                    }
                }
            }
            // Its own predecessor is deleted by itself, after this one is ready.
            needs.retain(|(other, part)| {
                *part != Part::Delete || other.takes_its_place().as_ref() != Some(address)
            });
        }
        Part::Settle => {
            needs.insert((address.clone(), Part::Make));
        }
        // The protection is removed as late as possible: this waits for all that the delete waits for.
        Part::Unprotect => {
            let delete = (address.clone(), Part::Delete);
            needs = self::needs(inputs, carried, &delete);
            needs.retain(|(of, part)| of != address || matches!(part, Part::Make | Part::Settle));
        }
        Part::Delete => {
            needs.insert((address.clone(), Part::Unprotect));
            let goes: Vec<&Address> = carried
                .by(address)
                .iter()
                .copied()
                .chain([address])
                .collect();
            // Only its tag shows that those must be deleted. They follow this one.
            let replaced_here = address.all_replaced();
            let older = inputs.changes.range(replaced_here.clone()..);
            let older = older.map(|(other, _)| other);
            let older =
                older.take_while(|other| other.as_str().starts_with(replaced_here.as_str()));
            let older = older.filter(|other| other.moved(&replaced_here, address).is_some());
            needs.extend(older.map(|other| (carried.goes_by(other).clone(), Part::Delete)));
            let successor = if replaced && replace == Replace::CreateFirst {
                Some(address.clone())
            } else {
                address.takes_its_place()
            };
            if let Some(successor) = successor {
                needs.insert((successor.clone(), Part::Make));
                needs.insert((successor, Part::Settle));
            }
            // What is replaced one at a time has a successor, unless it is deleted for good.
            let for_good = inputs.changes[address].kind.rolls
                && !replaced
                && address.takes_its_place().is_none();
            if for_good
                || goes
                    .iter()
                    .any(|gone| inputs.changes[gone].kind.serves_callers)
            {
                for of in led_here_by(inputs, address) {
                    needs.insert((of.clone(), Part::Make));
                    needs.insert((carried.goes_by(of).clone(), Part::Delete));
                }
            }
            for gone in goes {
                for user in inputs.users_of(gone) {
                    needs.insert((carried.goes_by(user).clone(), Part::Delete));
                    // What stays stops using it in its own update, unless that waits for the new one.
                    if !(replaced && replace == Replace::DeleteFirst) {
                        needs.insert((user.clone(), Part::Make));
                        needs.insert((user.clone(), Part::Settle));
                    }
                }
            }
            // What this one refers to waits for it.
            needs.retain(|(of, part)| {
                *part != Part::Delete
                    || of == address
                    || !inputs.users_of(of).any(|user| user == address)
            });
        }
    }
    needs
}

/// The changes that route calls away from something that serves them: the stage's, and those of the path in front of it. If a
/// stage that stays still uses the deleted link, AWS refuses, so what is behind the link is deleted after it.
fn led_here_by<'a>(
    inputs: &'a Inputs<'_>,
    address: &'a Address,
) -> impl Iterator<Item = &'a Address> {
    let gone = inputs.changes[address].kind;
    let containers = gone.goes_with.into_iter().flat_map(|kind| {
        let live = inputs.observation.live.iter();
        live.filter(move |(_, live)| {
            let users = inputs.users.of_live(live);
            live.resource.info().name == kind && users.is_some_and(|users| users.contains(address))
        })
    });
    let beside: BTreeSet<&Address> = containers
        .flat_map(|(container, _)| inputs.users_of(container))
        .collect();
    let before = move |of: &Address, change: &Change| {
        // Instances are the end of the path; a listener is deleted after a link to the same load balancer.
        let serves = change.kind.serves_callers;
        let leads = change.kind.goes_with.is_none() && change.action != Action::Update;
        change.kind.snapshot || serves && (gone.rolls || leads && beside.contains(of))
    };
    let changes = inputs.changes.iter();
    changes
        .filter(move |(of, change)| *of != address && before(of, change))
        .map(|(of, _)| of)
}

/// What a wanted resource waits for: the outputs it contains, and its `after`.
pub(super) fn awaited(inputs: &Inputs<'_>, address: &Address) -> BTreeSet<Address> {
    awaited_parts(inputs, address).into_keys().collect()
}

/// The same, and whether it must be ready.
fn awaited_parts(inputs: &Inputs<'_>, address: &Address) -> BTreeMap<Address, bool> {
    let mut awaited: BTreeMap<Address, bool> = BTreeMap::new();
    let fields = inputs.wanted.get(address).into_iter();
    for (info, value) in fields.flat_map(|want| want.fields(&Book::default())) {
        for of in value.awaited() {
            *awaited.entry(of).or_default() |= info.when_ready;
        }
    }
    let marked_on = inputs
        .wanted
        .get(address)
        .and_then(|want| want.info().marked_on);
    if let Some(kind) = marked_on {
        let marked = inputs.wanted_by_kind.get(kind).into_iter().flatten();
        awaited.extend(marked.map(|of| ((*of).clone(), false)));
    }
    if let Some(wanted) = inputs.desired.resources.get(address) {
        awaited.extend(wanted.after.iter().map(|of| (of.clone(), true)));
    }
    awaited
}

// The file's references have no cycle, and a kind's edges have one direction; if they ever do, this is an error instead of half
// an apply or a panic.
fn wait_for_each_other((address, _): &Key) -> Problem {
    Problem {
        address: address.clone(),
        what: "its change and others wait for each other".into(),
        help: "this is a mistake in gatestack, please report it; parts of it may be applied with --target meanwhile"
            .into(),
    }
}

impl Operation {
    /// How many seconds the wait takes, if it is one.
    pub(super) fn settles_in(&self) -> u32 {
        match self {
            Self::Settle(want) => want.info().settles_in.unwrap_or_default(),
            _ => 0,
        }
    }

    /// The resource it is about: as wanted, or the deleted one.
    pub fn resource(&self) -> &Resource {
        match self {
            Self::Create(want)
            | Self::Settle(want)
            | Self::Update { want, .. }
            | Self::Unprotect { want, .. } => want,
            Self::Delete(live) => &live.resource,
        }
    }
}
