//! What a person should know before agreeing: each rule looks at the changes and says whom they hurt.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::consent::{going_along, made_in_doubt};
use super::openings::is_open;
use super::{Action, Change, Level, Note, Options, Step, exposure};
use crate::kinds::deployment::Shows;
use crate::kinds::rest_api::RESOURCE_POLICY;
use crate::kinds::{Desired, Observation, Resource, app_client};
use crate::model::{Address, Book, HumanDuration, moment};

struct Facts<'a> {
    wanted: &'a BTreeMap<Address, Resource>,
    observation: &'a Observation,
    /// Routes of which the file says that nothing is needed for them.
    open_on_purpose: &'a BTreeSet<Address>,
    book: Book,
    /// The kinds of which something is there that AWS bills.
    billed: BTreeSet<&'static str>,
}

type Rule = fn(&Facts<'_>, &Address, &Change) -> Option<Note>;

const RULES: &[Rule] = &[
    scope_removed,
    token_url_changes,
    credentials_lost,
    route_opens,
    registration_opens,
    registration_closes,
    user_names_are_for_good,
    plan_moves,
    stage_renamed,
    tls_spreads,
    road_replaced,
    targets_swapped,
    instances_roll,
    domain_goes,
    fewer_instances,
    partner_disabled,
    road_goes,
    held_back,
    costs,
];

pub(super) fn notes(
    desired: &Desired,
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
    options: &Options,
) -> Vec<Note> {
    let live = observation.live.values();
    let facts = Facts {
        wanted,
        observation,
        open_on_purpose: &desired.open_on_purpose,
        book: observation.book(),
        billed: live
            .filter(|live| is_billed(&live.resource))
            .map(|live| live.resource.info().name)
            .collect(),
    };
    // Who destroys a stack means to lose all of it, and the list of deletes says so.
    let rules = if options.destroy { &[] } else { RULES };
    let mut notes: Vec<Note> = changes
        .iter()
        .flat_map(|(address, change)| {
            rules
                .iter()
                .filter_map(|rule| rule(&facts, address, change))
                .collect::<Vec<_>>()
        })
        .collect();
    notes.extend(others_lose(&facts, changes));
    if !options.destroy {
        notes.extend(policy_stays(&facts));
        notes.extend(stage_holds_on(&facts, changes));
        notes.extend(noticed(&facts, changes));
        notes.extend(doubtful(&facts, changes));
        notes.extend(exposure::notes(
            wanted,
            observation,
            changes,
            &desired.ground.region,
        ));
    }
    // The same bill comes once, however many things of a kind are made.
    let mut bills = BTreeSet::new();
    notes.retain(|note| note.code != COSTS || bills.insert(note.text.clone()));
    notes.sort();
    notes
}

const COSTS: &str = "GS107";

/// The note about what is not the stack's and goes along.
pub(crate) const OTHERS_LOSE: &str = "GS108";
/// The note about routes that need less than before, or nothing.
pub(crate) const ROUTE_OPENS: &str = "GS104";

/// The note about credentials that nobody can bring back.
pub(crate) const CREDENTIALS_LOST: &str = "GS103";

pub(super) fn note(
    level: Level,
    code: &'static str,
    address: &Address,
    text: String,
) -> Option<Note> {
    Some(Note {
        level,
        code: code.into(),
        address: address.clone(),
        text,
    })
}

/// Scopes stay listed on clients that had them, but no new token carries them.
fn scope_removed(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let Resource::ResourceServer(live) = &facts.observation.live.get(address)?.resource else {
        return None;
    };
    let left = match facts.wanted.get(address) {
        Some(Resource::ResourceServer(want)) if change.action == Action::Update => &want.scopes,
        _ => &BTreeMap::new(),
    };
    let identifier = live.identifier.resolve(&facts.book)?;
    let gone: BTreeSet<String> = live
        .scopes
        .keys()
        .filter(|scope| !left.contains_key(*scope))
        .map(|scope| format!("{identifier}/{scope}"))
        .collect();
    let users: Vec<String> = clients(facts)
        .filter_map(|(client, props)| {
            let scopes = props.scopes.iter();
            let lost: Vec<String> = scopes
                .filter_map(|scope| scope.resolve(&facts.book))
                .filter(|scope| gone.contains(scope))
                .collect();
            let lost = list(lost.iter().map(String::as_str));
            (!lost.is_empty()).then(|| format!("{client} ({lost})"))
        })
        .collect();
    (!users.is_empty()).then_some(())?;
    note(
        Level::Warning,
        "GS101",
        address,
        format!(
            "new tokens of these clients lack scopes that they may ask for today: {}",
            list(users.iter().map(String::as_str))
        ),
    )
}

/// The clients that AWS has of the stack, by address.
fn clients<'a>(facts: &'a Facts<'_>) -> impl Iterator<Item = (&'a Address, &'a app_client::Props)> {
    let live = facts.observation.live.iter();
    live.filter_map(|(address, live)| match &live.resource {
        Resource::AppClient(client) if !live.only_a_mark => Some((address, client)),
        _ => None,
    })
}

