use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Resource, tags};
use crate::model::{Address, Text};

/// The tag that says which stack owns a thing.
pub const STACK_TAG: &str = "gatestack:stack";
/// The tag that says at which address of the stack a thing stands.
pub const KEY_TAG: &str = "gatestack:key";

/// The tag that says which older thing at the same address a thing takes the place of.
pub const REPLACES_TAG: &str = "gatestack:replaces";

/// What the file wants, with every default filled in and every name turned into a reference.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Desired {
    /// Where the stack stands.
    pub ground: Ground,
    /// Every resource by its address.
    pub resources: BTreeMap<Address, Wanted>,
    /// `[[moved]]`: from, to.
    pub moved: Vec<(Address, Address)>,
    /// Addresses whose untagged namesakes are to be taken over.
    pub adopt: Vec<Address>,
    /// Which of several things at one address go, by their own addresses, where nothing else tells.
    #[serde(default)]
    pub leaving: BTreeSet<Address>,
    /// Routes of which the file says itself that nothing is needed to call them.
    pub open_on_purpose: BTreeSet<Address>,
    /// What people ask for by name, as far as AWS has told it.
    pub outputs: BTreeMap<String, Text>,
    /// Whether a run that writes holds the stack's lock.
    pub lock: bool,
}

/// Where a stack stands.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Ground {
    /// The stack's name.
    pub stack: String,
    /// The AWS Region.
    pub region: String,
    /// The AWS account's 12 digits.
    pub account: String,
    /// The stack's own tags, gatestack's left out.
    pub tags: BTreeMap<String, String>,
}

/// One resource the file wants.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Wanted {
    /// What it should be.
    pub resource: Resource,
    /// Resources it follows without holding a value of theirs (a client follows the scopes it lists by name).
    pub after: BTreeSet<Address>,
}

impl Ground {
    /// The tags of the resource at this address: the stack's, and gatestack's two.
    pub fn tags_of(&self, address: &Address) -> BTreeMap<String, String> {
        let mut all = self.tags.clone();
        all.insert(STACK_TAG.into(), self.stack.clone());
        // The quotes around a name with a space or a dot in it are nothing that a tag can hold.
        all.insert(KEY_TAG.into(), tags::escape(address.as_str()));
        all
    }

    /// Whose something with these tags is.
    pub fn owner_by_tags<'a>(&self, tags: &'a BTreeMap<String, String>) -> Owner<'a> {
        match (tags.get(STACK_TAG), tags.get(KEY_TAG)) {
            (Some(stack), Some(key)) if *stack == self.stack => Owner::Us(Address::new(
                tags::unescape(key).unwrap_or_else(|| key.clone()),
            )),
            (Some(stack), _) if *stack != self.stack => Owner::Stack(stack),
            _ => Owner::Nobody,
        }
    }
}

/// Whose a tagged thing is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Owner<'a> {
    /// This stack's, at this address.
    Us(Address),
    /// Another stack's.
    Stack(&'a str),
    /// Not made by gatestack.
    Nobody,
}
