//! Headers with a text, or with what API Gateway takes from the call: names, texts and mapping expressions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::Judge;
use super::names::HEADER;
use crate::stack::diagnostic::Code;
use crate::stack::file::{Api, HeaderValue, Requires, Route};
use crate::stack::spans::KeyPath;

/// Headers of a request that API Gateway drops after the mapping, or fails the call for (its developer guide, "Amazon API Gateway
/// important notes"; `crates/aws-local` has the table with its evidence). Not one of them reaches a backend as in the file.
const NEVER_SENT: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "proxy-authenticate",
    "te",
    "transfer-encoding",
    "via",
    "x-amzn-apigateway-api-id",
    "x-amzn-trace-id",
];

/// Headers that authenticate: their texts are secrets.
const CREDENTIALS: [&str; 4] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-api-key",
];

/// The context variables of a REST API that have a value in a mapping (developer guide, "Variables for data transformations for API
/// Gateway"); those of `authorizer` depend on the token.
pub(super) const CONTEXT: &[&str] = &[
    "accountId",
    "apiId",
    "awsEndpointRequestId",
    "deploymentId",
    "domainName",
    "domainPrefix",
    "extendedRequestId",
    "httpMethod",
    "identity.accountId",
    "identity.apiKey",
    "identity.apiKeyId",
    "identity.caller",
    "identity.clientCert.clientCertPem",
    "identity.clientCert.issuerDN",
    "identity.clientCert.serialNumber",
    "identity.clientCert.subjectDN",
    "identity.clientCert.validity.notAfter",
    "identity.clientCert.validity.notBefore",
    "identity.cognitoAuthenticationProvider",
    "identity.cognitoAuthenticationType",
    "identity.cognitoIdentityId",
    "identity.cognitoIdentityPoolId",
    "identity.principalOrgId",
    "identity.sourceIp",
    "identity.user",
    "identity.userAgent",
    "identity.userArn",
    "identity.vpcId",
    "identity.vpceId",
    "isCanaryRequest",
    "path",
    "protocol",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "resourceId",
    "resourcePath",
    "stage",
    "wafResponseCode",
    "webaclArn",
];

/// Whose headers they are.
pub(super) enum Of<'a> {
    /// What a route sends to its backend, and the parameters in the route's path, if it has one.
    Request {
        route: &'a Route,
        parameters: Option<&'a BTreeSet<String>>,
    },
    /// What API Gateway answers by itself.
    GatewayResponse,
}

/// Whether API Gateway has a context variable of this name in every mapping.
pub(super) fn is_context(name: &str) -> bool {
    name.starts_with("authorizer.") || CONTEXT.contains(&name)
}

/// Checks the headers of a table.
pub(super) fn check(
    judge: &mut Judge<'_>,
    table: &KeyPath,
    api: &Api,
    headers: &BTreeMap<String, HeaderValue>,
    of: &Of<'_>,
) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for name in judge.names(table) {
        let path = table.join(&name);
        let lower = name.to_ascii_lowercase();
        if let Some((message, help)) = HEADER.refusal(&name) {
            judge.key_error(Code::BadName, &path, message, help);
        } else if let (Of::Request { .. }, true) = (of, NEVER_SENT.contains(&lower.as_str())) {
            let message = format!("API Gateway never sends the header `{name}` as a route says it");
            let help = "it sets or drops this one itself: use another name";
            judge.key_error(Code::BadName, &path, message, help);
        } else if let Some(before) = seen.insert(lower, name.clone()) {
            let message = format!("`{name}` and `{before}` are the same header");
            judge.key_error(Code::Duplicate, &path, message, "remove one of them");
        }
        match headers.get(&name) {
            Some(HeaderValue::Fixed(text)) => fixed(judge, &path, &name, &judge.sample(text), of),
            Some(HeaderValue::From(from)) => source(judge, &path.join("from"), api, from, of),
            None => {}
        }
    }
}

/// A text, which API Gateway's mappings put between single quotes.
fn fixed(judge: &mut Judge<'_>, path: &KeyPath, name: &str, text: &str, of: &Of<'_>) {
    let is_printable = |c: char| matches!(c, ' '..='~');
    if text.trim().is_empty() {
        let message = format!("the header `{name}` is empty");
        judge.error(
            Code::WrongValue,
            path,
            message,
            "give it a text, or leave it out",
        );
    } else if text.contains('\'') {
        let message =
            format!("the header `{name}` holds `'`, which ends a text in API Gateway's mappings");
        let help = "write it without, or percent-encode it as `%27`";
        judge.error(Code::WrongValue, path, message, help);
    } else if let Some(culprit) = text.chars().find(|c| !is_printable(*c)) {
        let shown = culprit.escape_debug();
        let message = format!("the header `{name}` holds `{shown}`, which HTTP headers can't");
        let help = "use printable ASCII characters";
        judge.error(Code::WrongValue, path, message, help);
    } else if let Some(expression) = expression_in(text) {
        let message = format!("the header's value is the text `{text}`");
        let help = format!("to take it from the call, write `{{ from = \"{expression}\" }}`");
        judge.warning(Code::WrongValue, path, message, help);
    } else if matches!(of, Of::Request { .. })
        && CREDENTIALS.contains(&name.to_ascii_lowercase().as_str())
    {
        let message = format!(
            "the text of `{name}` is shown in plans, and to everyone who may read the API's configuration"
        );
        let help =
            "if it is a secret, let the backend trust the VPC link or a client certificate instead";
        judge.warning(Code::Exposed, path, message, help);
    }
}

