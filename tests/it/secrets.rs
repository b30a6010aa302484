//! No secret in any output, whatever the command, the log level and the exit.

use std::collections::BTreeSet;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use regex::Regex;
use serde_json::Value;

use crate::support::backend::Backend;
use crate::support::program::{Folder, example};

/// Where hand-offs are written; not searched.
const HANDED: &str = "handed";

/// How each command is run: normally, and with all verbosity.
const MANNERS: [(&[&str], &str); 2] = [(&[], ""), (&["-vv"], "trace")];

/// Every value that the local AWS keeps under a name that says secret or private, or that is an API key's value.
fn secrets(state: &Value, found: &mut BTreeSet<String>) {
    match state {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.to_lowercase();
                let secret = name.contains("secret") || name.contains("private") || name == "value";
                match value {
                    Value::String(text) if secret => {
                        // Of several lines, such as a private key's, any would say too much.
                        let lines = text.lines().filter(|line| !line.starts_with("-----"));
                        found.extend(lines.filter(|line| line.len() >= 20).map(str::to_owned));
                    }
                    value => secrets(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| secrets(item, found)),
        _ => {}
    }
}

/// The secrets of the state in a folder, and what they look like in a request for a token.
fn kept(folder: &Folder) -> BTreeSet<String> {
    let state = std::fs::read_to_string(folder.path().join(".gatestack/local.json")).unwrap();
    let mut values = BTreeSet::new();
    secrets(&serde_json::from_str(&state).unwrap(), &mut values);
    let outputs: Value = serde_json::from_str(&folder.local(&["output", "--json"]).stdout).unwrap();
    let clients = outputs["outputs"].as_object().unwrap().iter();
    let clients = clients.filter(|(name, _)| name.ends_with(".client_id"));
    let basic: Vec<String> = clients
        .flat_map(|(_, id)| {
            let id = id.as_str().unwrap();
            values
                .iter()
                .map(move |secret| BASE64_STANDARD.encode(format!("{id}:{secret}")))
        })
        .collect();
    values.extend(basic);
    values
}

/// Everything in the files of a folder and below it, the state and what was handed out left aside.
fn files(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(HANDED) || path.ends_with(".gatestack/local.json") {
            continue;
        }
        text += &if path.is_dir() {
            files(&path)
        } else {
            String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
        };
    }
    text
}

/// Looks for each secret, and for anything that could be a token, in all that was written.
fn assert_nothing_of(values: &BTreeSet<String>, written: &str) {
    assert!(written.len() > 10_000, "it is all here: {}", written.len());
    for value in values {
        if let Some(at) = written.find(value.as_str()) {
            let around = written[..at].lines().last().unwrap_or_default();
            panic!("a secret was written behind: {around}");
        }
    }
    let token = Regex::new(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{20}").unwrap();
    if let Some(found) = token.find(written) {
        let around = written[..found.start()].lines().last().unwrap_or_default();
        panic!("a token was written behind: {around}");
    }
}

#[test]
fn nothing_written_holds_a_secret() {
    let text = example("partner-api");
    let folder = Folder::with(&text);
    let backend = Backend::start();
    let port = backend.port.as_str();
    std::fs::create_dir(folder.path().join(HANDED)).unwrap();
    folder.apply(&["-vv"]);
    let changed = text.replace("rate = 50", "rate = 51");
    let commands: [&[&str]; 29] = [
        &["apply", "--yes"],
        &["apply", "--yes", "--json"],
        &["plan", "-v"],
        &["plan", "--json"],
        &["plan", "--destroy"],
        &["plan", "--out", "change.plan"],
        &["plan", "--destroy", "--out", "destroy.plan"],
        &["output"],
        &["output", "--json"],
        &["graph"],
        &["call", "acme", "GET", "/policies", "-i", "--backend", port],
        &["call", "acme", "GET", "/policies", "--without", "key", "-i"],
        &["call", "acme", "GET", "/nowhere", "--fail"],
        &["call", "acme", "GET", "/policies"],
        &["call", "acme", "GET", "/policies", "--print-curl"],
        &["call", "acme", "GET", "/policies", "-d", "@nothing"],
        &["token", "acme", "--scope", "xxx-api/nothing"],
        &["token", "nobody", "--json"],
        &["verify", "--backend", port],
        &[
            "verify",
            "--json",
            "--junit",
            "verified.xml",
            "--backend",
            port,
        ],
        &["handoff", "acme", "--to", "handed/acme", "--force"],
        &["handoff", "acme", "--to", "secretsmanager:acme"],
        &["handoff", "globex", "--to", "secretsmanager:acme"],
        &["handoff", "acme", "--to", "ssm:/acme"],
        &["handoff", "nobody", "--to", "handed/nobody.json"],
        &["export", "postman"],
        &["history"],
        &["history", "--json"],
        &["rollback", "--yes"],
    ];
    for (flags, log) in MANNERS {
        for (place, arguments) in commands.iter().enumerate() {
            // Half of the applies have something to do.
            folder.write(if place == 0 { &changed } else { &text });
            folder.local_logging(log, &[arguments, flags].concat());
        }
        // Only the token is printed on request, once.
        let token = folder.local_logging(log, &[&["token", "acme"], flags].concat());
        assert_eq!((token.code, token.stdout.lines().count()), (0, 1));
        folder.forget_stdout();
    }
    let values = kept(&folder);
    assert!(
        values.len() >= 40,
        "the state holds clients' secrets, keys' values and a private key: {}",
        values.len()
    );
    folder.local(&["destroy", "--confirm", "partner-api", "-vv"]);
    assert_nothing_of(
        &values,
        &(folder.everything_written() + &files(folder.path())),
    );
}

#[test]
fn nothing_written_over_http_holds_a_secret() {
    let folder = Folder::with(include_str!("../../stack.toml"));
    folder.apply(&[]);
    let values = kept(&folder);
    folder.served(&[], |url| {
        for (flags, log) in MANNERS {
            for arguments in [
                &["plan"][..],
                &["call", "acme", "GET", "/hello", "-i"],
                &["call", "acme", "GET", "/hello", "--without", "token"],
                &["call", "acme", "GET", "/hello", "--print-curl"],
                &["token", "acme", "--scope", "hello/nothing"],
                &["verify"],
            ] {
                let arguments = [arguments, &["--endpoint-url", url], flags].concat();
                folder.run_logging(log, &arguments);
            }
        }
    });
    assert_nothing_of(
        &values,
        &(folder.everything_written() + &files(folder.path())),
    );
}
