//! The styles of managed login, one per app client.

use aws_facts::limits::cognito::MOST_BRANDINGS;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::{
    client, fill, invalid, limit, not_found, not_in_tier, nothing, one, pick, pool, pool_mut,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateManagedLoginBranding", create),
    Operation::read("DescribeManagedLoginBranding", describe).refusing(MERGED),
    Operation::read("DescribeManagedLoginBrandingByClient", describe_by_client).refusing(MERGED),
    Operation::change("UpdateManagedLoginBranding", update),
    Operation::change("DeleteManagedLoginBranding", delete),
];

/// Merged with AWS's own default style, which is not published.
const MERGED: &[&str] = &["ReturnMergedResources"];

const SETTINGS: &[&str] = &["UseCognitoProvidedValues", "Settings", "Assets"];

/// A style, under its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Branding {
    /// The client's id.
    pub(super) client: String,
    created: f64,
    modified: f64,
    settings: Object,
}

fn shown(call: &Call, id: &str, branding: &Branding) -> Value {
    let mut members = branding.settings.clone();
    fill(
        &mut members,
        json!({
            "ManagedLoginBrandingId": id,
            "UserPoolId": call.text("UserPoolId"),
            "UseCognitoProvidedValues": false,
            "CreationDate": branding.created,
            "LastModifiedDate": branding.modified,
        }),
    );
    Value::Object(members)
}

fn none() -> Refusal {
    not_found("Managed login branding does not exist.")
}

/// The settings in the input: AWS's own values, or the caller's, never both.
fn settings(call: &Call) -> Result<Object, Refusal> {
    let settings = pick(&call.input, SETTINGS);
    let own = settings.contains_key("Settings") || settings.contains_key("Assets");
    if settings.get("UseCognitoProvidedValues") == Some(&json!(true)) && own {
        return Err(invalid(
            "Settings and Assets must be omitted when UseCognitoProvidedValues is true.",
        ));
    }
    Ok(settings)
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let settings = settings(call)?;
    let pool = pool_mut(region, call)?;
    client::client(pool, call)?;
    if pool.tier == "LITE" {
        return Err(not_in_tier("Managed login", &pool.tier));
    }
    let client = call.text("ClientId");
    if pool
        .brandings
        .values()
        .any(|branding| branding.client == client)
    {
        let message = "Managed login branding already exists for this app client.";
        return Err(Refusal::new(
            400,
            "ManagedLoginBrandingExistsException",
            message,
        ));
    }
    if pool.brandings.len() >= MOST_BRANDINGS {
        return Err(limit(format!(
            "A user pool has at most {MOST_BRANDINGS} managed login branding styles."
        )));
    }
    let branding = Branding {
        client: client.to_owned(),
        created: call.seconds(),
        modified: call.seconds(),
        settings,
    };
    let id = identifiers::uuid();
    let shown = shown(call, &id, &branding);
    pool.brandings.insert(&id, branding);
    one("ManagedLoginBranding", shown)
}

fn describe(region: &Region, call: &Call) -> Answer {
    let id = call.text("ManagedLoginBrandingId");
    one(
        "ManagedLoginBranding",
        shown(
            call,
            id,
            pool(region, call)?.brandings.get(id).ok_or_else(none)?,
        ),
    )
}

fn describe_by_client(region: &Region, call: &Call) -> Answer {
    let pool = pool(region, call)?;
    client::client(pool, call)?;
    let client = call.text("ClientId");
    let (id, branding) = pool
        .brandings
        .iter()
        .find(|(_, branding)| branding.client == client)
        .ok_or_else(none)?;
    one("ManagedLoginBranding", shown(call, id, branding))
}

/// Unlike pools and clients, a style keeps what an update does not send.
fn update(region: &mut Region, call: &Call) -> Answer {
    let changes = settings(call)?;
    let id = call.text("ManagedLoginBrandingId");
    let branding = pool_mut(region, call)?
        .brandings
        .get_mut(id)
        .ok_or_else(none)?;
    let default = changes.get("UseCognitoProvidedValues") == Some(&json!(true));
    if default {
        branding.settings.clear();
    } else if changes.contains_key("Settings") || changes.contains_key("Assets") {
        branding.settings.remove("UseCognitoProvidedValues");
    }
    branding.settings.extend(changes);
    branding.modified = call.seconds();
    one("ManagedLoginBranding", shown(call, id, branding))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let found = pool_mut(region, call)?
        .brandings
        .remove(call.text("ManagedLoginBrandingId"));
    if found { nothing() } else { Err(none()) }
}
