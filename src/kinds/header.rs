//! Headers in API Gateway: mapping expressions, with text in single quotes.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{Task, literal};
use crate::model::{Book, Text, Value};

/// The mapping expression of a header that repeats the caller's `Origin`.
pub const CALLERS_ORIGIN: &str = "method.request.header.Origin";

/// A header's value.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged, from = "SavedValue")]
pub enum HeaderValue {
    /// Always this text.
    Fixed(Text),
    /// What a mapping expression says.
    Mapped {
        /// The expression, such as `context.requestId`.
        from: String,
    },
}

/// A header's value in a saved plan. Earlier ones have plain text.
#[derive(Deserialize)]
#[serde(untagged)]
enum SavedValue {
    Plain(String),
    Fixed(Text),
    Mapped { from: String },
}

impl From<SavedValue> for HeaderValue {
    fn from(saved: SavedValue) -> Self {
        match saved {
            SavedValue::Plain(text) => Self::Fixed(text.into()),
            SavedValue::Fixed(text) => Self::Fixed(text),
            SavedValue::Mapped { from } => Self::Mapped { from },
        }
    }
}

impl HeaderValue {
    /// The value of a mapping.
    pub(super) fn of(expression: &str) -> Self {
        match text_in(expression) {
            Some(text) => Self::Fixed(text.into()),
            None => Self::Mapped {
                from: expression.to_owned(),
            },
        }
    }

    /// For the diff: no text equals a mapping.
    pub(super) fn value(&self, book: &Book) -> Value {
        match self {
            Self::Fixed(text) => text.value(book),
            Self::Mapped { from } => Value::map([("from", from)]),
        }
    }

    /// The mapping expression of a wanted value.
    pub(super) fn expression<P>(&self, task: &Task<'_, P>) -> String {
        match self {
            Self::Fixed(text) => expression(&task.text(text)),
            Self::Mapped { from } => from.clone(),
        }
    }

    /// The mapping expression of a live value.
    pub(super) fn live(&self) -> String {
        match self {
            Self::Fixed(text) => expression(&literal(text)),
            Self::Mapped { from } => from.clone(),
        }
    }

    /// The parameter that the method has to declare for it, if it is taken from a header or the query.
    pub(super) fn declared(&self) -> Option<String> {
        let Self::Mapped { from } = self else {
            return None;
        };
        let (place, name) = from.strip_prefix("method.request.")?.split_once('.')?;
        let place = match place {
            "header" | "multivalueheader" => "header",
            "querystring" | "multivaluequerystring" => "querystring",
            _ => return None,
        };
        Some(format!("method.request.{place}.{name}"))
    }
}

/// Values for the diff, by name.
pub(super) fn values(headers: &BTreeMap<String, HeaderValue>, book: &Book) -> Value {
    Value::map(
        headers
            .iter()
            .map(|(name, value)| (name, value.value(book))),
    )
}

/// The text of a mapping expression that is one.
fn text_in(expression: &str) -> Option<&str> {
    expression.strip_prefix('\'')?.strip_suffix('\'')
}

/// The mapping expression of a header that always has this value.
pub(super) fn expression(value: &str) -> String {
    format!("'{value}'")
}

/// A mapping expression for display: the text between the quotes, or in brackets the part of the call.
pub(super) fn shown(expression: &str) -> String {
    text_in(expression).map_or_else(|| format!("({expression})"), str::to_owned)
}

/// The mappings of these headers, each name with a prefix such as `method.response.header.`.
pub(super) fn mappings(
    prefix: &str,
    headers: &BTreeMap<String, String>,
) -> HashMap<String, String> {
    headers
        .iter()
        .map(|(name, value)| (format!("{prefix}{name}"), expression(value)))
        .collect()
}

/// The headers among some mappings.
pub(super) fn headers(
    prefix: &str,
    mappings: &HashMap<String, String>,
) -> BTreeMap<String, String> {
    mappings
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), shown(value))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_as_it_was_written() {
        let wanted = BTreeMap::from([("Access-Control-Allow-Origin".to_owned(), "*".to_owned())]);
        let mapped = mappings("gatewayresponse.header.", &wanted);
        assert_eq!(
            mapped["gatewayresponse.header.Access-Control-Allow-Origin"],
            "'*'"
        );
        assert_eq!(headers("gatewayresponse.header.", &mapped), wanted);
    }

    #[test]
    fn saved_plans_have_texts_and_mappings() {
        let fixed = HeaderValue::Fixed("*".into());
        let mapped = HeaderValue::Mapped {
            from: "context.requestId".into(),
        };
        for value in [&fixed, &mapped] {
            let saved = serde_json::to_string(value).unwrap();
            assert_eq!(serde_json::from_str::<HeaderValue>(&saved).unwrap(), *value);
        }
        assert_eq!(serde_json::from_str::<HeaderValue>("\"*\"").unwrap(), fixed);
    }

    #[test]
    fn a_header_taken_from_the_call_equals_no_text() {
        assert_eq!(
            shown("method.request.header.Origin"),
            "(method.request.header.Origin)"
        );
    }
}
