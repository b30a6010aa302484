//! Reads of CloudWatch Logs: log groups, and their events.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_cloudwatchlogs::types::{FilteredLogEvent, LogGroup};
use jiff::Timestamp;

use super::connection::Reader;
use super::error::AwsError;
use super::memo::Memo;
use super::pace::Operation;

/// Cached responses.
#[derive(Debug, Default)]
pub(super) struct LogsAnswers {
    groups: Memo<String, Option<Arc<ListedGroup>>>,
}

/// A log group with its tags.
#[derive(Debug)]
pub(crate) struct ListedGroup {
    pub(crate) group: LogGroup,
    pub(crate) tags: BTreeMap<String, String>,
}

/// A line of a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogEvent {
    /// Its id, unique in its group.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// The log stream: of a function, one for each of its processes.
    pub stream: String,
    /// The text, as it was written.
    pub message: String,
}

impl Reader {
    /// The events of a group since a time that contain a text, in the order of their times.
    ///
    /// # Errors
    /// The call failed; without the group, AWS's not found.
    pub(crate) async fn log_events(
        &self,
        group: &str,
        since: Timestamp,
        term: Option<&str>,
    ) -> Result<Vec<LogEvent>, AwsError> {
        let mut events = Vec::new();
        let mut token = None;
        loop {
            let request = self
                .logs_client()
                .filter_log_events()
                .log_group_name(group)
                .start_time(since.as_millisecond())
                .set_filter_pattern(term.and_then(pattern))
                .set_next_token(token);
            let answer = self
                .call(Operation::logs("FilterLogEvents"), request.send())
                .await?;
            let found = answer.events.unwrap_or_default().into_iter().map(read);
            events.extend(found.filter(|event| term.is_none_or(|it| event.message.contains(it))));
            // A page may be empty and not the last.
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        events.sort_by_key(|event| event.at);
        Ok(events)
    }

    /// The log group with exactly this name; `None` if there is none.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn log_group(&self, name: &str) -> Result<Option<Arc<ListedGroup>>, AwsError> {
        let ask = || async {
            // Sorted by name, so that the group of exactly this name comes first.
            let request = self
                .logs_client()
                .describe_log_groups()
                .log_group_name_prefix(name)
                .limit(1);
            let answer = self
                .call(Operation::logs("DescribeLogGroups"), request.send())
                .await?;
            let mut groups = answer.log_groups.unwrap_or_default().into_iter();
            let group = groups.find(|group| group.log_group_name.as_deref() == Some(name));
            let Some(group) = group else { return Ok(None) };
            let request = self
                .logs_client()
                .list_tags_for_resource()
                .resource_arn(group.log_group_arn.as_deref().unwrap_or_default());
            let answer = self
                .call(Operation::logs("ListTagsForResource"), request.send())
                .await;
            match answer {
                // It went since.
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
                Ok(answer) => {
                    let tags = answer.tags.unwrap_or_default().into_iter().collect();
                    Ok(Some(Arc::new(ListedGroup { group, tags })))
                }
            }
        };
        self.logs_answers.groups.get(name.to_owned(), ask).await
    }
}

/// The longest pattern: the API reference of FilterLogEvents.
const LONGEST_PATTERN: usize = 1_024;

/// A pattern for events that may contain a text, so that AWS sends no others: terms in double quotes (CloudWatch Logs user guide,
/// "Filter pattern syntax for unstructured log events"). AWS documents no way to write a quote or a backslash in one, so the terms are
/// what is between these.
fn pattern(text: &str) -> Option<String> {
    let parts = text
        .split(['"', '\\'])
        .filter(|part| !part.trim().is_empty());
    let terms: Vec<String> = parts.map(|part| format!("\"{part}\"")).collect();
    let pattern = terms.join(" ");
    (!pattern.is_empty() && pattern.len() <= LONGEST_PATTERN).then_some(pattern)
}

fn read(event: FilteredLogEvent) -> LogEvent {
    let at = event.timestamp.unwrap_or_default();
    LogEvent {
        id: event.event_id.unwrap_or_default(),
        at: Timestamp::from_millisecond(at).unwrap_or_default(),
        stream: event.log_stream_name.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_is_asked_for_what_can_be_written_in_a_pattern() {
        let of = |text: &str| pattern(text);
        assert_eq!(of("Task timed out").as_deref(), Some(r#""Task timed out""#));
        assert_eq!(
            of(r#"{"a": "\n"}"#).as_deref(),
            Some(r#""{" "a" ": " "n" "}""#)
        );
        assert_eq!(of(r#"" ""#), None);
        assert_eq!(of(&"a".repeat(1_022)).map(|it| it.len()), Some(1_024));
        assert_eq!(of(&"a".repeat(1_023)), None);
    }
}
