//! Which functions may be the stack's. Lambda lists functions without tags, and an account has thousands, so each is read by its
//! name: those of the file, those in tags of the stack's roles, those in marks on the API, and those in the tagging API's index.
//!
//! A function's role is created before the function and deleted after it, and IAM lists the roles below the stack's path in one
//! call. So functions without a mark are found wherever a run died.

use std::collections::BTreeSet;

use aws_facts::arns::Arn;
use futures_util::future::try_join_all;

use crate::aws::{AwsError, Reader};
use crate::kinds::api_marks::{self, FUNCTION_MARK, Says};
use crate::kinds::{STACK_TAG, Scope, function_role};

/// What the ARN of one holds.
const ARNS: &[&str] = &[":function:"];

/// The names of all functions that may be the stack's.
///
/// # Errors
/// A read failed.
pub async fn read(reader: &Reader, scope: &Scope<'_>) -> Result<BTreeSet<String>, AwsError> {
    let mut names: BTreeSet<String> = super::wanted(scope.desired)
        .map(|(_, props)| props.name.clone())
        .collect();
    let says = api_marks::ask(reader, scope, FUNCTION_MARK, ARNS).await?;
    if names.is_empty() && says == Says::Nothing {
        return Ok(names);
    }
    names.extend(api_marks::named(reader, scope, FUNCTION_MARK).await?);
    let context = &scope.desired.context;
    let tagged = reader.tagged(STACK_TAG, &context.stack).await?;
    let tagged = tagged.iter().filter_map(|arn| Arn::parse(arn));
    let tagged = tagged.filter(|arn| arn.service == "lambda");
    names.extend(tagged.filter_map(|arn| {
        let name = arn.resource.strip_prefix("function:")?;
        (!name.contains(':')).then(|| name.to_owned())
    }));
    // Without an API, whose tags would say it, the index says that there are some.
    if names.is_empty() && says == Says::NoApi {
        return Ok(names);
    }
    let roles = reader.roles_below(&function_role::path(context)).await?;
    let roles = roles.iter().map(|role| async {
        let role = reader.role(role).await?;
        let name = role.and_then(|role| role.tags.get(function_role::FUNCTION_TAG).cloned());
        Ok::<_, AwsError>(name)
    });
    names.extend(try_join_all(roles).await?.into_iter().flatten());
    names.remove(api_marks::MARKED);
    Ok(names)
}
