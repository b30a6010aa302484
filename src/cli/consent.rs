//! Who agrees to what. The ordinary question has an ordinary answer; a loss is agreed to by its name.

use super::global::repeated;
use crate::error::{Error, Fault, FaultKind};
use crate::plan::Plan;
use crate::render::ask::{Answer, typed, yes_or_no};
use crate::render::counted;
use crate::render::plan::{consent_flags, owners};

/// What came of asking.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Consent {
    /// Nobody had to be asked.
    Given,
    /// Somebody was asked and agreed, to what these flags say too.
    Asked(Vec<String>),
}

/// The flag that agrees to lead callers forward from where the stage is held back.
pub(super) const FORWARD: &str = "--forward";

/// Asks whatever the flags have not answered.
///
/// # Errors
/// Nobody is there to ask, or they did not agree.
pub(super) fn ask(plan: &Plan, yes: bool, again: &str, can_ask: bool) -> Result<Consent, Error> {
    if !can_ask {
        flags_are_missing(plan, again)?;
        return if yes {
            Ok(Consent::Given)
        } else {
            Err(nobody_to_ask(
                "nobody is there to ask whether this may be applied",
                again,
            ))
        };
    }
    let mut agreed = Vec::new();
    for owner in owners(plan.missing_consent.keys()) {
        ask_for(owner.as_str(), &format!("Type {owner} to delete it:"))?;
        agreed.extend(repeated("--allow-delete", &[owner.to_string()]));
    }
    // The ordinary question comes right after the warning, and answers this too.
    if plan.needs_forward && yes {
        agree("The stage is held back. Lead its callers forward again?")?;
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

/// Asks for the stack's name; `again` is the command line that says it.
///
/// # Errors
/// Nobody is there to ask, or they did not agree.
pub(super) fn ask_name(name: &str, again: &str, can_ask: bool) -> Result<Consent, Error> {
    if can_ask {
        ask_for(name, &format!("Type {name} to destroy all of it:"))?;
        return Ok(Consent::Asked(Vec::new()));
    }
    Err(Fault::new(
        FaultKind::Consent,
        "a destroy needs consent by the stack's name, and nobody is there to ask",
    )
    .hint(format!("agree to it with\n{again}"))
    .into())
}

/// Why another name is no consent to a destroy.
pub(super) fn other_name(name: &str, given: &str) -> Error {
    Fault::new(
        FaultKind::Consent,
        format!("the stack's name is {name}, and --confirm says {given}"),
    )
    .hint("look whether this is the stack file you mean")
    .into()
}

/// Has somebody type this very text.
fn ask_for(wanted: &str, question: &str) -> Result<(), Error> {
    match typed(question, "leave it empty to stop") {
        Answer::Said(text) if text.trim() == wanted => Ok(()),
        Answer::Interrupted => Err(stopped(FaultKind::Interrupted)),
        Answer::Said(_) | Answer::Nothing => Err(stopped(FaultKind::Declined)),
    }
}

fn flags_are_missing(plan: &Plan, again: &str) -> Result<(), Error> {
    let forward = plan.needs_forward.then(|| FORWARD.to_owned());
    if plan.missing_consent.is_empty() {
        return match forward {
            Some(forward) => Err(Fault::new(
                FaultKind::Consent,
                "the stage is held back at an earlier deployment, and nobody is there to ask whether callers may be led \
                 forward again",
            )
            .hint(format!("agree to it with\n{again} {forward} --yes"))
            .hint(
                "to change only what does not lead callers forward, name it with --target, for example --target 'partners.*'",
            )
            .into()),
            None => Ok(()),
        };
    }
    let losses = counted(plan.missing_consent.len() as u64, "delete");
    let verb = if plan.missing_consent.len() == 1 {
        "needs"
    } else {
        "need"
    };
    let fault = Fault::new(
        FaultKind::Consent,
        format!("{losses} {verb} consent by name, and nobody is there to ask"),
    );
    let fault = plan
        .missing_consent
        .iter()
        .fold(fault, |fault, (address, loss)| {
            fault.about(address.clone(), *loss)
        });
    let flags = consent_flags(plan.missing_consent.keys()).into_iter();
    let flags = flags.chain(forward).collect::<Vec<_>>().join(" ");
    Err(fault
        .hint(format!("agree to it with\n{again} {flags} --yes"))
        .into())
}

/// Why an ordinary question has no answer; `again` is the command line that `--yes` answers.
pub(super) fn nobody_to_ask(what: &str, again: &str) -> Error {
    Fault::new(FaultKind::Consent, what)
        .hint(format!("agree to it with\n{again} --yes"))
        .into()
}

/// Somebody does not go on.
pub(super) fn stopped(kind: FaultKind) -> Error {
    Fault::new(kind, "stopped: nothing was changed").into()
}
