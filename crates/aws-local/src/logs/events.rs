//! Log events: put into a stream, read from its end or its beginning, and found in a group.

use std::fmt::Write as _;

use aws_facts::limits::cloudwatchlogs::{EVENTS_PER_PAGE, LARGEST_BATCH, OVERHEAD_OF_EVENT};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::beside::Event;
use super::super::members::{object, objects, optional, texts};
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::paging;
use super::super::state::Region;
use super::invalid;
use super::pattern::Pattern;
use super::streams::{broken, named, no_stream, of};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("PutLogEvents", put).refusing(&["entity"]),
    Operation::read("GetLogEvents", get).refusing(&["unmask"]),
    Operation::read("FilterLogEvents", filter).refusing(&["unmask"]),
];

/// The token of a stream, which AWS still returns and no longer asks for.
pub(super) const SEQUENCE: &str = "49039859610711834110570400000000000000000000000000000000";

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn put(region: &mut Region, call: &Call) -> Answer {
    let (name, group) = named(region, call)?;
    let stream = call.text("logStreamName");
    if of(call, name, &group)?.iter().all(|one| one.name != stream) {
        return Err(no_stream());
    }
    let now = call.now.as_millisecond();
    let sent: Vec<Event> = objects(&call.input, "logEvents")
        .map(|event| Event {
            timestamp: event["timestamp"].as_i64().unwrap_or_default(),
            ingested: now,
            message: event["message"].as_str().unwrap_or_default().into(),
        })
        .collect();
    check_batch(&sent)?;
    // What is too old or too new is told and left out.
    let expired = group
        .retention_days
        .and_then(|days| i64::try_from(days).ok());
    let oldest = now - 14 * DAY;
    let kept_since = expired.map_or(oldest, |days| now - days.saturating_mul(DAY));
    let newest = now + 2 * HOUR;
    let before = |time: i64| {
        sent.iter()
            .take_while(|event| event.timestamp < time)
            .count()
    };
    let (too_old, too_short, too_new) = (before(oldest), before(kept_since), before(newest + 1));
    let first = too_old.max(too_short);
    let taken = sent.get(first..too_new.max(first)).unwrap_or_default();
    if !taken.is_empty() {
        let appended = call.beside.append(&call.region, name, stream, taken);
        appended.map_err(broken)?;
    }
    let mut answer = object("nextSequenceToken", SEQUENCE);
    let mut rejected = Object::new();
    for (member, index, holds) in [
        ("tooOldLogEventEndIndex", too_old, too_old > 0),
        ("expiredLogEventEndIndex", too_short, too_short > too_old),
        ("tooNewLogEventStartIndex", too_new, too_new < sent.len()),
    ] {
        if holds {
            rejected.insert(member.into(), index.into());
        }
    }
    if !rejected.is_empty() {
        answer.insert("rejectedLogEventsInfo".into(), rejected.into());
    }
    Ok(answer)
}

