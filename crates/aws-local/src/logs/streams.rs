//! Log streams. They and their events lie beside the state.

use aws_facts::arns::{self, Arn};
use aws_facts::limits::cloudwatchlogs::STREAMS_PER_PAGE;
use serde_json::{Value, json};

use super::super::beside::Stream;
use super::super::members::{nothing, object, optional};
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::paging;
use super::super::state::Region;
use super::{Group, invalid, no_group};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateLogStream", create),
    Operation::change("DeleteLogStream", delete),
    Operation::read("DescribeLogStreams", describe),
];

pub(super) fn no_stream() -> Refusal {
    let message = "The specified log stream does not exist.";
    Refusal::new(400, "ResourceNotFoundException", message)
}

/// What lies beside the state can't be read or written.
pub(super) fn broken(error: std::io::Error) -> Refusal {
    Refusal::new(500, "InternalFailure", format!("log events: {error}"))
}

/// The group that a call names, by its name or its ARN.
pub(super) fn named<'c>(region: &Region, call: &'c Call) -> Result<(&'c str, Group), Refusal> {
    let by_name = optional(&call.input, "logGroupName");
    let by_id = optional(&call.input, "logGroupIdentifier");
    let name = match (by_name, by_id) {
        (Some(name), None) => name,
        (None, Some(id)) => Arn::parse(id)
            .and_then(|arn| arn.resource.strip_prefix("log-group:"))
            .unwrap_or(id),
        (Some(_), Some(_)) => {
            return Err(Refusal::new(
                400,
                "ValidationException",
                "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
            ));
        }
        (None, None) => {
            return Err(invalid(
                "One of logGroupName and logGroupIdentifier must be given.",
            ));
        }
    };
    let group = region.logs.groups.get(name).ok_or_else(no_group)?;
    Ok((name, group.clone()))
}

/// A group's streams, without the events that its retention ended.
pub(super) fn of(call: &Call, name: &str, group: &Group) -> Result<Vec<Stream>, Refusal> {
    let mut streams = call.beside.streams(&call.region, name).map_err(broken)?;
    if let Some(days) = group.retention_days {
        let days = i64::try_from(days).unwrap_or(i64::MAX);
        let oldest = call.now.as_millisecond() - days.saturating_mul(86_400_000);
        for stream in &mut streams {
            stream.events.retain(|event| event.timestamp >= oldest);
        }
    }
    Ok(streams)
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let (group, stream) = (call.text("logGroupName"), call.text("logStreamName"));
    super::named(region, call)?;
    let now = call.now.as_millisecond();
    let new = call.beside.create_stream(&call.region, group, stream, now);
    if new.map_err(broken)? {
        return nothing();
    }
    Err(Refusal::new(
        400,
        "ResourceAlreadyExistsException",
        "The specified log stream already exists",
    ))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let (name, group) = named(region, call)?;
    let stream = call.text("logStreamName");
    if of(call, name, &group)?.iter().all(|one| one.name != stream) {
        return Err(no_stream());
    }
    let removed = call.beside.remove_streams(&call.region, name, Some(stream));
    removed.map_err(broken)?;
    nothing()
}

fn shown(call: &Call, group: &str, stream: &Stream) -> Object {
    let arn = arns::log_group(&call.region, &call.account, group);
    let times = || stream.events.iter().map(|event| event.timestamp);
    let all = [
        ("logStreamName", json!(stream.name)),
        ("creationTime", json!(stream.created)),
        ("firstEventTimestamp", json!(times().min())),
        ("lastEventTimestamp", json!(times().max())),
        (
            "lastIngestionTime",
            json!(stream.events.iter().map(|event| event.ingested).max()),
        ),
        (
            "uploadSequenceToken",
            json!(times().next().map(|_| super::events::SEQUENCE)),
        ),
        ("arn", json!(format!("{arn}:log-stream:{}", stream.name))),
        ("storedBytes", json!(0)),
    ];
    let mut shown = Object::from_iter(all.map(|(name, value)| (name.to_owned(), value)));
    shown.retain(|_, value| !value.is_null());
    shown
}

fn describe(region: &Region, call: &Call) -> Answer {
    let (name, group) = named(region, call)?;
    let prefix = optional(&call.input, "logStreamNamePrefix");
    let by_time = call.text("orderBy") == "LastEventTime";
    if by_time && prefix.is_some() {
        return Err(invalid(
            "Cannot order by LastEventTime with a logStreamNamePrefix.",
        ));
    }
    let descending = call.input.get("descending") == Some(&Value::Bool(true));
    let mut rows: Vec<(String, Object)> = of(call, name, &group)?
        .iter()
        .filter(|stream| prefix.is_none_or(|prefix| stream.name.starts_with(prefix)))
        .map(|stream| {
            let last = stream.events.iter().map(|event| event.timestamp).max();
            let key = match by_time {
                true => format!("{:020} {}", last.unwrap_or_default(), stream.name),
                false => stream.name.clone(),
            };
            (key, shown(call, name, stream))
        })
        .collect();
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    if descending {
        rows.reverse();
    }
    // Pages go on by place, so that they can be in either order.
    let rows: Vec<(String, Object)> = rows
        .into_iter()
        .enumerate()
        .map(|(at, (_, row))| (format!("{at:010}"), row))
        .collect();
    let rows = rows.iter().map(|(key, row)| (key.as_str(), row.clone()));
    let size = call.input.get("limit").and_then(Value::as_u64);
    let size = size.map_or(STREAMS_PER_PAGE, |size| {
        usize::try_from(size).unwrap_or(usize::MAX)
    });
    let token = optional(&call.input, "nextToken");
    let list = format!("DescribeLogStreams {name}");
    let (page, next) = paging::page(&list, rows, size, token)
        .map_err(|paging::InvalidToken| invalid("The specified nextToken is invalid."))?;
    let mut answer = object("logStreams", json!(page));
    answer.extend(next.map(|next| ("nextToken".to_owned(), json!(next))));
    Ok(answer)
}
