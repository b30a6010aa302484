use std::collections::{BTreeMap, BTreeSet};

use super::diff::{Refused, all_fields, difference};
use super::names;
use super::order::{self, Inputs};
use super::{Action, Change, FieldChange, Options, Plan, Problem, consent, notes, replace};
use crate::kinds::{
    Desired, Duplicates, KindInfo, Live, Observation, Obstacle, OnChange, Resource,
};
use crate::model::{Address, Book, Place, Value};

/// The changes from AWS's current state to the file's.
///
/// # Errors
/// Every reason why there is no plan: obstacles that are not the stack's, and changes that would lose what the file doesn't allow
/// to lose.
pub fn plan(
    desired: &Desired,
    observation: &Observation,
    options: &Options,
) -> Result<Plan, Vec<Problem>> {
    let mut problems = stops(&observation.ambiguities);
    if !options.destroy {
        problems.extend(stops(&observation.obstacles));
        say_how_to_adopt_all(&observation.obstacles, &mut problems);
        names::say_at_once(
            &desired.context.stack,
            &observation.names_taken,
            &mut problems,
        );
    }
    let kept = kept(desired, observation, options);
    let wanted = wanted(desired, observation, options, &kept);

    let mut changes = compare(&wanted, observation, &kept, options, &mut problems);
    take_snapshot_again(&wanted, observation, &mut changes);
    let unchanged = observation
        .live
        .keys()
        .filter(|address| !changes.contains_key(*address) && !kept.contains(*address))
        .count();
    let left_out = leave_out(desired, &wanted, observation, options, &mut changes);
    say_what_is_shown(&wanted, &mut changes);
    problems.extend(protected(desired, observation, options, &changes));
    problems.extend(replace::refused(desired, observation, options));
    problems.extend(in_use(observation, &changes));
    let mut missing_consent = consent::losses(&wanted, observation, &changes, options);
    consent::keep_missing(&mut missing_consent, &changes, &options.allow_delete);
    let needs_forward = !options.forward && notes::leads_forward(observation, &changes);
    let consent_is_due = !missing_consent.is_empty() || !kept.is_empty();
    problems.extend(named_for_nothing(
        desired,
        observation,
        options,
        consent_is_due,
    ));
    if !problems.is_empty() {
        problems.sort();
        problems.dedup();
        return Err(problems);
    }

    let inputs = Inputs::new(desired, &wanted, observation, &changes);
    let steps = order::steps(&inputs).map_err(|problem| vec![problem])?;
    let mut notes = notes::notes(desired, &wanted, observation, &changes, options);
    notes.extend(notes::shown_as_it_is(&changes, &left_out));
    notes.extend(notes::takes_long(&steps));
    let going_along = consent::going_along(observation, &changes)
        .cloned()
        .collect();
    let unmanaged = observation
        .live
        .iter()
        .filter(|(address, live)| wanted.contains_key(address) && !live.unmanaged.is_empty())
        .map(|(address, live)| (address.clone(), live.unmanaged.clone()))
        .collect();
    Ok(Plan {
        context: desired.context.clone(),
        destroy: options.destroy,
        changes,
        steps,
        notes,
        missing_consent,
        needs_forward,
        kept: kept.into_iter().collect(),
        unchanged,
        left_out: left_out.len(),
        neighbours: observation.neighbours.clone(),
        going_along,
        unmanaged,
        book: observation.book(),
    })
}

fn stops(obstacles: &[Obstacle]) -> Vec<Problem> {
    let problem = |obstacle: &Obstacle| Problem {
        address: obstacle.address.clone(),
        what: obstacle.what.clone(),
        help: obstacle.help.clone(),
    };
    obstacles.iter().map(problem).collect()
}

/// What takes over everything that stands in the way and may be, to be pasted behind the same command.
fn say_how_to_adopt_all(obstacles: &[Obstacle], problems: &mut [Problem]) {
    // Of more in one table, a pattern says the same.
    const A_FEW: usize = 4;
    let offered = obstacles.iter().filter(|one| one.may_be_adopted());
    let offered: BTreeSet<&Address> = offered.map(|one| &one.address).collect();
    let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for address in &offered {
        let table = address.as_str().split(['.', '/']).next();
        let all = tables.entry(table.unwrap_or_default()).or_default();
        all.push(address.as_str());
    }
    let flags = tables.into_iter().flat_map(|(table, addresses)| {
        let named = format!("{table}.");
        let all_named = addresses.iter().all(|one| one.starts_with(&named));
        if all_named && addresses.len() > A_FEW {
            return vec![format!("--adopt '{named}*'")];
        }
        let flags = addresses.into_iter();
        flags.map(|one| format!("--adopt '{one}'")).collect()
    });
    let flags: Vec<String> = flags.collect();
    let mut offers = problems.iter_mut();
    let first = offers.find(|one| offered.first() == Some(&&one.address));
    if let Some(first) = first.filter(|_| offered.len() > 1) {
        first.help += &format!("; to take over all that is told here\n{}", flags.join(" "));
    }
}