fn token_url_changes(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let Resource::UserPoolDomain(live) = &facts.observation.live.get(address)?.resource else {
        return None;
    };
    matches!(change.action, Action::Replace | Action::Delete).then_some(())?;
    let before = live.domain.resolve(&facts.book)?;
    // Tokens of the other clients come from Cognito's own API, which has no address of the pool.
    let users: Vec<&str> = clients(facts)
        .filter(|(_, client)| !client.flows.is_empty())
        .map(|(client, _)| client.as_str())
        .collect();
    let whom = match users.is_empty() {
        true => "it is in use by no client of this stack".to_owned(),
        false => format!(
            "it is in use by {}, who must be told the new one",
            list(users)
        ),
    };
    note(
        Level::Warning,
        "GS102",
        address,
        format!("the token URL at {before} stops answering; {whom}"),
    )
}

fn credentials_lost(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    change.goes().then_some(())?;
    (!facts.observation.live[address].only_a_mark).then_some(())?;
    let lost = match &facts.observation.live[address].resource {
        Resource::AppClient(client) if !client.secret => {
            "its client id is lost for good: a new client has another one"
        }
        Resource::AppClient(_) => {
            "its client id and secret are lost for good: a new client has others"
        }
        Resource::ApiKey(_) => "its value is lost for good: a new API key has another one",
        _ => return None,
    };
    note(Level::Warning, CREDENTIALS_LOST, address, lost.into())
}

fn route_opens(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let Resource::Route(want) = facts.wanted.get(address)? else {
        return None;
    };
    let live = facts.observation.live.get(address);
    let text = match live.map(|live| &live.resource) {
        Some(Resource::Route(live)) if change.action == Action::Update => {
            let lost = match (
                live.authorizer.is_some() && want.authorizer.is_none(),
                live.api_key && !want.api_key,
            ) {
                (true, true) => "neither a token nor an API key",
                (true, false) => "no token",
                (false, true) => "no API key",
                (false, false) => return None,
            };
            match is_open(want) {
                true => format!("callers will need {lost} any more: everybody may call it"),
                false => format!("callers will need {lost} any more"),
            }
        }
        _ if is_open(want) && !facts.open_on_purpose.contains(address) => {
            "everybody may call it: it needs neither a token nor an API key. If that is meant, say so in the file: \
             requires = \"nothing\""
                .to_owned()
        }
        _ => return None,
    };
    note(Level::Warning, ROUTE_OPENS, address, text)
}

