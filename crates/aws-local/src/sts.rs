//! STS: the caller's identity.

use aws_facts::{arns, regions};
use serde_json::json;

use super::functions::Session;
use super::operation::{Answer, Call, Object, Operation, Refusal};
use super::state::Region;

/// The operations the local STS has.
pub(super) const OPERATIONS: &[Operation] =
    &[Operation::read("GetCallerIdentity", get_caller_identity)];

/// A function is its role's session. Every other caller is the account's root, since signatures are not checked.
///
/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>, for the members' forms; Lambda's session has
/// the function's name.
fn get_caller_identity(_: &Region, call: &Call) -> Answer {
    let (id, arn) = match &call.session {
        Some(session) => of_function(session, call).ok_or_else(invalid_token)?,
        None => (
            call.account.clone(),
            arns::arn("iam", "", &call.account, "root"),
        ),
    };
    Ok(Object::from_iter([
        ("UserId".to_owned(), json!(id)),
        ("Account".to_owned(), json!(call.account)),
        ("Arn".to_owned(), json!(arn)),
    ]))
}

/// The id and the ARN of a session; none if its role is gone.
fn of_function(session: &Session, call: &Call) -> Option<(String, String)> {
    let global = call.everywhere.regions.get(regions::GLOBAL)?;
    let role = global.iam.role_id(&session.role_arn, &call.account)?;
    Some((format!("{role}:{}", session.name), session.arn()?))
}

/// Inferred: a role that was deleted has no valid sessions.
fn invalid_token() -> Refusal {
    let message = "The security token included in the request is invalid.";
    Refusal::new(403, "InvalidClientTokenId", message)
}
