use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::Secret;

/// The given secrets for requests of a connection, by the text of their source in the stack file. Copies share them.
#[derive(Clone, Debug, Default)]
pub struct SecretStore(Arc<Mutex<BTreeMap<String, Secret>>>);

impl SecretStore {
    /// Takes one in.
    pub fn put(&self, source: impl Into<String>, secret: Secret) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(source.into(), secret);
    }

    /// The one from this source, if it was read.
    pub fn get(&self, source: &str) -> Option<Secret> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(source).cloned()
    }
}
