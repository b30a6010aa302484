//! What else is at a function: it is deleted with it, or stops working.

use super::super::{function_alias, function_permission};
use crate::aws::{AwsError, Reader};
use crate::kinds::observation::{Dependent, Other};
use crate::kinds::uses::Leaving;
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
    leaving: &Leaving<'_>,
    address: &Address,
    name: &str,
    arn: &str,
) -> Result<Vec<Dependent>, AwsError> {
    let (parts, policy) = tokio::try_join!(
        Box::pin(reader.at_function(name)),
        reader.function_policy(arn)
    )?;
    let statements = function_permission::others(leaving, arn, &policy);
    let aliases = parts.aliases.iter();
    let (ours, others): (Vec<_>, Vec<_>) =
        aliases.partition(|alias| function_alias::is_ours(&alias.description));
    // What is at an alias of the stack's goes with that.
    let ours: Vec<&str> = ours.iter().map(|alias| &*alias.arn).collect();
    let versions = parts.versions.iter();
    let versions = versions.filter(|version| !function_alias::is_ours(&version.description));
    let gone = "Lambda deletes it with the function";
    let rows = [
        (
            OTHER_STATEMENTS,
            ("statement", "statement of its policy"),
            statements,
            "whatever it lets in can't invoke the function any more",
        ),
        (
            EVENT_SOURCES,
            ("event_source", "event source"),
            parts.sources_beside(&ours).collect(),
            "nothing takes its events any more",
        ),
        (
            URLS,
            ("url", "function URL"),
            parts.urls_beside(&ours).collect(),
            gone,
        ),
        (
            OTHER_ALIASES,
            ("alias", "alias"),
            others.iter().map(|alias| &*alias.name).collect(),
            gone,
        ),
        (
            OTHER_VERSIONS,
            ("version", "version"),
            versions.map(|version| &*version.version).collect(),
            gone,
        ),
    ];
    let rows: [(_, _, Vec<&str>, _); 5] = rows;
    let dependents = rows.into_iter().filter_map(|(word, kind, names, what)| {
        let others: Vec<Other> = names.iter().map(|name| Other::new(*name, *name)).collect();
        Dependent::of(address, word, kind, &others, what)
    });
    Ok(dependents.collect())
}
