//! `[api.routes]`: methods and paths as API Gateway's tree of resources can hold them, and where their calls go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::{Judge, did_you_mean};
use crate::stack::diagnostic::{Code, Diagnostic};
use crate::stack::file::{Api, Route};
use crate::stack::scalar::HumanDuration;
use crate::stack::spans::KeyPath;

const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "ANY",
];
/// What a new account may have in an API, `/` included.
const USUAL_RESOURCES: usize = 300;

pub(super) fn check(judge: &mut Judge<'_>) {
    let Some(api) = &judge.file.api else { return };
    let routes = KeyPath::from(["api", "routes"]);
    if api.routes.is_empty() && judge.intact(&routes) {
        let message = "the API has no routes, and AWS deploys none without";
        judge.error(
            Code::MissingTable,
            &KeyPath::from(["api"]),
            message,
            "add one under `[api.routes]`: `\"GET /hello\" = { mock = 200 }`",
        );
    }
    let mut tree = Tree::default();
    for (name, route) in &api.routes {
        let path = routes.join(name);
        let parameters = match parse(name) {
            Ok(segments) => {
                tree.hold(judge, &path, &segments);
                let parameters = segments
                    .iter()
                    .filter_map(|segment| segment.parameter().map(str::to_owned));
                Some(parameters.collect::<BTreeSet<_>>())
            }
            Err((message, help)) => {
                let diagnostic = Diagnostic::error(Code::BadRoute, message)
                    .at(judge.spans.key(&path))
                    .help(help);
                judge.findings.list.push(diagnostic);
                None
            }
        };
        if judge.intact(&path) {
            backend(judge, &path, api, route, parameters.as_ref());
        }
    }
    if tree.resources() > USUAL_RESOURCES {
        let message = format!(
            "{} paths; an API holds {USUAL_RESOURCES} unless AWS raised your quota",
            tree.resources()
        );
        judge.warning(
            Code::TooMany,
            &routes,
            message,
            "raise “Resources per API” in Service Quotas, or use `{proxy+}`",
        );
    }
}

