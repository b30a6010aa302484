//! The user pool of `[user_pool] existing`.

use super::{Finding, Flight};
use crate::kinds::lookups::ExistingUserPool;
use crate::stack::diagnostic::Code;
use crate::stack::file::File;
use crate::stack::spans::KeyPath;

/// The pool's id or name in the file.
pub(super) fn existing(file: &File) -> Option<&str> {
    file.user_pool.as_ref()?.existing.as_deref()
}

pub(super) fn check(flight: &mut Flight<'_>) {
    if let Some((path, message, help)) = absent(flight) {
        flight.error(Code::Absent, &path, message, help);
    }
    if existing(flight.file).is_some()
        && let Some(pool) = flight.lookups.user_pool()
    {
        usable(flight, &["user_pool", "existing"].into(), pool);
    }
}

/// The pool that is not there or not clear, with what is wrong and what to do.
pub(super) fn absent(flight: &Flight<'_>) -> Option<Finding> {
    let written = existing(flight.file)?;
    let region = &flight.file.stack.region;
    let (message, help) = match &flight.lookups.user_pools[..] {
        [] => (
            format!(
                "there is no user pool `{written}` in {region} of the account {}",
                flight.account
            ),
            "correct its id or name; if another stack makes it, apply that first".to_owned(),
        ),
        [_] => return None,
        several => {
            let ids: Vec<&str> = several.iter().map(|pool| pool.id.as_str()).collect();
            (
                format!("{} user pools are called `{written}`", ids.len()),
                format!("write the id of the one that is meant: {}", ids.join(", ")),
            )
        }
    };
    Some((["user_pool", "existing"].into(), message, help))
}

fn usable(flight: &mut Flight<'_>, path: &KeyPath, pool: &ExistingUserPool) {
    if pool.stack.as_ref() == Some(&flight.file.stack.name) {
        let message = format!(
            "the user pool {} is this stack's own: it would be deleted and used",
            pool.id
        );
        let help = "write `[user_pool]` with its `name` and settings, as before";
        flight.error(Code::NoEffect, path, message, help);
        return;
    }
    if pool.host().is_some() {
        return;
    }
    let file = flight.file;
    let partners = file.partners.values().map(|one| !one.scopes.is_empty());
    let clients = file.app_clients.values().map(|one| !one.flows.is_empty());
    let message = format!(
        "the user pool {} has no domain, so no token can be requested",
        pool.id
    );
    let help = match &pool.stack {
        Some(stack) => format!(
            "add `domain = \"…\"` to the `[user_pool]` of the stack {stack}, and apply that first"
        ),
        None => "add a domain to it".to_owned(),
    };
    if flight.checked.names_token_url {
        flight.error(Code::Absent, path, message, help);
    } else if partners.chain(clients).any(|needs| needs) {
        flight.warning(Code::NoEffect, path, message, help);
    }
}