/// Resources of ours that are not in the file and stay until consent names them: of a kind that does, or older than a wanted one.
fn kept(desired: &Desired, observation: &Observation, options: &Options) -> BTreeSet<Address> {
    if options.destroy {
        return BTreeSet::new();
    }
    observation
        .live
        .iter()
        .filter(|(address, live)| {
            is_older_one_of_a_wanted(address, desired, options)
                || live.resource.info().kept_unless_named
                && !desired.resources.contains_key(address)
                // It is deleted with its container.
                && live.resource.info().goes_with.is_none_or(|kind| {
                    desired.resources.values().any(|wanted| wanted.resource.info().name == kind)
                })
                && !options.allow_delete.name(address)
        })
        .map(|(address, _)| address.clone())
        .collect()
}

/// Whether this is older than a wanted resource and consent doesn't name its own address: consent to the loss of the newer one is not
/// enough.
fn is_older_one_of_a_wanted(address: &Address, desired: &Desired, options: &Options) -> bool {
    let newer = address.older_of();
    let is_named = |older: Address| options.allow_delete.name_of_others(&older);
    newer.is_some_and(|newer| desired.resources.contains_key(&newer))
        && !address.older_one().is_some_and(is_named)
}

fn wanted(
    desired: &Desired,
    observation: &Observation,
    options: &Options,
    kept: &BTreeSet<Address>,
) -> BTreeMap<Address, Resource> {
    if options.destroy {
        return BTreeMap::new();
    }
    let kept: Vec<_> = kept
        .iter()
        .map(|address| &observation.live[address].outputs)
        .collect();
    let hold_on = |(address, wanted): (&Address, &crate::kinds::Wanted)| {
        let mut resource = wanted.resource.clone();
        if let Some(live) = there(observation, address) {
            resource.hold_on(&live.resource, &kept);
        }
        (address.clone(), resource)
    };
    desired.resources.iter().map(hold_on).collect()
}

fn there<'a>(observation: &'a Observation, address: &Address) -> Option<&'a Live> {
    observation
        .live
        .get(address)
        .filter(|live| !live.only_a_mark)
}

fn compare(
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    kept: &BTreeSet<Address>,
    options: &Options,
    problems: &mut Vec<Problem>,
) -> BTreeMap<Address, Change> {
    let mut book = observation.book();
    // A replaced resource has other outputs afterwards, so what refers to it differs too; that may replace more.
    let mut changes = loop {
        let changes = differences(wanted, observation, &book, options, problems);
        let replaced = changes
            .iter()
            .filter(|(_, change)| change.action == Action::Replace);
        let known: Vec<_> = replaced
            .map(|(address, _)| address.clone())
            .filter(|address| book.outputs(address).is_some())
            .collect();
        if known.is_empty() {
            break changes;
        }
        for address in &known {
            book.forget(address);
        }
    };
    let left_over = observation.duplicates.iter();
    let left_over = left_over.flat_map(|one| one.addresses().map(move |address| (address, one)));
    let of_several: BTreeMap<&Address, &Duplicates> = left_over.collect();
    for (address, live) in &observation.live {
        if !wanted.contains_key(address) && !kept.contains(address) {
            let change = Change {
                kind: live.resource.info(),
                action: Action::Delete,
                fields: Vec::new(),
                reasons: if live.only_a_mark {
                    vec!["it is gone; its ownership tag is left".into()]
                } else {
                    let of = of_several.get(address).into_iter();
                    let why = of.map(|duplicates| duplicates.reason());
                    why.chain(live.broken.iter().cloned()).collect()
                },
                was: live.was.clone(),
            };
            changes.insert(address.clone(), change);
        }
    }
    changes
}

fn differences(
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    book: &Book,
    options: &Options,
    problems: &mut Vec<Problem>,
) -> BTreeMap<Address, Change> {
    let mut changes = BTreeMap::new();
    for (address, want) in wanted {
        let kind = want.info();
        let Some(live) = there(observation, address) else {
            let fields = all_fields(want, book);
            let change = Change {
                kind,
                action: Action::Create,
                fields,
                reasons: Vec::new(),
                was: None,
            };
            changes.insert(address.clone(), change);
            continue;
        };
        let difference = difference(want, &live.resource, book);
        let replaced = difference
            .fields
            .iter()
            .any(|field| field.replaces.is_some());
        // Its replacement is created as in the file, whatever could not be changed.
        let refused = difference.refused.iter().filter(|_| !replaced);
        problems.extend(refused.map(|refused| Problem {
            address: address.clone(),
            what: format!(
                "AWS can't change `{}` of this {} in place{}{}",
                refused.field,
                kind.title,
                both_sides(refused),
                if never_replaced(want) {
                    ", and gatestack never replaces one"
                } else {
                    ""
                }
            ),
            help: refused.ways_out.into(),
        }));
        let anew = replace::asked_for(options, observation, address, kind);
        if anew || !difference.fields.is_empty() {
            let action = if replaced || anew {
                Action::Replace
            } else {
                Action::Update
            };
            let fields = difference.fields;
            let change = Change {
                kind,
                action,
                fields,
                reasons: if anew && !replaced {
                    vec![replace::REASON.into()]
                } else {
                    Vec::new()
                },
                was: live.was.clone(),
            };
            changes.insert(address.clone(), change);
        }
    }
    changes
}

