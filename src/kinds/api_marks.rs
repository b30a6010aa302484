//! Marks on the API: tags that show what else the stack has, or once had, so that it is looked for only then.
//!
//! A mark is written before the first such resource is created, and stays: a run that dies during the deletion leaves resources
//! that nothing else refers to. API Gateway lists APIs with their tags, so a mark is known as soon as it is written.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::RestApi;

use super::{STACK_TAG, Scope, tags};
use crate::aws::{AwsError, Reader};
use crate::model::digest;

/// The mark of a load balancer or a VPC link.
pub const LOAD_BALANCER_MARK: &str = "gatestack:load_balancer";

/// The mark of a domain name.
pub const DOMAIN_MARK: &str = "gatestack:domain";

/// The mark of a user pool, even if the API doesn't use it.
pub const USER_POOL_MARK: &str = "gatestack:user_pool";

/// The mark of a pool that the stack does not own and has app clients and scopes in, with the pool's id.
pub const EXISTING_POOL_MARK: &str = "gatestack:existing_user_pool";

/// The prefix of the marks of log groups. There is one for each name that a file gave a group, with the name as its value.
pub const LOG_GROUP_MARK: &str = "gatestack:log_group";

/// The mark of functions; with the name behind a slash, of one that has no role of the stack's.
pub const FUNCTION_MARK: &str = "gatestack:function";

/// The prefix of the marks of functions that are not the stack's and that its API may invoke, with their ARNs as values.
pub const EXISTING_FUNCTION_MARK: &str = "gatestack:existing_function";

/// The value of a mark that names nothing.
pub const MARKED: &str = "yes";

/// Whether a tag is a mark.
pub fn is_mark(key: &str) -> bool {
    let of_many = key.split_once('/').map_or(key, |(mark, _)| mark);
    [
        LOAD_BALANCER_MARK,
        DOMAIN_MARK,
        USER_POOL_MARK,
        EXISTING_POOL_MARK,
        LOG_GROUP_MARK,
        FUNCTION_MARK,
        EXISTING_FUNCTION_MARK,
    ]
    .contains(&of_many)
}

/// The mark of one of several resources, by its name: a tag's key is too short for every name, its value isn't.
pub fn mark_of(mark: &str, name: &str) -> (String, String) {
    let key = format!("{mark}/{}", &digest(name.as_bytes())[..12]);
    (key, name.to_owned())
}

/// What the marks on the stack's API show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Says {
    /// It has such resources, or had.
    Perhaps,
    /// It never had any.
    Nothing,
    /// There is no API.
    NoApi,
}

/// What the API's marks show, else the tagging API: earlier versions wrote no marks.
///
/// # Errors
/// A read failed.
pub(super) async fn ask(
    reader: &Reader,
    scope: &Scope<'_>,
    mark: &str,
    arns: &[&str],
) -> Result<Says, AwsError> {
    let tagged = reader.tagged(STACK_TAG, &scope.desired.context.stack);
    let (apis, tagged) = tokio::try_join!(reader.rest_apis(), tagged)?;
    let apis = tags_of(scope, &apis);
    let is_that = |key: &String| key.split('/').next() == Some(mark);
    let marked = apis.iter().any(|tags| tags.keys().any(is_that));
    let named = || {
        tagged
            .iter()
            .any(|arn| arns.iter().any(|of| arn.contains(of)))
    };
    Ok(if marked || named() {
        Says::Perhaps
    } else if apis.is_empty() {
        Says::NoApi
    } else {
        Says::Nothing
    })
}

/// The names in the marks of several resources.
///
/// # Errors
/// A read failed.
pub(super) async fn named(
    reader: &Reader,
    scope: &Scope<'_>,
    mark: &str,
) -> Result<Vec<String>, AwsError> {
    let apis = reader.rest_apis().await?;
    let tags = tags_of(scope, &apis).into_iter().flatten();
    let named = tags.filter(|(key, _)| {
        let of = key.split_once('/');
        of.is_some_and(|(of, _)| of == mark)
    });
    Ok(named.map(|(_, name)| name).collect())
}

/// The tags of each API of the stack.
fn tags_of(scope: &Scope<'_>, apis: &[RestApi]) -> Vec<BTreeMap<String, String>> {
    let tags = apis.iter().map(|api| tags::live(api.tags.as_ref()));
    tags.filter(|tags| scope.desired.context.owns(tags))
        .collect()
}

/// A result; nothing if these credentials lack the permission. For what the stack most likely does not have.
///
/// # Errors
/// Any other refusal.
pub(super) fn unless_denied<T>(answer: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match answer {
        Err(error) if error.is_denied() => Ok(None),
        answer => answer.map(Some),
    }
}
