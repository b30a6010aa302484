//! The folder of a function's code is gone, or another one than when the plan was saved.

use std::fs;

use crate::functions::{copy_code, m2m};
use crate::support::program::{Folder, unwrapped};

fn remove_code(folder: &Folder) {
    fs::remove_dir_all(folder.path().join("hello")).unwrap();
}

#[test]
fn what_uploads_no_code_works_without_it() {
    let (folder, _) = m2m();
    folder.apply(&[]);
    remove_code(&folder);
    let refused = folder.local(&["plan"]);
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    assert!(refused.stderr.contains("[GS033]"), "{}", refused.stderr);
    for arguments in [
        &["output"][..],
        &["output", "invoke_url"],
        &["token", "machine"],
        &["call", "machine", "GET", "/hello", "--print-curl"],
        &["logs", "hello"],
        &["plan", "--destroy"],
        &["destroy", "--confirm", "m2m"],
    ] {
        let ran = folder.local(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    }
    let left = folder.local(&["plan", "--destroy"]).stdout;
    assert!(left.contains("Nothing to destroy"), "{left}");
}

#[test]
fn a_saved_plan_of_code_that_is_gone_writes_nothing() {
    let (folder, _) = m2m();
    folder.apply(&[]);
    let file = folder.path().join("hello/index.mjs");
    let longer = fs::read_to_string(&file).unwrap() + "// more\n";
    fs::write(&file, &longer).unwrap();
    let saved = folder.local(&["plan", "--out", "it.plan"]);
    assert_eq!(saved.code, 0, "{}", saved.stderr);
    let state = || fs::read(folder.path().join(".gatestack/local.json")).unwrap();
    let before = state();
    let refused = |told: &str| {
        let ran = folder.local(&["apply", "it.plan"]);
        assert_eq!(ran.code, 1, "{told}: {}", ran.stdout);
        assert!(unwrapped(&ran.stderr).contains(told), "{}", ran.stderr);
        assert!(state() == before, "{told}: something was written");
    };

    remove_code(&folder);
    refused("there is no folder hello");
    // Other code than the plan was made with.
    copy_code(&folder);
    refused("has changed since the plan was made, or what it points to; nothing was written");
    // A plan may be applied without its stack file, but it has only the digest of the code.
    let stack = folder.path().join("stack.toml");
    let aside = folder.path().join("aside");
    fs::rename(&stack, &aside).unwrap();
    refused("records only the digest of a file that is needed; nothing was written");

    fs::rename(&aside, &stack).unwrap();
    fs::write(&file, &longer).unwrap();
    let applied = folder.local(&["apply", "it.plan"]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    assert_eq!(folder.planned(), [""; 0]);
}
