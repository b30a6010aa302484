//! `[api.routes]`: their integrations. `paths` checks their names.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::LazyLock;

use aws_facts::arns::Arn;
use aws_facts::limits::apigateway::MOST_RESOURCES;
use regex::{Captures, Regex};

use super::Judge;
use super::headers;
use super::load_balancer;
use super::paths::{Tree, parse};
use crate::kinds::function::name_of;
use crate::model::HumanDuration;
use crate::stack::diagnostic::Code;
use crate::stack::file::{Api, Route, Transport};
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

/// The most listeners that a message names.
const MOST_NAMED: usize = 10;

/// The longest URL, in bytes. No request line of API Gateway is longer than 10,240.
const LONGEST_URL: usize = 8_192;

impl Judge<'_> {
    /// The ports that a route may use; `None` if they are not known.
    fn ports(&self) -> Option<Rc<BTreeSet<u16>>> {
        let ports = || load_balancer::ports(self).map(Rc::new);
        self.ports.get_or_init(ports).clone()
    }
}

pub(super) fn check(judge: &mut Judge<'_>) {
    let Some(api) = &judge.file.api else { return };
    let routes = KeyPath::from(["api", "routes"]);
    let names = judge.names(&routes);
    if names.is_empty() && judge.usable(&routes) {
        let message = "the API has no routes, and AWS deploys no API without any";
        judge.error(
            Code::MissingTable,
            &KeyPath::from(["api"]),
            message,
            "add one under `[api.routes]`: `\"GET /hello\" = { mock = 200 }`",
        );
    }
    let mut tree = Tree::default();
    for name in &names {
        let path = routes.join(name);
        if name.contains('*') && !judge.has(["api", "openapi"]) {
            let message = format!("`{name}` is a pattern, and `[api]` names no document");
            let help = "add `openapi = \"FILE\"` to `[api]`, or write a route for each path";
            judge.key_error(Code::BadRoute, &path, message, help);
            continue;
        }
        let parameters = match parse(name, judge.findings) {
            Ok(segments) => {
                tree.hold(judge, &path, &segments);
                let parameters = segments
                    .iter()
                    .filter_map(|segment| segment.parameter().map(str::to_owned));
                Some(parameters.collect::<BTreeSet<_>>())
            }
            Err((message, help)) => {
                judge.key_error(Code::BadRoute, &path, message, help);
                None
            }
        };
        if let Some(route) = api.routes.get(name) {
            backend(judge, &path, api, route, parameters.as_ref());
        }
    }
    if tree.resources() > MOST_RESOURCES {
        let message = format!(
            "{} paths; an API holds {MOST_RESOURCES} unless AWS raised your quota",
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

fn backend(
    judge: &mut Judge<'_>,
    path: &KeyPath,
    api: &Api,
    route: &Route,
    parameters: Option<&BTreeSet<String>>,
) {
    let http_path = path.join("http");
    let (timeout_path, function_path) = (path.join("timeout"), path.join("function"));
    let backends = ["http", "function", "mock"];
    let there: Vec<&str> = backends
        .into_iter()
        .filter(|key| judge.has(path.join(*key)))
        .collect();
    let only_mock = there == ["mock"] && judge.lacks(&http_path);
    match &there[..] {
        [] if backends.iter().all(|key| judge.lacks(path.join(*key))) => {
            let message = "the route has no backend";
            let help = "add `http = \"https://…\"`, `function = \"…\"`, or `mock = 200` for an answer without a backend";
            judge.error(Code::RouteBackend, path, message, help);
        }
        [] | [_] => {}
        [first, second, ..] => {
            let message = format!("the route has two backends, `{first}` and `{second}`");
            judge.error(Code::RouteBackend, path, message, "remove one of them");
        }
    }
    if let Some(key) = &route.function {
        function(judge, &function_path, key);
    }
    if let Some(url) = &route.http {
        http(judge, &http_path, api, route, url, parameters);
    }
    let send = path.join("send_headers");
    if route.function.is_some() {
        if judge.has(&send) {
            let message =
                "API Gateway passes a call to a function as it is, and ignores other headers";
            judge.error(Code::RouteBackend, &send, message, "remove `send_headers`");
        }
    } else if only_mock && judge.has(&send) {
        let message = "a mock has no backend, so `send_headers` has no effect";
        judge.error(Code::RouteBackend, &send, message, "remove `send_headers`");
    } else {
        let of = headers::Of::Request { route, parameters };
        headers::check(judge, &send, api, &route.send_headers, &of);
    }
    let via = path.join("via");
    if route.function.is_some() && judge.has(&via) {
        let message = "a function is not behind the load balancer, so `via` has no effect";
        judge.error(Code::RouteBackend, &via, message, "remove `via`");
    } else if only_mock && judge.has(&via) {
        let message = "a mock has no backend, so `via` has no effect";
        judge.error(Code::RouteBackend, &via, message, "remove `via`");
    } else if route.via.is_some() && judge.lacks(["load_balancer"]) {
        let message = "the file has no `[load_balancer]`";
        let help = "add `[load_balancer]`, or remove `via` to call over the internet";
        judge.error(Code::MissingTable, &via, message, help);
    }
    match route.timeout {
        Some(_) if only_mock => {
            let message = "a mock answers at once, so its timeout has no effect";
            judge.warning(Code::NoEffect, &timeout_path, message, "remove `timeout`");
        }
        Some(timeout) => {
            let (least, most) = (
                HumanDuration::from_millis(50),
                api.endpoint.longest_timeout(),
            );
            judge.duration(&timeout_path, timeout, least, most, false);
        }
        None => {}
    }
}

/// The function has to be in the file.
fn function(judge: &mut Judge<'_>, path: &KeyPath, key: &str) {
    let functions = judge.names(["functions"]);
    if functions.iter().any(|name| name == key) || !judge.usable(["functions"]) {
        return;
    }
    let message = format!("the file has no function `{key}`");
    if let Some(arn) = Arn::parse(key) {
        let name = name_of(key).unwrap_or(arn.resource);
        let message = "a route names a function by its table in the file, and this is an ARN";
        let help = format!(
            "add `[functions.{name}]` with the ARN as `existing`, and write `function = \"{name}\"`"
        );
        judge.error(Code::DanglingReference, path, message, help);
        return;
    }
    let add = format!(
        "add `[functions.{}]` with its `source`",
        crate::model::bare_or_quoted(key)
    );
    let help = judge.did_you_mean(key, functions.iter().map(String::as_str), add);
    judge.error(Code::DanglingReference, path, message, help);
}

fn http(
    judge: &mut Judge<'_>,
    path: &KeyPath,
    api: &Api,
    route: &Route,
    url: &Template,
    parameters: Option<&BTreeSet<String>>,
) {
    static PARAMETER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\{([^{}]*)\}").expect("the pattern is constant"));
    let length = url.as_written().len();
    if length > LONGEST_URL {
        let message = format!("the URL has {length} bytes");
        let help = format!("gatestack takes URLs of up to {LONGEST_URL}");
        judge.error(Code::BadUrl, path, message, help);
        return;
    }
    let (url, is_known) = stage_variables_made_out(judge, &judge.sample(url), api);
    if is_known {
        match callable(judge, path, &url) {
            Some(port) if route.via.is_some() => through_load_balancer(judge, path, &url, port),
            Some(_) => {}
            None => return,
        }
    }
    let Some(parameters) = parameters else { return };
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
                judge.did_you_mean(&name, parameters.iter().map(String::as_str), otherwise),
            )
        };
        judge.error_within(Code::BadRoute, path, &format!("{{{name}}}"), message, help);
    }
}