/// Whether a pool takes registrations, before and after a change of it.
fn registration(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<(bool, bool)> {
    let Resource::UserPool(want) = facts.wanted.get(address)? else {
        return None;
    };
    let before = match change.action {
        Action::Create => false,
        _ => match &facts.observation.live.get(address)?.resource {
            Resource::UserPool(live) => live.sign_up,
            _ => return None,
        },
    };
    Some((before, want.sign_up))
}

fn registration_opens(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    (registration(facts, address, change)? == (false, true)).then_some(())?;
    note(
        Level::Warning,
        "GS140",
        address,
        "the pool becomes open for registration: anyone who knows the id of one of its app clients can create a user. New \
         users stay unconfirmed until an administrator or a Lambda trigger confirms them, or the pool verifies e-mail \
         addresses or phone numbers, which is set outside of the file"
            .into(),
    )
}

fn registration_closes(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    (registration(facts, address, change)? == (true, false)).then_some(())?;
    note(
        Level::Warning,
        "GS141",
        address,
        "people can no longer register themselves; users that are there stay. To keep the pool open for registration, \
         write `sign_up = true` in `[user_pool]`"
            .into(),
    )
}

/// People may want to sign in by e-mail address, and the day on which the pool is made is the only one to say so.
fn user_names_are_for_good(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let Resource::UserPool(want) = facts.wanted.get(address)? else {
        return None;
    };
    let people = |resource: &Resource| match resource {
        Resource::AppClient(client) => {
            let mut flows = client.flows.iter();
            flows.any(|flow| flow != "client_credentials")
        }
        _ => false,
    };
    let has_people = want.sign_up || facts.wanted.values().any(people);
    (change.action == Action::Create && want.sign_in.is_none() && has_people).then_some(())?;
    note(
        Level::Info,
        "GS142",
        address,
        "users sign in with a user name, and AWS never changes that afterwards: if they are to sign in with their e-mail \
         address, write `sign_in = [\"email\"]` in `[user_pool]` before the pool is made"
            .into(),
    )
}

fn plan_moves(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let Resource::PlanMembership(_) = facts.wanted.get(address)? else {
        return None;
    };
    (change.action == Action::Replace).then_some(())?;
    note(
        Level::Warning,
        "GS105",
        address,
        "between leaving one plan and joining the other, calls with the key are refused with 403; AWS may take a few \
         minutes to let it in"
            .into(),
    )
}

fn stage_renamed(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let Resource::Stage(want) = facts.wanted.get(address)? else {
        return None;
    };
    (change.action == Action::Create).then_some(())?;
    let old = facts
        .observation
        .live
        .iter()
        .find_map(|(other, live)| match &live.resource {
            Resource::Stage(stage) if other != address => Some((other, stage.name.as_str())),
            _ => None,
        })?;
    note(
        Level::Warning,
        "GS106",
        address,
        format!(
            "the invoke URL ends in /{} from now on; /{} answers as it is until you delete it with --allow-delete '{}'",
            want.name, old.1, old.0
        ),
    )
}

/// Nobody waits for it: the domain answers all the time.
fn tls_spreads(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let Resource::ApiDomain(_) = facts.wanted.get(address)? else {
        return None;
    };
    let tls = change.fields.iter().any(|field| field.name == "tls");
    (change.action == Action::Update && tls).then_some(())?;
    note(
        Level::Info,
        "GS111",
        address,
        "AWS takes about 15 minutes to spread it; until then callers may meet the one or the other, and AWS takes no further \
         change of the domain"
            .into(),
    )
}

/// Two roads stand beside each other for the minutes in which callers are led from one to the other.
fn road_replaced(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let Resource::LoadBalancer(live) = &facts.observation.live.get(address)?.resource else {
        return None;
    };
    (change.action == Action::Replace).then_some(())?;
    note(
        Level::Warning,
        "GS112",
        address,
        format!(
            "a new load balancer with listeners, target groups and VPC link is made beside {:?}, and AWS charges for both \
             meanwhile; the routes are led there and redeployed without a gap, then the old ones are deleted, and \
             with them the way back to earlier deployments. Whoever calls the old one's host name directly loses it",
            live.name
        ),
    )
}

/// A listener leads to its new group at once, whether anything in there is healthy yet or not.
fn targets_swapped(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let Resource::Listener(live) = &facts.observation.live.get(address)?.resource else {
        return None;
    };
    let swapped = change
        .fields
        .iter()
        .any(|field| field.name == "target_group");
    (change.action == Action::Update && swapped).then_some(())?;
    note(
        Level::Warning,
        "GS114",
        address,
        format!(
            "calls on port {} are led to another target group, and fail until its targets are healthy; to avoid that, add a \
             listener on another port, lead the routes there, and drop this one afterwards",
            live.port
        ),
    )
}

/// Whether callers notice, and why it takes so long.
fn instances_roll(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    (change.action == Action::Replace && change.kind.rolls).then_some(())?;
    let drains = facts.wanted.values().filter_map(|resource| match resource {
        Resource::TargetGroup(group) => Some(group.drain_seconds),
        _ => None,
    });
    let drain = HumanDuration::from_secs(drains.max()?.into());
    note(
        Level::Info,
        "GS116",
        address,
        format!(
            "one after another, so that callers notice nothing: the new one is launched and healthy before the old one \
             drains ({drain}) and is terminated with what is on it"
        ),
    )
}

/// Callers have the name in their code.
fn domain_goes(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let Resource::ApiDomain(live) = &facts.observation.live.get(address)?.resource else {
        return None;
    };
    change.goes().then_some(())?;
    let and_then = match facts.wanted.get(address) {
        Some(Resource::ApiDomain(want)) => {
            format!("whoever calls it must be told {}", want.name)
        }
        _ => "whoever calls it must be told another address".into(),
    };
    note(
        Level::Warning,
        "GS118",
        address,
        format!("the API stops answering at {}; {and_then}", live.name),
    )
}

/// One that takes another's place has a note of its own.
fn fewer_instances(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let stays = |resource: &Resource| matches!(resource, Resource::Instance(_));
    let for_good = change.action == Action::Delete
        && address.takes_its_place().is_none()
        && address.duplicate_of().is_none();
    (for_good && change.kind.rolls && facts.wanted.values().any(stays)).then_some(())?;
    note(
        Level::Info,
        "GS119",
        address,
        "the file wants fewer instances: it finishes what it has begun and is terminated with what is on it, and the others serve on"
            .into(),
    )
}

/// Nobody takes back a token that was given: API Gateway checks its signature and its time, and asks Cognito nothing.
fn partner_disabled(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let Resource::AppClient(live) = &facts.observation.live.get(address)?.resource else {
        return None;
    };
    let owner = address.owner();
    let key = |resource: Option<&Resource>| match resource {
        Some(Resource::ApiKey(key)) => Some(key.enabled),
        _ => None,
    };
    let disabled = key(facts.wanted.get(&owner.part("key"))) == Some(false);
    let gave_tokens = live.flows.contains("client_credentials");
    (change.action == Action::Update && disabled && gave_tokens).then_some(())?;
    let lifetime = HumanDuration::from_secs(live.access_token_seconds.unsigned_abs());
    let held: BTreeSet<String> = live
        .scopes
        .iter()
        .filter_map(|scope| scope.resolve(&facts.book))
        .collect();
    let routes: Vec<&str> = facts
        .wanted
        .iter()
        .filter(|(_, resource)| match resource {
            Resource::Route(route) if !route.api_key => {
                let mut scopes = route.scopes.iter();
                scopes.any(|scope| {
                    scope
                        .resolve(&facts.book)
                        .is_some_and(|scope| held.contains(&scope))
                })
            }
            _ => false,
        })
        .map(|(address, _)| address.as_str())
        .collect();
    let until = match routes.is_empty() {
        true => "each route that takes its tokens needs the key as well".to_owned(),
        false => format!(
            "tokens from before are valid for up to {lifetime} on routes that need no key: {}",
            list(routes)
        ),
    };
    note(
        Level::Warning,
        "GS133",
        &owner,
        format!("disabled: it gets no new token, and its API key is refused; {until}"),
    )
}

/// A link goes when the last `via` does.
fn road_goes(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let live = facts.observation.live.get(address)?;
    let works = matches!(live.resource, Resource::VpcLink(_)) && live.broken.is_none();
    let for_good = change.action == Action::Delete
        && address.takes_its_place().is_none()
        && address.duplicate_of().is_none();
    let routes = |resource: &Resource| matches!(resource, Resource::Route(_));
    (works && for_good && facts.wanted.values().any(routes)).then_some(())?;
    note(
        Level::Warning,
        "GS120",
        address,
        "no route says `via` any more: their calls leave API Gateway over the internet instead of through the load balancer, \
         and there is no way back to earlier deployments"
            .into(),
    )
}

/// Whether a plan leads callers forward from an earlier deployment that somebody led them back to.
pub(super) fn leads_forward(
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
) -> bool {
    let mut changes = changes.iter();
    changes.any(|(address, change)| held_at(observation, address, change).is_some())
}

/// The deployment at which callers are held, and when it was made, where a change leads them on.
fn held_at<'a>(
    observation: &'a Observation,
    address: &Address,
    change: &Change,
) -> Option<(&'a str, Timestamp)> {
    let Resource::Deployment(live) = &observation.live.get(address)?.resource else {
        return None;
    };
    match &live.shows {
        Shows::HeldBack { deployment, made } if change.action == Action::Update => {
            Some((deployment, *made))
        }
        _ => None,
    }
}

