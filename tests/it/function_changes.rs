//! Functions that get another name or another table, with an API and without one.

use std::time::Duration;

use gatestack::plan::{Options, Patterns};

use crate::functions::{m2m, with_functions};
use crate::support::program::unwrapped;
use crate::support::world::{World, stack_of, summary};

/// A function that no route calls, beside an API.
pub(crate) fn uncalled(function: &str) -> String {
    format!("{}\n{function}", stack_of(1, 1))
}

/// A stack of functions only.
pub(crate) fn alone(function: &str) -> String {
    format!("[stack]\nname = \"claims\"\nregion = \"eu-west-1\"\n\n{function}")
}

/// A function's table.
pub(crate) fn hello(settings: &str) -> String {
    format!("[functions.hello]\nsource = \"examples/m2m-lambda/hello\"\n{settings}\n")
}

/// Applies one file and then the other: exactly this is planned, the plan after it is empty, and a destroy leaves nothing.
pub(crate) async fn from_to(before: &str, after: &str, planned: &[&str]) {
    let world = World::new();
    world.apply(before).await;
    assert_eq!(summary(&world.plan(before).await), [""; 0], "{before}");
    let agreed = Options {
        allow_delete: Patterns::new(["**".to_owned()]),
        ..Options::default()
    };
    let plan = world.apply_with(after, &agreed).await;
    assert_eq!(summary(&plan), planned, "{after}");
    assert_eq!(summary(&world.plan(after).await), [""; 0], "{after}");
    world.destroy_with(after, &["**"]).await;
    assert_eq!(
        world.functions_roles_and_groups().await,
        [[""; 0]; 3],
        "{after}"
    );
}

/// Another name.
pub(crate) const RENAMED: &str = "name = \"greeter\"";

#[tokio::test(start_paused = true)]
async fn a_renamed_function_takes_its_role_logs_and_permissions_along() {
    let planned = [
        "update api.routes.\"GET /hello\"",
        "replace api.routes.\"GET /hello\"/permission",
        "update api/deployment",
        "replace functions.hello",
        "create functions.hello/logs",
        "delete functions.hello/logs//aws/lambda/claims-hello",
        "replace functions.hello/role",
    ];
    from_to(&with_functions(""), &with_functions(RENAMED), &planned).await;
}

#[tokio::test(start_paused = true)]
async fn a_renamed_function_without_a_route_or_an_api() {
    for stack in [uncalled, alone] {
        let planned = [
            "replace functions.hello",
            "create functions.hello/logs",
            "delete functions.hello/logs//aws/lambda/claims-hello",
            "replace functions.hello/role",
        ];
        from_to(&stack(&hello("")), &stack(&hello(RENAMED)), &planned).await;
    }
}

/// The same stack with the function in another table.
pub(crate) fn moved(text: &str, settings: &str) -> String {
    let table = text.replace(
        "[functions.hello]",
        &format!("[functions.greeting]\n{settings}"),
    );
    let table = table.replace("function = \"hello\"", "function = \"greeting\"");
    format!("{table}\n[[moved]]\nfrom = \"functions.hello\"\nto = \"functions.greeting\"\n")
}

#[tokio::test(start_paused = true)]
async fn a_moved_function_keeps_its_name_if_the_file_says_so() {
    let planned = [
        "update functions.greeting",
        "update functions.greeting/logs",
        "update functions.greeting/role",
    ];
    for text in [with_functions(""), uncalled(&hello("")), alone(&hello(""))] {
        let after = moved(&text, "name = \"claims-hello\"");
        from_to(&text, &after, &planned).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_moved_function_gets_the_name_of_its_table() {
    let planned = [
        "update api.routes.\"GET /hello\"",
        "replace api.routes.\"GET /hello\"/permission",
        "update api/deployment",
        "replace functions.greeting",
        "create functions.greeting/logs",
        "delete functions.greeting/logs//aws/lambda/claims-hello",
        "replace functions.greeting/role",
    ];
    let text = with_functions("");
    from_to(&text, &moved(&text, ""), &planned).await;
    for text in [uncalled(&hello("")), alone(&hello(""))] {
        from_to(&text, &moved(&text, ""), &planned[3..]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn functions_come_and_go_without_an_api() {
    let one = hello("");
    let two = format!("{one}\n{}", one.replace(".hello]", ".more]"));
    let created = [
        "create functions.more",
        "create functions.more/logs",
        "create functions.more/role",
    ];
    from_to(&alone(&one), &alone(&two), &created).await;
    let deleted = created.map(|line| line.replace("create", "delete"));
    let deleted: Vec<&str> = deleted.iter().map(String::as_str).collect();
    from_to(&alone(&two), &alone(&one), &deleted).await;
}

/// A day of the tests' AWS.
const DAY: Duration = Duration::from_secs(86_400);

/// On the first day of the tests' AWS, 2026-11-21, Lambda still makes functions with it, until 2027-02-01. It changes them until
/// 2027-03-03.
const ENDING: &str = "runtime = \"nodejs16.x\"";

#[tokio::test(start_paused = true)]
async fn a_function_with_an_ended_runtime_is_kept_and_not_changed() {
    let world = World::new();
    let text = alone(&hello(ENDING));
    world.apply(&text).await;
    let refused = async |text: &str, told: &str| {
        let problems = world
            .plan_with(text, &Options::default())
            .await
            .unwrap_err();
        let [problem] = &problems[..] else {
            panic!("{problems:#?}")
        };
        assert!(problem.what.contains(told), "{problem:#?}");
        assert!(problem.help.contains("nodejs24.x"), "{problem:#?}");
        problem.address.to_string()
    };
    world.clock.sleep(DAY * 73).await;
    assert_eq!(summary(&world.plan(&text).await), [""; 0]);
    let second = format!("{text}\n{}", hello(ENDING).replace(".hello]", ".more]"));
    let told = "Lambda makes no function with the runtime nodejs16.x any more";
    assert_eq!(refused(&second, told).await, "functions.more");
    let larger = alone(&hello(&format!("{ENDING}\nmemory = 256")));
    assert_eq!(
        summary(&world.plan(&larger).await),
        ["update functions.hello"]
    );

    world.clock.sleep(DAY * 30).await;
    assert_eq!(summary(&world.plan(&text).await), [""; 0]);
    let told = "Lambda changes no function with the runtime nodejs16.x any more";
    assert_eq!(refused(&larger, told).await, "functions.hello");
    // Its logs and its role are not Lambda's.
    let logs = alone(&hello(&format!(
        "{ENDING}\nlogs = {{ retention = \"90d\" }}"
    )));
    world.apply(&logs).await;
    let other = alone(&hello("runtime = \"nodejs24.x\""));
    world.apply(&other).await;
    world.destroy_with(&other, &["**"]).await;
}

#[test]
fn a_first_apply_with_an_ended_runtime_writes_nothing() {
    let (folder, text) = m2m();
    folder.write(&text.replace("source      =", "runtime = \"nodejs12.x\"\nsource      ="));
    for arguments in [&["plan"][..], &["plan", "--json"], &["apply", "--yes"]] {
        let ran = folder.local(arguments);
        assert_eq!(ran.code, 1, "{arguments:?}: {}", ran.stdout);
        let told = unwrapped(&(ran.stdout + &ran.stderr));
        let ended = "Lambda makes no function with the runtime nodejs12.x any more";
        assert!(told.contains(ended), "{arguments:?}: {told}");
    }
    assert!(
        folder
            .local(&["plan", "--destroy"])
            .stdout
            .contains("Nothing to destroy")
    );
}
