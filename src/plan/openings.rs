//! Calls that become public by a plan or a rollback, and needed a token or an API key before.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Change, Loss, LossOf};
use crate::kinds::deployment::{self, Access, Methods, is_preflight};
use crate::kinds::route::{Integration, Props};
use crate::kinds::{Desired, Observation, Resource};
use crate::model::routing::{self, VERBS};
use crate::model::shorten::some_of;
use crate::model::{Address, Place};

/// A method as served.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Entry<'a> {
    verb: &'a str,
    path: &'a str,
    lets: Lets,
}

/// Which calls a method admits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Lets {
    Everybody,
    /// All, and API Gateway itself answers a browser's preflight.
    Preflight,
    SomeOnly,
}

impl<'a> Entry<'a> {
    fn of_route(route: &'a Props) -> Self {
        let preflight =
            route.method == "OPTIONS" && matches!(route.integration, Integration::Mock(_));
        Self {
            verb: &route.method,
            path: &route.path,
            lets: match (route.is_open(), preflight) {
                (false, _) => Lets::SomeOnly,
                (true, true) => Lets::Preflight,
                (true, false) => Lets::Everybody,
            },
        }
    }

    fn of_method((method, access): (&'a String, &Access)) -> Option<Self> {
        let (verb, path) = method.split_once(' ')?;
        let lets = match (is_preflight(method, *access), access.is_open()) {
            (true, _) => Lets::Preflight,
            (false, true) => Lets::Everybody,
            (false, false) => Lets::SomeOnly,
        };
        Some(Self { verb, path, lets })
    }

    fn address(&self) -> Address {
        Place::Route(format!("{} {}", self.verb, self.path)).address()
    }
}

/// A method that denied calls, and the one that admits them. Without the first, the calls are not known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Opening<'a> {
    of: Option<Entry<'a>>,
    by: Entry<'a>,
}

/// What becomes public between these, by calls: which method answers one depends on all of them. The public ones of `granted`
/// have consent.
fn opened_calls<'a>(
    before: &[Entry<'a>],
    after: &[Entry<'a>],
    granted: &[Entry<'a>],
) -> Vec<Opening<'a>> {
    let open = || after.iter().filter(|entry| entry.lets == Lets::Everybody);
    if open().next().is_none() {
        return Vec::new();
    }
    let sides = [before, after, granted];
    let paths = sides
        .iter()
        .flat_map(|side| side.iter().map(|entry| entry.path));
    let Some(paths) = routing::told_apart(paths) else {
        let by_any = |by: &Entry<'a>| Opening { of: None, by: *by };
        return open().map(by_any).collect();
    };
    let [before, after, granted] = sides.map(by_path);
    let mut found = Vec::new();
    for told in &paths {
        let answers = |side: &BTreeMap<&'a str, Vec<Entry<'a>>>| {
            let matching = told.matching.iter().filter_map(|path| side.get(path));
            let entries: Vec<Entry<'a>> = matching.flatten().copied().collect();
            VERBS.map(|verb| {
                routing::answering(&entries, |entry| (entry.verb, entry.path), verb, &told.path)
                    .copied()
            })
        };
        let after = answers(&after);
        if after.iter().flatten().all(|by| by.lets != Lets::Everybody) {
            continue;
        }
        let (before, granted) = (answers(&before), answers(&granted));
        for ((before, after), granted) in before.into_iter().zip(after).zip(granted) {
            let (Some(of), Some(by)) = (before, after) else {
                continue;
            };
            let opens = of.lets == Lets::SomeOnly && by.lets == Lets::Everybody;
            let is_granted = granted.is_some_and(|entry| entry.lets == Lets::Everybody);
            let opening = Opening { of: Some(of), by };
            if opens && !is_granted && !found.contains(&opening) {
                found.push(opening);
            }
        }
    }
    found
}

fn by_path<'a>(entries: &[Entry<'a>]) -> BTreeMap<&'a str, Vec<Entry<'a>>> {
    let mut by_path: BTreeMap<&str, Vec<Entry<'_>>> = BTreeMap::new();
    for entry in entries {
        by_path.entry(entry.path).or_default().push(*entry);
    }
    by_path
}

/// The same by the route that needs consent: the public one, unless only the other one is deleted (`goes`).
fn by_name<'a>(
    openings: impl IntoIterator<Item = Opening<'a>>,
    goes: impl Fn(&Address, &Address) -> bool,
) -> BTreeMap<Address, String> {
    let mut of_others: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for Opening { of, by } in openings {
        let by = by.address();
        let Some(of) = of.map(|of| of.address()) else {
            let text = "what other routes require: paths overlap in more ways than are compared, and anyone may call it";
            found.insert(by, text.to_owned());
            continue;
        };
        if of == by {
            let text = "its requirements: anyone may call it, without a token or an API key";
            found.insert(by, text.to_owned());
        } else if goes(&of, &by) {
            let text = format!(
                "its requirements: {by} answers its calls from then on, without a token or an API key"
            );
            found.insert(of, text);
        } else {
            of_others.entry(by).or_default().insert(of);
        }
    }
    for (by, of) in of_others {
        let answer = if of.len() == 1 { "answers" } else { "answer" };
        let text = format!(
            "the requirements of {}, which {answer} these calls today: anyone may make them",
            some_of(of.iter().map(Address::as_str))
        );
        found.entry(by).or_insert(text);
    }
    found
}

