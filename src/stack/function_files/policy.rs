//! The IAM policies in files: what IAM refuses of a policy for a role, found before anything is written.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use crate::model::similar::closest;
use crate::stack::files::LARGEST;
use crate::stack::load::LoadSettings;

/// What is wrong, and what to do.
type Fault = (String, String);

/// The policy in a file.
pub(super) fn read(path: &Path, settings: &LoadSettings<'_>) -> Result<String, Fault> {
    let shown = path.display();
    let bytes = (settings.read)(path, LARGEST).map_err(|error| {
        let what = match error.kind() {
            std::io::ErrorKind::NotFound => format!("there is no file `{shown}`"),
            _ => format!("`{shown}` can't be read: {error}"),
        };
        (
            what,
            "a path is relative to the file that names it".to_owned(),
        )
    })?;
    let policy: Value = serde_json::from_slice(&bytes)
        .map_err(|error| (format!("`{shown}` is not JSON: {error}"), whole()))?;
    if let Some((what, help)) = fault(&policy) {
        return Err((format!("`{shown}`: {what}"), help));
    }
    let text = policy.to_string();
    if text.len() > aws_facts::limits::iam::LARGEST_INLINE_POLICIES {
        let most = aws_facts::limits::iam::LARGEST_INLINE_POLICIES;
        return Err((
            format!("`{shown}` has {} characters", text.len()),
            format!(
                "IAM allows {most} for all policies of a role: make a role of your own with managed policies, and name it as `role`"
            ),
        ));
    }
    Ok(text)
}

fn whole() -> String {
    "write an IAM policy in JSON: {\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": …, \"Resource\": …}]}".into()
}

/// The members of a policy.
const TOP: &[&str] = &["Version", "Id", "Statement"];

/// The members of a statement in a policy for a role.
const IN_STATEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
fn fault(policy: &Value) -> Option<Fault> {
    let Some(members) = policy.as_object() else {
        return Some(("this is not a policy".to_owned(), whole()));
    };
    if let Some(fault) = unknown(members, TOP, "the policy") {
        return Some(fault);
    }
    let statements: Vec<&Value> = match members.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return Some(("the policy has no `Statement`".to_owned(), whole())),
    };
    if statements.is_empty() {
        return Some(("`Statement` is empty".to_owned(), whole()));
    }
    let mut ids = BTreeSet::new();
    for (index, statement) in statements.into_iter().enumerate() {
        let number = index + 1;
        let Some(statement) = statement.as_object() else {
            return Some((format!("statement {number} is not an object"), whole()));
        };
        let id = statement.get("Sid").and_then(Value::as_str).unwrap_or("");
        let name = match id {
            "" => format!("statement {number}"),
            id => format!("statement {number}, `{id}`,"),
        };
        if let Some((what, help)) = in_statement(statement, &name) {
            return Some((what, help));
        }
        if !id.is_empty() && !ids.insert(id) {
            let what = format!("the `Sid` of statement {number}, `{id}`, is another statement's");
            return Some((what, "give each statement a `Sid` of its own".to_owned()));
        }
    }
    let version = "2012-10-17";
    (members.get("Version") != Some(&Value::from(version))).then(|| {
        let what = match members.get("Version") {
            None => "the policy has no `Version`".to_owned(),
            Some(other) => format!("the policy's `Version` is {other}"),
        };
        (what, format!("write `\"Version\": \"{version}\"`"))
    })
}

fn in_statement(statement: &Map<String, Value>, name: &str) -> Option<Fault> {
    for principal in ["Principal", "NotPrincipal"] {
        if statement.contains_key(principal) {
            let help = format!("remove `{principal}`: the policy is for the function's role");
            return Some((format!("{name} has a `{principal}`"), help));
        }
    }
    if let Some(fault) = unknown(statement, IN_STATEMENTS, name) {
        return Some(fault);
    }
    let help = "write `\"Effect\": \"Allow\"` or `\"Effect\": \"Deny\"`";
    match statement.get("Effect") {
        Some(Value::String(effect)) if effect == "Allow" || effect == "Deny" => {}
        Some(other) => return Some((format!("{name} has the `Effect` {other}"), help.into())),
        None => return Some((format!("{name} has no `Effect`"), help.into())),
    }
    let id = statement.get("Sid").and_then(Value::as_str).unwrap_or("");
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let help = "write letters and digits only, or remove it".to_owned();
        return Some((format!("the `Sid` `{id}` is one that IAM refuses"), help));
    }
    if !statement.get("Condition").is_none_or(Value::is_object) {
        let help = "write it as in `\"Condition\": {\"StringEquals\": {\"aws:RequestedRegion\": \"eu-west-1\"}}`";
        return Some((
            format!("{name} has a `Condition` that is not an object"),
            help.into(),
        ));
    }
    let is_action = |text: &str| text == "*" || text.matches(':').count() == 1;
    let is_resource = |text: &str| text == "*" || text.starts_with("arn:");
    member(
        statement,
        name,
        "Action",
        is_action,
        "SERVICE:ACTION, as in `\"s3:GetObject\"`",
    )
    .or_else(|| {
        member(
            statement,
            name,
            "Resource",
            is_resource,
            "an ARN, as in `\"arn:aws:s3:::BUCKET/*\"`, or `\"*\"`",
        )
    })
}

