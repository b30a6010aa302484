//! What a plan does with a resource, and notes about it.

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
    /// Its address before `[[moved]]`.
    pub was: Option<Address>,
}

impl Change {
    /// Whether the live resource is deleted, with or without a replacement.
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
    /// It is replaced.
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

/// Something the user should know before confirming.
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
    /// A warning.
    Warning,
    /// An info.
    Info,
}

impl Note {
    /// A warning.
    pub fn warning(code: &'static str, address: &Address, text: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, address, text.into())
    }

    /// An info note.
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

/// The note about credentials that can't be restored.
pub(crate) const CREDENTIALS_LOST: &str = "GS103";
/// The note about routes that require less than before, or nothing.
pub(crate) const ROUTE_OPENS: &str = "GS104";

/// The whole stack on both sides of a plan.
#[derive(Debug)]
pub struct BothSides<'a> {
    /// The state after the plan.
    pub wanted: &'a BTreeMap<Address, Resource>,
    /// What AWS has.
    pub observation: &'a Observation,
    /// Routes with `requires = "nothing"` in the file.
    pub open_on_purpose: &'a BTreeSet<Address>,
    /// The live outputs.
    pub book: Book,
}

/// A change of one resource with the whole stack, for [`Kind::notes`](super::Kind::notes).
#[derive(Clone, Copy, Debug)]
pub struct Look<'a, P> {
    /// Its address.
    pub address: &'a Address,
    /// What happens to it.
    pub change: &'a Change,
    /// The wanted properties, if it is wanted.
    pub want: Option<&'a P>,
    /// The live properties, if it exists.
    pub held: Option<&'a P>,
    /// The same with outputs.
    pub live: Option<&'a Live>,
    /// The stack that it belongs to.
    pub stack: &'a BothSides<'a>,
}

impl<P> Look<'_, P> {
    /// Whether this field differs.
    pub fn differs(&self, field: &str) -> bool {
        self.change.fields.iter().any(|change| change.name == field)
    }

    /// Whether it is deleted without a replacement.
    pub fn goes_for_good(&self) -> bool {
        self.change.action == Action::Delete
            && self.address.takes_its_place().is_none()
            && self.address.duplicate_of().is_none()
    }

    /// A warning about it.
    pub fn warning(&self, code: &'static str, text: impl Into<String>) -> Option<Note> {
        Some(Note::warning(code, self.address, text))
    }

    /// An info note about it.
    pub fn info(&self, code: &'static str, text: impl Into<String>) -> Option<Note> {
        Some(Note::info(code, self.address, text))
    }
}
