//! What is wrong with a document, and where.

use std::ops::Range;

/// A place in one of a document's files.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Place {
    /// The file, by its number in the order of reading.
    pub file: usize,
    /// Bytes of its text.
    pub span: Range<usize>,
}

/// One mistake.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Fault {
    /// What is wrong: a lower-case fragment without a full stop.
    pub what: String,
    /// The wrong place first, then what it collides with, each with a word beside it. Empty if there is no text to point at.
    pub places: Vec<(Place, String)>,
    /// What to do next.
    pub help: String,
}

impl Fault {
    /// A mistake without a place.
    pub(super) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            places: Vec::new(),
            help: help.into(),
        }
    }

    /// Adds a place.
    #[must_use]
    pub(super) fn at(self, place: Place) -> Self {
        self.label(place, "")
    }

    /// Adds a place with a word beside it.
    #[must_use]
    pub(super) fn label(mut self, place: Place, text: impl Into<String>) -> Self {
        self.places.push((place, text.into()));
        self
    }
}
