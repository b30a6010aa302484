//! Which functions may be the stack's. Lambda lists functions without tags, and an account has thousands, so each is read by its
//! name: those of the file, those in tags of the stack's roles, those in marks on the API, and those in the tagging API's index.
//!
//! A function's role is created before the function and deleted after it, and IAM lists the roles below the stack's path in one
//! call. So functions without a mark are found wherever a run died.

use std::collections::BTreeSet;

use crate::aws::{AwsError, Reader};
use crate::kinds::api_marks::{self, FUNCTION_MARK, Says};
use crate::kinds::{Resource, STACK_TAG, Scope, Wanted, function_role};

/// What the ARN of one holds.
const ARNS: &[&str] = &[":function:"];

/// Whether the stack has functions, or had: the file has some, or the API's marks or the tagging API's index say so. Without an API,
/// whose tags would say it, only the file and the index do.
///
/// # Errors
/// A read failed.
pub(in crate::kinds) async fn may_be(reader: &Reader, scope: &Scope<'_>) -> Result<bool, AwsError> {
    let mut wanted = scope.desired.resources.values();
    let of_functions = |wanted: &Wanted| {
        matches!(
            wanted.resource,
            Resource::Function(_) | Resource::FunctionRole(_)
        )
    };
    if wanted.any(of_functions) {
        return Ok(true);
    }
    Ok(api_marks::ask(reader, scope, FUNCTION_MARK, ARNS).await? == Says::Perhaps)
}

/// The names of all functions that may be the stack's.
///
/// # Errors
/// A read failed.
pub(in crate::kinds) async fn read(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<BTreeSet<String>, AwsError> {
    if !may_be(reader, scope).await? {
        return Ok(BTreeSet::new());
    }
    let wanted = super::wanted(scope.desired).map(|(_, props)| props.name().to_owned());
    let mut names: BTreeSet<String> = wanted.collect();
    let tagged = reader.tagged(STACK_TAG, &scope.desired.context.stack);
    let (marked, tagged, roles) = tokio::try_join!(
        Box::pin(api_marks::named(reader, scope, FUNCTION_MARK)),
        tagged,
        Box::pin(function_role::read(reader, scope))
    )?;
    names.extend(marked);
    let tagged = tagged.iter().filter_map(|arn| super::name_of(arn));
    names.extend(tagged.map(str::to_owned));
    let named = roles.iter();
    names.extend(named.filter_map(|role| role.tags.get(function_role::FUNCTION_TAG).cloned()));
    Ok(names)
}
