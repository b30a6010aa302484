//! Every mistake in one run, and none that only follows from another: each value of a whole file is broken, together with each
//! semantic mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::slice::from_ref;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::Code;
use super::schema;
use super::spans::KeyPath;
use super::testing::read;

/// A stack without mistakes that contains everything. Tables are inline, so that each has a value to break.
const WHOLE: &str = include_str!("../../tests/foreign/whole.toml");

/// Alternatives in a file.
const OTHERWISE: &[&str] = &[
    r#"
[stack]
name = "shared"
region = "eu-central-1"
[load_balancer]
existing = "everybodys"
[api]
name = "shared"
stage = "prod"
domain = { name = "api.example.com", existing = true, base_paths = ["v1"] }
[api.routes]
"GET /b" = { http = "http://a.example/b", via = "load_balancer" }
"#,
    r#"
[stack]
name = "addresses"
region = "eu-central-1"
[api]
name = "addresses"
stage = "prod"
[api.routes]
"GET /b" = { http = "http://a.example/b", via = "load_balancer" }
[load_balancer]
subnets = ["subnet-0123456789abcdef0"]
targets = { ips = ["10.0.0.7"] }
listeners = { 80 = { to = 8080 } }
"#,
    r#"
[stack]
name = "second"
region = "eu-central-1"
[user_pool]
existing = "everybodys-pool"
[resource_servers]
orders = { scopes = { read = "Read" } }
theirs = { identifier = "https://theirs.example", existing = true }
[partners]
initech = { of = "claims", plan = "orders" }
[plans]
orders = { description = "For orders" }
[app_clients]
shop = { flows = ["client_credentials"], scopes = ["orders/read", "theirs/read"] }
[api]
name = "second"
description = "At ${user_pool.token_url}"
stage = "prod"
requires = { scopes = ["orders/read", "theirs/write"] }
[api.routes]
"GET /o" = { mock = 201 }
"#,
    r#"
[stack]
name = "by-id"
region = "eu-central-1"
[api]
name = "by-id"
stage = "prod"
[api.routes]
"GET /b" = { http = "http://a.example/b", via = "load_balancer" }
[load_balancer]
subnets = ["subnet-0123456789abcdef0"]
targets = { instance_ids = ["i-0123456789abcdef0"] }
listeners = { 80 = { to = 8080 } }
"#,
    r#"
[stack]
name = "by-tags"
region = "eu-central-1"
[api]
name = "by-tags"
stage = "prod"
domain = { name = "api.example.com", certificate = "arn:aws:acm:eu-central-1:123456789012:certificate/2", tls = "1.3", endpoint_access = "strict" }
[api.routes]
"GET /b" = { http = "http://a.example/b", via = "load_balancer" }
[load_balancer]
subnets = ["subnet-0123456789abcdef0"]
targets = { instance_tags = { app = "x" } }
listeners = { 80 = { to = 8080 } }
"#,
    r#"
[stack]
name = "from-a-document"
region = "eu-central-1"
[api]
name = "from-a-document"
stage = "prod"
openapi = "pets.yaml"
[api.routes]
"* *" = { http = "https://pets.example/*", requires = "nothing", timeout = "9s" }
"POST *" = { throttle = { rate = 7, burst = 8 } }
"* /pets" = { timeout = "7s" }
"#,
];

/// Every stack of these tests.
pub(super) fn wholes() -> impl Iterator<Item = &'static str> {
    std::iter::once(WHOLE).chain(OTHERWISE.iter().copied())
}

