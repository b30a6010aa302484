//! `history` and `rollback`: the stage is switched back in one call, and to the newest deployment only with `--forward`.

macro_rules! assert_screen {
    ($name:literal, $code:literal, $ran:expr) => {{
        let ran = $ran;
        assert_eq!(ran.code, $code, "{}{}", ran.stdout, ran.stderr);
        with_filters(|| insta::assert_snapshot!($name, screen(&ran)));
    }};
}

mod by_hand;
mod functions;
mod served;
mod writes;

use aws_local::Service;
use aws_sdk_apigateway::types::{Op, PatchOperation};
use gatestack::clock::Clock;
use gatestack::engine::Silent;
use gatestack::kinds::deployment::history::{self, History, Way};
use gatestack::kinds::deployment::{Shows, shows};
use gatestack::model::Address;
use gatestack::plan::{Options, Plan};

use self::by_hand::{deploy_by_hand, open_by_hand};
use crate::support::program::{Folder, example};
use crate::support::screen::{screen, with_filters};
use crate::support::world::{World, carried_out, desired, stack_of, summary};

const SMALLEST: &str = include_str!("../../../stack.toml");

const HELLO: &str = "\"GET /hello\" = ";

/// The smallest stack with another public route for each of these paths.
fn with_routes(paths: &[&str]) -> String {
    let more: String = paths
        .iter()
        .map(|path| format!("\"GET {path}\" = {{ mock = 200, requires = \"nothing\" }}\n"))
        .collect();
    SMALLEST.replace(HELLO, &format!("{more}{HELLO}"))
}

/// A folder in which this was applied, one after the other.
fn applied(texts: &[String]) -> Folder {
    let folder = Folder::with(SMALLEST);
    for text in texts {
        folder.write(text);
        folder.apply(&[]);
    }
    folder
}

