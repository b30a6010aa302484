//! Errors: what is wrong, where, and what to do.

use super::layout::{behind, harmless, indented};
use super::style::{ERROR, HINT, STRONG, paint};
use super::{Ui, diagnostics, stale};
use crate::aws::AwsError;
use crate::error::{Error, Fault, Said};
use crate::model::shorten;
use crate::plan::Problem;
use crate::stack::diagnostic::MOST_SHOWN;

/// Prints on stderr why a command failed.
pub(crate) fn complain(ui: &mut Ui, error: &Error) {
    let width = ui.width();
    let text = match error {
        Error::Stack(found) => {
            let name = found.source().name();
            let count = diagnostics::count(found);
            diagnostics::text(found, ui.diagnostics_style())
                + &format!("\n{}\n", paint(STRONG, &format!("{name}: {count}")))
        }
        Error::NoPlan(problems) => {
            let (shown, more) = as_many_as_are_read(problems);
            let shown = shown.iter().map(|problem| no_plan(problem, width));
            let more = more.map(|more| format!("{more}\n"));
            shown.chain(more).collect::<Vec<_>>().join("\n")
        }
        Error::Aws(error) => aws(None, error, width),
        Error::Fault(fault) => one_fault(fault, ui.is_quiet(), width),
    };
    ui.complain(&text);
}

/// The first of a list of errors, and how many more there are.
pub(super) fn as_many_as_are_read<T>(list: &[T]) -> (&[T], Option<String>) {
    match list.split_at_checked(MOST_SHOWN) {
        Some((shown, [_, ..])) => {
            let more = list.len() - MOST_SHOWN;
            let plural = if more == 1 { "" } else { "s" };
            (shown, Some(format!("and {more} more error{plural}")))
        }
        _ => (list, None),
    }
}

/// `error: ` and what it says.
pub(crate) fn error_line(text: &str, width: usize) -> String {
    behind(&paint(ERROR, "error:"), 6, text, 2, width)
}

/// `hint: ` and what it says. Further lines are commands, which are never broken.
pub(crate) fn hint_line(text: &str, width: usize) -> String {
    let (text, commands) = text.split_once('\n').unwrap_or((text, ""));
    let hint = behind(&format!("  {}", paint(HINT, "hint:")), 7, text, 4, width);
    let commands = commands.lines().map(|line| format!("    {line}\n"));
    hint + &commands.collect::<String>()
}

fn no_plan(problem: &Problem, width: usize) -> String {
    // A flag that names nothing has no address of its own.
    let what = if problem.what.starts_with("--") {
        problem.what.clone()
    } else {
        format!("{}: {}", harmless(problem.address.as_str()), problem.what)
    };
    error_line(&what, width) + &hint_line(&problem.help, width)
}

/// AWS's error, with operation and request id.
pub(crate) fn aws(about: Option<&str>, error: &AwsError, width: usize) -> String {
    let about = about.map(|about| format!("{about}: ")).unwrap_or_default();
    let code = error
        .code
        .as_ref()
        .map(|code| format!(" {code}:"))
        .unwrap_or_default();
    let mut text = error_line(
        &format!("{about}{}:{code} {}", error.operation, error.message),
        width,
    );
    if let Some(id) = &error.request_id {
        text.push_str(&format!("  request id: {id}\n"));
    }
    if let Some(hint) = error.hint() {
        text.push_str(&hint_line(&hint, width));
    }
    text
}

/// A line about the subject of a fault.
pub(super) fn said(said: &Said) -> String {
    match said {
        Said::Text(text) => text.clone(),
        Said::Moved(how) => shorten::message(stale::text(how)),
    }
}

