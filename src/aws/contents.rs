use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{Secret, digest};

/// Contents of files that go to AWS and nowhere else, by their digest: a plan, saved or shown, holds only the digest,
/// since a script may hold what nobody should read. Copies share what they hold.
#[derive(Clone, Debug, Default)]
pub struct Contents(Arc<Mutex<BTreeMap<String, Secret>>>);

impl Contents {
    /// Takes a content in; answers its SHA-256 digest in hexadecimal digits.
    pub fn put(&self, content: &str) -> String {
        let digest = digest(content.as_bytes());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(digest.clone(), Secret::new(content));
        digest
    }

    /// The content with this digest, if it is at hand.
    pub fn get(&self, digest: &str) -> Option<Secret> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(digest).cloned()
    }
}
