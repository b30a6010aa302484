//! Documents of identity policies: what AWS refuses when one is stored. Actions and conditions are not looked up.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::operation::Refusal;
use super::trust::{each, malformed};

const TOP: [&str; 3] = ["Version", "Id", "Statement"];

const IN_STATEMENTS: [&str; 7] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Refuses a document that is no identity policy. The order is AWS's: first the syntax of all statements, then the rest.
pub(super) fn check(text: &str) -> Result<(), Refusal> {
    let syntax = || malformed("Syntax errors in policy.");
    let Ok(Value::Object(policy)) = serde_json::from_str(text) else {
        return Err(syntax());
    };
    if policy.keys().any(|name| !TOP.contains(&name.as_str())) {
        return Err(syntax());
    }
    let statements: Vec<&Value> = each(policy.get("Statement").unwrap_or(&Value::Null)).collect();
    let objects: Vec<&Map<String, Value>> = statements
        .iter()
        .filter_map(|one| one.as_object())
        .collect();
    if statements.is_empty() || objects.len() < statements.len() {
        return Err(syntax());
    }
    for statement in &objects {
        if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
            return Err(malformed("Policy document should not specify a principal."));
        }
        let known = |name: &String| IN_STATEMENTS.contains(&name.as_str());
        let both =
            |one: &str| statement.contains_key(one) && statement.contains_key(&format!("Not{one}"));
        let effect = statement.get("Effect").and_then(Value::as_str);
        let is_condition = statement.get("Condition").is_none_or(Value::is_object);
        if !statement.keys().all(known)
            || both("Action")
            || both("Resource")
            || !is_condition
            || !matches!(effect, Some("Allow" | "Deny"))
        {
            return Err(syntax());
        }
    }
    if policy.get("Version") != Some(&Value::from("2012-10-17")) {
        return Err(malformed(
            "Policy document must be version 2012-10-17 or greater.",
        ));
    }
    let mut ids = BTreeSet::new();
    for statement in objects {
        let id = statement.get("Sid").and_then(Value::as_str);
        if id.is_some_and(|id| !id.is_empty() && !ids.insert(id)) {
            return Err(malformed(
                "Statement IDs (SID) in a single policy must be unique.",
            ));
        }
        check_actions(&list(statement, "Action"))?;
        check_resources(&list(statement, "Resource"))?;
    }
    Ok(())
}

/// The texts of a member or of its negation.
fn list<'s>(statement: &'s Map<String, Value>, member: &str) -> Vec<&'s str> {
    let negated = format!("Not{member}");
    let value = statement.get(member).or_else(|| statement.get(&negated));
    each(value.unwrap_or(&Value::Null))
        .filter_map(Value::as_str)
        .collect()
}

fn check_actions(actions: &[&str]) -> Result<(), Refusal> {
    if actions.is_empty() {
        return Err(malformed("Policy statement must contain actions."));
    }
    for action in actions.iter().filter(|action| **action != "*") {
        match action.matches(':').count() {
            0 => {
                return Err(malformed(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
                ));
            }
            1 => {}
            _ => return Err(malformed("Actions/Condition can contain only one colon.")),
        }
    }
    Ok(())
}

fn check_resources(resources: &[&str]) -> Result<(), Refusal> {
    if resources.is_empty() {
        return Err(malformed("Policy statement must contain resources."));
    }
    let is_arn = |text: &str| text == "*" || text.starts_with("arn:");
    match resources.iter().find(|resource| !is_arn(resource)) {
        None => Ok(()),
        Some(resource) => {
            let message = format!("Resource {resource} must be in ARN format or \"*\".");
            Err(malformed(&message))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(document: Value) -> String {
        check(&document.to_string()).map_or_else(|refusal| refusal.message, |()| "none".into())
    }

    /// A policy with one statement, with these members in it.
    fn policy(more: Value) -> Value {
        let mut statement =
            json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::a"});
        for (member, value) in more.as_object().unwrap() {
            match value {
                Value::Null => drop(statement.as_object_mut().unwrap().remove(member)),
                value => statement[member] = value.clone(),
            }
        }
        json!({"Version": "2012-10-17", "Statement": statement})
    }

    /// Evidence: reported, moto `test_create_policy_with_invalid_policy_document`.
    #[test]
    fn a_document_is_refused_in_aws_words() {
        assert_eq!(refused(policy(json!({}))), "none");
        assert_eq!(
            refused(policy(json!({"Action": "*", "Resource": ["*"]}))),
            "none"
        );
        let syntax = "Syntax errors in policy.";
        assert_eq!(refused(json!("This is not a json document")), syntax);
        assert_eq!(refused(json!({"Version": "2012-10-17"})), syntax);
        for (more, words) in [
            (json!({"Extra": "field"}), syntax),
            (json!({"Effect": "allow"}), syntax),
            (json!({"Effect": null}), syntax),
            (json!({"NotAction": "s3:ListBucket"}), syntax),
            (json!({"NotResource": "*"}), syntax),
            (json!({"Condition": "a"}), syntax),
            (
                json!({"Principal": "arn:aws:iam::123456789012:root"}),
                "Policy document should not specify a principal.",
            ),
            (
                json!({"Action": null}),
                "Policy statement must contain actions.",
            ),
            (
                json!({"Resource": null}),
                "Policy statement must contain resources.",
            ),
            (
                json!({"Action": "invalid"}),
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            ),
            (
                json!({"Action": "s3:ListBucket:x"}),
                "Actions/Condition can contain only one colon.",
            ),
            (
                json!({"Resource": "invalid resource"}),
                "Resource invalid resource must be in ARN format or \"*\".",
            ),
        ] {
            assert_eq!(refused(policy(more.clone())), words, "{more}");
        }
        let mut old = policy(json!({}));
        old["Version"] = json!("2008-10-17");
        let version = "Policy document must be version 2012-10-17 or greater.";
        assert_eq!(refused(old), version);
        let mut twice = policy(json!({"Sid": "a"}));
        twice["Statement"] = json!([twice["Statement"], twice["Statement"]]);
        assert_eq!(
            refused(twice),
            "Statement IDs (SID) in a single policy must be unique."
        );
    }
}
