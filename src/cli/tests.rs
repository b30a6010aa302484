//! Commands without a process: from a command line to streams and exit code.

use std::fs;
use std::path::Path;

use anstream::adapter::strip_str;
use tempfile::TempDir;

use super::*;
use crate::engine::{FirstLook, Planned, Purpose, look_again, runtime};
use crate::error::{Error, FaultKind, Said};
use crate::render::json;

const SMALLEST: &str = include_str!("../../stack.toml");

struct Ran {
    exit: Exit,
    out: String,
    err: String,
}

struct Folder(TempDir);

impl Folder {
    fn with(stack: &str) -> Self {
        let folder = Self(TempDir::new().unwrap());
        folder.write(stack);
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, stack: &str) {
        fs::write(self.path().join("stack.toml"), stack).unwrap();
    }

    fn run(&self, words: &[&str]) -> Ran {
        let folder = self.path().display().to_string();
        let words: Vec<_> = ["gatestack", "-C", &folder]
            .iter()
            .chain(words)
            .map(OsString::from)
            .collect();
        let cli = parse(&words).unwrap_or_else(|error| panic!("{error}"));
        let (mut ui, captured) = Ui::captured();
        let exit = run(&cli, &mut ui);
        // The folder's path differs from run to run.
        let clean = |text: String| strip_str(&text).to_string().replace(&folder, "FOLDER");
        Ran {
            exit,
            out: clean(captured.out()),
            err: clean(captured.err()),
        }
    }
}

fn refused(words: &[&str]) -> clap::Error {
    let words: Vec<_> = ["gatestack"]
        .iter()
        .chain(words)
        .map(OsString::from)
        .collect();
    parse(&words).expect_err("the command line makes no sense")
}

fn help(words: &[&str]) -> String {
    refused(words).render().to_string()
}

#[test]
fn the_command_line_is_well_formed() {
    command().debug_assert();
}

#[test]
fn help_begins_with_examples_in_both_forms() {
    for command in [
        "init",
        "validate",
        "plan",
        "apply",
        "destroy",
        "output",
        "graph",
        "schema",
        "completions",
    ] {
        let text = help(&[command, "--help"]);
        assert!(text.contains("Examples:"), "{command}:\n{text}");
        assert_eq!(text, help(&[command, "-h"]), "{command}");
    }
}

/// The command lines of every help screen.
fn screens(command: &clap::Command, above: &[String]) -> Vec<Vec<String>> {
    let mut all = vec![above.to_vec()];
    for inner in command.get_subcommands() {
        let name = [above, &[inner.get_name().to_owned()]].concat();
        all.extend(screens(inner, &name));
    }
    all
}

