//! A user pool's identity providers. They are stored only; sign-in through them is not implemented.

use aws_facts::limits::cognito::MOST_IDENTITY_PROVIDERS;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::{limit, not_found, nothing, one, page, pick, pool, pool_mut};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateIdentityProvider", create),
    Operation::read("DescribeIdentityProvider", describe),
    Operation::change("DeleteIdentityProvider", delete),
    Operation::read("ListIdentityProviders", list),
];

const SETTINGS: &[&str] = &[
    "ProviderType",
    "ProviderDetails",
    "AttributeMapping",
    "IdpIdentifiers",
];

/// An identity provider, under its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct IdentityProvider {
    created: f64,
    settings: Object,
}

/// Its description in lists.
fn listed(name: &str, provider: &IdentityProvider) -> Object {
    Object::from_iter([
        ("ProviderName".to_owned(), json!(name)),
        (
            "ProviderType".to_owned(),
            json!(provider.settings.get("ProviderType")),
        ),
        ("CreationDate".to_owned(), json!(provider.created)),
        ("LastModifiedDate".to_owned(), json!(provider.created)),
    ])
}

fn shown(call: &Call, name: &str, provider: &IdentityProvider) -> Value {
    let mut members = listed(name, provider);
    members.extend(provider.settings.clone());
    members.insert("UserPoolId".into(), json!(call.text("UserPoolId")));
    Value::Object(members)
}

fn none() -> Refusal {
    not_found("Identity provider not found.")
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let pool = pool_mut(region, call)?;
    let name = call.text("ProviderName");
    if pool.identity_providers.contains(name) {
        let message = format!("A provider with the name {name} already exists.");
        return Err(Refusal::new(400, "DuplicateProviderException", message));
    }
    if pool.identity_providers.len() >= MOST_IDENTITY_PROVIDERS {
        return Err(limit(format!(
            "A user pool has at most {MOST_IDENTITY_PROVIDERS} identity providers."
        )));
    }
    let provider = IdentityProvider {
        created: call.seconds(),
        settings: pick(&call.input, SETTINGS),
    };
    let answer = one("IdentityProvider", shown(call, name, &provider));
    pool.identity_providers.insert(name, provider);
    answer
}

fn describe(region: &Region, call: &Call) -> Answer {
    let name = call.text("ProviderName");
    let provider = pool(region, call)?
        .identity_providers
        .get(name)
        .ok_or_else(none)?;
    one("IdentityProvider", shown(call, name, provider))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let gone = pool_mut(region, call)?
        .identity_providers
        .remove(call.text("ProviderName"));
    if gone { nothing() } else { Err(none()) }
}

fn list(region: &Region, call: &Call) -> Answer {
    let providers = pool(region, call)?.identity_providers.iter();
    page(
        call,
        "Providers",
        providers.map(|(name, provider)| (name, Value::Object(listed(name, provider)))),
        60,
    )
}
