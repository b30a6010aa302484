//! Current access that the file does not want: public routes, and a stage with a deployment that gatestack did not create.

use std::collections::BTreeMap;

use super::openings::open_against;
use super::{Change, Note};
use crate::kinds::deployment::{self, Access, Canary, Methods, Shows};
use crate::kinds::{Observation, Resource, route};
use crate::model::shorten::some_of;
use crate::model::{Address, Book, moment};

/// The note about a canary.
pub(crate) const CANARY: &str = "GS134";
/// The note about another stage that is public.
pub(crate) const BESIDE: &str = "GS135";

/// The most methods in a sentence.
const SHOWN: usize = 6;

/// The notes about it: what the plan ends, and what it leaves.
pub(super) fn notes(
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
    region: &str,
) -> Vec<Note> {
    let Some(live) = deployment::live(observation) else {
        return Vec::new();
    };
    let mut notes: Vec<Note> = open_routes(wanted, observation, live, changes).collect();
    notes.extend(not_ours(wanted, live, changes));
    notes.extend(canary(wanted, live, region));
    notes.extend(beside(wanted, live, region));
    notes
}

/// Routes that need less now than the file says, as served or as configured.
fn open_routes<'a>(
    wanted: &'a BTreeMap<Address, Resource>,
    observation: &'a Observation,
    live: &'a deployment::Props,
    changes: &'a BTreeMap<Address, Change>,
) -> impl Iterator<Item = Note> + 'a {
    let is_redeployed = changes.values().any(|change| change.kind.snapshot);
    wanted.iter().filter_map(move |(address, resource)| {
        let Resource::Route(want) = resource else {
            return None;
        };
        let configured = match observation.live.get(address).map(|live| &live.resource) {
            Some(Resource::Route(route)) => Some(access(route)),
            _ => None,
        };
        let name = format!("{} {}", want.method, want.path);
        let served = match &live.serves {
            Some(methods) => methods.get(&name).copied(),
            None => configured,
        };
        let canary = live.canary.as_ref();
        let of_canary = canary.and_then(|canary| canary.serves.get(&name).copied());
        let missing = |have: Option<Access>| access(want).missing_in(have?);
        let stage = &live.stage;
        let left_out = missing(configured).is_some() && !changes.contains_key(address);
        let how = |have: Option<Access>| match have {
            Some(have) if have.is_open() => "open now",
            _ => "admits more callers now",
        };
        let text = match (missing(served), missing(of_canary), missing(configured)) {
            (Some(missing), _, _) => {
                let how = how(served);
                let end = match is_redeployed && !left_out {
                    true => "applying this plan ends that",
                    false => "this plan leaves that as it is: apply it without --target",
                };
                format!("{how}, against the file: callers of the stage {stage} need {missing}; {end}")
            }
            (None, Some(missing), _) => format!(
                "{}, against the file: the {}% of the callers of the stage {stage} that its canary serves need {missing}; \
                 gatestack leaves the canary as it is",
                how(of_canary),
                canary.map_or(0.0, |canary| canary.percent),
            ),
            (None, None, Some(missing)) if is_redeployed && left_out => format!(
                "configured to need {missing}, against the file: the stage {stage} refuses such calls until this plan deploys \
                 them, since --target leaves the route out"
            ),
            (None, None, Some(missing)) => format!(
                "configured to need {missing}, against the file, and not deployed: the stage {stage} still refuses such \
                 calls, and any deployment from elsewhere would admit them"
            ),
            (None, None, None) => return None,
        };
        Some(Note::warning("GS131", address, text))
    })
}

fn access(route: &route::Props) -> Access {
    Access {
        token: route.authorizer.is_some(),
        signature: false,
        api_key: route.api_key,
    }
}

