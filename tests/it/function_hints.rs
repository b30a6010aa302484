//! What the program says of functions: in plans, after calls and failed builds, and of their files.

use std::fs;

use crate::support::program::{Folder, example, repository, unwrapped};

/// The example in a folder of its own, with this code.
fn folder_with(code: &str) -> (Folder, String) {
    let text = example("m2m-lambda");
    let folder = Folder::with(&text);
    fs::create_dir(folder.path().join("hello")).unwrap();
    fs::write(folder.path().join("hello/index.mjs"), code).unwrap();
    (folder, text)
}

fn folder() -> (Folder, String) {
    let code = repository("examples/m2m-lambda/hello/index.mjs");
    folder_with(&fs::read_to_string(code).unwrap())
}

#[test]
fn the_stacks_own_files_are_in_no_archive() {
    let (folder, text) = folder();
    let at = |name: &str| folder.path().join(name);
    fs::rename(at("hello/index.mjs"), at("index.mjs")).unwrap();
    fs::remove_dir(at("hello")).unwrap();
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#;
    fs::write(at("policy.json"), policy).unwrap();
    let text = text.replace("\"hello\"\nenv", "\".\"\npolicy = \"policy.json\"\nenv");
    folder.write(&text);
    folder.apply(&[]);
    folder.write(&format!("# More.\n{text}"));
    fs::write(at("stack.prod.toml"), "[stack]\nname = \"prod\"\n").unwrap();
    fs::write(at("local-aws.toml"), "").unwrap();
    assert_eq!(folder.planned(), [""; 0]);
    fs::write(at("policy.json"), policy.replace("s3:Get", "s3:Put")).unwrap();
    assert_eq!(folder.planned(), ["update functions.hello/role"]);
    fs::write(at("policy.json"), policy).unwrap();
    fs::write(at("more.toml"), "").unwrap();
    assert_eq!(folder.planned(), ["update functions.hello"]);
}

