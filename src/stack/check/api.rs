//! `[api]`: its stage, stage variables, CORS and authorizer.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aws_facts::limits::apigateway::{
    LARGEST_COMPRESSION_SIZE, LONGEST_DESCRIPTION, MOST_STAGE_VARIABLES,
};
use aws_facts::patterns;
use regex::Regex;

use super::Judge;
use super::names::{API_GATEWAY, HEADER, STAGE, STAGE_VARIABLE, STAGE_VARIABLE_VALUE};
use crate::model::{ByteSize, HumanDuration};
use crate::stack::cors;
use crate::stack::diagnostic::Code;
use crate::stack::file::{Api, Cors, CorsSettings, TlsPolicy};
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

pub(super) fn check(judge: &mut Judge<'_>) {
    let Some(api) = &judge.file.api else { return };
    let path = KeyPath::from(["api"]);
    judge.named_by(&path.join("name"), &api.name, &API_GATEWAY);
    judge.name(&path.join("stage"), &api.stage, &STAGE);
    if let Some(description) = &api.description {
        judge.description(&path, description);
    }
    stage_variables(judge, &path.join("stage_variables"), api);
    if let Cors::On(cors) = &api.cors {
        cross_origin(judge, &path.join("cors"), cors);
    }
    tls(judge, &path, api);
    binary(judge, &path.join("binary"), api);
    compression(judge, &path.join("compression"), api);
    let authorizer = path.join("authorizer");
    judge.named_by(&authorizer.join("name"), &api.authorizer.name, &API_GATEWAY);
    judge.name(&authorizer.join("header"), &api.authorizer.header, &HEADER);
    let (none, hour) = (HumanDuration::from_secs(0), HumanDuration::from_secs(3600));
    judge.duration(
        &authorizer.join("cache"),
        api.authorizer.cache,
        none,
        hour,
        true,
    );
    // After the checks of what it depends on.
    if let Cors::On(cors) = &api.cors {
        headers(judge, &path.join("cors").join("headers"), api, cors);
    }
}

impl Judge<'_> {
    /// Refuses a description that is too long for API Gateway.
    pub(super) fn description(&mut self, table: &KeyPath, text: &Template) {
        let path = table.join("description");
        let length = self.sample(text).chars().count();
        if length > LONGEST_DESCRIPTION {
            let message = format!("the description has {length} characters");
            self.error(
                Code::BadName,
                &path,
                message,
                format!("API Gateway allows {LONGEST_DESCRIPTION}"),
            );
        }
    }
}

fn stage_variables(judge: &mut Judge<'_>, path: &KeyPath, api: &Api) {
    for (name, value) in &api.stage_variables {
        judge.named_by(&path.join(name), value, &STAGE_VARIABLE_VALUE);
    }
    let names = judge.names(path);
    for name in &names {
        if let Some((message, help)) = STAGE_VARIABLE.refusal(name) {
            judge.key_error(Code::BadName, &path.join(name), message, help);
        }
    }
    if names.len() > MOST_STAGE_VARIABLES {
        let message = format!(
            "{} stage variables; API Gateway allows {MOST_STAGE_VARIABLES}",
            names.len()
        );
        judge.error(
            Code::TooMany,
            path,
            message,
            "keep what is the same everywhere in the routes",
        );
    }
}

/// API Gateway developer guide, "Security policies for REST APIs in API Gateway": "You can't update the security policy for an API from
/// `TLS_1_0` to `TLS_1_2`".
fn tls(judge: &mut Judge<'_>, path: &KeyPath, api: &Api) {
    if api.tls == Some(TlsPolicy::Tls12) {
        let message = "AWS doesn't change an API to the security policy TLS_1_2";
        let help = "write `tls = \"SecurityPolicy_TLS13_1_2_2021_06\"`, which is TLS 1.2 and 1.3 too, or `tls = \"1.3\"`";
        judge.error(Code::WrongValue, &path.join("tls"), message, help);
        return;
    }
    let policy = api.tls.unwrap_or(TlsPolicy::Tls10);
    judge.endpoint_access(path, policy, api.endpoint_access);
}

