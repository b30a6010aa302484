//! Dependents on deleted resources that are not the stack's. They are read only then; an ordinary plan needs none of these reads.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::desired::Desired;
use super::observation::{Dependent, Live, Observation, Obstacle};
use super::registry::Resource;
use super::{
    authorizer, base_path_mapping, function, function_alias, listener, resource_server, rest_api,
    security_group, stage, target_group, user_pool, user_pool_domain, vpc_link,
};
use crate::aws::{AwsError, Container, Reader};
use crate::model::{Address, OutputName};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Kinds that AWS doesn't delete while they are in use.
    pub(super) in_use: Vec<Obstacle>,
    /// What AWS takes along.
    pub(super) dependents: Vec<Dependent>,
}

/// The deleted resources of the stack, without regard to consent and targets: a superset of what a plan deletes or replaces.
pub(super) struct Leaving<'a> {
    pub(super) desired: &'a Desired,
    pub(super) observation: &'a Observation,
    addresses: BTreeSet<&'a Address>,
    destroy: bool,
}

impl<'a> Leaving<'a> {
    fn of(desired: &'a Desired, observation: &'a Observation, destroy: bool) -> Self {
        let mut leaving = Self {
            desired,
            observation,
            addresses: BTreeSet::new(),
            destroy,
        };
        let live = || {
            observation
                .live
                .iter()
                .filter(|(_, live)| !live.only_a_mark)
        };
        let unwanted = live().filter(|(address, _)| leaving.wanted(address).is_none());
        let unwanted: Vec<&Address> = unwanted.map(|(address, _)| address).collect();
        leaving.addresses.extend(unwanted);
        // What refers to a replaced resource may have to be replaced as well.
        let mut book = observation.book();
        loop {
            let replaced: Vec<&Address> = live()
                .filter(|(address, live)| {
                    let want = leaving.wanted(address);
                    !leaving.addresses.contains(address)
                        && want.is_some_and(|want| want.replaces(&live.resource, &book))
                })
                .map(|(address, _)| address)
                .collect();
            if replaced.is_empty() {
                return leaving;
            }
            replaced.iter().for_each(|address| book.forget(address));
            leaving.addresses.extend(replaced);
        }
    }

    /// The wanted resource at this address.
    pub(super) fn wanted(&self, address: &Address) -> Option<&'a Resource> {
        let wanted = self.desired.resources.get(address);
        wanted
            .filter(|_| !self.destroy)
            .map(|wanted| &wanted.resource)
    }

    /// Whether the resource at this address is deleted.
    pub(super) fn has(&self, address: &Address) -> bool {
        self.addresses.contains(address)
    }

    /// The ids of the stack's resources of one kind.
    pub(super) fn ids_of(&self, kind: &str) -> BTreeSet<&'a str> {
        self.all_of(kind)
            .filter_map(|(_, live)| live.outputs.get(&OutputName::Id))
            .map(String::as_str)
            .collect()
    }

    /// The stack's resources of one kind.
    pub(super) fn all_of(&self, kind: &str) -> impl Iterator<Item = (&'a Address, &'a Live)> {
        let live = self.observation.live.iter();
        live.filter(move |(_, live)| live.resource.info().name == kind)
    }
}

/// Adds dependents on deleted resources to the observation.
///
/// # Errors
/// A read failed.
pub(super) async fn ask(
    reader: &Reader,
    desired: &Desired,
    destroy: bool,
    observation: &mut Observation,
) -> Result<(), AwsError> {
    let leaving = Leaving::of(desired, observation, destroy);
    // Boxed: the SDK's futures are large.
    let of_each = leaving.addresses.iter();
    let of_each = of_each.map(|address| Box::pin(of_one(reader, &leaving, address)));
    let scopes = Box::pin(resource_server::held_by_others(reader, &leaving));
    let (of_each, scopes) = tokio::try_join!(try_join_all(of_each), scopes)?;
    let mut uses = Uses::default();
    for of_one in of_each {
        uses.in_use.extend(of_one.in_use);
        uses.dependents.extend(of_one.dependents);
    }
    uses.dependents.extend(scopes);
    observation.in_use.extend(uses.in_use);
    observation.dependents.extend(uses.dependents);
    Ok(())
}