#[test]
fn a_failed_build_is_shown_once_and_machines_get_it() {
    let (folder, text) = folder();
    let build = |command: &str| {
        let lines = format!("source = \"made\"\nsources = [\"hello\"]\nbuild = \"{command}\"");
        text.replace("source      = \"hello\"", &lines)
    };
    folder.write(&build("printf 'no %s\\n' luck; exit 3"));
    let shown = |ran: &str| ran.matches("no luck").count();
    let ran = folder.local(&["apply", "--yes"]);
    assert_eq!((ran.code, shown(&ran.stderr)), (1, 1), "{}", ran.stderr);
    let quiet = folder.local(&["apply", "--yes", "-q"]);
    assert_eq!(shown(&quiet.stderr), 1, "{}", quiet.stderr);
    let ran = folder.local(&["apply", "--yes", "--json"]);
    let last = ran.stdout.lines().last().unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    let detail = &last["message"]["details"][0];
    assert_eq!(detail["address"], "functions.hello");
    let message = detail["message"].as_str().unwrap();
    assert!(
        message.contains("printf") && message.contains("status 3"),
        "{message}"
    );
    assert_eq!(detail["output"][0], "no luck");

    folder.write(&build("true"));
    let ran = folder.local(&["apply", "--yes"]);
    assert!(
        ran.stderr.contains("the build `true` did not make made"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_function_that_is_not_there_is_told_by_a_plan() {
    let (folder, text) = folder();
    let arn = "arn:aws:lambda:eu-central-1:123456789012:function:shared";
    folder.write(&format!(
        "{text}\"GET /shared\" = {{ function = \"shared\", requires = \"nothing\" }}\n[functions.shared]\nexisting = \"{arn}\"\n"
    ));
    let ran = folder.local(&["plan"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(
        ran.stderr
            .contains("[GS034]: there is no function `shared`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("stack.toml:"), "{}", ran.stderr);
    let role = "arn:aws:iam::123456789012:role/shared";
    let existing = format!(
        "[[roles]]\narn = \"{role}\"\n[[functions]]\narn = \"{arn}\"\nrole = \"{role}\"\ncode = \"export const handler = 1;\"\n"
    );
    fs::write(folder.path().join("local-aws.toml"), existing).unwrap();
    folder.apply(&[]);
    assert_eq!(folder.planned(), [""; 0]);
    let svg = folder.local(&["graph", "--format", "svg"]).stdout;
    assert!(svg.contains("To the function shared"), "{svg}");
    assert!(
        svg.contains("m2m-123456789012") && !svg.contains("${"),
        "{svg}"
    );
    // Without --local the account is not known.
    let svg = folder.run(&["graph", "--format", "svg"]).stdout;
    assert!(svg.contains("m2m-${account.id}"), "{svg}");
}

#[test]
fn a_permission_that_goes_is_shown_with_its_function() {
    let (folder, text) = folder();
    let text = format!("{text}\n[functions.other]\nsource = \"hello\"\n");
    folder.write(&text);
    folder.apply(&[]);
    folder.write(&text.replacen("{ function = \"hello\"", "{ function = \"other\"", 1));
    let plan = folder.local(&["plan"]).stdout;
    let line = "- api.routes.\"GET /hello\"/permission  delete permission on functions.hello\n";
    assert!(plan.contains(line), "{plan}");
}

#[test]
fn a_shorter_retention_is_agreed_to_by_the_logs() {
    let (folder, text) = folder();
    folder.apply(&[]);
    let shorter = "logs = { retention = \"7d\" }\nsource      =";
    folder.write(&text.replace("source      =", shorter));
    let plan = folder.local(&["plan"]).stdout;
    assert!(
        plan.contains("--allow-delete 'functions.hello/logs'"),
        "{plan}"
    );
    folder.apply(&["--allow-delete", "functions.hello/logs"]);
    assert_eq!(folder.planned(), [""; 0]);
}

#[test]
fn after_a_failed_call_the_function_and_its_logs_are_named() {
    let node = std::process::Command::new("node").arg("--version").output();
    if node.is_err() {
        // Nothing runs a function in JavaScript here.
        return;
    }
    let (folder, text) = folder_with("export const handler = async () => \"text\";\n");
    folder.apply(&[]);
    let call =
        |folder: &Folder| folder.local(&["call", "-f", "./stack.toml", "machine", "GET", "/hello"]);
    let hint = call(&folder).stderr;
    assert!(
        hint.contains("functions.hello failed, or returned"),
        "{hint}"
    );
    let logs = "gatestack --local logs -f ./stack.toml GET /hello";
    assert!(hint.contains(logs), "{hint}");
    let verified = folder.local(&["verify", "-f", "./stack.toml"]).stdout;
    assert!(verified.contains(logs), "{verified}");
    assert!(verified.contains("but the logs of"), "{verified}");

    folder.write(&text.replace("source      =", "concurrency = 0\nsource      ="));
    folder.apply(&[]);
    let hint = call(&folder).stderr;
    assert!(
        hint.contains("functions.hello has `concurrency = 0`"),
        "{hint}"
    );
}

#[test]
fn after_a_failed_call_the_functions_error_is_told() {
    let node = std::process::Command::new("node").arg("--version").output();
    if node.is_err() {
        // Nothing runs a function in JavaScript here.
        return;
    }
    let thrown =
        "export const handler = async () => { throw new TypeError(\"no such claim\"); };\n";
    let (folder, text) = folder_with(thrown);
    for alias in ["", "alias = \"live\"\n"] {
        folder.write(&text.replace("source      =", &format!("{alias}source      =")));
        folder.apply(&[]);
        let ran = folder.local(&["call", "machine", "GET", "/hello"]);
        let told = "functions.hello: TypeError: no such claim";
        assert!(ran.stderr.contains(told), "{alias}{}", ran.stderr);
        let ran = folder.local(&["verify"]);
        assert!(
            unwrapped(&ran.stdout).contains(told),
            "{alias}{}",
            ran.stdout
        );
        let ran = folder.local(&["logs", "GET", "/hello"]);
        assert!(
            ran.stdout.contains("no such claim"),
            "{alias}{}",
            ran.stdout
        );
    }
}
