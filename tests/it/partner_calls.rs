//! The calls of a partner, with the real program: apply, a token, an admitted call, and every kind of denied one, each with AWS's
//! response.

use std::time::Duration;

use aws_local::Service;
use aws_sdk_apigateway::config::{Credentials, Region};
use aws_sdk_apigateway::types::{Op, PatchOperation};

use crate::support::backend::Backend;
use crate::support::program::{Folder, Ran, example};

struct Calls {
    folder: Folder,
    backend: Backend,
}

impl Calls {
    /// The example with a second scope, a short timeout on claims, and a plan with little in it.
    fn begin() -> Self {
        let claims = r#""GET /claims"        = { http = "http://api.aws.com/claims", "#;
        let text = example("partner-api")
            .replace(
                r#"{ read = "read" }"#,
                r#"{ read = "read", write = "write" }"#,
            )
            .replace(claims, &format!("{claims}timeout = \"200ms\", "))
            .replacen(
                r#"scopes     = ["xxx-api/read"]"#,
                r#"scopes     = ["xxx-api/read", "xxx-api/write"]"#,
                1,
            )
            + "\n[plans.small]\nquota = { requests = 2, per = \"day\" }\n\
               \n[partners.small]\nplan = \"small\"\nscopes = [\"xxx-api/read\"]\n\
               \n[plans.slow]\nthrottle = { rate = 0.01, burst = 1 }\n\
               \n[partners.slow]\nplan = \"slow\"\nscopes = [\"xxx-api/read\"]\n\
               \n[app_clients.web]\nflows = [\"client_credentials\"]\nscopes = [\"xxx-api/read\"]\n\
               \n[api_keys.batch]\nplan = \"XXXPlan\"\n";
        let folder = Folder::with(&text);
        let calls = Self {
            folder,
            backend: Backend::start(),
        };
        calls.folder.apply(&["-q"]);
        calls
    }

    fn call(&self, words: &[&str]) -> Ran {
        let backend = ["--backend", &self.backend.port];
        self.folder.local(&[&["call"], words, &backend].concat())
    }

    /// An admitted call, and the request at the backend.
    fn admitted(&self, words: &[&str]) -> String {
        let ran = self.call(words);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (0, ""),
            "{words:?}\n{}",
            ran.stdout
        );
        let heard = self.backend.heard();
        let [head] = heard.as_slice() else {
            panic!("{words:?} {heard:?}")
        };
        head.clone()
    }

    /// A call that API Gateway denies: its status and error type, its body, and a piece of the hint.
    fn refused(&self, words: &[&str], status: u16, kind: &str, body: &str, hint: &str) {
        let ran = self.call(&[words, &["-i", "--fail"]].concat());
        assert_eq!(ran.code, 1, "{words:?}\n{}{}", ran.stdout, ran.stderr);
        let (head, said) = ran.stdout.split_once("\n\n").unwrap();
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{words:?}\n{head}"
        );
        assert!(
            head.contains(&format!("\nx-amzn-errortype: {kind}\n")),
            "{words:?}\n{head}"
        );
        assert!(
            head.contains("\naccess-control-allow-origin: *"),
            "{words:?}\n{head}"
        );
        assert_eq!(said, body, "{words:?}");
        let told = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.starts_with("hint: ") && told.contains(hint),
            "{words:?}\n{told}"
        );
    }

    /// A client for editing the API by hand.
    fn by_hand(&self) -> (aws_sdk_apigateway::Client, String) {
        let state = self.folder.path().join(".gatestack/local.json");
        let service = Service::at_file(&state, aws_local::Options::default()).unwrap();
        let config = aws_sdk_apigateway::Config::builder()
            .behavior_version_latest()
            .region(Region::new("ap-southeast-1"))
            .credentials_provider(Credentials::from_keys("someone", "else", None))
            .http_client(aws_local::connector(service))
            .build();
        let api = self.folder.local(&["output", "--raw", "api_id"]).stdout;
        (
            aws_sdk_apigateway::Client::from_conf(config),
            api.trim().to_owned(),
        )
    }
}

