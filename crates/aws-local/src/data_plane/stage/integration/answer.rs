//! From the response of a back end or a mock to the method's response.

use ::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use regex::Regex;
use serde_json::Value;

use super::super::super::super::apigateway::{Integration, text};
use super::super::super::super::operation::Object;
use super::super::exchange::{Exchange, Refused};
use super::super::refusals::configuration;
use super::super::variables::Variables;
use super::super::{mapping, template};
use super::content::{JSON, media_type, of_answer};
use super::headers;

/// The integration response that answers.
#[derive(Debug)]
pub(super) struct Chosen<'d> {
    status: StatusCode,
    /// Its own settings.
    settings: &'d Object,
    /// The method response of the same status.
    method: &'d Object,
}

/// The integration response whose pattern is this status's, or the one without a pattern.
pub(super) fn choose<'d>(
    exchange: &Exchange<'d>,
    integration: &'d Integration,
    status: &str,
) -> Result<Chosen<'d>, Refused> {
    let mut default = None;
    let mut chosen = None;
    for (key, response) in &integration.responses {
        match text(response, "selectionPattern") {
            "" => default = default.or(Some((key, response))),
            pattern if chosen.is_none() && is_match(pattern, status)? => {
                chosen = Some((key, response));
            }
            _ => {}
        }
    }
    let (key, settings) = chosen.or(default).ok_or_else(|| {
        configuration(format!(
            "no integration response is for the status {status}, and none is for any other"
        ))
    })?;
    let method = exchange.method.responses.get(key).ok_or_else(|| {
        configuration(format!(
            "the integration response {key} has no method response of the same status"
        ))
    })?;
    let status = key
        .parse()
        .map_err(|_| configuration(format!("{key} is not a status code")))?;
    Ok(Chosen {
        status,
        settings,
        method,
    })
}

/// Whether a pattern is the whole of a status.
fn is_match(pattern: &str, status: &str) -> Result<bool, Refused> {
    let pattern = Regex::new(&format!("^(?:{pattern})$"))
        // AWS's are Java's, which have more features.
        .map_err(|_| {
            Refused::not_implemented(format_args!(
                "the pattern {pattern} of an integration response"
            ))
        })?;
    Ok(pattern.is_match(status))
}

impl Chosen<'_> {
    /// The answer, made of the back end's headers and body.
    pub(super) fn response(
        &self,
        exchange: &Exchange<'_>,
        answered: &HeaderMap,
        body: &[u8],
    ) -> Result<Response<Bytes>, Refused> {
        let template = self.template(exchange);
        let filled = template.and_then(|(_, template)| template);
        let body = of_answer(exchange, self.settings, answered, body, filled.is_some())?;
        let variables = Variables {
            body: &body,
            answered: Some(answered),
            ..Variables::of_request(exchange)
        };
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status;
        let declared = self
            .method
            .get("responseParameters")
            .and_then(Value::as_object);
        let mapped = self
            .settings
            .get("responseParameters")
            .and_then(Value::as_object);
        for (to, from) in mapped.into_iter().flatten() {
            let name = to.strip_prefix("method.response.header.");
            let (Some(name), Some(from)) = (name, from.as_str()) else {
                continue;
            };
            // The method's response decides which headers there are.
            if !declared.is_some_and(|declared| declared.contains_key(to)) {
                continue;
            }
            let wrong = || {
                configuration(format!(
                    "the value mapped to the header {name} is not valid"
                ))
            };
            let name = HeaderName::try_from(name).map_err(|_| wrong())?;
            let values = mapping::values(from, &variables)?;
            if let Some(value) = values.last() {
                let value = HeaderValue::try_from(value).map_err(|_| wrong())?;
                response.headers_mut().insert(name, value);
            }
        }
        *response.body_mut() = match filled {
            Some(template) => {
                let (text, overrides) = template::fill_answer(template, &variables)?;
                // They come after the mappings, and need not be declared.
                for (name, value) in overrides {
                    let wrong = || {
                        configuration(format!(
                            "the header {name} is overridden by an invalid value"
                        ))
                    };
                    let name = HeaderName::try_from(name).map_err(|_| wrong())?;
                    let value = HeaderValue::try_from(value).map_err(|_| wrong())?;
                    response.headers_mut().insert(name, value);
                }
                text.into()
            }
            None => Bytes::copy_from_slice(&body),
        };
        headers::mapped(response.headers_mut());
        let media_type = template.map_or(JSON, |(media_type, _)| media_type);
        with_content_type(&mut response, media_type);
        Ok(response)
    }

    /// The template for the caller's `Accept`, else that for JSON, else any; with its media type. An empty one doesn't count.
    fn template(&self, exchange: &Exchange<'_>) -> Option<(&str, Option<&str>)> {
        let templates = self.settings.get("responseTemplates")?.as_object()?;
        let accepted = media_type(&exchange.headers, header::ACCEPT).unwrap_or(JSON);
        let of = |wanted: &str| {
            templates
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(wanted))
        };
        let (key, template) = of(accepted)
            .or_else(|| of(JSON))
            .or_else(|| templates.iter().next())?;
        Some((key, template.as_str()))
    }
}

/// API Gateway never answers without a content type.
pub(super) fn with_content_type(response: &mut Response<Bytes>, media_type: &str) {
    if let header::Entry::Vacant(entry) = response.headers_mut().entry(header::CONTENT_TYPE)
        && let Ok(value) = HeaderValue::try_from(media_type)
    {
        entry.insert(value);
    }
}
