use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::AwsError;

/// A cache of responses for a run: the first caller sends the request, the others wait for the same response.
#[derive(Debug)]
pub(super) struct Memo<K, V>(Mutex<HashMap<K, Arc<OnceCell<V>>>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    pub(super) async fn get<F>(&self, key: K, ask: impl FnOnce() -> F) -> Result<V, AwsError>
    where
        F: Future<Output = Result<V, AwsError>>,
    {
        let cell = Arc::clone(
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(key)
                .or_default(),
        );
        cell.get_or_try_init(ask).await.cloned()
    }

    /// The response, if it is cached.
    pub(super) fn known(&self, key: &K) -> Option<V> {
        let cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cells.get(key)?.get().cloned()
    }

    /// Asks again next time.
    pub(super) fn forget(&self, key: &K) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }

    /// Caches a response from elsewhere.
    pub(super) fn learn(&self, key: K, answer: V) {
        let cell = Arc::new(OnceCell::new_with(Some(answer)));
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, cell);
    }
}
