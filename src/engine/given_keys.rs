//! Values that the stack file names and does not hold, of API keys and of functions' environments: read before the first step of a
//! plan that writes them.

use std::collections::BTreeMap;

use super::session::Session;
use crate::aws::{AwsError, CredentialReader};
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::function::{self, Variable};
use crate::kinds::{Resource, api_key};
use crate::model::{Address, Secret, SecretSource, digest};
use crate::plan::{Operation, Plan};
use crate::stack::BadValue;

/// Reads the given values of the API keys that a plan creates, for the connection's writers. A plan itself reads none, so it
/// needs no permission for them, and no environment variable.
///
/// # Errors
/// Every value that can't be read or that AWS would refuse. Nothing was written then.
pub(super) async fn read(session: &Session, plan: &Plan) -> Result<(), Error> {
    let wanted = plan.steps.iter().filter_map(|step| match &step.operation {
        Operation::Create(Resource::ApiKey(key)) => Some((&step.address, key.value_from.as_ref()?)),
        _ => None,
    });
    let credentials = session.connection.credentials();
    let mut values: BTreeMap<&Address, Secret> = BTreeMap::new();
    let mut bad = Vec::new();
    for (address, source) in wanted {
        match key_value(session, &credentials, source).await {
            Ok(secret) => {
                let same = values
                    .iter()
                    .find(|(_, other)| other.expose() == secret.expose());
                if let Some((other, _)) = same {
                    bad.push(BadValue {
                        key: address.clone(),
                        what: format!("{source} has the value that {other} is given"),
                        help: "AWS allows each value once in an account and Region: give each key a value of its own".into(),
                    });
                    continue;
                }
                let store = session.connection.given_secrets();
                store.put(source.as_str(), secret.clone());
                values.insert(address, secret);
            }
            Err((what, help)) => bad.push(BadValue {
                key: address.clone(),
                what,
                help,
            }),
        }
    }
    if !bad.is_empty() {
        return Err(error(session, bad));
    }
    environments(session, &credentials, plan).await
}

/// The same for the environments of functions.
async fn environments(
    session: &Session,
    credentials: &CredentialReader,
    plan: &Plan,
) -> Result<(), Error> {
    let written = plan.steps.iter().filter_map(|step| match &step.operation {
        Operation::Create(Resource::Function(want)) => Some((&step.address, want)),
        Operation::Update {
            want: Resource::Function(want),
            fields,
            ..
        } if fields
            .iter()
            .any(|field| function::is_of_environment(field)) =>
        {
            Some((&step.address, want))
        }
        _ => None,
    });
    let what = "values of functions' environments can't be used; nothing was written";
    let mut fault = Fault::new(FaultKind::Absent, what);
    let mut is_bad = false;
    let store = session.connection.given_secrets();
    for (address, want) in written {
        for source in want.environment.values().filter_map(Variable::source) {
            if store.get(source).is_some() {
                continue;
            }
            match value(session, credentials, source).await {
                Ok(secret) => store.put(source, secret),
                Err((what, help)) => {
                    is_bad = true;
                    fault = fault.about(address.clone(), what).hint(help);
                }
            }
        }
    }
    match is_bad {
        true => Err(fault.into()),
        false => Ok(()),
    }
}

/// The error, at the lines of the stack file if there is one: a saved plan doesn't need it.
fn error(session: &Session, bad: Vec<BadValue>) -> Error {
    match &session.given_keys {
        Some(places) => places.errors(bad).into(),
        None => {
            let what = "values of API keys can't be used; nothing was written";
            let fault = Fault::new(FaultKind::Absent, what);
            bad.into_iter()
                .fold(fault, |fault, bad| {
                    fault.about(bad.key, bad.what).hint(bad.help)
                })
                .into()
        }
    }
}

type Bad = (String, String);