/// Whether an update changes anything that takes effect only after a redeployment. What refers to a replaced resource changes
/// too, although its field has the same reference.
fn is_shown(wanted: &BTreeMap<Address, Resource>, address: &Address, change: &Change) -> bool {
    let fields = wanted
        .get(address)
        .map(|want| want.fields(&Book::default()))
        .unwrap_or_default();
    fields.iter().any(|(info, _)| {
        !info.live_at_once && change.fields.iter().any(|field| field.name == info.name)
    })
}

/// The live and wanted value of a field that can't change, if both are short words of the file.
fn both_sides(refused: &Refused) -> String {
    let words = |value: &Value| match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Set(items) => {
            let items: Option<Vec<String>> = items
                .iter()
                .map(|item| match item {
                    Value::Text(text) => Some(format!("\"{text}\"")),
                    _ => None,
                })
                .collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        _ => None,
    };
    match (words(&refused.before), words(&refused.after)) {
        (Some(before), Some(after)) => format!(" (it is {before}, and the file says {after})"),
        _ => String::new(),
    }
}

fn never_replaced(resource: &Resource) -> bool {
    !resource
        .fields(&Book::default())
        .iter()
        .any(|(info, _)| matches!(info.on_change, OnChange::Replace(_)))
}

/// A snapshot is outdated as soon as anything in it changes.
fn take_snapshot_again(
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    changes: &mut BTreeMap<Address, Change>,
) {
    if shown(wanted, changes) == 0 {
        return;
    }
    let snapshots = wanted.iter().filter(|(_, want)| want.info().snapshot);
    for (address, want) in snapshots.filter(|(address, _)| there(observation, address).is_some()) {
        changes.entry(address.clone()).or_insert_with(|| Change {
            kind: want.info(),
            action: Action::Update,
            fields: want
                .fields(&Book::default())
                .into_iter()
                .filter(|(info, _)| info.on_change != OnChange::Place)
                .map(|(info, after)| FieldChange {
                    name: info.name,
                    before: Value::Text("deployed before".into()),
                    after,
                    replaces: None,
                })
                .collect(),
            reasons: Vec::new(),
            was: None,
        });
    }
}

/// Sets how many of the plan's changes a redeployment publishes.
fn say_what_is_shown(
    wanted: &BTreeMap<Address, Resource>,
    changes: &mut BTreeMap<Address, Change>,
) {
    let shown = shown(wanted, changes);
    let plural = if shown == 1 { "" } else { "s" };
    let taken_again = changes
        .values_mut()
        .filter(|change| change.kind.snapshot && change.action == Action::Update && shown > 0);
    for change in taken_again {
        let reason = format!("{shown} change{plural} below the API");
        change.reasons.push(reason);
    }
}

/// How many changes take effect only after a redeployment.
fn shown(wanted: &BTreeMap<Address, Resource>, changes: &BTreeMap<Address, Change>) -> usize {
    let shown = changes.iter().filter(|(address, change)| {
        change.kind.deployed
            && address.duplicate_of().is_none()
            && (change.action != Action::Update || is_shown(wanted, address, change))
    });
    shown.count()
}