/// Semantic mistakes, at least one for each table with rules: the text, its replacement, the diagnostics, and the values that
/// must be readable for them.
#[rustfmt::skip] // A table reads by its lines.
const MISTAKES: &[(&str, &str, Code, &str, &[&str])] = &[
    ("name = \"whole\"", "name = \"who/le\"", Code::BadName, "\"who/le\"", &["stack.name"]),
    ("\"eu-central-1\"", "\"eu\"", Code::BadGround, "\"eu\"", &["stack.region"]),
    ("account = \"1234", "account = \"12", Code::BadGround, "\"1256789012\"", &["stack.account"]),
    ("team =", "\"aws:team\" =", Code::BadTag, "\"aws:team\"", &["stack.tags"]),
    ("\"people\"", "\"peo/ple\"", Code::BadName, "\"peo/ple\"", &["user_pool.name"]),
    ("people-$", "-people-$", Code::BadDomain, "\"-people-${stack.name}\"", &["user_pool.domain"]),
    ("auth.example.com", "auth", Code::BadDomain, "\"auth\"", &["user_pool.own_domain.name"]),
    (
        "acm:us-east-1", "acm:eu-west-1",
        Code::BadArn, "\"arn:aws:acm:eu-west-1:123456789012:certificate/1\"", &["user_pool.own_domain.certificate"],
    ),
    ("write = \"Write\"", "write = \"\"", Code::BadName, "\"\"", &["resource_servers.r.scopes.write"]),
    (
        "write = \"Write\"", "write = \"Write\", \"a b\" = \"x\"",
        Code::BadName, "\"a b\"", &["resource_servers.r.scopes"],
    ),
    (
        "plain = {", "twin = { identifier = \"id\", scopes = { read = \"x\", write = \"x\" } }\nplain = {",
        Code::Duplicate, "\"id\"", &["resource_servers.r.identifier", "resource_servers.twin.identifier"],
    ),
    ("name = \"Web\"", "name = \"We/b\"", Code::BadName, "\"We/b\"", &["app_clients.web.name"]),
    (
        "\"openid\"", "\"openid\", \"id/nope\"",
        Code::UnknownScope, "\"id/nope\"", &["app_clients.web.scopes", "resource_servers.r.identifier", "resource_servers.r.scopes"],
    ),
    (
        "callback_urls = [\"https", "callback_urls = [\"http",
        Code::BadUrl, "\"http://a.example/\"", &["app_clients.web.callback_urls"],
    ),
    ("callback_urls = [\"https://a.example/\"], ", "", Code::ClientConflict, "[\"code\"]", &["app_clients.web.flows"]),
    ("scopes = [\"id/read\", \"openid\"], ", "", Code::ClientConflict, "[\"code\"]", &["app_clients.web.flows"]),
    ("flows = [\"code\"], ", "", Code::ClientConflict, "[\"id/read\", \"openid\"]", &["app_clients.web.scopes"]),
    (
        "[\"client_credentials\"]", "[\"client_credentials\", \"implicit\"], callback_urls = [\"https://a.example\"]",
        Code::ClientConflict, "[\"client_credentials\", \"implicit\"]", &["app_clients.robot.flows"],
    ),
    (
        "secret = true }", "secret = false }",
        Code::ClientConflict, "false", &["app_clients.robot.secret", "app_clients.robot.flows"],
    ),
    ("refresh = \"30d\" } }", "refresh = \"1m\" } }", Code::OutOfRange, "\"1m\"", &["app_clients.web.tokens.refresh"]),
    (
        "auth_flows = [\"refresh_token\"], scopes", "auth_flows = [], scopes",
        Code::ClientConflict, "[]", &["app_clients.web.auth_flows"],
    ),
    (
        "auth_flows = [\"refresh_token\"], scopes", "auth_flows = [\"user_choice\"], scopes",
        Code::ClientConflict, "\"user_choice\"", &["app_clients.web.auth_flows", "user_pool.tier"],
    ),
    ("stage = \"prod\"", "stage = \"pre prod\"", Code::BadName, "\"pre prod\"", &["api.stage"]),
    ("path = \"v1\"", "path = \"v 1\"", Code::BadName, "\"v 1\"", &["api.stage_variables.path"]),
    ("path = \"v1\"", "path = \"v1\", \"a-b\" = \"x\"", Code::BadName, "\"a-b\"", &["api.stage_variables"]),
    ("\"https://a.example\", \"https://b", "\"x\", \"https://b", Code::BadUrl, "\"x\"", &["api.cors.origin"]),
    (
        "[\"https://a.example\", \"https://b.example\"]", "\"*\"",
        Code::Requirements, "true", &["api.cors.credentials", "api.cors.origin"],
    ),
    ("\"X-E\"", "\"X E\"", Code::BadName, "\"X E\"", &["api.cors.expose_headers"]),
    ("\"X-A\"", "\"X B\"", Code::BadName, "\"X B\"", &["api.cors.headers"]),
    ("max_age = \"1h\"", "max_age = \"9d\"", Code::OutOfRange, "\"9d\"", &["api.cors.max_age"]),
    (
        "[\"id/read\", \"plain/all\"]", "[\"id/read\", \"plain/no\"]",
        Code::UnknownScope, "\"plain/no\"", &["api.requires.scopes", "resource_servers.plain.scopes"],
    ),
    (
        "[\"id/read\", \"plain/all\"], token = \"access\"", "[], token = \"access\"",
        Code::Requirements, "\"access\"", &["api.requires.scopes", "api.requires.token"],
    ),
    ("\"POST *\"", "\"PUT *\"", Code::BadPattern, "\"PUT *\"", &["api.openapi", "api.routes.\"PUT *\""]),
    (
        "\"POST *\" = {", "\"POST *\" = { timeout = \"8s\",",
        Code::BadPattern, "\"7s\"", &["api.openapi", "api.routes.\"POST *\"", "api.routes.\"* /pets\""],
    ),
    ("header = \"Authorization\"", "header = \"A B\"", Code::BadName, "\"A B\"", &["api.authorizer.header"]),
    ("cache = \"5m\"", "cache = \"2h\"", Code::OutOfRange, "\"2h\"", &["api.authorizer.cache"]),
    ("X-Tenant = ", "Via = ", Code::BadName, "Via", &["api.routes.\"GET /a/{x}\".send_headers"]),
    ("\"stageVariables.path\"", "\"stageVariables.paths\"", Code::DanglingReference, "\"stageVariables.paths\"", &["api.routes.\"GET /a/{x}\".send_headers.X-Path.from", "api.stage_variables"]),
    ("UNAUTHORIZED = ", "UNAUTHORISED = ", Code::BadName, "UNAUTHORISED", &["api.gateway_responses"]),
    ("\"1.3\"", "\"1.2\"", Code::WrongValue, "\"1.2\"", &["api.tls"]),
    ("\"image/*\"", "\"image\"", Code::WrongValue, "\"image\"", &["api.binary"]),
    ("\"1KB\"", "\"11MB\"", Code::OutOfRange, "\"11MB\"", &["api.compression"]),
    ("\"/whole/calls\"", "\"a b\"", Code::BadName, "\"a b\"", &["api.access_logs.group"]),
    ("\"/whole/calls\"", "\"/${api.id}\"", Code::MisplacedReference, "\"/${api.id}\"", &["api.access_logs.group"]),
    ("retention = \"30d\"", "retention = \"31d\"", Code::OutOfRange, "\"31d\"", &["api.access_logs.retention"]),
    (
        "\"/whole/calls\"", "\"arn:aws:logs:${stack.region}:123456789012:log-group:g\"",
        Code::NoEffect, "\"30d\"", &["api.access_logs.retention", "api.access_logs.group"],
    ),
    (
        "\"/whole/calls\", retention = \"30d\"", "\"arn:aws:logs:${stack.region}:123456789012:log:g\"",
        Code::BadArn, "\"arn:aws:logs:${stack.region}:123456789012:log:g\"", &["api.access_logs.group"],
    ),
    (
        "\"/whole/calls\", retention = \"30d\"", "\"arn:aws:logs:us-east-1:123456789012:log-group:g\"",
        Code::BadArn, "\"arn:aws:logs:us-east-1:123456789012:log-group:g\"", &["api.access_logs.group", "stack.region"],
    ),
    ("\"$context.requestId $", "\"$", Code::BadName, "\"${stageVariables.path}\"", &["api.access_logs.format"]),
    ("{x}\", requires", "{y}\", requires", Code::BadRoute, "{y}", &["api.routes.\"GET /a/{x}\".http"]),
    (
        "https://${stageVariables.host}/${api.stage}/{x}", "ftp://a.example",
        Code::BadUrl, "\"ftp://a.example\"", &["api.routes.\"GET /a/{x}\".http"],
    ),
    (
        "\"id/write\"", "\"id/wrote\"",
        Code::UnknownScope, "\"id/wrote\"", &["api.routes.\"GET /a/{x}\".requires.scopes", "resource_servers.r.identifier", "resource_servers.r.scopes"],
    ),
    (
        "[\"id/write\"], token = \"access\"", "[\"id/write\"], token = \"id\"",
        Code::Requirements, "\"id\"", &["api.routes.\"GET /a/{x}\".requires.scopes", "api.routes.\"GET /a/{x}\".requires.token"],
    ),
    ("timeout = \"5s\"", "timeout = \"6m\"", Code::OutOfRange, "\"6m\"", &["api.routes.\"GET /a/{x}\".timeout"]),
    ("mock = 204", "mock = 204, timeout = \"1s\"", Code::NoEffect, "\"1s\"", &["api.routes.\"GET /n\""]),
    ("\"GET /n\"", "\"get /n\"", Code::BadRoute, "\"get /n\"", &["api.routes"]),
    (
        "mock = 204", "mock = 204, http = \"https://a.example\"",
        Code::RouteBackend, "\"GET /n\"", &["api.routes.\"GET /n\""],
    ),
    ("mock = 204", "", Code::RouteBackend, "\"GET /n\"", &["api.routes.\"GET /n\""]),
    ("zone = \"example.com\"", "zone = \"example.org\"", Code::BadDomain, "\"example.org\"", &["user_pool.own_domain.zone", "user_pool.own_domain.name"]),
    ("\"api.example.com\", existing", "\"api\", existing", Code::BadDomain, "\"api\"", &["api.domain.name"]),
    ("existing = false, certificate", "existing = true, tls = \"1.2\" }\n# certificate", Code::BadDomain, "tls", &["api.domain"]),
    ("existing = true, base", "base", Code::MissingKey, "domain", &["api.domain"]),
    ("acm:${stack.region}", "acm:us-east-1", Code::BadArn, "\"arn:aws:acm:us-east-1:123456789012:certificate/2\"", &["api.domain.certificate", "stack.region"]),
    ("base_paths = [\"v1\"], m", "base_paths = [\"v//1\"], m", Code::BadDomain, "\"v//1\"", &["api.domain.base_paths"]),
    ("s3://trust", "trust", Code::BadUrl, "\"trust/store.pem\"", &["api.domain.mutual_tls.truststore"]),
    ("tls = \"1.2\"", "tls = \"1.0\"", Code::BadDomain, "\"1.0\"", &["api.domain.tls", "api.domain.mutual_tls"]),
    ("tls = \"1.2\"", "tls = \"1.3\"", Code::BadDomain, "\"1.3\"", &["api.domain.tls", "api.domain.mutual_tls"]),
    ("tls = \"1.3\", endpoint", "tls = \"1.2\", endpoint", Code::WrongValue, "\"strict\"", &["api.domain.tls", "api.domain.endpoint_access"]),
    ("endpoint = true", "endpoint = false", Code::NoEffect, "mutual_tls", &["api.disable_default_endpoint", "api.domain.mutual_tls"]),
    ("\"whole-road\"", "\"-road\"", Code::BadLoadBalancer, "\"-road\"", &["load_balancer.name"]),
    ("vpc = \"default\"", "vpc = \"main\"", Code::BadLoadBalancer, "\"main\"", &["load_balancer.subnets.vpc"]),
    ("tier = \"private\"", "tier = \"a#b\"", Code::BadTag, "\"a#b\"", &["load_balancer.subnets.tags.tier"]),
    ("\n80 =", "\n080 =", Code::BadLoadBalancer, "080", &["load_balancer.listeners"]),
    ("tls\", to_protocol = \"tcp\", certificate", "tls\", to_protocol = \"tcp\" }\n# certificate", Code::BadLoadBalancer, "\"tls\"", &["load_balancer.listeners"]),
    ("path = \"/up\"", "path = \"up\"", Code::BadLoadBalancer, "\"up\"", &["load_balancer.listeners.443.health.path", "load_balancer.listeners.443.health.protocol"]),
    ("drain = \"1m\"", "drain = \"2h\"", Code::OutOfRange, "\"2h\"", &["load_balancer.listeners.443.drain"]),
    ("ssm:/aws", "ssm:aws", Code::BadLoadBalancer, "\"ssm:aws/image\"", &["load_balancer.targets.instances.image"]),
    ("\"backend.sh\"", "\"front.sh\"", Code::BadFile, "\"front.sh\"", &["load_balancer.targets.instances.user_data"]),
    ("10.0.0.7", "11.0.0.7", Code::BadLoadBalancer, "\"11.0.0.7\"", &["load_balancer.targets.ips"]),
    ("\"i-0", "\"0", Code::BadLoadBalancer, "\"0123456789abcdef0\"", &["load_balancer.targets.instance_ids"]),
    ("existing = \"everybodys\"", "cross_zone = true\nexisting = \"everybodys\"", Code::BadLoadBalancer, "cross_zone", &["load_balancer.existing", "load_balancer.cross_zone"]),
    ("existing = \"everybodys-pool\"", "sign_up = true\nexisting = \"everybodys-pool\"", Code::NoEffect, "sign_up", &["user_pool.existing", "user_pool.sign_up"]),
    ("of = \"claims\"", "of = \"second\"", Code::NoEffect, "\"second\"", &["partners.initech.of", "stack.name"]),
    ("host}/b\", via", "host}:8443/b\", via", Code::NoListener, "\"https://${stageVariables.host}:8443/b\"", &["api.routes.\"GET /b\"", "load_balancer.listeners", "load_balancer.existing", "api.stage_variables"]),
    ("mock = 204", "mock = 204, via = \"load_balancer\"", Code::RouteBackend, "\"load_balancer\"", &["api.routes.\"GET /n\""]),
    ("name = \"Gold\"", "name = \"\"", Code::BadName, "\"\"", &["plans.gold.name"]),
    (
        "burst = 2 }, quota = {", "burst = 2 } }\nsilver = { quota = {",
        Code::NoEffect, "silver", &["plans.silver", "partners.acme.plan", "api_keys.key.plan"],
    ),
    (
        "plan = \"gold\", enabled", "plan = \"glod\", enabled",
        Code::BadPlan, "\"glod\"", &["api_keys.key.plan", "plans"],
    ),
    ("plan = \"gold\", enabled = true }", "enabled = true }", Code::NoEffect, "key", &["api_keys.key"]),
    ("env:BATCH_KEY", "BATCH_KEY", Code::WrongValue, "\"BATCH_KEY\"", &["api_keys.key.key"]),
    ("offset = 1", "offset = 7", Code::OutOfRange, "7", &["plans.gold.quota.offset", "plans.gold.quota.per"]),
    ("{ \"GET /b\" = { rate", "{ \"GET /c\" = { rate", Code::BadPlan, "\"GET /c\"", &["plans.gold.routes", "api.routes"]),
    (
        "{ \"GET /b\" = { rate", "{ \"GET /m\" = { rate",
        Code::NoEffect, "\"GET /m\"",
        &["plans.gold.routes.\"GET /m\"", "api.requires", "api.routes.\"GET /m\".requires"],
    ),
    ("name = \"Acme\"", "name = \"Ac/me\"", Code::BadName, "\"Ac/me\"", &["partners.acme.name"]),
    ("plan = \"gold\", scopes", "plan = \"glod\", scopes", Code::BadPlan, "\"glod\"", &["partners.acme.plan", "plans"]),
    (
        "plan = \"gold\", scopes = [", "plan = \"gold\", scopes = [\"openid\", ",
        Code::ClientConflict, "\"openid\"", &["partners.acme.scopes"],
    ),
    (
        "access = \"1h\", id = \"1h\", refresh = \"30d\" }, enabled", "access = \"1s\" }, enabled",
        Code::OutOfRange, "\"1s\"", &["partners.acme.tokens.access"],
    ),
    ("\"partners.old\"", "\"partner.old\"", Code::BadMove, "\"partner.old\"", &["moved.0.from"]),
    (
        "\"partners.acme\"", "\"partners.acne\"",
        Code::BadMove, "\"partners.acne\"", &["moved.0.to", "moved.0.from", "partners"],
    ),
];