/// A piece of a path between slashes.
#[derive(Debug, Eq, PartialEq)]
enum Segment<'a> {
    Literal(&'a str),
    Parameter(&'a str),
    Greedy(&'a str),
}

impl<'a> Segment<'a> {
    fn parameter(&self) -> Option<&'a str> {
        match self {
            Self::Literal(_) => None,
            Self::Parameter(name) | Self::Greedy(name) => Some(name),
        }
    }
}

/// The segments of `"METHOD /path"`, or why API Gateway would refuse it and what to do.
fn parse(route: &str) -> Result<Vec<Segment<'_>>, (String, String)> {
    let Some((method, path)) = route.split_once(' ') else {
        let help = if route.starts_with('/') {
            format!("write `\"GET {route}\"`")
        } else {
            "write a method and a path: `\"GET /hello\"`".into()
        };
        return Err((format!("`{route}` is no route"), help));
    };
    if !METHODS.contains(&method) {
        let upper = method.to_ascii_uppercase();
        let help = match METHODS.iter().find(|known| **known == upper) {
            Some(known) => format!("write `{known}`"),
            None => did_you_mean(
                &upper,
                METHODS,
                format!("possible are {}", METHODS.join(", ")),
            ),
        };
        return Err((format!("`{method}` is no method of API Gateway"), help));
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
            "remove it: API Gateway treats both alike".into(),
        ));
    }
    let mut segments = Vec::new();
    let mut parameters = BTreeSet::new();
    for text in rest.split('/') {
        if let Some(Segment::Greedy(name)) = segments.last() {
            return Err((
                format!("something follows `{{{name}+}}`, which takes all the rest"),
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
                format!("`{text}` is no path parameter"),
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

/// API Gateway's resources: below each at most one parameter.
#[derive(Default)]
struct Tree {
    paths: BTreeSet<String>,
    /// Path above → the parameter below it, and the route that has it.
    parameters: BTreeMap<String, (String, KeyPath)>,
}

impl Tree {
    fn hold(&mut self, judge: &mut Judge<'_>, route: &KeyPath, segments: &[Segment<'_>]) {
        let mut above = String::new();
        for segment in segments {
            let text = match segment {
                Segment::Literal(text) => (*text).to_owned(),
                Segment::Parameter(name) => format!("{{{name}}}"),
                Segment::Greedy(name) => format!("{{{name}+}}"),
            };
            if segment.parameter().is_some() {
                let (first, first_route) = self
                    .parameters
                    .entry(above.clone())
                    .or_insert_with(|| (text.clone(), route.clone()));
                if *first != text {
                    let message = format!(
                        "below `{above}/` there is `{first}` already, and API Gateway takes one parameter there"
                    );
                    let diagnostic = Diagnostic::error(Code::RouteConflict, message)
                        .at(judge.spans.key(route))
                        .label(judge.spans.key(first_route), format!("`{first}` here"))
                        .help(format!(
                            "call both `{first}`, or put a fixed piece of path before one of them"
                        ));
                    judge.findings.list.push(diagnostic);
                    return;
                }
            }
            above = format!("{above}/{text}");
            self.paths.insert(above.clone());
        }
    }

    /// How many resources the paths make, `/` included.
    fn resources(&self) -> usize {
        self.paths.len() + 1
    }
}

fn backend(
    judge: &mut Judge<'_>,
    path: &KeyPath,
    api: &Api,
    route: &Route,
    parameters: Option<&BTreeSet<String>>,
) {
    match (&route.http, &route.mock) {
        (Some(url), None) => {
            if let Some(parameters) = parameters {
                http(judge, &path.join("http"), api, url, parameters);
            }
        }
        (None, Some(_)) => {
            if route.timeout.is_some() {
                let message = "a mock answers at once, so its timeout has no effect";
                judge.warning(
                    Code::NoEffect,
                    &path.join("timeout"),
                    message,
                    "remove `timeout`",
                );
            }
        }
        (Some(_), Some(_)) => {
            let message = "the route has two backends, `http` and `mock`";
            judge.error(Code::RouteBackend, path, message, "remove one of them");
        }
        (None, None) => {
            let message = "the route leads nowhere";
            judge.error(
                Code::RouteBackend,
                path,
                message,
                "add `http = \"https://…\"`, or `mock = 200` for an answer without a backend",
            );
        }
    }
    if let (Some(timeout), Some(_)) = (route.timeout, &route.http) {
        let (least, most) = (HumanDuration::from_millis(50), HumanDuration::from_secs(29));
        judge.duration(&path.join("timeout"), timeout, least, most, false);
    }
}

fn http(
    judge: &mut Judge<'_>,
    path: &KeyPath,
    api: &Api,
    url: &str,
    parameters: &BTreeSet<String>,
) {
    static URL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?i:https?)://([A-Za-z0-9.-]+|\{[^/]*\})(:([0-9]+))?([/?]\S*)?$")
            .expect("the pattern is constant")
    });
    static PARAMETER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\{([^{}]*)\}").expect("the pattern is constant"));
    let url = stage_variables_made_out(&judge.sample(url), api);
    let Some(found) = URL.captures(&url) else {
        let help = if url.contains("://") {
            "check its host, and write spaces as `%20`"
        } else {
            "start it with `http://` or `https://`"
        };
        judge.error(
            Code::BadUrl,
            path,
            format!("`{url}` is no URL that API Gateway can call"),
            help,
        );
        return;
    };
    if let Some(port) = found.get(3)
        && !port
            .as_str()
            .parse()
            .is_ok_and(|port: u16| matches!(port, 80 | 443 | 1024..))
    {
        let message = format!("API Gateway calls no port {}", port.as_str());
        judge.error(
            Code::BadUrl,
            path,
            message,
            "it calls 80, 443, and 1024 to 65535",
        );
    }
    for name in PARAMETER
        .captures_iter(&url)
        .map(|found| found[1].to_owned())
    {
        if parameters.contains(&name) {
            continue;
        }
        let bare = name.trim_end_matches('+');
        let (message, help) = if parameters.contains(bare) {
            (
                format!("a URL takes `{{{bare}}}` without the plus"),
                format!("write `{{{bare}}}`"),
            )
        } else {
            let otherwise =
                format!("add `{{{name}}}` to the route's path, or remove it from the URL");
            (
                format!("the route has no parameter `{name}`"),
                did_you_mean(&name, parameters.iter().map(String::as_str), otherwise),
            )
        };
        judge.error(Code::BadRoute, path, message, help);
    }
}

