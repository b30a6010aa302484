//! The HTTP methods that routes stand for. API Gateway has limits for each, but none for `ANY`.

use super::file::{Api, Cors};
use crate::model::routing::VERBS;

/// The HTTP methods and the path of a route's name: for `ANY`, those for which the path has no route of its own.
pub(super) fn methods<'a>(api: &Api, name: &'a str) -> Vec<(&'a str, &'a str)> {
    let Some((verb, path)) = name.split_once(' ') else {
        return Vec::new();
    };
    if verb != "ANY" {
        return vec![(verb, path)];
    }
    let is_own = |verb: &str| {
        api.routes.contains_key(&format!("{verb} {path}"))
            || verb == "OPTIONS" && matches!(api.cors, Cors::On(_))
    };
    let rest = VERBS.into_iter().filter(|verb| !is_own(verb));
    rest.map(|verb| (verb, path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::testing::{edited, read};

    #[test]
    fn any_stands_for_what_has_no_route() {
        let of = |lines: &str, name: &'static str| {
            let text = edited("[api.routes]", lines);
            let file = read(&text).unwrap().file;
            let found = methods(file.api.as_ref().unwrap(), name);
            found.into_iter().map(|(verb, _)| verb).collect::<Vec<_>>()
        };
        let routes = "[api.routes]\n\"ANY /a\" = { mock = 200 }\n\"GET /a\" = { mock = 200 }\n\"PUT /b\" = { mock = 200 }";
        assert_eq!(of(routes, "GET /a"), ["GET"]);
        assert_eq!(
            of(routes, "ANY /a"),
            ["DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
        );
        assert_eq!(
            of(&format!("cors = true\n{routes}"), "ANY /a"),
            ["DELETE", "HEAD", "PATCH", "POST", "PUT"]
        );
    }
}
