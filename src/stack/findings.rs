//! What the passes over a file have found so far, and what later passes must therefore not judge.

use std::collections::BTreeSet;

use super::diagnostic::Diagnostic;
use super::spans::KeyPath;

/// Diagnostics, and the places they made worthless.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Everything found, in the order of finding.
    pub(super) list: Vec<Diagnostic>,
    broken: BTreeSet<KeyPath>,
}

impl Findings {
    /// Writes down a mistake that leaves the value there unusable.
    pub(super) fn broken(&mut self, path: &KeyPath, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
        self.broken.insert(path.clone());
    }

    /// Writes down that a value is unusable because of a mistake elsewhere.
    pub(super) fn follows_from_another(&mut self, path: &KeyPath) {
        self.broken.insert(path.clone());
    }

    /// Whether the value there itself is unusable.
    pub(super) fn is_broken(&self, path: &KeyPath) -> bool {
        self.broken.contains(path)
    }

    /// Whether nothing at the path nor above it is unusable: what is read there is what the file says, except for what is
    /// broken below.
    pub(super) fn is_usable(&self, path: &KeyPath) -> bool {
        !self.broken.iter().any(|broken| broken.leads_to(path))
    }

    /// Whether nothing below the path is unusable either, so that even what is *not* there is known.
    pub(super) fn is_intact(&self, path: &KeyPath) -> bool {
        !self
            .broken
            .iter()
            .any(|broken| path.leads_to(broken) || broken.leads_to(path))
    }
}
