//! A table of things by id that is cheap to copy: a copy shares its rows until one of them is changed.
//!
//! Every changing call works on a copy of its Region (so that a refusal leaves no trace), and an account holds thousands of clients and keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Rows by id, in the order of their ids.
#[derive(Debug)]
pub struct Table<T>(BTreeMap<Arc<str>, Arc<T>>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Table<T> {
    /// The row with this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.0.get(id).map(Arc::as_ref)
    }

    /// Whether there is a row with this id.
    pub fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Puts a row in, over any that had this id.
    pub fn insert(&mut self, id: impl AsRef<str>, row: T) {
        self.0.insert(Arc::from(id.as_ref()), Arc::new(row));
    }

    /// Takes the row with this id out, and says whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        self.0.remove(id).is_some()
    }

    /// Keeps the rows for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &T) -> bool) {
        self.0.retain(|id, row| keep(id, row));
    }

    /// All rows, in the order of their ids.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &T)> {
        self.0.iter().map(|(id, row)| (id.as_ref(), row.as_ref()))
    }

    /// All rows without their ids.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.values().map(Arc::as_ref)
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Clone> Table<T> {
    /// The row with this id, to change it; copied first when a copy of the table shares it.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.0.get_mut(id).map(Arc::make_mut)
    }

    /// The row with this id, to change it; an empty one is put in when there is none.
    pub fn entry(&mut self, id: &str) -> &mut T
    where
        T: Default,
    {
        Arc::make_mut(self.0.entry(Arc::from(id)).or_default())
    }

    /// All rows, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut T)> {
        self.0
            .iter_mut()
            .map(|(id, row)| (id.as_ref(), Arc::make_mut(row)))
    }
}

impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = BTreeMap::<String, T>::deserialize(deserializer)?;
        Ok(Self(
            rows.into_iter()
                .map(|(id, row)| (Arc::from(id), Arc::new(row)))
                .collect(),
        ))
    }
}
