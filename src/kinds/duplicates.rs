//! Several resources with one address: two runs created one each, or tags were copied.
//!
//! The one in use follows from references, starting at the API: it has the stage, its authorizer uses the pool, which has the
//! domain, its routes use the VPC link, a usage plan its stage, and the plan has the keys. Of several APIs with a stage it is the
//! one with all of these. The others are duplicates at `ADDRESS/duplicate/ID`: owned, not wanted. If nothing decides, consent to
//! the addresses of the deleted ones does.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_cognitoidentityprovider::types::UserPoolType;
use serde::{Deserialize, Serialize};

use super::app_client::{self, Mark};
use super::observation::{self, Thing};
use super::{Desired, Live, Observation, Obstacle, Owner, Resource, content, marks, tags};
use crate::aws::{AwsError, Reader};
use crate::model::{Address, Book, OutputName, Place};

/// What is lost with a duplicate, if its kind names no loss.
pub(crate) const LOSS: &str =
    "it carries the address of another resource; whatever still uses it stops working";

/// Several resources with one address.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Duplicates {
    /// The address.
    pub address: Address,
    /// The one in use, as in `REST API a1b2c3`; `None` if that can't be decided.
    pub in_use: Option<String>,
    /// Why, as in `it has a deployed stage`.
    pub why: String,
    /// The duplicates by their own addresses; if none is known to be in use, all of them, each with what it has and lacks.
    pub left_over: BTreeMap<Address, String>,
}

impl Duplicates {
    /// What is there, in a sentence.
    pub fn what(&self) -> String {
        let others: Vec<&str> = self.left_over.values().map(String::as_str).collect();
        let others = first(&others, ", the ");
        match &self.in_use {
            Some(one) => {
                let carry = if self.left_over.len() == 1 {
                    "carries"
                } else {
                    "carry"
                };
                format!(
                    "the {one} is in use ({}), and the {others} {carry} the same address",
                    self.why
                )
            }
            None => format!(
                "several things carry this address, and which one is in use can't be told ({}): the {others}",
                self.why
            ),
        }
    }

    /// What to do if it can't be decided which one is in use.
    pub fn help(&self) -> Option<String> {
        let flags = self.left_over.keys();
        let flags: Vec<String> = flags.map(|one| format!("--allow-delete '{one}'")).collect();
        let (name, between) = match flags.len() {
            2 => ("the one that goes", " or "),
            _ => ("all but the one that stays", ", "),
        };
        self.in_use.is_none().then(|| {
            format!(
                "name {name} in `apply`: {}; `destroy` deletes all of them",
                first(&flags, between)
            )
        })
    }

    /// The addresses of the duplicates, or of all if none is known to be in use.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        let undecided = self.in_use.is_none().then_some(&self.address);
        self.left_over.keys().chain(undecided)
    }

    /// Why a duplicate is deleted.
    pub(crate) fn reason(&self) -> String {
        match &self.in_use {
            Some(one) => format!("the {one} is in use at {}: {}", self.address, self.why),
            None => format!("several carry the address {}", self.address),
        }
    }
}

/// The first of these names, and how many more there are.
fn first(names: &[impl AsRef<str>], between: &str) -> String {
    const NAMED: usize = 20;
    let named: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(NAMED) {
        0 => named.join(between),
        more => format!("{} and {more} more", named.join(between)),
    }
}

/// Checks whether another run created the same resources: `made` has the outputs of everything after this run. Only kinds are
/// read of which AWS creates a second one silently. A client has its address from a mark, which the later of two runs overwrote.
///
/// # Errors
/// A read failed.
pub async fn made_twice(
    reader: &Reader,
    desired: &Desired,
    made: &Book,
) -> Result<Vec<Duplicates>, AwsError> {
    let observation = observation::look(reader, desired, false, |kind| kind.doubles).await?;
    let mut duplicates = observation.duplicates.clone();
    for (address, wanted) in &desired.resources {
        let Resource::AppClient(client) = &wanted.resource else {
            continue;
        };
        let Some(ours) = made.get(address, OutputName::Id) else {
            continue;
        };
        let (holder, marked) = marked(&observation, address, client);
        let told = duplicates.iter().any(|one| one.address == holder);
        if let Some(theirs) = marked.filter(|theirs| theirs != ours && !told) {
            let left_over = (address.duplicate(ours), format!("app client {ours}"));
            duplicates.push(Duplicates {
                address: address.clone(),
                in_use: Some(format!("app client {theirs}")),
                why: format!("the tags of {holder} name it"),
                left_over: BTreeMap::from([left_over]),
            });
        }
    }
    Ok(duplicates)
}

