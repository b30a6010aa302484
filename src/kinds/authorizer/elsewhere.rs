//! Authorizers of APIs that are not the stack's. API Gateway tells authorizers API by API, one call each, so they are read only when
//! something hangs on the answer.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Authorizer;
use crate::aws::{AwsError, Reader};
use crate::kinds::api_marks::unless_denied;
use crate::kinds::observation::{Dependent, Other};
use crate::kinds::user_pool::OTHER_AUTHORIZERS;
use crate::kinds::uses::Leaving;
use crate::kinds::{Kind as _, KindInfo, Resource, literal, rest_api};
use crate::model::{Address, OutputName, digest};

/// How many APIs are read at a time.
const AT_A_TIME: usize = 4;

/// An authorizer that takes tokens of a pool.
pub(in crate::kinds) struct Accepting {
    pub(in crate::kinds) api: String,
    id: String,
    name: String,
}

/// What the authorizers of some APIs take.
#[derive(Default)]
pub(in crate::kinds) struct Found {
    pub(in crate::kinds) accepting: Vec<Accepting>,
    /// The APIs whose authorizers these credentials may not read.
    pub(in crate::kinds) unread: Vec<String>,
}

/// The authorizers of these APIs that take tokens of one of these pools, which their ARNs name.
///
/// # Errors
/// AWS's refusal of a read.
pub(in crate::kinds) async fn accepting(
    reader: &Reader,
    apis: Vec<String>,
    pools: &BTreeSet<String>,
) -> Result<Found, AwsError> {
    let looks: Vec<Found> = stream::iter(apis)
        .map(|api| async move { look(reader, api, pools).await })
        .buffered(AT_A_TIME)
        .try_collect()
        .await?;
    let mut found = Found::default();
    for look in looks {
        found.accepting.extend(look.accepting);
        found.unread.extend(look.unread);
    }
    Ok(found)
}

async fn look(reader: &Reader, api: String, pools: &BTreeSet<String>) -> Result<Found, AwsError> {
    let mut found = Found::default();
    let authorizers = match reader.authorizers(&api).await {
        // It went meanwhile.
        Err(error) if error.is_not_found() => return Ok(found),
        authorizers => unless_denied(authorizers)?,
    };
    let Some(authorizers) = authorizers else {
        found.unread.push(api);
        return Ok(found);
    };
    for live in authorizers.iter() {
        if live.provider_arns().iter().any(|arn| pools.contains(arn)) {
            let id = live.id.clone().unwrap_or_default();
            found.accepting.push(Accepting {
                api: api.clone(),
                name: live.name.clone().unwrap_or_else(|| id.clone()),
                id,
            });
        }
    }
    Ok(found)
}

/// What the end of a pool takes from other APIs: AWS deletes a pool whose tokens their authorizers take, and every call that they
/// check is refused from then on.
pub(in crate::kinds) async fn of_a_pool(
    reader: &Reader,
    leaving: &Leaving<'_>,
    pool: &Address,
    arn: &str,
) -> Result<Option<Dependent>, AwsError> {
    let of_ours: BTreeMap<&str, &Address> = leaving
        .all_of("rest_api")
        .filter_map(|(address, live)| Some((live.outputs.get(&OutputName::Id)?.as_str(), address)))
        .collect();
    // What is in an API that goes is asked for there.
    let stays = |api: &String| of_ours.get(api.as_str()).is_none_or(|at| !leaving.has(at));
    let apis = reader.rest_apis().await?;
    let apis = apis.iter().filter_map(|api| api.id.clone());
    let apis: Vec<String> = apis.filter(stays).collect();
    let pools = BTreeSet::from([arn.to_owned()]);
    let found = accepting(reader, apis, &pools).await?;
    let ours: BTreeSet<(String, &str)> = leaving
        .all_of(Authorizer::INFO.name)
        .filter_map(|(_, live)| match &live.resource {
            Resource::Authorizer(props) => Some((
                literal(&props.api),
                live.outputs.get(&OutputName::Id)?.as_str(),
            )),
            _ => None,
        })
        .collect();
    let mut others = Vec::new();
    for one in &found.accepting {
        if !ours.contains(&(one.api.clone(), one.id.as_str())) {
            let name = format!(
                "{} of {}",
                one.name,
                rest_api::called(reader, &one.api).await?
            );
            others.push(Other::new(name, format!("{} {}", one.api, one.id)));
        }
    }
    Ok(with_unread(pool, &others, &found.unread))
}

/// The loss of these authorizers, and of what may be in APIs that could not be read.
fn with_unread(pool: &Address, others: &[Other], unread: &[String]) -> Option<Dependent> {
    let KindInfo { name, title, .. } = Authorizer::INFO;
    let becomes = "they refuse every token";
    let known = Dependent::of(pool, OTHER_AUTHORIZERS, (name, title), others, becomes);
    if unread.is_empty() {
        return known;
    }
    let plural = if unread.len() == 1 { "" } else { "s" };
    let may = format!(
        "authorizers of {} other API{plural} may accept its tokens: these credentials may not read them (apigateway:GET \
         on {})",
        unread.len(),
        unread
            .iter()
            .map(|api| format!("/restapis/{api}/authorizers"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    let known_members = known.as_ref().map_or("", |known| known.members.as_str());
    Some(Dependent {
        address: pool.others(OTHER_AUTHORIZERS),
        with: pool.clone(),
        of_field: None,
        kind: name.to_owned(),
        count: others.len() + unread.len(),
        ids: BTreeSet::new(),
        members: digest(format!("{known_members}\n{}", unread.join("\n")).as_bytes()),
        what: known.map_or_else(|| may.clone(), |known| format!("{}; {may}", known.what)),
    })
}
