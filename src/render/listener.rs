//! Prints the engine's notices.

use std::collections::BTreeMap;
use std::path::Path;

use super::json::{Around, Line, line};
use super::lock::{UNLOCKED, not_released, state_is_held};
use super::outcome::{self, Made, Summary};
use super::progress::Progress;
use super::waiting::Waiting;
use super::{Ui, counted, diagnostics, indented, listed};
use crate::apply::Event;
use crate::engine::{Ended, Listener, Notice};
use crate::stack::Diagnostics;

impl Listener for Ui {
    fn tell(&mut self, notice: Notice<'_>) {
        match notice {
            Notice::Waiting(what) => {
                // The old spinner is removed before a new one starts.
                self.waiting = None;
                self.waiting = Some(Waiting::begin(self, what));
            }
            Notice::StillWaiting(elapsed) => {
                if let Some(mut waiting) = self.waiting.take() {
                    waiting.beat(self, elapsed);
                    self.waiting = Some(waiting);
                }
            }
            Notice::Waited => self.waiting = None,
            Notice::Warnings(warnings) => self.warn(warnings),
            Notice::Existing { path, counts } => {
                self.remark(&indented(&existing(path, counts), 0, self.width()));
            }
            Notice::Building(function, command) => {
                self.waiting = None;
                let text = format!("building {function}: {command}");
                self.remark(&indented(&text, 0, self.width()));
            }
            Notice::BuildLine(_, line) => self.remark(&format!("  {}\n", line.trim_end())),
            Notice::Unlocked => self.remark(UNLOCKED),
            Notice::NotReleased(error) => self.complain(&not_released(error, self.width())),
            Notice::ProbeLeft(error) => self.remark(&format!(
                "the probe of an earlier run still exists: {error}\n"
            )),
            Notice::Step { event, simulated } => self.step(event, simulated),
            Notice::Ended(ended) => {
                let progress = self.running.take();
                let skipped = progress.map(|progress| progress.skipped);
                self.end(ended, &skipped.unwrap_or_default());
            }
            Notice::LeftAtOnce => {
                self.running = None;
                let text = "stopped at once: running steps may or may not be done; run the same command again to find out";
                self.complain(&indented(text, 0, self.width()));
            }
        }
    }

    fn state_is_held(&self) -> Option<fn(&Path)> {
        Some(state_is_held)
    }
}

/// What the local AWS has before the first call.
pub(crate) fn existing(path: &Path, counts: &[(&'static str, usize)]) -> String {
    let path = path.display();
    let counts = counts.iter();
    let counts: Vec<String> = counts
        .map(|(kind, count)| counted(*count as u64, kind))
        .collect();
    match counts.is_empty() {
        true => format!("{path} lists nothing that the local AWS has"),
        false => format!("the local AWS has {} from {path}", listed(&counts)),
    }
}

impl Ui {
    fn warn(&mut self, warnings: &Diagnostics) {
        if !warnings.list().is_empty() {
            let text = diagnostics::text(warnings, self.diagnostics_style());
            self.remark(&format!("{text}\n"));
        }
    }

    fn step(&mut self, event: Event, simulated: bool) {
        let progress = self.running.take();
        let mut progress =
            progress.unwrap_or_else(|| Progress::new(self, self.prints_json_lines(), simulated));
        progress.tell(self, event);
        self.running = Some(progress);
    }

    fn end(&mut self, ended: &Ended<'_>, skipped: &BTreeMap<String, Vec<String>>) {
        let outcome = &ended.steps.outcome;
        let outputs = if ended.plan.destroy {
            BTreeMap::new()
        } else {
            outcome::resolved(&ended.session.desired.outputs, &outcome.book)
        };
        if self.prints_json_lines() {
            self.print(&line(&Line::Around(Around::Outputs { outputs })));
            return;
        }
        let summary = Summary {
            made: Made::by(ended.plan, &ended.steps.done),
            outcome,
            requests: ended.session.requests(),
            simulated: ended.session.is_local(),
            destroy: ended.plan.destroy,
        };
        let ended_well = ended.steps.ended_well();
        // After a partial apply, an output may refer to what is not created yet.
        let outputs = if ended_well {
            outcome::outputs(&outputs)
        } else {
            String::new()
        };
        self.print(&format!("\n{}{outputs}", summary.text()));
        if self.verbosity() > 0 {
            let calls = ended.session.connection.tally().by_operation();
            self.remark(&format!("\nRequests\n{}", outcome::requests(&calls)));
        }
        if !ended_well {
            let failures = outcome::failures(outcome, skipped, ended.again, self.width());
            self.complain(&format!("\n{failures}"));
        }
    }
}
