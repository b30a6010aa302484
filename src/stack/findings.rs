//! What the passes over a file have found so far, and which values later passes must therefore not check.

use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};
use std::ops::{Bound, Range};

use super::diagnostic::{Diagnostic, Severity};
use super::spans::KeyPath;
use crate::model::similar::{LONGEST, MOST_COMPARED, closest_within};

/// The most diagnostics that are kept; the others are counted. Far more than are shown, so that the first ones in the file are
/// among them.
const MOST_KEPT: usize = 10_000;

/// Diagnostics, and the unusable places.
#[derive(Debug)]
pub(super) struct Findings {
    list: Vec<Diagnostic>,
    /// How many errors and warnings were found and not kept.
    left_out: LeftOut,
    broken: BTreeSet<KeyPath>,
    may_compare: Cell<usize>,
}

/// The numbers of diagnostics that are not shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LeftOut {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

impl LeftOut {
    /// Counts one more.
    pub(super) fn count(&mut self, severity: Severity) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
    }
}

impl Default for Findings {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            left_out: LeftOut::default(),
            broken: BTreeSet::new(),
            may_compare: Cell::new(MOST_COMPARED),
        }
    }
}

impl Findings {
    /// Writes down a mistake.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() < MOST_KEPT {
            self.list.push(diagnostic);
        } else {
            self.left_out.count(diagnostic.severity);
        }
    }

    /// Records a mistake that leaves the value there unusable.
    pub(super) fn broken(&mut self, path: &KeyPath, diagnostic: Diagnostic) {
        self.push(diagnostic);
        self.broken.insert(path.clone());
    }

    /// Records that a value is unusable because of a mistake elsewhere.
    pub(super) fn follows_from_another(&mut self, path: &KeyPath) {
        self.broken.insert(path.clone());
    }

    /// What is unusable at the path or below it.
    pub(super) fn broken_at(&self, path: &KeyPath) -> Vec<KeyPath> {
        let from_here = (Bound::Included(path.keys()), Bound::Unbounded);
        let below = self.broken.range::<[String], _>(from_here);
        below
            .take_while(|broken| path.leads_to(broken))
            .cloned()
            .collect()
    }

    /// Keeps one of each kind at the same place among these. A pattern stands for many routes, and is wrong only once.
    pub(super) fn once_at(&mut self, places: &[Range<usize>]) {
        let mut seen = HashSet::new();
        self.list.retain(|diagnostic| {
            let Some(label) = diagnostic.labels.first() else {
                return true;
            };
            let is_among =
                |place: &Range<usize>| place.start <= label.span.0 && label.span.1 <= place.end;
            !places.iter().any(is_among) || seen.insert((diagnostic.code, label.span))
        });
    }

    /// Whether the value there itself is unusable.
    pub(super) fn is_broken(&self, path: &KeyPath) -> bool {
        self.broken.contains(path)
    }

    /// Whether nothing at the path nor above it is unusable; something below may be.
    pub(super) fn is_usable(&self, path: &KeyPath) -> bool {
        let keys = path.keys();
        !(0..=keys.len()).any(|length| self.broken.contains(&keys[..length]))
    }

    /// Whether nothing below the path is unusable either, so that even *missing* values are certain.
    pub(super) fn is_intact(&self, path: &KeyPath) -> bool {
        let from_here = (Bound::Included(path.keys()), Bound::Unbounded);
        let mut below = self.broken.range::<[String], _>(from_here);
        self.is_usable(path) && !below.next().is_some_and(|broken| path.leads_to(broken))
    }

    /// Whether the limit of comparisons allows more.
    pub(super) fn compares(&self, word: &str) -> bool {
        self.may_compare.get() > 0 && word.len() <= LONGEST
    }

    /// The candidate that a word is most likely a misspelling of, within the limit of comparisons.
    pub(super) fn closest<'a>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Option<&'a str> {
        closest_within(word, candidates, &self.may_compare)
    }

    /// “did you mean `x`?” if something is similar, else this.
    pub(super) fn did_you_mean<'a>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
        otherwise: impl Into<String>,
    ) -> String {
        match self.closest(word, candidates) {
            Some(near) => format!("did you mean `{near}`?"),
            None => otherwise.into(),
        }
    }

    /// All diagnostics in order, and how many more there were.
    pub(super) fn into_parts(self) -> (Vec<Diagnostic>, LeftOut) {
        (self.list, self.left_out)
    }
}
