//! Every mistake in one run, and none that only follows from another: each value of a whole file is broken, beside each mistake
//! that only the meaning shows.

use toml::de::{DeTable, DeValue};

use super::Code;
use super::schema;
use super::spans::KeyPath;
use super::testing::read;

/// A stack without mistakes that says everything a file can say. Tables are inline, so that each has a value to break.
const WHOLE: &str = r#"
[stack]
name = "whole"
region = "eu-central-1"
account = "123456789012"
tags = { team = "claims" }
[vars]
rate = 5
host = "a.example"
[user_pool]
name = "people"
domain = "people-${stack.name}"
own_domain = { name = "auth.example.com", certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1" }
deletion_protection = false
password = { min_length = 9, lowercase = true, uppercase = true, digits = true, symbols = true, temporary_days = 3 }
tier = "lite"
[resource_servers]
r = { identifier = "id", name = "R", scopes = { read = "Read", write = "Write" } }
plain = { scopes = { all = "All" } }
[app_clients]
web = { name = "Web", flows = ["code"], auth_flows = ["refresh_token"], scopes = ["id/read", "openid"], callback_urls = ["https://a.example/"], logout_urls = ["https://b.example/"], secret = true, tokens = { access = "1h", id = "1h", refresh = "30d" } }
robot = { flows = ["client_credentials"], scopes = ["id/read"], secret = true }
[api]
name = "whole-${user_pool.id}"
description = "Everything at ${user_pool.token_url}"
endpoint = "regional"
stage = "prod"
stage_variables = { host = "${var.host}", path = "v1" }
cors = { origin = "*", headers = ["X-A"], max_age = "1h" }
requires = { scopes = ["id/read", "plain/all"], token = "access", api_key = true }
authorizer = { name = "cognito", header = "Authorization", cache = "5m" }
throttle = { rate = "${var.rate}", burst = 9 }
disable_default_endpoint = false
access_logs = { group = "arn:aws:logs:${stack.region}:123456789012:log-group:g", format = "$context.requestId ${stageVariables.path}" }
[api.routes]
"GET /a/{x}" = { http = "https://${stageVariables.host}/${api.stage}/{x}", requires = { scopes = ["id/write"], token = "access", api_key = false }, timeout = "5s" }
"GET /m" = { mock = { status = 200, body = "hi ${api.invoke_url}" }, requires = "nothing" }
"GET /n" = { mock = 204 }
[plans]
gold = { name = "Gold", description = "For ${partners.acme.client_id}", throttle = { rate = 1, burst = 2 }, quota = { requests = 9, per = "day" } }
[api_keys]
key = { name = "Key", description = "For ${app_clients.web.client_id}", plan = "gold", enabled = true }
[partners]
acme = { name = "Acme", plan = "gold", scopes = ["id/read"], auth_flows = ["refresh_token"], tokens = { access = "1h", id = "1h", refresh = "30d" }, enabled = true }
[[moved]]
from = "partners.old"
to = "partners.acme"
"#;

/// A mistake of meaning: what to write instead of what, what is told of it, and the values that must be readable to know it.
struct Mistake {
    from: &'static str,
    to: &'static str,
    told: (Code, &'static str),
    reads: &'static [&'static [&'static str]],
}

const fn mistake(
    from: &'static str,
    to: &'static str,
    told: (Code, &'static str),
    reads: &'static [&'static [&'static str]],
) -> Mistake {
    Mistake {
        from,
        to,
        told,
        reads,
    }
}

const ROUTE: &str = "GET /a/{x}";

/// At least one for each table that has a meaning to miss.
const MISTAKES: &[Mistake] = &[
    mistake(
        "name = \"whole\"",
        "name = \"who/le\"",
        (Code::BadName, "\"who/le\""),
        &[&["stack", "name"]],
    ),
    mistake(
        "\"eu-central-1\"",
        "\"eu\"",
        (Code::BadGround, "\"eu\""),
        &[&["stack", "region"]],
    ),
    mistake(
        "account = \"1234",
        "account = \"12",
        (Code::BadGround, "\"1256789012\""),
        &[&["stack", "account"]],
    ),
    mistake(
        "team =",
        "\"aws:team\" =",
        (Code::BadTag, "\"aws:team\""),
        &[&["stack", "tags"]],
    ),
    mistake(
        "\"people\"",
        "\"peo/ple\"",
        (Code::BadName, "\"peo/ple\""),
        &[&["user_pool", "name"]],
    ),
    mistake(
        "people-$",
        "-people-$",
        (Code::BadDomain, "\"-people-${stack.name}\""),
        &[&["user_pool", "domain"]],
    ),
    mistake(
        "auth.example.com",
        "auth",
        (Code::BadDomain, "\"auth\""),
        &[&["user_pool", "own_domain", "name"]],
    ),
    mistake(
        "acm:us-east-1",
        "acm:eu-west-1",
        (
            Code::BadArn,
            "\"arn:aws:acm:eu-west-1:123456789012:certificate/1\"",
        ),
        &[&["user_pool", "own_domain", "certificate"]],
    ),
    mistake(
        "write = \"Write\"",
        "write = \"\"",
        (Code::BadName, "\"\""),
        &[&["resource_servers", "r", "scopes", "write"]],
    ),
    mistake(
        "write = \"Write\"",
        "write = \"Write\", \"a b\" = \"x\"",
        (Code::BadName, "\"a b\""),
        &[&["resource_servers", "r", "scopes"]],
    ),
    mistake(
        "plain = {",
        "twin = { identifier = \"id\", scopes = { read = \"x\", write = \"x\" } }\nplain = {",
        (Code::Duplicate, "\"id\""),
        &[
            &["resource_servers", "r", "identifier"],
            &["resource_servers", "twin", "identifier"],
        ],
    ),
    mistake(
        "name = \"Web\"",
        "name = \"We/b\"",
        (Code::BadName, "\"We/b\""),
        &[&["app_clients", "web", "name"]],
    ),
    mistake(
        "\"openid\"",
        "\"openid\", \"id/nope\"",
        (Code::UnknownScope, "\"id/nope\""),
        &[
            &["app_clients", "web", "scopes"],
            &["resource_servers", "r", "identifier"],
            &["resource_servers", "r", "scopes"],
        ],
    ),
    mistake(
        "callback_urls = [\"https",
        "callback_urls = [\"http",
        (Code::BadUrl, "\"http://a.example/\""),
        &[&["app_clients", "web", "callback_urls"]],
    ),
    mistake(
        "callback_urls = [\"https://a.example/\"], ",
        "",
        (Code::ClientConflict, "[\"code\"]"),
        &[&["app_clients", "web", "flows"]],
    ),
    mistake(
        "scopes = [\"id/read\", \"openid\"], ",
        "",
        (Code::ClientConflict, "[\"code\"]"),
        &[&["app_clients", "web", "flows"]],
    ),
    mistake(
        "flows = [\"code\"], ",
        "",
        (Code::ClientConflict, "[\"id/read\", \"openid\"]"),
        &[&["app_clients", "web", "scopes"]],
    ),
    mistake(
        "[\"client_credentials\"]",
        "[\"client_credentials\", \"implicit\"], callback_urls = [\"https://a.example\"]",
        (
            Code::ClientConflict,
            "[\"client_credentials\", \"implicit\"]",
        ),
        &[&["app_clients", "robot", "flows"]],
    ),
    mistake(
        "secret = true }",
        "secret = false }",
        (Code::ClientConflict, "false"),
        &[
            &["app_clients", "robot", "secret"],
            &["app_clients", "robot", "flows"],
        ],
    ),
    mistake(
        "refresh = \"30d\" } }",
        "refresh = \"1m\" } }",
        (Code::OutOfRange, "\"1m\""),
        &[&["app_clients", "web", "tokens", "refresh"]],
    ),
    mistake(
        "auth_flows = [\"refresh_token\"], scopes",
        "auth_flows = [], scopes",
        (Code::ClientConflict, "[]"),
        &[&["app_clients", "web", "auth_flows"]],
    ),
    mistake(
        "auth_flows = [\"refresh_token\"], scopes",
        "auth_flows = [\"user_choice\"], scopes",
        (Code::ClientConflict, "\"user_choice\""),
        &[
            &["app_clients", "web", "auth_flows"],
            &["user_pool", "tier"],
        ],
    ),
    mistake(
        "stage = \"prod\"",
        "stage = \"pre prod\"",
        (Code::BadName, "\"pre prod\""),
        &[&["api", "stage"]],
    ),
    mistake(
        "path = \"v1\"",
        "path = \"v 1\"",
        (Code::BadName, "\"v 1\""),
        &[&["api", "stage_variables", "path"]],
    ),
    mistake(
        "path = \"v1\"",
        "path = \"v1\", \"a-b\" = \"x\"",
        (Code::BadName, "\"a-b\""),
        &[&["api", "stage_variables"]],
    ),
    mistake(
        "origin = \"*\"",
        "origin = \"x\"",
        (Code::BadUrl, "\"x\""),
        &[&["api", "cors", "origin"]],
    ),
    mistake(
        "[\"X-A\"]",
        "[\"X-A\", \"X B\"]",
        (Code::BadName, "\"X B\""),
        &[&["api", "cors", "headers"]],
    ),
    mistake(
        "max_age = \"1h\"",
        "max_age = \"9d\"",
        (Code::OutOfRange, "\"9d\""),
        &[&["api", "cors", "max_age"]],
    ),
    mistake(
        "[\"id/read\", \"plain/all\"]",
        "[\"id/read\", \"plain/no\"]",
        (Code::UnknownScope, "\"plain/no\""),
        &[
            &["api", "requires", "scopes"],
            &["resource_servers", "plain", "scopes"],
        ],
    ),
    mistake(
        "[\"id/read\", \"plain/all\"], token = \"access\"",
        "[], token = \"access\"",
        (Code::Requirements, "\"access\""),
        &[
            &["api", "requires", "scopes"],
            &["api", "requires", "token"],
        ],
    ),
    mistake(
        "header = \"Authorization\"",
        "header = \"A B\"",
        (Code::BadName, "\"A B\""),
        &[&["api", "authorizer", "header"]],
    ),
    mistake(
        "cache = \"5m\"",
        "cache = \"2h\"",
        (Code::OutOfRange, "\"2h\""),
        &[&["api", "authorizer", "cache"]],
    ),
    mistake(
        "log-group:g",
        "log:g",
        (
            Code::BadArn,
            "\"arn:aws:logs:${stack.region}:123456789012:log:g\"",
        ),
        &[&["api", "access_logs", "group"]],
    ),
    mistake(
        "logs:${stack.region}",
        "logs:us-east-1",
        (
            Code::BadArn,
            "\"arn:aws:logs:us-east-1:123456789012:log-group:g\"",
        ),
        &[&["api", "access_logs", "group"], &["stack", "region"]],
    ),
    mistake(
        "\"$context.requestId $",
        "\"$",
        (Code::BadName, "\"${stageVariables.path}\""),
        &[&["api", "access_logs", "format"]],
    ),
    mistake(
        "{x}\", requires",
        "{y}\", requires",
        (Code::BadRoute, "{y}"),
        &[&["api", "routes", ROUTE, "http"]],
    ),
    mistake(
        "https://${stageVariables.host}/${api.stage}/{x}",
        "ftp://a.example",
        (Code::BadUrl, "\"ftp://a.example\""),
        &[&["api", "routes", ROUTE, "http"]],
    ),
    mistake(
        "\"id/write\"",
        "\"id/wrote\"",
        (Code::UnknownScope, "\"id/wrote\""),
        &[
            &["api", "routes", ROUTE, "requires", "scopes"],
            &["resource_servers", "r", "identifier"],
            &["resource_servers", "r", "scopes"],
        ],
    ),
    mistake(
        "[\"id/write\"], token = \"access\"",
        "[\"id/write\"], token = \"id\"",
        (Code::Requirements, "\"id\""),
        &[
            &["api", "routes", ROUTE, "requires", "scopes"],
            &["api", "routes", ROUTE, "requires", "token"],
        ],
    ),
    mistake(
        "timeout = \"5s\"",
        "timeout = \"5m\"",
        (Code::OutOfRange, "\"5m\""),
        &[&["api", "routes", ROUTE, "timeout"]],
    ),
    mistake(
        "mock = 204",
        "mock = 204, timeout = \"1s\"",
        (Code::NoEffect, "\"1s\""),
        &[&["api", "routes", "GET /n"]],
    ),
    mistake(
        "\"GET /n\"",
        "\"get /n\"",
        (Code::BadRoute, "\"get /n\""),
        &[&["api", "routes"]],
    ),
    mistake(
        "mock = 204",
        "mock = 204, http = \"https://a.example\"",
        (Code::RouteBackend, "\"GET /n\""),
        &[&["api", "routes", "GET /n"]],
    ),
    mistake(
        "mock = 204",
        "",
        (Code::RouteBackend, "\"GET /n\""),
        &[&["api", "routes", "GET /n"]],
    ),
    mistake(
        "name = \"Gold\"",
        "name = \"\"",
        (Code::BadName, "\"\""),
        &[&["plans", "gold", "name"]],
    ),
    mistake(
        "burst = 2 }, quota = {",
        "burst = 2 } }\nsilver = { quota = {",
        (Code::NoEffect, "silver"),
        &[
            &["plans", "silver"],
            &["partners", "acme", "plan"],
            &["api_keys", "key", "plan"],
        ],
    ),
    mistake(
        "plan = \"gold\", enabled",
        "plan = \"glod\", enabled",
        (Code::BadPlan, "\"glod\""),
        &[&["api_keys", "key", "plan"], &["plans"]],
    ),
    mistake(
        "plan = \"gold\", enabled = true }",
        "enabled = true }",
        (Code::NoEffect, "key"),
        &[&["api_keys", "key"]],
    ),
    mistake(
        "name = \"Acme\"",
        "name = \"Ac/me\"",
        (Code::BadName, "\"Ac/me\""),
        &[&["partners", "acme", "name"]],
    ),
    mistake(
        "plan = \"gold\", scopes",
        "plan = \"glod\", scopes",
        (Code::BadPlan, "\"glod\""),
        &[&["partners", "acme", "plan"], &["plans"]],
    ),
    mistake(
        "plan = \"gold\", scopes = [",
        "plan = \"gold\", scopes = [\"openid\", ",
        (Code::ClientConflict, "\"openid\""),
        &[&["partners", "acme", "scopes"]],
    ),
    mistake(
        "access = \"1h\", id = \"1h\", refresh = \"30d\" }, enabled",
        "access = \"1s\" }, enabled",
        (Code::OutOfRange, "\"1s\""),
        &[&["partners", "acme", "tokens", "access"]],
    ),
    mistake(
        "\"partners.old\"",
        "\"partner.old\"",
        (Code::BadMove, "\"partner.old\""),
        &[&["moved", "0", "from"]],
    ),
    mistake(
        "\"partners.acme\"",
        "\"partners.acne\"",
        (Code::BadMove, "\"partners.acne\""),
        &[
            &["moved", "0", "to"],
            &["moved", "0", "from"],
            &["partners"],
        ],
    ),
];

type Told = (Code, String);

/// What is told of a text: the code and the culprit of each message.
fn told(text: &str) -> Vec<Told> {
    let diagnostics = match read(text) {
        Ok(checked) => checked.warnings,
        Err(diagnostics) => diagnostics,
    };
    let said = |diagnostic: &super::Diagnostic| {
        let culprit = diagnostic
            .labels
            .first()
            .map_or("", |label| &text[label.range()]);
        (diagnostic.code, culprit.to_owned())
    };
    diagnostics.list().iter().map(said).collect()
}

/// One thing broken: where, the text with it, and what is to be told of it.
struct Broken {
    path: KeyPath,
    text: String,
    told: Told,
}

/// No value may be a date.
const DATE: &str = "1979-05-27";

/// The text with a date in the place of each value, with a variable that is not there in the place of each text, and with each
/// known key misspelled.
fn each_broken(text: &str) -> Vec<Broken> {
    fn value_of(
        text: &str,
        path: &KeyPath,
        value: &toml::Spanned<DeValue<'_>>,
        all: &mut Vec<Broken>,
    ) {
        let written = &text[value.span()];
        let mut break_with = |put: &str, code, culprit: &str| {
            let mut broken = text.to_owned();
            broken.replace_range(value.span(), put);
            all.push(Broken {
                path: path.clone(),
                text: broken,
                told: (code, culprit.to_owned()),
            });
        };
        // A table with a header of its own has no value to exchange.
        if value.get_ref().is_table() && !written.starts_with('[')
            || !value.get_ref().is_table() && !written.starts_with("[[")
        {
            break_with(DATE, Code::WrongValue, DATE);
        }
        if value.get_ref().is_str() {
            break_with("\"${var.nope}\"", Code::UnknownVariable, "${var.nope}");
        }
        match value.get_ref() {
            DeValue::Table(inner) => table(text, path, inner, all),
            DeValue::Array(array) => {
                for (index, element) in array.iter().enumerate() {
                    let here = path.join(index.to_string());
                    match element.get_ref() {
                        DeValue::Table(inner) => table(text, &here, inner, all),
                        _ => value_of(text, &here, element, all),
                    }
                }
            }
            _ => {}
        }
    }
    fn table(text: &str, path: &KeyPath, inner: &DeTable<'_>, all: &mut Vec<Broken>) {
        for (key, inner) in inner {
            let here = path.join(key.get_ref().as_ref());
            let is_known = schema::at(path)
                .and_then(|node| schema::follow(node).get("additionalProperties"))
                .is_none_or(|entry| !entry.is_object());
            if is_known {
                let mut broken = text.to_owned();
                let misspelled = format!("{}x", key.get_ref());
                broken.replace_range(key.span(), &misspelled);
                all.push(Broken {
                    path: here.clone(),
                    text: broken,
                    told: (Code::UnknownKey, misspelled),
                });
            }
            value_of(text, &here, inner, all);
        }
    }
    let mut all = Vec::new();
    let root = DeTable::parse(text).unwrap();
    table(text, &KeyPath::default(), root.get_ref(), &mut all);
    all
}

/// Whether two values stand in the same entry, or one in a table above the other's: all pairs would take most of a minute.
fn is_near(read: &[&str], broken: &KeyPath) -> bool {
    let same = |index: usize| match (read.get(index), broken.keys().get(index)) {
        (Some(read), Some(broken)) => read == broken,
        _ => true,
    };
    same(0) && (same(1) || broken.keys().len() == 2)
}

#[test]
fn a_broken_value_gives_one_message() {
    assert_eq!(told(WHOLE), []);
    let wrong: Vec<_> = each_broken(WHOLE)
        .into_iter()
        .map(|broken| (told(&broken.text), broken))
        .filter(|(told, broken)| *told != [broken.told.clone()])
        .map(|(told, broken)| format!("{} {:?}: {told:?}", broken.path, broken.told))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_broken_value_hides_no_other_mistake() {
    let mut wrong = Vec::new();
    for mistake in MISTAKES {
        assert!(WHOLE.contains(mistake.from), "{}", mistake.from);
        let text = WHOLE.replacen(mistake.from, mistake.to, 1);
        let meaning = (mistake.told.0, mistake.told.1.to_owned());
        if told(&text) != [meaning.clone()] {
            wrong.push(format!("{} alone: {:?}", mistake.to, told(&text)));
            continue;
        }
        for broken in each_broken(&text) {
            if !mistake.reads.iter().any(|read| is_near(read, &broken.path)) {
                continue;
            }
            let may_hide = mistake.reads.iter().any(|read| {
                let read = KeyPath::from(*read);
                read.leads_to(&broken.path) || broken.path.leads_to(&read)
            });
            let told = told(&broken.text);
            // What is told of a list may show the element that is broken.
            let is_meaning = |(code, culprit): &Told| {
                let shows_broken =
                    culprit.len() > broken.told.1.len() && culprit.contains(&broken.told.1);
                *code == meaning.0 && (*culprit == meaning.1 || shows_broken)
            };
            let both =
                told.len() == 2 && told.contains(&broken.told) && told.iter().any(is_meaning);
            if !both && !(may_hide && told == [broken.told.clone()]) {
                wrong.push(format!(
                    "{} with {} {:?}: {told:?}",
                    mistake.to, broken.path, broken.told
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
