//! Lambda functions: their code, settings, roles, logs and permissions, from the first apply to the last trace.

use std::fs;

use gatestack::plan::{Options, Patterns};

use crate::support::program::{Folder, example, repository};
use crate::support::world::{World, somebody, stack_of, summary};

/// A stack with functions for routes and these settings of the first.
pub(crate) fn with_functions(settings: &str) -> String {
    let stack = stack_of(1, 1);
    let routes = "[api.routes]\n\"GET /hello\" = { function = \"hello\" }\n\"ANY /other/{proxy+}\" = { function = \"other\" }\n";
    let stack = stack.replace("[api.routes]\n", routes);
    format!(
        "{stack}\n[functions.hello]\nsource = \"examples/m2m-lambda/hello\"\n{settings}\n[functions.other]\nsource = \"examples/m2m-lambda/hello\"\n"
    )
}

const NAME: &str = "claims-hello";

fn agreed(to: &str) -> Options {
    Options {
        allow_delete: Patterns::new([to.to_owned()]),
        ..Options::default()
    }
}

/// The example, with its code, in a folder of its own.
pub(crate) fn m2m() -> (Folder, String) {
    let text = example("m2m-lambda");
    let folder = Folder::with(&text);
    copy_code(&folder);
    (folder, text)
}

pub(crate) fn copy_code(folder: &Folder) {
    let code = folder.path().join("hello");
    fs::create_dir(&code).unwrap();
    let file = repository("examples/m2m-lambda/hello/index.mjs");
    fs::copy(file, code.join("index.mjs")).unwrap();
}

