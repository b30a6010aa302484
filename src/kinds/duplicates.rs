//! Things that carry one address, although only one can stand there: two runs made one each, or a person copied tags.
//!
//! The one in use is told by what points to it, from the API on: callers come through its stage, its authorizer names the pool,
//! its routes the VPC link, a usage plan its stage, and the plan has the keys. The others are left over and stand at
//! `ADDRESS/duplicate/ID`: owned, not wanted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::app_client::Mark;
use super::observation::{self, Thing};
use super::{Desired, Live, Observation, Obstacle, Owner, Resource, content, marks, tags};
use crate::aws::{AwsError, Reader};
use crate::model::{Address, Book, OutputName};

/// What is lost with a thing that is left over, where its kind names no loss.
pub(crate) const LOSS: &str =
    "it carries an address that another thing stands at; whatever still uses it stops working";

/// Several things that carry one address.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Duplicates {
    /// The address.
    pub address: Address,
    /// The one in use, as in `REST API a1b2c3`; `None` where that can't be told.
    pub in_use: Option<String>,
    /// Why, as in `it has a deployed stage`.
    pub why: String,
    /// The others with their addresses; all but one arbitrary one where none is known to be in use.
    pub left_over: BTreeMap<Address, String>,
}

impl Duplicates {
    /// What is there, in a sentence.
    pub fn what(&self) -> String {
        let others: Vec<&str> = self.left_over.values().map(String::as_str).collect();
        match &self.in_use {
            Some(one) => format!(
                "the {one} is in use ({}), and the {} carries the same address",
                self.why,
                others.join(", the ")
            ),
            None => format!(
                "several things carry this address, and which one is in use can't be told ({}): {}",
                self.why,
                others.join(", ")
            ),
        }
    }

    /// Why one that is left over goes.
    pub(crate) fn reason(&self) -> String {
        match &self.in_use {
            Some(one) => format!("the {one} is in use at {}: {}", self.address, self.why),
            None => format!("several carry the address {}", self.address),
        }
    }
}

/// Looks whether another run made what this one made: `made` has the outputs of everything there is after it. Only the kinds are
/// read of which AWS makes a second one without a word. A client has its address from a mark, which the later of two runs wrote over.
///
/// # Errors
/// AWS's refusal of a read.
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
        let (holder, marked) = marked(&observation, address, &client.mark);
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

/// What carries the mark of a client, and which client it names.
fn marked(observation: &Observation, address: &Address, mark: &Mark) -> (Address, Option<String>) {
    let (holder, tag) = match mark {
        Mark::OnPool(_) => (Address::new("user_pool"), None),
        Mark::OnKey(_) => (address.owner().part("key"), Some(marks::CLIENT_TAG)),
    };
    let live = observation.live.get(&holder).map(|live| &live.resource);
    let marked = match (live, tag) {
        (Some(Resource::UserPool(pool)), _) => marks::read(&pool.tags).remove(address),
        (Some(Resource::ApiKey(key)), Some(tag)) => key.tags.get(tag).cloned(),
        _ => None,
    };
    (holder, marked)
}

/// The things of one kind at one address.
pub(super) struct Group {
    pub(super) address: Address,
    pub(super) all: Vec<Thing>,
}

/// Which groups are looked at first: what is in use follows from those before.
pub(super) fn rank(group: &Group) -> usize {
    match group.all.first().map(|thing| &thing.live.resource) {
        Some(Resource::RestApi(_)) => 0,
        Some(Resource::UsagePlan(_)) => 1,
        _ => 2,
    }
}

