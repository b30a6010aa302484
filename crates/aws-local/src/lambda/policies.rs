//! Resource policies: who may call a function, a version or an alias. Their revision is that of what they are of.

use aws_facts::arns::Arn;
use aws_facts::limits::lambda::LARGEST_POLICY;
use aws_facts::regions;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::members::{nothing, one};
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::names::Named;
use super::state::{Function, LATEST, Policy};
use super::{aliases, check_revision, conflict, invalid, no_function, no_resource, not_found};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("AddPermission", add),
    Operation::change("RemovePermission", remove),
    Operation::read("GetPolicy", get),
];

/// A policy as AWS writes it.
fn text(policy: &Policy) -> String {
    let statements = &policy.statements;
    json!({"Version": "2012-10-17", "Id": "default", "Statement": statements}).to_string()
}

/// The conditions of a statement: how each is compared, its key, and the member of the input.
const CONDITIONS: [(&str, &str, &str); 6] = [
    ("StringEquals", "AWS:SourceAccount", "SourceAccount"),
    (
        "StringEquals",
        "lambda:FunctionUrlAuthType",
        "FunctionUrlAuthType",
    ),
    ("StringEquals", "aws:PrincipalOrgID", "PrincipalOrgID"),
    (
        "StringEquals",
        "lambda:EventSourceToken",
        "EventSourceToken",
    ),
    ("ArnLike", "AWS:SourceArn", "SourceArn"),
    (
        "Bool",
        "lambda:InvokedViaFunctionUrl",
        "InvokedViaFunctionUrl",
    ),
];

/// A principal as a statement writes it.
fn principal(call: &Call) -> Result<Value, Refusal> {
    let sent = call.text("Principal");
    let bad =
        || invalid("The provided principal was invalid. Please check the principal and try again.");
    if sent == "*" {
        return Ok(json!("*"));
    }
    if sent.len() == 12 && sent.bytes().all(|byte| byte.is_ascii_digit()) {
        let root = aws_facts::arns::arn("iam", "", sent, "root");
        return Ok(json!({"AWS": root}));
    }
    if let Some(arn) = Arn::parse(sent) {
        let mine = arn.account == call.account;
        let there = match (arn.service, arn.resource.split('/').next()) {
            // Nobody but the account itself, and its roles, is here.
            ("iam", Some("role")) if mine => {
                let global = call.everywhere.regions.get(regions::GLOBAL);
                global.is_some_and(|global| global.iam.has_role(sent, &call.account))
            }
            ("iam", Some("root")) => true,
            ("iam", Some("role" | "user")) => !mine,
            ("sts", Some("assumed-role" | "federated-user")) => true,
            _ => false,
        };
        return if there {
            Ok(json!({"AWS": sent}))
        } else {
            Err(bad())
        };
    }
    let is_service = sent.ends_with(".amazonaws.com") || sent.ends_with(".amazonaws.com.cn");
    let is_alexa = sent == "alexa-appkit.amazon.com" || sent == "alexa-connectedhome.amazon.com";
    if is_service || is_alexa {
        return Ok(json!({"Service": sent}));
    }
    Err(bad())
}

fn statement(call: &Call, resource: &str) -> Result<Object, Refusal> {
    let mut conditions = Object::new();
    for (comparison, key, member) in CONDITIONS {
        let value = match call.input.get(member) {
            None => continue,
            Some(Value::Bool(flag)) => json!(flag.to_string()),
            Some(value) => value.clone(),
        };
        let compared = conditions.entry(comparison).or_insert_with(|| json!({}));
        compared[key] = value;
    }
    let all = [
        ("Sid", json!(call.text("StatementId"))),
        ("Effect", json!("Allow")),
        ("Principal", principal(call)?),
        ("Action", json!(call.text("Action"))),
        ("Resource", json!(resource)),
    ];
    let mut statement = Object::from_iter(all.map(|(name, value)| (name.to_owned(), value)));
    if !conditions.is_empty() {
        statement.insert("Condition".into(), conditions.into());
    }
    Ok(statement)
}

