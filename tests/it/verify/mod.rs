//! `verify` of the real program: a healthy stack has no difference, and every change by hand is reported by name.

mod hand;
mod probe;
mod routes;
mod ways;

use std::path::Path;

use aws_local::Service;
use gatestack::clock::Clock;
use serde_json::Value;

use crate::support::certificates::issued;
use crate::support::program::{Folder, Ran};
use crate::support::screen::{screen, with_filters};

use hand::Hand;
use ways::{WAYS, Way, break_it};

const REGION: &str = "eu-west-1";
const STATE: &str = ".gatestack/local.json";

/// A stack with everything that `verify` checks.
const STACK: &str = r#"
[stack]
name = "claims"
region = "eu-west-1"

[user_pool]
name = "Claims"
domain = "claims-${account.id}"

[resource_servers.claims]
scopes = { read = "read", write = "write" }

[load_balancer]
subnets = { vpc = "default", tags = { tier = "private" } }
listeners = { 80 = { to = 8080 } }
targets = { ips = ["172.31.128.10"] }

[api]
name = "claims"
stage = "prod"
cors = true
requires = { scopes = ["claims/read"], api_key = true }
DISABLED

[api.domain]
name = "api.example.com"
certificate = "CERTIFICATE"
base_paths = ["v1"]

[api.routes]
"GET /policies" = { http = "http://api.aws.com/policies", via = "load_balancer" }
"GET /policies/{id}" = { http = "http://api.aws.com/policies/{id}", via = "load_balancer" }
"POST /claims" = { mock = 201, requires = { scopes = ["claims/write"], api_key = true } }
"GET /health" = { mock = 200, requires = "nothing" }
"GET /later" = { mock = 200, requires = "nothing" }

[plans.standard]
throttle = { rate = 5, burst = 5 }
quota = { requests = 1000, per = "month" }

[partners.acme]
plan = "standard"
scopes = ["claims/read"]

[partners.zeta]
plan = "standard"
scopes = ["claims/write"]
"#;

/// A stack that was applied, in a state file of its own.
struct Applied {
    folder: Folder,
}

impl Applied {
    /// Applied in two steps, so that there is an older deployment, without `GET /later`.
    async fn new(more: &str) -> Self {
        let folder = Folder::with("");
        let service = service(folder.path());
        let certificate = issued(&service, REGION, "*.example.com").await;
        let text = STACK
            .replace("CERTIFICATE", &certificate)
            .replace("DISABLED", more);
        let later = "\"GET /later\" = { mock = 200, requires = \"nothing\" }\n";
        folder.write(&text.replace(later, ""));
        folder.apply(&[]);
        folder.write(&text);
        folder.apply(&[]);
        Self { folder }
    }

    /// Another folder with the same stack and the same AWS.
    fn copy(&self) -> Self {
        let text = std::fs::read_to_string(self.folder.path().join("stack.toml")).unwrap();
        let folder = Folder::with(&text);
        std::fs::create_dir_all(folder.path().join(".gatestack")).unwrap();
        std::fs::copy(self.folder.path().join(STATE), folder.path().join(STATE)).unwrap();
        Self { folder }
    }

    fn verify(&self, more: &[&str]) -> (Ran, Value) {
        let ran = self.folder.local(&[&["verify", "--json"], more].concat());
        let report = serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
        (ran, report)
    }
}

fn service(folder: &Path) -> Service {
    let options = aws_local::Options {
        clock: Clock::system(),
        ..aws_local::Options::default()
    };
    Service::at_file(&folder.join(STATE), options).unwrap()
}

/// What a report has to name.
#[derive(Clone, Copy, Debug)]
enum Named {
    /// This caller on this route.
    Call(&'static str, &'static str),
    /// This check of this address.
    Check(&'static str, &'static str),
}
use Named::{Call, Check};

/// Whether something in the report differs and bears that name.
fn names(report: &Value, named: Named) -> bool {
    let list = |name: &str| report[name].as_array().unwrap().clone();
    let differs =
        |one: &Value| one["result"] == "different" && one["differences"][0]["what"].is_string();
    match named {
        Call(route, caller) => list("calls").iter().any(|call| {
            let method_and_path = format!(
                "{} {}",
                call["method"].as_str().unwrap(),
                call["path"].as_str().unwrap()
            );
            differs(call) && method_and_path == route && call["caller"] == caller
        }),
        Check(check, about) => list("checks")
            .iter()
            .any(|one| differs(one) && one["check"] == check && one["about"] == about),
    }
}

fn shown(report: &Value) -> String {
    let mut lines = Vec::new();
    for call in report["calls"].as_array().unwrap() {
        for difference in call["differences"].as_array().into_iter().flatten() {
            lines.push(format!(
                "{} {} {}: {}",
                call["method"], call["path"], call["caller"], difference["what"]
            ));
        }
    }
    for check in report["checks"].as_array().unwrap() {
        for difference in check["differences"].as_array().into_iter().flatten() {
            lines.push(format!(
                "{} {}: {}",
                check["check"], check["about"], difference["what"]
            ));
        }
    }
    lines.join("\n")
}

fn healthy(applied: &Applied, more: &[&str]) {
    let (ran, report) = applied.verify(more);
    assert_eq!(shown(&report), "");
    assert_eq!(
        (ran.code, &report["summary"]["differences"]),
        (0, &Value::from(0))
    );
}

