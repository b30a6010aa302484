//! Which route of a REST API answers a call: by path and by verb.
//!
//! At each part of a path, a literal is preferred to a parameter, and that to a greedy one; then the verb itself to `ANY`. If the
//! best path has no method for the verb, API Gateway uses a greedy route that matches the path too, so a call may be answered by
//! a route with other requirements. Whether it uses a plain parameter beside a literal is not known.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The verbs that `ANY` covers.
pub const VERBS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The route that answers a call of this verb and path; `name` gives the verb and path of a route. The path may be a route's own:
/// its parameters are then parts that equal no literal.
pub fn answering<'a, R>(
    routes: &'a [R],
    name: impl Fn(&'a R) -> (&'a str, &'a str),
    verb: &str,
    path: &str,
) -> Option<&'a R> {
    let matching: Vec<(&R, &str, &str)> = routes
        .iter()
        .map(|route| {
            let (verb, path) = name(route);
            (route, verb, path)
        })
        .filter(|(_, _, template)| matches(template, path))
        .collect();
    let best = matching.iter().map(|(_, _, path)| rank(path)).min()?;
    let takes = |of: &str| of == verb || of == "ANY";
    matching
        .iter()
        .filter(|(_, of, path)| takes(of) && (rank(path) == best || path.ends_with("+}")))
        .min_by_key(|(_, of, path)| (rank(path), *of == "ANY"))
        .map(|(route, _, _)| *route)
}

/// Whether a path matches a route's, such as `/policies/{id}` or `/files/{rest+}`. Slashes at its ends are ignored.
pub fn matches(template: &str, path: &str) -> bool {
    let path = path.trim_matches('/');
    let mut wanted = template.trim_matches('/').split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(greedy), Some(_)) if greedy.ends_with("+}") => return !path.is_empty(),
            (Some(parameter), Some(text)) if parameter.starts_with('{') && !text.is_empty() => {}
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return false,
        }
    }
}

/// A part of a path that no route has as a literal.
const OTHER: &str = "*";

/// The most sample paths: more than for an API with the usual 300 resources, unless its paths overlap heavily.
const MOST_PATHS: usize = 20_000;

/// A path of a call, and the routes' paths that it matches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told<'a> {
    /// The path.
    pub path: String,
    /// The routes' paths that match it.
    pub matching: BTreeSet<&'a str>,
}

/// One sample path for each set of paths that these routes don't distinguish, so that what holds for the samples holds for every
/// call. `None` if the routes' paths overlap in too many ways.
pub fn told_apart<'a>(templates: impl IntoIterator<Item = &'a str>) -> Option<Vec<Told<'a>>> {
    let tree = Tree::of(templates);
    let mut told = Vec::new();
    let start = (vec![0], Vec::new());
    let mut seen = BTreeSet::from([start.clone()]);
    let mut ahead = VecDeque::from([(String::new(), start)]);
    while let Some((path, (nodes, greedy))) = ahead.pop_front() {
        let ending = nodes.iter().flat_map(|node| &tree.0[*node].ends);
        let passing = greedy.iter().flat_map(|node: &usize| &tree.0[*node].greedy);
        let matching: BTreeSet<&str> = ending.chain(passing).copied().collect();
        if !matching.is_empty() {
            let path = if path.is_empty() { "/" } else { &path }.to_owned();
            told.push(Told { path, matching });
        }
        let texts = nodes.iter().flat_map(|node| tree.0[*node].fixed.keys());
        for part in texts.copied().chain([OTHER]).collect::<BTreeSet<_>>() {
            let next = tree.after(&nodes, &greedy, part);
            let leads_on = !next.0.is_empty() || !next.1.is_empty();
            if leads_on && seen.insert(next.clone()) {
                ahead.push_back((format!("{path}/{part}"), next));
            }
        }
        if seen.len() > MOST_PATHS {
            return None;
        }
    }
    Some(told)
}

/// The routes' paths by their parts; the first node is the root.
struct Tree<'a>(Vec<Node<'a>>);

#[derive(Default)]
struct Node<'a> {
    fixed: BTreeMap<&'a str, usize>,
    parameter: Option<usize>,
    ends: Vec<&'a str>,
    greedy: Vec<&'a str>,
}

impl<'a> Tree<'a> {
    fn of(templates: impl IntoIterator<Item = &'a str>) -> Self {
        let mut tree = Self(vec![Node::default()]);
        for template in templates.into_iter().collect::<BTreeSet<_>>() {
            tree.add(template);
        }
        tree
    }

    fn add(&mut self, template: &'a str) {
        let mut at = 0;
        for part in template.split('/').filter(|part| !part.is_empty()) {
            if part.ends_with("+}") {
                self.0[at].greedy.push(template);
                return;
            }
            let fresh = self.0.len();
            let node = &mut self.0[at];
            at = match part.starts_with('{') {
                true => *node.parameter.get_or_insert(fresh),
                false => *node.fixed.entry(part).or_insert(fresh),
            };
            if at == fresh {
                self.0.push(Node::default());
            }
        }
        self.0[at].ends.push(template);
    }

