//! Routes beside each other: `ANY`, greedy paths, and callers that the file disables.

use aws_sdk_apigateway::types::{AuthorizerType, IntegrationType, Op};
use proptest::prelude::*;
use serde_json::Value;

use super::hand::{Hand, patch};
use super::{Named, names, shown};
use crate::support::program::Folder;

/// A stack with a protected route beside a public greedy one.
const BESIDE: &str = r#"
[stack]
name = "claims"
region = "eu-west-1"

[user_pool]
name = "Claims"
domain = "claims-${account.id}"

[resource_servers.claims]
scopes = { read = "read", write = "write" }

[api]
name = "claims"
stage = "prod"
requires = { scopes = ["claims/read"] }

[api.routes]
"GET /admin" = { mock = 200 }
"ANY /{proxy+}" = { mock = 202, requires = "nothing" }

[plans.standard]

[partners.acme]
plan = "standard"
scopes = ["claims/read"]
"#;

fn verified(folder: &Folder, more: &[&str]) -> (i32, Value) {
    let ran = folder.local(&[&["verify", "--json"], more].concat());
    let report = serde_json::from_str(&ran.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
    (ran.code, report)
}

fn applied(text: &str) -> Folder {
    let folder = Folder::with(text);
    folder.apply(&[]);
    folder
}

/// The calls of a report, as `METHOD /path caller: result`.
fn calls(report: &Value) -> Vec<String> {
    let calls = report["calls"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    calls
        .map(|call| {
            format!(
                "{} {} {}: {}",
                text(&call["method"]),
                text(&call["path"]),
                text(&call["caller"]),
                text(&call["result"])
            )
        })
        .collect()
}

#[test]
fn a_path_is_called_by_the_verbs_that_a_greedy_route_answers() {
    let folder = applied(BESIDE);
    let (code, report) = verified(&folder, &[]);
    assert_eq!((code, shown(&report)), (0, String::new()));
    let told = calls(&report);
    for wanted in [
        "GET /admin no token: passed",
        "HEAD /admin anybody: passed",
        "OPTIONS /admin anybody: passed",
        "DELETE /admin anybody: not_tested",
    ] {
        assert!(
            told.iter().any(|call| call == wanted),
            "{wanted}\n{}",
            told.join("\n")
        );
    }
    let (_, report) = verified(&folder, &["--include-writes"]);
    let told = calls(&report);
    for verb in ["DELETE", "PATCH", "POST", "PUT"] {
        let wanted = format!("{verb} /admin anybody: passed");
        assert!(told.contains(&wanted), "{wanted}\n{}", told.join("\n"));
    }
}

#[test]
fn a_greedy_route_that_is_gone_is_named_on_the_paths_that_it_answers() {
    let folder = applied(BESIDE);
    let with = folder.path().join(".gatestack/local.json");
    let state = std::fs::read_to_string(&with).unwrap();
    folder.write(&BESIDE.replace(
        "\"ANY /{proxy+}\" = { mock = 202, requires = \"nothing\" }",
        "",
    ));
    folder.apply(&[]);
    folder.write(BESIDE);
    let (code, report) = verified(&folder, &[]);
    assert_eq!(code, 1);
    assert!(
        names(&report, Named::Call("HEAD /admin", "anybody")),
        "{}",
        shown(&report)
    );
    assert_ne!(state, std::fs::read_to_string(&with).unwrap());
}

#[test]
fn any_is_called_by_a_verb_that_has_no_route_of_its_own() {
    let routes = |verbs: &[&str]| {
        let lines: String = verbs
            .iter()
            .map(|verb| format!("\"{verb} /admin\" = {{ mock = 201, requires = \"nothing\" }}\n"))
            .collect();
        let any = "\"ANY /admin\" = { mock = 418 }\n";
        BESIDE.replace(
            "\"GET /admin\" = { mock = 200 }\n",
            &format!("{lines}{any}"),
        )
    };
    for (verbs, called) in [
        (&[][..], "GET"),
        (&["GET"], "HEAD"),
        (&["GET", "HEAD"], "OPTIONS"),
        (&["GET", "HEAD", "OPTIONS"], "DELETE"),
    ] {
        let folder = applied(&routes(verbs));
        let (code, report) = verified(&folder, &["--include-writes"]);
        assert_eq!((code, shown(&report)), (0, String::new()));
        let wanted = format!("{called} /admin no token: passed");
        let told = calls(&report);
        assert!(told.contains(&wanted), "{wanted}\n{}", told.join("\n"));
    }
    let all = ["GET", "HEAD", "OPTIONS", "DELETE", "PATCH", "POST", "PUT"];
    let (code, report) = verified(&applied(&routes(&all)), &["--include-writes"]);
    assert_eq!((code, shown(&report)), (0, String::new()));
    assert!(calls(&report).contains(&"ANY /admin no token: not_tested".to_owned()));
}

#[test]
fn a_scope_of_openid_on_one_route_leaves_the_others_tested() {
    let me = "\"GET /me\" = { mock = 200, requires = { scopes = [\"openid\"] } }\n";
    let text = BESIDE.replace("[api.routes]\n", &format!("[api.routes]\n{me}"));
    let (code, report) = verified(&applied(&text), &[]);
    assert_eq!((code, shown(&report)), (0, String::new()));
    let told = calls(&report);
    for wanted in [
        "GET /admin token of another pool: passed",
        "GET /me token of another pool: not_tested",
    ] {
        assert!(
            told.iter().any(|call| call == wanted),
            "{wanted}\n{}",
            told.join("\n")
        );
    }
}

#[test]
fn no_key_is_blamed_where_none_is_needed() {
    let folder = applied(BESIDE);
    // Half an apply: the route that is served still needs a key.
    folder.write(&BESIDE.replace("[\"claims/read\"] }", "[\"claims/read\"], api_key = true }"));
    folder.apply(&[]);
    folder.write(BESIDE);
    let (code, report) = verified(&folder, &[]);
    assert_eq!(code, 1);
    let helps: Vec<&str> = report["calls"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|call| call["path"] == "/admin" && call["method"] == "GET")
        .flat_map(|call| call["differences"].as_array().into_iter().flatten())
        .filter_map(|difference| difference["help"].as_str())
        .collect();
    assert!(!helps.is_empty(), "{report}");
    for help in helps {
        assert!(
            help.starts_with("the file asks for no API key here"),
            "{help}"
        );
    }
}

#[tokio::test]
async fn a_disabled_partner_gets_no_token_and_nothing_answers_it() {
    let text = BESIDE.replace("[partners.acme]", "[partners.acme]\nenabled = false");
    let folder = applied(&text);
    let (code, report) = verified(&folder, &[]);
    assert_eq!((code, shown(&report)), (0, String::new()));
    let told = calls(&report);
    assert!(
        told.contains(&"GET /admin partners.acme: passed".to_owned()),
        "{told:?}"
    );
    let token = |report: &Value| {
        let checks = report["checks"].as_array().unwrap().clone();
        checks
            .into_iter()
            .find(|check| check["check"] == "token" && check["about"] == "partners.acme")
            .unwrap()
    };
    assert_eq!(token(&report)["result"], "passed");
    let hand = Hand::on(folder.path()).await;
    hand.write_client(true, &["claims/read"]).await;
    let (code, report) = verified(&folder, &[]);
    assert_eq!(code, 1);
    assert!(
        names(&report, Named::Check("token", "partners.acme")),
        "{}",
        shown(&report)
    );
}

/// The local AWS checks no signatures and asks no function, so what it answers there says nothing.
#[tokio::test]
async fn what_the_local_aws_does_not_have_is_not_tested() {
    for (authorization, lacks) in [
        ("AWS_IAM", "methods with authorizationType AWS_IAM"),
        ("CUSTOM", "Lambda authorizers"),
    ] {
        let folder = applied(BESIDE);
        let hand = Box::pin(Hand::on(folder.path())).await;
        let mut patches = vec![patch(Op::Replace, "/authorizationType", authorization)];
        if authorization == "CUSTOM" {
            let made = hand.gateway.create_authorizer().rest_api_id(&hand.api);
            let made = made.name("theirs").r#type(AuthorizerType::Token);
            let made = made.identity_source("method.request.header.Authorization");
            let made = made.authorizer_uri(
                "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:x/invocations",
            );
            let id = Box::pin(made.send()).await.unwrap().id.unwrap();
            patches.push(patch(Op::Replace, "/authorizerId", &id));
        }
        hand.method("/admin", &patches).await;
        hand.deploy().await;
        let (code, report) = verified(&folder, &[]);
        // The route itself is not what the file says.
        assert_eq!(code, 1);
        let calls = report["calls"].as_array().unwrap().iter();
        let of_admin = calls.filter(|call| call["path"] == "/admin" && call["method"] == "GET");
        let of_admin: Vec<&Value> = of_admin.collect();
        assert!(!of_admin.is_empty());
        for call in of_admin {
            let told = call.to_string();
            assert_eq!(call["result"], "not_tested", "{told}");
            let reason = format!("the local AWS does not have {lacks}");
            assert!(told.contains(&reason), "{told}");
        }
    }
}

#[tokio::test]
async fn a_method_that_only_the_served_deployment_has_is_called() {
    let greedy = "\"ANY /{proxy+}\" = { mock = 202, requires = \"nothing\" }";
    let folder = applied(&BESIDE.replace(greedy, ""));
    let hand = Hand::on(folder.path()).await;
    let put = hand.gateway.put_method().rest_api_id(&hand.api);
    let put = put.resource_id(&hand.paths["/admin"]).http_method("HEAD");
    put.authorization_type("NONE").send().await.unwrap();
    let put = hand.gateway.put_integration().rest_api_id(&hand.api);
    let put = put.resource_id(&hand.paths["/admin"]).http_method("HEAD");
    let put = put
        .r#type(IntegrationType::Http)
        .uri("http://a.example.com/");
    put.integration_http_method("GET").send().await.unwrap();
    hand.deploy().await;
    hand.delete_method("/admin", "HEAD").await;
    let (code, report) = verified(&folder, &[]);
    assert_eq!(code, 1);
    let call = Named::Call("HEAD /admin", "anybody");
    assert!(names(&report, call), "{}", shown(&report));
    let deployed = Named::Check("deployed", "api/deployment");
    assert!(names(&report, deployed), "{}", shown(&report));
}

/// Paths that fit beside each other: one variable part below each.
const PATHS: [&str; 10] = [
    "/",
    "/a",
    "/a/b",
    "/a/{x}",
    "/a/{x}/c",
    "/a/b/{more+}",
    "/b",
    "/b/c",
    "/b/{rest+}",
    "/{proxy+}",
];
const VERBS: [&str; 6] = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "ANY"];
const REQUIRES: [&str; 7] = [
    "\"nothing\"",
    "{ api_key = true }",
    "{ scopes = [\"claims/read\"] }",
    "{ scopes = [\"claims/read\", \"claims/write\"], api_key = true }",
    "{ scopes = [\"claims/write\"], api_key = true }",
    "{ token = \"id\" }",
    "{ scopes = [\"openid\"] }",
];

fn random_stack() -> impl Strategy<Value = String> {
    let name = (
        prop::sample::select(&VERBS[..]),
        prop::sample::select(&PATHS[..]),
    );
    let requires = prop::option::of(prop::sample::select(&REQUIRES[..]));
    (
        prop::collection::btree_map(name, requires, 1..9),
        prop::sample::select(&REQUIRES[..]),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(routes, default, cors, disabled)| {
            let lines: String = routes
                .iter()
                .enumerate()
                .map(|(place, ((verb, path), requires))| {
                    let requires = requires
                        .map_or(String::new(), |requires| format!(", requires = {requires}"));
                    format!(
                        "\"{verb} {path}\" = {{ mock = {}{requires} }}\n",
                        200 + place
                    )
                })
                .collect();
            let head = BESIDE.split("[api.routes]").next().unwrap();
            let head = head.replace(
                "requires = { scopes = [\"claims/read\"] }",
                &format!("requires = {default}\ncors = {cors}"),
            );
            format!(
                "{head}[api.routes]\n{lines}\n[plans.standard]\n[plans.other]\n\
                 [partners.acme]\nplan = \"standard\"\nscopes = [\"claims/read\"]\nenabled = {}\n\
                 [partners.zeta]\nplan = \"other\"\nscopes = [\"claims/read\", \"claims/write\"]\n",
                !disabled
            )
        })
}

/// `PROPTEST_CASES` asks for more than a few.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, max_shrink_iters: 40, ..ProptestConfig::default() })]

    /// What was just applied matches the file, whatever the routes.
    #[test]
    fn an_applied_stack_has_no_difference(text in random_stack(), writes in any::<bool>()) {
        let folder = applied(&text);
        let more: &[&str] = if writes { &["--include-writes"] } else { &[] };
        let (code, report) = verified(&folder, more);
        prop_assert_eq!((code, shown(&report)), (0, String::new()), "{}", text);
    }
}
