//! The progress of an apply: bars on a terminal, one line for each event elsewhere, JSON lines for programs.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::json::{Line, line};
use super::outcome::duration;
use super::style::{CREATE, DELETE, ERROR, FAINT, UPDATE, WARNING, paint};
use super::ui::{ProgressMode, Ui};
use crate::apply::{Done, Event, Wait};
use crate::aws::Cause;

/// Shows a run, and collects what its summary needs.
pub(crate) struct Progress {
    json: bool,
    simulated: bool,
    bars: Option<Bars>,
    steps: usize,
    over: usize,
    /// What was skipped, by the failed address it needed.
    pub(crate) skipped: BTreeMap<String, Vec<String>>,
}

struct Bars {
    all: MultiProgress,
    overall: ProgressBar,
    running: HashMap<usize, ProgressBar>,
}

impl Progress {
    pub(crate) fn new(ui: &Ui, json: bool, simulated: bool) -> Self {
        let bars = (!json && ui.progress() == ProgressMode::Bars).then(Bars::new);
        Self {
            json,
            simulated,
            bars,
            steps: 0,
            over: 0,
            skipped: BTreeMap::new(),
        }
    }

    /// Takes in one event.
    pub(crate) fn tell(&mut self, ui: &mut Ui, event: Event) {
        if self.json {
            ui.print(&line(&Line::Event(event.clone())));
        } else {
            self.show(ui, &event);
        }
        if let Event::StepSkipped {
            address,
            because_of: Some(cause),
            ..
        } = event
        {
            self.skipped
                .entry(cause.to_string())
                .or_default()
                .push(address.to_string());
        }
    }

    fn show(&mut self, ui: &mut Ui, event: &Event) {
        match event {
            Event::Started { steps } => {
                self.steps = *steps;
                if let Some(bars) = &self.bars {
                    bars.overall.set_length(*steps as u64);
                }
            }
            Event::StepStarted {
                step,
                address,
                action,
                old,
            } => {
                let text = format!("{} {}{address}", action.doing(), which(*old));
                match &mut self.bars {
                    Some(bars) => bars.start(*step, text),
                    None => self.say(ui, &text),
                }
            }
            Event::StepDone {
                step,
                address,
                action,
                old,
                took,
            } => {
                self.over += 1;
                let sign = sign(*action);
                self.finish(
                    ui,
                    *step,
                    &format!(
                        "{sign} {} {}{address}{}",
                        past(*action),
                        which(*old),
                        self.took(*took)
                    ),
                );
            }
            Event::StepFailed {
                step,
                address,
                action,
                old,
                error,
            } => {
                self.over += 1;
                let code = error.code.as_deref().unwrap_or(match error.cause {
                    Cause::Unfinished => "not in time",
                    Cause::Unlocked => "not sent",
                    Cause::Connection => "no answer",
                    Cause::Credentials => "no credentials",
                    Cause::Refused | Cause::Unknown => "gave up",
                });
                let failed = paint(ERROR, &format!("x can't {}", infinitive(*action)));
                self.finish(
                    ui,
                    *step,
                    &format!(
                        "{failed} {}{address}: {}: {code}",
                        which(*old),
                        error.operation
                    ),
                );
            }
            // The summary shows what was skipped, and why.
            Event::StepSkipped { .. } => self.over += 1,
            // Bars show how long each step takes.
            Event::Waiting { waits } => {
                if self.bars.is_none() {
                    self.say(ui, &format!("still {}", waits_text(waits)));
                }
            }
            Event::Stopping { running } => {
                let running = super::counted(*running as u64, "running step");
                let text = format!("stopping after {running}; press Ctrl-C again to leave at once");
                self.say(ui, &paint(WARNING, &text));
            }
            Event::Finished { .. } => self.bars = None,
        }
    }

    // Short times are noise.
    fn took(&self, took: Duration) -> String {
        if took < Duration::from_secs(1) {
            return String::new();
        }
        paint(FAINT, &format!(" in {}", duration(took, self.simulated)))
    }

    fn finish(&mut self, ui: &mut Ui, step: usize, text: &str) {
        if let Some(bars) = &mut self.bars {
            bars.overall.set_position(self.over as u64);
            if let Some(bar) = bars.running.remove(&step) {
                bar.finish_and_clear();
                bars.all.remove(&bar);
            }
        }
        self.say(ui, text);
    }

    fn say(&mut self, ui: &mut Ui, text: &str) {
        match &self.bars {
            Some(bars) => {
                let text = if ui.colours_errors() {
                    text.to_owned()
                } else {
                    anstream::adapter::strip_str(text).to_string()
                };
                // The terminal was closed: the run continues.
                let _ = bars.all.println(text);
            }
            None if ui.progress() == ProgressMode::None => {}
            None => {
                let count = format!(
                    "[{:>width$}/{}]",
                    self.over,
                    self.steps,
                    width = self.steps.to_string().len()
                );
                ui.remark(&format!("{} {text}\n", paint(FAINT, &count)));
            }
        }
    }
}

