//! Elastic Load Balancing's paging of lists: `PageSize` and `Marker` in, the rows and `NextMarker` out.

use aws_facts::limits::elbv2::ROWS_PER_PAGE;
use serde_json::Value;

use super::super::members::{object, optional};
use super::super::operation::{Answer, Call, Object};
use super::super::paging;
use super::refusals::validation;
use super::state::number;

/// One page of `rows`, which are sorted by their keys, under `member`. `of` distinguishes lists of one operation.
pub(super) fn page<'k>(
    call: &Call,
    of: &str,
    member: &str,
    rows: impl Iterator<Item = (&'k str, Object)>,
) -> Answer {
    let size = number(&call.input, "PageSize").unwrap_or(ROWS_PER_PAGE);
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let marker = optional(&call.input, "Marker").filter(|marker| !marker.is_empty());
    let list = format!("{} {of}", call.operation);
    let (rows, next) = paging::page(&list, rows, size, marker)
        .map_err(|paging::InvalidToken| validation("The specified marker is not valid"))?;
    let rows: Vec<_> = rows.into_iter().map(Value::Object).collect();
    let mut answer = object(member, rows);
    if let Some(next) = next {
        answer.insert("NextMarker".into(), next.into());
    }
    Ok(answer)
}
