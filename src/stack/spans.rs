//! The places of keys and values in the file, by path.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::bare_or_quoted;

/// The keys to a value. An element of an array has its index.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct KeyPath(Vec<String>);

impl KeyPath {
    /// The path of these keys.
    pub fn new<S: Into<String>>(keys: impl IntoIterator<Item = S>) -> Self {
        Self(keys.into_iter().map(Into::into).collect())
    }

    /// Parses an address of the plan, such as `partners.acme` or `api.routes."GET /policies"`. Parts that gatestack derives, such
    /// as `/key`, are dropped: they have their owner's place.
    pub fn of_address(address: &str) -> Self {
        let mut keys = vec![String::new()];
        let mut quoted = false;
        let mut characters = address.chars();
        while let Some(character) = characters.next() {
            let key = keys
                .last_mut()
                .expect("there is always a last key, for the list starts with one");
            match character {
                '"' => quoted = !quoted,
                '\\' if quoted => key.extend(characters.next()),
                '.' if !quoted => keys.push(String::new()),
                '/' if !quoted => break,
                character => key.push(character),
            }
        }
        Self(keys)
    }

    /// The path one key further.
    #[must_use]
    pub fn join(&self, key: impl Into<String>) -> Self {
        let mut keys = self.0.clone();
        keys.push(key.into());
        Self(keys)
    }

    /// The keys.
    pub fn keys(&self) -> &[String] {
        &self.0
    }

    /// The last key; `None` for the file itself.
    pub fn last(&self) -> Option<&str> {
        self.0.last().map(String::as_str)
    }

    /// The path without its last key; `None` for the file itself.
    pub fn parent(&self) -> Option<Self> {
        let (_, keys) = self.0.split_last()?;
        Some(Self(keys.to_vec()))
    }

    /// Whether this path is `other` or a prefix of it.
    pub fn leads_to(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }
}

/// Paths are ordered like their keys, so that prefixes can be looked up without a copy.
impl Borrow<[String]> for KeyPath {
    fn borrow(&self) -> &[String] {
        &self.0
    }
}

impl<const N: usize> From<[&str; N]> for KeyPath {
    fn from(keys: [&str; N]) -> Self {
        Self::new(keys)
    }
}

impl From<&KeyPath> for KeyPath {
    fn from(path: &KeyPath) -> Self {
        path.clone()
    }
}

impl From<&[&str]> for KeyPath {
    fn from(keys: &[&str]) -> Self {
        Self::new(keys.iter().copied())
    }
}

/// As in TOML, with keys quoted if necessary.
impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            f.write_str(&bare_or_quoted(key))?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
struct Spot {
    key: Option<Range<usize>>,
    value: Range<usize>,
    text: Option<String>,
    is_table: bool,
}

/// The places of keys and values.
#[derive(Clone, Debug, Default)]
pub struct Spans(BTreeMap<KeyPath, Spot>);

impl Spans {
    /// The places of everything in this table.
    pub fn of(table: &DeTable<'_>) -> Self {
        let mut spans = Self::default();
        spans.table(&KeyPath::default(), table);
        spans
    }

    fn table(&mut self, path: &KeyPath, table: &DeTable<'_>) {
        for (key, value) in table {
            self.value(&path.join(key.get_ref().as_ref()), Some(key.span()), value);
        }
    }

    fn value(&mut self, path: &KeyPath, key: Option<Range<usize>>, value: &Spanned<DeValue<'_>>) {
        let text = value.get_ref().as_str().map(str::to_owned);
        let is_table = value.get_ref().is_table();
        self.0.insert(
            path.clone(),
            Spot {
                key,
                value: value.span(),
                text,
                is_table,
            },
        );
        match value.get_ref() {
            DeValue::Table(table) => self.table(path, table),
            DeValue::Array(array) => {
                for (index, element) in array.iter().enumerate() {
                    self.value(&path.join(index.to_string()), None, element);
                }
            }
            _ => {}
        }
    }

    /// Puts a value there that another file has, with the places of its key and of itself there.
    pub(super) fn put(
        &mut self,
        path: KeyPath,
        key: Option<Range<usize>>,
        value: Range<usize>,
        text: Option<&str>,
    ) {
        let spot = Spot {
            key,
            value,
            text: text.map(str::to_owned),
            is_table: false,
        };
        self.0.insert(path, spot);
    }

    /// Takes out what is there, and all below it.
    pub(super) fn take(&mut self, path: &KeyPath) -> Self {
        let below = self.0.range(path.clone()..).map(|(below, _)| below);
        let below: Vec<_> = below
            .take_while(|below| path.leads_to(below))
            .cloned()
            .collect();
        let taken = below.into_iter();
        Self(
            taken
                .filter_map(|path| self.0.remove_entry(&path))
                .collect(),
        )
    }

