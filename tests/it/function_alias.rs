//! Aliases of functions: the version that routes invoke, and going back to an earlier one.

use std::fs;

use aws_sdk_lambda::types::AliasRoutingConfiguration;
use gatestack::kinds::function_role::FUNCTION_TAG;
use gatestack::plan::{Options, Patterns};

use crate::function_changes::{RENAMED, from_to, moved};
use crate::functions::{m2m, with_functions};
use crate::support::program::Folder;
use crate::support::world::{World, somebody, summary};

const NAME: &str = "claims-hello";

/// A stack whose first function has an alias and these settings.
pub(crate) fn with_alias(settings: &str) -> String {
    with_functions(&format!("alias = \"live\"\n{settings}"))
}

/// The version that the alias points to.
async fn here(world: &World) -> String {
    let lambda = somebody!(world, aws_sdk_lambda);
    let alias = lambda.get_alias().function_name(NAME).name("live");
    alias.send().await.unwrap().function_version.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_function_is_a_version_and_nothing_else_is() {
    let world = World::new();
    world.apply(&with_alias("")).await;
    assert_eq!(summary(&world.plan(&with_alias("")).await), [""; 0]);
    assert_eq!(here(&world).await, "1");
    let lambda = somebody!(world, aws_sdk_lambda);
    let policy = lambda.get_policy().function_name(NAME).qualifier("live");
    let policy = policy.send().await.unwrap().policy.unwrap();
    assert!(policy.contains("/prod/GET/hello"), "{policy}");
    let plain = lambda.get_policy().function_name(NAME).send().await;
    assert!(plain.is_err(), "only the alias may be invoked");

    let more = with_alias("memory = 256");
    assert_eq!(
        summary(&world.plan(&more).await),
        ["update functions.hello", "update functions.hello/alias"]
    );
    world.apply(&more).await;
    assert_eq!(summary(&world.plan(&more).await), [""; 0]);
    assert_eq!(here(&world).await, "2");

    // What a version does not hold makes none.
    let reserved = with_alias("memory = 256\nconcurrency = 5");
    assert_eq!(
        summary(&world.plan(&reserved).await),
        ["update functions.hello"]
    );
    world.apply(&reserved).await;
    assert_eq!(here(&world).await, "2");

    // A change by hand reaches no caller, and is mended without a version.
    let update = lambda.update_function_configuration().function_name(NAME);
    update.memory_size(1_024).send().await.unwrap();
    assert_eq!(
        summary(&world.plan(&reserved).await),
        ["update functions.hello"]
    );
    world.apply(&reserved).await;
    assert_eq!(summary(&world.plan(&reserved).await), [""; 0]);
    assert_eq!(here(&world).await, "2");
}

#[tokio::test(start_paused = true)]
async fn an_alias_comes_and_goes_without_a_call_that_fails() {
    let world = World::new();
    let (plain, live) = (with_functions(""), with_alias(""));
    let next = live.replace("\"live\"", "\"next\"");
    world.apply(&plain).await;
    for (text, gone) in [
        (
            &live,
            "api.routes.\"GET /hello\"/permission/replaced/functions.hello",
        ),
        (&next, "functions.hello/alias"),
        (&plain, "functions.hello/alias"),
    ] {
        let plan = world.plan(text).await;
        let steps: Vec<&str> = plan
            .steps
            .iter()
            .map(|step| step.address.as_str())
            .collect();
        let places = |what: &str| {
            let places = steps.iter().enumerate().filter(|(_, step)| **step == what);
            let places: Vec<usize> = places.map(|(place, _)| place).collect();
            assert!(!places.is_empty(), "{what}: {steps:#?}");
            (places[0], places[places.len() - 1])
        };
        let (_, deployed) = places("api/deployment");
        let (permitted, _) = places("api.routes.\"GET /hello\"/permission");
        assert!(permitted < deployed, "{steps:#?}");
        assert!(deployed < places(gone).1, "{steps:#?}");
        world.apply(text).await;
        assert_eq!(summary(&world.plan(text).await), [""; 0], "{text}");
    }
    let lambda = somebody!(world, aws_sdk_lambda);
    let aliases = lambda.list_aliases().function_name(NAME).send().await;
    assert_eq!(aliases.unwrap().aliases(), []);
    world.destroy(&plain).await;
    let left = lambda.list_functions().send().await.unwrap();
    assert!(left.functions().is_empty(), "no version needs consent");
}

#[tokio::test(start_paused = true)]
async fn a_renamed_function_takes_its_alias_along() {
    let text = with_alias("");
    let planned = |key: &str| {
        [
            "update api.routes.\"GET /hello\"",
            "replace api.routes.\"GET /hello\"/permission",
            "update api/deployment",
            &format!("replace functions.{key}"),
            &format!("replace functions.{key}/alias"),
            &format!("create functions.{key}/logs"),
            &format!("delete functions.{key}/logs//aws/lambda/claims-hello"),
            &format!("replace functions.{key}/role"),
        ]
        .map(str::to_owned)
    };
    for (after, planned) in [
        (with_alias(RENAMED), planned("hello")),
        (moved(&text, ""), planned("greeting")),
    ] {
        from_to(&text, &after, &planned.each_ref().map(String::as_str)).await;
    }
    // The same function in another table.
    let same = moved(&text, "name = \"claims-hello\"");
    let planned = [
        "update functions.greeting",
        "update functions.greeting/logs",
        "update functions.greeting/role",
    ];
    from_to(&text, &same, &planned).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_done_to_an_alias_by_hand_is_seen_and_mended() {
    let world = World::new();
    world.apply(&with_alias("")).await;
    let text = with_alias("memory = 256");
    world.apply(&text).await;
    let lambda = somebody!(world, aws_sdk_lambda);
    let switch = |version: &str, share: f64| {
        let beside = AliasRoutingConfiguration::builder();
        let beside = match share > 0.0 {
            true => beside.additional_version_weights("1", share),
            false => beside.set_additional_version_weights(Some([].into())),
        };
        let update = lambda.update_alias().function_name(NAME).name("live");
        update
            .function_version(version)
            .routing_config(beside.build())
            .send()
    };
    // A share of the calls.
    switch("2", 0.25).await.unwrap();
    let plan = world.plan(&text).await;
    assert_eq!(summary(&plan), ["update functions.hello/alias"]);
    assert!(!plan.needs_forward);
    world.apply(&text).await;
    assert_eq!(summary(&world.plan(&text).await), [""; 0]);

    // Going back by hand is a rollback.
    switch("1", 0.0).await.unwrap();
    let plan = world.plan(&text).await;
    assert_eq!(summary(&plan), ["update functions.hello/alias"]);
    assert!(plan.needs_forward);
    let forward = Options {
        forward: true,
        ..Options::default()
    };
    world.apply_with(&text, &forward).await;
    assert_eq!(here(&world).await, "2");
    assert_eq!(summary(&world.plan(&text).await), [""; 0]);

    // A later version of somebody else's is not.
    let update = lambda.update_function_configuration().function_name(NAME);
    update.memory_size(1_024).send().await.unwrap();
    let published = lambda.publish_version().function_name(NAME).send().await;
    assert_eq!(published.unwrap().version(), Some("3"));
    switch("3", 0.0).await.unwrap();
    let plan = world.plan(&text).await;
    assert_eq!(
        summary(&plan),
        ["update functions.hello", "update functions.hello/alias"]
    );
    assert!(!plan.needs_forward);
    world.apply(&text).await;
    assert_eq!(summary(&world.plan(&text).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_alias_of_somebody_elses_is_in_the_way_or_taken_over() {
    let world = World::new();
    let plain = with_functions("");
    world.apply(&plain).await;
    let lambda = somebody!(world, aws_sdk_lambda);
    let published = lambda.publish_version().function_name(NAME).send().await;
    let version = published.unwrap().version.unwrap();
    let alias = lambda.create_alias().function_name(NAME).name("live");
    alias.function_version(version).send().await.unwrap();
    assert_eq!(summary(&world.plan(&plain).await), [""; 0], "left alone");

    let text = with_alias("");
    let problems = world.plan_with(&text, &Options::default()).await;
    let problems = problems.expect_err("an obstacle");
    let told = format!("{problems:?}");
    assert!(told.contains("functions.hello/alias"), "{told}");
    assert!(told.contains("--adopt"), "{told}");

    // Without consent, nothing of others goes with the function.
    let gone = Options {
        destroy: true,
        ..Options::default()
    };
    let plan = world.plan_with(&plain, &gone).await.unwrap();
    let going: Vec<&str> = plan
        .going_along
        .iter()
        .map(|one| one.address.as_str())
        .collect();
    assert_eq!(
        going,
        [
            "functions.hello/other_aliases",
            "functions.hello/other_versions"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_others_let_in_at_an_alias_goes_only_with_consent() {
    let world = World::new();
    world.apply(&with_alias("")).await;
    let lambda = somebody!(world, aws_sdk_lambda);
    let add = lambda
        .add_permission()
        .function_name(NAME)
        .qualifier("live");
    let add = add.statement_id("bucket").action("lambda:InvokeFunction");
    let add = add.principal("s3.amazonaws.com");
    add.source_arn("arn:aws:s3:::bucket").send().await.unwrap();
    let plain = with_functions("");
    let plan = world.plan(&plain).await;
    let missing: Vec<&str> = plan
        .missing_consent
        .keys()
        .map(gatestack::model::Address::as_str)
        .collect();
    assert_eq!(missing, ["functions.hello/alias/other_statements"]);
    let agreed = Options {
        allow_delete: Patterns::new(["functions.hello/alias/other_statements".to_owned()]),
        ..Options::default()
    };
    world.apply_with(&plain, &agreed).await;
    assert_eq!(summary(&world.plan(&plain).await), [""; 0]);
}

/// The addresses whose loss a destroy needs consent for.
async fn lost_by_others(world: &World, text: &str) -> Vec<String> {
    let gone = Options {
        destroy: true,
        ..Options::default()
    };
    let plan = world.plan_with(text, &gone).await.unwrap();
    let going = plan.going_along.iter();
    going.map(|one| one.address.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_others_let_in_at_a_version_goes_only_with_consent() {
    let world = World::new();
    let text = with_alias("");
    world.apply(&text).await;
    assert_eq!(lost_by_others(&world, &text).await, [""; 0]);
    let lambda = somebody!(world, aws_sdk_lambda);
    let add = lambda.add_permission().function_name(NAME).qualifier("1");
    let add = add.statement_id("bucket").action("lambda:InvokeFunction");
    add.principal("s3.amazonaws.com").send().await.unwrap();
    assert_eq!(
        lost_by_others(&world, &text).await,
        ["functions.hello/other_statements"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_role_and_the_logs_of_a_function_that_stays_go_only_with_consent() {
    let world = World::new();
    let text = with_functions("");
    world.apply(&text).await;
    let lambda = somebody!(world, aws_sdk_lambda);
    let function = lambda.get_function().function_name(NAME).send().await;
    let arn = function.unwrap().configuration.unwrap().function_arn;
    let untag = lambda.untag_resource().set_resource(arn);
    untag
        .tag_keys(gatestack::kinds::STACK_TAG)
        .send()
        .await
        .unwrap();
    let lost = [
        "functions.hello/logs/other_functions",
        "functions.hello/role/other_functions",
    ];
    assert_eq!(lost_by_others(&world, &text).await, lost);
    world.destroy_with(&text, &lost.map(|_| "**")).await;
    let left = world.functions_roles_and_groups().await;
    assert_eq!(left, [vec![NAME.to_owned()], Vec::new(), Vec::new()]);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_names_no_function_any_more_goes_with_the_stack() {
    let world = World::new();
    let text = with_functions("");
    world.apply(&text).await;
    let [_, roles, _] = world.functions_roles_and_groups().await;
    let untag = somebody!(world, aws_sdk_iam).untag_role();
    let untag = untag.role_name(&roles[0]);
    untag.tag_keys(FUNCTION_TAG).send().await.unwrap();
    world.destroy(&text).await;
    let left = world.functions_roles_and_groups().await;
    assert_eq!(left, [[""; 0]; 3]);
}

/// The example with an alias, applied, and the same with other code.
fn changed() -> (Folder, String) {
    let (folder, text) = m2m();
    let text = text.replace("source      =", "alias = \"live\"\nsource      =");
    folder.write(&text);
    folder.apply(&[]);
    let code = folder.path().join("hello/index.mjs");
    let other = fs::read_to_string(&code).unwrap();
    assert!(other.contains("statusCode: 200"));
    fs::write(&code, other.replace("statusCode: 200", "statusCode: 203")).unwrap();
    assert_eq!(
        folder.planned(),
        ["update functions.hello", "update functions.hello/alias"]
    );
    folder.apply(&[]);
    assert_eq!(folder.planned(), [""; 0]);
    (folder, text)
}

/// The status of a call.
fn called(folder: &Folder) -> u64 {
    let ran = folder.local(&["call", "machine", "GET", "/hello", "--include"]);
    let status = ran
        .stdout
        .lines()
        .next()
        .and_then(|line| line.split(' ').nth(1));
    let status = status.and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("{}{}", ran.stdout, ran.stderr))
}

#[test]
fn a_function_goes_back_in_one_call_and_stays_there() {
    let (folder, _) = changed();
    assert_eq!(called(&folder), 203);
    let ran = folder.local(&["rollback", "functions.hello", "--yes"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    // The other one is the lock.
    assert!(ran.stdout.contains("and 2 writes"), "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains("callers of functions.hello get version 1"),
        "{}",
        ran.stdout
    );
    assert_eq!(called(&folder), 200);

    let ran = folder.local(&["history", "functions.hello"]);
    assert!(
        ran.stdout.contains("is pinned to version 1"),
        "{}",
        ran.stdout
    );
    let ran = folder.local(&["history", "functions.hello", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["here"], "1");
    assert_eq!(report["chosen"], "2");
    assert_eq!(report["versions"][0]["version"], "2");
    assert_eq!(report["versions"][1]["ours"], true);

    // No pipeline undoes it.
    let ran = folder.local(&["apply", "--yes"]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stderr.contains("--forward"), "{}", ran.stderr);
    assert_eq!(called(&folder), 200);
    let ran = folder.local(&["verify"]);
    assert!(
        ran.stdout.contains("functions.hello/alias"),
        "{}",
        ran.stdout
    );

    let ran = folder.local(&["rollback", "functions.hello", "2", "--yes", "--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["from"], "1");
    assert_eq!(report["to"], "2");
    assert_eq!(folder.planned(), [""; 0], "it is not pinned any more");
    assert_eq!(called(&folder), 203);
    let ran = folder.local(&["rollback", "functions.hello", "2", "--yes"]);
    assert!(ran.stdout.contains("already"), "{}", ran.stdout);

    folder.local(&["rollback", "functions.hello", "--yes"]);
    let ran = folder.local(&["apply", "--yes", "--forward"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(called(&folder), 203);
}

#[test]
fn a_file_that_says_what_callers_went_back_to_needs_no_consent() {
    let (folder, _) = changed();
    let back = || {
        let ran = folder.local(&["rollback", "functions.hello", "--yes"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    };
    let write = |status: &str, by: &str| {
        let code = folder.path().join("hello/index.mjs");
        let text = fs::read_to_string(&code).unwrap();
        let (status, by) = (format!("statusCode: {status}"), format!("statusCode: {by}"));
        assert!(text.contains(&status), "{text}");
        fs::write(&code, text.replace(&status, &by)).unwrap();
    };
    back();
    write("203", "200");
    let plan = folder.plan(&[]);
    assert_eq!(plan["needs_forward"], false, "{plan:#}");
    folder.apply(&[]);
    assert_eq!(called(&folder), 200);
    assert_eq!(folder.planned(), [""; 0], "it is not pinned any more");
    let ran = folder.local(&["history", "functions.hello", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["here"], &report["chosen"]),
        (&"1".into(), &"1".into())
    );
    assert_eq!(
        report["versions"].as_array().unwrap().len(),
        2,
        "none was published"
    );

    // The next change is a version as ever, and a file with other code does not undo a rollback.
    write("200", "202");
    folder.apply(&[]);
    assert_eq!(called(&folder), 202);
    back();
    write("202", "200");
    assert_eq!(folder.plan(&[])["needs_forward"], true);
}

/// The weights of an alias in the state of the local AWS.
fn weights(held: &mut serde_json::Value) -> Option<&mut serde_json::Value> {
    if held.get("weights").is_some() {
        return held.get_mut("weights");
    }
    match held {
        serde_json::Value::Object(items) => items.values_mut().find_map(weights),
        serde_json::Value::Array(items) => items.iter_mut().find_map(weights),
        _ => None,
    }
}

#[test]
fn what_others_get_of_the_calls_is_told() {
    let (folder, _) = changed();
    let state = folder.path().join(".gatestack/local.json");
    let held = fs::read_to_string(&state).unwrap();
    let mut held: serde_json::Value = serde_json::from_str(&held).unwrap();
    let weights = weights(&mut held).expect("an alias");
    *weights = serde_json::json!({ "1": 0.9 });
    fs::write(&state, held.to_string()).unwrap();
    let history = |more: &[&str]| {
        let ran = folder.local(&[&["history", "functions.hello"], more].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    let told = history(&[])
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        told.contains(
            "points to version 2. It sends 10 % to version 2 and 90 % to version 1 of the calls"
        ),
        "{told}"
    );
    let report: serde_json::Value = serde_json::from_str(&history(&["--json"])).unwrap();
    assert_eq!(report["weights"], serde_json::json!({ "1": 90.0 }));
    let plan = folder.local(&["plan"]);
    assert!(
        plan.stdout.contains(
            r#"weights: "90 % of the calls get version 1" → "all calls get one version""#
        ),
        "{}",
        plan.stdout
    );
    // The version that it points to gets all of them.
    let ran = folder.local(&["rollback", "functions.hello", "2", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!ran.stdout.contains("already"), "{}", ran.stdout);
    assert_eq!(folder.planned(), [""; 0]);
}

#[test]
fn history_and_rollback_name_the_function_alike() {
    let (folder, _) = changed();
    for command in ["history", "rollback"] {
        let yes = &["--yes"][..usize::from(command == "rollback")];
        let ran = folder.local(&[&[command, "functions.hello", "--json"], yes].concat());
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["function"], "functions.hello", "{command}");
        assert_eq!(report["function_name"], "m2m-hello", "{command}");
    }
}

#[test]
fn there_is_no_way_back_without_a_version() {
    let (folder, text) = m2m();
    let refused = |arguments: &[&str], says: &str| {
        let ran = folder.local(&[&["rollback"], arguments, &["--yes"]].concat());
        assert_eq!(ran.code, 1, "{arguments:?}: {}", ran.stdout);
        assert!(ran.stderr.contains(says), "{arguments:?}: {}", ran.stderr);
    };
    refused(&["functions.hello"], "has no alias");
    refused(&["functions.other"], "makes no function");
    let ran = folder.local(&["rollback", "hello", "3", "--yes"]);
    assert_eq!(ran.code, 64, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("which is not a function"),
        "{}",
        ran.stderr
    );
    folder.write(&text.replace("source      =", "alias = \"live\"\nsource      ="));
    refused(&["functions.hello"], "is not applied");
    folder.apply(&[]);
    refused(&["functions.hello"], "nothing to go back to");
    refused(&["functions.hello", "9"], "has no version 9");
    for (alias, says) in [("9", "number of a version"), ("a b", "a space")] {
        let wrong = format!("alias = \"{alias}\"\nsource      =");
        folder.write(&text.replace("source      =", &wrong));
        let ran = folder.local(&["validate"]);
        assert_eq!(ran.code, 1, "{alias}");
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
}