fn report(folder: &Folder) -> serde_json::Value {
    let ran = folder.local(&["history", "--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn callers_go_back_and_forward_again() {
    let folder = applied(&[with_routes(&["/old"]), with_routes(&["/new"])]);
    assert_screen!("history", 0, folder.local(&["history"]));
    let before = report(&folder);
    assert_screen!("rollback_unasked", 1, folder.local(&["rollback"]));
    assert_eq!(report(&folder), before, "nothing was changed");

    assert_screen!("rolled_back", 0, folder.local(&["rollback", "--yes"]));
    let after = report(&folder);
    assert_eq!(after["served"], before["deployments"][1]["id"]);
    assert_eq!(after["shows"], "held_back");
    assert_screen!("history_held_back", 0, folder.local(&["history"]));
    assert_screen!("plan_held_back", 0, folder.local(&["plan"]));
    assert_eq!(folder.plan(&[])["needs_forward"], true);
    assert_eq!(folder.plan(&["--forward"])["needs_forward"], false);
    assert_screen!(
        "nothing_to_go_back_to",
        1,
        folder.local(&["rollback", "--yes"])
    );

    // A run without a terminal does not undo a rollback.
    let refused = folder.local(&["apply", "--yes"]);
    assert_eq!(refused.code, 1);
    with_filters(|| insta::assert_snapshot!("apply_held_back", refused.stderr));
    assert_eq!(report(&folder)["shows"], "held_back");
    // Changes without a redeployment are allowed.
    folder.write(&with_routes(&["/new"]).replace("rate = 10", "rate = 20"));
    folder.apply(&["--target", "plans.standard"]);
    folder.write(&with_routes(&["/new"]));
    folder.apply(&["--target", "plans.standard"]);

    folder.apply(&["--forward"]);
    assert_eq!(report(&folder)["served"], before["served"]);
    assert_eq!(report(&folder)["shows"], "configured");
    assert!(folder.planned().is_empty());
}

#[test]
fn whoever_is_there_already_goes_nowhere() {
    let folder = applied(&[with_routes(&["/old"]), with_routes(&["/new"])]);
    let served = report(&folder)["served"].as_str().unwrap().to_owned();
    assert_screen!("already_there", 0, folder.local(&["rollback", &served]));
    let ran = folder.local(&["rollback", "--json", &served]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&json["changed"], &json["to"]),
        (&false.into(), &json["from"])
    );

    let ran = folder.local(&["rollback", "nobody"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("the API has no deployment nobody"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_named_deployment_may_be_the_newer_one() {
    let folder = applied(&[
        with_routes(&["/a"]),
        with_routes(&["/b"]),
        with_routes(&["/c"]),
    ]);
    let ids: Vec<String> = report(&folder)["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|deployed| deployed["id"].as_str().unwrap().to_owned())
        .collect();
    folder.local(&["rollback", "--yes", &ids[2]]);
    assert_eq!(report(&folder)["served"], ids[2].as_str());
    let ran = folder.local(&["rollback", "--yes", &ids[0]]);
    assert!(ran.stdout.contains("Rolled forward: "), "{}", ran.stdout);
    assert!(!ran.stdout.contains("pinned"), "{}", ran.stdout);
    assert_eq!(report(&folder)["shows"], "configured");
    // Without a name it is the one before, whatever was served in between.
    folder.local(&["rollback", "--yes"]);
    assert_eq!(report(&folder)["served"], ids[1].as_str());
}

#[test]
fn a_rollback_says_who_is_let_in() {
    let guarded = SMALLEST.replace("api_key = true", "api_key = false");
    let folder = applied(&[guarded, with_routes(&["/new"])]);
    let ran = folder.local(&["rollback", "--json", "--yes"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let access = |api_key: bool| serde_json::json!({ "token": true, "signature": false, "api_key": api_key });
    assert_eq!(
        json["differences"],
        serde_json::json!({
            "GET /hello": { "change": "access", "before": access(true), "after": access(false) },
            "GET /new": { "change": "gone" },
        })
    );
}

#[test]
fn a_saved_plan_holds_the_consent_to_lead_forward() {
    let folder = applied(&[with_routes(&["/old"]), with_routes(&["/new"])]);
    folder.local(&["rollback", "--yes"]);
    assert_eq!(folder.local(&["plan", "--out", "without.plan"]).code, 0);
    let refused = folder.local(&["apply", "without.plan"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("apply without.plan --forward"),
        "{}",
        refused.stderr
    );
    assert_eq!(
        folder
            .local(&["plan", "--forward", "--out", "with.plan"])
            .code,
        0
    );
    let ran = folder.local(&["apply", "with.plan"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(report(&folder)["shows"], "configured");

    folder.local(&["rollback", "--yes"]);
    folder.local(&["plan", "--out", "third.plan"]);
    assert_eq!(folder.local(&["apply", "third.plan", "--forward"]).code, 0);
}

/// The smallest stack with a route that needs this.
fn with_route_that_requires(what: &str) -> String {
    SMALLEST.replace(
        HELLO,
        &format!("\"GET /shut\" = {{ mock = 200, requires = {what} }}\n{HELLO}"),
    )
}

#[test]
fn back_to_an_open_route_needs_consent_by_its_name() {
    let open = with_route_that_requires("\"nothing\"");
    let shut = with_route_that_requires("{ api_key = true }");
    let folder = applied(&[open.clone(), shut.clone()]);
    let unasked = folder.local(&["rollback", "--yes"]);
    assert_screen!("back_to_an_open_route", 1, unasked);
    assert_eq!(report(&folder)["shows"], "configured");
    let agreed = [
        "rollback",
        "--yes",
        "--allow-delete",
        "api.routes.\"GET /shut\"",
    ];
    let ran = folder.local(&agreed);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(report(&folder)["shows"], "held_back");

    // What the file opens needs none.
    let folder = applied(&[open.clone(), shut]);
    folder.write(&open);
    assert_eq!(folder.local(&["rollback", "--yes"]).code, 0);
}

/// What is denied now counts as protected, whatever is configured: by hand, or by a rollback.
#[test]
fn an_apply_opens_nothing_that_is_refused_now() {
    let flag = "api.routes.\"GET /shut\"";
    let open = with_route_that_requires("\"nothing\"");
    let shut = with_route_that_requires("{ api_key = true }");
    let folder = applied(std::slice::from_ref(&shut));
    folder.write(&open);
    folder.apply(&["--allow-delete", flag]);
    let back = folder.local(&["rollback", "--yes"]);
    assert_eq!(back.code, 0, "{}", back.stderr);
    let plan = folder.plan(&["--forward"]);
    assert_eq!(plan["missing_consent"][0]["address"], flag, "{plan:#}");
    let refused = folder.local(&["apply", "--yes", "--forward"]);
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    assert!(refused.stderr.contains(flag), "{}", refused.stderr);
    assert_eq!(report(&folder)["shows"], "held_back");
    folder.apply(&["--forward", "--allow-delete", flag]);
    assert_eq!(report(&folder)["shows"], "configured");
}

/// A stage with another name would serve what was rolled back.
#[test]
fn another_stage_opens_nothing_that_is_refused_now() {
    let flag = "api.routes.\"GET /shut\"";
    let open = with_route_that_requires("\"nothing\"");
    let shut = with_route_that_requires("{ api_key = true }");
    let folder = applied(std::slice::from_ref(&shut));
    folder.write(&open);
    folder.apply(&["--allow-delete", flag]);
    let back = folder.local(&["rollback", "--yes"]);
    assert_eq!(back.code, 0, "{}", back.stderr);
    let renamed = open.replace("stage    = \"prod\"", "stage = \"v2\"");
    assert_ne!(renamed, open);
    folder.write(&renamed);
    for flags in [vec![], vec!["--forward"], vec!["--allow-delete", flag]] {
        let refused = folder.local(&[&["apply", "--yes"], &flags[..]].concat());
        assert_eq!(refused.code, 1, "{flags:?}: {}", refused.stdout);
    }
    folder.apply(&["--forward", "--allow-delete", flag]);
    // Without a rollback, another name makes nothing public.
    folder.write(&renamed.replace("\"v2\"", "\"v3\""));
    folder.apply(&[]);
}

#[tokio::test(start_paused = true)]
async fn what_was_opened_by_hand_and_not_deployed_is_not_opened_by_yes() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    open_by_hand(&world, &text).await;
    let names = |plan: &Plan| -> Vec<String> {
        let losses = plan.missing_consent.keys();
        losses.map(Address::to_string).collect()
    };
    // The file shuts it.
    assert_eq!(names(&world.plan(&text).await), [""; 0]);
    let name = "\"GET /things0/{id}\" = {";
    assert!(text.contains(name), "{text}");
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    let open = text.replace(
        line,
        &format!("{name} mock = 200, requires = \"nothing\" }}"),
    );
    let flag = "api.routes.\"GET /things0/{id}\"";
    assert_eq!(names(&world.plan(&open).await), [flag]);
    // A deployment of something else would take it along.
    let (text, open) = (stack_of(1, 2), "\"GET /things1/{id}\"");
    let options = Options {
        targets: gatestack::plan::Patterns::new([format!("api.routes.{open}")]),
        ..Options::default()
    };
    let plan = world.plan_with(&text, &options).await.unwrap();
    assert_eq!(names(&plan), [flag], "{:?}", summary(&plan));
    deploy_by_hand(&world, &text).await;
    assert_eq!(
        names(&world.plan_with(&text, &options).await.unwrap()),
        [""; 0]
    );
}

#[test]
fn a_deployment_whose_link_is_gone_is_refused() {
    let text = example("partner-api");
    let folder = Folder::with(&text);
    folder.apply(&[]);
    let named = "[load_balancer]\nname      = \"partner-api-2\"\n";
    folder.write(&text.replace("[load_balancer]\n", named));
    folder.apply(&[]);
    assert_screen!("history_without_a_link", 0, folder.local(&["history"]));
    assert_screen!("link_is_gone", 1, folder.local(&["rollback", "--yes"]));
    let report = report(&folder);
    assert_eq!(report["deployments"][1]["rollback"], "impossible");
    let named = report["deployments"][1]["id"].as_str().unwrap();
    assert_eq!(folder.local(&["rollback", "--yes", named]).code, 1);
    assert_eq!(report["served"], report["deployments"][0]["id"]);
}

#[test]
fn what_does_not_record_its_links_is_gone_back_to_by_name() {
    let folder = applied(&[with_routes(&["/old"]), with_routes(&["/new"])]);
    let state = folder.path().join(".gatestack/local.json");
    let text = std::fs::read_to_string(&state).unwrap();
    assert!(text.contains(" number:1 links:none"));
    std::fs::write(&state, text.replace(" number:1 links:none", "")).unwrap();
    assert_screen!(
        "links_not_recorded",
        1,
        folder.local(&["rollback", "--yes"])
    );
    let named = report(&folder)["deployments"][1]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ran = folder.local(&["rollback", "--yes", &named]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("warning:"), "{}", ran.stdout);
}

#[test]
fn nothing_is_deployed_before_the_first_apply() {
    let folder = Folder::with(SMALLEST);
    assert_screen!("history_of_nothing", 1, folder.local(&["history"]));
    assert_eq!(folder.local(&["rollback"]).code, 1);
}

async fn history_of(world: &World, text: &str) -> History {
    let reader = world.connection().await.reader();
    let history = history::history(&reader, &desired(text)).await.unwrap();
    history.expect("an API")
}

async fn shown(world: &World, text: &str) -> Shows {
    let observation = world.look(text).await;
    shows(&observation).expect("a stage").clone()
}

async fn lead(world: &World, text: &str, id: &str) {
    let connection = world.connection().await;
    let history = history_of(world, text).await;
    history.lead(&connection.writer(), id).await.unwrap();
    assert_eq!(connection.tally().count().writes, 1, "one call");
    let calls = connection.tally().by_operation();
    let flips = calls.get(&("API Gateway".to_owned(), "UpdateStage".to_owned()));
    assert_eq!(flips, Some(&1), "{calls:?}");
}