/// The stage serves a deployment that gatestack did not make.
fn not_ours(
    wanted: &BTreeMap<Address, Resource>,
    live: &deployment::Props,
    changes: &BTreeMap<Address, Change>,
) -> Option<Note> {
    let Shows::Unknown { deployment, made } = &live.shows else {
        return None;
    };
    let address = of_deployment(wanted)?;
    let made = made.map_or(String::new(), |made| format!(" of {}", moment(made)));
    let ways = match changes.contains_key(address) {
        true => {
            "applying this plan deploys what is configured, and `rollback` returns to the newest of gatestack's"
        }
        false => "this plan leaves it: `rollback` returns to the newest of gatestack's",
    };
    let methods = live.serves.as_ref().map(|methods| listed(wanted, methods));
    let text = format!(
        "the stage {} serves deployment {deployment}{made}, which gatestack did not make; its integrations and scopes are \
         unknown. It serves {}; {ways}",
        live.stage,
        methods.as_deref().unwrap_or("nothing"),
    );
    Some(Note::warning("GS132", address, text))
}

/// A canary serves another deployment to a share of the calls.
fn canary(
    wanted: &BTreeMap<Address, Resource>,
    live: &deployment::Props,
    region: &str,
) -> Option<Note> {
    let canary = live.canary.as_ref()?;
    let text = format!(
        "a canary that gatestack did not make sends {}% of the callers of the stage {} to deployment {}. It serves {}; gatestack \
         leaves it as it is, and this removes it: {}",
        canary.percent,
        live.stage,
        canary.deployment,
        listed(wanted, &canary.serves),
        Canary::removal(region, &live.api.resolve(&Book::default())?, &live.stage)
    );
    Some(Note::warning(CANARY, of_deployment(wanted)?, text))
}

/// Other stages of the API that admit calls the file protects.
fn beside<'a>(
    wanted: &'a BTreeMap<Address, Resource>,
    live: &'a deployment::Props,
    region: &'a str,
) -> impl Iterator<Item = Note> + 'a {
    live.beside.iter().filter_map(move |other| {
        let open = open_against(wanted, &other.serves);
        if open.is_empty() {
            return None;
        }
        let text = format!(
            "the stage {} of this API, which is not the file's, serves deployment {}. Anyone may make calls there that the \
             file restricts, by {}; gatestack leaves it as it is, and this deletes it: aws apigateway delete-stage \
             --region {region} --rest-api-id {} --stage-name {}",
            other.stage,
            other.deployment,
            some_of(open.iter().map(String::as_str)),
            live.api.resolve(&Book::default())?,
            other.stage,
        );
        Some(Note::warning(BESIDE, of_deployment(wanted)?, text))
    })
}

fn of_deployment(wanted: &BTreeMap<Address, Resource>) -> Option<&Address> {
    let mut wanted = wanted.iter();
    let found = wanted.find(|(_, resource)| matches!(resource, Resource::Deployment(_)));
    found.map(|(address, _)| address)
}

/// The methods with their requirements, first those that the file lacks or protects.
fn listed(wanted: &BTreeMap<Address, Resource>, methods: &Methods) -> String {
    let routes: BTreeMap<String, Access> = wanted
        .values()
        .filter_map(|resource| match resource {
            Resource::Route(route) => {
                Some((format!("{} {}", route.method, route.path), access(route)))
            }
            _ => None,
        })
        .collect();
    let mut lines: Vec<(u8, String)> = deployment::without_preflight(methods)
        .iter()
        .map(|(method, access)| {
            let needs = match access.needs() {
                nothing if nothing.is_empty() => "open".to_owned(),
                needs => needs.join(" and "),
            };
            match routes.get(method) {
                None => (0, format!("{method} ({needs}, not in the file)")),
                Some(want) if want.missing_in(*access).is_some() => {
                    (1, format!("{method} ({needs})"))
                }
                Some(_) => (2, format!("{method} ({needs})")),
            }
        })
        .collect();
    lines.sort();
    let more = lines.len().saturating_sub(SHOWN);
    let shown: Vec<String> = lines
        .into_iter()
        .take(SHOWN)
        .map(|(_, line)| line)
        .collect();
    match more {
        0 if shown.is_empty() => "no method".into(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