impl Bars {
    fn new() -> Self {
        let all = MultiProgress::new();
        let overall = all.add(ProgressBar::new(0));
        overall.set_style(style("{bar:24} {pos}/{len} steps, {elapsed}").progress_chars("=> "));
        overall.enable_steady_tick(TICK);
        Self {
            all,
            overall,
            running: HashMap::new(),
        }
    }

    fn start(&mut self, step: usize, text: String) {
        let bar = self
            .all
            .insert_before(&self.overall, ProgressBar::new_spinner());
        bar.set_style(style("  {spinner} {msg} {elapsed}"));
        bar.set_message(text);
        bar.enable_steady_tick(TICK);
        self.running.insert(step, bar);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // Each must be finished: one that still ticks would be drawn again after the screen was cleared.
        self.running
            .values()
            .for_each(ProgressBar::finish_and_clear);
        self.overall.finish_and_clear();
        // A closed terminal is no error.
        let _ = self.all.clear();
    }
}

/// What is waited for and for how long, on one line.
pub(super) fn waits_text(waits: &[Wait]) -> String {
    let waits = waits.iter().map(|wait| {
        let took = duration(Duration::from_secs(wait.seconds.as_secs()), false);
        format!("{} ({took})", wait.what)
    });
    waits.collect::<Vec<_>>().join(", ")
}

pub(super) const TICK: Duration = Duration::from_millis(120);

pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// The old one beside a new one at the same address.
fn which(old: bool) -> &'static str {
    if old { "the old " } else { "" }
}

fn sign(action: Done) -> String {
    let (sign, style) = match action {
        Done::Create => ("+", CREATE),
        Done::Update | Done::Settle | Done::Unprotect => ("~", UPDATE),
        Done::Delete => ("-", DELETE),
    };
    paint(style, sign)
}

fn past(action: Done) -> &'static str {
    match action {
        Done::Create => "created",
        Done::Update => "changed",
        Done::Settle => "waited for",
        Done::Unprotect => "lifted the deletion protection of",
        Done::Delete => "deleted",
    }
}

/// What could not be done.
pub(crate) fn infinitive(action: Done) -> &'static str {
    match action {
        Done::Create => "create",
        Done::Update => "change",
        Done::Settle => "wait for",
        Done::Unprotect => "lift the deletion protection of",
        Done::Delete => "delete",
    }
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;
    use crate::aws::{AwsError, Count};
    use crate::model::Address;

    fn events() -> Vec<Event> {
        let address = || Address::new("user_pool");
        let key = || Address::new("partners.acme/key");
        let error = AwsError {
            operation: "CreateApiKey".into(),
            cause: Cause::Refused,
            code: Some("LimitExceededException".into()),
            message: "too many".into(),
            request_id: None,
        };
        vec![
            Event::Started { steps: 12 },
            Event::StepStarted {
                step: 0,
                address: address(),
                action: Done::Create,
                old: false,
            },
            Event::StepStarted {
                step: 1,
                address: key(),
                action: Done::Create,
                old: false,
            },
            Event::StepDone {
                step: 0,
                address: address(),
                action: Done::Create,
                old: false,
                took: Duration::from_secs(12),
            },
            Event::StepFailed {
                step: 1,
                address: key(),
                action: Done::Create,
                old: false,
                error,
            },
            Event::Stopping { running: 1 },
            Event::StepSkipped {
                step: 2,
                address: Address::new("partners.acme/client"),
                because_of: Some(key()),
            },
            Event::Finished {
                done: 1,
                failed: 1,
                skipped: 1,
                took: Duration::from_secs(13),
                requests: Count {
                    reads: 1,
                    writes: 2,
                },
            },
        ]
    }

    #[test]
    fn without_a_terminal_each_event_is_a_line() {
        let (mut ui, captured) = Ui::captured();
        let mut progress = Progress::new(&ui, false, true);
        events()
            .into_iter()
            .for_each(|event| progress.tell(&mut ui, event));
        assert_eq!(
            progress.skipped["partners.acme/key"],
            ["partners.acme/client"]
        );
        insta::assert_snapshot!(strip_str(&captured.err()).to_string());
        assert_eq!(captured.out(), "");
    }

    #[test]
    fn machines_get_each_event_as_json() {
        let (mut ui, captured) = Ui::captured();
        let mut progress = Progress::new(&ui, true, false);
        events()
            .into_iter()
            .for_each(|event| progress.tell(&mut ui, event));
        let types: Vec<_> = captured
            .out()
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["type"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(
            types,
            [
                "started",
                "step_started",
                "step_started",
                "step_done",
                "step_failed",
                "stopping",
                "step_skipped",
                "finished"
            ]
        );
        assert_eq!(captured.err(), "");
    }
}