/// The URL's port must be a listener's: the load balancer ignores hosts and paths.
fn through_load_balancer(judge: &mut Judge<'_>, path: &KeyPath, url: &str, port: Option<u16>) {
    let (Some(port), Some(ports)) = (port, judge.ports()) else {
        return;
    };
    if !ports.contains(&port) {
        let (message, help) = no_listener(port, &ports, "add a listener");
        judge.error(Code::NoListener, path, message, help);
        return;
    }
    let name = port.to_string();
    let listeners = KeyPath::from(["load_balancer", "listeners"]);
    let is_tls = judge
        .file
        .load_balancer
        .as_ref()
        .and_then(|table| table.listeners.get(&name))
        .is_some_and(|listener| listener.protocol == Transport::Tls);
    let is_plain = url
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("http:"));
    if is_tls && is_plain && judge.usable(listeners.join(&name).join("protocol")) {
        let message = format!("the listener on port {port} speaks TLS, and the URL does not");
        let help = "write `https://`; the certificate has to cover the URL's host";
        judge.warning(Code::NoListener, path, message, help);
    }
}

/// The message about a port without a listener; `more` is how to add one.
pub(in crate::stack) fn no_listener(
    port: u16,
    ports: &BTreeSet<u16>,
    more: &str,
) -> (String, String) {
    let message = format!("the load balancer has no listener on port {port}");
    let mut there: Vec<_> = ports.iter().take(MOST_NAMED).map(u16::to_string).collect();
    if ports.len() > MOST_NAMED {
        there.push(format!("{} more", ports.len() - MOST_NAMED));
    }
    let help = match &there[..] {
        [] => format!("it has no listeners at all: {more}"),
        [one] => format!(
            "it listens on {one}: write that port behind the host name, as in `http://HOST:{one}/…`, or {more}"
        ),
        _ => format!(
            "it listens on {}: write one of them into the URL, or {more}",
            there.join(", ")
        ),
    };
    (message, help)
}

