//! The names of routes: methods and paths that are valid in API Gateway's tree of resources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Judge;
use crate::stack::diagnostic::{Code, Diagnostic};
use crate::stack::findings::Findings;
use crate::stack::spans::KeyPath;

/// The methods of routes.
pub(in crate::stack) const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "ANY",
];

/// A piece of a path between slashes.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Segment<'a> {
    /// A fixed piece.
    Literal(&'a str),
    /// `{name}`.
    Parameter(&'a str),
    /// `{name+}`.
    Greedy(&'a str),
}

impl<'a> Segment<'a> {
    pub(super) fn parameter(&self) -> Option<&'a str> {
        match self {
            Self::Literal(_) => None,
            Self::Parameter(name) | Self::Greedy(name) => Some(name),
        }
    }
}

impl fmt::Display for Segment<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => formatter.write_str(text),
            Self::Parameter(name) => write!(formatter, "{{{name}}}"),
            Self::Greedy(name) => write!(formatter, "{{{name}+}}"),
        }
    }
}

/// The segments of `"METHOD /path"`, or why API Gateway would refuse it and what to do.
pub(super) fn parse<'r>(
    route: &'r str,
    findings: &Findings,
) -> Result<Vec<Segment<'r>>, (String, String)> {
    let Some((method, path)) = route.split_once(' ') else {
        let help = if route.starts_with('/') {
            format!("write `\"GET {route}\"`")
        } else {
            "write a method and a path: `\"GET /hello\"`".into()
        };
        return Err((format!("`{route}` is not a route"), help));
    };
    if !METHODS.contains(&method) {
        let upper = method.to_ascii_uppercase();
        let help = match METHODS.iter().find(|known| **known == upper) {
            Some(known) => format!("write `{known}`"),
            None => findings.did_you_mean(
                &upper,
                METHODS,
                format!("expected one of {}", METHODS.join(", ")),
            ),
        };
        return Err((format!("`{method}` is not a method of API Gateway"), help));
    }
    let Some(rest) = path.strip_prefix('/') else {
        return Err((
            format!("the path `{path}` does not start with a slash"),
            format!("write `\"{method} /{}\"`", path.trim()),
        ));
    };
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    if rest.ends_with('/') {
        return Err((
            format!("the path `{path}` ends with a slash"),
            format!("write `\"{method} {}\"`", path.trim_end_matches('/')),
        ));
    }
    let mut segments = Vec::new();
    let mut parameters = BTreeSet::new();
    for text in rest.split('/') {
        if let Some(Segment::Greedy(name)) = segments.last() {
            return Err((
                format!("`{{{name}+}}` matches all the rest, and something follows it"),
                format!("end the path with `{{{name}+}}`"),
            ));
        }
        let segment = segment(text)?;
        if let Some(name) = segment.parameter()
            && !parameters.insert(name)
        {
            return Err((
                format!("the path has two parameters `{name}`"),
                "give each a name of its own".into(),
            ));
        }
        segments.push(segment);
    }
    Ok(segments)
}

fn segment(text: &str) -> Result<Segment<'_>, (String, String)> {
    let plain = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    if text.is_empty() {
        return Err((
            "the path has two slashes in a row".into(),
            "remove one of them".into(),
        ));
    }
    if let Some(inside) = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        let (name, segment): (_, fn(_) -> _) = match inside.strip_suffix('+') {
            Some(name) => (name, Segment::Greedy),
            None => (inside, Segment::Parameter),
        };
        return match plain(name) {
            true => Ok(segment(name)),
            false => Err((
                format!("`{text}` is not a path parameter"),
                "its name has letters, digits and `. _ -`: `{id}` or `{proxy+}`".into(),
            )),
        };
    }
    if text.contains(['{', '}']) {
        return Err((
            format!("a parameter is a whole piece of the path, and `{text}` is more"),
            "put slashes around it".into(),
        ));
    }
    if let Some(parameter) = text.strip_prefix(':') {
        return Err((
            format!("`{text}` would be a literal piece of the path"),
            format!("write `{{{parameter}}}` for a parameter"),
        ));
    }
    match text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "._-:".contains(*c)))
    {
        None => Ok(Segment::Literal(text)),
        Some(culprit) => Err((
            format!("the path holds `{culprit}` in `{text}`"),
            "API Gateway takes letters, digits and `. _ - :`".into(),
        )),
    }
}

/// API Gateway's resources, each with at most one parameter below.
#[derive(Default)]
pub(super) struct Tree {
    /// The resource above and a piece of path → the resource below. `/` is 0.
    below: BTreeMap<(usize, String), usize>,
    /// Resource → the parameter below it, and the route that has it.
    parameters: BTreeMap<usize, (String, KeyPath)>,
}

impl Tree {
    pub(super) fn hold(
        &mut self,
        judge: &mut Judge<'_>,
        route: &KeyPath,
        segments: &[Segment<'_>],
    ) {
        let mut above = 0;
        for (index, segment) in segments.iter().enumerate() {
            let text = segment.to_string();
            if segment.parameter().is_some() {
                let (first, first_route) = self
                    .parameters
                    .entry(above)
                    .or_insert_with(|| (text.clone(), route.clone()));
                if *first != text {
                    let above: String = segments[..index]
                        .iter()
                        .map(|segment| format!("/{segment}"))
                        .collect();
                    let message = format!(
                        "below `{above}/` there is `{first}` already, and API Gateway takes one parameter there"
                    );
                    let diagnostic = Diagnostic::error(Code::RouteConflict, message)
                        .at(judge.spans.key(route))
                        .label(judge.spans.key(first_route), format!("`{first}` here"))
                        .help(format!(
                            "call both `{first}`, or put a fixed piece of path before one of them"
                        ));
                    judge.findings.push(diagnostic);
                    return;
                }
            }
            let next = self.resources();
            above = *self.below.entry((above, text)).or_insert(next);
        }
    }

    /// How many resources the paths make, `/` included.
    pub(super) fn resources(&self) -> usize {
        self.below.len() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn routes_have_a_method_and_a_path() {
        for good in [
            "GET /",
            "ANY /{proxy+}",
            "POST /a/{b}/c.d/{e-f}",
            "OPTIONS /a:b",
        ] {
            assert!(parse(good, &Findings::default()).is_ok(), "{good}");
        }
        for bad in [
            "/a",
            "GET",
            "get /a",
            "FETCH /a",
            "GET a",
            "GET  /a",
            "GET /a/",
            "GET //a",
            "GET /a b",
            "GET /{a",
            "GET /x{a}",
            "GET /{}",
            "GET /:id",
            "GET /{a}/{a}",
            "GET /{p+}/x",
            "GET /a?b=c",
            "GET /{a b}",
        ] {
            assert!(parse(bad, &Findings::default()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_has_a_known_shape(route in "(GET|POST|get) ?/?[a-z{}+/.: -]{0,12}") {
            if let Ok(segments) = parse(&route, &Findings::default()) {
                let greedy = segments.iter().position(|segment| matches!(segment, Segment::Greedy(_)));
                prop_assert!(greedy.is_none_or(|at| at + 1 == segments.len()));
                prop_assert!(route.starts_with("GET /") || route.starts_with("POST /"));
            }
        }
    }
}
