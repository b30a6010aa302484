//! A log group's file: a line in JSON for each log stream and for each event.
//!
//! A line begins with its line feed instead of ending with it, so that what follows a line that was cut off is a line of its own.

use serde::{Deserialize, Serialize};

/// How many bytes of events a group keeps. On AWS they are kept until the group's retention ends.
pub(super) const KEPT: u64 = 8 << 20;

/// The largest file that is read: what is kept, and one write above it.
pub(super) const LARGEST: u64 = 64 << 20;

/// One log event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened, in epoch milliseconds.
    #[serde(rename = "t")]
    pub timestamp: i64,
    /// When it was received, in epoch milliseconds.
    #[serde(rename = "i")]
    pub ingested: i64,
    /// Its text.
    #[serde(rename = "m")]
    pub message: String,
}

/// A log stream with the events that are kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// When it was created, in epoch milliseconds.
    pub created: i64,
    /// In the order in which they were received.
    pub events: Vec<Event>,
}

#[derive(Serialize, Deserialize)]
struct Line<'l> {
    /// The stream.
    #[serde(rename = "s")]
    stream: std::borrow::Cow<'l, str>,
    /// When it was created, in its first line.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    created: Option<i64>,
    #[serde(flatten)]
    event: Option<Event>,
}

fn push(text: &mut Vec<u8>, line: &Line<'_>) {
    text.push(b'\n');
    // Texts and numbers are always JSON.
    let _ = serde_json::to_writer(text, line);
}

/// The line of a new stream.
pub(super) fn stream(name: &str, now: i64) -> Vec<u8> {
    let mut text = Vec::new();
    push(
        &mut text,
        &Line {
            stream: name.into(),
            created: Some(now),
            event: None,
        },
    );
    text
}

/// The lines of events.
pub(super) fn lines(stream: &str, events: &[Event]) -> Vec<u8> {
    let mut text = Vec::new();
    for event in events {
        push(
            &mut text,
            &Line {
                stream: stream.into(),
                created: None,
                event: Some(event.clone()),
            },
        );
    }
    text
}

fn each(text: &[u8]) -> impl Iterator<Item = (&[u8], Line<'_>)> {
    text.split(|byte| *byte == b'\n')
        .filter_map(|line| Some((line, serde_json::from_slice(line).ok()?)))
}

/// The streams in a file, by the order of their first lines.
pub(super) fn read(text: &Option<Vec<u8>>) -> Vec<Stream> {
    let mut streams: Vec<Stream> = Vec::new();
    for (_, line) in each(text.as_deref().unwrap_or_default()) {
        let place = match streams.iter().position(|one| one.name == line.stream) {
            Some(place) => place,
            None => {
                let first = line.event.as_ref().map(|event| event.ingested);
                streams.push(Stream {
                    name: line.stream.into_owned(),
                    created: line.created.or(first).unwrap_or_default(),
                    events: Vec::new(),
                });
                streams.len() - 1
            }
        };
        streams[place].events.extend(line.event);
    }
    streams
}

/// The newer half of a file. A stream without an event in it is gone.
pub(super) fn newest(text: &Option<Vec<u8>>) -> Vec<u8> {
    let text = text.as_deref().unwrap_or_default();
    let half = &text[text.len() / 2..];
    // The first line may be cut.
    let start = half.iter().position(|byte| *byte == b'\n');
    half[start.unwrap_or(half.len())..].to_vec()
}

/// A file without one of its streams.
pub(super) fn without(text: &Option<Vec<u8>>, stream: &str) -> Vec<u8> {
    let mut rest = Vec::new();
    for (line, _) in
        each(text.as_deref().unwrap_or_default()).filter(|(_, one)| one.stream != stream)
    {
        rest.push(b'\n');
        rest.extend_from_slice(line);
    }
    rest
}