/// Whether this is a media type or a range of them.
pub(super) fn is_media_range(text: &str) -> bool {
    static RANGE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(patterns::MEDIA_RANGE).expect("the pattern is constant"));
    RANGE.is_match(text)
}

fn binary(judge: &mut Judge<'_>, path: &KeyPath, api: &Api) {
    for range in api.binary.iter().filter(|range| !is_media_range(range)) {
        let message = format!("`{range}` is not a media type");
        let help = "write it without parameters, as in \"image/png\", \"image/*\" or \"*/*\"";
        judge.element_error(Code::WrongValue, path, range, message, help);
    }
}

fn compression(judge: &mut Judge<'_>, path: &KeyPath, api: &Api) {
    let most = u64::try_from(LARGEST_COMPRESSION_SIZE).unwrap_or(u64::MAX);
    let most = ByteSize::from_bytes(most);
    if let Some(size) = api.compression.filter(|size| *size > most) {
        let message = format!("`{path}` must be from 0 to {most}, not {size}");
        let help =
            "no payload of API Gateway is larger; leave `compression` out to compress nothing";
        judge.error(Code::OutOfRange, path, message, help);
    }
}

fn cross_origin(judge: &mut Judge<'_>, path: &KeyPath, cors: &CorsSettings) {
    static ORIGIN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(\*|[a-z][a-z0-9+.-]*://[A-Za-z0-9.\[\]:-]+)$")
            .expect("the pattern is constant")
    });
    let origin = path.join("origin");
    let origins = &cors.origin.0;
    for one in origins.iter().filter(|one| !ORIGIN.is_match(one)) {
        let message = format!("`{one}` is not an origin that a browser sends");
        let help = "write `*`, or scheme and host without a path: `https://app.example.com`";
        judge.element_error(Code::BadUrl, &origin, one, message, help);
    }
    if origins.is_empty() {
        let message = "no origin is listed";
        let help = "list the origins of the pages that may call, or remove `cors`";
        judge.error(Code::BadUrl, &origin, message, help);
    } else if cors.origin.is_any() && origins.len() > 1 {
        let message = "`*` allows every origin, so the others have no effect";
        judge.element_error(
            Code::BadUrl,
            &origin,
            "*",
            message,
            "remove `*`, or the others",
        );
    }
    if cors.credentials && cors.origin.is_any() && judge.usable(&origin) {
        let message = "browsers refuse the origin `*` for calls with credentials";
        let help = "list the origins, as in `origin = [\"https://app.example.com\"]`, or remove `credentials`";
        judge.error(Code::Requirements, &path.join("credentials"), message, help);
    }
    for (key, list) in [
        ("headers", &cors.headers),
        ("expose_headers", &cors.expose_headers),
    ] {
        let at = path.join(key);
        for header in list.iter().filter(|header| *header != "*") {
            if let Some((message, help)) = HEADER.refusal(header) {
                judge.element_error(Code::BadName, &at, header, message, help);
            }
        }
        if cors.credentials && list.contains("*") && judge.usable(path.join("credentials")) {
            let message = "with `credentials`, browsers take `*` for the name of a header";
            judge.warning(Code::NoEffect, &at, message, "list the headers");
        }
    }
    if let Some(max_age) = cors.max_age {
        // No browser caches a preflight longer than a day.
        judge.duration(
            &path.join("max_age"),
            max_age,
            HumanDuration::from_secs(0),
            HumanDuration::from_secs(86_400),
            true,
        );
    }
}

