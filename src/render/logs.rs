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
        /// What wrote it: a function, or the API's access logs.
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
            at: event.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
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
        let whole = harmless_line(lines.next().unwrap_or_default());
        let first = without_repeated(&whole);
        let first = match whole.as_str() {
            line if is_lambdas(line) => paint(FAINT, &first),
            line if is_failure(line) => paint(ERROR, &first),
            _ => first,
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

/// The line without the time and the id of the call that Lambda's runtimes put before a message: `TIME\tID\tINFO\tTEXT` of Node.js,
/// `[INFO]\tTIME\tID\tTEXT` of Python. The time is at the line's head, and the lines around it have the id.
fn without_repeated(line: &str) -> String {
    let parts: Vec<&str> = line.split('\t').collect();
    let is_time = |text: &str| text.len() == 24 && text.parse::<Timestamp>().is_ok();
    let is_id = |text: &str| {
        text.len() == 36
            && text
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    };
    let at = parts
        .windows(2)
        .take(2)
        .position(|pair| is_time(pair[0]) && is_id(pair[1]));
    match at {
        Some(at) => [&parts[..at], &parts[at + 2..]].concat().join("\t"),
        None => line.to_owned(),
    }
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
        let (time, id) = (
            "2026-11-30T14:05:06.006Z",
            "36cb4ab0-a2b5-4d74-9a0c-0d6f1c1f0e4e",
        );
        let shown = |message: &str| plain(view(false, false), message);
        assert_eq!(
            shown(&format!("{time}\t{id}\tINFO\thello\tyou\n")),
            "14:05:06.007 INFO\thello\tyou\n"
        );
        assert_eq!(
            shown(&format!("[INFO]\t{time}\t{id}\thello\n")),
            "14:05:06.007 [INFO]\thello\n"
        );
        let other = format!("a\tb\t{time}\t{id}");
        assert_eq!(shown(&other), format!("14:05:06.007 {other}\n"));
    }

    #[test]
    fn machines_get_times_of_one_length() {
        for (at, shown) in [
            ("2026-11-30T14:05:06Z", "2026-11-30T14:05:06.000Z"),
            ("2026-11-30T14:05:06.07Z", "2026-11-30T14:05:06.070Z"),
        ] {
            let mut logged = logged("one");
            logged.event.at = at.parse().unwrap();
            let LogLine::Event(LogEvent::Log { at, .. }) = LogLine::of(&logged) else {
                panic!("a line of a log is an event");
            };
            assert_eq!(at, shown);
        }
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
