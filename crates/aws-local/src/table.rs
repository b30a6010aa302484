//! A table by id that is cheap to copy: copies share all rows that are not changed.
//!
//! Every changing call works on a copy of its Region (so that an error changes nothing), and an account has thousands of clients
//! and keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::patch::{self, RowsOf};

/// Rows by id, in the order of their ids.
#[derive(Debug)]
pub struct Table<T>(Arc<RowsOf<T>>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Table<T> {
    /// The rows, to change them; copied first when a copy of the table shares them.
    fn rows(&mut self) -> &mut RowsOf<T> {
        Arc::make_mut(&mut self.0)
    }

    /// The row with this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.0.get(id).map(Arc::as_ref)
    }

    /// Whether there is a row with this id.
    pub fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Inserts or replaces the row with this id.
    pub fn insert(&mut self, id: impl AsRef<str>, row: T) {
        self.rows().insert(Arc::from(id.as_ref()), Arc::new(row));
    }

    /// Removes the row with this id; returns whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        self.contains(id) && self.rows().remove(id).is_some()
    }

    /// Keeps the rows for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &T) -> bool) {
        self.rows().retain(|id, row| keep(id, row));
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
        if !self.contains(id) {
            return None;
        }
        self.rows().get_mut(id).map(Arc::make_mut)
    }

    /// The row with this id, to change it; an empty one is inserted if it is missing.
    pub fn entry(&mut self, id: &str) -> &mut T
    where
        T: Default,
    {
        Arc::make_mut(self.rows().entry(Arc::from(id)).or_default())
    }

    /// All rows, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut T)> {
        self.rows()
            .iter_mut()
            .map(|(id, row)| (id.as_ref(), Arc::make_mut(row)))
    }
}

impl<T: Serialize + 'static> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        patch::serialize(&self.0, serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = BTreeMap::<String, T>::deserialize(deserializer)?;
        let rows = rows.into_iter();
        let rows = rows.map(|(id, row)| (Arc::from(id), Arc::new(row)));
        Ok(Self(Arc::new(rows.collect())))
    }
}
