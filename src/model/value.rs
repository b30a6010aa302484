use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Address;

/// What a field holds, on either side of a diff.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing is set. Sets, lists and maps without elements are their own values, not this.
    #[default]
    Unset,
    /// A yes or no.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(String),
    /// Elements whose order AWS does not keep.
    Set(BTreeSet<Value>),
    /// Elements in order.
    List(Vec<Value>),
    /// Named values.
    Map(BTreeMap<String, Value>),
    /// Known once these resources are applied.
    AfterApply(BTreeSet<Address>),
}

/// A number that compares and sorts: AWS's rates are decimals, its limits integers.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(transparent)]
pub struct Number(pub f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Number {}
impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Value {
    /// A set of texts.
    pub fn set<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::Set(items.into_iter().map(Into::into).collect())
    }

    /// A map.
    pub fn map<K: Into<String>, T: Into<Value>>(items: impl IntoIterator<Item = (K, T)>) -> Self {
        Self::Map(
            items
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }

    /// The resources that must be applied before this value is known, however deep they are.
    pub fn awaited(&self) -> BTreeSet<Address> {
        match self {
            Self::AfterApply(of) => of.clone(),
            Self::Set(items) => items.iter().flat_map(Self::awaited).collect(),
            Self::List(items) => items.iter().flat_map(Self::awaited).collect(),
            Self::Map(items) => items.values().flat_map(Self::awaited).collect(),
            Self::Unset | Self::Bool(_) | Self::Number(_) | Self::Text(_) => BTreeSet::new(),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(Number(value))
    }
}
impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::from(f64::from(value))
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::from(f64::from(value))
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unset, Into::into)
    }
}
