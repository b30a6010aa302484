//! `init` as users run it: what it writes applies as it is, and nothing that is there is overwritten.

use std::fs;
use std::path::Path;
use std::process::Command;

use gatestack::engine::init::{TEMPLATES, Template};
use ignore::WalkBuilder;
use serde_json::Value;

use crate::support::program::{Folder, Ran, record, unwrapped};
use crate::support::screen::screen;

/// A folder with nothing in it but folders, in which the program runs.
fn empty() -> Folder {
    let folder = Folder::with("");
    for file in ["stack.toml", "backend.sh"] {
        fs::remove_file(folder.path().join(file)).unwrap();
    }
    folder
}

/// Every file and link below a folder.
fn names(folder: &Path) -> Vec<String> {
    let walk = WalkBuilder::new(folder).standard_filters(false).build();
    let paths = walk.map(|entry| entry.unwrap().into_path());
    let files = paths.filter(|path| path.is_symlink() || !path.is_dir());
    let mut names: Vec<_> = files
        .map(|path| path.strip_prefix(folder).unwrap().display().to_string())
        .collect();
    names.sort();
    names
}

/// The same with what is in each, or where a link points.
fn contents(folder: &Path) -> Vec<(String, String)> {
    let text = |name: &str| {
        let path = folder.join(name);
        let target = fs::read_link(&path).map(|target| target.display().to_string());
        target.or_else(|_| fs::read_to_string(path)).unwrap()
    };
    let names = names(folder).into_iter();
    names.map(|name| (name.clone(), text(&name))).collect()
}

/// Runs with these variables.
fn with(folder: &Folder, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = folder.command(arguments);
    command.envs(variables.iter().copied());
    let ran = Ran::from(command.output().unwrap());
    record(arguments, &ran.stdout);
    ran
}

fn refused(ran: &Ran, code: i32) -> String {
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (code, ""),
        "{}",
        ran.stderr
    );
    unwrapped(&ran.stderr)
}

fn report(ran: &Ran) -> Value {
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|text| text.as_str().unwrap()).collect()
}

/// Whether its first call needs an interpreter that is not here.
fn lacks_its_interpreter(template: &Template) -> bool {
    let node = Command::new("node").arg("--version").output();
    template.name == "m2m-lambda" && node.is_err()
}

#[test]
fn what_every_template_writes_lives_and_leaves_nothing() {
    std::thread::scope(|scope| {
        for template in &TEMPLATES {
            scope.spawn(|| lives(template));
        }
    });
}