type Told = (Code, String);

/// The diagnostics of a text: code and place of each.
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

/// One broken value: where, the text with it, and its diagnostics.
struct Broken {
    path: KeyPath,
    text: String,
    told: Told,
}

/// No value may be a date.
const DATE: &str = "1979-05-27";

/// The text with a date instead of each value, with a missing variable instead of each text, and with each known key misspelled.
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
            let takes_any = |choice: &'static Value| choice["additionalProperties"].is_object();
            let is_known = !schema::at(path)
                .is_some_and(|node| schema::alternatives(node).into_iter().any(takes_any));
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

/// Whether two values are in the same entry, or one in a table above the other's: all pairs would take most of a minute.
fn is_near(read: &KeyPath, broken: &KeyPath) -> bool {
    let same = |index: usize| match (read.keys().get(index), broken.keys().get(index)) {
        (Some(read), Some(broken)) => read == broken,
        _ => true,
    };
    same(0) && (same(1) || broken.keys().len() == 2)
}

/// A new key must be added here as well, and so to the tests below.
#[test]
fn the_whole_stack_says_everything() {
    type Said = BTreeMap<*const Value, BTreeSet<String>>;
    fn read_value(schema: &'static Value, value: &DeValue<'_>, said: &mut Said) {
        match value {
            DeValue::Table(inner) => table(schema, inner, said),
            DeValue::Array(array) => {
                for choice in schema::alternatives(schema) {
                    for (element, items) in array.iter().zip(choice.get("items")) {
                        read_value(items, element.get_ref(), said);
                    }
                }
            }
            _ => {}
        }
    }
    fn table(schema: &'static Value, inner: &DeTable<'_>, said: &mut Said) {
        for choice in schema::alternatives(schema) {
            for (key, inner) in inner {
                if let Some(schema) = schema::schema_of(choice, key.get_ref()) {
                    said.entry(choice)
                        .or_default()
                        .insert(key.get_ref().to_string());
                    read_value(schema, inner.get_ref(), said);
                }
            }
        }
    }
    let mut said = Said::new();
    for whole in wholes() {
        let root = DeTable::parse(whole).unwrap();
        table(schema::resolved(), root.get_ref(), &mut said);
    }
    let definitions = schema::resolved()["$defs"].as_object().unwrap();
    let definitions = definitions
        .iter()
        .map(|(name, schema)| (name.as_str(), schema));
    for (name, schema) in definitions.chain([("File", schema::resolved())]) {
        for key in schema::properties(schema)
            .into_iter()
            .flat_map(|known| known.keys())
        {
            let schema: *const Value = schema;
            let is_said = said.get(&schema).is_some_and(|keys| keys.contains(key));
            assert!(is_said, "the stacks lack `{key}` of {name}");
        }
    }
}

