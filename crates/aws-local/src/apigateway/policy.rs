//! Resource policies, as API Gateway returns them.

use aws_facts::limits::apigateway::LONGEST_POLICY;
use serde_json::Value;

use super::super::operation::{Call, Refusal};
use super::refusals::bad_request;

/// A policy as AWS returns it: without white space, short resources (`execute-api:/*`) in full, and every quote escaped once
/// more, which a client has to undo. A policy in this form may be sent again.
pub(super) fn normalized(document: &str, api: &str, call: &Call) -> Result<String, Refusal> {
    let invalid = || {
        bad_request(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
        )
    };
    let plain = document.replace("\\\"", "\"");
    let mut policy: Value = serde_json::from_str(document)
        .or_else(|_| serde_json::from_str(&plain))
        .map_err(|_| invalid())?;
    let statements = policy.get_mut("Statement").ok_or_else(invalid)?;
    let one_or_many = match statements {
        Value::Array(many) => many.as_mut_slice(),
        one => std::slice::from_mut(one),
    };
    for statement in one_or_many {
        let complete =
            statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some();
        if !complete || statement.get("Effect").is_none() {
            return Err(invalid());
        }
        match statement.get_mut("Resource") {
            Some(Value::Array(resources)) => resources
                .iter_mut()
                .for_each(|resource| in_full(resource, api, call)),
            Some(resource) => in_full(resource, api, call),
            None => {}
        }
    }
    let text = policy.to_string();
    if text.chars().count() > LONGEST_POLICY {
        return Err(bad_request(
            "Invalid policy document. Policy length cannot exceed 8192 characters.",
        ));
    }
    Ok(text.replace('"', "\\\""))
}

fn in_full(resource: &mut Value, api: &str, call: &Call) {
    let short = resource
        .as_str()
        .and_then(|text| text.strip_prefix("execute-api:/"));
    if let Some(rest) = short {
        *resource = call.arn("execute-api", format_args!("{api}/{rest}")).into();
    }
}
