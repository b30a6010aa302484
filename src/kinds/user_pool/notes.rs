//! Notes about user pools.

use super::Props;
use crate::kinds::{Action, Look, Note, Resource};

pub(super) fn notes(look: &Look<'_, Props>) -> Vec<Note> {
    let notes = [registration(look), user_names_are_for_good(look)];
    notes.into_iter().flatten().collect()
}

/// Self-registration is turned on or off.
fn registration(look: &Look<'_, Props>) -> Option<Note> {
    let before = match look.change.action {
        Action::Create => false,
        _ => look.held?.sign_up,
    };
    match (before, look.want?.sign_up) {
        (false, true) => look.warning(
            "GS140",
            "the pool becomes open for registration: anyone who knows the id of one of its app clients can create a user. New \
             users stay unconfirmed until an administrator or a Lambda trigger confirms them, or the pool verifies e-mail \
             addresses or phone numbers, which is set outside of the file",
        ),
        (true, false) => look.warning(
            "GS141",
            "people can no longer register themselves; existing users stay. To keep the pool open for registration, write \
             `sign_up = true` in `[user_pool]`",
        ),
        _ => None,
    }
}

/// Sign-in by e-mail address can be set only when the pool is created.
fn user_names_are_for_good(look: &Look<'_, Props>) -> Option<Note> {
    let want = look.want?;
    let people = |resource: &Resource| match resource {
        Resource::AppClient(client) => {
            let mut flows = client.flows.iter();
            flows.any(|flow| flow != "client_credentials")
        }
        _ => false,
    };
    let has_people = want.sign_up || look.stack.wanted.values().any(people);
    let is_asked = look.change.action == Action::Create && want.sign_in.is_none() && has_people;
    is_asked.then_some(())?;
    look.info(
        "GS142",
        "users sign in with a user name, and AWS never changes that afterwards: if they are to sign in with their e-mail \
         address, write `sign_in = [\"email\"]` in `[user_pool]` before the pool is made",
    )
}
