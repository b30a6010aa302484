//! Simulated delays of a local AWS: a list of rules, read from a scenario file or made in a test.
//!
//! A rule changes what clients see, never the state. Each kind of rule is a variant of [`Rule`], a function in `read` that reads
//! its table, and one place that applies it.

mod index;
mod read;
mod refused;

use std::time::Duration;

pub(super) use index::TaggedStates;
pub use read::{Flaw, Mistake};
pub(super) use refused::Counts;
pub use refused::{RefusedCalls, Why};

/// The rules of a local AWS. None by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// The index of the Resource Groups Tagging API (`kind = "tagging_index"`).
    TaggingIndex(TaggingIndex),
    /// How long something takes that an operation begins (`kind = "takes"`).
    Takes {
        /// The operation's name.
        operation: String,
        /// By the local AWS's clock.
        time: Duration,
    },
    /// Calls that are refused for a while (`kind = "refused"`).
    Refused(RefusedCalls),
    /// API Gateway's lists of API keys, usage plans, domain names and stages are without tags (`kind = "tags_in_lists"`).
    NoTagsInLists,
    /// A load balancer's settings can only be changed once it is active (`kind = "load_balancer_settings"`).
    SettingsWhenActive,
}

impl Rule {
    /// Whether both are about the same: a scenario has one of them.
    fn is_about(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Takes { operation: one, .. },
                Self::Takes {
                    operation: other, ..
                },
            ) => one == other,
            (Self::Refused(one), Self::Refused(other)) => one.operation == other.operation,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
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
        self.rules.iter().find_map(|rule| match rule {
            Rule::TaggingIndex(index) => Some(*index),
            _ => None,
        })
    }

    /// How long what this operation begins takes, if there is a rule for it.
    pub(super) fn takes(&self, operation: &str) -> Option<Duration> {
        self.rules.iter().find_map(|rule| match rule {
            Rule::Takes {
                operation: of,
                time,
            } if of == operation => Some(*time),
            _ => None,
        })
    }

    /// The rule by which calls of this operation are refused, if there is one.
    pub(super) fn refuses(&self, operation: &str) -> Option<&RefusedCalls> {
        self.rules.iter().find_map(|rule| match rule {
            Rule::Refused(calls) if calls.operation == operation => Some(calls),
            _ => None,
        })
    }

    /// Whether this operation lists things without their tags.
    pub(super) fn hides_tags(&self, operation: &str) -> bool {
        const LISTS: &[&str] = &["GetApiKeys", "GetDomainNames", "GetStages", "GetUsagePlans"];
        self.rules.contains(&Rule::NoTagsInLists) && LISTS.contains(&operation)
    }

    /// Whether this operation is refused while its load balancer is set up.
    pub(super) fn needs_active(&self, operation: &str) -> bool {
        const SETTINGS: &[&str] = &[
            "ModifyLoadBalancerAttributes",
            "SetSecurityGroups",
            "SetSubnets",
        ];
        self.rules.contains(&Rule::SettingsWhenActive) && SETTINGS.contains(&operation)
    }
}
