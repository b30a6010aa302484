//! The resource and method of a deployment for a path and a verb.
//!
//! A literal part is preferred to a `{parameter}`, and that to a `{greedy+}` one, from the left; if a part has no match further
//! down, the next best is tried. Where the resource found that way has no method for the verb, the best greedy resource that has
//! one answers: AWS does so for a greedy sibling. Whether it would use a plain `{parameter}` as well is not known, so that is
//! refused here.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::super::super::apigateway::{Definition, Method, Resource};

/// The method that a request is for.
#[derive(Debug)]
pub(super) struct Route<'a> {
    /// The resource's id.
    pub(super) resource: &'a str,
    /// The resource's path as it is written: `/policies/{id}`.
    pub(super) path: String,
    /// The method's verb, which may be `ANY`.
    pub(super) verb: &'a str,
    pub(super) method: &'a Method,
    /// The values of the path's parameters, decoded.
    pub(super) parameters: BTreeMap<String, String>,
}

/// What there is at a path.
#[derive(Debug)]
pub(super) enum Match<'a> {
    /// A method takes it.
    Route(Route<'a>),
    /// This resource exists, without a method for the verb.
    NoMethod(String),
    /// Nothing is there.
    Nothing,
}

/// A resource on the way down, with the parts of the request's path that are left.
struct Found<'a> {
    id: &'a str,
    resource: &'a Resource,
    parameters: BTreeMap<String, String>,
}

/// Finds the method for a verb and a path behind the stage, still percent-encoded, without the query. A slash at the end says nothing, and
/// neither do further ones at the beginning.
pub(super) fn find<'a>(definition: &'a Definition, verb: &str, path: &str) -> Match<'a> {
    let path = path.trim_start_matches('/');
    let path = path.strip_suffix('/').unwrap_or(path);
    // Parts are split before they are decoded, so that a slash sent as `%2F` stays in its part.
    let parts: Vec<&str> = match path {
        "" => Vec::new(),
        path => path.split('/').collect(),
    };
    let Some(root) = definition
        .resources
        .iter()
        .find(|(id, _)| *id == definition.root)
    else {
        return Match::Nothing;
    };
    let by_path = |resource: &Resource| !resource.methods.is_empty();
    let Some(best) = below(definition, root, &parts, &by_path) else {
        return Match::Nothing;
    };
    let missed = definition.path(best.resource);
    let greedy = |resource: &Resource| {
        resource.path_part.ends_with("+}") && method(resource, verb).is_some()
    };
    let found = match method(best.resource, verb) {
        Some(_) => Some(best),
        None => below(definition, root, &parts, &greedy),
    };
    let route = found.and_then(|found| {
        let (verb, method) = method(found.resource, verb)?;
        Some(Route {
            resource: found.id,
            path: definition.path(found.resource),
            verb,
            method,
            parameters: found.parameters,
        })
    });
    route.map_or(Match::NoMethod(missed), Match::Route)
}

/// The method that a resource has for a verb.
fn method<'a>(resource: &'a Resource, verb: &str) -> Option<(&'a str, &'a Method)> {
    let methods = &resource.methods;
    let found = methods.get_key_value(verb);
    let (verb, method) = found.or_else(|| methods.get_key_value("ANY"))?;
    Some((verb, method))
}

