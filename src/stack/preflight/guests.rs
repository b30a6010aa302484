//! Partners that other stacks make: `[partners.NAME] of`.

use std::collections::BTreeSet;

use super::Flight;
use crate::kinds::lookups::Guest;
use crate::stack::diagnostic::Code;
use crate::stack::file::Requires;
use crate::stack::scopes::{meant, servers};
use crate::stack::spans::KeyPath;

pub(super) fn check(flight: &mut Flight<'_>) {
    let (file, lookups) = (flight.file, flight.lookups);
    let of_routes = scopes_of_routes(flight);
    for (name, partner) in &file.partners {
        let Some(stack) = &partner.of else {
            continue;
        };
        let path = KeyPath::from(["partners", name, "of"]);
        match lookups.guests.get(name) {
            None => {
                let message = format!(
                    "the stack `{stack}` has no partner `{name}` in {} of the account {}",
                    file.stack.region, flight.account
                );
                let help = "apply it there first, or correct the name of the table: it is the partner's name in that stack";
                flight.error(Code::Absent, &path, message, help);
            }
            Some(guest) => asks_for_a_scope(flight, &path, name, guest, &of_routes),
        }
    }
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

/// The scopes of a partner's client are a setting of the stack that makes it: two stacks would take each other's away.
fn asks_for_a_scope(
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
