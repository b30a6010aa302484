//! Lines of logs, for people and programs.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::json::Around;
use super::layout::harmless;
use super::style::{ERROR, FAINT, STRONG, paint};
use crate::engine::Logged;
use crate::model::{Place, bare_or_quoted};

/// One line of `logs --json`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum LogLine {
    /// What stands around the lines.
    Around(Around),
    /// A line of a log.
    Event(LogEvent),
}

/// A line of a log.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LogEvent {
    /// A line of a log.
    Log {
        /// When it was written, in UTC.
        at: String,
        /// What wrote it: a function, the API's access logs, or a route whose function is not the stack's.
        address: String,
        /// The log group.
        group: String,
        /// The log stream.
        stream: String,
        /// The id in the group.
        id: String,
        /// The text.
        message: String,
    },
}

impl LogLine {
    /// A line.
    pub(crate) fn of(logged: &Logged) -> Self {
        let event = &logged.event;
        Self::Event(LogEvent::Log {
            at: event.at.to_string(),
            address: logged.address.to_string(),
            group: logged.group.clone(),
            stream: event.stream.clone(),
            id: event.id.clone(),
            message: event.message.clone(),
        })
    }
}

/// How lines are shown.
#[derive(Debug)]
pub(crate) struct View {
    /// Whether each line says what wrote it.
    pub(crate) named: bool,
    /// Whether the date is shown.
    pub(crate) dated: bool,
    /// For times.
    pub(crate) zone: TimeZone,
}

impl View {
    /// A line, and the further lines of its text below it.
    pub(crate) fn line(&self, logged: &Logged) -> String {
        let event = &logged.event;
        let mut head = paint(FAINT, &self.time(event.at));
        if self.named {
            let name = match logged.address.place() {
                Some(Place::Function(name)) => bare_or_quoted(&name),
                _ => logged.address.to_string(),
            };
            head = format!("{head} {}", paint(STRONG, &name));
        }
        let mut lines = event.message.trim_end().lines();
        let first = harmless_line(lines.next().unwrap_or_default());
        let first = match first.as_str() {
            line if is_lambdas(line) => paint(FAINT, line),
            line if is_failure(line) => paint(ERROR, line),
            line => line.to_owned(),
        };
        let mut text = format!("{head} {first}\n");
        for line in lines {
            text.push_str(&format!("  {}\n", harmless_line(line)));
        }
        text
    }

    fn time(&self, at: Timestamp) -> String {
        let format = match self.dated {
            true => "%Y-%m-%d %H:%M:%S%.3f",
            false => "%H:%M:%S%.3f",
        };
        at.to_zoned(self.zone.clone()).strftime(format).to_string()
    }
}

/// A tab is no harm, and Lambda's lines have them.
pub(super) fn harmless_line(line: &str) -> String {
    line.split('\t')
        .map(harmless)
        .collect::<Vec<_>>()
        .join("\t")
}

/// Whether Lambda itself wrote it, about a call.
fn is_lambdas(line: &str) -> bool {
    let begins = [
        "START RequestId: ",
        "END RequestId: ",
        "REPORT RequestId: ",
        "INIT_START ",
    ];
    begins.iter().any(|begin| line.starts_with(begin))
}

/// Whether it says that something failed.
fn is_failure(line: &str) -> bool {
    line.contains("\tERROR\t")
        || line.starts_with("[ERROR]")
        || line.contains(" Task timed out after ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws;

    fn logged(message: &str) -> Logged {
        Logged {
            address: Place::Function("hello".into()).address(),
            group: "/aws/lambda/m2m-hello".into(),
            event: aws::LogEvent {
                id: "1".into(),
                at: "2026-11-30T14:05:06.007Z".parse().unwrap(),
                stream: "s".into(),
                message: message.into(),
            },
        }
    }

    #[test]
    fn a_line_has_its_time_what_wrote_it_and_the_text() {
        let view = |named, dated| View {
            named,
            dated,
            zone: TimeZone::UTC,
        };
        let plain = |view: View, message: &str| {
            anstream::adapter::strip_str(&view.line(&logged(message))).to_string()
        };
        assert_eq!(plain(view(false, false), "one\n"), "14:05:06.007 one\n");
        assert_eq!(
            plain(view(true, true), "one\ttwo\n at three\n"),
            "2026-11-30 14:05:06.007 hello one\ttwo\n   at three\n"
        );
        assert_eq!(
            plain(view(false, false), "a\u{1b}[2Jb"),
            "14:05:06.007 a\u{fffd}[2Jb\n"
        );
        assert_eq!(plain(view(false, false), ""), "14:05:06.007 \n");
    }

    #[test]
    fn lambdas_own_lines_are_faint_and_failures_are_marked() {
        for line in [
            "START RequestId: 1 Version: $LATEST",
            "END RequestId: 1",
            "REPORT RequestId: 1\tDuration: 1 ms",
            "INIT_START Runtime Version: nodejs:24.v1",
        ] {
            assert!(is_lambdas(line) && !is_failure(line), "{line}");
        }
        for line in [
            "2026-11-30T14:05:06.007Z\t1\tERROR\tInvoke Error",
            "[ERROR] ValueError: no",
            "2026-11-30T14:05:06.007Z 1 Task timed out after 3.00 seconds",
        ] {
            assert!(is_failure(line) && !is_lambdas(line), "{line}");
        }
        assert!(!is_lambdas("we START RequestId: 1") && !is_failure("no ERROR here"));
    }
}
