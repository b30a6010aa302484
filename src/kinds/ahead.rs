//! Reads that start before the observation needs them.
//!
//! An observation sorts resources out phase by phase: which of several is in use, which address each has. Its reads rarely depend on
//! that, since a list or a tag gives the next id. So the same reads start here as soon as their ids are known, and the observation
//! finds the answers in its [`Reader`]. Nothing is decided here. If tags don't tell two resources apart, nothing is read: the
//! observation does that once it knows. Errors are dropped: the observation repeats the read, and reports the error or ignores it.

use std::pin::Pin;

use futures_util::future::{join_all, try_join_all};

use super::desired::Desired;
use super::ownership::after_moves;
use super::registry::observe_phase;
use super::{
    Owner, Scope, api_domain, app_client, base_path_mapping, content, dns_record, function,
    function_permission, instance, log_group, private_backends, rest_api, tags, user_pool,
    user_pool_domain,
};
use crate::aws::{AwsError, Reader};
use crate::model::{Book, Place};

/// Reads what an observation of this stack will read, as far as that doesn't depend on its decisions.
///
/// `desired` may come without the results of the lookups.
pub async fn read_ahead(reader: &Reader, desired: &Desired) {
    let book = Book::default();
    let scope = scope(desired, &book);
    let lists = observe_phase(reader, &scope, 0, |_| true);
    // Boxed, here and below: the SDK's futures are large.
    let (_, ()) = tokio::join!(Box::pin(lists), Box::pin(chains(reader, &scope)));
}

/// The same without the kinds of the first phase, for an observation that starts with these.
pub(super) async fn read_what_follows(reader: &Reader, desired: &Desired) {
    let book = Book::default();
    chains(reader, &scope(desired, &book)).await;
}

fn scope<'a>(desired: &'a Desired, book: &'a Book) -> Scope<'a> {
    Scope {
        desired,
        book,
        destroy: false,
    }
}

async fn chains(reader: &Reader, scope: &Scope<'_>) {
    type Chain<'a> = Pin<Box<dyn Future<Output = Result<(), AwsError>> + Send + 'a>>;
    let chains: [Chain<'_>; 8] = [
        Box::pin(parts_of_the_pool(reader, scope)),
        Box::pin(user_pool_domain::read(reader, scope)),
        Box::pin(parts_of_the_api(reader, scope)),
        Box::pin(keys_on_plans(reader, scope)),
        Box::pin(targets(reader, scope)),
        Box::pin(names(reader, scope)),
        Box::pin(log_group::read(reader, scope)),
        Box::pin(functions(reader, scope)),
    ];
    join_all(chains).await;
}

/// The parts of the stack's user pool, and its domains.
async fn parts_of_the_pool(reader: &Reader, scope: &Scope<'_>) -> Result<(), AwsError> {
    let at_its_place = Place::UserPool.address();
    let mut pools = user_pool::likely(reader, scope).await?;
    pools.retain(|pool| {
        let tags = tags::live(pool.user_pool_tags.as_ref());
        match scope.desired.context.owner_by_tags(&tags) {
            Owner::Us(address) => after_moves(scope.desired, &address) == at_its_place,
            Owner::Stack(_) | Owner::Nobody => false,
        }
    });
    let [pool] = &pools[..] else { return Ok(()) };
    let id = pool.id.as_deref().unwrap_or_default();
    let marks = tags::live(pool.user_pool_tags.as_ref());
    let domains = [&pool.domain, &pool.custom_domain].into_iter().flatten();
    let domains = domains.filter(|domain| !domain.is_empty());
    let domains = domains.map(|domain| reader.domain(domain));
    tokio::try_join!(
        Box::pin(app_client::read_ahead(reader, scope, pool)),
        Box::pin(reader.resource_servers(id)),
        try_join_all(domains),
        Box::pin(dns_record::read(reader, &marks)),
    )?;
    Ok(())
}

/// Everything below the stack's API.
async fn parts_of_the_api(reader: &Reader, scope: &Scope<'_>) -> Result<(), AwsError> {
    let ours = rest_api::ours(reader, scope).await?;
    if let [api] = &ours[..] {
        tokio::try_join!(
            Box::pin(content::read(reader, api)),
            Box::pin(reader.stages(api))
        )?;
    }
    Ok(())
}

async fn keys_on_plans(reader: &Reader, scope: &Scope<'_>) -> Result<(), AwsError> {
    let plans = reader.usage_plans().await?;
    let ours = plans
        .iter()
        .filter(|plan| scope.desired.context.owns(&tags::live(plan.tags.as_ref())));
    let ids = ours.filter_map(|plan| plan.id.as_deref());
    try_join_all(ids.map(|id| reader.usage_plan_keys(id))).await?;
    Ok(())
}

/// The targets of the load balancer.
async fn targets(reader: &Reader, scope: &Scope<'_>) -> Result<(), AwsError> {
    if private_backends::is_there(reader, scope).await? {
        instance::read(reader, scope).await?;
    }
    Ok(())
}

/// The functions, and what lets the API invoke them.
async fn functions(reader: &Reader, scope: &Scope<'_>) -> Result<(), AwsError> {
    let names = function::names::read(reader, scope).await?;
    let policies = function_permission::policies(reader, scope);
    let functions = names.iter().map(|name| reader.function(name));
    tokio::try_join!(Box::pin(policies), Box::pin(try_join_all(functions)))?;
    Ok(())
}

/// The mappings of the stack's domain names and of those where it has base paths, and the records of its own.
async fn names(reader: &Reader, scope: &Scope<'_>) -> Result<(), AwsError> {
    let domains = api_domain::listed(reader, scope).await?;
    let tagged = domains
        .iter()
        .filter(|domain| api_domain::is_public(domain))
        .map(|domain| (domain, tags::live(domain.tags.as_ref())));
    let ours: Vec<_> = tagged
        .filter(|(_, tags)| scope.desired.context.owns(tags))
        .collect();
    let own = ours.iter().filter_map(|(domain, _)| domain.domain_name());
    let records = ours.iter().map(|(_, tags)| dns_record::read(reader, tags));
    tokio::try_join!(
        Box::pin(base_path_mapping::read(reader, scope, own.collect())),
        try_join_all(records),
    )?;
    Ok(())
}
