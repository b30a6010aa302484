//! Paths that a greedy route answers as well: for the verbs that a path has no route for, with that route's requirements.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::parse;
use super::{Code, Diagnostic, Judge};
use crate::model::routing::{self, VERBS};
use crate::stack::file::{Api, Cors, Requirements, Requires, Token};
use crate::stack::spans::KeyPath;

/// The most pairs of a path and a greedy route that are compared: more than in an API with the usual 300 resources.
const MOST_PAIRS: usize = 20_000;

/// How many scopes take as long to compare as a pair.
const SCOPES_OF_PAIR: usize = 100;

/// The most scopes that a message names.
const MOST_NAMED: usize = 10;

/// A verb and a path.
type Name<'a> = (&'a str, &'a str);

pub(super) fn check(judge: &mut Judge<'_>) {
    let Some(api) = &judge.file.api else { return };
    let names: Vec<Name<'_>> = api
        .routes
        .keys()
        .filter(|name| parse(name, judge.findings).is_ok())
        .filter_map(|name| name.split_once(' '))
        .collect();
    let greedy: Vec<Name<'_>> = names
        .iter()
        .copied()
        .filter(|(_, path)| path.ends_with("+}"))
        .collect();
    let mut paths: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (verb, path) in &names {
        paths.entry(path).or_default().insert(verb);
    }
    let scopes = |requires: &Requires| match requires {
        Requires::Nothing => 0,
        Requires::These(these) => these.scopes.len(),
    };
    let of_routes = api.routes.values().flat_map(|route| &route.requires);
    let most_scopes = of_routes.chain(&api.requires).map(scopes).max();
    let weight = 1 + most_scopes.unwrap_or_default() / SCOPES_OF_PAIR;
    if paths.len() * greedy.len() * weight > MOST_PAIRS {
        return;
    }
    for (path, own) in paths {
        if own.contains("ANY") {
            continue;
        }
        let preflight = matches!(api.cors, Cors::On(_)).then_some("OPTIONS");
        let missing = VERBS
            .into_iter()
            .filter(|verb| !own.contains(verb) && Some(*verb) != preflight);
        let mut answered: BTreeMap<Name<'_>, Vec<&str>> = BTreeMap::new();
        for verb in missing {
            let found = routing::answering(&greedy, |(verb, path)| (verb, path), verb, path);
            if let Some(name) = found {
                answered.entry(*name).or_default().push(verb);
            }
        }
        for (other, verbs) in answered {
            compare(judge, api, path, &own, other, &verbs);
        }
    }
}

/// Warns where the other route requires less than one of the path's own.
fn compare(
    judge: &mut Judge<'_>,
    api: &Api,
    path: &str,
    own: &BTreeSet<&str>,
    other: Name<'_>,
    verbs: &[&str],
) {
    let unwritten = Requires::These(Requirements::default());
    let requires = |(verb, path): Name<'_>| {
        let route = api.routes.get(&format!("{verb} {path}"))?;
        let written = route.requires.as_ref().or(api.requires.as_ref());
        Some(written.unwrap_or(&unwritten))
    };
    let table = KeyPath::from(["api", "routes"]);
    let at = |(verb, path): Name<'_>| table.join(format!("{verb} {path}"));
    // Unusable values are reported elsewhere.
    let is_known = |name: Name<'_>| {
        judge.usable(at(name))
            && judge.intact(at(name).join("requires"))
            && judge.intact(["api", "requires"])
    };
    if !is_known(other) {
        return;
    }
    let Some(less) = requires(other) else { return };
    let found = own.iter().find_map(|verb| {
        let name = (*verb, path);
        let lacks = lacks(requires(name)?, less).filter(|_| is_known(name))?;
        Some((name, lacks))
    });
    let Some((stricter, lacks)) = found else {
        return;
    };
    let (verb, greedy) = other;
    let message = format!(
        "calls of `{path}` by {} are answered by `{verb} {greedy}`, which {lacks}",
        listed(verbs.iter().map(|verb| (*verb).to_owned()).collect())
    );
    let help = format!(
        "add `\"ANY {path}\" = {{ mock = 405 }}` with the requirements of `{} {path}`, or give `{verb} {greedy}` the same",
        stricter.0
    );
    let diagnostic = Diagnostic::warning(Code::WeakerRoute, message)
        .at(judge.spans.key(&at(stricter)))
        .label(judge.spans.key(&at(other)), "answers the other methods")
        .help(help);
    judge.findings.push(diagnostic);
}

