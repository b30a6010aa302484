//! Partners that other stacks make: `[partners.NAME] of`.

use std::collections::BTreeSet;

use super::user_pool::existing;
use super::{Finding, Flight};
use crate::kinds::lookups::Guest;
use crate::stack::diagnostic::Code;
use crate::stack::file::Requires;
use crate::stack::scopes::{meant, servers};
use crate::stack::spans::KeyPath;

pub(super) fn check(flight: &mut Flight<'_>) {
    for (path, message, help) in absent(flight) {
        flight.error(Code::Absent, &path, message, help);
    }
    let (file, lookups) = (flight.file, flight.lookups);
    let of_routes = scopes_of_routes(flight);
    for (name, partner) in &file.partners {
        if partner.of.is_some()
            && let Some(guest) = lookups.guests.get(name)
        {
            let path = KeyPath::from(["partners", name, "of"]);
            gets_no_token(flight, &path, name, guest, &of_routes);
        }
    }
}

/// The partners that are not there, with what is wrong and what to do.
pub(super) fn absent(flight: &Flight<'_>) -> Vec<Finding> {
    let file = flight.file;
    let guests = file.partners.iter();
    let guests = guests.filter_map(|(name, partner)| Some((name, partner.of.as_ref()?)));
    let absent = guests.filter(|(name, _)| !flight.lookups.guests.contains_key(*name));
    absent
        .map(|(name, stack)| {
            let message = format!(
                "the stack `{stack}` has no partner `{name}` in {} of the account {}",
                file.stack.region, flight.account
            );
            let help = "apply it there first, or correct the name of the table: it is the partner's name in that stack";
            (["partners", name, "of"].into(), message, help.to_owned())
        })
        .collect()
}

/// The scopes of which a route needs one, as in tokens.
fn scopes_of_routes(flight: &Flight<'_>) -> BTreeSet<String> {
    let file = flight.file;
    let servers = servers(file);
    let api = file.api.iter();
    let required = api.flat_map(|api| api.routes.values().map(|route| route.requires(api)));
    let scopes = required.filter_map(|requires| match requires {
        Requires::Nothing => None,
        Requires::These(these) => Some(meant(&servers, &these.scopes).scopes),
    });
    scopes
        .flatten()
        .filter_map(|scope| flight.known(&scope))
        .collect()
}

/// Warns about a partner whose client gets no token for any route. Its scopes are a setting of the stack that makes it: two stacks
/// would take each other's away.
fn gets_no_token(
    flight: &mut Flight<'_>,
    path: &KeyPath,
    name: &str,
    guest: &Guest,
    of_routes: &BTreeSet<String>,
) {
    let Some(scope) = of_routes
        .first()
        .filter(|_| guest.scopes.is_disjoint(of_routes))
    else {
        return;
    };
    // Without its pool nothing is known of the client.
    let pool_is_known = existing(flight.file).is_none() || flight.lookups.user_pool().is_some();
    if guest.client.is_some() && !guest.in_pool {
        if pool_is_known {
            let message = format!(
                "its client is in another user pool, so `{name}` gets no token for this API's routes"
            );
            let help = "use `[user_pool] existing = \"…\"` with the id or name of that pool";
            flight.warning(Code::NoEffect, path, message, help);
        }
        return;
    }
    let message = format!(
        "the client of `{name}` may not ask for any scope of this API's routes, so it gets no token for them"
    );
    let (server, _) = scope.rsplit_once('/').unwrap_or((scope, ""));
    let help = format!(
        "in the file of the stack {}: add `{scope}` to `scopes` of `[partners.{name}]`, and `[resource_servers.\"{server}\"]` with \
         `existing = true`; then apply that",
        guest.stack
    );
    flight.warning(Code::NoEffect, path, message, help);
}