/// Somebody led the callers back, most often in a hurry and with a reason.
fn held_back(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let (deployment, made) = held_at(facts.observation, address, change)?;
    note(
        Level::Warning,
        "GS117",
        address,
        format!(
            "the stage is held back at deployment {deployment} of {}; applying leads callers forward again to what is \
             configured, which --yes alone does not agree to: --forward",
            moment(made)
        ),
    )
}

/// How long AWS works on what the plan makes, after its calls have been answered. Who knows it does not press Ctrl-C.
pub(super) fn takes_long(steps: &[Step]) -> Option<Note> {
    // For each step the seconds until its end, and the step to wait for before it.
    let mut ends: Vec<(u32, Option<usize>)> = Vec::new();
    for step in steps {
        let before = step.needs.iter().copied().max_by_key(|need| ends[*need].0);
        let begins = before.map_or(0, |need| ends[need].0);
        ends.push((begins + step.operation.settles_in(), before));
    }
    let last = (0..steps.len()).max_by_key(|place| ends[*place].0)?;
    let seconds = ends[last].0;
    (seconds > 0).then_some(())?;
    let mut waits: Vec<&Address> = Vec::new();
    let mut place = Some(last);
    while let Some(here) = place {
        if steps[here].operation.settles_in() > 0 {
            waits.push(&steps[here].address);
        }
        place = ends[here].1;
    }
    waits.reverse();
    let (first, then) = waits.split_first()?;
    let then: String = then
        .iter()
        .map(|address| format!(", then for {address}"))
        .collect();
    let minutes = seconds.div_ceil(60);
    note(
        Level::Info,
        "GS115",
        first,
        format!("AWS takes about {minutes} minutes until all of it works, first for this{then}"),
    )
}