/// The methods of the API as a redeployment would serve them.
fn afterwards<'a>(
    wanted: &'a BTreeMap<Address, Resource>,
    observation: &'a Observation,
    changes: &BTreeMap<Address, Change>,
) -> Vec<Entry<'a>> {
    let stays = configured(observation).filter(|(address, _)| !changes.contains_key(*address));
    let comes = wanted
        .iter()
        .filter(|(address, _)| changes.contains_key(*address))
        .filter_map(|(_, resource)| as_route(resource));
    let routes = stays.map(|(_, route)| route).chain(comes);
    routes.map(Entry::of_route).collect()
}

/// The routes of the API as they are configured.
fn configured(observation: &Observation) -> impl Iterator<Item = (&Address, &Props)> {
    let live = observation.live.iter();
    live.filter(|(address, live)| !live.only_a_mark && address.duplicate_of().is_none())
        .filter_map(|(address, live)| Some((address, as_route(&live.resource)?)))
}

/// The routes that are public after a plan: as it deploys them, or as they are served today if it deploys nothing.
pub(super) fn open_afterwards(
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
) -> BTreeSet<Address> {
    let served = deployment::live(observation).and_then(|live| live.serves.as_ref());
    let entries: Vec<Entry<'_>> = match served {
        _ if changes.values().any(|change| change.kind.snapshot) => {
            afterwards(wanted, observation, changes)
        }
        Some(served) => served.iter().filter_map(Entry::of_method).collect(),
        None => configured(observation)
            .map(|(_, route)| Entry::of_route(route))
            .collect(),
    };
    let open = entries.iter().filter(|entry| entry.lets == Lets::Everybody);
    open.map(Entry::address).collect()
}

/// The calls that are public once this is deployed and need a token or key today, as served or as configured, by the route that
/// needs consent.
pub(super) fn openings(
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
) -> BTreeMap<Address, String> {
    if !changes.values().any(|change| change.kind.snapshot) {
        return BTreeMap::new();
    }
    let later = afterwards(wanted, observation, changes);
    let configured = configured(observation).map(|(_, route)| Entry::of_route(route));
    let configured: Vec<Entry<'_>> = configured.collect();
    let served: Vec<Entry<'_>> = deployment::live(observation)
        .and_then(|live| live.serves.as_ref())
        .into_iter()
        .flatten()
        .filter_map(Entry::of_method)
        .collect();
    let opened = [&configured, &served];
    let opened = opened
        .into_iter()
        .flat_map(|before| opened_calls(before, &later, &[]));
    let mut found = by_name(opened, |of, by| {
        let goes = changes
            .get(of)
            .is_some_and(|change| change.action == Action::Delete);
        goes && !changes.contains_key(by)
    });
    for address in published(wanted, observation, changes, &served) {
        let text = "its absence from the deployed API: this redeployment makes it public, and the file does not";
        found.entry(address).or_insert_with(|| text.to_owned());
    }
    found
}

/// Public routes that are not served today, that the file lacks or protects, and that a redeployment publishes all the same,
/// since `--target` leaves them as they are.
fn published(
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
    served: &[Entry<'_>],
) -> Vec<Address> {
    let is_open = |entry: &Entry<'_>| entry.lets == Lets::Everybody;
    let stays = configured(observation).filter(|(address, route)| {
        let opened_by_file = wanted
            .get(*address)
            .and_then(as_route)
            .is_some_and(|route| is_open(&Entry::of_route(route)));
        let entry = Entry::of_route(route);
        let is_met = served.contains(&entry);
        is_open(&entry) && !opened_by_file && !is_met && !changes.contains_key(*address)
    });
    stays.map(|(address, _)| address.clone()).collect()
}

/// The same for methods of a stage that is rolled back. What the file itself makes public needs no consent.
pub fn opened(before: &Methods, after: &Methods, desired: &Desired) -> BTreeMap<Address, Loss> {
    let entries = |methods| -> Vec<Entry<'_>> {
        let methods: &Methods = methods;
        methods.iter().filter_map(Entry::of_method).collect()
    };
    let granted: Vec<Entry<'_>> = desired
        .resources
        .iter()
        .filter_map(|(address, wanted)| {
            let entry = Entry::of_route(as_route(&wanted.resource)?);
            let lets = match desired.open_on_purpose.contains(address) {
                true => entry.lets,
                false => Lets::SomeOnly,
            };
            Some(Entry { lets, ..entry })
        })
        .collect();
    let (before, after) = (entries(before), entries(after));
    let openings = opened_calls(&before, &after, &granted);
    let is_there = |entries: &[Entry<'_>], address: &Address| {
        let mut entries = entries.iter();
        entries
            .find(|entry| entry.address() == *address)
            .copied()
            .map(|entry| entry.lets)
    };
    let text = by_name(openings, |of, by| {
        let stays = is_there(&before, by) == is_there(&after, by);
        stays && is_there(&after, of).is_none()
    });
    let loss = |text| Loss {
        of: LossOf::Requirements,
        text,
    };
    text.into_iter()
        .map(|(address, text)| (address, loss(text)))
        .collect()
}