/// The expression that a text was probably meant to be.
fn expression_in(text: &str) -> Option<&str> {
    let bare = text.trim_start_matches('$').trim_matches(['{', '}']);
    let starts = ["context.", "stageVariables.", "method.request."];
    starts
        .iter()
        .any(|start| bare.len() > start.len() && bare.starts_with(start))
        .then_some(bare)
}

/// A mapping expression of API Gateway.
fn source(judge: &mut Judge<'_>, path: &KeyPath, api: &Api, from: &str, of: &Of<'_>) {
    // Developer guide, "Parameter mapping source reference for REST APIs in API Gateway".
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[a-zA-Z0-9._$-]+$").expect("the pattern is constant"));
    const HELP: &str = "write one of API Gateway's mapping expressions, such as `context.identity.sourceIp`, \
                        `context.authorizer.claims.client_id`, `method.request.header.NAME` or `stageVariables.NAME`";
    let named = |name: &str| NAME.is_match(name);
    if let Some(name) = from.strip_prefix("context.").filter(|name| named(name)) {
        context(judge, path, api, name, of);
        return;
    }
    if let Some(name) = from
        .strip_prefix("stageVariables.")
        .filter(|name| named(name))
    {
        stage_variable(judge, path, name);
        return;
    }
    let place = from.strip_prefix("method.request.");
    let place = place.and_then(|place| place.split_once('.'));
    match (place, of) {
        (Some(("path", name)), Of::Request { parameters, .. }) => {
            let Some(parameters) = parameters else { return };
            if !parameters.contains(name) {
                let message = format!("the route has no parameter `{name}`");
                let help = judge.did_you_mean(
                    name,
                    parameters.iter().map(String::as_str),
                    format!("add `{{{name}}}` to the route's path"),
                );
                judge.error(Code::BadRoute, path, message, help);
            }
        }
        (
            Some((
                "header" | "multivalueheader" | "querystring" | "multivaluequerystring" | "path",
                name,
            )),
            _,
        ) if named(name) => {}
        (Some(("body", rest)), Of::Request { .. }) if !rest.is_empty() => {}
        (None, Of::Request { .. }) if from == "method.request.body" => {}
        _ => {
            let message = match from.trim() {
                "" => "`from` is empty".to_owned(),
                _ => format!("API Gateway can't take a header from `{from}` here"),
            };
            judge.error(Code::WrongValue, path, message, HELP);
        }
    }
}

fn context(judge: &mut Judge<'_>, path: &KeyPath, api: &Api, name: &str, of: &Of<'_>) {
    let of_token = name.starts_with("authorizer.");
    let of_error = matches!(of, Of::GatewayResponse) && name.starts_with("error.");
    if !of_error && !is_context(name) {
        // AWS takes it, and may have added variables since.
        let message = format!("gatestack knows no variable `context.{name}` of REST APIs");
        let help = match judge.findings.closest(name, CONTEXT.iter().copied()) {
            Some(near) => format!("did you mean `context.{near}`?"),
            None => "the header is empty if API Gateway knows none either".to_owned(),
        };
        judge.warning(Code::WrongValue, path, message, help);
        return;
    }
    let Of::Request { route, .. } = of else {
        return;
    };
    let (needs_token, needs_key) = match route.requires(api) {
        Requires::Nothing => (false, false),
        these @ Requires::These(details) => (these.needs_token(), details.api_key),
    };
    let lacks = match name {
        _ if of_token && !needs_token => "token",
        "identity.apiKey" | "identity.apiKeyId" if !needs_key => "API key",
        _ => return,
    };
    let message = format!(
        "the route needs no {lacks}, so `context.{name}` is empty, and the backend may read what the caller put into the header"
    );
    let help = format!("let the route require a {lacks}, or leave the header out")
        .replace("a API", "an API");
    judge.warning(Code::Requirements, path, message, help);
}

