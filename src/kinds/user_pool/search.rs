//! Finds the stack's user pool: Cognito's list of pools has no tags, and the index of the tagging API may lag or be empty. So the
//! likely pools are read, and all others before another one is created.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_cognitoidentityprovider::types::UserPoolType;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{Props, UserPool, candidate, users_of};
use crate::aws::{AwsError, ListedPool, Reader};
use crate::kinds::api_marks::{self, Says, USER_POOL_MARK, unless_denied};
use crate::kinds::ownership::{Candidate, sort_out};
use crate::kinds::{Findings, Kind as _, Obstacle, Owner, Resource, STACK_TAG, Scope, rest_api};
use crate::model::{Address, OutputName};

/// How many pools are read concurrently.
const AT_A_TIME: usize = 10;

/// How many are read before checking whether one of them is ours.
const PAGE: usize = 60;

/// How many pools are read one by one before another one is created: AWS's default quota per account and Region (Amazon Cognito
/// developer guide, "Quotas"). Cognito answers 15 such reads a second.
const MOST: usize = 1_000;

pub(super) async fn search(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<Findings<Props>, AwsError> {
    let mut wanted = wanted(scope);
    let mut found = Found::default();
    let (hinted, listed) = hinted(reader, scope, &wanted).await?;
    found.look(reader, hinted).await?;
    let mut trusted = BTreeSet::new();
    if !found.any_of_ours(scope) {
        trusted = trusted_by_our_api(reader, scope).await?;
        found.look(reader, trusted.clone()).await?;
    }
    let mut unread = 0;
    let listed = match wanted.is_empty() && !found.any_of_ours(scope) {
        true => listed_to_remove(reader, scope).await?,
        false => listed,
    };
    if !found.any_of_ours(scope) {
        let rest: Vec<&ListedPool> = listed
            .iter()
            .filter(|pool| !found.read.contains(&pool.id))
            .collect();
        unread = rest.len().saturating_sub(MOST);
        let rest = newest_first(rest).into_iter().take(MOST);
        let rest: Vec<String> = rest.map(|pool| pool.id.clone()).collect();
        for page in rest.chunks(PAGE) {
            found.look(reader, page.to_vec()).await?;
            if found.any_of_ours(scope) {
                break;
            }
        }
    }
    let mut in_doubt = Vec::new();
    if !found.any_of_ours(scope) {
        for address in wanted.keys() {
            in_doubt.extend(doubt(address, &trusted, &found, unread));
        }
        // An untagged pool of our authorizer may have been ours: an update of a pool without tags removes them.
        if let [address] = &wanted.keys().cloned().collect::<Vec<_>>()[..]
            && let Some(untagged) = found.untagged(scope, &trusted)
        {
            wanted.insert(address.clone(), untagged);
        }
    }
    let users = found.users;
    let mut findings = sort_out(scope, &UserPool::INFO, &wanted, found.candidates);
    findings.in_doubt = in_doubt;
    for owned in &mut findings.owned {
        let id = owned.outputs.get(&OutputName::Id);
        let users = id.and_then(|id| users.get(id)).copied().unwrap_or(0);
        owned.dependents.extend(users_of(&owned.address, users));
    }
    Ok(findings)
}

fn wanted(scope: &Scope<'_>) -> BTreeMap<Address, String> {
    let resources = scope.desired.resources.iter();
    let pools = resources.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::UserPool(props) => Some((address.clone(), props.name.resolve(scope.book)?)),
        _ => None,
    });
    pools.collect()
}