fn check_batch(events: &[Event]) -> Result<(), Refusal> {
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    let times = || events.iter().map(|event| event.timestamp);
    let span = times().max().unwrap_or_default() - times().min().unwrap_or_default();
    if span > DAY {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    let sizes = events
        .iter()
        .map(|event| event.message.len() + OVERHEAD_OF_EVENT);
    let size: usize = sizes.sum();
    if size > LARGEST_BATCH {
        return Err(invalid(format!(
            "Upload too large: {size} bytes exceeds limit of {LARGEST_BATCH}"
        )));
    }
    Ok(())
}

/// The times that a call asks for: from the first on, before the second.
fn times(call: &Call) -> (i64, i64) {
    let time = |member: &str| call.input.get(member).and_then(Value::as_i64);
    (
        time("startTime").unwrap_or_default(),
        time("endTime").unwrap_or(i64::MAX),
    )
}

fn size(call: &Call) -> usize {
    let size = call.input.get("limit").and_then(Value::as_u64);
    size.map_or(EVENTS_PER_PAGE, |size| {
        usize::try_from(size).unwrap_or(usize::MAX)
    })
}

fn shown(event: &Event) -> Value {
    json!({
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingested,
    })
}

fn get(region: &Region, call: &Call) -> Answer {
    let (name, group) = named(region, call)?;
    let stream = call.text("logStreamName");
    let streams = of(call, name, &group)?;
    let found = streams.into_iter().find(|one| one.name == stream);
    let mut events = found.ok_or_else(no_stream)?.events;
    events.sort_by_key(|event| event.timestamp);
    let (from, to) = times(call);
    events.retain(|event| (from..to).contains(&event.timestamp));
    let (size, all) = (size(call), events.len());
    let from_head = call.input.get("startFromHead") == Some(&Value::Bool(true));
    // A token is a place between two events, and the direction from it.
    let (start, end) = match optional(&call.input, "nextToken") {
        Some(token) => {
            let parts = token.split_once('/');
            let place = parts.and_then(|(way, place)| Some((way, place.parse::<usize>().ok()?)));
            match place {
                Some(("f", place)) => (place.min(all), place.saturating_add(size).min(all)),
                Some(("b", place)) => (place.saturating_sub(size).min(all), place.min(all)),
                _ => return Err(invalid("The specified nextToken is invalid.")),
            }
        }
        None if from_head => (0, size.min(all)),
        None => (all.saturating_sub(size), all),
    };
    let page: Vec<Value> = events[start..end].iter().map(shown).collect();
    Ok(Object::from_iter([
        ("events".to_owned(), page.into()),
        ("nextForwardToken".to_owned(), format!("f/{end:056}").into()),
        (
            "nextBackwardToken".to_owned(),
            format!("b/{start:056}").into(),
        ),
    ]))
}

fn filter(region: &Region, call: &Call) -> Answer {
    let (name, group) = named(region, call)?;
    let pattern = Pattern::parse(call.text("filterPattern"))?;
    let wanted = texts(&call.input, "logStreamNames");
    let prefix = optional(&call.input, "logStreamNamePrefix");
    if !wanted.is_empty() && prefix.is_some() {
        return Err(invalid(
            "logStreamNames and logStreamNamePrefix can't be given together.",
        ));
    }
    let streams = of(call, name, &group)?;
    if wanted
        .iter()
        .any(|name| streams.iter().all(|one| one.name != *name))
    {
        return Err(no_stream());
    }
    let (from, to) = times(call);
    let mut rows = Vec::new();
    for stream in &streams {
        let is_wanted = (wanted.is_empty() || wanted.contains(&stream.name.as_str()))
            && prefix.is_none_or(|prefix| stream.name.starts_with(prefix));
        if !is_wanted {
            continue;
        }
        for (at, event) in stream.events.iter().enumerate() {
            if (from..to).contains(&event.timestamp) && pattern.matches(&event.message) {
                let mut row = shown(event);
                row["logStreamName"] = json!(stream.name);
                row["eventId"] = json!(id(&stream.name, at, event));
                rows.push(((event.timestamp, event.ingested, at), row));
            }
        }
    }
    rows.sort_by_key(|(place, _)| *place);
    let keys: Vec<String> = (0..rows.len()).map(|at| format!("{at:010}")).collect();
    let rows = keys
        .iter()
        .map(String::as_str)
        .zip(rows.iter().map(|(_, row)| row));
    let list = format!("FilterLogEvents {name}");
    let token = optional(&call.input, "nextToken");
    let (page, next) = paging::page(&list, rows, size(call), token)
        .map_err(|paging::InvalidToken| invalid("The specified nextToken is invalid."))?;
    let mut answer = object("events", json!(page));
    // AWS no longer says which streams it searched.
    answer.insert("searchedLogStreams".into(), json!([]));
    answer.extend(next.map(|next| ("nextToken".to_owned(), json!(next))));
    Ok(answer)
}

/// An event's id: 56 digits, the same in each answer. They begin with its time, so that their order is that of the events.
fn id(stream: &str, at: usize, event: &Event) -> String {
    let Event {
        timestamp,
        ingested,
        message,
    } = event;
    let digest = Sha256::digest(format!(
        "{stream}\n{at}\n{timestamp}\n{ingested}\n{message}"
    ));
    let mut id = format!("{timestamp:020}");
    for byte in digest.iter().take(12) {
        // A text takes what is written into it.
        let _ = write!(id, "{byte:03}");
    }
    id
}
