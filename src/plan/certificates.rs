//! Callers who show a certificate of theirs, because a domain asks for one, and what lets others in.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Change};
use crate::kinds::{Observation, Resource, deployment, list};
use crate::model::{Address, Place};

/// What stops asking callers for a certificate while routes of the file ask for nothing else, by its address: a domain that asked for
/// one, or the API's own address, where a domain that asks is beside it.
pub(super) fn asked_no_more(
    wanted: &BTreeMap<Address, Resource>,
    observation: &Observation,
    changes: &BTreeMap<Address, Change>,
) -> Vec<(Address, String)> {
    // What the file wants, what is configured and may be deployed as it is, and what callers meet now.
    let there = observation.live.iter();
    let there = there.map(|(address, live)| (address, &live.resource));
    let open = wanted
        .iter()
        .chain(there)
        .filter_map(|(address, resource)| match resource {
            Resource::Route(route) if route.is_open() && route.method != "OPTIONS" => {
                Some(address.to_string())
            }
            _ => None,
        });
    let served = deployment::live(observation).and_then(|live| live.serves.as_ref());
    let served = served
        .into_iter()
        .flatten()
        .filter(|(method, access)| access.is_open() && !method.starts_with("OPTIONS "));
    let served = served.map(|(method, _)| Place::Route(method.clone()).address().to_string());
    let open: BTreeSet<String> = open.chain(served).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let open = list(open.iter().map(String::as_str));
    let live = |address: &Address| Some(&observation.live.get(address)?.resource);
    let asks = |resource: Option<&Resource>| match resource {
        Some(Resource::ApiDomain(domain)) => domain.mutual_tls.is_some(),
        _ => false,
    };
    let there = observation.live.values().map(|live| &live.resource);
    let one_asks = there.chain(wanted.values()).any(|one| asks(Some(one)));
    let shut = |resource: Option<&Resource>| match resource {
        Some(Resource::RestApi(api)) => Some(api.disable_default_endpoint),
        _ => None,
    };
    let changed = changes.iter().filter_map(|(address, change)| {
        let (before, after) = (live(address), wanted.get(address));
        let opens = match change.action {
            Action::Create | Action::Delete => false,
            Action::Update | Action::Replace => {
                let own_address = shut(before) == Some(true) && shut(after) == Some(false);
                (asks(before) && !asks(after)) || (own_address && one_asks)
            }
        };
        opens.then(|| {
            let text = format!(
                "what it asks of callers, a certificate of theirs: everybody may call {open}, which ask for nothing else"
            );
            (address.clone(), text)
        })
    });
    changed.collect()
}
