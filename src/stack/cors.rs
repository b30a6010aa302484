//! What API Gateway answers pages of other origins, and which request headers they may send.
//!
//! A mapped header has one value. Where several origins may call, a mock's template answers a page's own origin, if it is listed.
//! Refusals have no such template: they can only repeat the caller's `Origin`, whatever it is.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{Api, CorsSettings, Requires};
use crate::kinds::HeaderValue;
use crate::kinds::gateway_response::CALLERS_ORIGIN;

/// The header of API keys.
const API_KEY: &str = "X-Api-Key";

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";

/// The origins, if there are several.
pub(super) fn several(cors: &CorsSettings) -> BTreeSet<String> {
    let origins = &cors.origin.0;
    match origins.len() {
        0 | 1 => BTreeSet::new(),
        _ => origins.clone(),
    }
}

/// The headers of every answer that a page may read. With several origins, the first is for pages of origins that are not listed,
/// whose browsers then refuse the answer.
pub(super) fn allowing(cors: &CorsSettings) -> BTreeMap<String, String> {
    let first = cors.origin.0.first().cloned().unwrap_or_default();
    let mut headers = BTreeMap::from([(ALLOW_ORIGIN.to_owned(), first)]);
    headers.extend(vary(cors));
    if cors.credentials {
        let name = "Access-Control-Allow-Credentials".to_owned();
        headers.insert(name, "true".into());
    }
    headers
}

/// The headers of a mock's answer.
pub(super) fn answered(cors: &CorsSettings) -> BTreeMap<String, String> {
    let mut headers = allowing(cors);
    headers.extend(exposed(cors));
    headers
}

/// The headers of a refusal. What repeats any origin never allows credentials.
pub(super) fn refused(cors: &CorsSettings) -> BTreeMap<String, HeaderValue> {
    let fixed = |(name, value): (String, String)| (name, HeaderValue::Fixed(value.into()));
    if several(cors).is_empty() {
        return answered(cors).into_iter().map(fixed).collect();
    }
    let callers = HeaderValue::Mapped {
        from: CALLERS_ORIGIN.to_owned(),
    };
    let mut headers = BTreeMap::from([(ALLOW_ORIGIN.to_owned(), callers)]);
    headers.extend([vary(cors), exposed(cors)].into_iter().flatten().map(fixed));
    headers
}

/// So that caches keep an answer for each origin.
fn vary(cors: &CorsSettings) -> Option<(String, String)> {
    let is_needed = !several(cors).is_empty();
    is_needed.then(|| ("Vary".to_owned(), "Origin".to_owned()))
}

fn exposed(cors: &CorsSettings) -> Option<(String, String)> {
    let list: Vec<&str> = cors.expose_headers.iter().map(String::as_str).collect();
    let name = || "Access-Control-Expose-Headers".to_owned();
    (!list.is_empty()).then(|| (name(), list.join(",")))
}

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
    use crate::model::Book;
    use crate::stack::file::Cors;
    use crate::stack::testing::{edited, read};

    fn settings(lines: &str) -> CorsSettings {
        let text = edited("[api.routes]", &format!("{lines}\n[api.routes]"));
        match read(&text).unwrap().file.api.unwrap().cors {
            Cors::On(cors) => cors,
            Cors::Off => panic!("cors is on"),
        }
    }

    fn shown(headers: BTreeMap<String, HeaderValue>) -> BTreeMap<String, String> {
        let shown = |value| match value {
            HeaderValue::Fixed(text) => text.resolve(&Book::default()).unwrap(),
            HeaderValue::Mapped { from } => format!("({from})"),
        };
        let headers = headers.into_iter();
        headers.map(|(name, value)| (name, shown(value))).collect()
    }

    #[test]
    fn a_refusal_repeats_an_origin_without_credentials() {
        let told = |headers: BTreeMap<String, String>| {
            let lines = headers.into_iter().map(|(name, value)| {
                let name = name.replace("Access-Control-", "");
                format!("{name}: {value}")
            });
            lines.collect::<Vec<_>>().join(", ")
        };
        let one = settings(
            "cors = { origin = \"https://a.example\", credentials = true, expose_headers = [\"X-A\", \"X-B\"] }",
        );
        let all =
            "Allow-Credentials: true, Allow-Origin: https://a.example, Expose-Headers: X-A,X-B";
        assert_eq!(told(answered(&one)), all);
        assert_eq!(told(shown(refused(&one))), all);
        let two = settings(
            "cors = { origin = [\"https://b.example\", \"https://a.example\"], credentials = true, expose_headers = [\"X-A\"] }",
        );
        assert_eq!(
            told(allowing(&two)),
            "Allow-Credentials: true, Allow-Origin: https://a.example, Vary: Origin"
        );
        assert_eq!(
            told(shown(refused(&two))),
            "Allow-Origin: (method.request.header.Origin), Expose-Headers: X-A, Vary: Origin"
        );
    }

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
