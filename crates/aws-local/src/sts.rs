//! STS: the caller's identity.

use aws_facts::arns;
use serde_json::json;

use super::operation::{Answer, Call, Object, Operation};
use super::state::Region;

/// The operations the local STS has.
pub(super) const OPERATIONS: &[Operation] =
    &[Operation::read("GetCallerIdentity", get_caller_identity)];

/// Every caller is the account's root, since signatures are not checked.
fn get_caller_identity(_: &Region, call: &Call) -> Answer {
    Ok(Object::from_iter([
        ("UserId".to_owned(), json!(call.account)),
        ("Account".to_owned(), json!(call.account)),
        (
            "Arn".to_owned(),
            json!(arns::arn("iam", "", &call.account, "root")),
        ),
    ]))
}