    /// Puts what another has at a path, and all below it, to a path of these.
    pub(super) fn lay(&mut self, to: &KeyPath, other: &Self, from: &KeyPath) {
        let below = other.0.range(from.clone()..);
        for (path, spot) in below.take_while(|(path, _)| from.leads_to(path)) {
            let mut keys = to.0.clone();
            keys.extend_from_slice(&path.0[from.0.len()..]);
            self.0.insert(KeyPath(keys), spot.clone());
        }
    }

    /// The bytes of everything.
    pub(super) fn all(&self) -> Vec<Range<usize>> {
        let spots = self.0.values();
        spots
            .flat_map(|spot| [Some(spot.value.clone()), spot.key.clone()])
            .flatten()
            .collect()
    }

    /// Whether the file has something there.
    pub fn has(&self, path: &KeyPath) -> bool {
        self.0.contains_key(path)
    }

    /// The bytes of the key there, or of its nearest existing parent.
    pub fn key(&self, path: &KeyPath) -> Range<usize> {
        self.nearest(path).map_or(0..0, |spot| {
            spot.key.clone().unwrap_or_else(|| spot.value.clone())
        })
    }

    /// The bytes of the value there: for a table, its key. For what is missing, the nearest table above.
    pub fn value_of(&self, path: &KeyPath) -> Range<usize> {
        match self.0.get(path) {
            Some(spot) if !spot.is_table => spot.value.clone(),
            _ => self.key(path),
        }
    }

    /// The bytes of the element with this text in the array there, or of the array.
    pub fn element(&self, array: &KeyPath, text: &str) -> Range<usize> {
        self.children(array)
            .find(|(_, spot)| spot.text.as_deref() == Some(text))
            .map_or_else(|| self.value_of(array), |(_, spot)| spot.value.clone())
    }

    /// The bytes of the elements of the array there by their texts; of equal ones the first.
    pub fn elements(&self, array: &KeyPath) -> BTreeMap<String, Range<usize>> {
        let mut elements = BTreeMap::new();
        for (_, spot) in self.children(array) {
            if let Some(text) = &spot.text {
                elements
                    .entry(text.clone())
                    .or_insert_with(|| spot.value.clone());
            }
        }
        elements
    }

    /// The keys directly below a table, in alphabetical order.
    pub fn names<'a>(&'a self, table: &'a KeyPath) -> impl Iterator<Item = &'a str> {
        self.children(table).filter_map(|(path, _)| path.last())
    }

    /// The path whose value has exactly these bytes.
    pub fn path_at(&self, span: &Range<usize>) -> Option<&KeyPath> {
        self.0
            .iter()
            .filter(|(_, spot)| spot.value == *span)
            .map(|(path, _)| path)
            .max_by_key(|path| path.keys().len())
    }

    fn children<'a>(&'a self, table: &'a KeyPath) -> impl Iterator<Item = (&'a KeyPath, &'a Spot)> {
        let depth = table.keys().len() + 1;
        self.0
            .range(table.clone()..)
            .take_while(|(path, _)| table.leads_to(path))
            .filter(move |(path, _)| path.keys().len() == depth)
    }

    fn nearest(&self, path: &KeyPath) -> Option<&Spot> {
        let keys = path.keys();
        (0..=keys.len())
            .rev()
            .find_map(|length| self.0.get(&keys[..length]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[api.routes]\n\"GET /a\" = { http = \"x\" }\n[partners.\"a b\"]\nscopes = [\"p\", \"q\"]\n";

    fn spans() -> Spans {
        Spans::of(DeTable::parse(TEXT).unwrap().get_ref())
    }

    #[test]
    fn values_keys_and_elements_are_found() {
        let spans = spans();
        assert_eq!(
            &TEXT[spans.value_of(&["api", "routes", "GET /a", "http"].into())],
            "\"x\""
        );
        assert_eq!(
            &TEXT[spans.value_of(&["partners", "a b"].into())],
            "\"a b\""
        );
        assert_eq!(
            &TEXT[spans.elements(&["partners", "a b", "scopes"].into())["q"].clone()],
            "\"q\""
        );
        assert_eq!(
            &TEXT[spans.value_of(&["partners", "a b", "plan"].into())],
            "\"a b\""
        );
    }

    #[test]
    fn addresses_lead_to_their_owner() {
        assert_eq!(
            KeyPath::of_address("partners.acme/key"),
            ["partners", "acme"].into()
        );
        let route = KeyPath::of_address("api.routes.\"GET /a/{b}\"");
        assert_eq!(route, ["api", "routes", "GET /a/{b}"].into());
        assert_eq!(route.to_string(), "api.routes.\"GET /a/{b}\"");
    }
}
