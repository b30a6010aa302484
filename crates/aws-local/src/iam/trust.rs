//! Trust policies: which services may assume a role.

use serde_json::Value;

use super::super::operation::Refusal;
use aws_facts::limits::iam::LONGEST_TRUST_POLICY;

pub(super) fn malformed(message: &str) -> Refusal {
    Refusal::new(400, "MalformedPolicyDocument", message)
}

/// One, or each of a list.
pub(super) fn each(value: &Value) -> impl Iterator<Item = &Value> {
    let (one, several) = match value {
        Value::Array(items) => (None, items.as_slice()),
        Value::Null => (None, [].as_slice()),
        one => (Some(one), [].as_slice()),
    };
    one.into_iter().chain(several)
}

/// Refuses a policy without a principal that may assume the role.
pub(super) fn check(text: &str) -> Result<(), Refusal> {
    let policy: Value =
        serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json"))?;
    let size = text.chars().filter(|c| !c.is_whitespace()).count();
    if size > LONGEST_TRUST_POLICY {
        let message = format!("Cannot exceed quota for ACLSizePerRole: {LONGEST_TRUST_POLICY}");
        return Err(Refusal::new(409, "LimitExceeded", message));
    }
    for statement in each(&policy["Statement"]) {
        if !statement["Resource"].is_null() {
            return Err(malformed("Has prohibited field Resource"));
        }
        let mut actions = each(&statement["Action"]).filter_map(Value::as_str);
        if actions.any(|action| !is_of_roles(action)) {
            let message = "AssumeRole policy may only specify STS AssumeRole actions.";
            return Err(malformed(message));
        }
    }
    Ok(())
}

fn is_of_roles(action: &str) -> bool {
    const ACTIONS: [&str; 5] = [
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:SetSourceIdentity",
        "sts:TagSession",
    ];
    ACTIONS.contains(&action)
}

/// Whether a policy allows a service to assume the role. Conditions and denials are not evaluated.
pub(super) fn trusts(text: &str, service: &str) -> bool {
    let policy: Value = serde_json::from_str(text).unwrap_or_default();
    let trusted = |statement: &Value| {
        let mut actions = each(&statement["Action"]);
        let mut services = each(&statement["Principal"]["Service"]);
        statement["Effect"] == "Allow"
            && actions.any(|action| action == "sts:AssumeRole")
            && services.any(|one| one == service)
    };
    each(&policy["Statement"]).any(trusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["apigateway.amazonaws.com"]}}]}"#;

    #[test]
    fn a_role_is_taken_by_whom_it_trusts() {
        assert!(trusts(POLICY, "apigateway.amazonaws.com"));
        assert!(!trusts(POLICY, "ec2.amazonaws.com"));
        let denied = POLICY.replace("Allow", "Deny");
        assert!(!trusts(&denied, "apigateway.amazonaws.com"));
    }

    #[test]
    fn a_trust_policy_is_refused_as_aws_refuses_it() {
        assert_eq!(check(POLICY), Ok(()));
        let refused = |policy: &str| check(policy).unwrap_err().message;
        assert_eq!(refused("not json"), "This policy contains invalid Json");
        let action = POLICY.replace("AssumeRole", "InvalidAction");
        assert!(refused(&action).contains("may only specify STS AssumeRole"));
        let resource = POLICY.replace("\"Effect\"", "\"Resource\": \"*\", \"Effect\"");
        assert_eq!(refused(&resource), "Has prohibited field Resource");
    }
}
