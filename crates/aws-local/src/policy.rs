//! The evaluator of policies: whether statements allow a request.
//!
//! It is pure, and the only one: of Lambda's resource policies, of roles' policies, and of API Gateway's.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html> and the pages on the policy elements
//! beside it.

mod condition;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use aws_facts::arns::Arn;
use serde_json::Value;

use self::pattern::Pattern;

/// A request that statements are asked about.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// Who asks. A statement without a principal, as those of roles, is about its own.
    pub principal: Principal<'r>,
    /// Such as `lambda:InvokeFunction`.
    pub action: &'r str,
    /// An ARN.
    pub resource: &'r str,
    /// What conditions can ask about.
    pub context: Context,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum Principal<'r> {
    /// A service by its name, such as `apigateway.amazonaws.com`.
    Service(&'r str),
    /// A user or a role.
    Aws {
        /// Its ARN.
        arn: &'r str,
        /// Its account.
        account: &'r str,
    },
    /// A caller without credentials.
    Anonymous,
}

/// Condition keys with their values. Keys are found in any case.
#[derive(Clone, Debug, Default)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// The same, with this key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        let values = self.0.entry(key.to_ascii_lowercase()).or_default();
        values.push(value.into());
        self
    }

    /// The values of a key; none if the request doesn't have it.
    fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}

/// What statements say of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// One allows it, and none denies it.
    Allowed,
    /// One denies it.
    Denied,
    /// None is about it.
    NotAllowed,
}

/// Something in a statement that this evaluator doesn't know: its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unknown(pub String);

/// The statements of a policy document, which has one or a list.
pub fn statements(document: &Value) -> impl Iterator<Item = &Value> {
    each(&document["Statement"])
}

/// What statements say of a request. Their order does not matter.
///
/// # Errors
/// A condition operator or an effect that this evaluator doesn't know.
pub fn decide<'s>(
    statements: impl IntoIterator<Item = &'s Value>,
    request: &Request<'_>,
) -> Result<Decision, Unknown> {
    let mut decision = Decision::NotAllowed;
    for statement in statements {
        if !is_about(statement, request)? {
            continue;
        }
        match statement["Effect"].as_str() {
            Some("Deny") => return Ok(Decision::Denied),
            Some("Allow") => decision = Decision::Allowed,
            other => return Err(Unknown(format!("Effect {}", other.unwrap_or_default()))),
        }
    }
    Ok(decision)
}

fn is_about(statement: &Value, request: &Request<'_>) -> Result<bool, Unknown> {
    let action = |pattern: &str| {
        let pattern = Pattern::plain(&pattern.to_ascii_lowercase());
        pattern.matches(&request.action.to_ascii_lowercase())
    };
    let resource = |pattern: &str| {
        let pattern = Pattern::with_variables(pattern, &request.context);
        pattern.is_some_and(|pattern| pattern.matches(request.resource))
    };
    let is_about = matches_or_not(statement, "Principal", &|value| {
        is_principal(value, request.principal)
    }) && matches_or_not(statement, "Action", &|value| any(value, action))
        && matches_or_not(statement, "Resource", &|value| any(value, resource));
    Ok(is_about && condition::all_hold(&statement["Condition"], &request.context)?)
}

/// Whether an element, or its opposite `Not…`, is about a request. A statement has one of them, or is about everything.
fn matches_or_not(statement: &Value, name: &str, matches: &dyn Fn(&Value) -> bool) -> bool {
    let opposite = &statement[format!("Not{name}")];
    match (&statement[name], opposite) {
        (Value::Null, Value::Null) => true,
        (Value::Null, opposite) => !matches(opposite),
        (value, _) => matches(value),
    }
}

fn any(value: &Value, matches: impl Fn(&str) -> bool) -> bool {
    each(value).filter_map(Value::as_str).any(matches)
}

fn is_principal(value: &Value, principal: Principal<'_>) -> bool {
    let Value::Object(kinds) = value else {
        return value == "*";
    };
    kinds.iter().any(|(kind, value)| {
        any(value, |named| match (kind.as_str(), principal) {
            ("AWS", _) if named == "*" => true,
            ("AWS", Principal::Aws { arn, account }) => {
                // `:root` is the whole account.
                let is_account = named == account
                    || Arn::parse(named).is_some_and(|named| {
                        named.service == "iam"
                            && named.account == account
                            && named.resource == "root"
                    });
                is_account || named == arn
            }
            ("Service", Principal::Service(service)) => named == service,
            _ => false,
        })
    })
}

/// One, or each of a list.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(items) => items.as_slice(),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
    .iter()
}
