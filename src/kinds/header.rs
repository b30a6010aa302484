//! Response headers in API Gateway: mapping expressions, with text in single quotes.

use std::collections::{BTreeMap, HashMap};

/// The value of a header that repeats the caller's `Origin`, as [`shown`].
pub const CALLERS_ORIGIN: &str = "(method.request.header.Origin)";

/// The mapping expression of a header that has this value.
pub(super) fn expression(value: &str) -> String {
    match value {
        CALLERS_ORIGIN => "method.request.header.Origin".to_owned(),
        text => format!("'{text}'"),
    }
}

/// A mapping expression for display: the text between the quotes, or in brackets the part of the call.
pub(super) fn shown(expression: &str) -> String {
    expression
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .map_or_else(|| format!("({expression})"), str::to_owned)
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
        assert_eq!(shown(&expression(CALLERS_ORIGIN)), CALLERS_ORIGIN);
    }

    #[test]
    fn a_header_taken_from_the_call_equals_no_text() {
        assert_eq!(
            shown("method.request.header.Origin"),
            "(method.request.header.Origin)"
        );
    }
}
