//! `history` and `rollback`: the stage is switched back in one call, and to the newest deployment only with `--forward`.

use aws_local::Service;
use aws_sdk_apigateway::types::{Op, PatchOperation};
use gatestack::clock::Clock;
use gatestack::engine::Silent;
use gatestack::kinds::deployment::history::{self, History, Way};
use gatestack::kinds::deployment::{Shows, shows};
use gatestack::model::Address;
use gatestack::plan::{Options, Plan};

use crate::support::program::{Folder, example};
use crate::support::screen::{screen, with_filters};
use crate::support::world::{World, carried_out, desired, stack_of, summary};

const SMALLEST: &str = include_str!("../../stack.toml");

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

macro_rules! assert_screen {
    ($name:literal, $code:literal, $ran:expr) => {{
        let ran = $ran;
        assert_eq!(ran.code, $code, "{}{}", ran.stdout, ran.stderr);
        with_filters(|| insta::assert_snapshot!($name, screen(&ran)));
    }};
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

#[tokio::test(start_paused = true)]
async fn back_is_one_write_and_forward_is_one_write() {
    let world = World::new();
    let (first, second) = (stack_of(1, 1), stack_of(1, 2));
    world.apply(&first).await;
    world.apply(&second).await;
    let history = history_of(&world, &second).await;
    let previous = history.previous().unwrap();
    assert_eq!(previous.way, Way::Open);
    lead(&world, &second, &previous.id).await;
    let held = shown(&world, &second).await;
    assert!(
        matches!(&held, Shows::HeldBack { deployment, .. } if *deployment == previous.id),
        "{held:?}"
    );

    let plan = world.plan(&second).await;
    assert_eq!(summary(&plan), ["update api/deployment"]);
    let codes = |plan: &Plan| -> Vec<String> {
        let notes = plan.notes.iter();
        notes.map(|note| note.code.to_string()).collect()
    };
    assert!(plan.needs_forward);
    assert_eq!(codes(&plan), ["GS117"]);
    let connection = world.connection().await;
    let outcome = carried_out(&plan, &connection, &world.clock, &mut Silent).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    let calls = connection.tally().by_operation();
    assert_eq!(connection.tally().count().writes, 1, "{calls:#?}");
    assert_eq!(shown(&world, &second).await, Shows::Configured);
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_nobody_deployed_is_not_held_back() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    world.apply(&stack_of(1, 2)).await;
    world.apply(&text).await;
    let api = world.id(&text, "api").await;
    let model = world.apigateway().create_model();
    let model = model.rest_api_id(&api).name("Order");
    model
        .content_type("application/json")
        .schema("{}")
        .send()
        .await
        .unwrap();
    // What is served now was served before, too; it was deployed anew nonetheless.
    assert_eq!(shown(&world, &text).await, Shows::Behind);
    let plan = world.plan(&text).await;
    assert!(!plan.needs_forward);
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_file_leads_forward_too_and_keeps_where_callers_were() {
    let world = World::new();
    for routes in 1..=5 {
        world.apply(&stack_of(1, routes)).await;
    }
    let text = stack_of(1, 6);
    let oldest = history_of(&world, &text).await.deployments[4].id.clone();
    lead(&world, &text, &oldest).await;
    let plan = world.plan(&text).await;
    assert!(plan.needs_forward);
    let options = Options {
        forward: true,
        ..Options::default()
    };
    assert!(
        !world
            .plan_with(&text, &options)
            .await
            .unwrap()
            .needs_forward
    );
    world.apply(&text).await;
    // Five stay, and the one that was good enough to go back to.
    let history = history_of(&world, &text).await;
    assert!(history.deployment(&oldest).is_some());
    assert_eq!(history.deployments.len(), 6);
}

/// Opens the one route of `stack_of(_, 1)` by hand.
async fn open_by_hand(world: &World, text: &str) {
    let api = world.id(text, "api").await;
    let console = world.apigateway();
    let resources = console.get_resources().rest_api_id(&api).send().await;
    let resources = resources.unwrap();
    let resource = resources
        .items()
        .iter()
        .find(|one| one.path() == Some("/things0/{id}"));
    let replace = |path: &str, value: &str| {
        PatchOperation::builder()
            .op(Op::Replace)
            .path(path)
            .value(value)
            .build()
    };
    let update = console.update_method().rest_api_id(&api);
    update
        .resource_id(resource.unwrap().id().unwrap())
        .http_method("GET")
        .patch_operations(replace("/authorizationType", "NONE"))
        .patch_operations(replace("/apiKeyRequired", "false"))
        .send()
        .await
        .unwrap();
}

/// Deploys what is configured, as the console does, in the second of the last apply.
async fn deploy_by_hand(world: &World, text: &str) -> String {
    let api = world.id(text, "api").await;
    let deploy = world.apigateway().create_deployment().rest_api_id(&api);
    let made = deploy.stage_name("prod").send().await.unwrap();
    made.id().unwrap().to_owned()
}

fn notes<'a>(plan: &'a Plan, code: &str) -> Vec<(&'a str, &'a str)> {
    let notes = plan.notes.iter().filter(|note| note.code == code);
    notes
        .map(|note| (note.address.as_str(), note.text.as_str()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_route_opened_and_deployed_by_hand_is_open_now() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    open_by_hand(&world, &text).await;
    // Changed and not deployed.
    assert_eq!(shown(&world, &text).await, Shows::Behind);
    let plan = world.plan(&text).await;
    let [(address, said)] = notes(&plan, "GS131")[..] else {
        panic!("{:?}", plan.notes);
    };
    assert_eq!(address, "api.routes.\"GET /things0/{id}\"");
    assert!(
        said.starts_with("configured to need neither a token nor an API key"),
        "{said}"
    );
    assert!(said.contains("not deployed"), "{said}");

    let theirs = deploy_by_hand(&world, &text).await;
    let unknown = shown(&world, &text).await;
    assert!(
        matches!(&unknown, Shows::Unknown { deployment, .. } if *deployment == theirs),
        "{unknown:?}"
    );
    let plan = world.plan(&text).await;
    let [(address, said)] = notes(&plan, "GS131")[..] else {
        panic!("{:?}", plan.notes);
    };
    assert_eq!(address, "api.routes.\"GET /things0/{id}\"");
    assert!(
        said.starts_with("open now, against the file: callers of the stage prod need neither a token nor an API key"),
        "{said}"
    );
    let [(address, said)] = notes(&plan, "GS132")[..] else {
        panic!("{:?}", plan.notes);
    };
    assert_eq!(address, "api/deployment");
    assert!(
        said.contains(&theirs) && said.contains("GET /things0/{id} (open)"),
        "{said}"
    );
    assert!(!plan.needs_forward, "nothing was rolled back");
    world.apply(&text).await;
    assert_eq!(shown(&world, &text).await, Shows::Configured);
    assert_eq!(summary(&world.plan(&text).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_request_signed_for_aws_is_no_token() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let api = world.id(&text, "api").await;
    let signed = PatchOperation::builder().op(Op::Replace);
    let signed = signed.path("/authorizationType").value("AWS_IAM").build();
    let update = world.apigateway().update_method().rest_api_id(&api);
    let update = update.resource_id(resource_by_hand(&world, &api).await);
    let update = update.http_method("GET").patch_operations(signed);
    update.send().await.unwrap();
    deploy_by_hand(&world, &text).await;
    let plan = world.plan(&text).await;
    let [(_, said)] = notes(&plan, "GS132")[..] else {
        panic!("{:?}", plan.notes);
    };
    assert!(
        said.contains("GET /things0/{id} (AWS signature and API key)"),
        "{said}"
    );
    assert!(notes(&plan, "GS131").is_empty(), "{:?}", plan.notes);
}

/// Gives the one route of `stack_of(_, 1)` back what it needs, by hand.
async fn shut_by_hand(world: &World, text: &str) {
    let api = world.id(text, "api").await;
    let console = world.apigateway();
    let authorizers = console.get_authorizers().rest_api_id(&api).send().await;
    let authorizer = authorizers.unwrap().items()[0].id().unwrap().to_owned();
    let resource = resource_by_hand(world, &api).await;
    let replace = |path: &str, value: &str| {
        let patch = PatchOperation::builder().op(Op::Replace);
        patch.path(path).value(value).build()
    };
    let update = console.update_method().rest_api_id(&api);
    update
        .resource_id(resource)
        .http_method("GET")
        .patch_operations(replace("/authorizationType", "COGNITO_USER_POOLS"))
        .patch_operations(replace("/authorizerId", &authorizer))
        .patch_operations(replace("/apiKeyRequired", "true"))
        .send()
        .await
        .unwrap();
    let add = PatchOperation::builder().op(Op::Add);
    let add = add.path("/authorizationScopes").value("xxx-api/read");
    let update = console.update_method().rest_api_id(&api);
    let update = update.resource_id(resource_by_hand(world, &api).await);
    let update = update.http_method("GET").patch_operations(add.build());
    update.send().await.unwrap();
}

/// The path of the one route of `stack_of(_, 1)`.
async fn resource_by_hand(world: &World, api: &str) -> String {
    let resources = world.apigateway().get_resources().rest_api_id(api);
    let resources = resources.send().await.unwrap();
    let mut resources = resources.items().iter();
    let resource = resources.find(|one| one.path() == Some("/things0/{id}"));
    resource.unwrap().id().unwrap().to_owned()
}

/// What is done by hand beside a deployment that has the description of the newest of gatestack's.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Copied {
    /// The method is protected again.
    ShutAgain,
    /// It stays open.
    LeftOpen,
    /// There is another public method.
    OneMore,
    /// The digest in the description is another one.
    OtherDigest,
}

#[tokio::test(start_paused = true)]
async fn a_description_that_was_copied_is_not_believed() {
    for copied in [
        Copied::ShutAgain,
        Copied::LeftOpen,
        Copied::OneMore,
        Copied::OtherDigest,
    ] {
        for later in [0, 60] {
            Box::pin(copied_by_hand(copied, later)).await;
        }
    }
}

async fn copied_by_hand(copied: Copied, later: u64) {
    let case = format!("{copied:?}, {later} s later");
    let world = World::new();
    let text = stack_of(1, 1);
    Box::pin(world.apply(&text)).await;
    let api = Box::pin(world.id(&text, "api")).await;
    let console = world.apigateway();
    let deployments = console.get_deployments().rest_api_id(&api);
    let deployments = Box::pin(deployments.send()).await.unwrap();
    let [ours] = deployments.items() else {
        panic!("{deployments:?}");
    };
    world
        .clock
        .sleep(std::time::Duration::from_secs(later))
        .await;
    Box::pin(open_by_hand(&world, &text)).await;
    if copied == Copied::OneMore {
        let resource = Box::pin(resource_by_hand(&world, &api)).await;
        let method = console
            .put_method()
            .rest_api_id(&api)
            .resource_id(&resource);
        let method = method.http_method("POST").authorization_type("NONE");
        Box::pin(method.send()).await.unwrap();
        let mock = console.put_integration().rest_api_id(&api);
        let mock = mock.resource_id(&resource).http_method("POST");
        let mock = mock.r#type(aws_sdk_apigateway::types::IntegrationType::Mock);
        Box::pin(mock.send()).await.unwrap();
    }
    let mut description = ours.description().unwrap().to_owned();
    if copied == Copied::OtherDigest {
        let digest = description.find("sha256:").unwrap() + "sha256:".len();
        description.replace_range(digest..digest + 64, &"0".repeat(64));
    }
    let copy = console.create_deployment().rest_api_id(&api);
    let copy = copy.stage_name("prod").description(&description);
    let copy = Box::pin(copy.send()).await.unwrap().id.unwrap();
    if copied != Copied::LeftOpen {
        Box::pin(shut_by_hand(&world, &text)).await;
    }

    let unknown = Box::pin(shown(&world, &text)).await;
    assert!(
        matches!(&unknown, Shows::Unknown { deployment, .. } if *deployment == copy),
        "{case}: {unknown:?}"
    );
    let plan = Box::pin(world.plan(&text)).await;
    let [(address, said)] = notes(&plan, "GS131")[..] else {
        panic!("{case}: {:?}", plan.notes);
    };
    assert_eq!(address, "api.routes.\"GET /things0/{id}\"", "{case}");
    assert!(said.starts_with("open now"), "{case}: {said}");
    let [(_, said)] = notes(&plan, "GS132")[..] else {
        panic!("{case}: {:?}", plan.notes);
    };
    let one_more = said.contains("POST /things0/{id} (open, not in the file)");
    assert_eq!(one_more, copied == Copied::OneMore, "{case}: {said}");
    let changes = plan.changes.contains_key(&Address::new("api/deployment"));
    assert!(changes && !plan.needs_forward, "{case}");
    let history = Box::pin(history_of(&world, &text)).await;
    let back = history.previous().unwrap();
    assert_eq!(Some(back.id.as_str()), ours.id(), "{case}");
    assert_eq!(back.way, Way::Open, "{case}");

    Box::pin(world.apply(&text)).await;
    let now = Box::pin(shown(&world, &text)).await;
    assert_eq!(now, Shows::Configured, "{case}");
    let history = Box::pin(history_of(&world, &text)).await;
    assert_eq!(history.deployments.len(), 3, "{case}");
    assert!(!history.deployment(&copy).unwrap().is_ours(), "{case}");
    let plan = Box::pin(world.plan(&text)).await;
    assert_eq!(summary(&plan), [""; 0], "{case}");
}

/// All combinations of the served deployment: an apply without `--forward` ends at what is configured, unless the stage was
/// rolled back to a deployment of the stack's.
#[tokio::test(start_paused = true)]
async fn whatever_is_served_an_apply_deploys_the_file_or_asks_for_forward() {
    for served in [
        Served::Newest,
        Served::RolledBack,
        Served::Theirs,
        Served::TheirsAfterRollback,
        Served::RolledBackAfterTheirs,
    ] {
        for is_edited in [false, true] {
            for later in [0, 60] {
                Box::pin(ends_at_the_file(served, is_edited, later)).await;
            }
        }
    }
}

/// Which deployment the stage serves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Served {
    Newest,
    RolledBack,
    Theirs,
    TheirsAfterRollback,
    RolledBackAfterTheirs,
}

async fn ends_at_the_file(served: Served, is_edited: bool, later: u64) {
    let case = format!("{served:?}, edited by hand: {is_edited}, {later} s later");
    let world = World::new();
    let (first, text) = (stack_of(1, 1), stack_of(1, 2));
    Box::pin(world.apply(&first)).await;
    Box::pin(world.apply(&text)).await;
    let wait = std::time::Duration::from_secs(later);
    world.clock.sleep(wait).await;
    if is_edited {
        Box::pin(open_by_hand(&world, &text)).await;
    }
    let history = Box::pin(history_of(&world, &text)).await;
    let previous = history.previous().unwrap().id.clone();
    match served {
        Served::Newest => {}
        Served::RolledBack => Box::pin(lead(&world, &text, &previous)).await,
        Served::Theirs => drop(Box::pin(deploy_by_hand(&world, &text)).await),
        Served::TheirsAfterRollback => {
            Box::pin(lead(&world, &text, &previous)).await;
            Box::pin(deploy_by_hand(&world, &text)).await;
        }
        Served::RolledBackAfterTheirs => {
            Box::pin(deploy_by_hand(&world, &text)).await;
            Box::pin(lead(&world, &text, &previous)).await;
        }
    }
    let is_held = matches!(served, Served::RolledBack | Served::RolledBackAfterTheirs);
    let is_theirs = matches!(served, Served::Theirs | Served::TheirsAfterRollback);
    match Box::pin(shown(&world, &text)).await {
        Shows::Configured => assert!(served == Served::Newest && !is_edited, "{case}"),
        Shows::Behind => assert!(served == Served::Newest && is_edited, "{case}"),
        Shows::HeldBack { .. } => assert!(is_held, "{case}"),
        Shows::Unknown { .. } => assert!(is_theirs, "{case}"),
    }
    let plan = Box::pin(world.plan(&text)).await;
    assert_eq!(plan.needs_forward, is_held, "{case}");
    let changes = plan.changes.contains_key(&Address::new("api/deployment"));
    assert_eq!(changes, served != Served::Newest || is_edited, "{case}");
    assert_eq!(
        notes(&plan, "GS132").len(),
        usize::from(is_theirs),
        "{case}"
    );
    if is_theirs {
        let history = Box::pin(history_of(&world, &text)).await;
        let back = history.previous().unwrap();
        assert!(history.is_newest(back) && back.way == Way::Open, "{case}");
        assert_eq!(history.deployments[0].way, Way::Here, "{case}");
    }
    Box::pin(world.apply(&text)).await;
    assert_eq!(
        Box::pin(shown(&world, &text)).await,
        Shows::Configured,
        "{case}"
    );
    assert_eq!(
        summary(&Box::pin(world.plan(&text)).await),
        [""; 0],
        "{case}"
    );
}

/// Works by hand in the local AWS of a folder, on its API.
fn by_hand_in(folder: &Folder, work: impl AsyncFnOnce(aws_sdk_apigateway::Client, String)) {
    let options = aws_local::Options {
        clock: Clock::system(),
        ..aws_local::Options::default()
    };
    let state = folder.path().join(".gatestack/local.json");
    let service = Service::at_file(&state, options).unwrap();
    let credentials = aws_sdk_apigateway::config::Credentials::from_keys("someone", "else", None);
    let config = aws_sdk_apigateway::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_apigateway::config::Region::new("eu-central-1"))
        .credentials_provider(credentials)
        .http_client(aws_local::connector(service))
        .build();
    let console = aws_sdk_apigateway::Client::from_conf(config);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let apis = console.get_rest_apis().send().await.unwrap();
        let api = apis.items()[0].id().unwrap().to_owned();
        work(console, api).await;
    });
}

