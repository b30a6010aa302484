//! What the user should know before confirming: the kinds' notes, and those that concern several kinds.

use std::collections::{BTreeMap, BTreeSet};

use super::consent::{going_along, made_in_doubt};
use super::{Action, Change, Note, Options, Step, exposure};
use crate::kinds::rest_api::RESOURCE_POLICY;
use crate::kinds::vpc_link::VpcLink;
use crate::kinds::{BothSides, Desired, Kind as _, Observation, Resource};
use crate::model::Address;
use crate::model::shorten::some_of;

const COSTS: &str = "GS107";

/// The note about what is not the stack's and is deleted along.
pub(crate) const OTHERS_LOSE: &str = "GS108";

pub(super) fn notes(
    desired: &Desired,
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
    options: &Options,
) -> Vec<Note> {
    let stack = BothSides {
        wanted,
        observation,
        open_on_purpose: &desired.open_on_purpose,
        book: observation.book(),
    };
    let mut notes: Vec<Note> = others_lose(&stack, changes).collect();
    // A destroy implies losing everything, and the list of deletes shows it.
    if options.destroy {
        notes.extend(namesakes_stay(observation));
    } else {
        let of_kinds = changes.iter();
        notes.extend(of_kinds.flat_map(|(address, change)| stack.notes(address, change)));
        notes.extend(costs(&stack, changes));
        notes.extend(policy_stays(&stack));
        notes.extend(stage_holds_on(&stack, changes));
        notes.extend(noticed(&stack, changes));
        notes.extend(doubtful(&stack, changes));
        notes.extend(exposure::notes(
            wanted,
            observation,
            changes,
            &desired.context.region,
        ));
    }
    notes.extend(outlive(desired, changes, options));
    notes.sort();
    notes
}

/// What a destroy leaves, because others share it.
fn outlive<'a>(
    desired: &'a Desired,
    changes: &BTreeMap<Address, Change>,
    options: &Options,
) -> impl Iterator<Item = Note> + use<'a> {
    let goes = options.destroy && !changes.is_empty();
    let wanted = desired.resources.iter().filter(move |_| goes);
    wanted.filter_map(|(address, wanted)| {
        let kind = wanted.resource.info();
        let text = format!("left: the {}, since {}", kind.title, kind.outlives?);
        Some(Note::info("GS145", address, text))
    })
}

/// Whether a plan switches the stage or an alias to the newest after a rollback.
pub(super) fn leads_forward(
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
) -> bool {
    let mut changes = changes.iter();
    changes.any(|(address, change)| {
        let live = observation.live.get(address).map(|live| &live.resource);
        match live {
            Some(Resource::Deployment(live)) => live.held_at(change).is_some(),
            Some(Resource::FunctionAlias(live)) => live.held_at(change).is_some(),
            _ => false,
        }
    })
}

/// How long AWS takes after its calls have returned.
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
    (seconds >= 60).then_some(())?;
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
        .map(|address| format!(", then {address}"))
        .collect();
    let minutes = seconds.div_ceil(60);
    Some(Note::info(
        "GS115",
        first,
        format!("AWS takes about {minutes} minutes to create this{then}"),
    ))
}

/// A redeployment publishes everything below the API, also what `--target` leaves out.
pub(super) fn shown_as_it_is(
    changes: &BTreeMap<Address, Change>,
    left_out: &BTreeMap<Address, Change>,
) -> Option<Note> {
    let (snapshot, _) = changes.iter().find(|(_, change)| change.kind.snapshot)?;
    let shown = left_out.iter().filter(|(address, change)| {
        let is_there = change.action != Action::Create;
        is_there && change.kind.deployed && address.duplicate_of().is_none()
    });
    let shown: Vec<&str> = shown.map(|(address, _)| address.as_str()).collect();
    (!shown.is_empty()).then_some(())?;
    let shown = some_of(shown);
    Some(Note::warning(
        "GS136",
        snapshot,
        format!(
            "callers get these as they are on AWS, not as in the file, because --target leaves them out: {shown}"
        ),
    ))
}

