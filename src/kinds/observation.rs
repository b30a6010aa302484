use std::collections::BTreeMap;

use super::desired::Desired;
use super::registry::{KINDS, Observed, observe_phase};
use super::{KindInfo, Outputs, Resource, Scope};
use crate::aws::{AwsError, Reader};
use crate::model::{Address, Book};

/// What AWS says now about everything a stack owns, and about what stands in its way.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// What the stack owns, by address (after `[[moved]]`).
    pub live: BTreeMap<Address, Live>,
    /// What stops a plan.
    pub obstacles: Vec<Obstacle>,
    /// Somebody else's things beside ours: counted, never touched.
    pub neighbours: Vec<Neighbours>,
}

/// One thing the stack owns, as AWS has it.
#[derive(Clone, Debug)]
pub struct Live {
    /// What it is.
    pub resource: Resource,
    /// What AWS tells of it.
    pub outputs: Outputs,
    /// Where it stood before `[[moved]]`.
    pub was: Option<Address>,
    /// Settings somebody else made that gatestack leaves alone, in words.
    pub unmanaged: Vec<String>,
    /// Only the mark is left; the thing itself is gone.
    pub only_a_mark: bool,
}

/// Something that stops a plan: gatestack does not guess whose a thing is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Obstacle {
    /// The address it stands in the way of.
    pub address: Address,
    /// What is there, in a sentence.
    pub what: String,
    /// What to do about it, in a sentence.
    pub help: String,
}

/// Somebody else's things of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Neighbours {
    /// The kind.
    pub kind: &'static KindInfo,
    /// How many.
    pub count: usize,
}

impl Observation {
    /// The outputs of everything that is there.
    pub fn book(&self) -> Book {
        let mut book = Book::default();
        for (address, live) in self.live.iter().filter(|(_, live)| !live.only_a_mark) {
            book.insert(address.clone(), live.outputs.clone());
        }
        book
    }
}

/// Reads everything a stack owns, phase by phase: what is found through another thing comes after it, the rest at once.
///
/// # Errors
/// AWS's refusal of a read.
pub async fn observe(reader: &Reader, desired: &Desired) -> Result<Observation, AwsError> {
    let mut observation = Observation::default();
    let last = KINDS.iter().map(|kind| kind.phase).max().unwrap_or(0);
    for phase in 0..=last {
        let book = observation.book();
        let scope = Scope {
            desired,
            book: &book,
        };
        for observed in observe_phase(reader, &scope, phase).await? {
            take_in(&mut observation, observed, desired);
        }
    }
    Ok(observation)
}

fn take_in(observation: &mut Observation, observed: Observed, desired: &Desired) {
    observation.obstacles.extend(observed.obstacles);
    if observed.neighbours > 0 {
        observation.neighbours.push(Neighbours {
            kind: observed.kind,
            count: observed.neighbours,
        });
    }
    for (address, live) in observed.owned {
        let moved = desired
            .moved
            .iter()
            .find_map(|(from, to)| address.moved(from, to));
        let (address, was) = match moved {
            Some(to) => (to, Some(address)),
            None => (address, None),
        };
        let live = Live { was, ..live };
        if let Some(other) = observation.live.get(&address) {
            observation
                .obstacles
                .push(two_at_one_address(&address, other, &live));
        } else {
            observation.live.insert(address, live);
        }
    }
}

// After a crash between two calls there is never more than one; two mean that somebody copied tags, or that a thing
// was both moved and made anew. Neither may be picked by chance.
fn two_at_one_address(address: &Address, one: &Live, other: &Live) -> Obstacle {
    let id = |live: &Live| {
        live.outputs
            .get(&crate::model::OutputName::Id)
            .cloned()
            .unwrap_or_default()
    };
    Obstacle {
        address: address.clone(),
        what: format!(
            "two {}s carry this address: {} and {}",
            one.resource.info().title,
            id(one),
            id(other)
        ),
        help:
            "remove the tags gatestack:stack and gatestack:key from the one that is not the stack's"
                .into(),
    }
}
