//! Shows a plan before its confirmation.

use crate::engine::Session;
use crate::plan::Plan;
use crate::render::json::{self, Around, ChangeReport, ChangeSummary, Line};
use crate::render::{Ui, plan::View};

/// Shows a plan before its confirmation; `next` is the command to type if no question follows.
pub(super) fn show(session: &Session, plan: &Plan, json: bool, next: Option<String>, ui: &mut Ui) {
    if !json {
        let reads = session.requests().reads;
        let view = View {
            plan,
            local: session.is_local(),
            reads,
            verbose: ui.verbosity() > 0,
            next,
            width: ui.width(),
        };
        ui.print(&view.text());
        return;
    }
    for (address, change) in &plan.changes {
        let change = ChangeReport::new(address, change);
        ui.print(&json::line(&Line::Around(Around::PlannedChange { change })));
    }
    let summary = ChangeSummary::of(plan);
    ui.print(&json::line(&Line::Around(Around::ChangeSummary {
        summary,
    })));
}
