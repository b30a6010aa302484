//! Patterns over the operations of a document: which match, and which of them says something.
//!
//! A pattern is a method or `*`, and a path in which each `*` stands for any text, slashes included, or none. Of two patterns that match
//! the same operation, the more specific one matches less: all that it matches, the other matches as well. Two of which neither is
//! more specific, such as `POST *` and `* /pets`, are a tie. So it never matters how long a pattern is or where in the file.

use std::ops::Range;

use crate::openapi::Operation;
use crate::stack::check::METHODS;
use crate::stack::file::Route;
use crate::stack::spans::{KeyPath, Spans};
use crate::stack::template::GatewayTemplate;

/// Matches every method, and in a path any text.
pub(super) const STAR: char = '*';

/// The end of a URL that calls the operation's path.
const PATH_OF_OPERATION: &str = "/*";

/// A table of `[api.routes]` that says something of operations.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) name: String,
    /// The key's place.
    pub(super) key: Range<usize>,
    pub(super) path: KeyPath,
    pub(super) route: Route,
    /// The places of all in it.
    pub(super) spans: Spans,
    /// What is unusable in it.
    pub(super) broken: Vec<KeyPath>,
}

/// What a pattern can say of a route. A backend is one field, since a route has one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    Backend,
    Via,
    Requires,
    Throttle,
    SendHeaders,
    Timeout,
}

impl Field {
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Backend => &["http", "function", "mock"],
            Self::Via => &["via"],
            Self::Requires => &["requires"],
            Self::Throttle => &["throttle"],
            Self::SendHeaders => &["send_headers"],
            Self::Timeout => &["timeout"],
        }
    }

    /// The key that a message names.
    pub(super) fn word(self) -> &'static str {
        self.keys()[0]
    }

    pub(super) fn take(self, from: &Route, to: &mut Route) {
        match self {
            Self::Backend => {
                to.http.clone_from(&from.http);
                to.function.clone_from(&from.function);
                to.mock.clone_from(&from.mock);
            }
            Self::Via => to.via = from.via,
            Self::Requires => to.requires.clone_from(&from.requires),
            Self::Throttle => to.throttle.clone_from(&from.throttle),
            Self::SendHeaders => to.send_headers.clone_from(&from.send_headers),
            Self::Timeout => to.timeout = from.timeout,
        }
    }
}

impl Pattern {
    /// Whether it matches the route of this name.
    pub(super) fn matches(&self, name: &str) -> bool {
        includes(&self.name, name)
    }

    pub(super) fn says(&self, field: Field) -> bool {
        let mut keys = field.keys().iter();
        keys.any(|key| self.spans.has(&self.path.join(*key)))
    }

    /// Whether what it says of a field is unusable.
    pub(super) fn is_broken(&self, field: Field) -> bool {
        let mut keys = field.keys().iter().map(|key| self.path.join(*key));
        keys.any(|path| self.broken.iter().any(|broken| path.leads_to(broken)))
    }

    /// Where it says a field.
    pub(super) fn place(&self, field: Field) -> Range<usize> {
        let mut keys = field.keys().iter().map(|key| self.path.join(*key));
        let key = keys.find(|path| self.spans.has(path));
        key.map_or_else(|| self.key.clone(), |path| self.spans.value_of(&path))
    }

    /// The operations whose names are most like it.
    pub(super) fn nearest<'o>(
        &self,
        operations: impl Iterator<Item = &'o str>,
        most: usize,
    ) -> Vec<&'o str> {
        let mut near: Vec<_> = operations
            .map(|name| (strsim::damerau_levenshtein(&self.name, name), name))
            .collect();
        near.sort_unstable();
        near.into_iter().take(most).map(|(_, name)| name).collect()
    }
}

