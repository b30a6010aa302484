//! What else is at a function: it is deleted with it, or stops working.

use super::super::function_permission;
use crate::aws::{AwsError, Reader};
use crate::kinds::observation::{Dependent, Other};
use crate::model::Address;

/// The words below a function's address for each kind of part.
pub(super) const DEPENDENTS: &[&str] = &[
    OTHER_STATEMENTS,
    EVENT_SOURCES,
    URLS,
    OTHER_ALIASES,
    OTHER_VERSIONS,
];

const OTHER_STATEMENTS: &str = "other_statements";
const EVENT_SOURCES: &str = "event_sources";
const URLS: &str = "urls";
const OTHER_ALIASES: &str = "other_aliases";
const OTHER_VERSIONS: &str = "other_versions";

/// The parts of a function that the stack did not make.
///
/// # Errors
/// A read failed.
pub(in crate::kinds) async fn others_of(
    reader: &Reader,
    address: &Address,
    name: &str,
    arn: &str,
) -> Result<Vec<Dependent>, AwsError> {
    let (parts, policy) = tokio::try_join!(
        Box::pin(reader.at_function(name)),
        reader.function_policy(arn)
    )?;
    let statements = policy.iter().map(|statement| &statement.sid);
    let statements = statements.filter(|sid| !function_permission::is_ours(sid));
    let statements: Vec<String> = statements.cloned().collect();
    let gone = "Lambda deletes it with the function";
    let rows = [
        (
            OTHER_STATEMENTS,
            ("statement", "statement of its policy"),
            &statements[..],
            "whatever it lets in can't invoke the function any more",
        ),
        (
            EVENT_SOURCES,
            ("event_source", "event source"),
            &parts.sources[..],
            "nothing takes its events any more",
        ),
        (URLS, ("url", "function URL"), &parts.urls[..], gone),
        (OTHER_ALIASES, ("alias", "alias"), &parts.aliases[..], gone),
        (
            OTHER_VERSIONS,
            ("version", "version"),
            &parts.versions[..],
            gone,
        ),
    ];
    let dependents = rows.into_iter().filter_map(|(word, kind, names, what)| {
        let others: Vec<Other> = names
            .iter()
            .map(|name| Other::new(name.clone(), name.clone()))
            .collect();
        Dependent::of(address, word, kind, &others, what)
    });
    Ok(dependents.collect())
}