fn stage_variables_made_out(url: &str, api: &Api) -> String {
    api.stage_variables
        .iter()
        .fold(url.to_owned(), |url, (name, value)| {
            url.replace(&format!("${{stageVariables.{name}}}"), value)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::testing::{codes, edited};
    use proptest::prelude::*;

    fn routes(lines: &str) -> Vec<Code> {
        codes(&edited("[api.routes]", &format!("[api.routes]\n{lines}")))
    }

    #[test]
    fn routes_have_a_method_and_a_path() {
        for good in [
            "GET /",
            "ANY /{proxy+}",
            "POST /a/{b}/c.d/{e-f}",
            "OPTIONS /a:b",
        ] {
            assert!(parse(good).is_ok(), "{good}");
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
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_has_one_parameter_below_it() {
        assert_eq!(
            routes(
                "\"GET /a/{x}\" = { mock = 200 }\n\"GET /a/{x}/b\" = { mock = 200 }\n\"GET /b/{y}\" = { mock = 200 }"
            ),
            []
        );
        assert_eq!(
            routes("\"GET /a/{x}\" = { mock = 200 }\n\"POST /a/{y}\" = { mock = 200 }"),
            [Code::RouteConflict]
        );
        assert_eq!(
            routes("\"GET /a/{x}\" = { mock = 200 }\n\"ANY /a/{proxy+}\" = { mock = 200 }"),
            [Code::RouteConflict]
        );
    }

    #[test]
    fn a_route_has_one_backend() {
        assert_eq!(routes("\"GET /a\" = {}"), [Code::RouteBackend]);
        assert_eq!(
            routes("\"GET /a\" = { mock = 200, http = \"https://a.example\" }"),
            [Code::RouteBackend]
        );
        assert_eq!(
            routes("\"GET /a\" = { mock = 200, timeout = \"1s\" }"),
            [Code::NoEffect]
        );
    }

    #[test]
    fn an_api_has_routes() {
        let text = edited("\"GET /hello\"", "# \"GET /hello\"");
        assert_eq!(codes(&text), [Code::MissingTable]);
    }

    #[test]
    fn urls_are_those_api_gateway_calls() {
        let http = |url: &str| {
            routes(&format!(
                "\"GET /a/{{id}}/{{proxy+}}\" = {{ http = \"{url}\" }}"
            ))
        };
        for good in [
            "http://api.aws.com/policies",
            "https://a.example:8443/{id}/{proxy}?x=1",
            "HTTPS://a.example",
        ] {
            assert_eq!(http(good), [], "{good}");
        }
        for bad in [
            "a.example",
            "ftp://a.example",
            "https://",
            "https://a b",
            "",
            "https://a.example:22",
            "https://a.example:99999",
        ] {
            assert_eq!(http(bad), [Code::BadUrl], "{bad}");
        }
        for bad in [
            "https://a.example/{di}",
            "https://a.example/{proxy+}",
            "https://a.example/{}",
        ] {
            assert_eq!(http(bad), [Code::BadRoute], "{bad}");
        }
    }

    #[test]
    fn stage_variables_are_made_out_in_urls() {
        let text = |host: &str| {
            edited(
                "[api.routes]",
                &format!(
                    "stage_variables = {{ host = \"{host}\" }}\n[api.routes]\n\"GET /a\" = {{ http = \"https://${{stageVariables.host}}/\" }}"
                ),
            )
        };
        assert_eq!(codes(&text("a.example")), []);
        assert_eq!(codes(&text("a/b?")), []);
        assert_eq!(codes(&text(":")), [Code::BadUrl]);
    }

    #[test]
    fn a_backend_has_29_seconds() {
        let timeout = |timeout: &str| {
            routes(&format!(
                "\"GET /a\" = {{ http = \"https://a.example\", timeout = \"{timeout}\" }}"
            ))
        };
        assert_eq!(timeout("50ms"), []);
        assert_eq!(timeout("29s"), []);
        assert_eq!(timeout("49ms"), [Code::OutOfRange]);
        assert_eq!(timeout("30s"), [Code::OutOfRange]);
    }

    #[test]
    fn more_than_300_paths_need_a_quota() {
        let lines: String = (0..299)
            .map(|n| format!("\"GET /p{n}\" = {{ mock = 200 }}\n"))
            .collect();
        assert_eq!(routes(&lines), [Code::TooMany]);
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_has_a_known_shape(route in "(GET|POST|get) ?/?[a-z{}+/.: -]{0,12}") {
            if let Ok(segments) = parse(&route) {
                let greedy = segments.iter().position(|segment| matches!(segment, Segment::Greedy(_)));
                prop_assert!(greedy.is_none_or(|at| at + 1 == segments.len()));
                prop_assert!(route.starts_with("GET /") || route.starts_with("POST /"));
            }
        }
    }
}
