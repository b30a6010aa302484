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
    /// What else is in the user pool with this id: resource servers, groups, identity providers.
    UserPoolParts(String),
    /// What else is in the API with this id: authorizers, models, request validators.
    RestApiParts(String),
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
    /// Keeps in mind what is in a container that is about to go.
    pub(crate) async fn look_inside(&self, container: Container) -> Result<(), AwsError> {
        let things = self.things_in(&container).await?.into_iter();
        self.inside().learn(container, things.map(|(id, _)| id));
        Ok(())
    }

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
            Container::UserPoolParts(id) => {
                let (servers, groups, providers) = tokio::try_join!(
                    self.resource_servers(id),
                    self.groups(id),
                    self.identity_providers(id)
                )?;
                let servers = servers.iter().filter_map(|one| one.identifier.as_ref());
                let servers = servers.map(|name| ("resource server", name));
                let groups = groups.iter().map(|name| ("group", name));
                let providers = providers.iter().map(|name| ("identity provider", name));
                servers
                    .chain(groups)
                    .chain(providers)
                    .map(|(kind, name)| (format!("{kind} {name}"), name.clone()))
                    .collect()
            }
            Container::RestApiParts(id) => {
                let (authorizers, models, validators) = tokio::try_join!(
                    self.authorizers(id),
                    self.models(id),
                    self.request_validators(id)
                )?;
                let authorizers = authorizers.iter().map(|one| (&one.id, &one.name));
                let models = models.iter().map(|one| (&one.id, &one.name));
                let validators = validators.iter().map(|one| (&one.id, &one.name));
                authorizers
                    .chain(models)
                    .chain(validators)
                    .filter_map(|(id, name)| both(id.as_ref(), name.as_ref()))
                    .collect()
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
            Container::UserPoolParts(_) => "parts of this user pool",
            Container::RestApiParts(_) => "parts of this API",
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
