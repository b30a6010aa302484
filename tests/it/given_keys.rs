//! API keys whose value is given: read once, when a key is created, and written nowhere else.

use std::path::Path;

use serde_json::Value;

use crate::support::program::{Folder, Ran, record, unwrapped};

const STACK: &str = include_str!("../../stack.toml");
const VARIABLE: &str = "A_GIVEN_KEY";
const VALUE: &str = "given-by-a-variable-Xk4s9";
const OF_PARAMETER: &str = "given-by-a-parameter-Pw71z";
const OF_SECRET: &str = "given-by-a-secret-Qm82ya";

/// The stack with a key from each kind of source.
fn stack() -> String {
    let text = STACK.replace(
        "[partners.acme]\n",
        "[partners.acme]\nkey = \"env:A_GIVEN_KEY\"\n",
    );
    text + "\n[api_keys.parameter]\nplan = \"standard\"\nkey = \"ssm:/keys/one\"\n\
            [api_keys.secret]\nplan = \"standard\"\nkey = \"secretsmanager:keys/two#api_key\"\n\
            [api_keys.made]\nplan = \"standard\"\n"
}

fn existing() -> String {
    format!(
        "[[parameters]]\nname = \"/keys/one\"\nvalue = \"{OF_PARAMETER}\"\n\
         [[secrets]]\nname = \"keys/two\"\nvalue = '{{\"api_key\": \"{OF_SECRET}\"}}'\n"
    )
}

fn folder(text: &str) -> Folder {
    let folder = Folder::with(text);
    std::fs::write(folder.path().join("local-aws.toml"), existing()).unwrap();
    folder
}

/// Runs with the variable set, and this in GATESTACK_LOG.
fn with(folder: &Folder, value: &str, log: &str, arguments: &[&str]) -> Ran {
    let arguments = [&["--local"], arguments].concat();
    let mut command = folder.command(&arguments);
    let command = command.env(VARIABLE, value).env("GATESTACK_LOG", log);
    let ran = Ran::from(command.output().unwrap());
    record(&arguments, &ran.stdout);
    ran
}

/// The values of the local AWS's keys, in order.
fn values(folder: &Folder) -> Vec<String> {
    let state = std::fs::read_to_string(folder.path().join(".gatestack/local.json")).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    let mut values = Vec::new();
    collect(&state, &mut values);
    values.sort();
    values
}

fn collect(state: &Value, values: &mut Vec<String>) {
    if let Some(keys) = state.get("api_keys") {
        let text = keys.to_string();
        let given = [VALUE, OF_PARAMETER, OF_SECRET];
        values.extend(
            given
                .into_iter()
                .filter(|value| text.contains(value))
                .map(str::to_owned),
        );
    }
    match state {
        Value::Object(members) => members.values().for_each(|one| collect(one, values)),
        Value::Array(items) => items.iter().for_each(|one| collect(one, values)),
        _ => {}
    }
}

/// Everything in the files of a folder but the state of the local AWS and what it has from the beginning.
fn files(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(".gatestack") || path.ends_with("local-aws.toml") {
            continue;
        }
        text += &match path.is_dir() {
            true => files(&path),
            false => String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned(),
        };
    }
    text
}

#[test]
fn given_values_are_sent_once_and_written_nowhere() {
    let folder = folder(&stack());
    let mut written = String::new();
    let mut run = |value: &str, code: i32, arguments: &[&str]| {
        let ran = with(&folder, value, "trace", arguments);
        assert_eq!(
            ran.code, code,
            "{arguments:?}\n{}{}",
            ran.stdout, ran.stderr
        );
        let all = ran.stdout + &ran.stderr;
        written += &all;
        unwrapped(&all)
    };
    let shown = run(VALUE, 0, &["plan", "-vv"]);
    assert!(shown.contains("secretsmanager:keys/two#api_key"), "{shown}");
    run(VALUE, 0, &["plan", "--json"]);
    run(VALUE, 0, &["plan", "--out", "all.plan"]);
    run(VALUE, 0, &["apply", "all.plan", "-vv"]);
    assert_eq!(values(&folder), [OF_PARAMETER, OF_SECRET, VALUE]);
    // Later the values are not read: neither the variable nor what it holds matters.
    for value in ["", "another-value-of-20-characters"] {
        let shown = run(value, 0, &["plan", "-vv"]);
        assert!(shown.contains("No changes."), "{shown}");
    }
    run("", 0, &["apply", "--yes", "--json"]);
    let called = run(VALUE, 0, &["call", "acme", "GET", "/hello", "-vv"]);
    assert!(called.contains("hello"), "{called}");

    // Removed, the line changes nothing; any other line is refused.
    let text = stack();
    folder.write(&text.replace("key = \"env:A_GIVEN_KEY\"\n", ""));
    let shown = run(VALUE, 0, &["plan"]);
    assert!(shown.contains("No changes."), "{shown}");
    for (from, to) in [
        ("env:A_GIVEN_KEY", "env:ANOTHER"),
        ("[api_keys.made]\n", "[api_keys.made]\nkey = \"env:MADE\"\n"),
    ] {
        folder.write(&text.replace(from, to));
        let refused = run(VALUE, 1, &["plan"]);
        assert!(refused.contains("a key is never replaced"), "{refused}");
    }
    folder.write(&text);
    run(VALUE, 0, &["destroy", "--confirm", "hello", "-vv"]);
    written += &files(folder.path());
    for secret in [
        VALUE,
        OF_PARAMETER,
        OF_SECRET,
        "another-value-of-20-characters",
    ] {
        assert!(!written.contains(secret), "{secret} was written");
    }
}

