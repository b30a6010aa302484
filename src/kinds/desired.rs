use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::lookups::Guest;
use super::{Resource, tags};
use crate::model::{Address, Patterns, Text};

/// The tag with the stack that owns a resource.
pub const STACK_TAG: &str = "gatestack:stack";
/// The tag with the address of a resource in the stack.
pub const KEY_TAG: &str = "gatestack:key";

/// The tag with the id of the older resource that this one replaces.
pub const REPLACES_TAG: &str = "gatestack:replaces";

/// What the file wants, with every default filled in and every name turned into a reference.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Desired {
    /// The stack's name, account and Region.
    pub context: StackContext,
    /// Every resource by its address.
    pub resources: BTreeMap<Address, Wanted>,
    /// `[[moved]]`: from, to.
    pub moved: Vec<(Address, Address)>,
    /// Addresses for which untagged resources with the same name are adopted.
    pub adopt: Patterns,
    /// Which of several resources at one address are deleted, by their own addresses, if nothing else decides; and the API's, if one
    /// that lost its tags is not the stack's.
    #[serde(default)]
    pub leaving: BTreeSet<Address>,
    /// Routes with `requires = "nothing"` of their own in the file.
    pub open_on_purpose: BTreeSet<Address>,
    /// The outputs by name.
    pub outputs: BTreeMap<String, Text>,
    /// Whether a run that writes takes the stack's lock.
    pub lock: bool,
    /// The id of the user pool that the file uses and that is not the stack's.
    #[serde(default)]
    pub existing_pool: Option<String>,
    /// The ARNs of the functions that the file uses and that are not the stack's, by their addresses.
    #[serde(default)]
    pub existing_functions: BTreeMap<Address, String>,
    /// Whether clients may ask for scopes of resource servers that other stacks make in the stack's pool.
    #[serde(default)]
    pub others_scopes: bool,
    /// The partners that other stacks make, by their addresses here.
    #[serde(default)]
    pub guests: BTreeMap<Address, Guest>,
}

/// A stack's name, account and Region.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct StackContext {
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
    /// Resources it depends on without containing an output of theirs (a client depends on the scopes it lists by name).
    pub after: BTreeSet<Address>,
}

impl StackContext {
    /// The tags of the resource at this address: the stack's, and gatestack's two.
    pub fn tags_of(&self, address: &Address) -> BTreeMap<String, String> {
        let mut all = self.tags.clone();
        all.insert(STACK_TAG.into(), self.stack.clone());
        // A tag can't contain the quotes around a name with a space or a dot.
        all.insert(KEY_TAG.into(), tags::escape(address.as_str()));
        all
    }

    /// Whether something with these tags is the stack's.
    pub fn owns(&self, tags: &BTreeMap<String, String>) -> bool {
        matches!(self.owner_by_tags(tags), Owner::Us(_))
    }

    /// The owner of something with these tags.
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

/// The owner of a tagged resource.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Owner<'a> {
    /// This stack's, at this address.
    Us(Address),
    /// Another stack's.
    Stack(&'a str),
    /// Not made by gatestack.
    Nobody,
}
