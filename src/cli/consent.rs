//! Confirmations: of the plan, and of each loss by its name.

use std::collections::BTreeMap;

use crate::engine::{FORWARD, repeated, stopped};
use crate::error::{Error, Fault, FaultKind};
use crate::model::Address;
use crate::plan::{Loss, LossOf, Plan};
use crate::render::ask::{Answer, typed, yes_or_no};
use crate::render::counted;
use crate::render::plan::{agrees, consent_flags};

/// What came of asking.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Consent {
    /// No question was needed.
    Given,
    /// Confirmed by questions, equivalent to these flags.
    Asked(Vec<String>),
}

impl Consent {
    /// The flags for the answers.
    pub(super) fn flags(self) -> Vec<String> {
        match self {
            Self::Given => Vec::new(),
            Self::Asked(flags) => flags,
        }
    }
}

/// Asks what the flags don't answer.
///
/// # Errors
/// There is no terminal to ask on, or it was declined.
pub(super) fn ask(plan: &Plan, yes: bool, again: &str, can_ask: bool) -> Result<Consent, Error> {
    if !can_ask {
        flags_are_missing(plan, again)?;
        return if yes {
            Ok(Consent::Given)
        } else {
            Err(nobody_to_ask("no terminal to confirm on", again))
        };
    }
    let mut agreed = ask_for_losses(&plan.losses_to_confirm())?;
    // The confirmation of the plan comes right after the warning, and includes this.
    if plan.needs_forward && yes {
        agree(
            "Callers are pinned to an earlier deployment or version. Switch them to the newest?",
        )?;
    }
    agreed.extend(plan.needs_forward.then(|| FORWARD.to_owned()));
    if yes && agreed.is_empty() {
        return Ok(Consent::Given);
    }
    let changes = if plan.changes.len() == 1 {
        "this change"
    } else {
        "these changes"
    };
    if !yes {
        agree(&format!("Apply {changes}?"))?;
    }
    Ok(Consent::Asked(agreed))
}

/// Asks for each loss by its address; returns the equivalent flags.
pub(super) fn ask_for_losses(lost: &BTreeMap<Address, Loss>) -> Result<Vec<String>, Error> {
    let mut asked: Vec<(Address, LossOf)> = lost
        .iter()
        .map(|(address, loss)| (agrees(address, loss), loss.of))
        .collect();
    asked.dedup();
    let mut agreed = Vec::new();
    for (address, of) in asked {
        let purpose = match of {
            LossOf::Own => "delete it",
            LossOf::Others => "delete it too",
            LossOf::Requirements => "make it public",
            LossOf::Routes => "remove these routes",
            LossOf::Earlier => "create a new one",
        };
        ask_for(address.as_str(), &format!("Type {address} to {purpose}:"))?;
        agreed.extend(repeated("--allow-delete", &[address.to_string()]));
    }
    Ok(agreed)
}

/// Asks an ordinary question.
///
/// # Errors
/// They did not agree.
pub(super) fn agree(question: &str) -> Result<(), Error> {
    match yes_or_no(question) {
        Answer::Said(true) => Ok(()),
        Answer::Interrupted => Err(stopped(FaultKind::Interrupted)),
        Answer::Said(false) | Answer::Nothing => Err(stopped(FaultKind::Declined)),
    }
}

/// Confirms a destroy: everything that is deleted along and is not the stack's, and the stack's name, unless given. `again` is
/// the command line without either.
///
/// # Errors
/// There is no terminal to ask on, or it was declined.
pub(super) fn ask_destroy(
    plan: &Plan,
    confirmed: bool,
    again: &str,
    can_ask: bool,
) -> Result<Consent, Error> {
    let name = &plan.context.stack;
    let lost = plan.losses_to_confirm();
    if can_ask {
        let agreed = ask_for_losses(&lost)?;
        if !confirmed {
            ask_for(name, &format!("Type {name} to destroy all of it:"))?;
        }
        return Ok(if confirmed && agreed.is_empty() {
            Consent::Given
        } else {
            Consent::Asked(agreed)
        });
    }
    let confirm = repeated("--confirm", std::slice::from_ref(name)).join(" ");
    if !lost.is_empty() {
        return Err(losses_are_missing(&lost, &format!("{again} {confirm}"), ""));
    }
    if confirmed {
        return Ok(Consent::Given);
    }
    let again = format!("{again} {confirm}");
    Err(Fault::new(
        FaultKind::Consent,
        "a destroy is confirmed by the stack's name, and there is no terminal to confirm on",
    )
    .hint(format!("confirm it with\n{again}"))
    .into())
}