fn stage_variable(judge: &mut Judge<'_>, path: &KeyPath, name: &str) {
    let table = KeyPath::from(["api", "stage_variables"]);
    if judge.has(table.join(name)) || !judge.usable(&table) {
        return;
    }
    let known = judge.names(&table);
    let help = judge.did_you_mean(
        name,
        known.iter().map(String::as_str),
        format!("add `{name} = \"…\"` to `[api.stage_variables]`"),
    );
    let message = format!("the stage has no variable `{name}`");
    judge.error(Code::DanglingReference, path, message, help);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::testing::{codes, edited, read};

    fn sent(headers: &str) -> Vec<Code> {
        let route = format!(
            "stage_variables = {{ tenant = \"acme\" }}\n[api.routes]\n\"GET /a/{{id}}\" = {{ http = \"https://a.example/{{id}}\", requires = {{ scopes = [\"hello/read\"] }}, send_headers = {{ {headers} }} }}"
        );
        codes(&edited("[api.routes]", &route))
    }

    #[test]
    fn a_header_has_a_text_or_a_source() {
        for good in [
            r#""X-Tenant" = "acme""#,
            r#"Host = "${stack.name}.example""#,
            r#"X-Ip = { from = "context.identity.sourceIp" }"#,
            r#"X-Caller = { from = "context.authorizer.claims.client_id" }"#,
            r#"X-Tenant = { from = "stageVariables.tenant" }"#,
            r#"X-Id = { from = "method.request.path.id" }"#,
            r#"X-Accept = { from = "method.request.multivalueheader.Accept" }"#,
            r#"X-Page = { from = "method.request.querystring.page" }"#,
            r#"X-Body = { from = "method.request.body.order.id" }"#,
        ] {
            assert_eq!(sent(good), [], "{good}");
        }
        for (bad, code) in [
            (r#"X-Tenant = """#, Code::WrongValue),
            (r#"X-Tenant = "it's""#, Code::WrongValue),
            (r#"X-Tenant = "a\nb""#, Code::WrongValue),
            (r#"X-Tenant = "é""#, Code::WrongValue),
            (
                r#"X-Tenant = "context.identity.sourceIp""#,
                Code::WrongValue,
            ),
            (
                r#"X-Tenant = "${stageVariables.tenant}""#,
                Code::MisplacedReference,
            ),
            (r#""X Tenant" = "acme""#, Code::BadName),
            (r#"Transfer-Encoding = "chunked""#, Code::BadName),
            (r#"X-A = "1", x-a = "2""#, Code::Duplicate),
            (r#"Authorization = "Basic abc""#, Code::Exposed),
            (r#"X-Ip = { from = "identity.sourceIp" }"#, Code::WrongValue),
            (
                r#"X-Ip = { from = "context.identity.sourceIP" }"#,
                Code::WrongValue,
            ),
            (
                r#"X-Ip = { from = "$context.identity.sourceIp" }"#,
                Code::WrongValue,
            ),
            (
                r#"X-Ip = { from = "context.identity sourceIp" }"#,
                Code::WrongValue,
            ),
            (
                r#"X-Id = { from = "method.request.path.di" }"#,
                Code::BadRoute,
            ),
            (
                r#"X-Tenant = { from = "stageVariables.tenent" }"#,
                Code::DanglingReference,
            ),
            (
                r#"X-Key = { from = "context.identity.apiKeyId" }"#,
                Code::Requirements,
            ),
            (
                r#"X-Key = { form = "context.requestId" }"#,
                Code::UnknownKey,
            ),
        ] {
            assert_eq!(sent(bad), [code], "{bad}");
        }
    }

    #[test]
    fn a_source_that_is_none_gets_examples() {
        let told = |from: &str| {
            let route = format!(
                "[api.routes]\n\"GET /a\" = {{ http = \"https://a.example\", send_headers = {{ X-A = {{ from = \"{from}\" }} }} }}"
            );
            let told = read(&edited("[api.routes]", &route)).unwrap_err();
            let first = told.list()[0].clone();
            (first.message, first.help.unwrap_or_default())
        };
        let (message, help) = told("");
        assert_eq!(message, "`from` is empty");
        assert!(
            help.starts_with("write one of API Gateway's mapping expressions"),
            "{help}"
        );
        let (message, _) = told("request.body");
        assert_eq!(
            message,
            "API Gateway can't take a header from `request.body` here"
        );
    }

    #[test]
    fn a_claim_comes_with_a_token() {
        let route = "[api.routes]\n\"GET /a\" = { http = \"https://a.example\", requires = \"nothing\", send_headers = { X-Caller = { from = \"context.authorizer.claims.sub\" } } }";
        assert_eq!(codes(&edited("[api.routes]", route)), [Code::Requirements]);
    }

    #[test]
    fn only_backends_get_headers() {
        let route = "[api.routes]\n\"GET /a\" = { mock = 200, send_headers = { X-A = \"1\" } }";
        assert_eq!(codes(&edited("[api.routes]", route)), [Code::RouteBackend]);
    }
}