/// Why a name is not a pattern, and what to do.
pub(super) fn refusal(name: &str) -> Option<(String, String)> {
    let Some((method, path)) = name.split_once(' ') else {
        let help = match name.starts_with(['/', STAR]) {
            true => format!("write `\"* {name}\"` for all methods"),
            false => "write a method and a path: `\"GET /pets/*\"`, or `\"* *\"` for all".into(),
        };
        return Some((format!("`{name}` is not a pattern of routes"), help));
    };
    if method != "*" && !METHODS.contains(&method) {
        let help = format!("expected `*` or one of {}", METHODS.join(", "));
        return Some((format!("`{method}` is not a method of API Gateway"), help));
    }
    if !path.starts_with(['/', STAR]) {
        let help = format!("write `\"{method} /{}\"`", path.trim());
        return Some((
            format!("the path `{path}` does not start with a slash"),
            help,
        ));
    }
    None
}

/// Whether a pattern matches all that another one matches, or the route of this name.
fn includes(pattern: &str, other: &str) -> bool {
    let (Some((method, path)), Some((other_method, other_path))) =
        (pattern.split_once(' '), other.split_once(' '))
    else {
        return false;
    };
    (method == "*" || method == other_method) && stands_for(path, other_path)
}

/// Whether a text with `*` stands for another. A `*` of the other is only matched by one: any text may be in its place.
fn stands_for(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split(STAR);
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    // The earliest place of each piece leaves the most to the others.
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether the first matches more than the second.
pub(super) fn is_less_specific(first: &Pattern, second: &Pattern) -> bool {
    includes(&first.name, &second.name) && !includes(&second.name, &first.name)
}

/// Those than which no other one is more specific: one, unless there is a tie.
pub(super) fn most_specific(patterns: &[Pattern], among: &[usize]) -> Vec<usize> {
    let of = |at: &usize| &patterns[*at];
    let is_least = |at: &&usize| {
        let mut others = among.iter();
        !others.any(|other| is_less_specific(of(at), of(other)))
    };
    among.iter().filter(is_least).copied().collect()
}

/// Puts the operation's path into a URL that ends in `/*`.
pub(super) fn address(route: &mut Route, operation: &Operation) {
    let Some(url) = &route.http else { return };
    if let Some(base) = url.as_written().strip_suffix(PATH_OF_OPERATION) {
        // A URL has no plus in a parameter.
        let path = operation.path.replace("+}", "}");
        route.http = Some(GatewayTemplate::new(format!("{base}{path}")));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_crosses_slashes_and_may_stand_for_nothing() {
        for (pattern, name, matched) in [
            ("GET *", "GET /", true),
            ("GET *", "GET /pets/{petId}", true),
            ("GET *", "POST /pets", false),
            ("* /pets", "ANY /pets", true),
            ("* /pets", "GET /pets/{petId}", false),
            ("* /pets*", "GET /pets", true),
            ("* /pets/*", "GET /pets", false),
            ("* /pets/*/toys", "GET /pets/{petId}/toys", true),
            ("* */toys", "GET /toys", true),
            ("GET /a*a", "GET /a", false),
            ("GET /pets", "GET /pets", true),
        ] {
            assert_eq!(includes(pattern, name), matched, "{pattern} {name}");
        }
    }

    proptest! {
        /// All that one matches is also matched by one that includes it, and what is not included has a text that shows it: its own
        /// with a letter of no pattern in the place of each star.
        #[test]
        fn one_that_includes_another_matches_all_that_it_matches(
            first in "(GET|\\*) /?[ab*]{0,5}",
            second in "(GET|\\*) /?[ab*]{0,5}",
            names in proptest::collection::vec("(GET|PUT) /?[abz]{0,6}", 20),
        ) {
            let (method, path) = second.split_once(' ').unwrap();
            let witness = format!("{} {}", if method == "*" { "PUT" } else { method }, path.replace('*', "z"));
            prop_assert!(includes(&second, &witness));
            prop_assert_eq!(includes(&first, &second), includes(&first, &witness));
            for name in &names {
                if includes(&first, &second) && includes(&second, name) {
                    prop_assert!(includes(&first, name), "{}", name);
                }
            }
        }
    }
}
