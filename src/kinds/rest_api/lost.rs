//! The stack's API after it lost its tags and its name: what is the stack's by its own tags may still lead to it. It is looked for
//! only where another API would be made beside such a thing.

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::RestApi as LiveApi;

use super::{Props, RestApi, candidate};
use crate::aws::{AwsError, Reader};
use crate::kinds::api_marks::{LOG_GROUP_MARK, is_mark};
use crate::kinds::authorizer::elsewhere::accepting;
use crate::kinds::ownership::{Candidate, take_over};
use crate::kinds::user_pool::UserPool;
use crate::kinds::{Findings, Found, Kind as _, Obstacle, Owner, Resource, Scope, tags};
use crate::model::{Address, OutputName};

/// Of how many APIs the authorizers are read, the likeliest first: API Gateway tells them API by API, ten a second.
const MOST: usize = 200;

/// How many APIs are read before it is seen whether one of them is the stack's.
const PAGE: usize = 20;

/// What leads to an API without a stack's tags.
enum Evidence {
    /// A usage plan of the stack's is on one of its stages, or one of its marks names a log group of the file's.
    Ours(&'static str),
    /// Its authorizer accepts tokens of the stack's user pool. That of somebody else's API may, too.
    Authorizer,
}

/// Looks for the API that is wanted at this address and was found neither by its tags nor by its name.
pub(super) async fn look(
    reader: &Reader,
    scope: &Scope<'_>,
    address: &Address,
    findings: &mut Findings<Props>,
) -> Result<(), AwsError> {
    let apis = reader.rest_apis().await?;
    let nobodys: Vec<&LiveApi> = apis
        .iter()
        .filter(|api| {
            let tags = tags::live(api.tags.as_ref());
            scope.desired.context.owner_by_tags(&tags) == Owner::Nobody
        })
        .collect();
    if nobodys.is_empty() || scope.desired.leaving.contains(address) {
        return Ok(());
    }
    let mut told = by_things_of_ours(reader, scope, &nobodys).await?;
    if told.is_empty() {
        let (accepting, unread) = by_authorizers(reader, scope, nobodys).await?;
        findings
            .in_doubt
            .extend((accepting.is_empty() && unread > 0).then(|| unread_ones(address, unread)));
        told = accepting;
    }
    let candidates: Vec<(Candidate<Props>, Evidence)> = told
        .into_iter()
        .map(|(api, why)| (candidate(reader, api), why))
        .collect();
    match <[_; 1]>::try_from(candidates) {
        Ok([(one, _)]) if scope.desired.adopt.name(address) => {
            let found = Found::new(address.clone(), one.props, one.outputs);
            findings.owned.push(Found {
                unmanaged: one.unmanaged,
                ..found
            });
        }
        Ok([(one, why)]) => findings.obstacles.push(lost(address, &one, &why)),
        Err(several) if several.is_empty() => {}
        Err(several) => findings.obstacles.push(one_of(address, &several)),
    }
    Ok(())
}

/// The APIs to which things with the stack's tags lead, as lists tell that are read anyway.
async fn by_things_of_ours<'a>(
    reader: &Reader,
    scope: &Scope<'_>,
    apis: &[&'a LiveApi],
) -> Result<Vec<(&'a LiveApi, Evidence)>, AwsError> {
    let plans = reader.usage_plans().await?;
    let ours = plans.iter().filter(|plan| {
        let tags = tags::live(plan.tags.as_ref());
        scope.desired.context.owns(&tags)
    });
    let on: BTreeSet<&str> = ours
        .flat_map(|plan| plan.api_stages())
        .filter_map(|stage| stage.api_id.as_deref())
        .collect();
    let resources = scope.desired.resources.values();
    let groups: BTreeSet<String> = resources
        .filter_map(|wanted| match &wanted.resource {
            Resource::LogGroup(group) => Some(group.name().to_owned()),
            _ => None,
        })
        .collect();
    let evidence = |api: &LiveApi| {
        let marks = tags::live(api.tags.as_ref()).into_iter();
        let mut marks = marks.filter(|(key, _)| key.starts_with(LOG_GROUP_MARK));
        if api.id.as_deref().is_some_and(|id| on.contains(id)) {
            Some(Evidence::Ours("a usage plan of this stack is on its stage"))
        } else if marks.any(|(_, name)| groups.contains(&name)) {
            Some(Evidence::Ours("a tag of it names this stack's log group"))
        } else {
            None
        }
    };
    let told = apis.iter().filter_map(|api| Some((*api, evidence(api)?)));
    Ok(told.collect())
}

/// The APIs whose authorizers take tokens of a pool with the stack's tags, and how many were left unread.
async fn by_authorizers<'a>(
    reader: &Reader,
    scope: &Scope<'_>,
    mut apis: Vec<&'a LiveApi>,
) -> Result<(Vec<(&'a LiveApi, Evidence)>, usize), AwsError> {
    // Every answer of this look is at hand already.
    let pools = Box::pin(UserPool::observe(reader, scope)).await?;
    let pools = pools.owned.into_iter();
    let pools: BTreeSet<String> = pools
        .filter_map(|pool| pool.outputs.get(&OutputName::Arn).cloned())
        .collect();
    if pools.is_empty() {
        return Ok((Vec::new(), 0));
    }
    // Marks are left where only the two tags went that say whose it is; what was made last is looked for most often.
    let marked = |api: &LiveApi| tags::live(api.tags.as_ref()).keys().any(|key| is_mark(key));
    apis.sort_by_key(|api| (!marked(api), std::cmp::Reverse(api.created_date)));
    let unread = apis.len().saturating_sub(MOST);
    apis.truncate(MOST);
    for page in apis.chunks(PAGE) {
        let ids: Vec<String> = page.iter().filter_map(|api| api.id.clone()).collect();
        let found = Box::pin(accepting(reader, ids, &pools)).await?;
        let takes_ours = |api: &&&LiveApi| {
            let mut accepting = found.accepting.iter();
            accepting.any(|one| api.id.as_deref() == Some(&one.api))
        };
        let told: Vec<_> = page.iter().filter(takes_ours).collect();
        if !told.is_empty() {
            let told = told.into_iter().map(|api| (*api, Evidence::Authorizer));
            return Ok((told.collect(), unread));
        }
    }
    Ok((Vec::new(), unread))
}

fn lost(address: &Address, api: &Candidate<Props>, why: &Evidence) -> Obstacle {
    let adopt = format!("take it over with {}", take_over(address));
    let (because, help) = match why {
        Evidence::Ours(because) => (*because, adopt),
        Evidence::Authorizer => (
            "its authorizer accepts tokens of this stack's user pool",
            format!(
                "{adopt}; if it is not this stack's, confirm a new one with --allow-delete '{address}'"
            ),
        ),
    };
    Obstacle {
        address: address.clone(),
        what: format!(
            "the {} {} exists without a stack's tags, and {because}",
            RestApi::INFO.title,
            named(api)
        ),
        help,
    }
}

fn one_of(address: &Address, apis: &[(Candidate<Props>, Evidence)]) -> Obstacle {
    let names: Vec<String> = apis.iter().map(|(api, _)| named(api)).collect();
    Obstacle {
        address: address.clone(),
        what: format!(
            "several REST APIs without a stack's tags belong to parts of this stack, and one may be its API: {}",
            names.join(", ")
        ),
        help: format!(
            "tag this stack's API again (gatestack:stack, gatestack:key); if none is, confirm a new one with --allow-delete \
             '{address}'"
        ),
    }
}

fn unread_ones(address: &Address, unread: usize) -> Obstacle {
    Obstacle {
        address: address.clone(),
        what: format!(
            "the stack has a user pool and no API was found; of {unread} REST APIs without a stack's tags the authorizers were \
             not read, only those of {MOST}: one of the others may be this stack's"
        ),
        help: format!("if the stack has no API, confirm a new one with --allow-delete '{address}'"),
    }
}

fn named(api: &Candidate<Props>) -> String {
    let id = api.outputs.get(&OutputName::Id);
    format!("{:?} ({})", api.name, id.map_or("", String::as_str))
}