/// The carriers of clients' marks, and the client in each.
fn marked(
    observation: &Observation,
    address: &Address,
    client: &app_client::Props,
) -> (Address, Option<String>) {
    let (holder, tag) = match client.mark {
        Mark::OnPool(_) if client.marked_on.is_some() => (Place::Api.address(), None),
        Mark::OnPool(_) => (Place::UserPool.address(), None),
        Mark::OnKeys(_) => (address.key(), Some(marks::CLIENT_TAG)),
    };
    let live = observation.live.get(&holder).map(|live| &live.resource);
    let marked = match (live, tag) {
        (Some(Resource::UserPool(pool)), _) => marks::read(&pool.tags).remove(address),
        (Some(Resource::RestApi(api)), _) => marks::read(&api.tags).remove(address),
        (Some(Resource::ApiKey(key)), Some(tag)) => key.tags.get(tag).cloned(),
        _ => None,
    };
    (holder, marked)
}

/// The resources of one kind at one address.
pub(super) struct Group {
    pub(super) address: Address,
    pub(super) all: Vec<Thing>,
}

/// The order of the groups: what is in use follows from earlier ones.
pub(super) fn rank(group: &Group) -> usize {
    match group.all.first().map(|thing| &thing.live.resource) {
        Some(Resource::RestApi(_)) => 0,
        Some(Resource::UsagePlan(_)) => 1,
        _ => 2,
    }
}

/// Assigns the address to the one in use, and addresses beside it to the others.
///
/// # Errors
/// A read failed.
pub(super) async fn sort_out(
    reader: &Reader,
    desired: &Desired,
    group: Group,
    observation: &mut Observation,
) -> Result<(), AwsError> {
    let Group { address, mut all } = group;
    all.sort_by_key(|thing| id(&thing.live).to_owned());
    let look = Look {
        reader,
        desired,
        observation,
        address: &address,
    };
    let mut signs = Vec::new();
    for thing in &all {
        signs.push(look.signs(&thing.live).await?);
    }
    let beside = |(place, thing): (usize, &Thing)| match id(&thing.live) {
        "" => address.duplicate(&place.to_string()),
        id => address.duplicate(id),
    };
    let beside: Vec<Address> = all.iter().enumerate().map(beside).collect();
    let names: Vec<String> = all
        .iter()
        .map(|thing| observation::name(&thing.live))
        .collect();
    let named = |place: &usize| desired.leaving.contains(&beside[*place]);
    let stay: Vec<usize> = (0..all.len()).filter(|place| !named(place)).collect();
    // A choice by id decides only what nothing else does.
    let (chosen, why) = match (look.in_use(&all[0].live.resource, &signs), &stay[..]) {
        ((Some(one), why), _) => (Some(one), why),
        ((None, _), [one]) => (Some(*one), "no --allow-delete names it".to_owned()),
        ((None, why), _) => (None, why),
    };
    let left_over = (0..all.len()).filter(|place| chosen != Some(*place));
    let left_over = left_over.map(|place| {
        let told = match chosen {
            Some(_) => names[place].clone(),
            None => format!("{}{}", names[place], signs[place].told()),
        };
        (beside[place].clone(), told)
    });
    let duplicates = Duplicates {
        address: address.clone(),
        in_use: chosen.map(|one| names[one].clone()),
        why,
        left_over: left_over.collect(),
    };
    observation
        .obstacles
        .extend(duplicates.help().map(|help| Obstacle {
            address: address.clone(),
            what: duplicates.what(),
            help,
        }));
    for (place, mut thing) in all.into_iter().enumerate() {
        if place == chosen.unwrap_or_default() {
            observation.put(&address, thing);
            continue;
        }
        thing.live.was = None;
        observation.put(&beside[place], thing);
    }
    observation.duplicates.push(duplicates);
    Ok(())
}

fn id(live: &Live) -> &str {
    output(live, OutputName::Id)
}

fn output(live: &Live, name: OutputName) -> &str {
    live.outputs.get(&name).map_or("", String::as_str)
}

/// The evidence that one of several is in use.
#[derive(Default)]
struct Signs {
    /// Callers, or what they call, use it.
    used: bool,
    /// It has the domain, if its kind has one.
    found: bool,
    /// Everything that belongs to it exists.
    whole: bool,
    /// In words, if it has more than one.
    has: Vec<&'static str>,
    lacks: Vec<&'static str>,
}

