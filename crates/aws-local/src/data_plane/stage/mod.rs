//! One request to a deployed stage: routing, authorization, integration.
//!
//! ```text
//! match ─▶ authorizer ─▶ policy ─▶ API key ─▶ throttles, quota ─▶ (validation) ─▶ integration ─▶ answer
//!   └───────────┴───────────┴───────────┴──────────────┴────────────────┴──── gateway response ────┘
//! ```
//!
//! Routes, authorizers, gateway responses and the API's own settings are read from the deployment's snapshot. What takes effect
//! at once is read from the current state: the stage's variables and method settings, usage plans, API keys, domain names.
//!
//! Not implemented, since access doesn't depend on it: the stage's cache, logs and metrics, compression, and the minutes that AWS
//! takes to spread a change.

mod answers;
mod api_key;
mod authorizer;
mod domain;
mod exchange;
mod integration;
mod json_path;
mod mapping;
mod matching;
mod network;
mod refusals;
mod resource_policy;
mod template;
#[cfg(test)]
mod tests;
mod throttle;
mod variables;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

use aws_facts::hosts;
use aws_facts::limits::apigateway::LARGEST_PAYLOAD;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use url::form_urlencoded;

use super::super::apigateway::{Deployment, Method, Stage, text};
use super::super::identifiers;
use super::super::state::{Region, State};
use super::{Inner, Seen};
use exchange::{Exchange, Refused};
use matching::Match;

pub(super) use integration::Backends;
pub(super) use throttle::Throttles;

/// A request that came for API Gateway's data plane.
pub(super) struct Arrived {
    pub(super) request: Request<Bytes>,
    /// The source address.
    pub(super) source_ip: IpAddr,
    pub(super) to: To,
}

/// What a request is addressed to. `rest` is the path behind the host name or the `/_aws/…` prefix, as it was sent, without the query.
pub(super) enum To {
    /// An API's own name: `rest` begins with a slash and the stage.
    Api {
        api: String,
        region: String,
        rest: String,
    },
    /// An own domain name: `rest` begins with a slash and the base path, if there is one.
    OwnDomain {
        name: String,
        region: String,
        rest: String,
    },
}

/// The target of a request.
#[derive(Debug)]
struct Place<'a> {
    api: &'a str,
    stage_name: &'a str,
    /// The path behind the stage or the base path, beginning with a slash.
    path_in_stage: Cow<'a, str>,
}

/// Answers a request to a stage by the state at its arrival, and reports the outcome.
pub(super) async fn answer(
    inner: &Inner,
    state: &State,
    arrived: Arrived,
) -> (Response<Bytes>, Option<Seen>) {
    let began = Instant::now();
    let now = inner.service.now();
    let request_id = identifiers::uuid();
    let (mut parts, body) = arrived.request.into_parts();
    let spelling = parts.extensions.remove().unwrap_or_default();
    let (region_name, host, rest) = match &arrived.to {
        To::Api { api, region, rest } => {
            let host = hosts::execute_api(api, region);
            (region, host, with_one_slash(rest))
        }
        To::OwnDomain { name, region, rest } => (region, name.clone(), rest.as_str()),
    };
    let rest = rest.split('?').next().unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let mut seen = Seen {
        at: now,
        method: parts.method.to_string(),
        path: rest.to_owned(),
        route: None,
        client: None,
        api_key: None,
        status: 0,
        refused: None,
        took: began.elapsed(),
    };
    let no_region = Region::default();
    let region = state.regions.get(region_name).unwrap_or(&no_region);
    let served =
        place(region, &arrived.to, rest, now).and_then(|place| serving(region, &arrived.to, place));
    let mut response = match served {
        _ if body.len() > LARGEST_PAYLOAD => {
            seen.refused = Some("the request's body is larger than 10 MB".into());
            answers::too_large()
        }
        _ if !is_encoded(rest) || !is_encoded(query) => {
            seen.refused = Some("a % in the URL has no two hexadecimal digits behind it".into());
            answers::bad_request()
        }
        Err(refused) => {
            let response = answers::plain(&refused);
            seen.refused = Some(refused.why);
            response
        }
        Ok((place, stage, deployment)) => {
            let definition = &deployment.snapshot;
            let no_method = Method::default();
            let mut exchange = Exchange {
                state,
                account: inner.service.account(),
                region: region_name,
                now,
                request_id: request_id.clone(),
                api: place.api,
                stage_name: place.stage_name,
                stage,
                definition,
                resource: "",
                resource_path: String::new(),
                method: &no_method,
                verb: parts.method,
                host,
                path: rest.to_owned(),
                path_in_stage: place.path_in_stage.into_owned(),
                path_parameters: BTreeMap::new(),
                query: form_urlencoded::parse(query.as_bytes())
                    .into_owned()
                    .collect(),
                headers: parts.headers,
                spelling,
                body,
                source_ip: arrived.source_ip,
                claims: None,
                api_key: None,
            };
            let answered = admitted(inner, &mut exchange, &mut seen);
            let answered = match answered {
                Ok(()) => integration::integrate(inner, &exchange).await,
                Err(refused) => Err(refused),
            };
            seen.path = exchange.path_in_stage.clone();
            seen.client = authorizer::client(&exchange);
            seen.api_key = exchange.api_key.clone();
            answered.unwrap_or_else(|refused| {
                let response = answers::gateway_response(&refused, &exchange);
                seen.refused = Some(refused.why);
                response
            })
        }
    };
    answers::stamp(&mut response, &request_id);
    seen.status = response.status().as_u16();
    seen.took = began.elapsed();
    (response, Some(seen))
}