/// The member or its negation, which has one text or several.
fn member(
    statement: &Map<String, Value>,
    name: &str,
    member: &str,
    is_one: impl Fn(&str) -> bool,
    wanted: &str,
) -> Option<Fault> {
    let negation = format!("Not{member}");
    let (written, value) = match (statement.get(member), statement.get(&negation)) {
        (Some(_), Some(_)) => {
            let what = format!("{name} has `{member}` and `{negation}`");
            return Some((what, "remove one of them".to_owned()));
        }
        (Some(value), None) => (member, value),
        (None, Some(value)) => (negation.as_str(), value),
        (None, None) => {
            let what = format!("{name} has neither `{member}` nor `{negation}`");
            return Some((what, format!("add `\"{member}\"`: {wanted}")));
        }
    };
    let all = match value {
        Value::Array(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    if all.is_empty() {
        let what = format!("{name} has an empty `{written}`");
        return Some((what, format!("write {wanted}")));
    }
    let wrong = all.iter().find(|one| !one.as_str().is_some_and(&is_one))?;
    let what = format!("{name} has the `{written}` {wrong}");
    Some((what, format!("write {wanted}")))
}

fn unknown(members: &Map<String, Value>, known: &[&str], of: &str) -> Option<Fault> {
    let name = members
        .keys()
        .find(|name| !known.contains(&name.as_str()))?;
    let help = match closest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("IAM knows {}", known.join(", ")),
    };
    let of = of.trim_end_matches(',');
    Some((format!("{of} has an unknown member `{name}`"), help))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is wrong with a policy of two statements, the second with these members.
    fn told(more: Value) -> String {
        let whole =
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"});
        let mut second = whole.clone();
        for (member, value) in more.as_object().unwrap() {
            match value {
                Value::Null => drop(second.as_object_mut().unwrap().remove(member)),
                value => second[member] = value.clone(),
            }
        }
        let policy = json!({"Version": "2012-10-17", "Statement": [whole, second]});
        fault(&policy).map_or_else(String::new, |(what, _)| what)
    }

    #[test]
    fn statements_are_those_iam_takes() {
        for good in [
            json!({}),
            json!({"Action": "*", "Resource": ["*"]}),
            json!({"Action": null, "NotAction": ["s3:*", "iam:*"]}),
            json!({"Sid": "Orders1", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        ] {
            assert_eq!(told(good.clone()), "", "{good}");
        }
        for (more, wanted) in [
            (json!({"Effect": null}), "statement 2 has no `Effect`"),
            (
                json!({"Effect": "allow"}),
                "statement 2 has the `Effect` \"allow\"",
            ),
            (
                json!({"Effect": null, "effect": "Allow"}),
                "statement 2 has an unknown member `effect`",
            ),
            (
                json!({"Action": null}),
                "statement 2 has neither `Action` nor `NotAction`",
            ),
            (
                json!({"NotAction": "s3:*"}),
                "statement 2 has `Action` and `NotAction`",
            ),
            (
                json!({"Action": "GetObject"}),
                "statement 2 has the `Action` \"GetObject\"",
            ),
            (json!({"Action": []}), "statement 2 has an empty `Action`"),
            (
                json!({"Resource": null}),
                "statement 2 has neither `Resource` nor `NotResource`",
            ),
            (
                json!({"Resource": ["*", "orders"], "Sid": "Orders"}),
                "statement 2, `Orders`, has the `Resource` \"orders\"",
            ),
            (json!({"Principal": "*"}), "statement 2 has a `Principal`"),
            (
                json!({"Sid": "a b"}),
                "the `Sid` `a b` is one that IAM refuses",
            ),
        ] {
            assert_eq!(told(more.clone()), wanted, "{more}");
        }
    }

    #[test]
    fn a_policy_has_a_version_and_statements() {
        let what = |policy: Value| fault(&policy).map(|(what, _)| what);
        let one = json!({"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*"});
        assert_eq!(
            what(json!({"Version": "2012-10-17", "Statement": one})),
            None
        );
        for (policy, wanted) in [
            (json!([]), "this is not a policy"),
            (
                json!({"Version": "2012-10-17"}),
                "the policy has no `Statement`",
            ),
            (
                json!({"Version": "2012-10-17", "Statement": []}),
                "`Statement` is empty",
            ),
            (json!({"Statement": one}), "the policy has no `Version`"),
            (
                json!({"Version": "2012-10-17", "Statement": [one, one]}),
                "the `Sid` of statement 2, `A`, is another statement's",
            ),
        ] {
            assert_eq!(what(policy.clone()).as_deref(), Some(wanted), "{policy}");
        }
    }
}
