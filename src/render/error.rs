//! Errors as people read them: what is wrong, about what, and what to do.

use super::layout::{behind, indented};
use super::style::{ERROR, HINT, STRONG, paint};
use super::{Ui, diagnostics};
use crate::aws::AwsError;
use crate::error::{Error, Fault};
use crate::plan::Problem;

/// Says on the standard error why a command did not do what was asked.
pub(crate) fn complain(ui: &mut Ui, error: &Error) {
    let width = ui.width();
    let text = match error {
        Error::Stack(found) => {
            let path = found.source().path().display();
            let count = diagnostics::count(found);
            diagnostics::text(found, ui.diagnostics_style())
                + &format!("\n{}\n", paint(STRONG, &format!("{path}: {count}")))
        }
        Error::NoPlan(problems) => problems
            .iter()
            .map(|problem| no_plan(problem, width))
            .collect::<Vec<_>>()
            .join("\n"),
        Error::Aws(error) => aws(None, error, width),
        Error::Fault(fault) => one_fault(fault, width),
    };
    ui.complain(&text);
}

/// `error: ` and what it says.
pub(crate) fn error_line(text: &str, width: usize) -> String {
    behind(&paint(ERROR, "error:"), 6, text, 2, width)
}

/// `hint: ` and what it says.
pub(crate) fn hint_line(text: &str, width: usize) -> String {
    behind(&format!("  {}", paint(HINT, "hint:")), 7, text, 4, width)
}

fn no_plan(problem: &Problem, width: usize) -> String {
    // A flag that names nothing has no address of its own.
    let what = if problem.what.contains(problem.address.as_str()) {
        problem.what.clone()
    } else {
        format!("{}: {}", problem.address, problem.what)
    };
    error_line(&what, width) + &hint_line(&problem.help, width)
}

/// What AWS said, to whom and when it was about what.
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

fn one_fault(fault: &Fault, width: usize) -> String {
    let mut text = error_line(&fault.what, width);
    for detail in &fault.details {
        let address = detail.address.as_str();
        if detail.text.is_empty() {
            text.push_str(&indented(address, 2, width));
        } else {
            let head = format!("  {}", paint(STRONG, address));
            text.push_str(&behind(
                &(head + ":"),
                address.chars().count() + 3,
                &detail.text,
                4,
                width,
            ));
        }
    }
    text + &fault
        .hints
        .iter()
        .map(|hint| hint_line(hint, width))
        .collect::<String>()
}
