//! How long a log group keeps events.

use aws_facts::limits::cloudwatchlogs::RETENTION_DAYS;
use serde_json::Value;

use super::super::members::nothing;
use super::super::operation::{Answer, Call, Operation};
use super::super::state::Region;
use super::{invalid, named};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("PutRetentionPolicy", put),
    Operation::change("DeleteRetentionPolicy", delete),
];

pub(super) fn put(region: &mut Region, call: &Call) -> Answer {
    let days = call.input.get("retentionInDays").and_then(Value::as_u64);
    let days = days.unwrap_or_default();
    if !RETENTION_DAYS.iter().any(|known| u64::from(*known) == days) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: {RETENTION_DAYS:?}"
        )));
    }
    named(region, call)?.retention_days = Some(days);
    nothing()
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    named(region, call)?.retention_days = None;
    nothing()
}