/// Deploys what is configured in the local AWS of a folder, as the console does.
fn deploy_in(folder: &Folder) {
    by_hand_in(folder, async |console, api| {
        let deploy = console.create_deployment().rest_api_id(api);
        deploy.stage_name("prod").send().await.unwrap();
    });
}

/// Opens `GET /hello` of the smallest stack by hand.
async fn open_hello(console: &aws_sdk_apigateway::Client, api: &str) {
    let resources = console.get_resources().rest_api_id(api).send().await;
    let resources = resources.unwrap();
    let mut resources = resources.items().iter();
    let hello = resources.find(|one| one.path() == Some("/hello")).unwrap();
    let replace = |path: &str, value: &str| {
        let patch = PatchOperation::builder().op(Op::Replace);
        patch.path(path).value(value).build()
    };
    let update = console.update_method().rest_api_id(api);
    update
        .resource_id(hello.id().unwrap())
        .http_method("GET")
        .patch_operations(replace("/authorizationType", "NONE"))
        .patch_operations(replace("/apiKeyRequired", "false"))
        .send()
        .await
        .unwrap();
}

/// What a run said, on one line.
fn said(folder: &Folder, code: i32, arguments: &[&str]) -> String {
    let ran = folder.local(arguments);
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    let words: Vec<&str> = ran.stdout.split_whitespace().collect();
    words.join(" ")
}