/// What is not the stack's and is deleted along.
fn others_lose<'a>(
    stack: &'a BothSides<'_>,
    changes: &'a BTreeMap<Address, Change>,
) -> impl Iterator<Item = Note> {
    going_along(stack.observation, changes)
        .map(|one| Note::warning(OTHERS_LOSE, &one.address, one.what.as_str()))
}

/// Resources with the file's names but without the stack's tags are not deleted; the tags may have been removed by mistake.
fn namesakes_stay(observation: &Observation) -> impl Iterator<Item = Note> {
    let obstacles = observation.obstacles.iter();
    obstacles.map(|one| {
        let text = format!("stays after a destroy: {}", one.what);
        Note::warning("GS138", &one.address, text)
    })
}

/// A resource policy allows or denies calls beside what the file says.
fn policy_stays(stack: &BothSides<'_>) -> Option<Note> {
    let (address, _) = stack.observation.live.iter().find(|(address, live)| {
        stack.wanted.contains_key(*address)
            && live.unmanaged.iter().any(|words| words == RESOURCE_POLICY)
    })?;
    Some(Note::warning(
        "GS109",
        address,
        format!(
            "it has {RESOURCE_POLICY}, which decides who may call it in addition to the file; gatestack leaves it as it is"
        ),
    ))
}

/// AWS deletes no VPC link that a stage uses, and does not expose what a stage outside the file serves.
fn stage_holds_on(stack: &BothSides<'_>, changes: &BTreeMap<Address, Change>) -> Option<Note> {
    let (link, _) = changes
        .iter()
        .find(|(_, change)| change.kind.name == VpcLink::INFO.name && change.goes())?;
    let left = stack.observation.live.iter().filter(|(address, live)| {
        let is_stage = matches!(live.resource, Resource::Stage(_));
        is_stage && !stack.wanted.contains_key(*address) && !changes.contains_key(*address)
    });
    let consent: Vec<String> = left
        .map(|(address, _)| format!("--allow-delete '{address}'"))
        .collect();
    (!consent.is_empty()).then_some(())?;
    Some(Note::warning(
        "GS113",
        link,
        format!(
            "a stage that the file does not name stays; where it serves this link, AWS refuses to delete the link, and all \
             behind it stays too, until the stage is deleted: {}",
            consent.join(" ")
        ),
    ))
}

/// The kinds' notices about unchanged resources.
fn noticed(stack: &BothSides<'_>, changes: &BTreeMap<Address, Change>) -> Vec<Note> {
    let goes = |address: &Address| changes.get(address).is_some_and(Change::goes);
    let stays = stack.observation.live.iter();
    stays
        .filter(|(address, _)| stack.wanted.contains_key(*address) && !goes(address))
        .flat_map(|(address, live)| {
            let notices = live.notices.iter();
            notices.map(move |text| Note::info("GS110", address, text.as_str()))
        })
        .collect()
}

/// Something is created that may have existed, or may still exist.
fn doubtful(stack: &BothSides<'_>, changes: &BTreeMap<Address, Change>) -> Vec<Note> {
    made_in_doubt(stack.observation, changes)
        .map(|doubt| {
            let text = format!("{}; {}", doubt.what, doubt.help);
            Note::warning("GS130", &doubt.address, text)
        })
        .collect()
}

/// What AWS bills from now on: once per kind, and not if one of it exists already.
fn costs(stack: &BothSides<'_>, changes: &BTreeMap<Address, Change>) -> Vec<Note> {
    let there = stack.observation.live.values();
    let billed: BTreeSet<&str> = there
        .filter(|live| live.resource.is_billed())
        .map(|live| live.resource.info().name)
        .collect();
    let mut bills = BTreeSet::new();
    let made = changes.iter().filter(|(address, change)| {
        let is_billed = stack.wanted.get(*address).is_some_and(Resource::is_billed);
        is_billed && change.action != Action::Delete && !billed.contains(change.kind.name)
    });
    made.filter_map(|(address, change)| Some(Note::info(COSTS, address, change.kind.billable?)))
        .filter(|note| bills.insert(note.text.clone()))
        .collect()
}