impl Signs {
    fn say(&mut self, is: bool, what: &'static str) {
        let list = if is { &mut self.has } else { &mut self.lacks };
        list.push(what);
    }

    fn told(&self) -> String {
        let part = |word: &str, what: &[&str]| {
            (!what.is_empty()).then(|| format!("{word} {}", what.join(" and ")))
        };
        let parts = [part("has", &self.has), part("lacks", &self.lacks)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.is_empty() {
            true => String::new(),
            false => format!(" ({})", parts.join(", ")),
        }
    }
}

/// The evidence that one is in use, as a verb phrase.
fn sign(resource: &Resource) -> &'static str {
    match resource {
        Resource::RestApi(_) => "has a deployed stage",
        Resource::UserPool(_) => "is the one that the API's authorizer names",
        Resource::UsagePlan(_) => "is on the API's stage",
        Resource::VpcLink(_) => "is the one that the API's routes go through",
        Resource::ApiKey(_) => "is on a usage plan of the API",
        _ => "belongs to what is in use",
    }
}

/// The context of a decision between several.
struct Look<'a> {
    reader: &'a Reader,
    desired: &'a Desired,
    observation: &'a Observation,
    address: &'a Address,
}

impl Look<'_> {
    /// Which of several is in use, and why; or why that can't be decided.
    fn in_use(&self, kind: &Resource, signs: &[Signs]) -> (Option<usize>, String) {
        let those = |is: fn(&Signs) -> bool| -> Vec<usize> {
            let places = signs.iter().enumerate();
            places
                .filter(|(_, one)| is(one))
                .map(|(place, _)| place)
                .collect()
        };
        let (used, found) = (those(|one| one.used), those(|one| one.found));
        let whole = those(|one| one.used && one.whole);
        let sign = sign(kind);
        match (kind, &used[..], &found[..]) {
            (Resource::UserPool(_), [one], [other]) if one != other => (
                None,
                "the API's authorizer names one, and another has the domain".into(),
            ),
            (Resource::UserPool(_), [one], [_]) => {
                (Some(*one), format!("it {sign}, and it has the domain"))
            }
            // Callers get their tokens there.
            (Resource::UserPool(_), [], [one]) => (Some(*one), "it has the domain".into()),
            (_, [one], _) => (Some(*one), format!("it {sign}")),
            (Resource::UsagePlan(_) | Resource::VpcLink(_), [], _) if self.api_is_open() => {
                (None, "which REST API is in use can't be told".into())
            }
            (_, [], _) => (None, format!("none of them {sign}")),
            _ => match whole[..] {
                [one] => (
                    Some(one),
                    format!("it {sign}, and nothing that belongs to it is lacking"),
                ),
                _ => (None, format!("more than one {sign}")),
            },
        }
    }

    /// Whether there are several APIs and none of them is known to be in use.
    fn api_is_open(&self) -> bool {
        let mut duplicates = self.observation.duplicates.iter();
        duplicates.any(|one| one.in_use.is_none() && one.address == Place::Api.address())
    }

    /// The API in use, where that is known.
    fn api(&self) -> Option<&str> {
        let live = self.observation.live.get(&Place::Api.address());
        live.filter(|_| !self.api_is_open()).map(id)
    }

    fn wants(&self, is: fn(&Resource) -> bool) -> bool {
        let mut wanted = self.desired.resources.values();
        wanted.any(|wanted| is(&wanted.resource))
    }

    fn is_ours(&self, tags: Option<&HashMap<String, String>>) -> bool {
        matches!(
            self.desired.context.owner_by_tags(&tags::live(tags)),
            Owner::Us(_)
        )
    }

    async fn signs(&self, live: &Live) -> Result<Signs, AwsError> {
        let reader = self.reader;
        let here = id(live);
        let used = match &live.resource {
            Resource::RestApi(_) => return self.signs_of_api(here).await,
            Resource::UserPool(_) => return self.signs_of_pool(live).await,
            Resource::UsagePlan(plan) => {
                let mut stages = plan.stages.iter();
                stages.any(|stage| Some(super::literal(&stage.api).as_str()) == self.api())
            }
            Resource::VpcLink(_) => match self.api() {
                Some(api) => content::links(reader, api).await?.contains(here),
                None => false,
            },
            Resource::ApiKey(_) => self.is_on_a_plan(here).await?,
            // What belongs to a partner's key is in use if the key is.
            Resource::PlanMembership(membership) => {
                self.is_key_here(&super::literal(&membership.key))
            }
            Resource::AppClient(client) => {
                let mut keys = client.mark.keys();
                keys.any(|key| self.is_key_here(&super::literal(key)))
            }
            _ => false,
        };
        Ok(Signs {
            used,
            ..Signs::default()
        })
    }

    /// Of an API: a deployed stage, an authorizer that accepts the callers' tokens, a usage plan.
    async fn signs_of_api(&self, api: &str) -> Result<Signs, AwsError> {
        let reader = self.reader;
        let stages = reader.stages(api).await?;
        let used = stages
            .iter()
            .any(|stage| self.is_ours(stage.tags.as_ref()) && stage.deployment_id.is_some());
        let mut signs = Signs {
            used,
            ..Signs::default()
        };
        signs.say(used, "a deployed stage");
        if self.wants(|one| matches!(one, Resource::Authorizer(_))) {
            let with_domain = self.wants(|one| matches!(one, Resource::UserPoolDomain(_)));
            let mut names = false;
            for authorizer in reader.authorizers(api).await?.iter() {
                for arn in authorizer.provider_arns() {
                    let pool = arn.rsplit('/').next().unwrap_or_default();
                    names |= self.is_pool(pool, with_domain).await?;
                }
            }
            signs.say(
                names,
                match with_domain {
                    true => "an authorizer for the user pool that has the domain",
                    false => "an authorizer for the stack's user pool",
                },
            );
        }
        if self.wants(|one| matches!(one, Resource::UsagePlan(_))) {
            let plans = reader.usage_plans().await?;
            let mut ours = plans.iter().filter(|plan| self.is_ours(plan.tags.as_ref()));
            let carries = ours.any(|plan| {
                let mut stages = plan.api_stages().iter();
                stages.any(|stage| stage.api_id() == Some(api))
            });
            signs.say(carries, "a usage plan");
        }
        signs.whole = signs.lacks.is_empty();
        Ok(signs)
    }

    /// Whether this is one of the stack's pools, with a domain if one is wanted.
    async fn is_pool(&self, id: &str, with_domain: bool) -> Result<bool, AwsError> {
        let pool = self.reader.pool(id).await?;
        Ok(pool.is_some_and(|pool| {
            self.is_ours(pool.user_pool_tags.as_ref()) && (!with_domain || has_domain(&pool))
        }))
    }

    /// Of a pool: the authorizer of the API in use, and the domain.
    async fn signs_of_pool(&self, live: &Live) -> Result<Signs, AwsError> {
        let mut signs = Signs::default();
        if let Some(api) = self.api() {
            let arn = output(live, OutputName::Arn);
            let authorizers = self.reader.authorizers(api).await?;
            let mut named = authorizers.iter().flat_map(|one| one.provider_arns());
            signs.used = named.any(|named| named == arn);
            signs.say(signs.used, "the API's authorizer");
        }
        let pool = self.reader.pool(id(live)).await?;
        signs.found = pool.is_some_and(|pool| has_domain(&pool));
        signs.say(signs.found, "the domain");
        Ok(signs)
    }

    async fn is_on_a_plan(&self, key: &str) -> Result<bool, AwsError> {
        for plan in self.reader.usage_plans().await?.iter() {
            let mut stages = plan.api_stages().iter();
            let opens = self
                .api()
                .is_none_or(|api| stages.any(|stage| stage.api_id() == Some(api)));
            let ours = self.is_ours(plan.tags.as_ref());
            let Some(plan) = plan.id().filter(|_| ours && opens) else {
                continue;
            };
            let keys = self.reader.usage_plan_keys(plan).await?;
            if keys.iter().any(|one| one.id() == Some(key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether this is the key in use beside the address.
    fn is_key_here(&self, key: &str) -> bool {
        let at = |address: &Address| {
            let live = self.observation.live.get(address);
            live.is_some_and(|live| matches!(live.resource, Resource::ApiKey(_)) && id(live) == key)
        };
        at(&self.address.key()) || at(&self.address.owner())
    }
}

fn has_domain(pool: &UserPoolType) -> bool {
    let mut domains = [&pool.domain, &pool.custom_domain].into_iter().flatten();
    domains.any(|domain| !domain.is_empty())
}