/// Asks to type exactly this text.
fn ask_for(wanted: &str, question: &str) -> Result<(), Error> {
    match typed(question, "leave it empty to stop") {
        Answer::Said(text) => typed_name(wanted, text.trim()),
        Answer::Interrupted => Err(stopped(FaultKind::Interrupted)),
        Answer::Nothing => Err(stopped(FaultKind::Declined)),
    }
}

fn typed_name(wanted: &str, typed: &str) -> Result<(), Error> {
    match typed {
        "" => Err(stopped(FaultKind::Declined)),
        typed if typed == wanted => Ok(()),
        typed => Err(Fault::new(
            FaultKind::Declined,
            format!("`{typed}` is not `{wanted}`: nothing was changed"),
        )
        .hint(format!("run the same command again and type {wanted}"))
        .into()),
    }
}

fn flags_are_missing(plan: &Plan, again: &str) -> Result<(), Error> {
    let forward = plan.needs_forward.then(|| FORWARD.to_owned());
    if plan.missing_consent.is_empty() {
        return match forward {
            Some(forward) => Err(Fault::new(
                FaultKind::Consent,
                "callers are pinned to an earlier deployment or version, and there is no terminal to confirm on",
            )
            .hint(format!("confirm it with\n{again} {forward} --yes"))
            .hint(
                "to change only what does not switch them, name it with --target, for example --target 'partners.*'",
            )
            .into()),
            None => Ok(()),
        };
    }
    let forward = forward
        .map(|forward| format!(" {forward}"))
        .unwrap_or_default();
    let lost = &plan.missing_consent;
    Err(losses_are_missing(lost, again, &format!("{forward} --yes")))
}

/// The error with every loss that needs consent, and the command line that gives it: `again`, the consent, and the rest.
pub(super) fn losses_are_missing(
    lost: &BTreeMap<Address, Loss>,
    again: &str,
    after: &str,
) -> Error {
    let deletions = |loss: &Loss| matches!(loss.of, LossOf::Own | LossOf::Others);
    let what = match lost.values().all(deletions) {
        true => "delete",
        false => "change",
    };
    let losses = counted(lost.len() as u64, what);
    let verb = if lost.len() == 1 { "needs" } else { "need" };
    let fault = Fault::new(
        FaultKind::Consent,
        format!("{losses} {verb} consent by name, and there is no terminal to confirm on"),
    );
    let fault = lost.iter().fold(fault, |fault, (address, loss)| {
        fault.about(address.clone(), &*loss.text)
    });
    let flags = consent_flags(lost).join(" ");
    fault
        .hint(format!("confirm it with\n{again} {flags}{after}"))
        .into()
}

/// The error about a missing confirmation; `again` is the command line for `--yes`.
pub(super) fn nobody_to_ask(what: &str, again: &str) -> Error {
    Fault::new(FaultKind::Consent, what)
        .hint(format!("confirm it with\n{again} --yes"))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_said_to_be_wrong() {
        assert!(typed_name("claims", "claims").is_ok());
        let said = |typed| match typed_name("claims", typed) {
            Err(Error::Fault(fault)) => (fault.kind, fault.what, fault.hints),
            other => panic!("{other:?}"),
        };
        let (kind, what, hints) = said("clams");
        assert_eq!(kind, FaultKind::Declined);
        assert_eq!(what, "`clams` is not `claims`: nothing was changed");
        assert_eq!(hints, ["run the same command again and type claims"]);
        assert_eq!(said("").1, "stopped: nothing was changed");
    }
}