/// The port of a URL, if it is valid and has one.
pub(in crate::stack) fn port_of(url: &str) -> Option<u16> {
    match found_in(url)? {
        (_, Some(port)) => port.parse().ok(),
        (is_secure, None) => Some(if is_secure { 443 } else { 80 }),
    }
}

/// Whether a URL is HTTPS, and its port; `None` for an invalid URL.
fn found_in(url: &str) -> Option<(bool, Option<&str>)> {
    static URL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?i:http(s)?)://(?:[A-Za-z0-9.-]+|\{[^/]*\})(?::([0-9]+))?(?:[/?]\S*)?$")
            .expect("the pattern is constant")
    });
    let found = URL.captures(url)?;
    Some((
        found.get(1).is_some(),
        found.get(2).map(|port| port.as_str()),
    ))
}

/// The port of a URL; `None` for an invalid URL. A port that API Gateway does not call is refused.
fn callable(judge: &mut Judge<'_>, path: &KeyPath, url: &str) -> Option<Option<u16>> {
    let Some((_, port)) = found_in(url) else {
        let help = if url.contains("://") {
            "check its host, and write spaces as `%20`"
        } else {
            "start it with `http://` or `https://`"
        };
        judge.error(
            Code::BadUrl,
            path,
            format!("`{url}` is not a URL that API Gateway can call"),
            help,
        );
        return None;
    };
    let called = port_of(url).filter(|port| matches!(port, 80 | 443 | 1024..));
    if let (Some(port), None) = (port, called) {
        let message = format!("API Gateway can't call port {port}");
        let help = "it calls 80, 443, and 1024 to 65535";
        judge.error_within(Code::BadUrl, path, port, message, help);
    }
    Some(called)
}

/// The URL with its stage variables' values, and whether they are all known.
fn stage_variables_made_out(judge: &Judge<'_>, url: &str, api: &Api) -> (String, bool) {
    static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\$\{stageVariables\.([^{}]*)\}").expect("the pattern is constant")
    });
    let mut is_known = true;
    let made_out = VARIABLE.replace_all(url, |found: &Captures<'_>| {
        let name = &found[1];
        let value = api
            .stage_variables
            .get(name)
            .filter(|_| judge.usable(["api", "stage_variables", name]));
        is_known &= value.is_some();
        value.map_or_else(String::new, |value| judge.sample(value))
    });
    (made_out.into_owned(), is_known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::testing::{codes, edited, read};

    fn routes(lines: &str) -> Vec<Code> {
        codes(&edited("[api.routes]", &format!("[api.routes]\n{lines}")))
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
    fn a_function_is_named_by_its_table() {
        let help = |function: &str| {
            let route = format!("[api.routes]\n\"GET /f\" = {{ function = \"{function}\" }}");
            let found = read(&edited("[api.routes]", &route)).unwrap_err();
            let [one] = found.list() else {
                panic!("{found:?}");
            };
            assert_eq!(one.code, Code::DanglingReference);
            one.help.clone().unwrap()
        };
        assert_eq!(help("f"), "add `[functions.f]` with its `source`");
        let arn = help("arn:aws:lambda:eu-central-1:123456789012:function:shared");
        assert_eq!(
            arn,
            "add `[functions.shared]` with the ARN as `existing`, and write `function = \"shared\"`"
        );
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
    fn a_backend_has_5_minutes_at_most() {
        let timeout = |timeout: &str| {
            routes(&format!(
                "\"GET /a\" = {{ http = \"https://a.example\", timeout = \"{timeout}\" }}"
            ))
        };
        assert_eq!(timeout("50ms"), []);
        assert_eq!(timeout("29s"), []);
        assert_eq!(timeout("49ms"), [Code::OutOfRange]);
        assert_eq!(timeout("5m"), []);
        assert_eq!(timeout("301s"), [Code::OutOfRange]);
    }

    #[test]
    fn more_than_300_paths_need_a_quota() {
        let lines: String = (0..299)
            .map(|n| format!("\"GET /p{n}\" = {{ mock = 200 }}\n"))
            .collect();
        assert_eq!(routes(&lines), [Code::TooMany]);
    }
}