/// Warns where a page can't send what routes need.
fn headers(judge: &mut Judge<'_>, path: &KeyPath, api: &Api, cors: &CorsSettings) {
    let is_default = cors.headers == CorsSettings::default().headers;
    let refused = |one: &String| one != "*" && HEADER.refusal(one).is_some();
    if is_default
        || cors.headers.iter().any(refused)
        || !judge.intact(path)
        || !judge.usable(["api", "authorizer", "header"])
    {
        return;
    }
    let uncovered = cors::uncovered(api, &cors.headers);
    if uncovered.is_empty() {
        return;
    }
    let mut list: BTreeSet<&str> = cors.headers.iter().map(String::as_str).collect();
    list.extend(&uncovered);
    let needed: Vec<_> = uncovered.iter().map(|one| format!("`{one}`")).collect();
    let needed = needed.join(" and ");
    let message = match cors.headers.contains("*") {
        true => format!("routes need {needed}, which `*` does not cover"),
        false => format!("routes need {needed}, which pages of other origins may not send"),
    };
    let list: Vec<_> = list.iter().map(|one| format!("\"{one}\"")).collect();
    let help = format!("write `headers = [{}]`", list.join(", "));
    judge.warning(Code::Requirements, path, message, help);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::testing::{codes, edited, read};

    #[test]
    fn a_page_may_send_what_routes_need() {
        let told = |lines: &str| {
            let text = edited("[api.routes]", &format!("{lines}\n[api.routes]"));
            let list: Vec<(String, String)> = read(&text)
                .unwrap()
                .warnings
                .list()
                .iter()
                .map(|one| (one.message.clone(), one.help.clone().unwrap_or_default()))
                .collect();
            list
        };
        for covered in [
            "true",
            "{ headers = [\"authorization\", \"X-API-Key\"] }",
            "{ headers = [\"*\", \"Authorization\"] }",
        ] {
            assert_eq!(told(&format!("cors = {covered}")), [], "{covered}");
        }
        assert_eq!(
            told("authorizer = { header = \"X-Auth\" }\ncors = true"),
            []
        );
        assert_eq!(
            told("authorizer = { header = \"X-Auth\" }\ncors = { headers = [\"*\"] }"),
            []
        );
        let told_of = |message: &str, help: &str| [(message.to_owned(), help.to_owned())];
        assert_eq!(
            told("cors = { headers = [\"Content-Type\"] }"),
            told_of(
                "routes need `Authorization` and `X-Api-Key`, which pages of other origins may not send",
                "write `headers = [\"Authorization\", \"Content-Type\", \"X-Api-Key\"]`"
            )
        );
        assert_eq!(
            told("cors = { headers = [\"*\"] }"),
            told_of(
                "routes need `Authorization`, which `*` does not cover",
                "write `headers = [\"*\", \"Authorization\"]`"
            )
        );
    }

    fn api(lines: &str) -> Vec<Code> {
        codes(&edited("[api.routes]", &format!("{lines}\n[api.routes]")))
    }

    #[test]
    fn stages_have_names_without_dots() {
        assert_eq!(
            codes(&edited("stage    = \"prod\"", "stage = \"v1_prod\"")),
            []
        );
        assert_eq!(
            codes(&edited("stage    = \"prod\"", "stage = \"pre.prod\"")),
            [Code::BadName]
        );
        assert_eq!(
            codes(&edited("stage    = \"prod\"", "stage = \"\"")),
            [Code::BadName]
        );
    }

    #[test]
    fn stage_variables_are_those_api_gateway_takes() {
        assert_eq!(
            api("stage_variables = { host = \"a.example.com\", url = \"${api.invoke_url}\" }"),
            []
        );
        assert_eq!(
            api("stage_variables = { \"a-b\" = \"x\" }"),
            [Code::BadName]
        );
        assert_eq!(api("stage_variables = { a = \"x y\" }"), [Code::BadName]);
    }

    #[test]
    fn an_api_has_an_enhanced_policy_or_none() {
        for good in [
            "tls = \"1.3\"",
            "tls = \"SecurityPolicy_TLS13_1_2_2021_06\"\nendpoint_access = \"strict\"",
            "tls = \"1.0\"\nip = \"dualstack\"",
        ] {
            assert_eq!(api(good), [], "{good}");
        }
        for bad in [
            "tls = \"1.2\"",
            "tls = \"SecurityPolicy_TLS13_2025_EDGE\"",
            "endpoint_access = \"strict\"",
            "tls = \"1.0\"\nendpoint_access = \"basic\"",
            "ip = \"ipv6\"",
        ] {
            assert_eq!(api(bad), [Code::WrongValue], "{bad}");
        }
    }

    #[test]
    fn bytes_are_of_media_types() {
        assert_eq!(
            api("binary = [\"*/*\", \"image/*\", \"application/vnd.ms-excel\", \"image/svg+xml\"]"),
            []
        );
        for bad in ["image", "*", "image/png; q=1", "*/png", "a b/c", ""] {
            assert_eq!(
                api(&format!("binary = [\"{bad}\"]")),
                [Code::WrongValue],
                "{bad}"
            );
        }
    }

    #[test]
    fn answers_are_compressed_from_10_mb_on_at_most() {
        for good in ["0", "1024", "\"1KB\"", "\"10MB\"", "10_485_760"] {
            assert_eq!(api(&format!("compression = {good}")), [], "{good}");
        }
        for (bad, code) in [
            ("\"11MB\"", Code::OutOfRange),
            ("10_485_761", Code::OutOfRange),
            ("-1", Code::OutOfRange),
            ("\"1 kilobyte\"", Code::WrongValue),
            ("true", Code::WrongValue),
        ] {
            assert_eq!(api(&format!("compression = {bad}")), [code], "{bad}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        for good in ["*", "https://app.example.com", "http://localhost:3000"] {
            assert_eq!(
                api(&format!("cors = {{ origin = \"{good}\" }}")),
                [],
                "{good}"
            );
        }
        for bad in [
            "https://app.example.com/",
            "app.example.com",
            "",
            "https://a, https://b",
            "'*'",
        ] {
            assert_eq!(
                api(&format!("cors = {{ origin = \"{bad}\" }}")),
                [Code::BadUrl],
                "{bad}"
            );
        }
        assert_eq!(
            api("cors = { headers = [\"X-A\", \"b c\"] }"),
            [Code::BadName]
        );
        assert_eq!(api("cors = { max_age = \"2d\" }"), [Code::OutOfRange]);
    }

    #[test]
    fn pages_of_several_origins_may_call() {
        let cors = |settings: &str| api(&format!("cors = {{ {settings} }}"));
        let two = "origin = [\"https://a.example.com\", \"http://[::1]:3000\"]";
        assert_eq!(cors(two), []);
        assert_eq!(
            cors("origin = [\"https://a.example.com\", \"b\"]"),
            [Code::BadUrl]
        );
        assert_eq!(cors("origin = []"), [Code::BadUrl]);
        assert_eq!(
            cors("origin = [\"*\", \"https://a.example.com\"]"),
            [Code::BadUrl]
        );
        assert_eq!(cors("origin = 5"), [Code::WrongValue]);
        assert_eq!(cors(&format!("{two}, credentials = true")), []);
        assert_eq!(cors("credentials = true"), [Code::Requirements]);
        assert_eq!(
            cors(&format!(
                "{two}, credentials = true, headers = [\"*\", \"Authorization\"]"
            )),
            [Code::NoEffect]
        );
        assert_eq!(cors("expose_headers = [\"X-Id\"]"), []);
        assert_eq!(cors("expose_headers = [\"X Id\"]"), [Code::BadName]);
    }

    #[test]
    fn an_authorizer_remembers_for_an_hour_at_most() {
        assert_eq!(api("authorizer = { cache = \"1h\" }"), []);
        assert_eq!(api("authorizer = { cache = \"61m\" }"), [Code::OutOfRange]);
        assert_eq!(
            api("authorizer = { header = \"X Token\" }"),
            [Code::BadName]
        );
    }
}