/// A path with one slash at its start. Further ones before the stage are ignored.
fn with_one_slash(path: &str) -> &str {
    let slashes = path.len() - path.trim_start_matches('/').len();
    &path[slashes.saturating_sub(1)..]
}

/// Whether each `%` of a path or a query begins an encoded byte.
fn is_encoded(text: &str) -> bool {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    let mut signs = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    signs.all(|(at, _)| is_digit(bytes.get(at + 1)) && is_digit(bytes.get(at + 2)))
}

/// Runs everything before the integration.
fn admitted<'a>(
    inner: &Inner,
    exchange: &mut Exchange<'a>,
    seen: &mut Seen,
) -> Result<(), Refused> {
    let found = matching::find(
        exchange.definition,
        exchange.verb.as_str(),
        &exchange.path_in_stage,
    );
    let (verb, in_stage) = (&exchange.verb, &exchange.path_in_stage);
    let route = match found {
        Match::Route(route) => route,
        // AWS takes a request for what isn't there for one to itself, which would be signed.
        Match::NoMethod(path) => {
            return Err(missing_token(format!("{path} has no method for {verb}")));
        }
        Match::Nothing => {
            return Err(missing_token(format!(
                "the deployment has nothing at {in_stage}"
            )));
        }
    };
    exchange.resource = route.resource;
    exchange.method = route.method;
    exchange.path_parameters = route.parameters;
    exchange.resource_path = route.path;
    seen.route = Some(format!("{} {}", route.verb, exchange.resource_path));
    authorizer::authorize(exchange)?;
    resource_policy::check(exchange)?;
    let plan = api_key::admit(exchange)?;
    throttle::admit(inner, exchange, plan.as_ref())?;
    if !text(&route.method.settings, "requestValidatorId").is_empty() {
        return Err(Refused::not_implemented(format_args!(
            "request validation (requestValidatorId of {} {})",
            route.verb, exchange.resource_path
        )));
    }
    Ok(())
}

fn missing_token(why: String) -> Refused {
    Refused::new(
        "MISSING_AUTHENTICATION_TOKEN",
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
        why,
    )
}

/// 403 in the words of an API Gateway that has no such stage.
fn forbidden(why: String) -> Refused {
    Refused::new("ACCESS_DENIED", "ForbiddenException", "Forbidden", why)
}

/// The stage of a request, whether it exists or not.
fn place<'a>(
    region: &'a Region,
    to: &'a To,
    rest: &'a str,
    now: jiff::Timestamp,
) -> Result<Place<'a>, Refused> {
    match to {
        To::Api { api, .. } => {
            let (stage_name, path_in_stage) = domain::split_stage(rest);
            Ok(Place {
                api,
                stage_name,
                path_in_stage: path_in_stage.into(),
            })
        }
        To::OwnDomain { name, .. } => domain::find(&region.apigateway, name, rest, now),
    }
}

/// The stage at a place, and the deployment it serves.
fn serving<'a>(
    region: &'a Region,
    to: &To,
    place: Place<'a>,
) -> Result<(Place<'a>, &'a Stage, &'a Deployment), Refused> {
    let Place {
        api: id,
        stage_name,
        ..
    } = place;
    let api = region.apigateway.rest_apis.get(id);
    let api = api.ok_or_else(|| forbidden(format!("there is no API {id}")))?;
    let stage = api.stages.get(stage_name);
    let stage =
        stage.ok_or_else(|| forbidden(format!("the API {id} has no stage {stage_name}")))?;
    let deployment = api.deployments.get(served(stage_name, stage)?);
    let deployment = deployment.ok_or_else(|| {
        forbidden(format!(
            "the stage {stage_name} of the API {id} serves no deployment"
        ))
    })?;
    let settings = &deployment.snapshot.settings;
    let is_shut = settings.get("disableExecuteApiEndpoint") == Some(&Value::Bool(true));
    if is_shut && matches!(to, To::Api { .. }) {
        return Err(forbidden(format!(
            "the API {id} answers at its own domain names only"
        )));
    }
    Ok((place, stage, deployment))
}

/// The deployment for one request to a stage: a canary's by its share.
fn served<'a>(name: &str, stage: &'a Stage) -> Result<&'a str, Refused> {
    let own = text(&stage.settings, "deploymentId");
    let Some(canary) = stage.settings.get("canarySettings") else {
        return Ok(own);
    };
    let percent = canary["percentTraffic"].as_f64().unwrap_or_default();
    let overrides = canary["stageVariableOverrides"].as_object();
    if percent > 0.0 && overrides.is_some_and(|overrides| !overrides.is_empty()) {
        return Err(Refused::not_implemented(format_args!(
            "stage variables of canary releases (canarySettings of the stage {name})"
        )));
    }
    Ok(match identifiers::percent() < percent {
        true => canary["deploymentId"].as_str().unwrap_or_default(),
        false => own,
    })
}
