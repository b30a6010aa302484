//! Input and output that is not a regular file, or too large: a clear error, without waiting.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::program::{Folder, Ran, example};

const SMALLEST: &str = include_str!("../../stack.toml");

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success(), "{}", path.display());
}

/// What a command answers within this much time of the processor, in seconds, and this much memory; a command that waits instead is
/// killed when nothing can come any more.
fn bounded(folder: &Folder, arguments: &[&str]) -> Ran {
    const SCRIPT: &str = "ulimit -t 40; ulimit -v 1500000; exec timeout -s KILL 300 \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", SCRIPT, env!("CARGO_BIN_EXE_gatestack")])
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran::from(output)
}

/// A folder with a stack that is applied, and with a named pipe, a folder and a socket in it.
fn applied() -> (Folder, UnixListener) {
    let folder = Folder::with(SMALLEST);
    folder.apply(&[]);
    let at = |name: &str| folder.path().join(name);
    pipe(&at("pipe"));
    std::fs::create_dir(at("folder")).unwrap();
    let socket = UnixListener::bind(at("socket")).unwrap();
    (folder, socket)
}

const INSTEAD: [(&str, &str); 4] = [
    ("pipe", "it is a named pipe (FIFO), not a regular file"),
    ("folder", "it is a folder, not a file"),
    ("socket", "it is a socket, not a regular file"),
    ("/dev/zero", "it is a device, not a regular file"),
];

#[test]
fn what_is_read_is_a_regular_file() {
    let (folder, _socket) = applied();
    for (name, what) in INSTEAD {
        let data = format!("@{name}");
        for arguments in [
            &["validate", "-f", name][..],
            &["--local", "plan", "-f", name],
            &["--local", "apply", name],
            &["--local", "call", "acme", "POST", "/hello", "-d", &data],
        ] {
            let ran = bounded(&folder, arguments);
            assert_eq!(ran.code, 1, "{arguments:?}\n{}", ran.stderr);
            // Lines are broken at spaces.
            let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains(what), "{arguments:?}\n{}", ran.stderr);
        }
    }
}

