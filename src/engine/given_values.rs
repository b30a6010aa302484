//! Values that the stack file names and does not hold.

use std::collections::BTreeMap;

use super::session::Session;
use crate::aws::{AwsError, CredentialReader};
use crate::model::{Secret, SecretSource, digest};

/// Why a value can't be used, and what to do.
pub(super) type Bad = (String, String);

/// The value at a source.
///
/// # Errors
/// It can't be read.
pub(super) async fn value(
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
                    format!("set {name} where apply runs"),
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

fn empty(source: &str) -> Bad {
    (
        format!("{source} has no text"),
        "store the value there as text".into(),
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
