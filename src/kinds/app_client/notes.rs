//! Notes about app clients.

use std::collections::BTreeSet;

use super::Props;
use crate::kinds::{Action, BothSides, CREDENTIALS_LOST, Look, Note, Resource};
use crate::model::shorten::some_of;
use crate::model::{Address, HumanDuration};

pub(super) fn notes(look: &Look<'_, Props>) -> Vec<Note> {
    let notes = [credentials_lost(look), partner_disabled(look)];
    notes.into_iter().flatten().collect()
}

/// The clients that AWS has of the stack, by address.
pub(in crate::kinds) fn clients<'a>(
    stack: &'a BothSides<'_>,
) -> impl Iterator<Item = (&'a Address, &'a Props)> {
    let live = stack.observation.live.iter();
    live.filter_map(|(address, live)| match &live.resource {
        Resource::AppClient(client) if !live.only_a_mark => Some((address, client)),
        _ => None,
    })
}

fn credentials_lost(look: &Look<'_, Props>) -> Option<Note> {
    let is_lost = look.change.goes() && !look.live?.only_a_mark;
    is_lost.then_some(())?;
    let lost = match look.held?.secret {
        true => "its client id and secret can't be restored: a new client gets new ones",
        false => "its client id can't be restored: a new client gets another one",
    };
    look.warning(CREDENTIALS_LOST, lost)
}

/// Issued tokens can't be revoked: API Gateway checks only signature and expiry.
fn partner_disabled(look: &Look<'_, Props>) -> Option<Note> {
    let (held, stack) = (look.held?, look.stack);
    let owner = look.address.owner();
    let disabled = matches!(
        stack.wanted.get(&owner.key()),
        Some(Resource::ApiKey(key)) if !key.enabled
    );
    let gave_tokens = held.flows.contains("client_credentials");
    (look.change.action == Action::Update && disabled && gave_tokens).then_some(())?;
    let lifetime = HumanDuration::from_secs(held.access_token_seconds.unsigned_abs());
    let scopes = held.scopes.iter();
    let scopes: BTreeSet<String> = scopes
        .filter_map(|scope| scope.resolve(&stack.book))
        .collect();
    let takes_them = |resource: &Resource| match resource {
        Resource::Route(route) if !route.api_key => {
            let mut needed = route.scopes.iter();
            needed.any(|scope| {
                scope
                    .resolve(&stack.book)
                    .is_some_and(|scope| scopes.contains(&scope))
            })
        }
        _ => false,
    };
    let routes = stack.wanted.iter();
    let routes: Vec<&str> = routes
        .filter(|(_, resource)| takes_them(resource))
        .map(|(address, _)| address.as_str())
        .collect();
    let until = match routes.is_empty() {
        true => "each route that takes its tokens needs the key as well".to_owned(),
        false => format!(
            "tokens from before are valid for up to {lifetime} on routes that need no key: {}",
            some_of(routes)
        ),
    };
    Some(Note::warning(
        "GS133",
        &owner,
        format!("disabled: it gets no new token, and its API key is refused; {until}"),
    ))
}
