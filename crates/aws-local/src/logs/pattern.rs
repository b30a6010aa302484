//! Filter patterns of unstructured events: terms. Patterns of JSON and of columns, and regular expressions, are refused by name.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>

use super::super::operation::Refusal;
use super::invalid;

/// A pattern. An empty one matches everything.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Pattern {
    /// Each must be there.
    all: Vec<String>,
    /// One of these must be there, if there are any.
    any: Vec<String>,
    /// None may be there.
    none: Vec<String>,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let kind = match text.chars().next() {
            Some('{') => Some("JSON"),
            Some('[') => Some("columns"),
            Some('%') => Some("regular expressions"),
            _ => None,
        };
        if let Some(kind) = kind {
            return Err(Refusal::not_implemented(format_args!(
                "filterPattern of {kind} of logs:FilterLogEvents"
            )));
        }
        let mut pattern = Self::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let list = match first {
                '?' => &mut pattern.any,
                '-' => &mut pattern.none,
                _ => &mut pattern.all,
            };
            let term = rest.strip_prefix(['?', '-']).unwrap_or(rest);
            let (term, after) = match term.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(|| {
                    invalid("Invalid filter pattern: a quotation mark is missing")
                })?,
                None => {
                    let (term, after) = term.split_once(char::is_whitespace).unwrap_or((term, ""));
                    let fits = |c: char| c.is_alphanumeric() || c == '_';
                    if term.is_empty() || !term.chars().all(fits) {
                        return Err(invalid(format!("Invalid character(s) in term '{term}'")));
                    }
                    (term, after)
                }
            };
            list.push(term.to_owned());
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    /// Whether an event has the terms, in the same case.
    pub(super) fn matches(&self, message: &str) -> bool {
        let has = |term: &String| message.contains(term.as_str());
        self.all.iter().all(has)
            && (self.any.is_empty() || self.any.iter().any(has))
            && !self.none.iter().any(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Evidence: documented, "Filter pattern syntax": match terms in unstructured log events.
    #[test]
    fn events_are_found_by_their_terms() {
        let events = [
            "[ERROR 400] BAD REQUEST",
            "[ERROR 401] UNAUTHORIZED REQUEST",
            "[ERROR 419] MISSING ARGUMENTS",
            "[error] INTERNAL SERVER ERROR",
        ];
        for (pattern, found) in [
            ("", [true, true, true, true]),
            ("ERROR", [true, true, true, true]),
            ("error", [false, false, false, true]),
            ("ERROR ARGUMENTS", [false, false, true, false]),
            ("?REQUEST ?ARGUMENTS", [true, true, true, false]),
            ("\"INTERNAL SERVER ERROR\"", [false, false, false, true]),
            ("ERROR -ARGUMENTS", [true, true, false, true]),
            ("\"[ERROR 4\" -\"401\"", [true, false, true, false]),
        ] {
            let parsed = Pattern::parse(pattern).unwrap();
            assert_eq!(
                events.map(|event| parsed.matches(event)),
                found,
                "{pattern}"
            );
        }
        for (pattern, code) in [
            ("{ $.a = 1 }", "NotImplemented"),
            ("[a, b]", "NotImplemented"),
            ("%a%", "NotImplemented"),
            ("a.b", "InvalidParameterException"),
            ("\"a", "InvalidParameterException"),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap_err().code, code, "{pattern}");
        }
    }
}
