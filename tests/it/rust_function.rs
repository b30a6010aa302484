//! A function in Rust: the program of `tests/functions/rust_hello.rs`, on the crate `lambda_runtime`, runs as `provided.al2023`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::program::{Folder, Ran, example};

/// The program. `cargo test` builds it, `cargo test --test it` doesn't.
fn program() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_gatestack")).parent().unwrap();
    let program = folder.join("examples/rust_hello");
    assert!(
        program.is_file(),
        "first run `cargo build --example rust_hello`"
    );
    program
}

/// The example with this program as its function's code.
fn stack() -> Folder {
    let architecture = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    };
    let source = "source      = \"hello\"";
    let text = example("m2m-lambda");
    assert!(text.contains(source));
    let folder = Folder::with(&text.replace(
        source,
        &format!("{source}\nruntime = \"provided.al2023\"\narchitecture = \"{architecture}\""),
    ));
    let code = folder.path().join("hello");
    fs::create_dir(&code).unwrap();
    fs::copy(program(), code.join("bootstrap")).unwrap();
    folder
}

/// The status of an answer, and its body.
fn answer(called: &Ran) -> (&str, Value) {
    let (head, body) = called.stdout.split_once("\n\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[test]
fn a_program_on_lambda_runtime_is_called_and_its_failures_are_502() {
    let folder = stack();
    folder.apply(&[]);
    folder.served(&[], |url| {
        let run = |arguments: &[&str]| folder.run(&[arguments, &["--endpoint-url", url]].concat());
        let call = |path: &str| run(&["call", "machine", "GET", path, "-i"]);
        let greets = |calls: u32| {
            let called = call("/hello");
            let body = json!({ "calls": calls, "function": "m2m-hello" });
            assert_eq!(answer(&called), ("200", body), "{}", called.stderr);
        };
        (1..=3).for_each(greets);
        for (fail, logged) in [("error", "OutOfGreetings"), ("panic", "the greeting broke")] {
            let called = call(&format!("/hello?fail={fail}"));
            let body = json!({ "message": "Internal server error" });
            assert_eq!(answer(&called), ("502", body), "{fail}");
            let logs = run(&["logs", "hello", "--filter", logged]);
            assert!(
                logs.stdout.contains(logged),
                "{fail}: {}{}",
                logs.stdout,
                run(&["logs", "hello"]).stdout
            );
        }
        // The same process goes on.
        greets(6);
    });
}
