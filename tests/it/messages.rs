//! Messages about wrong command lines, files and environments.

use std::process::Command;

use crate::support::program::{Folder, Ran, repository};

const SMALLEST: &str = include_str!("../../stack.toml");

fn with_environment(folder: &Folder, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatestack"));
    command
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .envs(variables.iter().copied());
    Ran::from(command.output().unwrap())
}

/// A stack whose rate is a variable.
fn with_rate() -> Folder {
    let text = SMALLEST.replace("rate = 10", "rate = \"${var.rate}\"");
    Folder::with(&(text + "\n[vars]\nrate = 10\nname = \"x\"\n"))
}

/// The rate that a plan wants.
fn rate(ran: &Ran) -> f64 {
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    let plan = changes
        .iter()
        .find(|one| one["address"] == "plans.standard");
    let fields = plan.unwrap()["fields"].as_array().unwrap();
    let throttle = fields.iter().find(|field| field["name"] == "throttle");
    throttle.unwrap()["after"]["rate"].as_f64().unwrap()
}

#[test]
fn a_flag_goes_before_the_environment_before_a_file_before_the_stack_file() {
    let folder = with_rate();
    std::fs::write(folder.path().join("low.toml"), "rate = 1\n").unwrap();
    std::fs::write(folder.path().join("high.toml"), "rate = 2\nname = \"y\"\n").unwrap();
    let plan = ["--local", "plan", "--json"];
    let environment = [("GATESTACK_VAR_rate", "3")];
    let asked = |variables: &[(&str, &str)], more: &[&str]| {
        rate(&with_environment(
            &folder,
            variables,
            &[&plan, more].concat(),
        ))
    };
    assert_eq!(asked(&[], &[]), 10.0);
    let files = ["--var-file", "low.toml", "--var-file", "high.toml"];
    assert_eq!(asked(&[], &files[..2]), 1.0);
    assert_eq!(
        asked(&[], &files),
        2.0,
        "the later file goes before the earlier one"
    );
    assert_eq!(asked(&environment, &files), 3.0);
    let all = [&files[..], &["--var", "rate=4"]].concat();
    assert_eq!(asked(&environment, &all), 4.0);
}