#[test]
fn a_broken_value_gives_one_message() {
    for whole in wholes() {
        assert_eq!(told(whole), []);
    }
    let wrong: Vec<_> = wholes()
        .flat_map(each_broken)
        .map(|broken| (told(&broken.text), broken))
        .filter(|(told, broken)| told != from_ref(&broken.told))
        .map(|(told, broken)| format!("{} {:?}: {told:?}", broken.path, broken.told))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_broken_value_hides_no_other_mistake() {
    let mut wrong = Vec::new();
    for (from, to, code, culprit, reads) in MISTAKES {
        let whole = wholes()
            .find(|whole| whole.contains(from))
            .unwrap_or_else(|| panic!("{from}"));
        let text = whole.replacen(from, to, 1);
        let meaning = (*code, (*culprit).to_owned());
        assert_eq!(told(&text), from_ref(&meaning), "{to}");
        let reads: Vec<_> = reads.iter().map(|read| KeyPath::of_address(read)).collect();
        for broken in each_broken(&text) {
            if !reads.iter().any(|read| is_near(read, &broken.path)) {
                continue;
            }
            let may_hide = reads
                .iter()
                .any(|read| read.leads_to(&broken.path) || broken.path.leads_to(read));
            // A diagnostic of a list may show the broken element.
            let is_meaning = |(code, culprit): &Told| {
                let value = &broken.told.1;
                let shows_broken = culprit.len() > value.len() && culprit.contains(value);
                *code == meaning.0 && (*culprit == meaning.1 || shows_broken)
            };
            let told = told(&broken.text);
            let told_both =
                told.len() == 2 && told.contains(&broken.told) && told.iter().any(is_meaning);
            let hidden = may_hide && told == from_ref(&broken.told);
            if !told_both && !hidden {
                wrong.push(format!(
                    "{to} with {} {:?}: {told:?}",
                    broken.path, broken.told
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