fn lives(template: &Template) {
    let folder = empty();
    let written = folder.run(&[
        "init",
        "--template",
        template.name,
        "--yes",
        "--json",
        "my claims",
    ]);
    let written = report(&written);
    assert_eq!(written["stack"], "my-claims");
    assert_eq!(written["template"], template.name);
    let here = folder.path();
    for file in written["files"].as_array().unwrap() {
        assert_eq!(file["action"], "create");
        assert!(
            here.join(file["path"].as_str().unwrap()).is_file(),
            "{file}"
        );
    }
    let files = names(here);
    assert_eq!(written["files"].as_array().unwrap().len(), files.len());

    let within = |arguments: &[&str]| {
        let ran = folder.local(&[&["-C", "my claims"], arguments].concat());
        assert_eq!(ran.code, 0, "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
        ran
    };
    assert_eq!(within(&["validate"]).stderr, "");
    let planned = |how: &[&str]| -> Value {
        let plan = within(&[&["plan", "--json"], how].concat());
        serde_json::from_str(&plan.stdout).unwrap()
    };
    let made = planned(&[])["summary"]["add"].clone();
    let next = texts(&written["next"]);
    let [apply, call, plan] = next[..] else {
        panic!("{next:?}")
    };
    let shell = |line: &str| {
        let program = env!("CARGO_BIN_EXE_gatestack");
        let line = line.replacen("gatestack", program, 1);
        let mut shell = Command::new("sh");
        Ran::from(
            shell
                .args(["-c", &line])
                .current_dir(here)
                .output()
                .unwrap(),
        )
    };
    let applied = shell(&format!("{apply} --yes"));
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    assert_eq!(planned(&[])["changes"], serde_json::json!([]));
    if !lacks_its_interpreter(template) {
        let called = shell(call);
        assert_eq!(called.code, 0, "{call}\n{}{}", called.stdout, called.stderr);
        within(&["verify"]);
    }
    assert_eq!(plan, "gatestack plan -C 'my claims'");
    within(&["destroy", "--confirm", "my-claims"]);
    assert_eq!(planned(&["--destroy"])["changes"], serde_json::json!([]));
    assert_eq!(planned(&[])["summary"]["add"], made);
}

/// Pool, domain and API take the stack's name. Those of partners and plans are the file's, and the error has lines for others.
#[test]
fn two_stacks_of_a_template_in_one_account() {
    let folder = empty();
    folder.served(&[], |url| {
        let init_and_apply = |template: &Template, number: usize| {
            let inside = format!("{}-{number}", template.name);
            let init = folder.run(&["init", "--template", template.name, "--yes", &inside]);
            assert_eq!(init.code, 0, "{}", init.stderr);
            folder.run(&["apply", "--yes", "-C", &inside, "--endpoint-url", url])
        };
        for template in &TEMPLATES {
            let first = init_and_apply(template, 1);
            assert_eq!(first.code, 0, "{}{}", first.stdout, first.stderr);
            let second = init_and_apply(template, 2);
            let said = unwrapped(&second.stderr);
            let taken = said.split_once(" are taken: ").map(|(_, taken)| taken);
            let taken = taken.and_then(|taken| taken.split_once(" hint: give this stack names of its own"));
            let (expected, code) = match template.name {
                "smallest" => (Some("the stack \"smallest-1\" has API key \"acme\", usage plan \"standard\""), 1),
                "partner-api" => (
                    Some(
                        "the stack \"partner-api-1\" has API key \"acme\", API key \"globex\", API key \"initech\", \
                         usage plan \"XXXPlan\"",
                    ),
                    1,
                ),
                _ => (None, 0),
            };
            assert_eq!((taken.map(|(taken, _)| taken), second.code), (expected, code), "{said}");
        }
    });
}

#[test]
fn the_folders_name_becomes_the_stacks() {
    let folder = empty();
    for (name, stack) in [
        ("claims", "claims"),
        ("My Claims.v2", "my-claims-v2"),
        ("2024_CLAIMS", "2024-claims"),
        ("-x-", "x"),
        ("日本", "hello"),
    ] {
        let inside = folder.path().join(name);
        fs::create_dir(&inside).unwrap();
        let mut command = folder.command(&["init", "--yes", "--json"]);
        let ran = Ran::from(command.current_dir(&inside).output().unwrap());
        assert_eq!(report(&ran)["stack"], stack, "{name}");
        assert_eq!(
            names(&inside),
            [".gitignore", "stack.schema.json", "stack.toml"]
        );
    }
}

#[test]
fn screens_of_init() {
    let folder = empty();
    let said = [
        &[
            "init",
            "--template",
            "partner-api",
            "--name",
            "claims",
            "--region",
            "eu-west-1",
        ][..],
        &["init", "--yes", "a/b"],
        &["--local", "init", "--yes", "c"],
        &["init", "d", "--template", "m2m-lambda"],
        &["init", "d", "--name", "claims"],
        &["init", "--yes"],
        &["init", "d", "--template", "m2m-lamda"],
        &[
            "init",
            "d",
            "--name",
            "My Claims",
            "--template",
            "partner-api",
        ],
        &["init", "d", "--name", "a/b"],
        &["init", "d", "--region", "eu-centrl-1"],
        &["init", "d", "-f", "-"],
    ]
    .iter()
    .map(|words| {
        format!(
            "$ gatestack {}\n{}",
            words.join(" "),
            screen(&folder.run(words))
        )
    })
    .collect::<Vec<_>>()
    .join("\n");
    insta::assert_snapshot!(said);
    assert!(!folder.path().join("d").exists());
}

#[test]
fn files_in_the_way_are_told_together_and_stay() {
    let folder = empty();
    let here = folder.path();
    fs::write(here.join("stack.toml"), "precious").unwrap();
    fs::create_dir(here.join("hello")).unwrap();
    fs::write(here.join("hello/index.mjs"), "precious").unwrap();
    fs::write(here.join(".gitignore"), "target/").unwrap();
    let before = contents(here);
    let init = ["init", "--template", "m2m-lambda", "--yes"];
    let said = refused(&folder.run(&init), 1);
    assert!(
        said.starts_with(
            "error: hello/index.mjs and stack.toml exist already: nothing was written hint:"
        ),
        "{said}"
    );
    assert_eq!(contents(here), before);
    let json: Value =
        serde_json::from_str(&folder.run(&[&init[..], &["--json"]].concat()).stdout).unwrap();
    assert_eq!(json["messages"][0]["code"], "io");

    // In the place of a folder, a link to nothing, and a file in the place of the whole folder.
    fs::remove_dir_all(here.join("hello")).unwrap();
    fs::write(here.join("hello"), "precious").unwrap();
    fs::remove_file(here.join("stack.toml")).unwrap();
    std::os::unix::fs::symlink("nowhere", here.join("stack.toml")).unwrap();
    let before = contents(here);
    let said = refused(&folder.run(&init), 1);
    assert!(
        said.contains(": hello and stack.toml exist already"),
        "{said}"
    );
    let said = refused(&folder.run(&["init", "hello/below", "--yes"]), 1);
    assert!(said.starts_with("error: hello exists already"), "{said}");
    assert_eq!(contents(here), before);
}

#[test]
fn a_file_that_is_the_same_already_is_not_in_the_way() {
    let folder = empty();
    let here = folder.path();
    let schema = folder.run(&["schema"]).stdout;
    fs::write(here.join("stack.schema.json"), &schema).unwrap();
    let written = report(&folder.run(&["init", "--yes", "--json"]));
    let paths = written["files"].as_array().unwrap().iter();
    let paths: Vec<_> = paths.map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["stack.toml", ".gitignore"]);
    // A second stack in the same folder.
    let written = report(&folder.run(&["init", "--yes", "--json", "-f", "other.toml"]));
    assert_eq!(written["files"].as_array().unwrap().len(), 1);
    let next = texts(&written["next"]);
    assert_eq!(next[0], "gatestack --local apply -f other.toml");
    // An older schema is not.
    fs::write(here.join("stack.schema.json"), "{}").unwrap();
    let said = refused(&folder.run(&["init", "--yes", "-f", "third.toml"]), 1);
    assert!(
        said.starts_with("error: stack.schema.json exists"),
        "{said}"
    );
}

