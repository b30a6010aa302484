//! Why a function failed, as it says in its log.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::log_sources;
use crate::engine::session::Session;
use crate::model::{Address, Place};

/// How often the log is read: CloudWatch returns an event some seconds after its call.
const LOOKS: usize = 5;

/// The pause between two reads.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest error that is shown, in characters.
const LONGEST: usize = 200;

/// The function of a route and the last error in its log since a time; none without one, or if the log can't be read. Tokio's time
/// must be real.
pub(in crate::engine) async fn failure(
    session: &Session,
    route: &Address,
    since: Timestamp,
) -> Option<String> {
    let source = log_sources(&session.desired, Some(route.as_str()));
    let source = source.ok()?.pop()?;
    if source.address == Place::AccessLogs.address() {
        return None;
    }
    let reader = session.connection.reader();
    // The local AWS has an event as soon as it is written.
    let looks = if session.is_local() { 1 } else { LOOKS };
    for look in 0..looks {
        if look > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        // Whoever may not read it, or has none, is not kept waiting.
        let events = reader.log_events(&source.group, since, None).await.ok()?;
        let mut newest = events.iter().rev();
        if let Some(error) = newest.find_map(|event| error_in(&event.message)) {
            return Some(format!("{}: {error}", source.address));
        }
    }
    None
}

/// The error that a line of a function's log tells: as the runtimes and Lambda write it.
fn error_in(line: &str) -> Option<String> {
    let first = |text: &str| text.lines().next().unwrap_or_default().trim().to_owned();
    let told = if let Some(json) = line.find('{').map(|at| &line[at..])
        && let Ok(value) = serde_json::from_str::<Value>(json.trim())
    {
        let held = if value["errorType"].is_string() {
            &value
        } else {
            &value["message"]
        };
        let (kind, message) = (held["errorType"].as_str()?, held["errorMessage"].as_str());
        format!("{kind}: {}", first(message.unwrap_or_default()))
    } else if let Some(rest) = line.strip_prefix("[ERROR] ") {
        first(rest)
    } else if let Some(at) = line.find("Task timed out") {
        first(&line[at..])
    } else if line.starts_with("RequestId: ") {
        first(line.split_once(" Error: ")?.1)
    } else {
        return None;
    };
    let short: String = told.chars().take(LONGEST).collect();
    (!short.is_empty()).then_some(match short.len() < told.len() {
        true => short + "…",
        false => short,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_found_in_what_the_runtimes_write() {
        for (line, error) in [
            (
                "2026-11-30T18:00:00.000Z\tabc\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"no x\\nmore\",\"stack\":[]}\n",
                Some("TypeError: no x"),
            ),
            (
                "{\"timestamp\":\"2026\",\"level\":\"ERROR\",\"message\":{\"errorType\":\"E\",\"errorMessage\":\"m\"}}",
                Some("E: m"),
            ),
            (
                "[ERROR] ZeroDivisionError: division by zero\nTraceback (most recent call last):\n",
                Some("ZeroDivisionError: division by zero"),
            ),
            (
                "2026-11-30T18:00:00.000Z abc Task timed out after 3.00 seconds\n\n",
                Some("Task timed out after 3.00 seconds"),
            ),
            (
                "RequestId: abc Error: Runtime exited with error: exit status 1\nRuntime.ExitError",
                Some("Runtime exited with error: exit status 1"),
            ),
            ("START RequestId: abc Version: $LATEST\n", None),
            ("2026\tabc\tINFO\t{\"message\":\"hello\"}", None),
            ("a line of text", None),
        ] {
            assert_eq!(error_in(line).as_deref(), error, "{line}");
        }
        let long = format!("[ERROR] {}", "x".repeat(LONGEST + 1));
        assert_eq!(error_in(&long).unwrap().chars().count(), LONGEST + 1);
    }
}