#[test]
fn a_value_that_cannot_be_used_stops_before_the_first_change() {
    let folder = folder(&stack());
    for (value, existing, said) in [
        (
            None,
            existing(),
            "the environment variable A_GIVEN_KEY is not set",
        ),
        (
            Some("too-short"),
            existing(),
            "env:A_GIVEN_KEY has 9 characters",
        ),
        (Some(OF_PARAMETER), existing(), "has the value that"),
        (
            Some(VALUE),
            String::new(),
            "secretsmanager:keys/two#api_key: there is no such secret; nothing was written",
        ),
        (
            Some(VALUE),
            existing().replace("/keys/one", "/keys/three"),
            "ssm:/keys/one: there is no such parameter; nothing was written",
        ),
    ] {
        let folder_path = folder.path();
        let _absent = std::fs::remove_dir_all(folder_path.join(".gatestack"));
        std::fs::write(folder_path.join("local-aws.toml"), existing).unwrap();
        let mut command = folder.command(&["--local", "apply", "--yes"]);
        if let Some(value) = value {
            command.env(VARIABLE, value);
        }
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        for needed in [said, "stack.toml:", "hint: "] {
            assert!(
                unwrapped(&ran.stderr).contains(needed),
                "{needed}\n{}",
                ran.stderr
            );
        }
        assert!(!ran.stderr.contains("too-short"), "{}", ran.stderr);
        let planned = with(&folder, VALUE, "", &["plan"]);
        assert!(planned.stdout.contains("18 to add"), "{}", planned.stdout);
    }
}

#[test]
fn a_value_that_another_key_has_is_said_to_be_taken() {
    let folder = folder(&stack());
    assert_eq!(with(&folder, VALUE, "", &["apply", "--yes"]).code, 0);
    let key = "[partners.other]\nkey = \"env:A_GIVEN_KEY\"\n";
    let other = [
        ("name   = \"hello\"", "name   = \"other\""),
        ("name     = \"hello\"", "name     = \"other\""),
        ("hello-${account.id}", "other-${account.id}"),
        ("\"standard\"", "\"other\""),
        ("plans.standard", "plans.other"),
        ("[partners.acme]\n", key),
    ];
    let other = other
        .iter()
        .fold(STACK.to_owned(), |text, (from, to)| text.replace(from, to));
    folder.write(&other);
    let ran = with(&folder, VALUE, "", &["apply", "--yes"]);
    let said = unwrapped(&(ran.stdout + &ran.stderr));
    assert_eq!(ran.code, 1, "{said}");
    assert!(said.contains("has the value of env:A_GIVEN_KEY"), "{said}");
    assert!(!said.contains(VALUE), "{said}");
}

#[test]
fn a_value_in_the_file_is_refused_and_not_shown() {
    let folder = Folder::with(&stack().replace("env:A_GIVEN_KEY", VALUE));
    for arguments in [
        &["plan"][..],
        &["validate"],
        &["validate", "--json"],
        &["apply", "--yes", "-vv"],
    ] {
        let ran = folder.local(arguments);
        assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        let said = unwrapped(&(ran.stdout + &ran.stderr));
        assert!(said.contains("must say where the value is"), "{said}");
        assert!(!said.contains(VALUE), "{said}");
    }
    assert!(
        folder.local(&["plan"]).stderr.contains("stack.toml:25:"),
        "{}",
        folder.local(&["plan"]).stderr
    );
}
