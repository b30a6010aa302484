//! The steps and the edges between them.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::toposort;
use petgraph::graph::DiGraph;

use super::{Action, Change, Operation, Problem, Step};
use crate::kinds::{Desired, Live, Observation, Replace, Resource};
use crate::model::{Address, Book, OutputName, Value};

/// A step before it has its place in the order.
struct Draft {
    address: Address,
    operation: Operation,
    carries: Vec<Address>,
    needs: BTreeSet<Key>,
}

/// Which step of an address.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Part {
    Unprotect,
    Make,
    Delete,
}

type Key = (Address, Part);

pub(super) struct Inputs<'a> {
    pub(super) desired: &'a Desired,
    pub(super) wanted: &'a BTreeMap<Address, Resource>,
    pub(super) observation: &'a Observation,
    pub(super) changes: &'a BTreeMap<Address, Change>,
}

/// The steps that make these changes, each after everything it needs.
///
/// # Errors
/// Steps that wait for each other.
pub(super) fn steps(inputs: &Inputs<'_>) -> Result<Vec<Step>, Problem> {
    let carried = carried(inputs);
    let mut drafts: BTreeMap<Key, Draft> = BTreeMap::new();
    for (address, change) in inputs.changes {
        if !carried.contains_key(address) {
            for (part, operation) in operations(inputs, address, change) {
                let draft = Draft {
                    address: address.clone(),
                    operation,
                    carries: Vec::new(),
                    needs: BTreeSet::new(),
                };
                drafts.insert((address.clone(), part), draft);
            }
        }
    }
    for (child, container) in &carried {
        if let Some(draft) = drafts.get_mut(&(container.clone(), Part::Delete)) {
            draft.carries.push(child.clone());
        }
    }
    let keys: BTreeSet<Key> = drafts.keys().cloned().collect();
    for (key, draft) in &mut drafts {
        let needs = needs(inputs, &carried, key, &draft.carries);
        draft.needs = needs
            .into_iter()
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
    match change.action {
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
        Action::Delete => {
            let mut operations = vec![(Part::Delete, Operation::Delete(live()))];
            let live = live();
            if let Some(want) = live.resource.unprotected() {
                let fields =
                    super::diff::difference(&want, &live.resource, &Book::default()).fields;
                operations.push((
                    Part::Unprotect,
                    Operation::Unprotect {
                        want,
                        live,
                        fields: names(&fields),
                    },
                ));
            }
            operations
        }
    }
}

/// What AWS deletes along with its container: child → container.
fn carried(inputs: &Inputs<'_>) -> BTreeMap<Address, Address> {
    let deleted = || {
        inputs
            .changes
            .iter()
            .filter(|(_, change)| change.action == Action::Delete)
    };
    let mut carried = BTreeMap::new();
    for (child, change) in deleted() {
        let Some(kind) = change.kind.goes_with else {
            continue;
        };
        let live = &inputs.observation.live[child];
        let container = deleted().find(|(container, change)| {
            change.kind.name == kind
                && mentions(&live.resource, kind, &inputs.observation.live[*container])
        });
        if let Some((container, _)) = container {
            carried.insert(child.clone(), container.clone());
        }
    }
    carried
}

fn needs(
    inputs: &Inputs<'_>,
    carried: &BTreeMap<Address, Address>,
    (address, part): &Key,
    carries: &[Address],
) -> BTreeSet<Key> {
    let mut needs = BTreeSet::new();
    let replace = inputs.changes[address].kind.replace;
    let replaced = inputs.changes[address].action == Action::Replace;
    match part {
        Part::Unprotect => {}
        Part::Make => {
            needs.extend(
                awaited(inputs, address)
                    .into_iter()
                    .map(|of| (of, Part::Make)),
            );
            if replaced && replace == Replace::DeleteFirst {
                needs.insert((address.clone(), Part::Delete));
            }
            let kind = inputs.changes[address].kind;
            for (other, change) in inputs.changes {
                let gone = change.action == Action::Delete;
                // Names of siblings clash in an API (`/a/{x}` beside `/a/{y}`), and callers see neither before the
                // redeployment, so what goes makes room first.
                if kind.siblings_clash && change.kind.name == kind.name && gone {
                    needs.insert((other.clone(), Part::Delete));
                }
                if kind.snapshot && change.kind.deployed {
                    needs.insert((other.clone(), Part::Make));
                    needs.insert((other.clone(), Part::Delete));
                }
            }
        }
        Part::Delete => {
            needs.insert((address.clone(), Part::Unprotect));
            if replaced && replace == Replace::CreateFirst {
                needs.insert((address.clone(), Part::Make));
            }
            for gone in carries.iter().chain([address]) {
                for user in users_of(inputs.observation, gone) {
                    needs.insert((carried.get(user).unwrap_or(user).clone(), Part::Delete));
                    // What goes on living lets go of it by its own update, unless it waits for the new one to hold.
                    if !(replaced && replace == Replace::DeleteFirst) {
                        needs.insert((user.clone(), Part::Make));
                    }
                }
            }
        }
    }
    needs
}

/// What a wanted resource waits for: the outputs it holds, and what it follows.
pub(super) fn awaited(inputs: &Inputs<'_>, address: &Address) -> BTreeSet<Address> {
    let mut awaited: BTreeSet<Address> = inputs
        .wanted
        .get(address)
        .into_iter()
        .flat_map(|want| want.fields(&Book::default()))
        .flat_map(|(_, value)| value.awaited())
        .collect();
    if let Some(wanted) = inputs.desired.resources.get(address) {
        awaited.extend(wanted.after.iter().cloned());
    }
    awaited
}

/// Live resources that hold the id of this one.
fn users_of<'a>(
    observation: &'a Observation,
    address: &'a Address,
) -> impl Iterator<Item = &'a Address> {
    let used = observation.live.get(address);
    observation.live.iter().filter_map(move |(other, live)| {
        let used = used?;
        (other != address && mentions(&live.resource, used.resource.info().name, used))
            .then_some(other)
    })
}