/// The methods of these that admit calls which the file protects.
pub(super) fn open_against(
    wanted: &BTreeMap<Address, Resource>,
    served: &Methods,
) -> BTreeSet<String> {
    let wanted: Vec<Entry<'_>> = wanted
        .values()
        .filter_map(as_route)
        .map(Entry::of_route)
        .collect();
    let served: Vec<Entry<'_>> = served.iter().filter_map(Entry::of_method).collect();
    let opened = opened_calls(&wanted, &served, &[]);
    let name = |opening: Opening<'_>| format!("{} {}", opening.by.verb, opening.by.path);
    opened.into_iter().map(name).collect()
}

fn as_route(resource: &Resource) -> Option<&Props> {
    match resource {
        Resource::Route(route) => Some(route),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every call over a small alphabet.
    fn every_call() -> Vec<(&'static str, String)> {
        let mut paths = vec![String::new()];
        for depth in 0..3 {
            let longer: Vec<String> = paths
                .iter()
                .filter(|path| path.matches('/').count() == depth)
                .flat_map(|path| ["a", "b", "z"].map(|part| format!("{path}/{part}")))
                .collect();
            paths.extend(longer);
        }
        let calls = paths.into_iter().flat_map(|path| {
            let path = if path.is_empty() {
                "/".to_owned()
            } else {
                path
            };
            VERBS.map(|verb| (verb, path.clone()))
        });
        calls.collect()
    }

    /// Routes and whether they are public, as a file may have them.
    fn routes() -> impl Strategy<Value = BTreeMap<String, bool>> {
        let name = "(ANY|GET|POST) (/|(/(a|b|\\{x\\})){1,2}(/\\{y\\+\\})?|/\\{y\\+\\})";
        proptest::collection::btree_map(name, any::<bool>(), 0..6)
    }

    fn entries(routes: &BTreeMap<String, bool>) -> Vec<Entry<'_>> {
        let access = |open: &bool| Access {
            token: !open,
            signature: false,
            api_key: false,
        };
        let entry = |(name, open)| Entry::of_method((name, &access(open)));
        routes.iter().filter_map(entry).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn what_opens_is_what_every_call_says(before in routes(), after in routes(), granted in routes()) {
            let (before, after, granted) = (entries(&before), entries(&after), entries(&granted));
            let answers = |entries: &[Entry<'_>], verb: &str, path: &str| {
                routing::answering(entries, |entry| (entry.verb, entry.path), verb, path).map(|entry| (entry.address(), entry.lets))
            };
            let mut wanted = BTreeSet::new();
            for (verb, path) in every_call() {
                let is_granted = answers(&granted, verb, &path).is_some_and(|(_, lets)| lets == Lets::Everybody);
                if let (Some((of, Lets::SomeOnly)), Some((by, Lets::Everybody))) =
                    (answers(&before, verb, &path), answers(&after, verb, &path))
                    && !is_granted
                {
                    wanted.insert((of, by));
                }
            }
            let found = opened_calls(&before, &after, &granted);
            let found: BTreeSet<_> = found.iter().map(|one| (one.of.unwrap().address(), one.by.address())).collect();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn where_paths_cross_at_will_every_open_route_is_to_be_agreed_to() {
        let crossing: Methods = (0..20)
            .map(|i| {
                let path: String = (0..20)
                    .map(|j| if i == j { "/a" } else { "/{x}" })
                    .collect();
                let access = Access {
                    token: i > 0,
                    signature: false,
                    api_key: false,
                };
                (format!("GET {path}"), access)
            })
            .collect();
        let entries: Vec<Entry<'_>> = crossing.iter().filter_map(Entry::of_method).collect();
        let openings = opened_calls(&entries, &entries, &[]);
        assert_eq!(openings.len(), 1, "{openings:?}");
        assert_eq!(openings[0].by.lets, Lets::Everybody);
    }
}
