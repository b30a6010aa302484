//! The given values of API keys: read for the keys that a plan creates, before its first step.

use std::collections::BTreeMap;

use super::given_values::{Bad, value};
use super::session::Session;
use crate::aws::CredentialReader;
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::{Resource, api_key};
use crate::model::{Address, Secret};
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
    match bad.is_empty() {
        true => Ok(()),
        false => Err(error(session, bad)),
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