#[test]
fn the_example_from_the_first_apply_to_the_last_trace() {
    let (folder, mut text) = m2m();
    folder.apply(&[]);
    assert_eq!(folder.planned(), [""; 0]);
    let code = folder.path().join("hello/index.mjs");
    let longer = fs::read_to_string(&code).unwrap() + "// more\n";
    fs::write(&code, longer).unwrap();
    let plan = folder.plan(&[]);
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:#?}");
    let fields = changes[0]["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 1, "{fields:#?}");
    assert_eq!(fields[0]["name"], "code");
    folder.apply(&[]);
    assert_eq!(folder.planned(), [""; 0], "after the code's change");

    let edits: [(&str, &str, &[&str]); 6] = [
        ("Hello from", "Hi from", &["update functions.hello"]),
        (
            "source      =",
            "memory = 256\nsource      =",
            &["update functions.hello"],
        ),
        (
            "source      =",
            "logs = { retention = \"90d\" }\nsource      =",
            &["update functions.hello/logs"],
        ),
        (
            "source      =",
            "tracing = true\nsource      =",
            &["update functions.hello", "update functions.hello/role"],
        ),
        (
            "[api.routes]\n",
            "[api.routes]\n\"GET /hi\" = { function = \"hello\", requires = { scopes = [\"hello/read\"] } }\n",
            &[
                "create api.routes.\"GET /hi\"",
                "create api.routes.\"GET /hi\"/permission",
                "update api/deployment",
            ],
        ),
        (
            "\"GET /hi\" = {",
            "\"GET /hey\" = {",
            &[
                "create api.routes.\"GET /hey\"",
                "create api.routes.\"GET /hey\"/permission",
                "delete api.routes.\"GET /hi\"",
                "delete api.routes.\"GET /hi\"/permission",
                "update api/deployment",
            ],
        ),
    ];
    for (from, to, planned) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
        folder.write(&text);
        let mut told = folder.planned();
        told.sort();
        assert_eq!(told, planned, "{to}");
        folder.apply(&[]);
        assert_eq!(folder.planned(), [""; 0], "after {to}");
    }
    let ran = folder.local(&["destroy", "--confirm", "m2m"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let left = folder.local(&["plan", "--destroy"]).stdout;
    assert!(left.contains("Nothing to destroy"), "{left}");
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_function_stays_after_its_stack() {
    let world = World::new();
    let text = with_functions("");
    world.apply(&text).await;
    let options = Options {
        destroy: true,
        allow_delete: Patterns::new(["**".to_owned()]),
        ..Options::default()
    };
    world.apply_with(&text, &options).await;
    assert_eq!(world.functions_roles_and_groups().await, [[""; 0]; 3]);
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_by_hand_is_seen_and_mended() {
    let world = World::new();
    let text = with_functions("environment = { GREETING = \"Hello\" }");
    world.apply(&text).await;
    assert_eq!(summary(&world.plan(&text).await), [""; 0]);
    let lambda = somebody!(world, aws_sdk_lambda);
    let policy = lambda.get_policy().function_name(NAME).send().await;
    let policy: serde_json::Value =
        serde_json::from_str(policy.unwrap().policy().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 1);
    let source = statements[0]["Condition"]["ArnLike"]["AWS:SourceArn"].as_str();
    assert!(source.unwrap().ends_with("/prod/GET/hello"), "{source:?}");

    // The permission goes.
    let sid = statements[0]["Sid"].as_str().unwrap();
    let removed = lambda.remove_permission().function_name(NAME);
    removed.statement_id(sid).send().await.unwrap();
    let mended = ["create api.routes.\"GET /hello\"/permission"];
    assert_eq!(summary(&world.plan(&text).await), mended);
    world.apply(&text).await;
    assert_eq!(summary(&world.plan(&text).await), [""; 0]);

    // Settings, the code, and what the function may do.
    let update = lambda.update_function_configuration().function_name(NAME);
    update.memory_size(1_024).send().await.unwrap();
    let update = lambda.update_function_configuration().function_name(NAME);
    let variables = aws_sdk_lambda::types::Environment::builder();
    let variables = variables.variables("GREETING", "Bye").build();
    update.environment(variables).send().await.unwrap();
    let iam = somebody!(world, aws_sdk_iam);
    let role = "claims-hello-eu-west-1";
    let attach = iam.attach_role_policy().role_name(role);
    let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    attach.policy_arn(arn).send().await.unwrap();
    let planned = world.plan(&text).await;
    assert_eq!(
        summary(&planned),
        ["update functions.hello", "update functions.hello/role"]
    );
    let change = &planned.changes[&gatestack::model::Address::new("functions.hello")];
    let fields: Vec<&str> = change.fields.iter().map(|field| field.name).collect();
    assert_eq!(fields, ["memory", "environment"]);
    assert!(!format!("{planned:?}").contains("Bye"), "no value is read");
    world.apply(&text).await;
    assert_eq!(summary(&world.plan(&text).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_route_that_calls_another_function_is_permitted_before_and_the_old_one_after() {
    let world = World::new();
    let text = with_functions("");
    world.apply(&text).await;
    let moved = text.replace(
        "\"GET /hello\" = { function = \"hello\" }",
        "\"GET /hello\" = { function = \"other\" }",
    );
    let plan = world.plan(&moved).await;
    let steps: Vec<String> = plan
        .steps
        .iter()
        .map(|step| step.address.to_string())
        .collect();
    let place = |what: &str| {
        let place = steps.iter().position(|step| step.contains(what));
        place.unwrap_or_else(|| panic!("{what}: {steps:#?}"))
    };
    assert!(place("\"GET /hello\"/permission") < place("api/deployment"));
    assert!(place("api/deployment") < place("permission/replaced"));
    world.apply(&moved).await;
    assert_eq!(summary(&world.plan(&moved).await), [""; 0]);
    let lambda = somebody!(world, aws_sdk_lambda);
    let policy = lambda.get_policy().function_name(NAME).send().await;
    assert!(policy.is_err(), "nothing may invoke it any more");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_and_fifty_routes_share_statements() {
    let routes = |count: usize| {
        let lines: String = (0..count)
            .map(|n| {
                format!(
                    "\"GET /orders{}/r{n}\" = {{ function = \"hello\" }}\n",
                    n % 3
                )
            })
            .collect();
        with_functions("").replace("[api.routes]\n", &format!("[api.routes]\n{lines}"))
    };
    let world = World::new();
    let few = routes(20);
    world.apply(&few).await;
    let lambda = somebody!(world, aws_sdk_lambda);
    let statements = async || {
        let policy = lambda.get_policy().function_name(NAME).send().await;
        let text = policy.unwrap().policy.unwrap();
        assert!(text.len() <= 20_480);
        let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
        policy["Statement"].as_array().unwrap().len()
    };
    assert_eq!(statements().await, 21);
    let many = routes(150);
    let plan = world.plan(&many).await;
    let told = summary(&plan);
    assert!(
        told.contains(&"update functions.hello/permission".to_owned()),
        "{told:#?}"
    );
    world.apply(&many).await;
    assert_eq!(summary(&world.plan(&many).await), [""; 0]);
    assert_eq!(statements().await, 4);
    world.apply(&few).await;
    assert_eq!(summary(&world.plan(&few).await), [""; 0]);
    assert_eq!(statements().await, 21);
}

#[tokio::test(start_paused = true)]
async fn what_others_put_at_a_function_goes_only_with_consent() {
    let world = World::new();
    let text = with_functions("");
    world.apply(&text).await;
    let lambda = somebody!(world, aws_sdk_lambda);
    let add = lambda
        .add_permission()
        .function_name(NAME)
        .statement_id("bucket");
    let add = add
        .action("lambda:InvokeFunction")
        .principal("s3.amazonaws.com");
    add.source_arn("arn:aws:s3:::bucket").send().await.unwrap();
    assert_eq!(
        summary(&world.plan(&text).await),
        [""; 0],
        "it is left alone"
    );

    let without = text.replace("\"GET /hello\" = { function = \"hello\" }\n", "");
    let at = without.find("[functions.hello]").unwrap();
    let next = without.find("[functions.other]").unwrap();
    let without = format!("{}{}", &without[..at], &without[next..]);
    let plan = world.plan(&without).await;
    let missing: Vec<String> = plan
        .missing_consent
        .keys()
        .map(ToString::to_string)
        .collect();
    assert!(
        missing.contains(&"functions.hello/other_statements".to_owned()),
        "{missing:?}"
    );
    world
        .apply_with(&without, &agreed("functions.hello/**"))
        .await;
    let gone = lambda.get_function().function_name(NAME).send().await;
    assert!(gone.is_err());
    assert_eq!(summary(&world.plan(&without).await), [""; 0]);
}

#[test]
fn a_secret_comes_from_its_source_and_is_in_no_output() {
    let secret = "Zk81mQw0Lx7sVb3nTp5rYc2d";
    let (folder, text) = m2m();
    let text = text.replace(
        "environment = {",
        "environment = { API_KEY = \"ssm:/m2m/key\",",
    );
    folder.write(&text);
    let told = folder.local(&["plan"]);
    assert_eq!(told.code, 1, "{}", told.stdout);
    assert!(
        told.stderr.contains("no parameter /m2m/key"),
        "{}",
        told.stderr
    );
    let existing = |value: &str| {
        let text = format!("[[parameters]]\nname = \"/m2m/key\"\nvalue = \"{value}\"\n");
        fs::write(folder.path().join("local-aws.toml"), text).unwrap();
    };
    existing(secret);
    let planned = folder.local(&["plan"]).stdout;
    assert!(planned.contains("ssm:/m2m/key, version 1"), "{planned}");
    assert!(planned.contains("GS160"), "{planned}");
    folder.apply(&[]);
    assert_eq!(folder.planned(), [""; 0]);
    existing("Another81mQw0Lx7sVb3nTp5r");
    assert_eq!(folder.planned(), ["update functions.hello"]);
    folder.apply(&[]);
    assert_eq!(folder.planned(), [""; 0]);
    assert!(!folder.everything_written().contains(secret));
}

#[test]
fn code_that_can_not_run_is_told_with_its_line() {
    let (folder, text) = m2m();
    for (edit, told) in [
        ("source      = \"nowhere\"", "nowhere"),
        ("source      = \"hello\"\nhandler = \"main.run\"", "main"),
        ("source      = \"hello\"\nruntime = \"python3.13\"", "hello"),
        (
            "source      = \"hello\"\npolicy = \"none.json\"",
            "none.json",
        ),
    ] {
        folder.write(&text.replace("source      = \"hello\"", edit));
        let ran = folder.local(&["validate"]);
        assert_eq!(ran.code, 1, "{edit}: {}", ran.stdout);
        assert!(ran.stderr.contains("[GS033]"), "{edit}: {}", ran.stderr);
        assert!(ran.stderr.contains("stack.toml:"), "{edit}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{edit}: {}", ran.stderr);
    }
}

#[test]
fn a_function_of_another_account_is_an_error_with_its_line() {
    let (folder, text) = m2m();
    let (before, rest) = text.split_once("source      =").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let arn = "arn:aws:lambda:eu-central-1:999999999999:function:theirs";
    folder.write(&format!("{before}existing = \"{arn}\"\n\n{after}"));
    let ran = folder.local(&["plan"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    for told in ["in account 999999999999", "[GS034]", "stack.toml:19:12"] {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
}
