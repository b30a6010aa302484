//! The request to a back end: its URL, and mapped path parameters, query and headers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method as Verb};
use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};
use serde_json::Value;
use url::Url;

use super::super::super::super::apigateway::{Integration, text};
use super::super::exchange::{Exchange, Refused};
use super::super::mapping;
use super::super::refusals::configuration;
use super::super::variables::Variables;
use super::headers;

/// The characters to encode in a path. Slashes in a parameter stay: API Gateway decodes `%2F` and sends the result.
const IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The characters to encode in a query.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The result of an integration's `requestParameters`.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    path: BTreeMap<String, String>,
    query: Vec<(String, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Mapped {
    /// Maps a request by an integration's `requestParameters`.
    pub(super) fn of(
        integration: &Integration,
        variables: &Variables<'_>,
    ) -> Result<Self, Refused> {
        let mut mapped = Self::default();
        let parameters = integration.settings.get("requestParameters");
        for (to, from) in parameters.and_then(Value::as_object).into_iter().flatten() {
            let from = from.as_str().unwrap_or_default();
            let place = to
                .strip_prefix("integration.request.")
                .and_then(|rest| rest.split_once('.'));
            let Some((place, name)) = place else { continue };
            let values = mapping::values(from, variables)?;
            mapped.put(place, name, values)?;
        }
        Ok(mapped)
    }

    fn put(&mut self, place: &str, name: &str, values: Vec<String>) -> Result<(), Refused> {
        match place {
            "path" => self.path.extend(
                values
                    .into_iter()
                    .next_back()
                    .map(|value| (name.to_owned(), value)),
            ),
            "querystring" => self
                .query
                .extend(values.into_iter().map(|value| (name.to_owned(), value))),
            _ => {
                let wrong = || {
                    configuration(format!(
                        "the value mapped to the header {name} is not valid"
                    ))
                };
                let header = HeaderName::try_from(name).map_err(|_| wrong())?;
                if !headers::is_mappable(&header) {
                    return Err(configuration(format!("the header {name} can't be mapped")));
                }
                if let Some(value) = values.last() {
                    let value = HeaderValue::try_from(value).map_err(|_| wrong())?;
                    self.headers.push((header, value));
                }
            }
        }
        Ok(())
    }

    /// Merges the mapped headers over others.
    pub(super) fn lay_over(&mut self, headers: &mut HeaderMap) {
        for (name, value) in self.headers.drain(..) {
            headers.insert(name, value);
        }
    }

    /// The integration's URL with its parameters and stage variables filled in, its own query first, then `passed` of the request's,
    /// then what is mapped.
    pub(super) fn url(
        &self,
        integration: &Integration,
        variables: &Variables<'_>,
        passed: &[(String, String)],
    ) -> Result<Url, Refused> {
        let mut url = self.filled(text(&integration.settings, "uri"), variables)?;
        if has_dots(&url) {
            return Err(Refused::not_implemented(
                "the segments `.` and `..` in the path to a back end: what AWS sends then is not documented",
            ));
        }
        let mut joint = if url.contains('?') { '&' } else { '?' };
        for (name, value) in passed.iter().chain(&self.query) {
            let name = utf8_percent_encode(name, IN_QUERY);
            let value = utf8_percent_encode(value, IN_QUERY);
            // Writing to a string can't fail.
            let _ = write!(url, "{joint}{name}={value}");
            joint = '&';
        }
        let parsed = Url::parse(&url).ok();
        parsed
            .filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| configuration("the integration's URL is not valid once it is filled in"))
    }

    /// Replaces `{parameter}` and `${stageVariables.name}` in one pass, so that no value is read as another placeholder.
    fn filled(&self, uri: &str, variables: &Variables<'_>) -> Result<String, Refused> {
        const STAGE_VARIABLE: &str = "${stageVariables.";
        let mut filled = String::with_capacity(uri.len());
        let mut rest = uri;
        while let Some(at) = rest.find(['{', '$']) {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some((name, behind)) = rest
                .strip_prefix(STAGE_VARIABLE)
                .and_then(|rest| rest.split_once('}'))
            {
                filled.push_str(variables.stage_variable(name));
                rest = behind;
            } else if let Some((name, behind)) =
                rest.strip_prefix('{').and_then(|rest| rest.split_once('}'))
            {
                let value = self.path.get(name).ok_or_else(|| {
                    configuration(format!(
                        "nothing is mapped to {{{name}}} of the integration's URL (integration.request.path.{name})"
                    ))
                })?;
                let set = if filled.contains('?') {
                    IN_QUERY
                } else {
                    IN_PATH
                };
                filled.extend(utf8_percent_encode(value, set));
                rest = behind;
            } else {
                filled.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// Whether a URL's path has segments that name a folder rather than a thing in it. An HTTP client would resolve them, and the back end get a
/// path that no mapping gave it.
fn has_dots(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy());
    segments.any(|part| part == "." || part == "..")
}

/// The verb to the back end: the integration's own, or that of the request when the integration takes any.
pub(super) fn verb(exchange: &Exchange<'_>, integration: &Integration) -> Result<Verb, Refused> {
    match text(&integration.settings, "httpMethod") {
        "" | "ANY" => Ok(exchange.verb.clone()),
        verb => verb
            .parse()
            .map_err(|_| configuration(format!("{verb} is not an HTTP method"))),
    }
}

/// Whether API Gateway sends a body along with a verb.
pub(super) fn has_body(verb: &Verb) -> bool {
    !matches!(*verb, Verb::GET | Verb::HEAD | Verb::OPTIONS)
}
