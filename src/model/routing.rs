//! Which route of a REST API answers a call: by path and by verb.
//!
//! At each part of a path a text of its own comes before a parameter, and that before a greedy one; then the very verb comes before
//! `ANY`. Where the best path has no method for the verb, API Gateway asks the greedy routes that match the path too, so a call may be
//! answered by a route whose requirements are other ones. Whether it asks a plain parameter beside a fixed part is recorded nowhere.

/// The verbs that `ANY` stands for.
pub const VERBS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The route that answers a call of this verb and path, of those that `name` tells the verb and the path of. The path may be a route's
/// own: its parameters then are parts that no fixed part equals.
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

/// Whether a path is one of a route's, such as `/policies/{id}` or `/files/{rest+}`. A slash at the end says nothing.
pub fn matches(template: &str, path: &str) -> bool {
    let mut wanted = template.trim_end_matches('/').split('/');
    let mut given = path.trim_end_matches('/').split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(greedy), Some(_)) if greedy.ends_with("+}") => return true,
            (Some(parameter), Some(text)) if parameter.starts_with('{') && !text.is_empty() => {}
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return false,
        }
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
    use super::*;

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