#[test]
fn what_a_canary_serves_is_served() {
    let folder = applied(&[SMALLEST.to_owned()]);
    by_hand_in(&folder, async |console, api| {
        open_hello(&console, &api).await;
        let canary = aws_sdk_apigateway::types::DeploymentCanarySettings::builder();
        let deploy = console.create_deployment().rest_api_id(api);
        let deploy = deploy.stage_name("prod");
        let canary = canary.percent_traffic(100.0).build();
        deploy.canary_settings(canary).send().await.unwrap();
    });
    let removal = "op=remove,path=/canarySettings";
    let sends = "A canary that gatestack did not make sends 100% of the callers of prod";
    let open = "GET /hello needs neither a token nor an API key";
    let history = said(&folder, 0, &["history"]);
    for says in [
        sends,
        open,
        removal,
        "callers of the stage prod outside of its canary don't see it yet",
    ] {
        assert!(history.contains(says), "no {says:?} in {history}");
    }
    let told = report(&folder);
    let id = &told["canary"]["deployment"];
    let mut deployments = told["deployments"].as_array().unwrap().iter();
    let canary = deployments.find(|one| one["id"] == *id).unwrap();
    assert_eq!(canary["methods"]["GET /hello"]["token"], false, "{told:#}");
    let plan = said(&folder, 0, &["plan"]);
    let open_now = "open now, against the file: the 100% of the callers of the stage prod that its canary serves";
    for says in [open_now, removal, "GET /hello (open)"] {
        assert!(plan.contains(says), "no {says:?} in {plan}");
    }
    assert!(!plan.contains("still refuses"), "{plan}");
    folder.apply(&[]);
    let history = said(&folder, 0, &["history"]);
    let configured = "Callers of the stage prod outside of its canary see what is configured.";
    for says in [sends, open, configured] {
        assert!(history.contains(says), "no {says:?} in {history}");
    }
    assert!(said(&folder, 0, &["plan"]).contains(open_now));
    let nowhere = folder.local(&["rollback", "--yes"]);
    assert_eq!(nowhere.code, 1, "{}", nowhere.stdout);
    assert!(nowhere.stderr.contains(removal), "{}", nowhere.stderr);
    let verified = said(&folder, 1, &["verify"]);
    assert!(
        verified.contains("canary that gatestack did not make"),
        "{verified}"
    );
    assert!(!verified.contains("501"), "{verified}");
}