#[tokio::test]
async fn whatever_is_broken_on_aws_is_named() {
    let applied = Applied::new("").await;
    healthy(&applied, &["--include-writes"]);
    let missed: Vec<String> = std::thread::scope(|scope| {
        let copies: Vec<_> = WAYS.iter().map(|one| (one, applied.copy())).collect();
        let mut copies = copies.into_iter();
        let mut threads = Vec::new();
        loop {
            let some: Vec<_> = copies.by_ref().take(AT_ONE_THREAD).collect();
            if some.is_empty() {
                break;
            }
            threads.push(scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = { runtime }.enable_all().build().unwrap();
                runtime.block_on(missed_in(some))
            }));
        }
        let missed = threads.into_iter().map(|thread| thread.join().unwrap());
        missed.flatten().collect()
    });
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

const AT_ONE_THREAD: usize = 9;

/// What the reports of these broken stacks don't name.
async fn missed_in(broken: Vec<(&Way, Applied)>) -> Vec<String> {
    let mut missed = Vec::new();
    for ((way, named), broken) in broken {
        break_it(way, &Hand::on(broken.folder.path()).await).await;
        let (ran, report) = broken.verify(&[]);
        assert_eq!(ran.code, 1, "{way}: {}", shown(&report));
        for named in named.iter().filter(|named| !names(&report, **named)) {
            missed.push(format!("{way}: {named:?}\n{}", shown(&report)));
        }
    }
    missed
}

#[tokio::test]
async fn a_backend_that_is_down_is_no_refusal() {
    let applied = Applied::new("").await;
    // A port that was just free has no listener.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (ran, report) = applied.verify(&["--backend", &port.to_string()]);
    assert_eq!(ran.code, 1);
    assert!(
        names(&report, Call("GET /policies", "partners.acme")),
        "{}",
        shown(&report)
    );
    assert!(
        shown(&report).contains("is admitted, but the backend fails: 504"),
        "{}",
        shown(&report)
    );
    assert!(
        !names(&report, Call("GET /policies", "no token")),
        "{}",
        shown(&report)
    );
}

#[tokio::test]
async fn a_default_endpoint_that_is_open_is_named() {
    let applied = Applied::new("disable_default_endpoint = true").await;
    healthy(&applied, &[]);
    break_it(
        "default endpoint open",
        &Hand::on(applied.folder.path()).await,
    )
    .await;
    let (_, report) = applied.verify(&[]);
    assert!(
        shown(&report).contains("is admitted")
            || shown(&report).contains("instead of 403 Forbidden"),
        "{}",
        shown(&report)
    );
    assert!(
        names(&report, Check("applied", "api")),
        "{}",
        shown(&report)
    );
}

/// After a change of the file without an apply, that is reported, not an outdated stage.
#[test]
fn a_changed_file_does_not_put_the_stage_behind() {
    let text = include_str!("../../../stack.toml");
    let folder = Folder::with(text);
    folder.apply(&[]);
    folder.write(&text.replace("partner\"}", "world\"}"));
    let ran = folder.local(&["verify", "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(
        names(&report, Check("applied", "api.routes.\"GET /hello\"")),
        "{}",
        shown(&report)
    );
    assert!(
        !names(&report, Check("deployed", "api/deployment")),
        "{}",
        shown(&report)
    );
}

/// What the local AWS holds is not touched by verifying it.
#[tokio::test]
async fn the_local_aws_stays_as_it_is() {
    let applied = Applied::new("").await;
    let state = || std::fs::read(applied.folder.path().join(STATE)).unwrap();
    let before = state();
    healthy(&applied, &[]);
    assert!(before == state());
    assert_eq!(applied.folder.planned(), [""; 0]);
}

#[tokio::test]
async fn what_people_and_ci_servers_read() {
    let applied = Applied::new("").await;
    let folder = &applied.folder;
    with_filters(|| {
        insta::assert_snapshot!(
            "verify_healthy",
            screen(&folder.local(&["verify", "--junit", "verify.xml"]))
        );
        insta::assert_snapshot!(
            "verify_every_call",
            screen(&folder.local(&["verify", "-v"]))
        );
    });
    let junit = std::fs::read_to_string(folder.path().join("verify.xml")).unwrap();
    assert!(
        junit.contains("<testsuite name=\"GET /policies\""),
        "{junit}"
    );
    assert!(
        junit.contains("not tested: it may write: pass --include-writes"),
        "{junit}"
    );
    let hand = Hand::on(folder.path()).await;
    for way in ["method made open", "CORS header lost on 4xx"] {
        break_it(way, &hand).await;
    }
    let ran = folder.local(&["verify", "--junit", "verify.xml"]);
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("\"[0-9a-z]{6}\" in the file", "\"AUTHORIZER\" in the file");
    settings.bind(|| with_filters(|| insta::assert_snapshot!("verify_broken", screen(&ran))));
    let junit = std::fs::read_to_string(folder.path().join("verify.xml")).unwrap();
    assert!(
        junit.contains("<failure message=\"no token is admitted"),
        "{junit}"
    );
}

#[tokio::test]
async fn an_apply_may_end_with_a_verification() {
    let folder = Folder::with(include_str!("../../../stack.toml"));
    let ran = folder.local(&["apply", "--yes", "--verify"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("Verified: "), "{}", ran.stdout);
    assert!(ran.stdout.contains(" 0 differences"), "{}", ran.stdout);
    let ran = folder.local(&["apply", "--yes", "--verify", "--json"]);
    let last: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "verification");
    assert_eq!(last["verification"]["summary"]["differences"], 0);
}

#[test]
fn a_probe_is_for_aws() {
    let folder = Folder::with(include_str!("../../../stack.toml"));
    let ran = folder.local(&["verify", "--probe"]);
    assert_eq!(ran.code, 64, "{}", ran.stderr);
}
