//! The style of the classic hosted UI, for one app client or as the pool's default.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Operation};
use super::super::state::Region;
use super::{client, domain, invalid, one, pool, pool_mut};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("SetUICustomization", set),
    Operation::read("GetUICustomization", get),
];

/// The client id that means every client.
const ALL: &str = "ALL";

/// A look, under its client's id or [`ALL`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct UiCustomization {
    created: f64,
    modified: f64,
    css: Option<String>,
    /// The image as base64 text. AWS returns only its URL.
    image: Option<String>,
    version: String,
}

fn shown(call: &Call, client: &str, look: &UiCustomization) -> Value {
    let pool = call.text("UserPoolId");
    let address = format!(
        "https://assets.cloudfront.net/{pool}/{client}/{}/assets/images/image.jpg",
        look.version
    );
    json!({
        "UserPoolId": pool,
        "ClientId": client,
        "ImageUrl": look.image.as_ref().map(|_| address),
        "CSS": look.css,
        "CSSVersion": look.css.as_ref().map(|_| &look.version),
        "CreationDate": look.created,
        "LastModifiedDate": look.modified,
    })
}

fn named(call: &Call) -> &str {
    call.input
        .get("ClientId")
        .and_then(Value::as_str)
        .unwrap_or(ALL)
}

fn set(region: &mut Region, call: &Call) -> Answer {
    let pool = pool_mut(region, call)?;
    let client = named(call);
    if client != ALL {
        client::client(pool, call)?;
    }
    if domain::name(pool, call, false)
        .or(domain::name(pool, call, true))
        .is_none()
    {
        return Err(invalid(
            "There has to be an existing domain associated with this user pool",
        ));
    }
    let before = pool.ui_customizations.get(client);
    let text = |member: &str| {
        call.input
            .get(member)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let look = UiCustomization {
        created: before.map_or(call.seconds(), |before| before.created),
        modified: call.seconds(),
        css: text("CSS").or_else(|| before.and_then(|before| before.css.clone())),
        image: text("ImageFile").or_else(|| before.and_then(|before| before.image.clone())),
        version: call.now.strftime("%Y%m%d%H%M%S").to_string(),
    };
    let shown = shown(call, client, &look);
    pool.ui_customizations.insert(client, look);
    one("UICustomization", shown)
}

/// A client without a style has the pool's; a pool without one, an empty object.
fn get(region: &Region, call: &Call) -> Answer {
    let pool = pool(region, call)?;
    let wanted = named(call);
    if wanted != ALL {
        client::client(pool, call)?;
    }
    let found = [wanted, ALL]
        .into_iter()
        .find_map(|client| Some((client, pool.ui_customizations.get(client)?)));
    one(
        "UICustomization",
        found.map_or_else(|| json!({}), |(client, look)| shown(call, client, look)),
    )
}
