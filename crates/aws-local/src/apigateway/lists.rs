//! API Gateway's paging of lists: `limit` and `position` in, `items` and `position` out.

use aws_facts::limits::apigateway::{MOST_ROWS_PER_PAGE, ROWS_PER_PAGE};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Refusal};
use super::super::paging;
use super::refusals::bad_request;

/// Refuses any position, for a list that always fits on a page.
pub(super) fn check_no_position(call: &Call) -> Result<(), Refusal> {
    match call.text("position") {
        "" => Ok(()),
        _ => Err(no_such_position()),
    }
}

fn no_such_position() -> Refusal {
    bad_request("Invalid position parameter specified")
}

/// One page of `rows`, which are sorted by their keys. `of` distinguishes lists of one operation, such as those of two APIs.
pub(super) fn page<'k>(
    call: &Call,
    of: &str,
    rows: impl Iterator<Item = (&'k str, Object)>,
) -> Answer {
    let limit = call.input.get("limit").and_then(Value::as_i64);
    let size = match limit.map(usize::try_from) {
        Some(Ok(limit)) if limit > 0 => limit.min(MOST_ROWS_PER_PAGE),
        _ => ROWS_PER_PAGE,
    };
    let position = call.input.get("position").and_then(Value::as_str);
    let list = format!("{} {of}", call.operation);
    let (items, next) = paging::page(&list, rows, size, position.filter(|text| !text.is_empty()))
        .map_err(|paging::InvalidToken| no_such_position())?;
    let mut answer = Object::from_iter([("items".to_owned(), json!(items))]);
    if let Some(next) = next {
        answer.insert("position".into(), next.into());
    }
    Ok(answer)
}
