//! Finds app clients: they have no tags, so ours have a mark on the pool or on a partner's API key; one that was created just
//! before the last run died is found by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_cognitoidentityprovider::types::UserPoolType;
use aws_smithy_types::DateTime;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::live::props;
use super::{AppClient, Mark, Props, is_place};
use crate::aws::{AwsError, Client, ListedClient, Reader};
use crate::kinds::marks::{self, CLIENT_TAG, CREATING, MarkedPool};
use crate::kinds::observation::Other;
use crate::kinds::ownership::{Candidate, after_moves, sort_out, take_over};
use crate::kinds::user_pool::OTHER_CLIENTS;
use crate::kinds::{
    Dependent, Findings, Found, Kind as _, Obstacle, OnChange, Outputs, Owner, Resource, Scope,
    tags, unmanaged,
};
use crate::model::{Address, OutputName, Place, Table, Text};

/// How many clients are read concurrently.
const AT_A_TIME: usize = 10;
/// The largest difference between AWS's clocks: a client is created after its partner's key.
const SLACK_SECONDS: i64 = 60;
/// How long after its partner's key a client may be created, if it is found only by its name.
const SAME_RUN_SECONDS: i64 = 3_600;

/// A claim that a client is, or may be, ours.
#[derive(Clone, Debug)]
struct Claim {
    /// The client's address; `[[moved]]` is not applied yet.
    address: Address,
    mark: Mark,
    /// The client's id; `None` between the creation of client and mark.
    id: Option<String>,
    /// The name to look for if there is no id.
    name: Option<String>,
    /// A client older than this doesn't match.
    since: Option<DateTime>,
}

/// How closely a client without a mark must match the wanted one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Likeness {
    /// In every setting.
    Same,
    /// In what can't be changed: the file may have been edited since, or the client is not this stack's.
    Possible,
    /// It is no longer wanted, so there is nothing to match; it was created within an hour of its key.
    Contemporary,
}

impl Claim {
    fn fits(&self, scope: &Scope<'_>, client: &Client, likeness: Likeness) -> bool {
        if client.settings.client_name != self.name || !not_older(client, self.since.as_ref()) {
            return false;
        }
        let wanted = scope.desired.resources.get(&self.wanted_at(scope));
        let Some(Resource::AppClient(want)) = wanted.map(|wanted| &wanted.resource) else {
            return likeness == Likeness::Contemporary
                && !is_after(client, self.since.as_ref(), SAME_RUN_SECONDS);
        };
        let live = props("", Mark::missing(), client);
        match likeness {
            Likeness::Contemporary => false,
            Likeness::Possible => live.secret == want.secret,
            Likeness::Same => AppClient::FIELDS
                .iter()
                .filter(|field| {
                    field.info.name != "mark" && field.info.on_change != OnChange::Place
                })
                .all(|field| (field.get)(&live, scope.book) == (field.get)(want, scope.book)),
        }
    }

    /// Adds another key of the same client.
    fn join(&mut self, other: Self) {
        if let (Mark::OnKeys(keys), Mark::OnKeys(more)) = (&mut self.mark, other.mark) {
            keys.extend(more);
        }
        // The client was created after the first of them.
        let earlier = |since: &DateTime| self.since.is_none_or(|known| *since < known);
        if let Some(since) = other.since.filter(earlier) {
            self.since = Some(since);
        }
    }

    fn wanted_at(&self, scope: &Scope<'_>) -> Address {
        after_moves(scope.desired, &self.address)
    }

    fn is_adopted(&self, scope: &Scope<'_>) -> bool {
        scope.desired.adopt.name(&self.wanted_at(scope))
    }

    /// A client with this claim's name that differs from the file.
    fn doubtful(&self, scope: &Scope<'_>, id: &str) -> Obstacle {
        let address = self.wanted_at(scope);
        Obstacle {
            what: format!(
                "the last run was interrupted while it created this app client, and the client of that name ({id}) does \
                 not match the file: it may not be this stack's"
            ),
            help: format!("take it over with {}, or delete it", take_over(&address)),
            address,
        }
    }
}

