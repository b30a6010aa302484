//! Simulated delays of a local AWS: a list of rules, read from a scenario file or made in a test.
//!
//! A rule changes what clients see, never the state. Each kind of rule is a variant of [`Rule`], a function in `read` that reads
//! its table, and one place that applies it.

mod index;
mod read;

use std::time::Duration;

pub(super) use index::TaggedStates;
pub use read::{Flaw, Mistake};

/// The rules of a local AWS. None by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// The index of the Resource Groups Tagging API (`kind = "tagging_index"`).
    TaggingIndex(TaggingIndex),
}

/// The index of the Resource Groups Tagging API.
///
/// On AWS this index is updated with a delay: `GetResources` is documented to return resources "that are tagged or were
/// previously tagged", and a tag that was just written or removed, or a resource that was just made or deleted, shows up in it
/// later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TaggingIndex {
    /// Nothing at all.
    Empty,
    /// The state when the local AWS started.
    Frozen,
    /// The state this long ago, by the local AWS's clock.
    Behind(Duration),
}

impl Scenario {
    /// These rules. Of two of a kind the first one counts; a file is refused for that.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self {
            rules: rules.into_iter().collect(),
        }
    }

    /// Reads a scenario file.
    ///
    /// # Errors
    /// Every mistake in it, each with the bytes it is about.
    pub fn from_toml(text: &str) -> Result<Self, Vec<Mistake>> {
        read::scenario(text)
    }

    /// The rule for the tagging API's index, if there is one.
    pub(super) fn tagging_index(&self) -> Option<TaggingIndex> {
        self.rules
            .iter()
            .map(|Rule::TaggingIndex(index)| *index)
            .next()
    }
}
