//! Parameter mappings: the expressions on the right of `requestParameters` and `responseParameters`.

use http::HeaderMap;
use serde_json::Value;

use super::exchange::Refused;
use super::json_path;
use super::refusals::{configuration, not_here, unreadable_body};
use super::template::{Input, Variables};

/// The values that an expression leads to: none when there is nothing, several for `multivaluequerystring`.
///
/// `answered` holds the headers of the back end's answer when it is an answer that is mapped, whose body is then the input's.
///
/// # Errors
/// The expression is none of AWS's, needs more of JSONPath than is here, or reads a body as JSON that is none.
pub(super) fn values(
    expression: &str,
    variables: &Variables<'_>,
    answered: Option<&HeaderMap>,
) -> Result<Vec<String>, Refused> {
    let unknown = || configuration(format!("the mapping {expression} leads nowhere"));
    if let Some(text) = literal(expression) {
        return Ok(vec![text.to_owned()]);
    }
    if let Some(name) = expression.strip_prefix("context.") {
        let value = variables.context.get(name);
        let value = value.ok_or_else(|| not_here(format_args!("{expression} in a mapping")))?;
        return Ok(one(&value));
    }
    if let Some(name) = expression.strip_prefix("stageVariables.") {
        return Ok(one(variables.stage_variable(name)));
    }
    let Some(input) = variables.input else {
        return Ok(Vec::new());
    };
    if let Some(place) = expression.strip_prefix("method.request.") {
        return match place.split_once('.') {
            Some(("path", name)) => Ok(input.path.get(name).cloned().into_iter().collect()),
            Some(("querystring", name)) => {
                Ok(in_query(input, name).next_back().into_iter().collect())
            }
            Some(("multivaluequerystring", name)) => Ok(in_query(input, name).collect()),
            _ => in_head_or_body(place, expression, input, input.headers)?.ok_or_else(unknown),
        };
    }
    let place = expression.strip_prefix("integration.response.");
    let (Some(place), Some(answered)) = (place, answered) else {
        return Err(unknown());
    };
    in_head_or_body(place, expression, input, answered)?.ok_or_else(unknown)
}

/// The text of `'a static value'`.
fn literal(expression: &str) -> Option<&str> {
    expression.strip_prefix('\'')?.strip_suffix('\'')
}

/// What is empty is not there: API Gateway sends no parameter for it.
fn one(value: &str) -> Vec<String> {
    match value {
        "" => Vec::new(),
        value => vec![value.to_owned()],
    }
}

fn in_query<'i>(input: Input<'i>, name: &str) -> impl DoubleEndedIterator<Item = String> + use<'i> {
    let name = name.to_owned();
    let values = input.query.iter().filter(move |(key, _)| *key == name);
    values.map(|(_, value)| value.clone())
}

/// `header.X`, `multivalueheader.X`, `body` and `body.path.in.it`; none when the place is none of these.
fn in_head_or_body(
    place: &str,
    expression: &str,
    input: Input<'_>,
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
            Some("") => Some(one(&input.text())),
            Some(path) => Some(in_body(path, expression, &input.text())?),
            None => None,
        },
    })
}

fn in_body(path: &str, expression: &str, body: &str) -> Result<Vec<String>, Refused> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let body = serde_json::from_str::<Value>(body).map_err(|_| unreadable_body())?;
    let found = json_path::at(&body, &format!("${path}"))
        .map_err(|_| not_here(format_args!("the JSONPath in the mapping {expression}")))?;
    Ok(match found {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => one(text),
        Some(other) => one(&other.to_string()),
    })
}
