//! What a plan does with a resource, and what a person should know of it first.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{KindInfo, Live, Observation, Resource, Word, registered};
use crate::model::{Address, Book, Value};

/// What happens to one resource, and why.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Change {
    /// Its kind.
    #[serde(with = "registered::kind")]
    pub kind: &'static KindInfo,
    /// What happens.
    pub action: Action,
    /// The fields that differ; of a created one all that are set, of a deleted one none.
    pub fields: Vec<FieldChange>,
    /// Why, in words, where the fields don't say it.
    pub reasons: Vec<String>,
    /// Where it stood before `[[moved]]`.
    pub was: Option<Address>,
}

impl Change {
    /// Whether what is there goes, with or without something in its place.
    pub fn goes(&self) -> bool {
        matches!(self.action, Action::Delete | Action::Replace)
    }
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// A new one takes its place.
    Replace,
    /// It is deleted.
    Delete,
}

/// A field that differs.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FieldChange {
    /// The field's name.
    #[serde(deserialize_with = "registered::word")]
    pub name: Word,
    /// What AWS has.
    pub before: Value,
    /// What the file wants.
    pub after: Value,
    /// Why this field makes a replacement necessary, when it does.
    #[serde(deserialize_with = "registered::words::deserialize")]
    pub replaces: Option<Word>,
}

/// Something a person should know before agreeing.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Note {
    /// How much it matters.
    pub level: Level,
    /// A stable code.
    pub code: Cow<'static, str>,
    /// What it is about.
    pub address: Address,
    /// The sentence.
    pub text: String,
}

/// How much a note matters.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It hurts somebody.
    Warning,
    /// It is good to know.
    Info,
}

impl Note {
    /// A note that somebody may be hurt.
    pub fn warning(code: &'static str, address: &Address, text: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, address, text.into())
    }

    /// A note that is good to know.
    pub fn info(code: &'static str, address: &Address, text: impl Into<String>) -> Self {
        Self::new(Level::Info, code, address, text.into())
    }

    fn new(level: Level, code: &'static str, address: &Address, text: String) -> Self {
        Self {
            level,
            code: code.into(),
            address: address.clone(),
            text,
        }
    }
}

/// The note about credentials that nobody can bring back.
pub(crate) const CREDENTIALS_LOST: &str = "GS103";
/// The note about routes that need less than before, or nothing.
pub(crate) const ROUTE_OPENS: &str = "GS104";

/// The whole stack on both sides of a plan.
#[derive(Debug)]
pub struct BothSides<'a> {
    /// What is there after the plan.
    pub wanted: &'a BTreeMap<Address, Resource>,
    /// What AWS has.
    pub observation: &'a Observation,
    /// Routes of which the file says that nothing is needed for them.
    pub open_on_purpose: &'a BTreeSet<Address>,
    /// The outputs of what AWS has.
    pub book: Book,
}

/// A change of one thing, in front of the whole stack: what [`Kind::notes`](super::Kind::notes) looks at.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a, P> {
    /// Where it stands.
    pub address: &'a Address,
    /// What happens to it.
    pub change: &'a Change,
    /// What the file wants of it, where it wants one.
    pub want: Option<&'a P>,
    /// What AWS has of it, where there is one.
    pub held: Option<&'a P>,
    /// The same with what else AWS tells.
    pub live: Option<&'a Live>,
    /// The stack that it belongs to.
    pub stack: &'a BothSides<'a>,
}

impl<P> Look<'_, P> {
    /// Whether this field differs.
    pub fn differs(&self, field: &str) -> bool {
        self.change.fields.iter().any(|change| change.name == field)
    }

    /// Whether it is deleted and nothing takes its place.
    pub fn goes_for_good(&self) -> bool {
        self.change.action == Action::Delete
            && self.address.takes_its_place().is_none()
            && self.address.duplicate_of().is_none()
    }

    /// A note about it that somebody may be hurt.
    pub fn warning(&self, code: &'static str, text: impl Into<String>) -> Option<Note> {
        Some(Note::warning(code, self.address, text))
    }

    /// A note about it that is good to know.
    pub fn info(&self, code: &'static str, text: impl Into<String>) -> Option<Note> {
        Some(Note::info(code, self.address, text))
    }
}