#[test]
fn help_fills_eighty_columns_and_leaves_no_word_alone() {
    let mut bad = Vec::new();
    for words in screens(&command(), &[]) {
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let text = help(&words);
        let lines: Vec<&str> = text.lines().collect();
        for (line, next) in lines.iter().zip(lines[1..].iter().chain([&""])) {
            if line.chars().count() > 80 {
                bad.push(format!("{words:?} is too long: {line}"));
            }
            let (first, count) = (
                next.split_whitespace().next(),
                next.split_whitespace().count(),
            );
            // A line that was full before, and then a word or two.
            let wrapped = first.is_some_and(|first| line.chars().count() + first.len() + 1 > 78);
            let ends = |text: &str| text.ends_with('.');
            if wrapped
                && count <= 2
                && next.trim().len() <= 16
                && !ends(line.trim())
                && !next.trim().starts_with('-')
            {
                bad.push(format!("{words:?} leaves words alone: {line}\n{next}"));
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn wrong_usage_is_64_and_never_2() {
    let code = |words: &[&str]| usage::exit_of(&refused(words)).code();
    assert_eq!(code(&["paln"]), 64);
    assert_eq!(code(&["plan", "--detailed-exit"]), 64);
    assert_eq!(code(&["--local", "plan", "--profile", "x"]), 64);
    assert_eq!(code(&["plan", "--local", "--endpoint-url", "http://x"]), 64);
    assert_eq!(code(&["plan", "--var", "novalue"]), 64);
    assert_eq!(code(&["--var", "a=b", "apply", "a.plan"]), 64);
    assert_eq!(code(&["apply", "a.plan", "--target", "api"]), 64);
    assert_eq!(code(&["output", "--raw"]), 64);
    assert_eq!(code(&["plan", "-f", "-", "--env", "prod"]), 64);
    assert_eq!(code(&["plan", "--env", ""]), 64);
    assert_eq!(code(&["plan", "--env", "../prod"]), 64);
    assert_eq!(code(&["--version"]), 0);
}

#[test]
fn a_typo_finds_its_word() {
    assert!(help(&["plan", "--detailed-exit"]).contains("--detailed-exitcode"));
    assert!(help(&["aply"]).contains("'apply'"));
}

#[test]
fn flags_may_follow_the_command() {
    let words = ["gatestack", "plan", "-f", "x.toml", "--local", "-q"].map(OsString::from);
    let cli = parse(&words).unwrap();
    assert!(cli.global.local);
    assert_eq!(cli.global.invocation().path(), Path::new("x.toml"));
}

#[test]
fn the_stack_lives_and_dies() {
    let folder = Folder::with(SMALLEST);
    let plan = folder.run(&["--local", "plan", "--detailed-exitcode"]);
    assert_eq!(plan.exit, Exit::Changes, "{}", plan.err);
    assert!(
        plan.out
            .ends_with("Next: gatestack --local apply -C FOLDER\n"),
        "{}",
        plan.out
    );

    let applied = folder.run(&["--local", "apply", "--yes"]);
    assert_eq!(applied.exit, Exit::Success, "{}", applied.err);
    assert!(
        applied
            .out
            .contains("Applied: 12 added, 0 changed, 0 destroyed."),
        "{}",
        applied.out
    );
    assert!(applied.out.contains("(simulated)"));
    assert!(applied.out.contains("\nOutputs\n"));

    let plan = folder.run(&["--local", "plan", "--detailed-exitcode"]);
    assert_eq!((plan.exit, plan.err.as_str()), (Exit::Success, ""));
    assert!(
        plan.out
            .contains("No changes. 12 resources match the file."),
        "{}",
        plan.out
    );
    let again = folder.run(&["--local", "apply"]);
    assert_eq!(
        again.exit,
        Exit::Success,
        "an empty plan asks nothing: {}",
        again.err
    );

    let url = folder.run(&["--local", "output", "--raw", "invoke_url"]);
    assert!(
        url.out.starts_with("https://") && url.out.ends_with("/prod\n"),
        "{}",
        url.out
    );

    let destroyed = folder.run(&["--local", "destroy", "--confirm", "hello"]);
    assert_eq!(destroyed.exit, Exit::Success, "{}", destroyed.err);
    assert!(
        destroyed.out.contains("Destroyed: 12 resources."),
        "{}",
        destroyed.out
    );
    let url = folder.run(&["--local", "output", "--raw", "invoke_url"]);
    assert_eq!(url.exit, Exit::Failure);
    assert!(url.err.contains("is not known yet"), "{}", url.err);
}

#[test]
fn nobody_there_to_ask_names_the_flags() {
    let folder = Folder::with(SMALLEST);
    let apply = folder.run(&["--local", "apply"]);
    assert_eq!(apply.exit, Exit::Failure);
    insta::assert_snapshot!(apply.err);
    folder.run(&["--local", "apply", "--yes"]);
    let destroy = folder.run(&["--local", "destroy"]);
    assert_eq!(destroy.exit, Exit::Failure);
    insta::assert_snapshot!(destroy.err);
    let other = folder.run(&["--local", "destroy", "--confirm", "helo"]);
    assert_eq!(other.exit, Exit::Failure);
    insta::assert_snapshot!(other.err);
}

#[test]
fn yes_is_no_consent_to_a_loss() {
    let folder = Folder::with(SMALLEST);
    folder.run(&["--local", "apply", "--yes"]);
    folder.write(&SMALLEST.replace("[partners.acme]", "[partners.zeta]"));
    let ran = folder.run(&["--local", "apply", "--yes"]);
    assert_eq!(ran.exit, Exit::Failure);
    insta::assert_snapshot!(ran.err);
    let ran = folder.run(&[
        "--local",
        "apply",
        "--yes",
        "--allow-delete",
        "partners.acme",
    ]);
    assert_eq!(ran.exit, Exit::Success, "{}", ran.err);
    assert!(
        ran.out
            .contains("Applied: 3 added, 0 changed, 3 destroyed."),
        "{}",
        ran.out
    );
}

#[test]
fn machines_get_json_and_nothing_else() {
    let folder = Folder::with(SMALLEST);
    let json = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text)
            .unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let plan = folder.run(&["--local", "plan", "--json"]);
    assert_eq!(json(&plan.out)["summary"]["add"], 12);

    let ran = folder.run(&["--local", "apply", "--json"]);
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Failure, ""));
    let last = json(ran.out.lines().last().unwrap());
    assert_eq!(
        (last["type"].as_str(), last["message"]["code"].as_str()),
        (Some("diagnostic"), Some("consent"))
    );

    let ran = folder.run(&["--local", "apply", "--json", "--yes"]);
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Success, ""));
    let lines: Vec<_> = ran.out.lines().map(json).collect();
    assert_eq!(lines[0]["type"], "version");
    assert_eq!(lines.last().unwrap()["type"], "outputs");
    assert_eq!(
        lines
            .iter()
            .filter(|line| line["type"] == "step_done")
            .count(),
        12
    );

    let ran = folder.run(&["--local", "output", "--json", "stage"]);
    assert_eq!(json(&ran.out)["outputs"]["stage"], "prod");

    folder.write("[stack]\nname = 1\n");
    for command in [["plan", "--json"], ["validate", "--json"]] {
        let ran = folder.run(&command);
        assert_eq!((ran.exit, ran.err.as_str()), (Exit::Failure, ""));
        assert!(
            json(&ran.out)["messages"]
                .as_array()
                .unwrap()
                .iter()
                .any(|message| message["code"] == "GS004")
        );
    }
}