/// Drops what `--target` does not match and no match needs; returns it.
fn leave_out(
    desired: &Desired,
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    options: &Options,
    changes: &mut BTreeMap<Address, Change>,
) -> BTreeMap<Address, Change> {
    if options.targets.is_empty() {
        return BTreeMap::new();
    }
    let mut chosen: BTreeSet<&Address> = changes
        .keys()
        .filter(|address| options.targets.name(address))
        .collect();
    let inputs = Inputs::new(desired, wanted, observation, changes);
    let of = |which: fn(&KindInfo) -> bool| -> Vec<&Address> {
        let changes = changes.iter().filter(|(_, change)| which(change.kind));
        changes.map(|(address, _)| address).collect()
    };
    let (snapshots, content) = (of(|kind| kind.snapshot), of(|kind| kind.deployed));
    let admits = of(|kind| kind.admits);
    let mut unseen: Vec<&Address> = chosen.iter().copied().collect();
    while let Some(address) = unseen.pop() {
        let change = &changes[address];
        let mut needed = order::awaited(&inputs, address);
        // The users of a deleted resource stop using it first.
        if change.goes() {
            needed.extend(inputs.users_of(address).cloned());
        }
        // A route that is not deployed can't be called: it includes the redeployment.
        if change.kind.deployed {
            needed.extend(snapshots.iter().copied().cloned());
        }
        // Otherwise calls would be admitted by a setting made by hand, not by the file.
        if change.kind.snapshot {
            needed.extend(admits.iter().copied().cloned());
        }
        // AWS creates no deployment of an API without methods.
        let first = change.kind.snapshot && change.action == Action::Create;
        let callable =
            |address: &&Address| matches!(wanted.get(*address), Some(Resource::Route(_)));
        if first && !chosen.iter().any(callable) {
            needed.extend(content.iter().copied().cloned());
        }
        for needed in needed {
            if let Some((needed, _)) = changes.get_key_value(&needed)
                && chosen.insert(needed)
            {
                unseen.push(needed);
            }
        }
    }
    let chosen: BTreeSet<Address> = chosen.into_iter().cloned().collect();
    let all = std::mem::take(changes);
    let (kept, left_out) = all
        .into_iter()
        .partition(|(address, _)| chosen.contains(address));
    *changes = kept;
    left_out
}

/// Protection that the file set is removed in a separate step; any other was set by hand and stays.
fn protected(
    desired: &Desired,
    observation: &Observation,
    options: &Options,
    changes: &BTreeMap<Address, Change>,
) -> Vec<Problem> {
    let deleted = changes
        .iter()
        .filter(|(_, change)| change.action == Action::Delete);
    deleted
        .filter(|(address, _)| {
            // Its replacement is wanted, so the file implies its deletion.
            let replaced = address
                .takes_its_place()
                .is_some_and(|successor| desired.resources.contains_key(&successor));
            let duplicate = address.duplicate_of();
            let wanted = duplicate.as_ref().unwrap_or(address);
            let ours = replaced || (options.destroy || duplicate.is_some())
                && desired.resources.get(wanted).is_some_and(|wanted| wanted.resource.unprotected().is_some());
            observation.live[*address].resource.unprotected().is_some() && !ours
        })
        .map(|(address, change)| Problem {
            address: address.clone(),
            what: format!("deletion protection is on, and the file does not say so for this {}", change.kind.title),
            help: "if it may be deleted, set `deletion_protection = false` in the file and apply that first".into(),
        })
        .collect()
}

/// What is used elsewhere can't be deleted, even with consent: AWS would break it silently.
fn in_use(observation: &Observation, changes: &BTreeMap<Address, Change>) -> Vec<Problem> {
    let goes = |obstacle: &&Obstacle| changes.get(&obstacle.address).is_some_and(Change::goes);
    let used: Vec<Obstacle> = observation.in_use.iter().filter(goes).cloned().collect();
    stops(&used)
}

/// A target or a consent without a match is a typing error with consequences. Only a consent that is no longer needed is not: the
/// same command continues an interrupted run.
fn named_for_nothing(
    desired: &Desired,
    observation: &Observation,
    options: &Options,
    consent_is_due: bool,
) -> Vec<Problem> {
    let known = observation.live.keys().chain(desired.resources.keys());
    let could_have_been = |text: &&str| {
        let table = text.split(['.', '/']).next().unwrap_or_default();
        !consent_is_due && (Place::tables().any(|known| known == table) || table.contains('*'))
    };
    let targets = options.targets.idle(known.clone()).into_iter();
    let targets = targets.map(|text| ("--target", Address::new(text)));
    let replaced = options.replace.idle(known.clone()).into_iter();
    let replaced = replaced.map(|text| ("--replace", Address::new(text)));
    let live = observation
        .live
        .iter()
        .map(|(address, live)| (address, &live.resource));
    let wanted = desired
        .resources
        .iter()
        .map(|(address, wanted)| (address, &wanted.resource));
    let further = consent::further_names(live.chain(wanted));
    let consents = options.allow_delete.idle(known.chain(&further)).into_iter();
    let consents = consents
        .filter(|text| !could_have_been(text))
        .map(|text| ("--allow-delete", Address::new(text)));
    let adopt = desired.adopt.idle(desired.resources.keys()).into_iter();
    let adopt = adopt.map(|text| ("--adopt", Address::new(text)));
    targets
        .chain(replaced)
        .chain(consents)
        .chain(adopt)
        .map(|(flag, address)| Problem {
            what: format!("{flag} '{address}' names nothing in this stack"),
            address,
            help: "`gatestack graph` lists the stack's addresses; quote a pattern so that the shell leaves it alone".into(),
        })
        .collect()
}
