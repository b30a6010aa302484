//! AWS Lambda: functions, their versions and aliases, who may call them, and how many calls run at once.
//!
//! Written from its API reference, and from answers of AWS that other projects recorded (LocalStack's validated snapshots of
//! `test_lambda_api`). Container images, KMS keys, file systems, code signing, durable functions and capacity providers are refused
//! by name. There is no S3, so code in a bucket isn't found. Layers of the account itself don't exist either; one of another
//! account, which AWS may have, is taken as it is.

mod aliases;
mod archive;
mod concurrency;
mod functions;
mod invoke;
mod names;
mod none;
mod policies;
mod settings;
mod shown;
pub mod state;
mod tags;
#[cfg(test)]
mod tests;
mod updates;
mod versions;

use std::io;

use aws_facts::limits::lambda::ROWS_PER_PAGE;
use serde_json::{Value, json};

use super::beside::Beside;
use super::members::{object, optional};
use super::operation::{Answer, Call, Operation, Refusal};
use super::paging;
use super::state::State as Account;

pub(super) use archive::{carries_code, check_size};
pub use state::State;
pub(super) use tags::tagged;

/// The operations the local service has.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    functions::OPERATIONS,
    updates::OPERATIONS,
    versions::OPERATIONS,
    aliases::OPERATIONS,
    policies::OPERATIONS,
    concurrency::OPERATIONS,
    tags::OPERATIONS,
    none::OPERATIONS,
    invoke::OPERATIONS,
];

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameterValueException", message)
}

/// A violation of the model in AWS's words for one, where the model itself does not say it.
fn violates(message: impl std::fmt::Display) -> Refusal {
    let message = format!("1 validation error detected: {message}");
    Refusal::new(400, "ValidationException", message)
}

fn conflict(message: impl Into<String>) -> Refusal {
    Refusal::new(409, "ResourceConflictException", message)
}

fn not_found(message: impl Into<String>) -> Refusal {
    Refusal::new(404, "ResourceNotFoundException", message)
}

fn no_function(arn: &str) -> Refusal {
    not_found(format!("Function not found: {arn}"))
}

/// What is asked for without being there, in words that don't name it.
fn no_resource() -> Refusal {
    not_found("The resource you requested does not exist.")
}

/// Refuses a revision that is not the latest, which one gets with `from`.
fn check_revision(call: &Call, latest: &str, from: &str) -> Result<(), Refusal> {
    match optional(&call.input, "RevisionId") {
        Some(revision) if revision != latest => Err(Refusal::new(
            412,
            "PreconditionFailedException",
            format!(
                "The Revision Id provided does not match the latest Revision Id. Call the {from} API to retrieve the latest Revision Id"
            ),
        )),
        _ => Ok(()),
    }
}

/// A page of a list.
fn page<'k>(
    call: &Call,
    list: &str,
    member: &str,
    rows: impl Iterator<Item = (&'k str, Value)>,
) -> Answer {
    let size = call.input.get("MaxItems").and_then(Value::as_u64);
    // AWS takes larger numbers, and returns no more.
    let size = size.map_or(ROWS_PER_PAGE, |size| {
        usize::try_from(size).map_or(ROWS_PER_PAGE, |size| size.min(ROWS_PER_PAGE))
    });
    let list = format!("{} {list}", call.operation);
    let marker = optional(&call.input, "Marker");
    let (rows, next) = paging::page(&list, rows, size, marker)
        .map_err(|paging::InvalidToken| invalid("Invalid Marker."))?;
    let mut answer = object(member, rows);
    answer.extend(next.map(|next| ("NextMarker".to_owned(), json!(next))));
    Ok(answer)
}

/// Removes the archives that no function uses any more, in any Region.
fn tidy(state: &Account, beside: &Beside) -> io::Result<()> {
    let regions = state.regions.values();
    beside.keep_only(regions.flat_map(|region| region.lambda.digests()))
}