/// What commands printed was shown already, unless it was not to be.
fn one_fault(fault: &Fault, with_output: bool, width: usize) -> String {
    let mut text = error_line(&fault.what, width);
    let shown = fault.details.len().min(MOST_SHOWN);
    for detail in &fault.details[..shown] {
        // A forged plan may contain any text.
        let address = &harmless(detail.address.as_str());
        let said = said(&detail.said);
        if said.is_empty() {
            text.push_str(&indented(address, 2, width));
        } else {
            let head = format!("  {}", paint(STRONG, address));
            text.push_str(&behind(
                &(head + ":"),
                address.chars().count() + 3,
                &said,
                4,
                width,
            ));
        }
        for line in detail.output.iter().filter(|_| with_output) {
            text.push_str(&format!("    {}\n", harmless(line)));
        }
    }
    if fault.details.len() > shown {
        let more = format!("and {} more", fault.details.len() - shown);
        text.push_str(&indented(&more, 2, width));
    }
    text + &fault
        .hints
        .iter()
        .map(|hint| hint_line(hint, width))
        .collect::<String>()
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;
    use crate::error::FaultKind;
    use crate::model::Address;

    fn said(error: Error) -> String {
        let (mut ui, captured) = Ui::captured();
        complain(&mut ui, &error);
        strip_str(&captured.err()).to_string()
    }

    fn refused() -> AwsError {
        AwsError {
            operation: "CreateUserPoolDomain".into(),
            cause: crate::aws::Cause::Refused,
            code: Some("AccessDeniedException".into()),
            message: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: cognito-idp:CreateUserPoolDomain".into(),
            request_id: Some("0b6c1f5e-3f0a-4f57-9d8e-0e6a7a5b1c2d".into()),
        }
    }

    #[test]
    fn a_refusal_of_aws() {
        insta::assert_snapshot!(said(refused().into()), @r"
        error: CreateUserPoolDomain: AccessDeniedException: User:
          arn:aws:iam::123456789012:user/ci is not authorized to perform:
          cognito-idp:CreateUserPoolDomain
          request id: 0b6c1f5e-3f0a-4f57-9d8e-0e6a7a5b1c2d
          hint: allow the caller cognito-idp:CreateUserPoolDomain in IAM, then run the
            same command again
        ");
    }

    #[test]
    fn more_than_people_read_is_counted() {
        let problem = |number| Problem {
            address: Address::new(format!("partners.p{number}")),
            what: "wrong".into(),
            help: String::new(),
        };
        let lines = |error: Error| {
            let text = said(error);
            let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
            (lines.len(), lines.last().map(ToString::to_string))
        };
        let many: Vec<Problem> = (0..53).map(problem).collect();
        let (count, last) = lines(Error::NoPlan(many));
        assert_eq!(last.as_deref(), Some("and 3 more errors"));
        let few: Vec<Problem> = (0..50).map(problem).collect();
        let (whole, last) = lines(Error::NoPlan(few));
        assert!(whole < count);
        assert_ne!(last.as_deref(), Some("and 3 more errors"));
        let fault = (0..60).fold(
            Fault::new(FaultKind::Stale, "AWS changed"),
            |fault, number| fault.about(Address::new(format!("partners.p{number}")), "moved"),
        );
        let (count, last) = lines(fault.into());
        assert_eq!((count, last.as_deref()), (52, Some("  and 10 more")));
    }

    #[test]
    fn an_address_stays_on_its_line() {
        let address = || Address::new("partners.\"a\n\u{1b}[2Kerror: fine\u{202e}\"");
        let problem = Problem {
            address: address(),
            what: "wrong".into(),
            help: "mend it".into(),
        };
        let fault = Fault::new(FaultKind::Stale, "AWS changed").about(address(), "moved");
        for (said, lines) in [
            (said(Error::NoPlan(vec![problem])), 2),
            (said(fault.into()), 2),
        ] {
            assert_eq!(said.lines().count(), lines, "{said}");
            assert!(
                !said.contains('\u{1b}') && !said.contains('\u{202e}'),
                "{said}"
            );
        }
    }

    #[test]
    fn reasons_why_there_is_no_plan() {
        let problem = |address: &str, what: &str| Problem {
            address: Address::new(address),
            what: what.into(),
            help: "do something about it".into(),
        };
        let problems = vec![
            problem(
                "api",
                "an API of this name exists already, and gatestack did not make it",
            ),
            problem(
                "partners.absent",
                "--target 'partners.absent' names nothing in this stack",
            ),
        ];
        insta::assert_snapshot!(said(problems.into()), @r"
        error: api: an API of this name exists already, and gatestack did not make it
          hint: do something about it

        error: --target 'partners.absent' names nothing in this stack
          hint: do something about it
        ");
    }

    #[test]
    fn a_fault_with_details_and_a_command() {
        let fault = Fault::new(
            FaultKind::Consent,
            "1 delete needs consent by name, and there is no terminal to confirm on",
        )
        .about(
            Address::new("partners.acme/key"),
            "the key value can't be restored",
        )
        .about(Address::new("api"), "")
        .hint("confirm it with\ngatestack apply --allow-delete 'partners.acme' --yes");
        insta::assert_snapshot!(said(fault.into()), @r"
        error: 1 delete needs consent by name, and there is no terminal to confirm on
          partners.acme/key: the key value can't be restored
          api
          hint: confirm it with
            gatestack apply --allow-delete 'partners.acme' --yes
        ");
    }
}
