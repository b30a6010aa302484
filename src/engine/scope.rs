//! The scope and consent of a plan.

use std::collections::BTreeSet;

use super::invocation::repeated;
use crate::error::{Error, Fault, FaultKind};
use crate::model::{Address, Place};
use crate::plan::{Options, Patterns};

/// The flag to switch a pinned stage to the newest deployment.
pub const FORWARD: &str = "--forward";

/// The scope and consent of a plan.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Addresses and globs of the targets.
    pub targets: Vec<String>,
    /// Addresses to adopt existing resources for.
    pub adopt: Vec<String>,
    /// Addresses and globs of losses with consent.
    pub allow_delete: Vec<String>,
    /// Addresses and globs of what is replaced although it matches the file.
    pub replace: Vec<String>,
    /// Whether the stage may be switched to the newest deployment.
    pub forward: bool,
}

impl Scope {
    /// For the planner.
    pub fn options(&self) -> Options {
        Options {
            destroy: false,
            targets: Patterns::new(self.targets.iter().cloned()),
            allow_delete: Patterns::new(self.allow_delete.iter().cloned()),
            replace: Patterns::new(self.replace.iter().cloned()),
            forward: self.forward,
        }
    }

    /// The duplicates that are named for deletion by their own address; and the API, if another one is to be created although one
    /// that lost its tags may be the stack's.
    pub fn leaving(&self) -> BTreeSet<Address> {
        let named = self.allow_delete.iter().map(Address::new);
        let api = Place::Api.address();
        named
            .filter(|address| address.duplicate_of().is_some() || *address == api)
            .collect()
    }

    /// The flags that say the same.
    pub fn flags(&self) -> Vec<String> {
        let forward = self.forward.then(|| FORWARD.to_owned());
        [
            ("--target", &self.targets),
            ("--adopt", &self.adopt),
            ("--allow-delete", &self.allow_delete),
            ("--replace", &self.replace),
        ]
        .into_iter()
        .flat_map(|(flag, values)| repeated(flag, values))
        .chain(forward)
        .collect()
    }
}

/// The error about a wrong name for a destroy.
pub fn other_name(name: &str, given: &str) -> Error {
    Fault::new(
        FaultKind::Consent,
        format!("the stack's name is {name}, and --confirm says {given}"),
    )
    .hint("check that this is the stack file you mean")
    .into()
}