#[test]
fn gitignore_keeps_what_it_has() {
    let folder = empty();
    let file = folder.path().join(".gitignore");
    fs::write(&file, "target/\n/.gatestack").unwrap();
    let ran = folder.run(&["init", "--yes"]);
    assert!(
        ran.stdout.contains(".gitignore         leaves out local"),
        "{}",
        ran.stdout
    );
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("target/\n/.gatestack\n\n# "), "{text}");
    assert_eq!(text.matches("gatestack").count(), 2, "{text}");
    assert!(text.contains("\n*.plan\n"), "{text}");
    fs::remove_file(folder.path().join("stack.toml")).unwrap();
    let again = report(&folder.run(&["init", "--yes", "--json"]));
    assert_eq!(again["files"].as_array().unwrap().len(), 1);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_gitignore_that_is_a_link_is_not_written_through() {
    let folder = empty();
    let here = folder.path();
    fs::write(here.join("shared"), "target/\n").unwrap();
    std::os::unix::fs::symlink("shared", here.join(".gitignore")).unwrap();
    let before = contents(here);
    let said = refused(&folder.run(&["init", "--yes"]), 1);
    assert!(
        said.contains("can't add lines to .gitignore: it is a symbolic link"),
        "{said}"
    );
    assert_eq!(contents(here), before);
    fs::write(here.join("shared"), "*\n").unwrap();
    report(&folder.run(&["init", "--yes", "--json"]));
    assert_eq!(fs::read_to_string(here.join("shared")).unwrap(), "*\n");
}

#[test]
fn what_should_never_be_committed_is_left_out() {
    let folder = empty();
    let here = folder.path();
    report(&folder.run(&["init", "--yes", "--json", "--name", "claims"]));
    folder.apply(&[]);
    for arguments in [
        &["plan", "--out", "claims.plan"][..],
        &["handoff", "acme", "--to", "acme-access"],
        &[
            "handoff",
            "acme",
            "--to",
            "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        ],
        &["export", "postman", "--with-secrets", "acme.env.json"],
    ] {
        let ran = folder.local(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}\n{}", ran.stderr);
    }
    let all = names(here);
    for secret in [
        ".gatestack/local.json",
        "claims.plan",
        "acme.age",
        "acme.env.json",
    ] {
        assert!(all.iter().any(|name| name == secret), "{secret}: {all:?}");
    }
    let walk = WalkBuilder::new(here)
        .hidden(false)
        .require_git(false)
        .build();
    let mut kept: Vec<_> = walk
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file())
        .map(|path| path.strip_prefix(here).unwrap().display().to_string())
        .collect();
    kept.sort();
    assert_eq!(
        kept,
        [
            ".gitignore",
            "acme-access/README.md",
            "acme-access/openapi.json",
            "acme-access/postman_collection.json",
            "acme.postman_collection.json",
            "stack.schema.json",
            "stack.toml",
        ]
    );
}