/// What is not the stack's and goes along.
fn others_lose(facts: &Facts<'_>, changes: &BTreeMap<Address, Change>) -> Vec<Note> {
    going_along(facts.observation, changes)
        .filter_map(|one| note(Level::Warning, OTHERS_LOSE, &one.address, one.what.clone()))
        .collect()
}

/// A resource policy lets callers in or keeps them out beside everything the file says.
fn policy_stays(facts: &Facts<'_>) -> Option<Note> {
    let (address, _) = facts.observation.live.iter().find(|(address, live)| {
        facts.wanted.contains_key(*address)
            && live.unmanaged.iter().any(|words| words == RESOURCE_POLICY)
    })?;
    note(
        Level::Warning,
        "GS109",
        address,
        format!(
            "it has {RESOURCE_POLICY}, which decides who may call it beside what the file says; gatestack leaves it as it is"
        ),
    )
}

/// AWS deletes no VPC link that a stage serves, and what a stage that was left out of the file serves is told to nobody.
fn stage_holds_on(facts: &Facts<'_>, changes: &BTreeMap<Address, Change>) -> Option<Note> {
    let (link, _) = changes
        .iter()
        .find(|(_, change)| change.kind.name == "vpc_link" && change.goes())?;
    let left = facts.observation.live.iter().filter(|(address, live)| {
        let is_stage = matches!(live.resource, Resource::Stage(_));
        is_stage && !facts.wanted.contains_key(*address) && !changes.contains_key(*address)
    });
    let consent: Vec<String> = left
        .map(|(address, _)| format!("--allow-delete '{address}'"))
        .collect();
    (!consent.is_empty()).then_some(())?;
    note(
        Level::Warning,
        "GS113",
        link,
        format!(
            "a stage that the file does not name stays; where it serves this link, AWS refuses to delete the link, and all \
             behind it stays too, until the stage goes: {}",
            consent.join(" ")
        ),
    )
}

/// What the kinds noticed about things that stay.
fn noticed(facts: &Facts<'_>, changes: &BTreeMap<Address, Change>) -> Vec<Note> {
    let goes = |address: &Address| changes.get(address).is_some_and(Change::goes);
    let stays = facts.observation.live.iter();
    stays
        .filter(|(address, _)| facts.wanted.contains_key(*address) && !goes(address))
        .flat_map(|(address, live)| {
            let notices = live.notices.iter();
            notices.filter_map(move |text| note(Level::Info, "GS110", address, text.clone()))
        })
        .collect()
}

/// Something is made that may have been there, or may still be.
fn doubtful(facts: &Facts<'_>, changes: &BTreeMap<Address, Change>) -> Vec<Note> {
    made_in_doubt(facts.observation, changes)
        .filter_map(|doubt| {
            let text = format!("{}; {}", doubt.what, doubt.help);
            note(Level::Warning, "GS130", &doubt.address, text)
        })
        .collect()
}

fn costs(facts: &Facts<'_>, address: &Address, change: &Change) -> Option<Note> {
    let fresh = !facts.billed.contains(change.kind.name);
    let billed = facts.wanted.get(address).is_some_and(is_billed);
    (billed && change.action != Action::Delete && fresh).then_some(())?;
    note(Level::Info, COSTS, address, change.kind.billable?.into())
}

/// Of app clients only those cost that get tokens by themselves.
fn is_billed(resource: &Resource) -> bool {
    match resource {
        Resource::AppClient(client) => client.flows.contains("client_credentials"),
        _ => true,
    }
}

/// The first of these, and how many more there are.
pub(super) fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 5;
    let items: Vec<_> = items.into_iter().collect();
    let mut text = items
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    if items.len() > SHOWN {
        text.push_str(&format!(" and {} more", items.len() - SHOWN));
    }
    text
}
