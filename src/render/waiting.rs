//! Waits outside of a run. On a terminal there is a spinner until the end, elsewhere a line at once and another every ten
//! seconds; with JSON lines, an event every ten seconds.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use console::Term;
use indicatif::ProgressBar;
use jiff::Timestamp;

use super::json::{Line, line};
use super::progress::{TICK, style, waits_text};
use super::ui::{ProgressMode, Ui};
use crate::apply::{Event, HEARTBEAT, Wait};

/// Something that is waited for, until it is dropped.
pub(crate) struct Waiting {
    what: String,
    since: Timestamp,
    /// The duration of the wait at the last report.
    told: Duration,
    _spinner: Spinner,
}

impl Waiting {
    /// Starts a wait.
    pub(crate) fn begin(ui: &mut Ui, what: &str) -> Self {
        let spinner = match ui.progress() {
            ProgressMode::None => None,
            ProgressMode::Lines => {
                ui.remark(&format!("{what} …\n"));
                None
            }
            ProgressMode::Bars => {
                let bar = ProgressBar::new_spinner();
                bar.set_style(style("{spinner} {msg} … {elapsed}"));
                bar.set_message(what.to_owned());
                bar.enable_steady_tick(TICK);
                *current() = Some(bar.clone());
                Some(bar)
            }
        };
        Self {
            what: what.to_owned(),
            since: Timestamp::now(),
            told: Duration::ZERO,
            _spinner: Spinner(spinner),
        }
    }

    /// Reports the duration of the wait, after ten seconds without a report.
    pub(crate) fn beat(&mut self, ui: &mut Ui, elapsed: Duration) {
        if elapsed < self.told + HEARTBEAT {
            return;
        }
        // Heartbeats may be late, some later than the next: the last full ten seconds count.
        self.told =
            elapsed - Duration::from_nanos((elapsed.as_nanos() % HEARTBEAT.as_nanos()) as u64);
        let waits = vec![Wait {
            what: self.what.clone(),
            since: self.since,
            seconds: elapsed,
            step: None,
            address: None,
            action: None,
        }];
        if ui.progress() == ProgressMode::Lines {
            ui.remark(&format!("still {}\n", waits_text(&waits)));
        }
        if ui.prints_json_lines() {
            ui.print(&line(&Line::Event(Event::Waiting { waits })));
        }
    }
}

/// A spinner, until it is dropped.
struct Spinner(Option<ProgressBar>);

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
            *current() = None;
        }
    }
}

/// The current spinner.
static CURRENT: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn current() -> MutexGuard<'static, Option<ProgressBar>> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the spinner before the process ends in the middle of a wait.
pub(crate) fn clear() {
    if let Some(bar) = current().take() {
        bar.finish_and_clear();
        // A terminal shows `^C` at the end of the line.
        let _ = Term::stderr().clear_line();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::unless_local;

    async fn long_read(ui: &mut Ui) {
        let read = tokio::time::sleep(Duration::from_secs(34));
        unless_local(false, ui, "reading the stack from AWS", read).await;
    }

    #[test]
    fn a_late_beat_does_not_swallow_the_next() {
        let (mut ui, captured) = Ui::captured();
        let mut waiting = Waiting::begin(&mut ui, "reading the stack from AWS");
        for milliseconds in [10_002, 20_001, 25_000, 30_000, 47_000, 50_001] {
            waiting.beat(&mut ui, Duration::from_millis(milliseconds));
        }
        assert_eq!(captured.err().matches("still").count(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_told_of_every_ten_seconds() {
        let (mut ui, captured) = Ui::captured();
        long_read(&mut ui).await;
        assert_eq!(captured.out(), "");
        insta::assert_snapshot!(captured.err(), @r"
        reading the stack from AWS …
        still reading the stack from AWS (10s)
        still reading the stack from AWS (20s)
        still reading the stack from AWS (30s)
        ");
    }

    #[tokio::test(start_paused = true)]
    async fn machines_that_read_lines_get_events() {
        let (mut ui, captured) = Ui::captured();
        ui.begin_json_lines();
        long_read(&mut ui).await;
        let lines: Vec<serde_json::Value> = captured
            .out()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert_eq!(lines[0]["type"], "version");
        let wait = &lines[3]["waits"][0];
        assert_eq!(lines[3]["type"], "waiting");
        assert_eq!(wait["what"], "reading the stack from AWS");
        assert_eq!(wait["seconds"], 30.0);
        assert!(wait["since"].as_str().unwrap().parse::<Timestamp>().is_ok());
    }
}