/// The pools with the stack's tags or its pool's name, as far as that is known without reading every pool.
///
/// # Errors
/// A read failed.
pub(in crate::kinds) async fn likely(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<Vec<Arc<UserPoolType>>, AwsError> {
    let (hinted, _) = hinted(reader, scope, &wanted(scope)).await?;
    Ok(described(reader, hinted)
        .await?
        .into_iter()
        .flatten()
        .collect())
}

/// The ids of the pools that are read first, and if the stack wants a pool, the list of all in the Region.
async fn hinted(
    reader: &Reader,
    scope: &Scope<'_>,
    wanted: &BTreeMap<Address, String>,
) -> Result<(Vec<String>, Vec<ListedPool>), AwsError> {
    // By tag, because a pool may have been renamed; by name, because the tagging API doesn't know a new pool yet.
    let tagged = reader.pools_tagged(STACK_TAG, &scope.desired.context.stack);
    let (mut hinted, listed) = tokio::try_join!(tagged, listed(reader, wanted))?;
    for pool in &listed {
        if wanted.values().any(|name| *name == pool.name) && !hinted.contains(&pool.id) {
            hinted.push(pool.id.clone());
        }
    }
    Ok((hinted, listed))
}

async fn listed(
    reader: &Reader,
    wanted: &BTreeMap<Address, String>,
) -> Result<Vec<ListedPool>, AwsError> {
    // A stack without a pool needs neither the permission nor the call to list them.
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    Ok(reader.pools().await?.to_vec())
}

/// The pools that may be the stack's although the file wants none: none if the API's marks show that there never was one.
async fn listed_to_remove(reader: &Reader, scope: &Scope<'_>) -> Result<Vec<ListedPool>, AwsError> {
    let wants_api = || {
        let mut wanted = scope.desired.resources.values();
        wanted.any(|wanted| matches!(wanted.resource, Resource::RestApi(_)))
    };
    match api_marks::ask(reader, scope, USER_POOL_MARK, &[]).await? {
        Says::Nothing => return Ok(Vec::new()),
        // Before its first apply, a stack with an API never made one without the other.
        Says::NoApi if wants_api() && !scope.destroy => return Ok(Vec::new()),
        Says::NoApi | Says::Perhaps => {}
    }
    let listed = unless_denied(reader.pools().await)?;
    Ok(listed.map_or_else(Vec::new, |listed| listed.to_vec()))
}

/// The ids of the pools in this account and Region that an authorizer of the stack's API uses. The API is found without the
/// tagging API: its list has tags.
async fn trusted_by_our_api(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<BTreeSet<String>, AwsError> {
    let context = &scope.desired.context;
    let here = format!(":{}:{}:userpool/", context.region, context.account);
    let mut pools = BTreeSet::new();
    for api in rest_api::ours(reader, scope).await? {
        for authorizer in reader.authorizers(&api).await?.iter() {
            let arns = authorizer.provider_arns().iter();
            pools.extend(arns.filter_map(|arn| Some(arn.split_once(&here)?.1.to_owned())));
        }
    }
    Ok(pools)
}

/// The pool was most likely created or changed recently.
fn newest_first(mut pools: Vec<&ListedPool>) -> Vec<&ListedPool> {
    pools.sort_by_key(|pool| Reverse(pool.changed));
    pools
}

/// Why the stack's pool may exist, or have existed, although it was not found.
fn doubt(
    address: &Address,
    trusted: &BTreeSet<String>,
    found: &Found,
    unread: usize,
) -> Option<Obstacle> {
    let gone: Vec<&str> = trusted
        .iter()
        .filter(|id| !found.has(id))
        .map(String::as_str)
        .collect();
    let (what, help) = if !gone.is_empty() {
        (
            format!(
                "the API's authorizer accepts tokens of the user pool {}, which AWS does not find; a new pool gives every client \
                 new credentials",
                gone.join(", ")
            ),
            format!("if the pool was deleted, confirm a new one with --allow-delete '{address}'"),
        )
    } else if unread > 0 {
        (
            format!(
                "the Region has {} user pools, and only the tags of the {MOST} that changed last were read: one of the others may \
                 be this stack's",
                found.read.len() + unread
            ),
            format!(
                "if the stack has no pool yet, confirm a new one with --allow-delete '{address}'"
            ),
        )
    } else {
        return None;
    };
    Some(Obstacle {
        address: address.clone(),
        what,
        help,
    })
}

/// These pools; a deleted one is `None`.
async fn described(
    reader: &Reader,
    ids: Vec<String>,
) -> Result<Vec<Option<Arc<UserPoolType>>>, AwsError> {
    let pools = stream::iter(ids).map(|id| async move { reader.pool(&id).await });
    pools.buffered(AT_A_TIME).try_collect().await
}

/// The pools that were read.
#[derive(Default)]
struct Found {
    /// The ids of all requested ones.
    read: BTreeSet<String>,
    /// Those that are there.
    candidates: Vec<Candidate<Props>>,
    /// How many users each of them has, as AWS estimates it.
    users: BTreeMap<String, i32>,
}

impl Found {
    /// Reads these pools, each at most once.
    async fn look(
        &mut self,
        reader: &Reader,
        ids: impl IntoIterator<Item = String>,
    ) -> Result<(), AwsError> {
        let ids: Vec<String> = ids
            .into_iter()
            .filter(|id| self.read.insert(id.clone()))
            .collect();
        for pool in described(reader, ids).await?.iter().flatten() {
            let id = pool.id.clone().unwrap_or_default();
            self.users.insert(id, pool.estimated_number_of_users);
            self.candidates.push(candidate(pool));
        }
        Ok(())
    }

    fn any_of_ours(&self, scope: &Scope<'_>) -> bool {
        let context = &scope.desired.context;
        let mut candidates = self.candidates.iter();
        candidates.any(|pool| context.owns(&pool.tags))
    }

    fn has(&self, id: &str) -> bool {
        self.candidates.iter().any(|pool| is(pool, id))
    }

    /// The name of the only one of these pools without a stack's tags.
    fn untagged(&self, scope: &Scope<'_>, ids: &BTreeSet<String>) -> Option<String> {
        let context = &scope.desired.context;
        let mut untagged = self.candidates.iter().filter(|pool| {
            ids.iter().any(|id| is(pool, id)) && context.owner_by_tags(&pool.tags) == Owner::Nobody
        });
        let pool = untagged.next()?;
        untagged.next().is_none().then(|| pool.name.clone())
    }
}

fn is(pool: &Candidate<Props>, id: &str) -> bool {
    pool.outputs
        .get(&OutputName::Id)
        .is_some_and(|known| known == id)
}