const UNAUTHORIZED: (u16, &str, &str) = (
    401,
    "UnauthorizedException",
    r#"{"message":"Unauthorized"}"#,
);
const FORBIDDEN: (u16, &str, &str) = (403, "ForbiddenException", r#"{"message":"Forbidden"}"#);

#[test]
fn a_partner_gets_in_with_token_and_key() {
    let calls = Calls::begin();
    let token = calls.folder.local(&["token", "acme"]);
    assert_eq!((token.code, token.stderr.as_str()), (0, ""));
    assert_eq!(token.stdout.lines().count(), 1);
    assert_eq!(token.stdout.split('.').count(), 3, "a JWT");

    let head = calls.admitted(&["acme", "GET", "/policies/7?x=1"]);
    assert!(head.starts_with("get /policies/7?x=1 http/1.1\n"), "{head}");
    assert!(head.contains("\nhost: api.aws.com\n"), "{head}");
    calls.admitted(&["acme", "GET", "/policies", "--scope", "xxx-api/read"]);
    // With or without `Bearer `, as Cognito authorizers take it.
    let bare = format!("Authorization: {}", token.stdout.trim());
    calls.admitted(&["acme", "get", "/policies", "-H", &bare]);

    let ran = calls.call(&["api_keys.batch", "GET", "/health", "-i"]);
    assert!(
        ran.stdout.starts_with("HTTP/1.1 200 OK\n"),
        "{}",
        ran.stdout
    );
    let ran = calls.call(&["acme", "GET", "/policies/7"]);
    assert_eq!(ran.stdout, r#"{"path":"/policies/7"}"#);
}

#[test]
fn whoever_lacks_token_or_key_is_refused_as_aws_does() {
    let calls = Calls::begin();
    let get = |more: &[&'static str], (status, kind, body): (u16, &str, &str), hint: &str| {
        let words = [&["acme", "GET", "/policies"], more].concat();
        calls.refused(&words, status, kind, body, hint);
    };
    get(
        &["--without", "token"],
        UNAUTHORIZED,
        "needs a token, and none was sent",
    );
    get(
        &["-H", "Authorization: Bearer garbage"],
        UNAUTHORIZED,
        "does not accept the token",
    );
    let hint = "needs a token with `xxx-api/read`, and this one has `xxx-api/write`";
    get(&["--scope", "xxx-api/write"], UNAUTHORIZED, hint);
    get(
        &["--without", "key"],
        FORBIDDEN,
        "needs an API key, and none was sent",
    );
    get(
        &["-H", "x-api-key: nobodys"],
        FORBIDDEN,
        "no usage plan of this stage has the API key",
    );
    let words = ["web", "GET", "/policies"];
    calls.refused(
        &words,
        FORBIDDEN.0,
        FORBIDDEN.1,
        FORBIDDEN.2,
        "app_clients.web has none",
    );
    let words = ["batch", "GET", "/policies"];
    calls.refused(
        &words,
        UNAUTHORIZED.0,
        UNAUTHORIZED.1,
        UNAUTHORIZED.2,
        "api_keys.batch gets none",
    );
    let no_route = "MissingAuthenticationTokenException";
    let body = r#"{"message":"Missing Authentication Token"}"#;
    let words = ["acme", "GET", "/polices"];
    calls.refused(&words, 403, no_route, body, "did you mean `GET /policies`?");
    let words = ["acme", "DELETE", "/policies"];
    calls.refused(
        &words,
        403,
        no_route,
        body,
        "`/policies` exists for `GET` only",
    );
    assert_eq!(
        calls.backend.heard(),
        Vec::<String>::new(),
        "the door was shut"
    );

    // -q keeps the hint quiet; without --fail an answer is a success.
    let ran = calls.call(&["acme", "GET", "/policies", "--without", "key", "-q"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let ran = calls
        .folder
        .local(&["token", "globex", "--scope", "xxx-api/write"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("invalid_scope"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("globex may ask for xxx-api/read"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_suspended_partner_is_refused_until_it_is_resumed() {
    let calls = Calls::begin();
    let text = std::fs::read_to_string(calls.folder.path().join("stack.toml")).unwrap();
    calls.admitted(&["acme", "GET", "/policies"]);
    calls
        .folder
        .write(&text.replace("[partners.acme]", "[partners.acme]\nenabled = false"));
    calls.folder.apply(&["-q"]);
    let (status, kind, body) = UNAUTHORIZED;
    calls.refused(
        &["acme", "GET", "/policies"],
        status,
        kind,
        body,
        "partners.acme is disabled in the file",
    );
    let token = calls.folder.local(&["token", "acme"]);
    assert_eq!((token.code, token.stdout.as_str()), (1, ""));
    assert!(
        token
            .stderr
            .contains("partners.acme is disabled in the file"),
        "{}",
        token.stderr
    );
    calls.admitted(&["globex", "GET", "/policies"]);
    calls.folder.write(&text);
    calls.folder.apply(&["-q"]);
    calls.admitted(&["acme", "GET", "/policies"]);
}

#[test]
fn quota_throttle_and_backend_have_their_own_refusals() {
    let calls = Calls::begin();
    for _ in 0..2 {
        calls.admitted(&["small", "GET", "/policies"]);
    }
    let body = r#"{"message":"Limit Exceeded"}"#;
    let hint = "used up the quota of plans.small: 2 requests a day";
    calls.refused(
        &["small", "GET", "/policies"],
        429,
        "LimitExceededException",
        body,
        hint,
    );
    calls.admitted(&["acme", "GET", "/policies"]);

    let body = r#"{"message":"Endpoint request timed out"}"#;
    let words = ["acme", "GET", "/claims"];
    calls.refused(
        &words,
        504,
        "InternalServerErrorException",
        body,
        "longer than the route's `timeout`",
    );
    calls.backend.heard();

    let mut away = Calls {
        backend: Backend::that_is_away(),
        ..calls
    };
    let body = r#"{"message":"Network error communicating with endpoint"}"#;
    let words = ["acme", "GET", "/policies"];
    away.refused(
        &words,
        504,
        "InternalServerErrorException",
        body,
        "--backend PORT",
    );
    away.backend = Backend::start();
    away.admitted(&["acme", "GET", "/policies"]);
}

#[test]
fn a_rollback_serves_what_was_before() {
    let calls = Calls::begin();
    let text = std::fs::read_to_string(calls.folder.path().join("stack.toml")).unwrap();
    let (old, new) = (
        "http://api.aws.com/policies/{id}",
        "http://api.aws.com/v2/policies/{id}",
    );
    let served = || {
        let head = calls.admitted(&["acme", "GET", "/policies/7"]);
        head.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(served(), "/policies/7");
    calls.folder.write(&text.replace(old, new));
    calls.folder.apply(&["-q"]);
    assert_eq!(served(), "/v2/policies/7");
    let ran = calls.folder.local(&["rollback", "--yes"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(served(), "/policies/7");
    calls.folder.apply(&["-q", "--forward"]);
    assert_eq!(served(), "/v2/policies/7");
}

#[test]
fn over_http_it_is_the_same_and_calls_are_throttled() {
    let calls = Calls::begin();
    let behind = ["--backend", &calls.backend.port];
    calls.folder.served(&behind, |url| {
        let call = || {
            let words = ["call", "slow", "GET", "/policies", "--endpoint-url", url];
            calls.folder.run(&words)
        };
        let first = call();
        assert_eq!(
            (first.code, first.stdout.as_str()),
            (0, r#"{"path":"/policies"}"#),
            "{}",
            first.stderr
        );
        let second = call();
        assert_eq!(
            (second.code, second.stdout.as_str()),
            (0, r#"{"message":"Too Many Requests"}"#)
        );
        let told = second
            .stderr
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(
            told.contains("plans.slow allows partners.slow 0.01 calls a second and 1 at once"),
            "{told}"
        );
    });
}

#[tokio::test]
async fn an_edit_is_served_once_it_is_deployed_and_an_apply_takes_it_back() {
    let calls = Calls::begin();
    let (apigateway, api) = calls.by_hand();
    let resources = apigateway
        .get_resources()
        .rest_api_id(&api)
        .send()
        .await
        .unwrap();
    let policies = resources
        .items()
        .iter()
        .find(|one| one.path() == Some("/policies"));
    let no_key = PatchOperation::builder()
        .op(Op::Replace)
        .path("/apiKeyRequired")
        .value("false")
        .build();
    apigateway
        .update_method()
        .rest_api_id(&api)
        .resource_id(policies.and_then(|one| one.id()).unwrap())
        .http_method("GET")
        .patch_operations(no_key)
        .send()
        .await
        .unwrap();
    let without_key = ["acme", "GET", "/policies", "--without", "key"];
    let (status, kind, body) = FORBIDDEN;
    calls.refused(&without_key, status, kind, body, "none was sent");
    // AWS's deployment dates have seconds, and it limits creates to fewer than one per second.
    std::thread::sleep(Duration::from_secs(1));
    apigateway
        .create_deployment()
        .rest_api_id(&api)
        .stage_name("prod")
        .send()
        .await
        .unwrap();
    calls.admitted(&without_key);
    calls.folder.apply(&["-q"]);
    calls.refused(&without_key, status, kind, body, "none was sent");
}
