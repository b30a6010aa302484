//! What was read of the things in a container, whose deletion takes them along: what came in later was in no plan.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::{AwsError, Reader, Writer};

/// A container and what of it is meant.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Container {
    /// The app clients of the user pool with this id.
    UserPool(String),
    /// The stages of the API with this id.
    RestApi(String),
    /// The keys on the usage plan with this id.
    UsagePlan(String),
}

/// Ids by container, as they were read last.
#[derive(Clone, Debug, Default)]
pub(super) struct Inside(Arc<Mutex<HashMap<Container, BTreeSet<String>>>>);

impl Inside {
    pub(super) fn learn(&self, container: Container, ids: impl Iterator<Item = String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(container, ids.collect());
    }

    fn known(&self, container: &Container) -> Option<BTreeSet<String>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(container).cloned()
    }
}

impl Reader {
    /// The ids of what is in it, with what people call it.
    async fn things_in(&self, container: &Container) -> Result<Vec<(String, String)>, AwsError> {
        let both = |id: Option<&String>, name: Option<&String>| {
            let id = id.cloned()?;
            Some((id.clone(), name.cloned().unwrap_or(id)))
        };
        Ok(match container {
            Container::UserPool(id) => {
                let clients = self.clients(id).await?;
                let clients = clients.iter();
                clients
                    .filter_map(|one| both(Some(&one.id), Some(&one.name)))
                    .collect()
            }
            Container::RestApi(id) => {
                let stages = self.stages(id).await?;
                let names = stages.iter().map(|one| one.stage_name.as_ref());
                names.filter_map(|name| both(name, name)).collect()
            }
            Container::UsagePlan(id) => {
                let keys = self.usage_plan_keys(id).await?;
                let keys = keys.iter();
                keys.filter_map(|one| both(one.id.as_ref(), one.name.as_ref()))
                    .collect()
            }
        })
    }
}

impl Writer {
    /// Sees that nothing came into a container since it was read, right before `operation` deletes it: minutes may lie between, in
    /// which AWS works on something else.
    ///
    /// # Errors
    /// What came in, and AWS's refusal of the read.
    pub(crate) async fn nothing_came_in(
        &self,
        container: Container,
        operation: &str,
    ) -> Result<(), AwsError> {
        let Some(known) = self.inside().known(&container) else {
            return Ok(());
        };
        let now = match self.afresh().things_in(&container).await {
            Err(error) if error.is_not_found() => return Ok(()),
            now => now?,
        };
        let came = now.iter().filter(|(id, _)| !known.contains(id));
        let came: Vec<String> = came.map(|(_, name)| format!("{name:?}")).collect();
        if came.is_empty() {
            return Ok(());
        }
        let what = match container {
            Container::UserPool(_) => "app clients in this user pool",
            Container::RestApi(_) => "stages of this API",
            Container::UsagePlan(_) => "keys on this usage plan",
        };
        // What the next look finds is in its plan.
        Err(AwsError::gave_up(
            operation,
            format!(
                "somebody made {what} since the plan looked, which would be lost with it: {}",
                came.join(", ")
            ),
        ))
    }
}
