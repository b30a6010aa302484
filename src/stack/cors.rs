//! Which request headers a page of another origin may send, and which ones the routes need.

use std::collections::BTreeSet;

use super::file::{Api, CorsSettings, Requires};

/// The header of API keys.
const API_KEY: &str = "X-Api-Key";

/// The headers that preflights allow: with the default list, also the one that carries the token.
pub(super) fn allowed<'a>(api: &'a Api, cors: &'a CorsSettings) -> BTreeSet<&'a str> {
    let mut headers: BTreeSet<&str> = cors.headers.iter().map(String::as_str).collect();
    if cors.headers == CorsSettings::default().headers {
        headers.extend(uncovered(api, &cors.headers));
    }
    headers
}

/// The headers that routes need and that a list does not cover. `*` covers every header but `Authorization`, as the Fetch standard
/// has it.
pub(super) fn uncovered<'a>(api: &'a Api, list: &BTreeSet<String>) -> BTreeSet<&'a str> {
    let covers = |header: &str| {
        list.iter().any(|listed| {
            listed.eq_ignore_ascii_case(header)
                || listed == "*" && !header.eq_ignore_ascii_case("Authorization")
        })
    };
    let mut headers = needed(api);
    headers.retain(|header| !covers(header));
    headers
}

fn needed(api: &Api) -> BTreeSet<&str> {
    let mut headers = BTreeSet::new();
    for requires in api.routes.values().map(|route| route.requires(api)) {
        if requires.needs_token() {
            headers.insert(api.authorizer.header.as_str());
        }
        if matches!(requires, Requires::These(these) if these.api_key) {
            headers.insert(API_KEY);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::file::Cors;
    use crate::stack::testing::{edited, read};

    fn preflight(lines: &str) -> String {
        let text = edited("[api.routes]", &format!("{lines}\n[api.routes]"));
        let file = read(&text).unwrap().file;
        let api = file.api.as_ref().unwrap();
        let Cors::On(cors) = &api.cors else {
            panic!("cors is on")
        };
        let headers: Vec<_> = allowed(api, cors).into_iter().collect();
        headers.join(",")
    }

    #[test]
    fn the_default_list_has_the_header_of_the_token() {
        let default = "Authorization,Content-Type,X-Amz-Date,X-Amz-Security-Token";
        assert_eq!(preflight("cors = true"), format!("{default},X-Api-Key"));
        assert_eq!(
            preflight("authorizer = { header = \"X-Auth\" }\ncors = true"),
            format!("{default},X-Api-Key,X-Auth")
        );
        // A list of the file's own stays as it is.
        assert_eq!(
            preflight("authorizer = { header = \"X-Auth\" }\ncors = { headers = [\"*\"] }"),
            "*"
        );
    }
}
