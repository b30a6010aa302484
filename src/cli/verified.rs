//! The result of a verification, and its exit code.

use std::time::Duration;

use super::signals::Signals;
use crate::engine::{Behind, Session, Verified, Verifying};
use crate::error::{Error, Exit};
use crate::render::{Ui, verify as show};
use crate::verify::{Options, Report, Samples};

/// The default limit of calls.
pub(super) const BUDGET: usize = 500;

/// How long `apply --verify` retries: by API Gateway's documentation a key takes a few minutes.
const PATIENCE_AFTER_APPLY: Duration = Duration::from_secs(180);

/// The default calls.
pub(super) fn defaults() -> Options {
    Options {
        include_writes: false,
        all_partners: false,
        budget: BUDGET,
        samples: Samples::new(),
        without_certificate: false,
        quota_share: 1.0,
    }
}

/// Shows a report.
pub(super) fn tell(report: &Report, session: &Session, json: bool, ui: &mut Ui) -> Exit {
    let context = &session.desired.context;
    if json {
        ui.print(&show::object(report, context, session.is_local()));
    } else {
        let view = show::View {
            report,
            context,
            local: session.is_local(),
            verbose: ui.verbosity() > 0,
            width: ui.width(),
        };
        ui.print(&view.text());
    }
    exit(report)
}

fn exit(report: &Report) -> Exit {
    match report.differences() {
        0 => Exit::Success,
        _ => Exit::Failure,
    }
}

/// The exit of an apply with a verification at its end. With `json`, the report is a line among the others.
///
/// # Errors
/// As of [`Verifying::run`].
pub(super) async fn after_apply(
    session: &Session,
    applied: Exit,
    verify: bool,
    json: bool,
    ui: &mut Ui,
) -> Result<Exit, Error> {
    if !verify || applied != Exit::Success {
        return Ok(applied);
    }
    let mut signals = Signals::listen()?;
    let verifying = Verifying {
        session,
        behind: Behind::default(),
        options: defaults(),
        probe: false,
        patience: PATIENCE_AFTER_APPLY,
    };
    if !json {
        ui.print("\n");
    }
    match verifying.run(&mut signals, ui).await? {
        Verified::Stopped(stop) => Ok(stop.exit()),
        Verified::Report(report) if json => {
            let context = &session.desired.context;
            ui.print(&show::line(&report, context, session.is_local()));
            Ok(exit(&report))
        }
        Verified::Report(report) => Ok(tell(&report, session, false, ui)),
    }
}
