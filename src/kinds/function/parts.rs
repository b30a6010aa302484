//! What else is at a function: it is deleted with it, or stops working.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::super::function_role::FUNCTION_TAG;
use super::super::{function_alias, function_permission};
use super::{arn, log_group};
use crate::aws::{AwsError, ListedFunction, Reader, Statement};
use crate::kinds::observation::Dependent;
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

/// The words for what a function and its alias may both have.
pub(in crate::kinds) const OTHER_STATEMENTS: &str = "other_statements";
pub(in crate::kinds) const EVENT_SOURCES: &str = "event_sources";
pub(in crate::kinds) const URLS: &str = "urls";
const OTHER_ALIASES: &str = "other_aliases";
const OTHER_VERSIONS: &str = "other_versions";

/// The word below the address of a function's role or log group for a function that is not the stack's.
pub(in crate::kinds) const OTHER_FUNCTIONS: &str = "other_functions";

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
    let (published, versions): (Vec<_>, Vec<_>) =
        versions.partition(|version| function_alias::is_ours(&version.description));
    // Each version has a policy of its own. gatestack writes none.
    let at_versions = published.iter().map(async |version| {
        let arn = format!("{arn}:{}", version.version);
        let policy = Box::pin(reader.function_policy(&arn)).await?;
        let at =
            |statement: &Statement| format!("{} of version {}", statement.sid, version.version);
        Ok::<_, AwsError>(policy.iter().map(at).collect::<Vec<_>>())
    });
    let at_versions = try_join_all(at_versions).await?.concat();
    let gone = "Lambda deletes it with the function";
    let rows = [
        (
            OTHER_STATEMENTS,
            ("statement", "statement of its policy"),
            statements
                .into_iter()
                .chain(at_versions.iter().map(String::as_str))
                .collect(),
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
            versions.iter().map(|version| &*version.version).collect(),
            gone,
        ),
    ];
    let rows: [(_, _, Vec<&str>, _); 5] = rows;
    let dependents = rows
        .into_iter()
        .filter_map(|(word, kind, names, what)| Dependent::of(address, word, kind, &names, what));
    Ok(dependents.collect())
}

/// A function that runs with a role of the stack's, but has lost the stack's tags. A tag of the role names it.
///
/// # Errors
/// A read failed.
pub(in crate::kinds) async fn runs_with(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    tags: &BTreeMap<String, String>,
    role: &str,
) -> Result<Option<Dependent>, AwsError> {
    let Some(function) = tags.get(FUNCTION_TAG) else {
        return Ok(None);
    };
    let Some(other) = not_ours(reader, leaving, function).await? else {
        return Ok(None);
    };
    let runs = other.configuration.role.as_deref() == Some(role);
    Ok(runs
        .then(|| dependent(address, function, "it can't run any more"))
        .flatten())
}

/// A function that writes to a log group of the stack's, but has lost the stack's tags.
///
/// # Errors
/// A read failed.
pub(in crate::kinds) async fn writes_to(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    group: &str,
) -> Result<Option<Dependent>, AwsError> {
    let Some(function) = group.strip_prefix(&log_group("")) else {
        return Ok(None);
    };
    let other = not_ours(reader, leaving, function).await?;
    Ok(other.and_then(|_| dependent(address, function, "what it wrote is lost")))
}

/// The function of this name, if there is one that is not the stack's.
async fn not_ours(
    reader: &Reader,
    leaving: &Leaving<'_>,
    function: &str,
) -> Result<Option<Arc<ListedFunction>>, AwsError> {
    let arn = arn(&leaving.desired.context, function);
    match leaving.ids_of("function").contains(&*arn) {
        true => Ok(None),
        false => reader.function(function).await,
    }
}

fn dependent(address: &Address, function: &str, what: &str) -> Option<Dependent> {
    let kind = ("function", "function");
    Dependent::of(address, OTHER_FUNCTIONS, kind, &[function], what)
}
