use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::{Address, Value};

/// A value of a resource that only AWS knows, by name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputName {
    /// AWS's identifier of the resource.
    Id,
    /// The ARN.
    Arn,
    /// The id of an API's root resource `/`.
    RootId,
    /// The name to point DNS at.
    Target,
    /// The id of AWS's own Route 53 hosted zone of [`OutputName::Target`].
    TargetZone,
    /// The issuer of a user pool's tokens.
    Issuer,
}

/// An output of one resource.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Output {
    /// Whose output.
    pub of: Address,
    /// Which.
    pub name: OutputName,
}

/// Part of a [`Text`].
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Known text.
    Literal(String),
    /// A resource's output.
    Output(Output),
}

/// A string that may contain outputs of other resources. Such a reference *is* the dependency edge.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Text(Vec<Piece>);

/// The outputs known so far, during plan and apply.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Book {
    outputs: BTreeMap<Address, BTreeMap<OutputName, String>>,
    #[serde(skip)]
    owners: Owners,
}

/// The owner of each output, by name and value: an index that is built at first use.
#[derive(Debug, Default)]
struct Owners(OnceLock<BTreeMap<OutputName, HashMap<String, Address>>>);

impl Clone for Owners {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Owners {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Text {
    /// Text without references.
    pub fn literal(text: impl Into<String>) -> Self {
        Self(vec![Piece::Literal(text.into())])
    }

    /// One output as the whole text.
    pub fn output(of: &Address, name: OutputName) -> Self {
        Self(vec![Piece::Output(Output {
            of: of.clone(),
            name,
        })])
    }

    /// Text of these pieces; adjacent literals are joined, so that equal texts are equal data.
    pub fn joined(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut joined: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (joined.last_mut(), piece) {
                (_, Piece::Literal(text)) if text.is_empty() => {}
                (Some(Piece::Literal(before)), Piece::Literal(text)) => before.push_str(&text),
                (_, piece) => joined.push(piece),
            }
        }
        Self(joined)
    }

    /// The text, once every output in it is known.
    pub fn resolve(&self, book: &Book) -> Option<String> {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => Some(text.as_str()),
                Piece::Output(output) => book.get(&output.of, output.name),
            })
            .collect()
    }

    /// Its pieces.
    pub fn into_pieces(self) -> Vec<Piece> {
        self.0
    }

    /// The outputs this text waits for.
    pub fn outputs(&self) -> impl Iterator<Item = &Output> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Output(output) => Some(output),
            Piece::Literal(_) => None,
        })
    }

    /// The text as a value: known, or known after the apply of the resources named.
    pub fn value(&self, book: &Book) -> Value {
        match self.resolve(book) {
            Some(text) => Value::Text(text),
            None => Value::AfterApply(self.missing(book)),
        }
    }

    fn missing(&self, book: &Book) -> BTreeSet<Address> {
        self.outputs()
            .filter(|output| book.get(&output.of, output.name).is_none())
            .map(|output| output.of.clone())
            .collect()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::literal(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::literal(text)
    }
}

impl Book {
    /// The value of one output, if known.
    pub fn get(&self, of: &Address, name: OutputName) -> Option<&str> {
        self.outputs.get(of)?.get(&name).map(String::as_str)
    }

    /// The known outputs of one resource.
    pub fn outputs(&self, of: &Address) -> Option<&BTreeMap<OutputName, String>> {
        self.outputs.get(of)
    }

    /// The resources with known outputs.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.outputs.keys()
    }

    /// Whose output this is.
    pub fn find(&self, name: OutputName, value: &str) -> Option<&Address> {
        let owners = self.owners.0.get_or_init(|| {
            let mut owners: BTreeMap<OutputName, HashMap<String, Address>> = BTreeMap::new();
            for (of, outputs) in &self.outputs {
                for (name, value) in outputs {
                    let same_name = owners.entry(*name).or_default();
                    same_name.entry(value.clone()).or_insert_with(|| of.clone());
                }
            }
            owners
        });
        owners.get(&name)?.get(value)
    }

    /// Stores a resource's outputs, replacing known ones.
    pub fn insert(&mut self, of: Address, outputs: BTreeMap<OutputName, String>) {
        self.owners = Owners::default();
        self.outputs.insert(of, outputs);
    }

    /// Removes a resource, as when it is replaced: its dependents then wait for the new one.
    pub fn forget(&mut self, of: &Address) {
        self.owners = Owners::default();
        self.outputs.remove(of);
    }
}

/// Whether a character is valid in the name of a stack or of a table, which becomes the value of a tag.
pub fn is_key_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || " _.@+=-".contains(c)
}

/// Whether a character is invisible and may change how the text around it looks: control characters, direction marks, and
/// zero-width ones.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}
