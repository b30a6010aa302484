//! What a plan is about and what may be lost, beside the file.

use std::collections::BTreeSet;

use super::invocation::repeated;
use crate::error::{Error, Fault, FaultKind};
use crate::model::Address;
use crate::plan::{Options, Patterns};

/// The flag that agrees to lead callers forward from where the stage is held back.
pub const FORWARD: &str = "--forward";

/// What a plan is about, and what may be lost.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Addresses and globs of what is not left out.
    pub targets: Vec<String>,
    /// Addresses that take over the existing thing of the same name.
    pub adopt: Vec<String>,
    /// Addresses and globs of the losses that are agreed to.
    pub allow_delete: Vec<String>,
    /// Addresses and globs of what is made anew although it is as the file wants it.
    pub replace: Vec<String>,
    /// Whether callers may be led forward again.
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

    /// The things that are named by their own address as those that go, of several at one address.
    pub fn leaving(&self) -> BTreeSet<Address> {
        let named = self.allow_delete.iter().map(Address::new);
        named
            .filter(|address| address.duplicate_of().is_some())
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

/// Why another name is no consent to a destroy.
pub fn other_name(name: &str, given: &str) -> Error {
    Fault::new(
        FaultKind::Consent,
        format!("the stack's name is {name}, and --confirm says {given}"),
    )
    .hint("look whether this is the stack file you mean")
    .into()
}
