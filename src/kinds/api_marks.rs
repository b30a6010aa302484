//! Marks on the API: tags that say what else the stack has, or once had, so that it is looked for only then.
//!
//! A mark is there before the first such thing is made, and stays: a run that dies while those things are deleted leaves some
//! that nothing else points to. API Gateway lists APIs with their tags, so a mark is known as soon as it is written.

use std::collections::BTreeMap;

use super::{Owner, STACK_TAG, Scope, tags};
use crate::aws::{AwsError, Reader};

/// The mark of a load balancer or a VPC link.
pub const LOAD_BALANCER_MARK: &str = "gatestack:load_balancer";

/// The mark of a domain name.
pub const DOMAIN_MARK: &str = "gatestack:domain";

/// The mark of a user pool, which need not be one whose tokens the API takes.
pub const USER_POOL_MARK: &str = "gatestack:user_pool";

/// Every mark.
pub const MARKS: [&str; 3] = [LOAD_BALANCER_MARK, DOMAIN_MARK, USER_POOL_MARK];

/// The value of every mark.
pub const MARKED: &str = "yes";

/// What the stack's API says of its other parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Says {
    /// It has some, or had.
    Perhaps,
    /// It never had any.
    Nothing,
    /// There is no API.
    NoApi,
}

/// What the API says, and where it says nothing, the tagging API: it names things that versions made which wrote no marks.
///
/// # Errors
/// AWS's refusal of a read.
pub(super) async fn ask(
    reader: &Reader,
    scope: &Scope<'_>,
    mark: &str,
    arns: &[&str],
) -> Result<Says, AwsError> {
    let tagged = reader.tagged(STACK_TAG, &scope.desired.ground.stack);
    let (apis, tagged) = tokio::try_join!(reader.rest_apis(), tagged)?;
    let apis: Vec<BTreeMap<String, String>> = apis
        .iter()
        .map(|api| tags::live(api.tags.as_ref()))
        .filter(|tags| matches!(scope.desired.ground.owner_by_tags(tags), Owner::Us(_)))
        .collect();
    let marked = apis.iter().any(|tags| tags.contains_key(mark));
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

/// An answer; nothing where these credentials may not ask. For what the stack most likely does not have.
///
/// # Errors
/// Any other refusal.
pub(super) fn unless_denied<T>(answer: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match answer {
        Err(error) if error.is_denied() => Ok(None),
        answer => answer.map(Some),
    }
}
