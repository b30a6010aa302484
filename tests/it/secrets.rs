//! No secret in anything that is written, whatever the command and however it ends.

use std::collections::BTreeSet;

use crate::program::{Folder, example};

/// Every value that the local AWS keeps under a name that says secret, or that is an API key's value.
fn secrets(state: &serde_json::Value, found: &mut BTreeSet<String>) {
    match state {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                let secret = name.to_lowercase().contains("secret") || name == "value";
                match value {
                    serde_json::Value::String(text) if secret && text.len() >= 20 => {
                        found.insert(text.clone());
                    }
                    value => secrets(value, found),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| secrets(item, found)),
        _ => {}
    }
}

#[test]
fn nothing_written_holds_a_secret() {
    let text = example("partner-api");
    let folder = Folder::with(&text);
    let stores = "secretsmanager:acme";
    let runs: [&[&str]; 18] = [
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
        &["apply", "--yes", "-vv"],
        &["handoff", "acme", "--to", "handed/acme", "-vv"],
        &["handoff", "acme", "--to", stores, "-vv"],
        &["handoff", "globex", "--to", stores, "-vv"],
        &["handoff", "acme", "--to", "ssm:/acme", "-vv"],
        &["export", "postman", "-vv"],
        &["verify", "-vv", "--junit", "verify.xml"],
        &["verify", "--json"],
    ];
    std::fs::create_dir(folder.path().join("handed")).unwrap();
    for arguments in runs {
        folder.local(arguments);
    }
    folder.write(&text.replace("rate = 50", "rate = 51"));
    folder.local(&["apply", "--yes", "--json", "-vv"]);
    let state = std::fs::read_to_string(folder.path().join(".gatestack/local.json")).unwrap();
    let mut values = BTreeSet::new();
    secrets(&serde_json::from_str(&state).unwrap(), &mut values);
    assert!(
        values.len() >= 4,
        "the state holds the clients' secrets and the keys' values: {}",
        values.len()
    );

    let mut written = folder.everything_written();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            written += &std::fs::read_to_string(path).unwrap();
        }
    }
    for value in values {
        assert!(!written.contains(&value), "a secret was written");
    }
}
