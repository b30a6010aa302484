//! Who agrees to what. The ordinary question has an ordinary answer; a loss is agreed to by its name.

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
    /// Somebody was asked and agreed, to these losses too.
    Asked(Vec<String>),
}

/// Asks whatever the flags have not answered.
///
/// # Errors
/// Nobody is there to ask, or they did not agree.
pub(super) fn ask(plan: &Plan, yes: bool, again: &str, can_ask: bool) -> Result<Consent, Error> {
    if !can_ask {
        losses_need_flags(plan, again)?;
        return if yes {
            Ok(Consent::Given)
        } else {
            Err(nobody_to_ask(again))
        };
    }
    let mut agreed = Vec::new();
    for owner in owners(plan.missing_consent.keys()) {
        ask_for(owner.as_str(), &format!("Type {owner} to delete it:"))?;
        agreed.push(owner.to_string());
    }
    if yes && agreed.is_empty() {
        return Ok(Consent::Given);
    }
    let changes = if plan.changes.len() == 1 {
        "this change"
    } else {
        "these changes"
    };
    let asked = if yes {
        Answer::Said(true)
    } else {
        yes_or_no(&format!("Apply {changes}?"))
    };
    match asked {
        Answer::Said(true) => Ok(Consent::Asked(agreed)),
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

fn losses_need_flags(plan: &Plan, again: &str) -> Result<(), Error> {
    if plan.missing_consent.is_empty() {
        return Ok(());
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
    let flags = consent_flags(plan.missing_consent.keys()).join(" ");
    Err(fault
        .hint(format!("agree to it with\n{again} {flags} --yes"))
        .into())
}

fn nobody_to_ask(again: &str) -> Error {
    Fault::new(
        FaultKind::Consent,
        "nobody is there to ask whether this may be applied",
    )
    .hint(format!("agree to it with\n{again} --yes"))
    .into()
}

/// Somebody does not go on.
pub(super) fn stopped(kind: FaultKind) -> Error {
    Fault::new(kind, "stopped: nothing was changed").into()
}