fn mentions(resource: &Resource, kind: &str, used: &Live) -> bool {
    let Some(id) = used.outputs.get(&OutputName::Id) else {
        return false;
    };
    resource
        .fields(&Book::default())
        .iter()
        .any(|(info, value)| info.refers_to == Some(kind) && holds(value, id))
}

// An id stands alone, or before what lies below it: a scope is `server/scope`, a stage `api:stage`.
fn holds(value: &Value, id: &str) -> bool {
    match value {
        Value::Text(text) => text
            .strip_prefix(id)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':'])),
        Value::Set(items) => items.iter().any(|item| holds(item, id)),
        Value::List(items) => items.iter().any(|item| holds(item, id)),
        Value::Map(items) => items.values().any(|item| holds(item, id)),
        Value::Unset | Value::Bool(_) | Value::Number(_) | Value::AfterApply(_) => false,
    }
}

// The file's references have no cycle, and a kind's edges lead one way; should they ever not, nobody is left with half
// an apply or a panic.
fn wait_for_each_other((address, _): &Key) -> Problem {
    Problem {
        address: address.clone(),
        what: "its change and others wait for each other".into(),
        help: "this is a mistake in gatestack, please report it; parts of it may be applied with --target meanwhile"
            .into(),
    }
}

fn sort(drafts: BTreeMap<Key, Draft>) -> Result<Vec<Step>, Problem> {
    let mut graph: DiGraph<Key, ()> = DiGraph::new();
    // The sort takes the last node first where it is free to choose; people read addresses from the first.
    let nodes: BTreeMap<Key, _> = drafts
        .keys()
        .rev()
        .map(|key| (key.clone(), graph.add_node(key.clone())))
        .collect();
    for (key, draft) in &drafts {
        for need in &draft.needs {
            graph.add_edge(nodes[need], nodes[key], ());
        }
    }
    let order =
        toposort(&graph, None).map_err(|cycle| wait_for_each_other(&graph[cycle.node_id()]))?;
    let places: BTreeMap<&Key, usize> = order
        .iter()
        .enumerate()
        .map(|(place, node)| (&graph[*node], place))
        .collect();
    let steps = order
        .iter()
        .map(|node| {
            let draft = &drafts[&graph[*node]];
            Step {
                address: draft.address.clone(),
                operation: draft.operation.clone(),
                carries: draft.carries.clone(),
                lane: draft.operation.resource().info().lane,
                needs: draft.needs.iter().map(|need| places[need]).collect(),
            }
        })
        .collect();
    Ok(steps)
}

impl Operation {
    /// The resource it is about: as it should be, or the one that goes.
    pub fn resource(&self) -> &Resource {
        match self {
            Self::Create(want) | Self::Update { want, .. } | Self::Unprotect { want, .. } => want,
            Self::Delete(live) => &live.resource,
        }
    }
}