#[test]
fn a_saved_plan_has_the_values_in_it_wherever_they_were_from() {
    let folder = with_rate();
    let environment = [("GATESTACK_VAR_rate", "3"), ("GATESTACK_VAR_other", "7")];
    let saved = with_environment(
        &folder,
        &environment,
        &["--local", "plan", "--out", "a.plan"],
    );
    assert_eq!(saved.code, 0, "{}", saved.stderr);
    let ran = folder.local(&["apply", "a.plan", "--var-file", "low.toml"]);
    assert_eq!(ran.code, 64);
    assert!(
        ran.stderr
            .contains("'--var-file' cannot be used with a saved plan"),
        "{}",
        ran.stderr
    );
    let ran = folder.local(&["apply", "a.plan"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let plan = with_environment(&folder, &environment, &["--local", "plan"]);
    assert!(plan.stdout.contains("No changes."), "{}", plan.stdout);
}

#[test]
fn values_without_a_variable_are_told() {
    let folder = with_rate();
    std::fs::write(folder.path().join("a.toml"), "\nraet = 1\n").unwrap();
    let environment = [
        ("GATESTACK_VAR_rat", "3"),
        ("GATESTACK_VAR_elsewhere", "s3cret"),
    ];
    let arguments = ["validate", "--var-file", "a.toml"];
    let ran = with_environment(&folder, &environment, &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for said in [
        "`GATESTACK_VAR_rat` is set, and `[vars]` has no `rat`",
        "did you mean `GATESTACK_VAR_rate`?",
        "`[vars]` has no `raet`, which a.toml:2:1 gives a value",
        "did you mean `rate`?",
        "`GATESTACK_VAR_elsewhere` is set",
    ] {
        assert!(ran.stderr.contains(said), "{said}\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
    let ran = with_environment(&folder, &[("GATESTACK_VAR_rate", "s3cret")], &["validate"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr
            .contains("the value of `GATESTACK_VAR_rate` must be an integer"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
}

#[test]
fn files_of_values_have_their_mistakes_told_by_place() {
    let folder = with_rate();
    let path = folder.path().join("a.toml");
    for (text, said) in [
        ("rate = 1\nname = y\n", "error: a.toml:2:"),
        (
            "\nrate = [1]\n",
            "error: a.toml:2:8: `rate` is not one value",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let ran = folder.run(&["validate", "--var-file", "a.toml"]);
        assert_eq!(ran.code, 1, "{text}");
        assert!(ran.stderr.starts_with(said), "{}", ran.stderr);
    }
    let ran = folder.run(&["validate", "--var-file", "."]);
    assert!(
        ran.stderr
            .starts_with("error: can't read .: it is a folder, not a file"),
        "{}",
        ran.stderr
    );
    let ran = folder.run(&["validate", "--var-file", "none.toml"]);
    assert!(
        ran.stderr.starts_with("error: can't read none.toml"),
        "{}",
        ran.stderr
    );
}

#[test]
fn names_that_look_like_ours_are_told() {
    let folder = Folder::with(SMALLEST);
    let ran = with_environment(&folder, &[("GATESTACK_FLIE", "x")], &["validate"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.stderr,
        "warning: GATESTACK_FLIE is set, and nothing reads it: did you mean\nGATESTACK_FILE?\n"
    );
    let quiet = with_environment(&folder, &[("GATESTACK_FLIE", "x")], &["-q", "validate"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
}

#[test]
fn an_overlay_by_itself_is_said_to_be_one() {
    let folder = Folder::with(SMALLEST);
    let overlay = repository("examples/partner-api/stack.prod.toml");
    std::fs::copy(overlay, folder.path().join("stack.prod.toml")).unwrap();
    let ran = folder.run(&["plan", "-f", "stack.prod.toml"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.stderr,
        "error: stack.prod.toml is an overlay of stack.toml and incomplete without it\n  \
         hint: name the stack file and the environment: write --env prod\n"
    );
    let both = folder.run(&["plan", "-f", "stack.prod.toml", "--env", "prod"]);
    assert_eq!(
        both.stderr,
        "error: stack.prod.toml is an overlay of stack.toml\n  \
         hint: name the stack file and the environment: write --env prod\n"
    );
    for name in ["prod.toml", "stack.prod.toml"] {
        let named = folder.run(&["plan", "--env", name]);
        assert!(
            named.stderr.contains("hint: write --env prod\n"),
            "{}",
            named.stderr
        );
    }
    // A whole stack is one whatever its name.
    std::fs::write(folder.path().join("stack.prod.toml"), SMALLEST).unwrap();
    let ran = folder.run(&["validate", "-f", "stack.prod.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn the_next_command_of_a_piped_file_can_be_typed() {
    let folder = Folder::with(SMALLEST);
    let piped = |arguments: &str| {
        let line = format!(
            "{} {arguments} < stack.toml",
            env!("CARGO_BIN_EXE_gatestack")
        );
        let mut command = Command::new("sh");
        command.args(["-c", &line]).current_dir(folder.path());
        Ran::from(command.output().unwrap())
    };
    let plan = piped("--local plan -f -");
    let next = plan.stdout.lines().last().unwrap();
    assert_eq!(
        next,
        "Next: pipe the same file into gatestack --local apply -f - --yes"
    );
    let applied = piped(next.split_once("gatestack ").unwrap().1);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let plan = piped("--local plan -f -");
    let next = plan.stdout.lines().last().unwrap();
    assert_eq!(
        next,
        "Next: pipe the same file into gatestack --local output -f -"
    );
    let nothing_to_do = piped("--local apply -f - --yes");
    assert!(
        nothing_to_do.stdout.ends_with(&format!("{next}\n")),
        "{}",
        nothing_to_do.stdout
    );
    let saved = piped("--local plan -f - --destroy --out it.plan");
    let next = saved.stdout.lines().last().unwrap();
    assert_eq!(
        next,
        "Next: pipe the same file into gatestack --local apply -f - it.plan"
    );
}

#[test]
fn an_empty_variable_of_the_environment_is_none_and_a_wrong_one_is_named() {
    let folder = Folder::with(SMALLEST);
    let with = |name: &str, value: &str| with_environment(&folder, &[(name, value)], &["validate"]);
    for name in [
        "GATESTACK_FILE",
        "GATESTACK_ENV",
        "GATESTACK_COLOR",
        "GATESTACK_NO_INPUT",
    ] {
        let ran = with(name, "");
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}");
    }
    for (name, value) in [("GATESTACK_COLOR", "blue"), ("GATESTACK_ENV", "../x")] {
        let ran = with(name, value);
        assert_eq!(ran.code, 64, "{name}");
        let tip = format!("the value comes from {name} in the environment");
        assert!(ran.stderr.contains(&tip), "{}", ran.stderr);
    }
    let flag = with_environment(
        &folder,
        &[("GATESTACK_COLOR", "never")],
        &["validate", "--color", "blue"],
    );
    assert!(!flag.stderr.contains("environment"), "{}", flag.stderr);
}

#[test]
fn an_endpoint_is_a_url() {
    let folder = Folder::with(SMALLEST);
    for url in ["x", "127.0.0.1:4711", "ftp://x", "http://", ""] {
        let ran = folder.run(&["plan", "--endpoint-url", url]);
        assert_eq!(ran.code, 64, "{url}: {}", ran.stderr);
    }
}