/// The revision of what a qualifier names.
fn revision(function: &Function, qualifier: Option<&str>, now: f64) -> String {
    let alias = qualifier.and_then(|name| function.aliases.get(name));
    let version = || {
        function
            .configuration(qualifier)
            .map(|one| one.revision(now))
    };
    let found = alias.map(|alias| alias.revision.as_str()).or_else(version);
    found.unwrap_or_default().to_owned()
}

/// Gives it a new one, which it keeps when an update is done.
fn renew(function: &mut Function, qualifier: Option<&str>) {
    let new = identifiers::uuid();
    let alias = qualifier.and_then(|name| function.aliases.get_mut(name));
    if let Some(alias) = alias {
        alias.revision = new;
        return;
    }
    let number = qualifier.and_then(|version| version.parse::<u64>().ok());
    let one = match number {
        None => Some(&mut function.latest),
        Some(number) => function.versions.get_mut(&number),
    };
    if let Some(one) = one {
        one.revision.clone_from(&new);
        one.settled_revision = new;
    }
}

/// Refuses a qualifier that is not there.
fn check_qualifier(call: &Call, named: &Named, function: &Function) -> Result<(), Refusal> {
    let qualifier = named.qualifier.as_deref();
    if function.configuration(qualifier).is_some() {
        return Ok(());
    }
    let arn = named.qualified_arn(call);
    Err(if named.is_alias() {
        aliases::missing(&arn)
    } else {
        no_function(&arn)
    })
}

fn add(region: &mut Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let qualifier = named.qualifier.as_deref();
    if qualifier == Some(LATEST) {
        return Err(invalid(
            "We currently do not support adding policies for $LATEST.",
        ));
    }
    let resource = named.qualified_arn(call);
    let statement = statement(call, &resource)?;
    let function = named.function_mut(region, call)?;
    check_qualifier(call, &named, function)?;
    let latest = revision(function, qualifier, call.seconds());
    check_revision(call, &latest, "GetPolicy")?;
    let policies = &mut function.policies;
    let policy = policies
        .entry(qualifier.unwrap_or_default().into())
        .or_default();
    if policy
        .statements
        .iter()
        .any(|one| one["Sid"] == statement["Sid"])
    {
        let id = call.text("StatementId");
        return Err(conflict(format!(
            "The statement id ({id}) provided already exists. Please provide a new statement id, or remove the existing statement."
        )));
    }
    policy.statements.push(statement.clone());
    let size = text(policy).len();
    if size > LARGEST_POLICY {
        let message =
            format!("The final policy size ({size}) is bigger than the limit ({LARGEST_POLICY}).");
        return Err(Refusal::new(400, "PolicyLengthExceededException", message));
    }
    renew(function, qualifier);
    one("Statement", Value::from(statement).to_string())
}

fn remove(region: &mut Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let qualifier = named.qualifier.as_deref();
    let Some(function) = region.lambda.functions.get_mut(&named.name) else {
        let arn = named.qualified_arn(call);
        return Err(not_found(format!("No policy found for: {arn}")));
    };
    check_qualifier(call, &named, function)?;
    let latest = revision(function, qualifier, call.seconds());
    let policies = &mut function.policies;
    let key = qualifier.unwrap_or_default();
    let Some(policy) = policies.get_mut(key) else {
        return Err(not_found(
            "No policy is associated with the given resource.",
        ));
    };
    let id = call.text("StatementId");
    let Some(place) = policy.statements.iter().position(|one| one["Sid"] == id) else {
        return Err(not_found(format!(
            "Statement {id} is not found in resource policy."
        )));
    };
    check_revision(call, &latest, "GetPolicy")?;
    policy.statements.remove(place);
    if policy.statements.is_empty() {
        policies.remove(key);
    }
    renew(function, qualifier);
    nothing()
}

fn get(region: &Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let qualifier = named.qualifier.as_deref().filter(|name| *name != LATEST);
    let function = region.lambda.functions.get(&named.name);
    let function = function.ok_or_else(no_resource)?;
    let policy = function.policy(qualifier).ok_or_else(no_resource)?;
    let revision = revision(function, qualifier, call.seconds());
    Ok(Object::from_iter([
        ("Policy".to_owned(), json!(text(policy))),
        ("RevisionId".to_owned(), json!(revision)),
    ]))
}
