//! Client certificates that a domain requires, and changes that admit callers without one.

use std::collections::BTreeMap;

use super::openings::open_afterwards;
use super::{Action, Change};
use crate::kinds::{LetsIn, Observation, Resource};
use crate::model::Address;
use crate::model::shorten::some_of;

/// What stops requiring client certificates while routes require nothing else, by its address: a domain, or the API whose default
/// endpoint was disabled beside one.
pub(super) fn asked_no_more(
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
) -> Vec<(Address, String)> {
    let asks = |resource: &Resource| match resource {
        Resource::ApiDomain(domain) => domain.mutual_tls.is_some(),
        _ => false,
    };
    let there = observation.live.values().map(|live| &live.resource);
    if !there.chain(wanted.values()).any(asks) {
        return Vec::new();
    }
    let opens = |address: &Address, change: &Change| {
        let sides = wanted.get(address).zip(observation.live.get(address));
        sides.is_some_and(|(want, live)| match (want, &live.resource) {
            (Resource::RestApi(want), Resource::RestApi(held)) => {
                held.disable_default_endpoint && !want.disable_default_endpoint
            }
            (want, held) => want.lets_in(held) == LetsIn::More,
        }) && matches!(change.action, Action::Update | Action::Replace)
    };
    let opened: Vec<&Address> = changes
        .iter()
        .filter(|(address, change)| opens(address, change))
        .map(|(address, _)| address)
        .collect();
    if opened.is_empty() {
        return Vec::new();
    }
    let open = open_afterwards(wanted, observation, changes);
    if open.is_empty() {
        return Vec::new();
    }
    let open = some_of(open.iter().map(Address::as_str));
    let text = format!("the client certificate that calls need: anyone may call {open}");
    opened
        .into_iter()
        .map(|address| (address.clone(), text.clone()))
        .collect()
}