#[test]
fn a_link_to_nothing_is_told_wherever_a_file_is_read() {
    let (folder, _socket) = applied();
    symlink("gone", folder.path().join("link")).unwrap();
    for arguments in [
        &["validate", "-f", "link"][..],
        &["validate", "--var-file", "link"],
        &["--local", "apply", "link"],
        &["--local", "call", "acme", "POST", "/hello", "-d", "@link"],
        &["--local", "handoff", "acme", "--to", "link"],
        &["--local", "export", "postman", "--out", "link"],
        &["local", "serve", "--scenario", "link"],
        &["local", "serve", "--existing", "link"],
    ] {
        let ran = bounded(&folder, arguments);
        assert_eq!(ran.code, 1, "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = said.contains("link to gone, which does not exist")
            || said.contains("symbolic link to something that does not exist");
        assert!(told, "{arguments:?}\n{}", ran.stderr);
    }
    symlink("gone", folder.path().join("local-aws.toml")).unwrap();
    let said = bounded(&folder, &["--local", "plan"]).stderr;
    assert!(
        said.contains("local-aws.toml is a link to gone, which does not exist"),
        "{said}"
    );
}

#[test]
fn an_overlay_is_a_regular_file() {
    let folder = Folder::with(SMALLEST);
    pipe(&folder.path().join("stack.prod.toml"));
    let ran = bounded(&folder, &["validate", "--env", "prod"]);
    assert!(
        ran.code == 1 && ran.stderr.contains("named pipe"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_script_for_instances_is_a_regular_file() {
    let folder = Folder::with(&example("partner-api"));
    let script = folder.path().join("backend.sh");
    std::fs::remove_file(&script).unwrap();
    pipe(&script);
    let ran = bounded(&folder, &["validate"]);
    assert!(
        ran.code == 1 && ran.stderr.contains("named pipe"),
        "{}",
        ran.stderr
    );
    std::fs::remove_file(&script).unwrap();
    symlink("gone", &script).unwrap();
    let said = bounded(&folder, &["validate"]).stderr;
    assert!(said.contains("symbolic link to something"), "{said}");
    std::fs::remove_file(&script).unwrap();
    symlink("/dev/zero", &script).unwrap();
    let ran = bounded(&folder, &["validate"]);
    assert!(
        ran.code == 1 && ran.stderr.contains("it is a device"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_written_takes_the_place_of_a_regular_file_only() {
    let (folder, _socket) = applied();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("precious"), "precious").unwrap();
    symlink("precious", at("link")).unwrap();
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    for name in ["pipe", "socket", "link"] {
        for arguments in [
            &["--local", "plan", "--out", name][..],
            &["--local", "verify", "--junit", name],
            &["--local", "export", "postman", "--with-secrets", name],
            &[
                "--local", "handoff", "acme", "--to", key, "--force", "--out", name,
            ],
        ] {
            let ran = bounded(&folder, arguments);
            assert_eq!(ran.code, 1, "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
        }
    }
    assert_eq!(std::fs::read(at("precious")).unwrap(), b"precious");
    assert!(at("link").is_symlink());
}

#[test]
fn the_local_aws_writes_through_no_link() {
    for name in ["local.new", "local.json", "local.lock"] {
        let folder = Folder::with(SMALLEST);
        let ours = folder.path().join(".gatestack");
        std::fs::create_dir(&ours).unwrap();
        std::fs::write(folder.path().join("precious"), "precious").unwrap();
        symlink("../precious", ours.join(name)).unwrap();
        let ran = bounded(&folder, &["--local", "apply", "--yes"]);
        // Nothing is ever written at a name that can be foreseen.
        assert_eq!(ran.code, i32::from(name != "local.new"), "{}", ran.stderr);
        if ran.code != 0 {
            assert!(ran.stderr.contains("symbolic link"), "{}", ran.stderr);
        }
        let precious = std::fs::read(folder.path().join("precious")).unwrap();
        assert_eq!(precious, b"precious", "{name}");
    }
}

#[test]
fn the_local_aws_keeps_its_state_in_no_linked_folder() {
    let folder = Folder::with(SMALLEST);
    std::fs::create_dir(folder.path().join("elsewhere")).unwrap();
    symlink("elsewhere", folder.path().join(".gatestack")).unwrap();
    let ran = bounded(&folder, &["--local", "apply", "--yes"]);
    assert!(
        ran.code == 1 && ran.stderr.contains("symbolic link"),
        "{}",
        ran.stderr
    );
    let there = std::fs::read_dir(folder.path().join("elsewhere")).unwrap();
    assert_eq!(there.count(), 0);
}

#[test]
fn a_state_that_waits_for_a_writer_is_refused() {
    for name in ["aws.json", "aws.lock"] {
        let folder = Folder::with(SMALLEST);
        pipe(&folder.path().join(name));
        let serve = [
            "local",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--state",
            "aws.json",
        ];
        let ran = bounded(&folder, &serve);
        assert!(
            ran.code == 1 && ran.stderr.contains("named pipe"),
            "{}",
            ran.stderr
        );
    }
}

/// A stack file of `count` of something.
type Many = fn(usize) -> String;

fn repeated(head: &str, count: usize, line: impl Fn(usize) -> String) -> String {
    let lines: String = (0..count).map(line).collect();
    format!("[stack]\nname = \"hello\"\nregion = \"eu-central-1\"\n{head}\n{lines}")
}

const POOL: &str = "[user_pool]\nname = \"hello\"\ndomain = \"hello-1\"\n[resource_servers.s]\nscopes = { a = \"x\" }\n";

/// Each was quadratic once, ended the process, or made a message of megabytes.
const MANY: &[(&str, Many, &str)] = &[
    (
        "partners on plans that are not there",
        |n| {
            repeated("[plans.a]", n, |i| {
                format!("[partners.p{i}]\nplan = \"b{i}\"\n")
            })
        },
        "errors",
    ),
    (
        "unknown keys",
        |n| repeated("", n, |i| format!("k{i} = 1\n")),
        "and 19950 more errors",
    ),
    (
        "moves",
        |n| {
            repeated("", n, |i| {
                format!("[[moved]]\nfrom = \"partners.a{i}\"\nto = \"partners.b{i}\"\n")
            })
        },
        "and 19950 more errors",
    ),
    (
        "scopes",
        |n| {
            let scopes: String = (0..n).map(|i| format!("\"s/x{i}\", ")).collect();
            let client = format!(
                "{POOL}[app_clients.c]\nflows = [\"client_credentials\"]\nscopes = [{scopes}]\n"
            );
            repeated(&client, 0, |_| String::new())
        },
        "and 19951 more errors",
    ),
    (
        "clients with scopes of as many servers",
        |n| {
            let servers: String = (0..n / 4)
                .map(|i| format!("[resource_servers.s{i}]\nscopes = {{ a = \"x\" }}\n"))
                .collect();
            repeated(
                &format!("[user_pool]\nname = \"hello\"\n{servers}"),
                n / 4,
                |i| {
                    format!(
                        "[app_clients.c{i}]\nflows = [\"client_credentials\"]\nscopes = [\"s{i}/b\"]\n"
                    )
                },
            )
        },
        "errors",
    ),
    (
        "clients with all scopes of a server that has very many",
        |n| {
            let scopes: String = (0..n).map(|i| format!("s{i} = \"x\"\n")).collect();
            let head =
                format!("[user_pool]\nname = \"hello\"\n[resource_servers.s.scopes]\n{scopes}");
            repeated(&head, n / 2, |i| {
                format!(
                    "[app_clients.c{i}]\nflows = [\"client_credentials\"]\nscopes = [\"s/*\"]\n"
                )
            })
        },
        "20000 scopes; Cognito allows 100 on a resource server",
    ),
    (
        "greedy routes beside others, with very many scopes",
        |n| {
            let scopes: String = (0..n).map(|i| format!("\"s/x{i}\", ")).collect();
            let head = format!(
                "{POOL}[api]\nname = \"a\"\nstage = \"a\"\nrequires = {{ api_key = true }}\n[api.routes]\n\
                 \"ANY /{{proxy+}}\" = {{ mock = 200, requires = {{ scopes = [{scopes}] }} }}\n"
            );
            repeated(&head, n / 2, |i| {
                format!("\"GET /r{i}\" = {{ mock = 200 }}\n")
            })
        },
        "errors",
    ),
    (
        "durations",
        |n| {
            repeated(POOL, n, |i| {
                format!("[app_clients.c{i}]\ntokens = {{ access = \"soon\" }}\n")
            })
        },
        "errors",
    ),
    (
        "callback URLs",
        |n| {
            let urls: String = (0..n).map(|i| format!("\"http://a{i}\", ")).collect();
            repeated(
                &format!("{POOL}[app_clients.c]\ncallback_urls = [{urls}]\n"),
                0,
                |_| String::new(),
            )
        },
        "errors",
    ),
    (
        "variables that each need the next",
        |n| repeated("[vars]", n, |i| format!("v{i} = \"${{var.v{}}}\"\n", i + 1)),
        "1 error",
    ),
    (
        "variables that need each other",
        |n| {
            repeated("[vars]", n, |i| {
                format!("v{i} = \"${{var.v{}}}\"\n", (i + 1) % 20_000)
            })
        },
        "1 error",
    ),
    (
        "references of one text that mean nothing",
        |n| {
            let text: String = (0..n).map(|i| format!("${{x.w{i}}}")).collect();
            repeated(&format!("[vars]\nv = \"{text}\""), 0, |_| String::new())
        },
        "more errors",
    ),
    (
        "routes with parameters in each other's place",
        |n| {
            repeated("[api]\nname = \"a\"\nstage = \"a\"\n[api.routes]", n, |i| {
                format!("\"GET /r/{{p{i}}}\" = {{ mock = 200 }}\n")
            })
        },
        "and 19949 more errors",
    ),
    (
        "a path of many parts",
        |n| {
            let path = "/a".repeat(n / 20);
            repeated(
                "[api]\nname = \"a\"\nstage = \"a\"\nx = 1\n[api.routes]",
                20,
                |i| format!("\"GET /{i}{path}\" = {{ mock = 200 }}\n"),
            )
        },
        "1 error and 1 warning",
    ),
    (
        "variables that grow tenfold",
        |_| {
            repeated("[vars]\nv0 = \"aaaaaaaaaa\"", 12, |i| {
                format!("v{} = \"{}\"\n", i + 1, format!("${{var.v{i}}}").repeat(10))
            })
        },
        "is longer than 1 MiB once its variables are replaced",
    ),
    (
        "a variable in many places",
        |n| {
            repeated(
                &format!("[vars]\nbig = \"{}\"", "a".repeat(1 << 20)),
                n,
                |i| format!("v{i} = \"${{var.big}}\"\n"),
            )
        },
        "more than 16 MiB into the file",
    ),
    (
        "values",
        |n| repeated("[vars]", n * 6, |i| format!("v{i} = 1\n")),
        "more than 100000 values",
    ),
    (
        "tables",
        |n| repeated("", n * 2, |i| format!("[plans.p{i}]\n")),
        "more than 25000 tables",
    ),
    (
        "a key of megabytes",
        |_| {
            repeated(&format!("{} = 1\n", "a".repeat(3 << 20)), 0, |_| {
                String::new()
            })
        },
        "a key of 3145728 bytes",
    ),
    (
        "a name of megabytes",
        |_| {
            SMALLEST.replace(
                "\"hello\"\nregion",
                &format!("\"{}\"\nregion", "a".repeat(3 << 20)),
            )
        },
        "the name has 3145728 characters",
    ),
    (
        "a file of megabytes",
        |_| repeated(&"#\n".repeat(5 << 20), 0, |_| String::new()),
        "can't read stack.toml: it is larger than the 4 MiB",
    ),
    (
        "lists in lists",
        |_| {
            repeated(&format!("[vars]\na = {}", "[".repeat(100_000)), 0, |_| {
                String::new()
            })
        },
        "not TOML",
    ),
    (
        "very many values below very many tables",
        |n| {
            let values: String = (0..n).map(|i| format!("k{i} = 1, ")).collect();
            let (open, close) = ("{ a = ".repeat(70), " }".repeat(70));
            repeated(
                &format!("[vars]\nx = {open}{{ {values} }}{close}"),
                0,
                |_| String::new(),
            )
        },
        "more than 1000000 keys in all",
    ),
    (
        "keys in keys",
        |_| {
            repeated(&format!("[vars]\n{}a = 1", "a.".repeat(500_000)), 0, |_| {
                String::new()
            })
        },
        "not TOML",
    ),
];

#[test]
fn files_that_are_mad_end_soon_with_few_errors() {
    for (what, text, said) in MANY {
        let folder = Folder::with(&text(20_000));
        let ran = bounded(&folder, &["validate"]);
        let stderr: String = ran.stderr.chars().take(2_000).collect();
        assert_eq!(ran.code, 1, "{what}: {stderr}");
        let flat = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains(said),
            "{what}: {stderr}\n…\n{}",
            &flat[flat.len().saturating_sub(300)..]
        );
        assert!(
            ran.stderr.len() < 40_000,
            "{what}: {} bytes are said",
            ran.stderr.len()
        );
        assert!(ran.stderr.matches("error[").count() <= 50, "{what}");
    }
}

#[test]
fn machines_are_told_as_few() {
    let folder = Folder::with(&repeated("", 1_000, |i| format!("k{i} = 1\n")));
    let ran = bounded(&folder, &["validate", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let messages = told["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 51);
    assert_eq!(
        (&messages[50]["code"], &messages[50]["message"]),
        (&"more".into(), &"and 950 more errors".into())
    );
}

#[test]
fn a_value_of_the_command_line_has_a_limit_too() {
    let text = SMALLEST.replace("name   = \"hello\"\nregion", "name = \"${var.n}${var.n}${var.n}${var.n}${var.n}${var.n}${var.n}${var.n}${var.n}${var.n}${var.n}\"\nregion")
        + "[vars]\nn = \"a\"\n";
    let folder = Folder::with(&text);
    // One argument of a command line holds 128 KiB.
    let var = format!("n={}", "a".repeat(120_000));
    let ran = bounded(&folder, &["validate", "--var", &var]);
    assert!(
        ran.code == 1 && ran.stderr.contains("is longer than 1 MiB"),
        "{}",
        &ran.stderr[..ran.stderr.len().min(500)]
    );
    let ran = bounded(&folder, &["validate", "--var", &var.replace("n=", "m=")]);
    assert!(
        ran.code == 1 && ran.stderr.len() < 3_000,
        "{}",
        ran.stderr.len()
    );
}

/// The example with this many partners.
fn partners(count: usize) -> String {
    let more: String = (0..count)
        .map(|i| format!("p{i} = {{ scopes = [\"hello/read\"], plan = \"standard\" }}\n"))
        .collect();
    format!(
        "{}\n[partners]\n{more}",
        SMALLEST.split("[partners").next().unwrap()
    )
}

/// Each step, line and box is found without looking at all others: with this many, that would take minutes.
#[test]
fn very_many_partners_are_planned_and_drawn_in_time() {
    let folder = Folder::with(&partners(8_000));
    let plan = bounded(&folder, &["--local", "plan"]);
    assert!(
        plan.code == 0 && plan.stdout.contains(" to add, 0 to change, 0 to destroy"),
        "{}{}",
        plan.stderr,
        &plan.stdout[plan.stdout.len().saturating_sub(300)..]
    );
    for format in ["tree", "dot", "mermaid", "svg"] {
        let graph = bounded(&folder, &["graph", "--format", format]);
        assert_eq!(graph.code, 0, "{format}: {}", graph.stderr);
    }
}

#[test]
fn a_file_of_very_many_variables_is_read_in_time() {
    let folder = Folder::with(SMALLEST);
    let values: String = (0..100_000).map(|i| format!("v{i} = \"x\"\n")).collect();
    std::fs::write(folder.path().join("v.toml"), values).unwrap();
    let ran = bounded(&folder, &["validate", "--var-file", "v.toml"]);
    assert_eq!(ran.code, 0, "{}", &ran.stderr[..ran.stderr.len().min(500)]);
    assert!(ran.stderr.contains("v.toml:1:1"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("and 99950 more warnings"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_saved_plan_holds_no_more_than_a_stack_can_have() {
    let folder = Folder::with(SMALLEST);
    let at = folder.path().join("a.plan");
    assert_eq!(folder.local(&["plan", "--out", "a.plan"]).code, 0);
    let saved = std::fs::read_to_string(&at).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&saved).unwrap();
    let long = "x".repeat(10 << 20);
    let globs = |n: usize| (0..n).map(|i| format!("***a*b*c{i}*")).collect::<Vec<_>>();
    let names = |n: usize| (0..n).map(|i| format!("partners.p{i}")).collect::<Vec<_>>();
    type Forged<'a> = Box<dyn Fn(&mut serde_json::Value) + 'a>;
    let cases: [(&str, Forged<'_>, &str); 5] = [
        (
            "targets",
            Box::new(|plan| plan["content"]["inputs"]["targets"] = names(100_000).into()),
            "has 100000 times --target",
        ),
        (
            "patterns",
            Box::new(|plan| plan["content"]["inputs"]["allow_delete"] = globs(9_000).into()),
            "has 9000 times --allow-delete as a pattern",
        ),
        (
            "as many targets as are read",
            Box::new(|plan| plan["content"]["inputs"]["targets"] = names(10_000).into()),
            "nothing was written",
        ),
        (
            "a long target",
            Box::new(|plan| plan["content"]["inputs"]["targets"] = vec![long.clone()].into()),
            "longer than the 8192 bytes",
        ),
        (
            "a long version",
            Box::new(|plan| plan["version"] = format!("0.1.0{long}").into()),
            "saved the plan, and this is gatestack",
        ),
    ];
    for (what, forge, said) in cases {
        let mut plan = saved.clone();
        forge(&mut plan);
        let digest = gatestack::model::digest(plan["content"].to_string().as_bytes());
        plan["digest"] = digest.into();
        std::fs::write(&at, plan.to_string()).unwrap();
        let ran = bounded(&folder, &["--local", "apply", "a.plan"]);
        let stderr: String = ran.stderr.chars().take(2_000).collect();
        let flat = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(ran.code == 1 && flat.contains(said), "{what}: {stderr}");
        assert!(
            ran.stderr.len() < 6_000,
            "{what}: {} bytes",
            ran.stderr.len()
        );
    }
}

#[test]
fn texts_of_megabytes_are_not_repeated() {
    let folder = Folder::with(SMALLEST);
    let zone = format!("[[hosted_zones]]\nname = \"{}\"\n", "x".repeat(10 << 20));
    std::fs::write(folder.path().join("local-aws.toml"), zone).unwrap();
    let recipient = format!("age1{}", "q".repeat(120_000));
    for arguments in [
        &["--local", "plan"][..],
        &["--local", "handoff", "acme", "--to", &recipient],
    ] {
        let ran = bounded(&folder, arguments);
        assert_ne!(ran.code, 0);
        assert!(
            ran.stderr.len() < 4_000,
            "{} bytes: {}",
            ran.stderr.len(),
            &ran.stderr[..500]
        );
        assert!(!ran.stderr.contains("FATAL"), "{}", ran.stderr);
    }
}

#[test]
fn a_file_that_is_no_state_gets_no_lock() {
    let folder = Folder::with(SMALLEST);
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("etc")).unwrap();
    symlink("/dev/null", at("null")).unwrap();
    std::fs::write(at("notes.txt"), "mine").unwrap();
    let entries = || {
        let mut names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let before = entries();
    for state in ["etc", "null", "notes.txt"] {
        let serve = [
            "local",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--state",
            state,
        ];
        let ran = bounded(&folder, &serve);
        assert_eq!(ran.code, 1, "{state}: {}", ran.stderr);
        assert!(!ran.stderr.contains("remove it"), "{state}: {}", ran.stderr);
        assert_eq!(entries(), before, "{state}");
    }
    assert!(!Path::new("/dev/null.lock").exists());
    for device in ["/dev/null", "/dev/zero"] {
        let serve = [
            "local",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--state",
            device,
        ];
        let ran = bounded(&folder, &serve);
        assert!(
            ran.code == 1 && ran.stderr.contains("it is a device"),
            "{}",
            ran.stderr
        );
        assert!(
            !Path::new(device).with_extension("lock").exists(),
            "{device}"
        );
    }
    std::fs::create_dir(at(".gatestack")).unwrap();
    symlink(at("notes.txt"), at(".gatestack/local.json")).unwrap();
    let ran = bounded(&folder, &["--local", "plan"]);
    assert!(
        ran.code == 1 && ran.stderr.contains("symbolic link"),
        "{}",
        ran.stderr
    );
    assert!(!at(".gatestack/local.lock").exists());
}

#[test]
fn what_stands_where_the_folder_of_the_state_goes_is_told() {
    for make in [pipe as fn(&Path), |path| std::fs::write(path, "x").unwrap()] {
        let folder = Folder::with(SMALLEST);
        make(&folder.path().join(".gatestack"));
        let ran = bounded(&folder, &["--local", "plan"]);
        let flat = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(ran.code, 1, "{flat}");
        assert!(flat.contains("that is not a folder"), "{flat}");
        assert!(flat.contains("move away what is there"), "{flat}");
    }
}

#[test]
fn a_scenario_is_utf_8() {
    let folder = Folder::with(SMALLEST);
    std::fs::write(folder.path().join("s.toml"), b"# \xff\n").unwrap();
    let serve = ["local", "serve", "--listen", "127.0.0.1:0", "--scenario"];
    let ran = bounded(&folder, &[&serve[..], &["s.toml"]].concat());
    assert!(
        ran.code == 1 && ran.stderr.contains("it is not UTF-8 text"),
        "{}",
        ran.stderr
    );
    let ran = bounded(&folder, &[&serve[..], &["none.toml"]].concat());
    assert!(
        ran.code == 1 && ran.stderr.contains("there is no scenario none.toml"),
        "{}",
        ran.stderr
    );
}