/// The uses of one resource that is deleted.
async fn of_one(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
) -> Result<Uses, AwsError> {
    let live = &leaving.observation.live[address];
    let id = live.outputs.get(&OutputName::Id).map_or("", String::as_str);
    let container = match &live.resource {
        Resource::UserPool(_) => Some(Container::UserPool(id.to_owned())),
        Resource::RestApi(_) => Some(Container::RestApi(id.to_owned())),
        Resource::UsagePlan(_) => Some(Container::UsagePlan(id.to_owned())),
        _ => None,
    };
    let inside = async {
        match container {
            Some(container) => reader.look_inside(container).await,
            None => Ok(()),
        }
    };
    let (uses, ()) = tokio::try_join!(
        Box::pin(hanging_on(reader, leaving, address, live, id)),
        Box::pin(inside)
    )?;
    Ok(uses)
}

async fn hanging_on(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    live: &Live,
    id: &str,
) -> Result<Uses, AwsError> {
    let mut uses = Uses::default();
    match &live.resource {
        Resource::UserPool(props) => {
            let others = user_pool_domain::others_of(reader, leaving, address, &props.tags, id);
            let parts = user_pool::other_parts_of(reader, address, id);
            let arn = live.outputs.get(&OutputName::Arn);
            let arn = arn.map_or("", String::as_str);
            let checks = authorizer::elsewhere::of_a_pool(reader, leaving, address, arn);
            let (others, parts, checks) =
                tokio::try_join!(Box::pin(others), Box::pin(parts), Box::pin(checks))?;
            uses.in_use.extend(others);
            uses.dependents.extend(parts);
            uses.dependents.extend(checks);
        }
        Resource::Function(props) => {
            let parts = function::parts::others_of(reader, leaving, address, props.name(), id);
            uses.dependents.extend(Box::pin(parts).await?);
        }
        Resource::FunctionRole(props) => {
            let (tags, arn) = (&props.tags, &props.arn);
            let other = function::parts::runs_with(reader, leaving, address, tags, arn);
            uses.dependents.extend(Box::pin(other).await?);
        }
        Resource::LogGroup(props) => {
            let other = function::parts::writes_to(reader, leaving, address, props.name());
            uses.dependents.extend(Box::pin(other).await?);
        }
        Resource::FunctionAlias(_) => {
            let others = function_alias::others_of(reader, leaving, address, id);
            uses.dependents.extend(Box::pin(others).await?);
        }
        Resource::LoadBalancer(_) => {
            let others = listener::of_other_stacks(reader, leaving, address, id);
            uses.in_use.extend(Box::pin(others).await?);
        }
        Resource::VpcLink(props) => {
            let used = vpc_link::used_by(reader, leaving, address, props, id);
            uses.in_use.extend(Box::pin(used).await?);
        }
        Resource::RestApi(_) => {
            let led = base_path_mapping::leading_to(reader, leaving, address, id, None);
            let parts = rest_api::other_parts_of(reader, leaving, address, id);
            let (led, parts) = tokio::try_join!(Box::pin(led), Box::pin(parts))?;
            uses.in_use.extend(led);
            uses.dependents.extend(parts);
        }
        Resource::Stage(props) => {
            let api = super::literal(&props.api);
            let of_ours = leaving.all_of("rest_api");
            let mut of_ours =
                of_ours.filter(|(_, live)| live.outputs.get(&OutputName::Id) == Some(&api));
            if of_ours.any(|(address, _)| leaving.has(address)) {
                return Ok(uses);
            }
            let name = Some(&*props.name);
            let led = base_path_mapping::leading_to(reader, leaving, address, &api, name);
            let plans = stage::on_others_plans(reader, leaving, address, &api, name);
            let (led, plans) = tokio::try_join!(Box::pin(led), Box::pin(plans))?;
            uses.in_use.extend(led);
            uses.dependents.extend(plans);
        }
        Resource::SecurityGroup(props) => {
            let used = security_group::used_by(reader, leaving, address, props, id);
            uses.in_use.extend(Box::pin(used).await?);
        }
        Resource::TargetGroup(props) => {
            let found = target_group::others_in(reader, leaving, address, props, id);
            let found = Box::pin(found).await?;
            uses.in_use.extend(found.in_use);
            uses.dependents.extend(found.dependents);
        }
        _ => {}
    }
    Ok(uses)
}