/// What tells one value of an environment variable of this run from another, for plans: a digest with the stack's name, so that it is
/// another one in every stack.
pub(super) fn variable_version(stack: &str, source: &str) -> Option<String> {
    let Some(SecretSource::Variable(name)) = SecretSource::parse(source) else {
        return None;
    };
    let value = std::env::var(&name).ok()?;
    let text = format!("{stack}\n{name}\n{value}");
    Some(digest(text.as_bytes())[..10].to_owned())
}

/// The value of an API key.
async fn key_value(
    session: &Session,
    credentials: &CredentialReader,
    source: &str,
) -> Result<Secret, Bad> {
    let found = value(session, credentials, source).await?;
    match api_key::refused_value(&found) {
        Some((what, help)) => Err((format!("the value of {source} {what}"), help)),
        None => Ok(found),
    }
}

async fn value(
    session: &Session,
    credentials: &CredentialReader,
    source: &str,
) -> Result<Secret, Bad> {
    let found = match SecretSource::parse(source) {
        Some(SecretSource::Variable(name)) => match std::env::var(&name) {
            Ok(value) => Secret::new(value),
            Err(_) => {
                return Err((
                    format!("the environment variable {name} is not set, or is not UTF-8"),
                    format!("set {name} to the key's value where apply runs"),
                ));
            }
        },
        Some(SecretSource::Parameter(name)) => {
            let read = credentials.parameter(&name).await;
            let read = read.map_err(|error| unread(session, source, "ssm:GetParameter", &error))?;
            read.ok_or_else(|| empty(source))?
        }
        Some(SecretSource::Secret { name, member }) => {
            let read = credentials.secret_text(&name).await;
            let read = read.map_err(|error| {
                unread(session, source, "secretsmanager:GetSecretValue", &error)
            })?;
            let text = read.ok_or_else(|| empty(source))?;
            match member {
                None => text,
                Some(member) => in_json(&text, &member).ok_or_else(|| {
                    (
                        format!("{source}: the secret is not a JSON object with the text `{member}`"),
                        format!("write the secret as {{\"{member}\": \"…\"}}, or name the member that has the value after `#`"),
                    )
                })?,
            }
        }
        None => {
            return Err((
                format!(
                    "{} is not a source of a value",
                    crate::model::shorten::shortened(source)
                ),
                format!("write it as {}", SecretSource::FORMS),
            ));
        }
    };
    Ok(found)
}

fn empty(source: &str) -> Bad {
    (
        format!("{source} has no text"),
        "store the key's value there as text".into(),
    )
}

fn unread(session: &Session, source: &str, action: &str, error: &AwsError) -> Bad {
    let help = if error.is_denied() {
        format!(
            "allow {action} on it to the credentials of apply, and kms:Decrypt if it is encrypted with a key of yours"
        )
    } else if error.is_not_found() && session.is_local() {
        "the local AWS has its own: list it in local-aws.toml beside the stack file, with a value for tests".into()
    } else if error.is_not_found() {
        format!(
            "store the value there, in {} of account {}, or correct the name",
            session.desired.context.region, session.desired.context.account
        )
    } else {
        let hint = error.hint();
        hint.unwrap_or_else(|| "check the name, the Region and the account".into())
    };
    let what = match SecretSource::parse(source) {
        _ if !error.is_not_found() => format!("{source} can't be read: {error}"),
        Some(SecretSource::Secret { .. }) => format!("{source}: there is no such secret"),
        _ => format!("{source}: there is no such parameter"),
    };
    (what, help)
}

fn in_json(text: &Secret, member: &str) -> Option<Secret> {
    let object: BTreeMap<String, serde_json::Value> = serde_json::from_str(text.expose()).ok()?;
    let value = object.get(member)?.as_str()?;
    Some(Secret::new(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_a_secret_is_a_text() {
        let of = |text: &str| in_json(&Secret::new(text), "key").map(|it| it.expose().to_owned());
        assert_eq!(of(r#"{"key": "v", "other": 1}"#).as_deref(), Some("v"));
        for text in ["v", "{}", r#"{"key": 1}"#, r#"["key"]"#] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
