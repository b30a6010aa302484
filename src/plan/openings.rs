//! Routes that anybody may call: those that a plan opens, and those that it makes open.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Change, Loss, LossOf};
use crate::kinds::deployment::history::Difference;
use crate::kinds::route::{self, Integration, Props};
use crate::kinds::{Observation, Resource};
use crate::model::Address;

/// Whether a call of it needs neither a token nor an API key.
pub(super) fn is_open(route: &Props) -> bool {
    route.authorizer.is_none() && !route.api_key
}

/// Whether API Gateway itself answers a browser's question.
fn is_preflight(route: &Props) -> bool {
    route.method == "OPTIONS" && matches!(route.integration, Integration::Mock(_))
}

/// What anybody may call afterwards and nobody without a token or key may call today, by the route that is to be agreed to.
pub(super) fn openings(
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
) -> BTreeMap<Address, String> {
    let today: BTreeMap<&Address, &Props> = observation
        .live
        .iter()
        .filter_map(|(address, live)| Some((address, as_route(&live.resource)?)))
        .collect();
    let later: BTreeMap<&Address, &Props> = wanted
        .iter()
        // What `--target` leaves out stays as it is.
        .filter(|(address, _)| today.contains_key(address) || changes.contains_key(address))
        .filter_map(|(address, resource)| Some((address, as_route(resource)?)))
        .collect();
    let mut found = BTreeMap::new();
    for (address, want) in &later {
        let Some(change) = changes.get(address) else {
            continue;
        };
        if !is_open(want) || is_preflight(want) {
            continue;
        }
        let answers = match change.action {
            Action::Create => answering(&today, want),
            _ => today
                .get_key_value(address)
                .map(|(address, live)| (*address, *live)),
        };
        if let Some((of, _)) = answers.filter(|(_, live)| !is_open(live)) {
            let text = if of == *address {
                "its requirements: everybody may call it, without a token or an API key".to_owned()
            } else {
                format!(
                    "the requirements of {of}, which answers these calls today: everybody may make them"
                )
            };
            found.insert((*address).clone(), text);
        }
    }
    for (address, live) in &today {
        let goes = changes
            .get(address)
            .is_some_and(|change| change.action == Action::Delete);
        if !goes || is_open(live) {
            continue;
        }
        let open = answering(&later, live).filter(|(_, want)| is_open(want) && !is_preflight(want));
        if let Some((by, _)) = open.filter(|(by, _)| !found.contains_key(*by)) {
            let text = format!(
                "its requirements: {by} answers its calls from then on, without a token or an API key"
            );
            found.insert((*address).clone(), text);
        }
    }
    found
}

/// The same of methods that a stage serves, when it goes back to what it served earlier. What the file itself opens needs no consent.
pub fn opened(
    differences: &BTreeMap<String, Difference>,
    on_purpose: &BTreeSet<Address>,
) -> BTreeMap<Address, Loss> {
    differences
        .iter()
        .filter(|(_, difference)| {
            matches!(difference, Difference::Access(before, after) if after.is_open() && !before.is_open())
        })
        .map(|(method, _)| route::address(method))
        .filter(|address| !on_purpose.contains(address))
        .map(|address| {
            let text = "its requirements: everybody may call it then, without a token or an API key";
            let loss = Loss {
                of: LossOf::Requirements,
                text: text.to_owned(),
            };
            (address, loss)
        })
        .collect()
}

fn as_route(resource: &Resource) -> Option<&Props> {
    match resource {
        Resource::Route(route) => Some(route),
        _ => None,
    }
}

/// The route that answers calls of this one: API Gateway takes the most specific path that has the method.
fn answering<'a>(
    routes: &BTreeMap<&'a Address, &'a Props>,
    asked: &Props,
) -> Option<(&'a Address, &'a Props)> {
    let has_method = |route: &Props| route.method == asked.method || route.method == "ANY";
    routes
        .iter()
        .filter(|(_, route)| has_method(route) && covers(&route.path, &asked.path))
        .min_by_key(|(_, route)| {
            (
                specificity(&route.path),
                Reverse(route.method == asked.method),
            )
        })
        .map(|(address, route)| (*address, *route))
}

/// How a path's segments take a call, the most specific first.
fn specificity(path: &str) -> Vec<u8> {
    let rank = |segment: &str| match segment {
        greedy if greedy.ends_with("+}") => 2,
        parameter if parameter.starts_with('{') => 1,
        _ => 0,
    };
    path.split('/').map(rank).collect()
}

/// Whether a route of the one path takes every call of the other path.
fn covers(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (Some(greedy), Some(_)) if greedy.ends_with("+}") => return true,
            (Some(_), Some(greedy)) if greedy.ends_with("+}") => return false,
            (Some(parameter), Some(_)) if parameter.starts_with('{') => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_covered_by_what_takes_all_of_its_calls() {
        for (route, path, covered) in [
            ("/a", "/a", true),
            ("/a", "/a/b", false),
            ("/a/{x}", "/a/{y}", true),
            ("/a/{x}", "/a/b", true),
            ("/a/b", "/a/{x}", false),
            ("/{rest+}", "/a/b/{x}", true),
            ("/{rest+}", "/", true),
            ("/a/{rest+}", "/b/c", false),
            ("/a/{x}", "/{rest+}", false),
            ("/{x+}", "/{rest+}", true),
        ] {
            assert_eq!(covers(route, path), covered, "{route} {path}");
        }
    }

    #[test]
    fn the_most_specific_path_is_the_least() {
        assert!(specificity("/a/b") < specificity("/a/{x}"));
        assert!(specificity("/a/{x}") < specificity("/a/{x+}"));
        assert!(specificity("/a/{x+}") < specificity("/{x+}"));
    }
}