/// The limit lets the source and no schema be written; the process is told by an error instead of a signal.
#[test]
fn a_write_that_fails_leaves_nothing() {
    let folder = empty();
    fs::create_dir(folder.path().join("there")).unwrap();
    fs::write(folder.path().join("there/.gitignore"), "target/").unwrap();
    let program = env!("CARGO_BIN_EXE_gatestack");
    for inside in ["there", "new/folder"] {
        let before = contents(folder.path());
        let line = format!(
            "trap '' XFSZ; ulimit -f 8; '{program}' init --yes --template m2m-lambda {inside}"
        );
        let mut shell = Command::new("bash");
        let ran = Ran::from(
            shell
                .args(["-c", &line])
                .current_dir(folder.path())
                .output()
                .unwrap(),
        );
        let said = refused(&ran, 1);
        let path = format!("can't write {inside}/stack.schema.json: File too large");
        assert!(said.contains(&path), "{said}");
        assert!(
            said.contains("nothing of the stack is left behind"),
            "{said}"
        );
        assert_eq!(contents(folder.path()), before);
        assert!(!folder.path().join("new").exists());
        assert!(!folder.path().join("there/hello").exists());
    }
}

/// Nobody, not even root, makes folders there.
#[test]
fn a_folder_that_nobody_may_write_to() {
    let folder = empty();
    let said = refused(&folder.run(&["init", "--yes", "/sys/claims"]), 1);
    assert!(said.contains("error: can't write /sys/claims/"), "{said}");
}

#[test]
fn the_region_is_the_one_that_the_aws_cli_would_use() {
    let folder = empty();
    let home = folder.path();
    fs::create_dir(home.join(".aws")).unwrap();
    let config = "[default]\nregion = eu-west-1\n[profile other]\nregion = eu-west-2\n[profile none]\noutput = json\n";
    fs::write(home.join(".aws/config"), config).unwrap();
    let mut number = 0;
    let mut init = |variables: &[(&str, &str)], arguments: &[&str]| {
        number += 1;
        let name = format!("stack-{number}");
        with(
            &folder,
            variables,
            &[&["init", "--yes", "--json", &name], arguments].concat(),
        )
    };
    let region = |ran: &Ran| report(ran)["region"].as_str().unwrap().to_owned();
    let profile = [("AWS_PROFILE", "other")];
    let variable = [
        ("AWS_REGION", "eu-west-3"),
        ("AWS_DEFAULT_REGION", "eu-north-1"),
    ];
    assert_eq!(region(&init(&[], &[])), "eu-west-1");
    assert_eq!(region(&init(&profile, &[])), "eu-west-2");
    assert_eq!(region(&init(&[], &["--profile", "other"])), "eu-west-2");
    assert_eq!(
        region(&init(&variable, &["--profile", "other"])),
        "eu-west-3"
    );
    assert_eq!(region(&init(&variable[1..], &[])), "eu-north-1");
    assert_eq!(region(&init(&[("AWS_REGION", "")], &[])), "eu-west-1");
    assert_eq!(
        region(&init(&variable, &["--region", "us-east-1"])),
        "us-east-1"
    );
    let local = init(&variable, &["--local"]);
    assert_eq!(
        (region(&local), local.stderr.as_str()),
        ("eu-central-1".into(), "")
    );
    let none = init(&[], &["--profile", "none"]);
    assert_eq!(region(&none), "eu-central-1");
    assert!(
        unwrapped(&none.stderr)
            .contains("no AWS Region is configured, so the stack is for eu-central-1")
    );
    // A Region that this version does not know is one, and every command warns of it.
    let new = init(&[("AWS_REGION", "us-west-9")], &[]);
    assert_eq!(region(&new), "us-west-9");
    assert!(new.stderr.contains("warning[GS"), "{}", new.stderr);
    for (variables, arguments, told) in [
        (
            &[("AWS_REGION", "eu-wset-1")][..],
            &[][..],
            "`eu-wset-1` is not an AWS Region: set by AWS_REGION",
        ),
        (
            &[("AWS_PROFILE", "ohter")],
            &[],
            "AWS_PROFILE names the profile `ohter`",
        ),
        (&[], &["--profile", "ohter"], "did you mean `other`?"),
    ] {
        let ran = init(variables, arguments);
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert!(ran.code == 1 && json.to_string().contains(told), "{json}");
    }
}

#[test]
fn without_a_terminal_the_flags_are_named() {
    let folder = empty();
    let ran = folder.run(&["init", "--json"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    assert_eq!(json["messages"][0]["code"], "consent");
    let hint = json["messages"][0]["hints"][0].as_str().unwrap();
    let (_, command) = hint.split_once('\n').unwrap();
    assert_eq!(command, "gatestack init --yes");
    assert_eq!(names(folder.path()), [""; 0]);
    // With both answers there is no question.
    report(&folder.run(&[
        "init",
        "--json",
        "--name",
        "claims",
        "--region",
        "eu-west-1",
    ]));
}