/// The best resource that takes these parts below this one, of those that may be the last.
fn below<'a>(
    definition: &'a Definition,
    (id, resource): (&'a str, &'a Resource),
    parts: &[&str],
    may_be_last: &dyn Fn(&Resource) -> bool,
) -> Option<Found<'a>> {
    let Some((first, rest)) = parts.split_first() else {
        return may_be_last(resource).then(|| Found {
            id,
            resource,
            parameters: BTreeMap::new(),
        });
    };
    let children = || {
        let all = definition.resources.iter();
        all.filter(|(_, child)| child.parent.as_deref() == Some(id))
    };
    let value = decoded(first);
    let literal = children().find(|(_, child)| child.path_part == value);
    if let Some(found) = literal.and_then(|child| below(definition, child, rest, may_be_last)) {
        return Some(found);
    }
    // Two siblings can't both be variable: AWS refuses the second.
    let (child_id, child) = children().find(|(_, child)| child.path_part.starts_with('{'))?;
    let name = child.path_part.trim_matches(['{', '}']);
    let (name, value, rest) = match name.strip_suffix('+') {
        Some(_) if parts.iter().all(|part| part.is_empty()) => return None,
        Some(name) => (name, decoded(&parts.join("/")), &[][..]),
        None if first.is_empty() => return None,
        None => (name, value, rest),
    };
    let mut found = below(definition, (child_id, child), rest, may_be_last)?;
    found.parameters.insert(name.to_owned(), value);
    Some(found)
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A definition with these routes, such as `GET /pets/{id}`; ids are the paths themselves.
    fn definition(routes: &[(&str, &str)]) -> Definition {
        let mut definition = Definition {
            root: "/".into(),
            ..Definition::default()
        };
        definition.resources.insert("/", Resource::default());
        for (verb, path) in routes {
            let mut parent = "/".to_owned();
            for part in path.split('/').filter(|part| !part.is_empty()) {
                let id = format!("{}/{part}", parent.trim_end_matches('/'));
                if !definition.resources.contains(&id) {
                    let resource = Resource {
                        parent: Some(parent.clone()),
                        path_part: part.into(),
                        ..Resource::default()
                    };
                    definition.resources.insert(&id, resource);
                }
                parent = id;
            }
            let resource = definition.resources.get_mut(&parent).unwrap();
            resource.methods.insert((*verb).into(), Method::default());
        }
        definition
    }

    /// The route and its parameters as text, or what else there is.
    fn told(definition: &Definition, verb: &str, path: &str) -> String {
        match find(definition, verb, path) {
            Match::Route(route) => {
                let parameters = route.parameters.iter();
                let parameters: String = parameters
                    .map(|(name, value)| format!(" {name}={value}"))
                    .collect();
                format!("{} {}{parameters}", route.verb, route.path)
            }
            Match::NoMethod(path) => format!("no method at {path}"),
            Match::Nothing => "nothing".into(),
        }
    }

    #[test]
    fn literal_over_parameter_over_greedy_and_verb_over_any() {
        let api = definition(&[
            ("GET", "/"),
            ("GET", "/pets"),
            ("ANY", "/pets"),
            ("GET", "/pets/{id}"),
            ("GET", "/pets/featured"),
            ("GET", "/pets/{id}/toys"),
            ("ANY", "/{proxy+}"),
        ]);
        for (verb, path, wanted) in [
            ("GET", "/", "GET /"),
            ("GET", "", "GET /"),
            ("POST", "/", "no method at /"),
            ("GET", "/pets", "GET /pets"),
            ("GET", "/pets/", "GET /pets"),
            ("HEAD", "/pets", "ANY /pets"),
            ("OPTIONS", "/pets", "ANY /pets"),
            ("GET", "/pets/7", "GET /pets/{id} id=7"),
            ("GET", "/pets/featured", "GET /pets/featured"),
            // The literal has no match further down, so the parameter matches.
            (
                "GET",
                "/pets/featured/toys",
                "GET /pets/{id}/toys id=featured",
            ),
            ("GET", "/pets/7/toys/", "GET /pets/{id}/toys id=7"),
            ("GET", "/pets/7/owners", "ANY /{proxy+} proxy=pets/7/owners"),
            ("PUT", "/pets/7", "ANY /{proxy+} proxy=pets/7"),
            ("GET", "/other/", "ANY /{proxy+} proxy=other"),
            ("GET", "//", "GET /"),
        ] {
            assert_eq!(told(&api, verb, path), wanted, "{verb} {path}");
        }
    }

    /// Evidence: recorded, LocalStack `test_proxy_routing_with_hardcoded_resource_sibling`,
    /// `test_routing_with_hardcoded_resource_sibling_order` and `test_routing_not_found`.
    #[test]
    fn a_greedy_sibling_answers_where_a_resource_lacks_the_verb() {
        let verbs = definition(&[
            ("POST", "/test"),
            ("ANY", "/test/any"),
            ("OPTIONS", "/{proxy+}"),
        ]);
        let order = definition(&[
            ("GET", "/part1"),
            ("GET", "/{param+}"),
            ("GET", "/part1/hardcoded-value"),
        ]);
        let alone = definition(&[("GET", "/existing")]);
        for (api, verb, path, wanted) in [
            (&verbs, "OPTIONS", "/test", "OPTIONS /{proxy+} proxy=test"),
            (&verbs, "POST", "/test", "POST /test"),
            (&verbs, "OPTIONS", "/test/any", "ANY /test/any"),
            (&verbs, "GET", "/test/any", "ANY /test/any"),
            // Evidence: inferred, from the last row, where there is no greedy sibling.
            (&verbs, "GET", "/test", "no method at /test"),
            (&order, "GET", "/part1", "GET /part1"),
            (
                &order,
                "GET",
                "/part1/hardcoded-value",
                "GET /part1/hardcoded-value",
            ),
            (
                &order,
                "GET",
                "/part1/random-value",
                "GET /{param+} param=part1/random-value",
            ),
            (&alone, "GET", "/existing", "GET /existing"),
            (&alone, "GET", "/random-non-existing", "nothing"),
            (&alone, "POST", "/existing", "no method at /existing"),
        ] {
            assert_eq!(told(api, verb, path), wanted, "{verb} {path}");
        }
    }

    /// Evidence: recorded, LocalStack `test_lambda_aws_proxy_integration`, but for the last row.
    #[test]
    fn slashes_at_the_beginning_say_nothing_and_stay_within() {
        let api = definition(&[("ANY", "/{proxy+}"), ("ANY", "/hardcoded")]);
        for (path, wanted) in [
            ("//hardcoded", "ANY /hardcoded"),
            ("//proxy-value", "ANY /{proxy+} proxy=proxy-value"),
            ("/proxy-value/", "ANY /{proxy+} proxy=proxy-value"),
            (
                "/proxy-value//double-slash",
                "ANY /{proxy+} proxy=proxy-value//double-slash",
            ),
            // Evidence: inferred, from two of them.
            ("///hardcoded/", "ANY /hardcoded"),
        ] {
            assert_eq!(told(&api, "GET", path), wanted, "{path}");
        }
    }

    #[test]
    fn the_nearest_greedy_resource_with_the_verb_answers_and_no_plain_parameter() {
        let api = definition(&[
            ("GET", "/a/b"),
            ("POST", "/a/{x+}"),
            ("ANY", "/{proxy+}"),
            ("GET", "/c/d"),
            ("ANY", "/c/{id}"),
        ]);
        for (verb, path, wanted) in [
            ("POST", "/a/b", "POST /a/{x+} x=b"),
            ("PUT", "/a/b", "ANY /{proxy+} proxy=a/b"),
            ("GET", "/a/c", "ANY /{proxy+} proxy=a/c"),
            ("PUT", "/c/d", "ANY /{proxy+} proxy=c/d"),
        ] {
            assert_eq!(told(&api, verb, path), wanted, "{verb} {path}");
        }
        let parameter = definition(&[("GET", "/c/d"), ("ANY", "/c/{id}")]);
        assert_eq!(told(&parameter, "PUT", "/c/d"), "no method at /c/d");
    }

    #[test]
    fn parts_are_decoded_after_they_are_split() {
        let api = definition(&[("GET", "/a/{x}"), ("GET", "/b/{all+}"), ("GET", "/c.d:e")]);
        for (path, wanted) in [
            ("/a/1%2F2", "GET /a/{x} x=1/2"),
            ("/a/caf%C3%A9+x", "GET /a/{x} x=café+x"),
            ("/a/1/2", "nothing"),
            ("/a//", "nothing"),
            ("/b//", "nothing"),
            ("/a", "nothing"),
            ("/b/1%2F2/3%20", "GET /b/{all+} all=1/2/3 "),
            ("/c.d%3Ae", "GET /c.d:e"),
            ("/%61/1", "GET /a/{x} x=1"),
            ("/A/1", "nothing"),
        ] {
            assert_eq!(told(&api, "GET", path), wanted, "{path}");
        }
    }

    /// How well a resource's path takes a request's: nothing when it doesn't; else by part 0 literal, 1 parameter, 2 greedy.
    fn rank(template: &str, path: &str) -> Option<Vec<u8>> {
        let split = |text: &str| -> Vec<String> {
            text.split('/')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let (template, path) = (split(template), split(path));
        let mut ranks = Vec::new();
        for (index, part) in template.iter().enumerate() {
            let given = path.get(index)?;
            if part.ends_with("+}") {
                ranks.push(2);
                return Some(ranks);
            }
            let variable = part.starts_with('{');
            if !variable && part != given {
                return None;
            }
            ranks.push(u8::from(variable));
        }
        (template.len() == path.len()).then_some(ranks)
    }

    proptest! {
        /// The tree against a naive list: of all paths that take the request, the one with the least ranks from the left.
        #[test]
        fn the_best_of_all_that_match(
            templates in prop::collection::vec(prop::collection::vec(0..4_u8, 0..4), 1..8),
            asked in prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 0..5),
        ) {
            let templates: Vec<String> = templates.iter().map(|parts| {
                let mut path = String::new();
                for part in parts {
                    path += match part { 0 => "/a", 1 => "/b", 2 => "/{x}", _ => "/{all+}" };
                    if *part == 3 { break; }
                }
                if path.is_empty() { "/".into() } else { path }
            }).collect();
            // AWS lets only one of two siblings be variable, so what would be the second is left out.
            let mut kept: Vec<(&str, &str)> = Vec::new();
            for template in &templates {
                let clash = kept.iter().any(|(_, other)| {
                    let (one, two): (Vec<_>, Vec<_>) = (template.split('/').collect(), other.split('/').collect());
                    let same = one.iter().zip(&two).take_while(|(a, b)| a == b).count();
                    matches!((one.get(same), two.get(same)), (Some(a), Some(b)) if a.starts_with('{') && b.starts_with('{'))
                });
                if !clash { kept.push(("GET", template)); }
            }
            let path = format!("/{}", asked.join("/"));
            let best = kept.iter().filter_map(|(_, template)| Some((rank(template, &path)?, *template))).min();
            let found = match find(&definition(&kept), "GET", &path) {
                Match::Route(route) => Some(route.path),
                _ => None,
            };
            prop_assert_eq!(found.as_deref(), best.map(|(_, template)| template));
        }
    }
}
