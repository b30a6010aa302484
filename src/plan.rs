//! What would change and in which order: a pure function of the file and of AWS's current state. No clock, no I/O, nothing
//! asynchronous; the executor makes no choices.

mod certificates;
mod consent;
mod diff;
mod exposure;
mod names;
mod notes;
mod openings;
mod order;
mod planner;
mod renew;
mod replace;
mod saved;
mod stale;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::kinds::{Dependent, Lane, Live, Neighbours, Resource, StackContext, Word, registered};
use crate::model::{Address, Book};

pub use crate::model::Patterns;

pub use crate::kinds::{Action, Change, FieldChange, Level, Note};
pub(crate) use crate::kinds::{CREDENTIALS_LOST, ROUTE_OPENS};
pub use consent::{Loss, LossOf};
pub(crate) use exposure::{BESIDE, CANARY};
pub(crate) use notes::OTHERS_LOSE;
pub use openings::opened;
pub use planner::plan;
pub use renew::{Altered, Outdated};
pub use saved::{Inputs, Saved, Unreadable};
pub use stale::{How, Moved, moved};

/// The options of a plan.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Delete everything the stack owns instead of building it.
    pub destroy: bool,
    /// Only these, and what they need.
    pub targets: Patterns,
    /// The confirmed losses.
    pub allow_delete: Patterns,
    /// What to replace although it matches the file.
    pub replace: Patterns,
    /// Whether the stage and aliases may be switched to the newest after a rollback.
    pub forward: bool,
}

/// What an apply would do.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Plan {
    /// The stack's name, account and Region.
    pub context: StackContext,
    /// Whether everything goes.
    pub destroy: bool,
    /// What happens to each resource that changes, by address.
    pub changes: BTreeMap<Address, Change>,
    /// The steps, each after everything it needs.
    pub steps: Vec<Step>,
    /// What the user should know before confirming.
    pub notes: Vec<Note>,
    /// Losses without consent, by the address for the consent.
    pub missing_consent: BTreeMap<Address, Loss>,
    /// Whether it switches a pinned stage or alias to the newest, without `--forward` so far.
    pub needs_forward: bool,
    /// Resources of ours that are no longer in the file and stay until consent names them.
    pub kept: Vec<Address>,
    /// How many resources stay as they are.
    pub unchanged: usize,
    /// How many changes `--target` leaves out.
    pub left_out: usize,
    /// The number of resources beside ours that are not the stack's.
    pub neighbours: Vec<Neighbours>,
    /// What is not the stack's and is deleted along.
    pub going_along: Vec<Dependent>,
    /// Unmanaged settings of our resources, by address.
    pub unmanaged: BTreeMap<Address, Vec<String>>,
    /// All known outputs, for the steps' references. A saved plan has them in its observation.
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
    /// Other resources whose change this step includes.
    pub carries: Vec<Address>,
    /// Which changes may not run beside it.
    pub lane: Option<Lane>,
    /// The steps it needs, by their index in [`Plan::steps`].
    pub needs: BTreeSet<usize>,
    /// The id of the old resource, which still exists when this step creates the new one.
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
    /// Wait until it is ready.
    Settle(Resource),
    /// Remove the deletion protection that the file put on it, so that it can be deleted.
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

impl Operation {
    /// The payloads that it sends, each with its field and digest.
    pub fn payloads(&self) -> Vec<(Word, &str)> {
        match self {
            Self::Create(want) => want.payloads(None),
            Self::Update { want, fields, .. } => want.payloads(Some(fields)),
            Self::Settle(_) | Self::Unprotect { .. } | Self::Delete(_) => Vec::new(),
        }
    }
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
    /// Whether the live resource at an address is deleted.
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

    /// The same plan with consent to the losses that one of these patterns matches.
    pub fn agree(&mut self, consent: &Patterns) {
        consent::keep_missing(&mut self.missing_consent, &self.changes, consent);
    }

    /// The losses that need consent by address: of a destroy those that the stack's name doesn't cover.
    pub fn losses_to_confirm(&self) -> BTreeMap<Address, Loss> {
        let missing = self.missing_consent.iter();
        missing
            .filter(|(_, loss)| !self.destroy || loss.of == LossOf::Others)
            .map(|(address, loss)| (address.clone(), loss.clone()))
            .collect()
    }
}