pub(super) async fn search(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<Findings<Props>, AwsError> {
    let elsewhere = marks::elsewhere(reader, scope).await?;
    let Some(pool) = marks::home(reader, scope, is_place).await? else {
        return Ok(Findings {
            obstacles: elsewhere.into_iter().collect(),
            ..Findings::default()
        });
    };
    let stacks = marks::stacks_in(reader, scope, &pool.pool).await?;
    let wanted = wanted(scope);
    let Clients {
        claims,
        mut details,
        others,
    } = read(reader, scope, &pool, &wanted).await?;

    let mut findings = Findings {
        obstacles: elsewhere.into_iter().collect(),
        ..Findings::default()
    };
    let mut found_at = BTreeSet::new();
    let mut others: Vec<Other> = others.iter().map(other).collect();
    let (with_id, without_id): (Vec<_>, Vec<_>) =
        claims.into_iter().partition(|claim| claim.id.is_some());
    for claim in with_id {
        let id = claim.id.as_deref().unwrap_or_default();
        if let Some(client) = details.remove(id) {
            found_at.insert(claim.address.clone());
            findings
                .owned
                .push(found(&pool, claim.address, claim.mark, &client));
        } else if let Mark::OnPool(_) = claim.mark {
            add_lonely(scope, &pool, claim, &mut findings);
        }
    }
    // Another stack's client with a wanted name is not a candidate.
    details.retain(|id, client| {
        let is_another_stacks = stacks.contains_key(id);
        if is_another_stacks {
            let name = client.settings.client_name.clone();
            others.push(Other::new(name.unwrap_or_default(), id));
        }
        !is_another_stacks
    });
    let mut left = without_id;
    // If one of several keys names the client, the others need not.
    left.retain(|claim| !found_at.contains(&claim.address));
    // Clients may share a name. The one that matches the file was created for the claim, unless the file was edited meanwhile.
    for likeness in [Likeness::Same, Likeness::Possible, Likeness::Contemporary] {
        let mut unanswered = Vec::new();
        for claim in left {
            let fits: Vec<String> = details
                .iter()
                .filter(|(_, client)| claim.fits(scope, client, likeness))
                .map(|(id, _)| id.clone())
                .collect();
            match fits.as_slice() {
                [] => unanswered.push(claim),
                [id] if likeness == Likeness::Possible && !claim.is_adopted(scope) => {
                    findings.obstacles.push(claim.doubtful(scope, id));
                    details.remove(id);
                }
                [id] => {
                    if let Some(client) = details.remove(id) {
                        findings
                            .owned
                            .push(found(&pool, claim.address, Mark::missing(), &client));
                    }
                }
                several => {
                    findings
                        .obstacles
                        .push(ambiguous(&claim.wanted_at(scope), several));
                    details.retain(|id, _| !several.contains(id));
                }
            }
        }
        left = unanswered;
    }
    for claim in left {
        if let Mark::OnPool(_) = claim.mark {
            add_lonely(scope, &pool, claim, &mut findings);
        }
    }
    others.extend(with_namesakes(
        scope,
        &pool,
        &wanted,
        details,
        &mut findings,
    ));
    // Of a pool that is not the stack's, the rest is of no interest.
    if pool.api.is_none() {
        let of_stacks: Vec<&String> = others
            .iter()
            .filter_map(|one| stacks.get(one.id()))
            .collect();
        findings.neighbours = others.len() - of_stacks.len();
        findings.remarks = marks::remarks(&pool.address, AppClient::INFO.title, of_stacks);
        let named = others.into_iter().map(|other| {
            let stack = stacks.get(other.id());
            other.of_stack(stack)
        });
        let named: Vec<Other> = named.collect();
        findings.dependents.extend(not_ours(&pool.address, &named));
    }
    for duplicate in marks::duplicates(reader, scope, is_place).await? {
        let others = others_in(reader, scope, &duplicate).await?;
        findings
            .dependents
            .extend(not_ours(&duplicate.address, &others));
    }
    Ok(findings)
}

/// A pool's clients.
struct Clients {
    /// The evidence that some of them are, or may be, ours.
    claims: Vec<Claim>,
    /// Those with such a claim or a wanted name, by id.
    details: BTreeMap<String, Arc<Client>>,
    /// The others.
    others: Vec<ListedClient>,
}

/// Reads a pool's clients as `search` does.
///
/// # Errors
/// A read failed.
pub(in crate::kinds) async fn read_ahead(
    reader: &Reader,
    scope: &Scope<'_>,
    pool: &Arc<UserPoolType>,
) -> Result<(), AwsError> {
    let pool = MarkedPool::new(Place::UserPool.address(), Arc::clone(pool), is_place);
    read(reader, scope, &pool, &wanted(scope)).await?;
    Ok(())
}

async fn read(
    reader: &Reader,
    scope: &Scope<'_>,
    pool: &MarkedPool,
    wanted: &BTreeMap<Address, String>,
) -> Result<Clients, AwsError> {
    let mut claims = claims_of_pool(&pool.marks, scope, wanted);
    let of_keys = claims_of_keys(reader, scope, wanted);
    let (of_keys, clients) = tokio::try_join!(of_keys, reader.clients(&pool.id))?;
    claims.extend(of_keys);
    let marked: BTreeSet<&str> = claims
        .iter()
        .filter_map(|claim| claim.id.as_deref())
        .collect();
    let names: BTreeSet<&str> = wanted
        .values()
        .map(String::as_str)
        .chain(claims.iter().filter_map(|claim| claim.name.as_deref()))
        .collect();
    let (of_interest, others): (Vec<ListedClient>, Vec<_>) =
        clients.iter().cloned().partition(|client| {
            marked.contains(client.id.as_str()) || names.contains(client.name.as_str())
        });
    let details = stream::iter(of_interest).map(|listed| async move {
        let client = reader.client(&pool.id, &listed.id).await?;
        Ok(client.map(|client| (listed.id, client)))
    });
    let details: Vec<_> = details.buffered(AT_A_TIME).try_collect().await?;
    Ok(Clients {
        claims,
        details: details.into_iter().flatten().collect(),
        others,
    })
}

fn other(client: &ListedClient) -> Other {
    Other::new(&client.name, &client.id)
}

/// The clients that are deleted with a pool and that gatestack did not create.
fn not_ours(pool: &Address, others: &[Other]) -> Option<Dependent> {
    Dependent::of(
        pool,
        OTHER_CLIENTS,
        (AppClient::INFO.name, AppClient::INFO.title),
        others,
        "their ids and secrets stop working",
    )
}

/// The clients in a duplicate pool without a mark on it or on a key: the name alone doesn't count here.
async fn others_in(
    reader: &Reader,
    scope: &Scope<'_>,
    pool: &MarkedPool,
) -> Result<Vec<Other>, AwsError> {
    let nothing = BTreeMap::new();
    let mut claims = claims_of_pool(&pool.marks, scope, &nothing);
    claims.extend(claims_of_keys(reader, scope, &nothing).await?);
    let clients = reader.clients(&pool.id).await?;
    let others = clients.iter().filter(|client| {
        let mut claims = claims.iter();
        !claims.any(|claim| claim.id.as_deref() == Some(client.id.as_str()))
    });
    Ok(others.map(other).collect())
}

fn wanted(scope: &Scope<'_>) -> BTreeMap<Address, String> {
    let clients = scope
        .desired
        .resources
        .iter()
        .filter_map(|(address, wanted)| match &wanted.resource {
            Resource::AppClient(props) => Some((address.clone(), props.name.resolve(scope.book)?)),
            _ => None,
        });
    clients.collect()
}

fn claims_of_pool(
    marks: &BTreeMap<Address, String>,
    scope: &Scope<'_>,
    wanted: &BTreeMap<Address, String>,
) -> Vec<Claim> {
    let mut claims: BTreeMap<&str, Claim> = BTreeMap::new();
    let mut unfinished = Vec::new();
    for (address, value) in marks {
        let claim = Claim {
            address: address.clone(),
            mark: Mark::OnPool(address.to_string()),
            id: Some(value.clone()).filter(|value| value != CREATING),
            name: wanted.get(&after_moves(scope.desired, address)).cloned(),
            since: None,
        };
        if claim.id.is_none() {
            unfinished.push(claim);
        } else if !claims.contains_key(value.as_str())
            || scope.desired.resources.contains_key(address)
        {
            // After an interrupted move two marks name one client: the one at a wanted address counts.
            claims.insert(value, claim);
        }
    }
    claims.into_values().chain(unfinished).collect()
}

async fn claims_of_keys(
    reader: &Reader,
    scope: &Scope<'_>,
    wanted: &BTreeMap<Address, String>,
) -> Result<Vec<Claim>, AwsError> {
    let keys = reader.api_keys().await?;
    let mut claims: BTreeMap<(Address, Option<String>), Claim> = BTreeMap::new();
    let of_keys = keys.iter().filter_map(|key| {
        let tags = tags::live(key.tags.as_ref());
        let Owner::Us(address) = scope.desired.context.owner_by_tags(&tags) else {
            return None;
        };
        // The key of `[api_keys]` has no client.
        if !address.is_in(Table::Partners) {
            return None;
        }
        // Without the tag no client was created for it: one with its name is not ours.
        let mark = tags.get(CLIENT_TAG)?;
        let duplicate = scope.duplicate(key.id.as_deref().unwrap_or_default());
        let client = match duplicate {
            Some(key) => key.client(),
            None => address.owner().client(),
        };
        let name = wanted.get(&after_moves(scope.desired, &client)).cloned();
        Some(Claim {
            mark: Mark::on_key(Text::literal(key.id.clone().unwrap_or_default())),
            id: Some(mark).filter(|id| *id != CREATING).cloned(),
            // A partner's client and key have one name.
            name: name.or_else(|| key.name.clone()),
            since: key.created_date,
            address: client,
        })
    });
    for claim in of_keys {
        // A partner may have several keys, and any of them may be deleted: each has the mark.
        let of_client = (claim.address.clone(), claim.id.clone());
        match claims.get_mut(&of_client) {
            Some(same) => same.join(claim),
            None => drop(claims.insert(of_client, claim)),
        }
    }
    Ok(claims.into_values().collect())
}

fn not_older(client: &Client, than: Option<&DateTime>) -> bool {
    match (client.settings.creation_date, than) {
        (Some(made), Some(than)) => made.secs() + SLACK_SECONDS >= than.secs(),
        _ => true,
    }
}

fn is_after(client: &Client, than: Option<&DateTime>, seconds: i64) -> bool {
    match (client.settings.creation_date, than) {
        (Some(made), Some(than)) => made.secs() > than.secs() + seconds,
        _ => false,
    }
}

/// A client's properties in this pool.
fn props_in(pool: &MarkedPool, mark: Mark, client: &Client) -> Props {
    let on_key = matches!(mark, Mark::OnKeys(_));
    Props {
        marked_on: pool.api.as_deref().filter(|_| !on_key).map(Text::from),
        ..props(&pool.id, mark, client)
    }
}

fn found(pool: &MarkedPool, address: Address, mark: Mark, client: &Client) -> Found<Props> {
    let id = client.settings.client_id.clone().unwrap_or_default();
    let found = Found::new(
        address,
        props_in(pool, mark, client),
        Outputs::from([(OutputName::Id, id)]),
    );
    Found {
        unmanaged: unmanaged::of_client(client),
        ..found
    }
}

// A mark whose client is missing and not wanted, for the planner to remove.
fn add_lonely(scope: &Scope<'_>, pool: &MarkedPool, claim: Claim, findings: &mut Findings<Props>) {
    if scope
        .desired
        .resources
        .contains_key(&after_moves(scope.desired, &claim.address))
    {
        return;
    }
    let nothing = Client::default();
    let found = Found::new(
        claim.address,
        props_in(pool, claim.mark, &nothing),
        Outputs::new(),
    );
    findings.owned.push(Found {
        only_a_mark: true,
        broken: None,
        ..found
    });
}

fn ambiguous(address: &Address, ids: &[String]) -> Obstacle {
    Obstacle {
        address: address.clone(),
        what: format!(
            "the last run was interrupted while it created this app client, and {} clients have its name: {}",
            ids.len(),
            ids.join(", ")
        ),
        help: "delete those that are not the stack's".into(),
    }
}

// The rest has a wanted name and no mark. Returns the names of those that are ignored.
fn with_namesakes(
    scope: &Scope<'_>,
    pool: &MarkedPool,
    wanted: &BTreeMap<Address, String>,
    left: BTreeMap<String, Arc<Client>>,
    findings: &mut Findings<Props>,
) -> Vec<Other> {
    let taken: BTreeSet<Address> = findings
        .owned
        .iter()
        .map(|found| &found.address)
        .chain(findings.obstacles.iter().map(|obstacle| &obstacle.address))
        .map(|address| after_moves(scope.desired, address))
        .collect();
    let free: BTreeMap<Address, String> = wanted
        .iter()
        .filter(|(address, _)| !taken.contains(*address))
        .map(|(a, name)| (a.clone(), name.clone()))
        .collect();
    let candidates: Vec<_> = left
        .values()
        .map(|client| Candidate {
            name: client.settings.client_name.clone().unwrap_or_default(),
            tags: BTreeMap::new(),
            props: props_in(pool, Mark::missing(), client),
            outputs: Outputs::from([(
                OutputName::Id,
                client.settings.client_id.clone().unwrap_or_default(),
            )]),
            unmanaged: unmanaged::of_client(client),
        })
        .collect();
    let id = |outputs: &Outputs| outputs.get(&OutputName::Id).cloned().unwrap_or_default();
    let others = candidates.iter();
    let mut others: Vec<Other> = others
        .map(|one| Other::new(&one.name, id(&one.outputs)))
        .collect();
    let sorted = sort_out(scope, &AppClient::INFO, &free, candidates);
    let adopted: BTreeSet<String> = sorted
        .owned
        .iter()
        .map(|found| id(&found.outputs))
        .collect();
    others.retain(|other| !adopted.contains(other.id()));
    findings.owned.extend(sorted.owned);
    findings.obstacles.extend(sorted.obstacles);
    others
}

#[cfg(test)]
mod tests {
    use aws_sdk_cognitoidentityprovider::types::UserPoolClientType;

    use super::*;

    #[test]
    fn a_client_older_than_its_key_is_another_one() {
        let made_at = |seconds| Client {
            settings: UserPoolClientType::builder()
                .creation_date(DateTime::from_secs(seconds))
                .build(),
            has_secret: true,
        };
        let key = DateTime::from_secs(1_000);
        let fits = [939, 940, 1_000, 5_000].map(|seconds| not_older(&made_at(seconds), Some(&key)));
        assert_eq!(fits, [false, true, true, true]);
        let late =
            [1_000, 4_600, 4_601].map(|seconds| is_after(&made_at(seconds), Some(&key), 3_600));
        assert_eq!(late, [false, false, true]);
    }
}
