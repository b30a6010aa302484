//! Who agrees to what. The ordinary question has an ordinary answer; a loss is agreed to by its name.

use super::global::Global;
use crate::error::{Error, Fault, FaultKind};
use crate::plan::Plan;
use crate::render::ask::{Answer, typed, yes_or_no};
use crate::render::plan::{consent_flags, owners};
use crate::render::{Ui, counted};

/// What came of asking.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Consent {
    /// Nobody had to be asked.
    Given,
    /// Somebody was asked and agreed, to these losses too.
    Asked(Vec<String>),
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// Asks whatever the flags have not answered.
///
/// # Errors
/// Nobody is there to ask, or they did not agree.
pub(super) fn ask(plan: &Plan, yes: bool, again: &str, ui: &mut Ui) -> Result<Consent, Error> {
    if !ui.asks() {
        losses_need_flags(plan, again)?;
        return if yes {
            Ok(Consent::Given)
        } else {
            Err(nobody_to_ask(again))
        };
    }
    let mut agreed = Vec::new();
    for owner in owners(plan.missing_consent.keys()) {
        let lost: Vec<_> = plan
            .missing_consent
            .iter()
            .filter(|(address, _)| address.owner() == owner)
            .map(|(_, loss)| *loss)
            .collect();
        let help = format!("lost for good: {}. Leave it empty to stop", lost.join("; "));
        match typed(&format!("Type {owner} to delete it:"), &help) {
            Answer::Said(text) if text.trim() == owner.as_str() => agreed.push(owner.to_string()),
            Answer::Interrupted => return Ok(Consent::Interrupted),
            Answer::Said(_) | Answer::Nothing => return Err(declined()),
        }
    }
    if yes {
        return Ok(if agreed.is_empty() {
            Consent::Given
        } else {
            Consent::Asked(agreed)
        });
    }
    match yes_or_no(&format!(
        "Apply {}?",
        if plan.changes.len() == 1 {
            "this change"
        } else {
            "these changes"
        }
    )) {
        Answer::Said(true) => Ok(Consent::Asked(agreed)),
        Answer::Interrupted => Ok(Consent::Interrupted),
        Answer::Said(false) | Answer::Nothing => Err(declined()),
    }
}

/// Asks for the stack's name, unless a flag has said it.
///
/// # Errors
/// The name is another one, or nobody is there to ask.
pub(super) fn ask_name(name: &str, global: &Global, ui: &mut Ui) -> Result<Consent, Error> {
    if !ui.asks() {
        let again = global.command_line("destroy", &["--confirm".into(), name.into()]);
        return Err(Fault::new(
            FaultKind::Consent,
            "a destroy needs consent, and nobody is there to ask",
        )
        .hint(format!("confirm it by the stack's name\n{again}"))
        .into());
    }
    match typed(
        &format!("Type {name} to destroy all of it:"),
        "leave it empty to stop",
    ) {
        Answer::Said(text) if text.trim() == name => Ok(Consent::Asked(Vec::new())),
        Answer::Interrupted => Ok(Consent::Interrupted),
        Answer::Said(_) | Answer::Nothing => Err(declined()),
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

fn declined() -> Error {
    Fault::new(FaultKind::Declined, "stopped: nothing was changed").into()
}
