//! What can't be tested on AWS, and temporary resources for most of it.

use serde_json::Value;

use super::shown;
use crate::support::program::{Folder, Ran, record};

/// The local AWS over HTTP, which is AWS to its clients.
struct Served {
    process: std::process::Child,
    url: String,
    folder: Folder,
}

impl Served {
    fn new() -> Self {
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_gatestack"))
            .args(["local", "serve", "--listen", "127.0.0.1:0"])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let stdout = process.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut url).unwrap();
        let folder = Folder::with(include_str!("../../../stack.toml"));
        let url = url.trim().to_owned();
        let served = Self {
            process,
            url,
            folder,
        };
        assert_eq!(served.run(&["apply", "--yes"]).code, 0);
        served
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gatestack"));
        command
            .args(arguments)
            .args(["--endpoint-url", &self.url])
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("AWS_ACCESS_KEY_ID", "any")
            .env("AWS_SECRET_ACCESS_KEY", "any");
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let ran = Ran::from(self.command(arguments).output().unwrap());
        record(arguments, &ran.stdout);
        ran
    }

    fn report(&self, more: &[&str]) -> Value {
        let ran = self.run(&[&["verify", "--json"], more].concat());
        serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
    }

    /// Whether AWS has something temporary.
    fn has_probe(&self) -> bool {
        let ran = self.run(&["plan", "--json"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        ran.stdout.contains("gatestack-verify")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, and there is nothing to be done about a process that can't be ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn not_tested(report: &Value) -> Vec<String> {
    let calls = report["calls"].as_array().unwrap().iter();
    calls
        .filter(|call| call["result"] == "not_tested")
        .map(|call| call["caller"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_aws_cannot_show_is_not_tested_and_a_probe_shows_most_of_it() {
    let served = Served::new();
    let report = served.report(&[]);
    assert_eq!(shown(&report), "");
    assert_eq!(
        not_tested(&report),
        [
            "expired token",
            "token of another pool",
            "token without the scope",
            "key on no plan",
            "key of another plan",
            "disabled key",
            "key with its quota used up"
        ]
    );
    let report = served.report(&["--probe"]);
    assert_eq!(shown(&report), "");
    assert_eq!(
        not_tested(&report),
        ["expired token", "token of another pool"]
    );
    assert!(!served.has_probe());
}

#[test]
fn a_probe_that_died_is_cleared_away_by_the_next() {
    let served = Served::new();
    let mut died = served
        .command(&["verify", "--probe"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !served.has_probe() {
        assert!(
            died.try_wait().unwrap().is_none(),
            "it ended before anybody saw what it made"
        );
    }
    died.kill().unwrap();
    died.wait().unwrap();
    let report = served.report(&[]);
    assert_eq!(shown(&report), "");
    let checks = report["checks"].to_string();
    assert!(
        checks.contains("an earlier `verify --probe` died"),
        "{checks}"
    );
    let report = served.report(&["--probe"]);
    assert_eq!(shown(&report), "");
    assert!(!report["checks"].to_string().contains("died"));
    assert!(!served.has_probe());
}
