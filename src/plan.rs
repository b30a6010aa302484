//! What would change and in which order: a pure function of what the file wants and what AWS says now.
//! No clock, no I/O, nothing asynchronous; the executor makes no choice that is not written down here.

mod certificates;
mod consent;
mod diff;
mod exposure;
mod notes;
mod openings;
mod order;
mod patterns;
mod planner;
mod renew;
mod replace;
mod saved;
mod stale;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::kinds::{Dependent, Ground, Lane, Live, Neighbours, Resource, Word, registered};
use crate::model::{Address, Book};

pub use crate::kinds::{Action, Change, FieldChange, Level, Note};
pub(crate) use crate::kinds::{CREDENTIALS_LOST, ROUTE_OPENS};
pub use consent::{Loss, LossOf};
pub(crate) use exposure::{BESIDE, CANARY};
pub(crate) use notes::OTHERS_LOSE;
pub use openings::opened;
pub use patterns::Patterns;
pub use planner::plan;
pub use renew::{Altered, Outdated};
pub use saved::{Inputs, Saved, Unreadable};
pub use stale::{How, Moved, moved};

/// What the person who runs a plan asks for beside the file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Delete everything the stack owns instead of building it.
    pub destroy: bool,
    /// Only what these name, and what that needs.
    pub targets: Patterns,
    /// The losses that are agreed to.
    pub allow_delete: Patterns,
    /// What is to be made anew although it is as the file wants it.
    pub replace: Patterns,
    /// Whether callers may be led forward from a deployment that somebody led them back to.
    pub forward: bool,
}

/// What an apply would do.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Plan {
    /// Where the stack stands.
    pub ground: Ground,
    /// Whether everything goes.
    pub destroy: bool,
    /// What happens to each resource that changes, by address.
    pub changes: BTreeMap<Address, Change>,
    /// The steps, each after everything it needs.
    pub steps: Vec<Step>,
    /// What a person should know before agreeing.
    pub notes: Vec<Note>,
    /// Losses that nobody has agreed to yet, by the address that agrees to each.
    pub missing_consent: BTreeMap<Address, Loss>,
    /// Whether it leads callers forward from where the stage is held back, and nobody has agreed to that yet.
    pub needs_forward: bool,
    /// Things of ours that are no longer in the file and stay until they are named.
    pub kept: Vec<Address>,
    /// How many resources stay as they are.
    pub unchanged: usize,
    /// How many changes `--target` leaves out.
    pub left_out: usize,
    /// Somebody else's things beside ours, counted.
    pub neighbours: Vec<Neighbours>,
    /// What is not the stack's and goes along.
    pub going_along: Vec<Dependent>,
    /// Settings somebody else made on our things that gatestack leaves alone, by address.
    pub unmanaged: BTreeMap<Address, Vec<String>>,
    /// Everything AWS told, for the steps' references. A saved plan holds it in what was observed.
    #[serde(skip)]
    pub book: Book,
}

/// One step of an apply.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Step {
    /// What it is about.
    pub address: Address,
    /// What is done.
    pub operation: Operation,
    /// Other resources whose change this step carries along.
    pub carries: Vec<Address>,
    /// Which changes may not run beside it.
    pub lane: Option<Lane>,
    /// The steps before it, by their place in [`Plan::steps`].
    pub needs: BTreeSet<usize>,
    /// The id of the old one that is still there when this step makes the new one.
    pub replaces: Option<String>,
}

/// What a step does.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Make it.
    Create(Resource),
    /// Change these fields of it.
    Update {
        /// What it should be.
        want: Resource,
        /// What it is.
        live: Live,
        /// The names of the fields that differ.
        #[serde(deserialize_with = "registered::words::deserialize")]
        fields: Vec<Word>,
    },
    /// Wait until it is at work.
    Settle(Resource),
    /// Take off the protection that the file put on it, so that it can be deleted.
    Unprotect {
        /// What it is without protection.
        want: Resource,
        /// What it is.
        live: Live,
        /// The names of the fields that differ.
        #[serde(deserialize_with = "registered::words::deserialize")]
        fields: Vec<Word>,
    },
    /// Delete it.
    Delete(Live),
}

/// Why there is no plan.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Problem {
    /// What it is about.
    pub address: Address,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What to do, in a sentence.
    pub help: String,
}

impl Plan {
    /// Whether what is there at an address goes.
    pub fn goes(&self, address: &Address) -> bool {
        self.changes.get(address).is_some_and(Change::goes)
    }

    /// Whether a step is about the old one of two at its address.
    pub fn is_about_the_old_one(&self, step: &Step) -> bool {
        let replaced = self
            .changes
            .get(&step.address)
            .is_some_and(|change| change.action == Action::Replace);
        let goes = matches!(
            step.operation,
            Operation::Delete(_) | Operation::Unprotect { .. }
        );
        replaced && goes
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many resources an action happens to.
    pub fn count(&self, action: Action) -> usize {
        self.changes
            .values()
            .filter(|change| change.action == action)
            .count()
    }

    /// The same plan with more consent: only losses that one of these patterns names are agreed to.
    pub fn agree(&mut self, consent: &Patterns) {
        consent::keep_missing(&mut self.missing_consent, &self.changes, consent);
    }

    /// The losses to agree to by address: of a destroy those that the stack's name does not agree to.
    pub fn losses_to_confirm(&self) -> BTreeMap<Address, Loss> {
        let missing = self.missing_consent.iter();
        missing
            .filter(|(_, loss)| !self.destroy || loss.of == LossOf::Others)
            .map(|(address, loss)| (address.clone(), loss.clone()))
            .collect()
    }
}