/// What the second requires less than the first, in words; `None` if the first admits everything that the second admits.
fn lacks(first: &Requires, second: &Requires) -> Option<String> {
    let nothing = Default::default();
    let these = |requires| match requires {
        &Requires::Nothing => &nothing,
        Requires::These(these) => these,
    };
    let (first, second) = (these(first), these(second));
    let wants_token = |of: &Requirements| !of.scopes.is_empty() || of.token.is_some();
    let no_key = first.api_key && !second.api_key;
    if wants_token(first) && !wants_token(second) {
        return Some(match no_key {
            true => "needs neither a token nor an API key".into(),
            false => "needs no token".into(),
        });
    }
    if no_key {
        return Some("needs no API key".into());
    }
    let is_id = |token| token == Some(Token::Id);
    if wants_token(first) && is_id(first.token) != is_id(second.token) {
        return Some("takes another kind of token".into());
    }
    let more: Vec<String> = second
        .scopes
        .difference(&first.scopes)
        .take(MOST_NAMED)
        .map(|scope| format!("`{}`", scope.as_written()))
        .collect();
    (wants_token(first) && !more.is_empty()).then(|| format!("takes a token with {}", listed(more)))
}

/// `GET, POST or PUT`.
fn listed(words: Vec<String>) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::{STACK, codes, edited};

    fn routes(lines: &str) -> Vec<Code> {
        codes(&edited("[api.routes]", &format!("[api.routes]\n{lines}")))
    }

    const OPEN: &str = "\"ANY /{proxy+}\" = { mock = 200, requires = \"nothing\" }\n";

    #[test]
    fn a_guarded_path_beside_an_open_greedy_route_is_told() {
        // `GET /hello` of the stack needs a token and a key.
        assert_eq!(routes(OPEN), [Code::WeakerRoute]);
        assert_eq!(
            routes("\"ANY /{proxy+}\" = { mock = 200 }"),
            [],
            "it needs the same"
        );
        assert_eq!(
            routes(&format!("{OPEN}\"ANY /hello\" = {{ mock = 405 }}")),
            [],
            "the path has a route for every verb"
        );
        let key_only = "\"ANY /{proxy+}\" = { mock = 200, requires = { api_key = true } }";
        assert_eq!(routes(key_only), [Code::WeakerRoute]);
    }

    #[test]
    fn a_greedy_route_of_one_verb_answers_that_one() {
        let of = |verb: &str| {
            routes(&format!(
                "\"{verb} /{{proxy+}}\" = {{ mock = 200, requires = \"nothing\" }}"
            ))
        };
        assert_eq!(of("GET"), []);
        assert_eq!(of("POST"), [Code::WeakerRoute]);
    }

    #[test]
    fn the_nearest_greedy_route_counts_and_a_plain_parameter_does_not() {
        let guarded = "\"GET /a/b\" = { mock = 200 }\n\"ANY /a/{x+}\" = { mock = 200 }\n";
        let hello = "\"ANY /hello\" = { mock = 405 }\n";
        assert_eq!(routes(&format!("{OPEN}{hello}{guarded}")), []);
        let parameter = "\"GET /a/b\" = { mock = 200 }\n\"ANY /a/{x}\" = { mock = 200, requires = \"nothing\" }\n";
        assert_eq!(routes(parameter), []);
    }

    #[test]
    fn another_scope_is_less() {
        let text = STACK.replace(
            "[api.routes]",
            "[api.routes]\n\"ANY /{proxy+}\" = { mock = 200, requires = { scopes = [\"hello/write\"], api_key = true } }",
        );
        let text = text.replace("scopes = { read", "scopes = { write = \"Write\", read");
        assert_eq!(codes(&text), [Code::WeakerRoute], "{text}");
    }
}