    /// The node after a part, and the greedy paths that match any rest.
    fn after(&self, nodes: &[usize], greedy: &[usize], part: &str) -> (Vec<usize>, Vec<usize>) {
        let mut next: Vec<usize> = nodes
            .iter()
            .flat_map(|node| {
                let node = &self.0[*node];
                node.fixed
                    .get(part)
                    .copied()
                    .into_iter()
                    .chain(node.parameter)
            })
            .collect();
        next.sort_unstable();
        let passed = nodes
            .iter()
            .filter(|node| !self.0[**node].greedy.is_empty());
        let mut greedy: Vec<usize> = greedy.iter().chain(passed).copied().collect();
        greedy.sort_unstable();
        (next, greedy)
    }
}

/// Sorts the paths that match a call from the best to the worst.
fn rank(template: &str) -> Vec<(bool, bool)> {
    let parts = template.split('/');
    parts
        .map(|part| (part.ends_with("+}"), part.starts_with('{')))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every path of at most four of these parts.
    fn every_path() -> Vec<String> {
        let mut paths = vec![String::new()];
        let mut last = paths.clone();
        for _ in 0..4 {
            let longer = last
                .iter()
                .flat_map(|path| ["a", "b", "z"].map(|part| format!("{path}/{part}")));
            last = longer.collect();
            paths.extend(last.iter().cloned());
        }
        paths[0] = "/".into();
        paths
    }

    proptest! {
        #[test]
        fn what_is_told_apart_stands_for_every_path(
            templates in proptest::collection::btree_set("(/(a|b|\\{x\\})){0,3}(/\\{y\\+\\})?", 0..8),
        ) {
            let templates: BTreeSet<String> = templates
                .into_iter()
                .map(|template| if template.is_empty() { "/".into() } else { template })
                .collect();
            let told = told_apart(templates.iter().map(String::as_str)).unwrap();
            let matching = |path: &str| -> BTreeSet<&str> {
                templates.iter().map(String::as_str).filter(|template| matches(template, path)).collect()
            };
            for one in &told {
                prop_assert_eq!(&one.matching, &matching(&one.path), "{}", one.path);
            }
            for path in every_path() {
                let wanted = matching(&path);
                prop_assert!(wanted.is_empty() || told.iter().any(|one| one.matching == wanted), "{}", path);
            }
        }
    }

    #[test]
    fn as_many_paths_as_there_are_routes_stand_for_all_unless_they_cross() {
        let plain: Vec<String> = (0..300)
            .map(|i| format!("/t{}/{{id}}/x{i}", i % 20))
            .collect();
        let told = told_apart(plain.iter().map(String::as_str)).unwrap();
        assert_eq!(told.len(), 300);
        let crossing: Vec<String> = (0..20)
            .map(|i| {
                (0..20)
                    .map(|j| if i == j { "/a" } else { "/{x}" })
                    .collect()
            })
            .collect();
        assert_eq!(told_apart(crossing.iter().map(String::as_str)), None);
    }

    fn told<'a>(routes: &[(&'a str, &'a str)], verb: &str, path: &str) -> String {
        let found = answering(routes, |(verb, path)| (verb, path), verb, path);
        found.map_or("nothing".into(), |(verb, path)| format!("{verb} {path}"))
    }

    #[test]
    fn a_path_is_matched_as_api_gateway_does() {
        for (route, path, same) in [
            ("/", "/", true),
            ("/policies", "/policies", true),
            ("/policies", "/policies/", true),
            ("/policies/{id}", "/policies/7", true),
            ("/policies/{id}", "/policies", false),
            ("/policies/{id}", "/policies/7/claims", false),
            ("/files/{rest+}", "/files/a/b", true),
            ("/files/{rest+}", "/files", false),
            ("/policies", "//policies", true),
            ("/policies/{id}", "/policies//7", false),
            ("/{rest+}", "//policies//7", true),
            ("/{rest+}", "/", false),
            ("/policies", "/claims", false),
        ] {
            assert_eq!(matches(route, path), same, "{route} {path}");
        }
    }

    #[test]
    fn a_greedy_route_answers_where_the_path_lacks_the_verb() {
        let verbs = [
            ("POST", "/test"),
            ("ANY", "/test/any"),
            ("OPTIONS", "/{proxy+}"),
        ];
        for (verb, path, wanted) in [
            ("OPTIONS", "/test", "OPTIONS /{proxy+}"),
            ("POST", "/test", "POST /test"),
            ("OPTIONS", "/test/any", "ANY /test/any"),
            ("GET", "/test", "nothing"),
        ] {
            assert_eq!(told(&verbs, verb, path), wanted, "{verb} {path}");
        }
        let nested = [
            ("GET", "/a/b"),
            ("POST", "/a/{x+}"),
            ("ANY", "/{proxy+}"),
            ("GET", "/{proxy+}"),
            ("GET", "/c/d"),
            ("ANY", "/c/{id}"),
        ];
        for (verb, path, wanted) in [
            ("POST", "/a/b", "POST /a/{x+}"),
            ("PUT", "/a/b", "ANY /{proxy+}"),
            ("GET", "/a/c", "GET /{proxy+}"),
            ("PUT", "/c/d", "ANY /{proxy+}"),
            ("PUT", "/c/{id}", "ANY /c/{id}"),
        ] {
            assert_eq!(told(&nested, verb, path), wanted, "{verb} {path}");
        }
    }

    #[test]
    fn a_plain_parameter_does_not_answer_for_a_fixed_part() {
        let routes = [("GET", "/c/d"), ("ANY", "/c/{id}")];
        assert_eq!(told(&routes, "PUT", "/c/d"), "nothing");
    }
}