#[test]
fn another_stage_that_lets_everybody_in_is_told() {
    let folder = applied(&[SMALLEST.to_owned()]);
    let stage = async |console: &aws_sdk_apigateway::Client, api: &str, name: &str| {
        let deploy = console.create_deployment().rest_api_id(api);
        deploy.stage_name(name).send().await.unwrap();
    };
    by_hand_in(&folder, async |console, api| {
        stage(&console, &api, "as-shut").await
    });
    assert!(!said(&folder, 0, &["plan"]).contains("GS135"));
    said(&folder, 0, &["verify"]);
    by_hand_in(&folder, async |console, api| {
        open_hello(&console, &api).await;
        stage(&console, &api, "theirs").await;
    });
    folder.apply(&[]);
    assert!(folder.planned().is_empty());
    let plan = said(&folder, 0, &["plan"]);
    for says in [
        "warning[GS135]: api/deployment: the stage theirs of this API",
        "Anyone may make calls there that the file restricts, by GET /hello;",
        "--stage-name theirs",
    ] {
        assert!(plan.contains(says), "no {says:?} in {plan}");
    }
    assert_eq!(plan.matches("GS135").count(), 1, "{plan}");
    let verified = said(&folder, 1, &["verify"]);
    assert!(
        verified.contains("the stage theirs of this API"),
        "{verified}"
    );
    let history = said(&folder, 0, &["history"]);
    for says in [
        "The stage theirs of this API is not the file's",
        "GET /hello needs neither a token nor an API key",
    ] {
        assert!(history.contains(says), "no {says:?} in {history}");
    }
    let beside: Vec<&str> = vec!["as-shut", "theirs"];
    let report = report(&folder);
    let named = report["beside"].as_array().unwrap().iter();
    let named: Vec<&str> = named.map(|one| one["stage"].as_str().unwrap()).collect();
    assert_eq!(named, beside);
}

