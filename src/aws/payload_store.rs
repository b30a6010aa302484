use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{Payload, Payloads};

/// The payloads for requests of a connection, by digest. Copies share them.
#[derive(Clone, Debug, Default)]
pub struct PayloadStore(Arc<Mutex<Payloads>>);

impl PayloadStore {
    /// Takes these in.
    pub fn extend(&self, payloads: &Payloads) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(payloads);
    }

    /// Takes one in under the digest of what it was made from.
    pub fn put_as(&self, digest: impl Into<String>, bytes: Vec<u8>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.put_as(digest, bytes);
    }

    /// The one with this digest, if available.
    pub fn get(&self, digest: &str) -> Option<Payload> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(digest).cloned()
    }
}