/// Puts the one in use at the address and the others beside it.
///
/// # Errors
/// AWS's refusal of a read.
pub(super) async fn sort_out(
    reader: &Reader,
    desired: &Desired,
    group: Group,
    observation: &mut Observation,
) -> Result<(), AwsError> {
    let Group { address, mut all } = group;
    all.sort_by_key(|thing| id(&thing.live).to_owned());
    let mut in_use = Vec::new();
    for (place, thing) in all.iter().enumerate() {
        if is_in_use(reader, desired, &address, &thing.live, observation).await? {
            in_use.push(place);
        }
    }
    let sign = sign(&all[0].live.resource);
    let (chosen, known, why) = match in_use[..] {
        [one] => (one, true, format!("it {sign}")),
        [] => (0, false, format!("none of them {sign}")),
        [one, ..] => (one, false, format!("more than one {sign}")),
    };
    let names = all.iter().map(|thing| observation::name(&thing.live));
    let names: Vec<String> = names.collect();
    if !known {
        let what = format!(
            "several things carry this address, and which one is in use can't be told ({why}): the {}",
            names.join(", the ")
        );
        observation.obstacles.push(Obstacle {
            address: address.clone(),
            what,
            help: "delete those that callers don't use, or remove their tags gatestack:stack and gatestack:key; `destroy` \
                   deletes all of them"
                .into(),
        });
    }
    let mut duplicates = Duplicates {
        address: address.clone(),
        in_use: known.then(|| names[chosen].clone()),
        why,
        left_over: BTreeMap::new(),
    };
    for (place, mut thing) in all.into_iter().enumerate() {
        if place == chosen {
            observation.put(&address, thing);
            if !known {
                duplicates
                    .left_over
                    .insert(address.clone(), names[place].clone());
            }
            continue;
        }
        let beside = match id(&thing.live) {
            "" => address.duplicate(&place.to_string()),
            id => address.duplicate(id),
        };
        duplicates
            .left_over
            .insert(beside.clone(), names[place].clone());
        thing.live.was = None;
        observation.put(&beside, thing);
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

/// What tells that one is in use, in the words of a verb.
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

async fn is_in_use(
    reader: &Reader,
    desired: &Desired,
    address: &Address,
    live: &Live,
    observation: &Observation,
) -> Result<bool, AwsError> {
    let of_kind = |kind: &str| {
        let mut all = observation.live.iter();
        all.find(|(address, live)| {
            address.duplicate_of().is_none() && live.resource.info().name == kind
        })
        .map(|(_, live)| id(live))
    };
    let api = of_kind("rest_api");
    let here = id(live);
    Ok(match &live.resource {
        Resource::RestApi(_) => reader.stages(here).await?.iter().any(|stage| {
            let tags = tags::live(stage.tags.as_ref());
            let ours = matches!(desired.ground.owner_by_tags(&tags), Owner::Us(_));
            ours && stage.deployment_id.is_some()
        }),
        Resource::UserPool(_) => {
            let Some(api) = api else { return Ok(false) };
            let arn = output(live, OutputName::Arn);
            let authorizers = reader.authorizers(api).await?;
            let mut named = authorizers.iter().flat_map(|one| one.provider_arns());
            named.any(|named| named == arn)
        }
        Resource::UsagePlan(plan) => plan
            .stages
            .iter()
            .any(|stage| api.is_some_and(|api| super::literal(&stage.api) == api)),
        Resource::VpcLink(_) => match api {
            Some(api) => content::links(reader, api).await?.contains(here),
            None => false,
        },
        Resource::ApiKey(_) => {
            for plan in reader.usage_plans().await?.iter() {
                let tags = tags::live(plan.tags.as_ref());
                let ours = matches!(desired.ground.owner_by_tags(&tags), Owner::Us(_));
                let mut stages = plan.api_stages().iter();
                let opens = api.is_none_or(|api| stages.any(|stage| stage.api_id() == Some(api)));
                let Some(plan) = plan.id().filter(|_| ours && opens) else {
                    continue;
                };
                let keys = reader.usage_plan_keys(plan).await?;
                if keys.iter().any(|key| key.id() == Some(here)) {
                    return Ok(true);
                }
            }
            false
        }
        // What belongs to a partner's key is in use where the key is.
        Resource::PlanMembership(membership) => {
            is_key_at(observation, address, &super::literal(&membership.key))
        }
        Resource::AppClient(client) => client
            .mark
            .key()
            .is_some_and(|key| is_key_at(observation, address, &key)),
        _ => false,
    })
}

/// Whether this is the key in use beside an address.
fn is_key_at(observation: &Observation, address: &Address, key: &str) -> bool {
    let at = |address: &Address| {
        let live = observation.live.get(address);
        live.is_some_and(|live| matches!(live.resource, Resource::ApiKey(_)) && id(live) == key)
    };
    at(&address.owner().part("key")) || at(&address.owner())
}
