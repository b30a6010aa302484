//! `--env`: two stacks of one file, side by side in one AWS, and an overlay that can't be meant.

use crate::support::program::{Folder, Ran};
use crate::support::screen::screen;

const SMALLEST: &str = include_str!("../../stack.toml");

const PROD: &str = r#"[stack]
name = "hello-prod"

[plans.standard]
throttle = { rate = 100 }

[partners.zeta]
plan   = "standard"
scopes = ["hello/read"]
"#;

fn with(overlays: &[(&str, &str)]) -> Folder {
    let folder = Folder::with(SMALLEST);
    for (name, text) in overlays {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The smallest stack with all names that AWS shows made from the stack's own, as one account with two of it needs them.
fn for_two() -> String {
    let named = SMALLEST
        .replace("domain = \"hello-", "domain = \"${stack.name}-")
        .replace(
            "\nname   = \"hello\"\ndomain",
            "\nname   = \"${stack.name}\"\ndomain",
        )
        .replace("name     = \"hello\"", "name     = \"${stack.name}\"")
        .replace(
            "[plans.standard]",
            "[plans.standard]\nname = \"${stack.name}-standard\"",
        )
        .replace(
            "[partners.acme]",
            "[partners.acme]\nname = \"${stack.name}-acme\"",
        );
    assert_eq!(named.matches("${stack.name}").count(), 5, "{named}");
    named
}

fn said(ran: Ran, code: i32) -> String {
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    ran.stdout
}

#[test]
fn two_environments_live_side_by_side() {
    let folder = with(&[("stack.prod.toml", PROD)]);
    folder.write(&for_two());
    let prod = |words: &[&str]| folder.local(&[words, &["--env", "prod"]].concat());

    folder.apply(&[]);
    let plan = said(prod(&["plan"]), 0);
    assert!(
        plan.starts_with("Stack hello-prod on the local AWS"),
        "{plan}"
    );
    assert!(
        plan.ends_with("Next: gatestack --local apply --env prod\n"),
        "{plan}"
    );
    said(prod(&["apply", "--yes"]), 0);

    let changes = "--detailed-exitcode";
    said(folder.local(&["plan", changes]), 0);
    said(prod(&["plan", changes]), 0);
    let output = |ran: Ran| said(ran, 0);
    assert_ne!(
        output(folder.local(&["output", "--raw", "user_pool_id"])),
        output(prod(&["output", "--raw", "user_pool_id"]))
    );
    assert!(output(prod(&["output"])).contains("partners.zeta.client_id"));
    assert!(!output(folder.local(&["output"])).contains("partners.zeta"));

    // A change of the overlay is a change of its stack only.
    let faster = PROD.replace("rate = 100", "rate = 200");
    std::fs::write(folder.path().join("stack.prod.toml"), faster).unwrap();
    said(folder.local(&["plan", changes]), 0);
    assert!(said(prod(&["plan", changes]), 2).contains("plans.standard"));

    // `destroy` asks for the name of the environment's stack, and takes nothing of the other.
    assert_eq!(prod(&["destroy", "--confirm", "hello"]).code, 1);
    said(prod(&["destroy", "--confirm", "hello-prod"]), 0);
    said(folder.local(&["plan", changes]), 0);
}

#[test]
fn an_environment_may_be_the_same_names_in_another_region() {
    let overlay = "[stack]\naccount = \"210987654321\"\nregion = \"eu-west-1\"\n";
    let folder = with(&[("stack.prod.toml", overlay)]);
    folder.apply(&[]);
    folder.apply(&["--env", "prod"]);
    for (environment, context) in [
        (&[][..], ["123456789012", "eu-central-1"]),
        (&["--env", "prod"], ["210987654321", "eu-west-1"]),
    ] {
        let local = |words: &[&str]| said(folder.local(&[words, environment].concat()), 0);
        let output = ["account", "region"].map(|name| local(&["output", "--raw", name]));
        assert_eq!(output.each_ref().map(|text| text.trim()), context);
        local(&["plan", "--detailed-exitcode"]);
    }
}

#[test]
fn validate_names_both_files() {
    let folder = with(&[("stack.prod.toml", PROD)]);
    assert_eq!(
        said(folder.run(&["validate", "--env", "prod"]), 0),
        "stack.toml with stack.prod.toml is valid: stack hello-prod in eu-central-1\n"
    );
}

#[test]
fn the_overlay_lies_beside_the_file_and_may_be_named_by_the_shell() {
    let folder = with(&[]);
    let inner = folder.path().join("dir");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("my.toml"), SMALLEST).unwrap();
    std::fs::write(inner.join("my.prod.toml"), PROD).unwrap();
    let valid = "is valid: stack hello-prod in eu-central-1";
    let beside = folder.run(&["validate", "-f", "dir/my.toml", "--env", "prod"]);
    assert!(said(beside, 0).contains(valid));
    let below = folder.run(&["-C", "dir", "-f", "my.toml", "--env", "prod", "validate"]);
    assert!(said(below, 0).contains(valid));
    let named = std::process::Command::new(env!("CARGO_BIN_EXE_gatestack"))
        .args(["validate", "-f", "my.toml"])
        .current_dir(&inner)
        .env("GATESTACK_ENV", "prod")
        .output()
        .unwrap();
    assert!(said(Ran::from(named), 0).contains(valid));
}

#[test]
fn the_standard_input_has_no_overlay() {
    let ran = with(&[]).run(&["plan", "-f", "-", "--env", "prod"]);
    assert_eq!(ran.code, 64, "{}", ran.stderr);
    assert!(ran.stderr.contains("'--env'"), "{}", ran.stderr);
}

#[test]
fn an_environment_without_an_overlay() {
    let folder = with(&[]);
    insta::assert_snapshot!(
        "no_overlays",
        screen(&folder.local(&["plan", "--env", "nope"]))
    );
    let folder = with(&[("stack.prod.toml", PROD), ("stack.test.toml", PROD)]);
    insta::assert_snapshot!(
        "no_such_overlay",
        screen(&folder.local(&["plan", "--env", "nope"]))
    );
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_not_an_absent_file() {
    let folder = with(&[]);
    let link = folder.path().join("stack.prod.toml");
    std::os::unix::fs::symlink("gone.toml", link).unwrap();
    let ran = folder.local(&["plan", "--env", "prod"]);
    let said = ran.stderr.replace("\n  ", " ");
    assert!(
        said.contains("stack.prod.toml is a link to gone.toml, which does not exist"),
        "{said}"
    );
}

#[test]
fn an_overlay_must_make_another_stack() {
    let folder = with(&[(
        "stack.prod.toml",
        "[plans.standard]\nthrottle = { rate = 100 }\n",
    )]);
    insta::assert_snapshot!(
        "same_stack",
        screen(&folder.local(&["plan", "--env", "prod"]))
    );
    assert!(!folder.path().join(".gatestack").exists());
}

#[test]
fn an_account_that_the_overlay_spells_out_makes_no_other_stack() {
    for (account, code) in [("123456789012", 1), ("210987654321", 0)] {
        let overlay = format!("[stack]\nname = \"hello\"\naccount = \"{account}\"\n");
        let folder = with(&[("stack.prod.toml", &overlay)]);
        folder.apply(&[]);
        let ran = folder.local(&["plan", "--env", "prod"]);
        assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
        let refused = ran.stderr.contains("is still the same stack");
        assert_eq!(refused, code == 1, "{}", ran.stderr);
    }
}

#[test]
fn mistakes_stand_in_the_file_they_were_made_in() {
    let overlay = PROD
        .replace("rate = 100", "rate = \"100\"")
        .replace("\"standard\"", "\"standrad\"");
    let folder = with(&[("stack.prod.toml", &overlay)]);
    folder.write(&SMALLEST.replace("stage    = \"prod\"", "stage    = \"pre.prod\""));
    insta::assert_snapshot!(
        "mistakes_in_two_files",
        screen(&folder.run(&["validate", "--env", "prod"]))
    );

    let ran = folder.run(&["validate", "--json", "--env", "prod"]);
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let places: Vec<_> = told["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["place"])
        .map(|place| format!("{}:{}", place["file"].as_str().unwrap(), place["line"]))
        .collect();
    assert_eq!(
        places,
        ["stack.toml:15", "stack.prod.toml:5", "stack.prod.toml:8"]
    );
}

#[test]
fn a_saved_plan_has_its_environment_in_it() {
    let folder = with(&[(
        "stack.prod.toml",
        "[stack]\nname = \"hello-prod\"\nregion = \"eu-west-1\"\n",
    )]);
    let made = folder.run(&["--local", "--env", "prod", "plan", "--out", "a.plan"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let other = folder.run(&["--local", "--env", "dev", "apply", "a.plan"]);
    assert_eq!(other.code, 1);
    assert!(
        other
            .stderr
            .contains("with --env prod, and --env (or GATESTACK_ENV) says dev"),
        "{}",
        other.stderr
    );
    let applied = folder.run(&["--local", "apply", "a.plan"]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let again = folder.run(&["--local", "--env", "prod", "plan"]);
    assert!(again.stdout.contains("No changes."), "{}", again.stdout);
}

#[test]
fn names_that_another_stack_has_are_told_at_once_with_lines_that_mend_them() {
    let folder = with(&[("stack.prod.toml", PROD)]);
    let prod = |words: &[&str]| folder.local(&[words, &["--env", "prod"]].concat());
    folder.apply(&[]);
    let ran = prod(&["plan"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert_eq!(ran.stderr.matches("error: ").count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("5 names of this stack are taken: the stack \"hello\" has"),
        "{}",
        ran.stderr
    );
    let lines: String = ran
        .stderr
        .lines()
        .skip_while(|line| !line.trim_start().starts_with('['))
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    let overlay = PROD.replace("[plans.standard]\n", "");
    let overlay = overlay.replace("throttle = { rate = 100 }\n", "");
    std::fs::write(
        folder.path().join("stack.prod.toml"),
        format!("{overlay}{lines}"),
    )
    .unwrap();
    let plan = said(prod(&["plan"]), 0);
    assert!(plan.contains("hello-prod"), "{plan}");
    said(prod(&["apply", "--yes"]), 0);
    assert!(
        said(folder.local(&["plan"]), 0).contains("No changes"),
        "the first is as it was"
    );
}
