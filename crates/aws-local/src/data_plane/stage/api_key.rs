//! Whether the API key that a method requires was sent, and on which usage plan it counts.

use serde_json::Value;

use super::super::super::apigateway::{ApiKey, State, UsagePlan, is_on_stage, text};
use super::exchange::{Exchange, Refused};

/// A key and the plan on which the request counts.
pub(super) struct OnPlan<'a> {
    pub(super) plan_id: &'a str,
    pub(super) plan: &'a UsagePlan,
    pub(super) key_id: &'a str,
}

/// The header that a key comes in, when the API takes it from a header.
const HEADER: &str = "x-api-key";

fn forbidden(why: impl Into<String>) -> Refused {
    Refused::new("INVALID_API_KEY", "ForbiddenException", "Forbidden", why)
}

/// Checks the key, and puts its id into the exchange once it is found. None when the method requires no key: then nothing counts,
/// even if a key was sent.
pub(super) fn admit<'a>(exchange: &mut Exchange<'a>) -> Result<Option<OnPlan<'a>>, Refused> {
    let required = exchange.method.settings.get("apiKeyRequired");
    if required != Some(&Value::Bool(true)) {
        return Ok(None);
    }
    if text(&exchange.definition.settings, "apiKeySource") == "AUTHORIZER" {
        // Only a Lambda authorizer can name a key. Those are refused before.
        return Err(forbidden(
            "the API takes its keys from Lambda authorizers, and the method has none",
        ));
    }
    let sent = exchange.headers.get(HEADER);
    let sent = sent.map(|value| value.to_str().unwrap_or_default());
    let Some(sent) = sent.filter(|value| !value.is_empty()) else {
        return Err(forbidden(format!(
            "no API key was sent in the header {HEADER}"
        )));
    };
    let region = exchange.state.regions.get(exchange.region);
    let state: &'a State = match region {
        Some(region) => &region.apigateway,
        None => return Err(forbidden("the API key is unknown")),
    };
    let mut keys = state.api_keys.iter();
    let (key_id, key) = keys
        .find(|(_, key)| key.value == sent)
        .ok_or_else(|| forbidden("the API key is unknown"))?;
    exchange.api_key = Some(key_id.to_owned());
    if key.settings.get("enabled") != Some(&Value::Bool(true)) {
        return Err(forbidden("the API key is disabled"));
    }
    let (plan_id, plan) = plan(state, key, exchange.api, exchange.stage_name)?;
    Ok(Some(OnPlan {
        plan_id,
        plan,
        key_id,
    }))
}

/// The key's plan that has the stage. There is one at most, since AWS refuses a key on a second plan with the same stage.
fn plan<'a>(
    state: &'a State,
    key: &ApiKey,
    api: &str,
    stage: &str,
) -> Result<(&'a str, &'a UsagePlan), Refused> {
    let plans = || {
        let all = state.usage_plans.iter();
        all.filter(|(id, _)| key.usage_plans.contains(*id))
    };
    if let Some(found) = plans().find(|(_, plan)| is_on_stage(plan, api, stage)) {
        return Ok(found);
    }
    let names: Vec<_> = plans()
        .map(|(_, plan)| text(&plan.settings, "name"))
        .collect();
    Err(forbidden(match names[..] {
        [] => "the API key is on no usage plan".to_owned(),
        [name] => {
            format!("the API key's usage plan {name} does not have the stage {stage} of this API")
        }
        _ => format!(
            "none of the API key's usage plans {} has the stage {stage} of this API",
            names.join(", ")
        ),
    }))
}
