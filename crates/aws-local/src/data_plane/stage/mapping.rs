//! Parameter mappings: the expressions on the right of `requestParameters` and `responseParameters`.

use http::HeaderMap;
use serde_json::Value;

use super::exchange::{Exchange, Refused};
use super::integration::headers::arrives;
use super::json_path;
use super::refusals::{configuration, unreadable_body};
use super::variables::Variables;

/// The values of an expression: none if there is nothing, several for `multivaluequerystring`.
///
/// # Errors
/// The expression is unknown, needs more of JSONPath than is implemented, or reads a body as JSON that isn't JSON.
pub(super) fn values(expression: &str, variables: &Variables<'_>) -> Result<Vec<String>, Refused> {
    let exchange = variables.exchange;
    if let Some(text) = literal(expression) {
        return Ok(vec![text.to_owned()]);
    }
    if let Some(name) = expression.strip_prefix("context.") {
        let value = variables.context(name);
        return value
            .map(|value| one(&value))
            .ok_or_else(|| Refused::not_implemented(format_args!("{expression} in a mapping")));
    }
    if let Some(name) = expression.strip_prefix("stageVariables.") {
        return Ok(one(variables.stage_variable(name)));
    }
    let found = if let Some(place) = expression.strip_prefix("method.request.") {
        match place.split_once('.') {
            Some(("path", name)) => {
                let value = exchange.path_parameters.get(name);
                Some(value.cloned().into_iter().collect())
            }
            Some(("querystring", name)) => {
                Some(in_query(exchange, name).next_back().into_iter().collect())
            }
            Some(("multivaluequerystring", name)) => Some(in_query(exchange, name).collect()),
            Some(("header" | "multivalueheader", name)) if !arrives(name) => Some(Vec::new()),
            _ => in_head_or_body(place, expression, variables, &exchange.headers)?,
        }
    } else {
        let place = expression.strip_prefix("integration.response.");
        match place.zip(variables.answered) {
            Some((place, answered)) => in_head_or_body(place, expression, variables, answered)?,
            None => None,
        }
    };
    found.ok_or_else(|| configuration(format!("the mapping {expression} leads nowhere")))
}

/// The text of `'a static value'`.
fn literal(expression: &str) -> Option<&str> {
    expression.strip_prefix('\'')?.strip_suffix('\'')
}

/// API Gateway sends no parameter for an empty value.
fn one(value: &str) -> Vec<String> {
    match value {
        "" => Vec::new(),
        value => vec![value.to_owned()],
    }
}

fn in_query(exchange: &Exchange<'_>, name: &str) -> impl DoubleEndedIterator<Item = String> {
    let values = exchange.query.iter().filter(move |(key, _)| key == name);
    values.map(|(_, value)| value.clone())
}

/// `header.X`, `multivalueheader.X`, `body` and `body.path.in.it`; none when the place is none of these.
fn in_head_or_body(
    place: &str,
    expression: &str,
    variables: &Variables<'_>,
    headers: &HeaderMap,
) -> Result<Option<Vec<String>>, Refused> {
    let all = |name: &str| {
        let values = headers.get_all(name).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .collect::<Vec<_>>()
    };
    Ok(match place.split_once('.') {
        Some(("header", name)) => Some(all(name).last().map_or_else(Vec::new, |value| one(value))),
        Some(("multivalueheader", name)) => Some(one(&all(name).join(","))),
        _ => match place.strip_prefix("body") {
            Some("") => Some(one(&variables.text())),
            Some(path) => Some(in_body(path, expression, &variables.text())?),
            None => None,
        },
    })
}

fn in_body(path: &str, expression: &str, body: &str) -> Result<Vec<String>, Refused> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let body = serde_json::from_str::<Value>(body).map_err(|_| unreadable_body())?;
    let found = json_path::at(&body, &format!("${path}")).map_err(|_| {
        Refused::not_implemented(format_args!("the JSONPath in the mapping {expression}"))
    })?;
    Ok(match found {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => one(text),
        Some(other) => one(&other.to_string()),
    })
}