/// The screens of `history`, `rollback`, and the plan.
#[test]
fn a_deployment_that_gatestack_did_not_make_is_unknown() {
    let folder = applied(&[with_routes(&["/old"]), with_routes(&["/new"])]);
    deploy_in(&folder);
    assert_screen!("history_unknown", 0, folder.local(&["history"]));
    let json = report(&folder);
    assert_eq!(json["shows"], "unknown");
    assert_eq!(json["deployments"][0]["rollback"], "served");
    assert_eq!(
        json["deployments"][0]["methods"]["GET /hello"],
        serde_json::json!({ "token": true, "signature": false, "api_key": true })
    );
    assert_screen!("plan_unknown", 0, folder.local(&["plan"]));
    let plan = folder.plan(&[]);
    assert_eq!(plan["needs_forward"], false);
    let verified = folder.local(&["verify"]);
    assert_eq!(verified.code, 1, "{}", verified.stdout);
    assert!(
        verified.stdout.contains("which gatestack did not"),
        "{}",
        verified.stdout
    );
    let ran = folder.local(&["rollback", "--yes"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let after = report(&folder);
    assert_eq!(after["shows"], "configured");
    assert_eq!(after["served"], json["deployments"][1]["id"]);
}

#[tokio::test(start_paused = true)]
async fn a_canary_made_by_hand_is_told() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    assert_eq!(notes(&world.plan(&text).await, "GS134"), []);
    let api = world.id(&text, "api").await;
    let deploy = world.apigateway().create_deployment().rest_api_id(&api);
    let made = deploy.send().await.unwrap().id.unwrap();
    let replace = |path: &str, value: &str| {
        let patch = PatchOperation::builder().op(Op::Replace);
        patch.path(path).value(value).build()
    };
    let update = world.apigateway().update_stage().rest_api_id(&api);
    update
        .stage_name("prod")
        .patch_operations(replace("/canarySettings/percentTraffic", "10"))
        .patch_operations(replace("/canarySettings/deploymentId", &made))
        .send()
        .await
        .unwrap();
    // The stage itself serves what is configured all the same.
    assert_eq!(shown(&world, &text).await, Shows::Configured);
    let history = history_of(&world, &text).await;
    let canary = history.canary.unwrap();
    assert_eq!(
        (canary.deployment.as_str(), canary.percent),
        (made.as_str(), 10.0)
    );
    let plan = world.plan(&text).await;
    let [(address, said)] = notes(&plan, "GS134")[..] else {
        panic!("{:?}", plan.notes);
    };
    assert_eq!(address, "api/deployment");
    assert!(said.contains("sends 10% of the callers"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_deployment_is_shown_and_no_candidate() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let api = world.id(&text, "api").await;
    let by_hand = world.apigateway().create_deployment();
    let by_hand = by_hand
        .rest_api_id(&api)
        .description("by hand")
        .send()
        .await
        .unwrap();
    world.apply(&stack_of(1, 2)).await;
    let history = history_of(&world, &text).await;
    let theirs = history.deployment(by_hand.id().unwrap()).unwrap();
    assert_eq!(theirs.way, Way::NotOurs);
    assert_eq!(theirs.description.as_deref(), Some("by hand"));
    let previous = history.previous().unwrap();
    assert!(previous.digest.is_some());
}