#[test]
fn errors_say_what_to_do() {
    let folder = Folder::with(SMALLEST);
    let said = |words: &[&str]| {
        let ran = folder.run(words);
        assert_eq!(
            (ran.exit, ran.out.as_str()),
            (Exit::Failure, ""),
            "{words:?}"
        );
        ran.err
    };
    assert!(said(&["validate", "-f", "nope.toml"]).starts_with("error: there is no stack file "));
    let region = said(&["--local", "plan", "--region", "us-east-1"]);
    let output = said(&["--local", "output", "tokenurl"]);
    let consent = said(&["--local", "plan", "--allow-delete", "partner.acme"]);
    folder.write(&SMALLEST.replace("scopes = { read", "scope = { read"));
    let mistake = said(&["plan"]);
    insta::assert_snapshot!([region, output, consent, mistake].join("\n----\n"));
}

#[test]
fn what_needs_no_aws_asks_none() {
    let folder = Folder::with(SMALLEST);
    assert_eq!(
        folder.run(&["validate"]).out,
        "FOLDER/stack.toml is valid: stack hello in eu-central-1\n"
    );
    assert!(
        folder
            .run(&["graph", "--format", "mermaid"])
            .out
            .starts_with("flowchart LR\n")
    );
    assert_eq!(
        folder.run(&["schema"]).out,
        crate::stack::schema::published()
    );
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = folder.run(&["completions", shell]).out;
        assert!(script.contains("detailed-exitcode"), "{shell}");
    }
    assert!(!folder.path().join(".gatestack").exists());
}

#[test]
fn a_credentials_problem_has_a_code_of_its_own() {
    use crate::aws::{AwsError, Cause};
    let error = AwsError {
        operation: "GetCallerIdentity".into(),
        cause: Cause::Credentials,
        code: None,
        message: "no providers in chain provided credentials".into(),
        request_id: None,
    };
    let messages = json::Message::all_of(&error.into());
    assert_eq!(messages[0].code, "credentials");
}

/// Answers at a prompt, checked again after the stack file or AWS has changed.
fn agreed_then(
    options: crate::plan::Options,
    meanwhile: impl FnOnce(&Folder) + Send,
) -> Result<(), Error> {
    let folder = Folder::with(SMALLEST);
    folder.run(&["--local", "apply", "--yes"]);
    folder.write(&SMALLEST.replace("rate = 10", "rate = 11"));
    let path = folder.path().display().to_string();
    let words = ["gatestack", "--local", "-C", &path, "apply"].map(OsString::from);
    let invocation = parse(&words).unwrap().global.invocation();
    let (mut ui, _) = Ui::captured();
    runtime(true).unwrap().block_on(async {
        let session =
            opening::open(&invocation, &[], Purpose::Find, FirstLook::AtOnce, &mut ui).await?;
        let planned = session.plan(&options, &mut ui).await?;
        assert!(!planned.plan.is_empty());
        // Like another process: a thread without this one's runtime.
        std::thread::scope(|scope| scope.spawn(|| meanwhile(&folder)).join().unwrap());
        let mut signals = signals::Signals::listen()?;
        let Planned { plan, observation } = &planned;
        look_again(&session, plan, observation, &mut signals, &mut ui).await
    })
}

#[test]
fn nobody_agrees_to_a_plan_they_have_not_seen() {
    use crate::plan::Options;
    let stale = agreed_then(Options::default(), |folder| {
        folder.write(&SMALLEST.replace("rate = 10", "rate = 12"));
        folder.run(&["--local", "apply", "--yes"]);
    });
    let Err(Error::Fault(fault)) = stale else {
        panic!("the plan is another one")
    };
    assert_eq!(
        (fault.kind, fault.details[0].address.as_str()),
        (FaultKind::Stale, "plans.standard")
    );
    let Said::Moved(how) = &fault.details[0].said else {
        panic!("{fault:?}")
    };
    assert_eq!(render::stale::text(how), "throttle.rate: 10 → 12");

    agreed_then(Options::default(), |_| {}).unwrap();
    agreed_then(
        Options {
            destroy: true,
            ..Options::default()
        },
        |_| {},
    )
    .unwrap();
}
