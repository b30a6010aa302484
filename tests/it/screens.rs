//! Screens of the real program, as on a terminal or in a CI log, stream by stream, with the exit code.

use crate::support::program::{Folder, Ran, example, repository};
use crate::support::screen::{screen, with_filters};

const SMALLEST: &str = include_str!("../../stack.toml");

macro_rules! assert_screen {
    ($name:literal, $code:literal, $ran:expr) => {{
        let ran = $ran;
        assert_eq!(ran.code, $code, "{}{}", ran.stdout, ran.stderr);
        with_filters(|| insta::assert_snapshot!($name, screen(&ran)));
    }};
}

fn partner_api() -> Folder {
    Folder::with(&example("partner-api"))
}

fn applied() -> Folder {
    let folder = partner_api();
    folder.apply(&[]);
    folder
}

/// The example with lines exchanged.
fn changed(exchanges: &[(&str, &str)]) -> String {
    exchanges
        .iter()
        .fold(example("partner-api"), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        })
}

#[test]
fn help_of_every_command() {
    let folder = Folder::with("");
    let mut global = None;
    let mut text = String::new();
    for command in [
        &["init"][..],
        &["validate"],
        &["plan"],
        &["apply"],
        &["destroy"],
        &["history"],
        &["rollback"],
        &["output"],
        &["token"],
        &["call"],
        &["logs"],
        &["verify"],
        &["handoff"],
        &["graph"],
        &["export"],
        &["export", "postman"],
        &["dev"],
        &["schema"],
        &["completions"],
        &["local"],
        &["local", "serve"],
    ] {
        let ran = folder.run(&[command, &["--help"]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command:?}");
        let same = folder.run(&[&["help"], command].concat());
        assert_eq!(same.stdout, ran.stdout, "{command:?}");
        // Every command has the global options; they are read once, on the screen of the program itself.
        let (before, rest) = ran.stdout.split_once("\nGlobal options:\n").unwrap();
        let (options, after) = rest.split_once("\n\n").unwrap_or((rest.trim_end(), ""));
        assert_eq!(
            *global.get_or_insert(options.to_owned()),
            options,
            "{command:?}"
        );
        text.push_str(&format!(
            "$ gatestack {} --help\n{before}\n{after}\n",
            command.join(" ")
        ));
    }
    insta::assert_snapshot!("help_of_every_command", text);
    let own = folder.run(&["--help"]);
    assert!(own.stdout.contains(&global.unwrap()));
    assert_screen!("help", 0, own);
}

#[test]
fn no_command_at_all_is_wrong_usage_and_helps() {
    let folder = Folder::with("");
    let ran = folder.run(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (64, ""));
    assert_eq!(ran.stderr, folder.run(&["--help"]).stdout);
}

#[test]
fn wrong_usage() {
    let folder = Folder::with(SMALLEST);
    let wrong: &[&[&str]] = &[
        &["paln"],
        &["plan", "--detailed-exit"],
        &["plan", "--local", "--profile", "ci"],
        &["output", "--raw"],
        &["plan", "--var", "stage"],
    ];
    let text: String = wrong
        .iter()
        .map(|words| {
            let ran = folder.run(words);
            assert_eq!((ran.code, ran.stdout.as_str()), (64, ""), "{words:?}");
            format!("$ gatestack {}\n{}\n", words.join(" "), ran.stderr)
        })
        .collect();
    insta::assert_snapshot!("wrong_usage", text);
}

#[test]
fn a_stack_comes_to_life_and_goes() {
    let folder = partner_api();
    assert_screen!("first_plan", 0, folder.local(&["plan"]));
    assert_screen!("output_before_apply", 0, folder.local(&["output"]));
    assert_screen!(
        "output_of_what_is_not_there",
        1,
        folder.local(&["output", "--raw", "invoke_url"])
    );
    let refused = folder.local(&["apply"]);
    assert_eq!(refused.code, 1);
    insta::assert_snapshot!("nobody_there_to_ask", refused.stderr);

    let ran = folder.local(&["apply", "--yes"]);
    let plan = folder.local(&["plan"]);
    let shown = ran.stdout.split_once("\nApplied:").unwrap();
    let ran = Ran {
        stdout: format!("(the plan)\n\nApplied:{}", shown.1),
        ..ran
    };
    assert_screen!("applied", 0, ran);
    assert_screen!("no_changes", 0, plan);
    assert_eq!(folder.local(&["plan", "--detailed-exitcode"]).code, 0);
    assert_screen!("output", 0, folder.local(&["output"]));

    assert_screen!("destroy_without_a_name", 1, folder.local(&["destroy"]));
    assert_screen!(
        "destroy_with_yes",
        1,
        folder.local(&["destroy", "--auto-approve"])
    );
    let ran = folder.local(&["destroy", "--confirm", "partner-api"]);
    let (_, end) = ran.stdout.split_once("\nDestroyed:").unwrap();
    let ran = Ran {
        stdout: format!("(the plan)\n\nDestroyed:{end}"),
        ..ran
    };
    assert_screen!("destroyed", 0, ran);
    assert_screen!("nothing_to_destroy", 0, folder.local(&["destroy"]));
}

#[test]
fn changes_are_explained() {
    let folder = applied();
    folder.write(
        &(changed(&[
            ("rate = 50", "rate = 60"),
            ("domain = \"xxx-", "domain = \"yyy-"),
            (
                "http://api.aws.com/policies\"",
                "http://policies.example.com\"",
            ),
            ("\"GET /claims\"  ", "\"POST /claims\" "),
            ("[partners.globex]", "[partners.globex-re]"),
        ]) + "\n[[moved]]\nfrom = \"partners.globex\"\nto = \"partners.globex-re\"\n"),
    );
    assert_screen!("changes", 2, folder.local(&["plan", "--detailed-exitcode"]));
    assert_screen!(
        "changes_of_a_target",
        0,
        folder.local(&["plan", "--target", "plans.*"])
    );
    assert_screen!(
        "a_target_that_names_nothing",
        1,
        folder.local(&["plan", "--target", "plan.XXXPlan", "--adopt", "nobody"])
    );
}

#[test]
fn a_loss_needs_consent_by_name() {
    let folder = applied();
    folder.write(&changed(&[("[partners.globex]", "[partners.globex-re]")]));
    assert_screen!("missing_consent", 1, folder.local(&["apply", "--yes"]));
    assert_eq!(folder.local(&["plan"]).code, 0);
    let text = changed(&[]);
    let (without_partners, _) = text.split_once("[partners.acme]").unwrap();
    folder.write(without_partners);
    assert_screen!("missing_consent_of_many", 0, folder.local(&["plan"]));
}

#[test]
fn a_move_between_plans_is_said_once_for_all() {
    let folder = applied();
    folder.write(&changed(&[
        ("plan       = \"XXXPlan\"", "plan = \"gold\""),
        ("[plans.XXXPlan]", "[plans.gold]\n\n[plans.XXXPlan]"),
    ]));
    assert_screen!("partners_move", 0, folder.local(&["plan"]));
}

#[test]
fn mistakes_of_a_file_come_together() {
    let folder = Folder::with(
        r#"[stack]
nam    = "claims"
region = 5

[user_pool]
name   = "Claims"
domain = "Claims"

[resource_servers.claims]
scopes = { read = "Read" }

[api]
name     = "claims"
stage    = "prod"
requires = { scopes = ["claims/reed"], api_key = "yes" }

[api.routes]
"GET claims"  = { http = "https://backend.example.com/claims" }
"FETCH /docs" = { mock = 200 }

[plans.standard]
throttle = { rate = "ten", burst = 20 }

[partners.acme]
plan   = "standrad"
scopes = ["claims/read"]
"#,
    );
    assert_screen!("mistakes", 1, folder.run(&["validate"]));
    let plan = folder.local(&["plan"]);
    assert_eq!((plan.code, plan.stdout.as_str()), (1, ""));
    assert!(!folder.path().join(".gatestack").exists());
    folder.write("[stack]\nname = \"claims\n");
    assert_screen!("not_toml", 1, folder.run(&["validate"]));
    assert_screen!("no_file", 1, folder.run(&["validate", "-f", "other.toml"]));
    std::fs::write(folder.path().join("stack.toml"), b"\xff\xfe").unwrap();
    assert_screen!("not_text", 1, folder.run(&["validate"]));
}

#[test]
fn what_stands_in_the_way_is_named() {
    let folder = applied();
    folder.write(&changed(&[(
        "name   = \"partner-api\"",
        "name   = \"other\"",
    )]));
    assert_screen!("obstacles", 1, folder.local(&["plan"]));
    assert_screen!(
        "another_region",
        1,
        folder.local(&["plan", "--region", "eu-west-1"])
    );
}

#[test]
fn a_failed_apply_says_what_to_do() {
    // One more than a pool's quota, which may be raised on AWS.
    let more: String = (1..=25)
        .map(|number| {
            format!("\n[resource_servers.more-{number:02}]\nscopes = {{ read = \"Read\" }}\n")
        })
        .collect();
    let folder = Folder::with(&format!("{SMALLEST}{more}"));
    let ran = folder.local(&["apply", "--yes", "--no-progress"]);
    let (_, end) = ran.stdout.split_once("\nIncomplete:").unwrap();
    let ran = Ran {
        stdout: format!("(the plan)\n\nIncomplete:{end}"),
        ..ran
    };
    assert_screen!("failed_apply", 1, ran);
}

#[test]
fn a_damaged_state_is_not_guessed_at() {
    let folder = Folder::with(SMALLEST);
    folder.apply(&[]);
    let state = folder.path().join(".gatestack/local.json");
    std::fs::write(&state, r#"{"format":99,"state":{}}"#).unwrap();
    assert_screen!("state_of_another_format", 1, folder.local(&["plan"]));
    std::fs::write(&state, "garbage").unwrap();
    assert_screen!("damaged_state", 1, folder.local(&["plan"]));
}

#[test]
fn graphs_in_three_formats() {
    let folder = Folder::with(SMALLEST);
    assert_screen!("graph_tree", 0, folder.run(&["graph"]));
    assert_screen!("graph_dot", 0, folder.run(&["graph", "--format", "dot"]));
    assert_screen!(
        "graph_mermaid",
        0,
        folder.run(&["graph", "--format", "mermaid"])
    );
}

#[test]
fn the_picture_of_the_example() {
    let stack = repository("examples/partner-api/stack.toml");
    let folder = Folder::with(SMALLEST);
    let stack = stack.to_string_lossy();
    assert_screen!(
        "graph_svg",
        0,
        folder.run(&["graph", "--format", "svg", "-f", &stack])
    );
}

#[test]
fn a_hundred_partners_fit_on_a_few_screens() {
    let mut text = example("partner-api");
    for number in 0..100 {
        text.push_str(&format!(
            "[partners.insurer{number:02}]\nplan = \"XXXPlan\"\nscopes = [\"xxx-api/read\"]\n"
        ));
    }
    let folder = Folder::with(&text);
    let ran = folder.local(&["plan"]);
    assert!(ran.stdout.lines().count() < 250, "{}", ran.stdout);
    // A word that is wider than the terminal, as an image's parameter can be, is alone on its line.
    let lines = ran
        .stdout
        .lines()
        .filter(|line| line.split_whitespace().count() > 1);
    let widest = lines.map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{widest:?}");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = partner_api();
    let command = format!(
        "set -o pipefail; '{}' --local plan | head -n 1",
        env!("CARGO_BIN_EXE_gatestack")
    );
    let ran = std::process::Command::new("bash")
        .args(["-c", &command])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(ran.status.success());
    assert!(
        ran.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[test]
fn bash_completes_what_the_script_says() {
    let script = Folder::with("").run(&["completions", "bash"]).stdout;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script).unwrap();
    let complete = "source \"$1\"; COMP_WORDS=(gatestack plan --de); COMP_CWORD=2; \
                    _gatestack gatestack --de plan; echo \"${COMPREPLY[@]}\"";
    let ran = std::process::Command::new("bash")
        .args(["--norc", "-c", complete, "bash"])
        .arg(file.path())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&ran.stdout),
        "--destroy --detailed-exitcode\n",
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[test]
fn every_example_and_the_stack_at_the_top_are_valid() {
    let folder = Folder::with("");
    let top = repository("stack.toml");
    let partner_api = repository("examples/partner-api/stack.toml");
    for file in [top, partner_api] {
        let ran = folder.run(&["validate", "-f", file.to_str().unwrap()]);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (0, ""),
            "{}",
            file.display()
        );
    }
}
