//! The contents of containers when a plan was made. Later additions were in no plan.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::{AwsError, ListedPart, Reader, Writer};

/// A container, which AWS deletes with its contents.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Container {
    /// The user pool with this id: app clients, resource servers, groups, identity providers.
    UserPool(String),
    /// The API with this id: stages, authorizers, models, request validators.
    RestApi(String),
    /// The usage plan with this id: the keys on it.
    UsagePlan(String),
}

/// One of the things in a container.
struct Thing {
    kind: &'static str,
    id: String,
    /// Its display name.
    name: String,
}

impl Thing {
    fn new(kind: &'static str, id: Option<&String>, name: Option<&String>) -> Option<Self> {
        let id = id.cloned()?;
        let name = name.cloned().unwrap_or_else(|| id.clone());
        Some(Self { kind, id, name })
    }

    fn part(kind: &'static str, part: &ListedPart) -> Self {
        let (id, name) = (part.identity(), part.name.clone());
        Self { kind, id, name }
    }

    fn key(&self) -> String {
        format!("{} {}", self.kind, self.id)
    }
}

/// The contents of each container when a plan was made.
#[derive(Clone, Debug, Default)]
pub(super) struct Inside(Arc<Mutex<HashMap<Container, BTreeSet<String>>>>);

impl Inside {
    fn learn(&self, container: Container, things: &[Thing]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(container, things.iter().map(Thing::key).collect());
    }

    fn known(&self, container: &Container) -> Option<BTreeSet<String>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(container).cloned()
    }
}

impl Reader {
    /// Records the contents of a container that a plan may delete.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn look_inside(&self, container: Container) -> Result<(), AwsError> {
        let things = self.things_in(&container).await?;
        self.inside().learn(container, &things);
        Ok(())
    }

    async fn things_in(&self, container: &Container) -> Result<Vec<Thing>, AwsError> {
        Ok(match container {
            Container::UserPool(id) => {
                let (clients, servers, groups, providers) = tokio::try_join!(
                    self.clients(id),
                    self.resource_servers(id),
                    self.groups(id),
                    self.identity_providers(id)
                )?;
                let clients = clients.iter();
                let clients = clients
                    .filter_map(|one| Thing::new("app client", Some(&one.id), Some(&one.name)));
                let servers = servers
                    .iter()
                    .filter_map(|one| Thing::new("resource server", one.identifier.as_ref(), None));
                let groups = groups.iter().map(|one| Thing::part("group", one));
                let providers = providers.iter();
                let providers = providers.map(|one| Thing::part("identity provider", one));
                clients
                    .chain(servers)
                    .chain(groups)
                    .chain(providers)
                    .collect()
            }
            Container::RestApi(id) => {
                let (stages, authorizers, models, validators) = tokio::try_join!(
                    self.stages(id),
                    self.authorizers(id),
                    self.models(id),
                    self.request_validators(id)
                )?;
                let stages = stages
                    .iter()
                    .filter_map(|one| Thing::new("stage", one.stage_name.as_ref(), None));
                let authorizers = authorizers
                    .iter()
                    .filter_map(|one| Thing::new("authorizer", one.id.as_ref(), one.name.as_ref()));
                let models = models
                    .iter()
                    .filter_map(|one| Thing::new("model", one.id.as_ref(), one.name.as_ref()));
                let validators = validators.iter().filter_map(|one| {
                    Thing::new("request validator", one.id.as_ref(), one.name.as_ref())
                });
                stages
                    .chain(authorizers)
                    .chain(models)
                    .chain(validators)
                    .collect()
            }
            Container::UsagePlan(id) => {
                let keys = self.usage_plan_keys(id).await?;
                let keys = keys.iter();
                keys.filter_map(|one| Thing::new("API key", one.id.as_ref(), one.name.as_ref()))
                    .collect()
            }
        })
    }
}

impl Writer {
    /// Checks that nothing was added to a container since then, right before `operation` deletes it: minutes may have passed.
    /// Additions are in the next plan.
    ///
    /// # Errors
    /// Something was added, or the read failed.
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
        let came = now.iter().filter(|thing| !known.contains(&thing.key()));
        let came: Vec<String> = came
            .map(|thing| format!("{} {:?}", thing.kind, thing.name))
            .collect();
        if came.is_empty() {
            return Ok(());
        }
        let here = match container {
            Container::UserPool(_) => "this user pool",
            Container::RestApi(_) => "this API",
            Container::UsagePlan(_) => "this usage plan",
        };
        Err(AwsError::gave_up(
            operation,
            format!(
                "not sent: something was added to {here} after the plan was made, and it would be lost: {}",
                came.join(", ")
            ),
        ))
    }
}
