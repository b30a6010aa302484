//! A deployment that invokes a function which is gone, or may not be invoked any more, is not gone back to.

use serde_json::Value;

use super::report;
use crate::functions::m2m;
use crate::support::program::Folder;
use crate::support::screen::{screen, with_filters};

const POST: &str =
    "\"POST /hello\" = { function = \"hello\", requires = { scopes = [\"hello/write\"] } }\n";
const CODE: &str = "source      = \"hello\"\n";
const OTHER: &str = "[functions.other]\nsource = \"hello\"\n\n[api]\n";

/// The example after an apply of both texts.
fn from_to(before: &str, after: &str) -> Folder {
    let (folder, _) = m2m();
    for text in [before, after] {
        folder.write(text);
        folder.apply(&[]);
    }
    folder
}

/// That `rollback` refuses the deployment before, and history names these methods.
#[track_caller]
fn refused(folder: &Folder, methods: &str) {
    let before = report(folder);
    let earlier = &before["deployments"][1];
    assert_eq!(earlier["rollback"], "impossible", "{before:#}");
    let reason = earlier["reason"].as_str().unwrap();
    assert!(
        reason.contains(&format!("may no longer invoke what {methods} invoke")),
        "{reason}"
    );
    for named in [&[][..], &[earlier["id"].as_str().unwrap()]] {
        let ran = folder.local(&[&["rollback", "--yes"], named].concat());
        assert_eq!(ran.code, 1, "{}", ran.stdout);
        assert!(
            ran.stderr.contains("can't be served any more"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(report(folder), before);
}

fn status(folder: &Folder, method: &str) -> String {
    let ran = folder.local(&["call", "machine", method, "/hello", "--include"]);
    ran.stdout.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn a_route_that_was_removed_is_not_gone_back_to() {
    let (_, text) = m2m();
    assert!(text.contains(POST));
    let folder = from_to(&text, &text.replace(POST, ""));
    refused(&folder, "POST /hello");
    assert_screen!(
        "history_without_a_permission",
        0,
        folder.local(&["history"])
    );
    assert_screen!(
        "permission_is_gone",
        1,
        folder.local(&["rollback", "--yes"])
    );

    // As it was, it is deployed anew; and what is left of it can be gone back to.
    folder.write(&text);
    folder.apply(&[]);
    let ran = folder.local(&["rollback", "--yes"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(status(&folder, "GET"), "200");
}

#[test]
fn another_function_or_alias_is_not_gone_back_from() {
    let (_, text) = m2m();
    assert!(text.contains(CODE));
    let named = |alias: &str| text.replace(CODE, &format!("{CODE}alias = \"{alias}\"\n"));
    let both = "GET /hello, POST /hello";
    refused(&from_to(&text, &named("live")), both);
    refused(&from_to(&named("live"), &named("next")), both);
    refused(&from_to(&named("live"), &text), both);
    let two = text.replace("[api]\n", OTHER);
    let moved = POST.replace("function = \"hello\"", "function = \"other\"");
    refused(&from_to(&two, &two.replace(POST, &moved)), "POST /hello");
}

#[test]
fn another_version_of_the_function_can_be_gone_back_to() {
    let (_, text) = m2m();
    let text = text.replace(CODE, &format!("{CODE}alias = \"live\"\n"));
    let mock = "\"GET /mock\" = { mock = 200, requires = \"nothing\" }\n";
    let later = text.replace(POST, &format!("{POST}{mock}"));
    let folder = from_to(
        &text,
        &later.replace(CODE, &format!("{CODE}memory = 256\n")),
    );
    assert_eq!(report(&folder)["deployments"][1]["rollback"], "possible");
    let ran = folder.local(&["rollback", "--yes"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(status(&folder, "POST"), "200");
}

#[test]
fn what_does_not_record_its_functions_is_gone_back_to_by_name() {
    let (_, text) = m2m();
    let folder = from_to(&text, &text.replace(POST, ""));
    let state = folder.path().join(".gatestack/local.json");
    let held = std::fs::read_to_string(&state).unwrap();
    let start =
        held.find(" number:1 links:none functions:").unwrap() + " number:1 links:none".len();
    let end = start + held[start..].find('"').unwrap();
    std::fs::write(&state, format!("{}{}", &held[..start], &held[end..])).unwrap();
    let before = report(&folder);
    let earlier: &Value = &before["deployments"][1];
    assert_eq!(earlier["rollback"], "unknown");
    assert_eq!(folder.local(&["rollback", "--yes"]).code, 1);
    let named = earlier["id"].as_str().unwrap();
    let ran = folder.local(&["rollback", "--yes", named]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("warning:"), "{}", ran.stdout);
}
