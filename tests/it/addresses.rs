//! Addresses are written and parsed only in `model`: with literals elsewhere, the stack's resources would look foreign as soon as
//! one side changes.

use std::sync::LazyLock;

use gatestack::model::Address;
use regex::Regex;

use crate::rooms::{end_of_production, files, files_of_tests};
use crate::support::program::repository;

/// Literals in Rust that look like addresses.
fn by_hand(text: &str) -> Vec<String> {
    static MADE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"Address::new\(\s*&?(?:format!\(\s*)?"[^" ]*"|Address::new\(\s*&?format!"#)
            .unwrap()
    });
    static LITERAL: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#""((?:[^"\\\n]|\\.)*)""#).unwrap());
    static SLOT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{[^{}]*\}").unwrap());
    let code = text.lines().filter(|line| {
        !line.trim_start().starts_with("//") && !line.contains("#[schemars(example")
    });
    let code = code.collect::<Vec<_>>().join("\n");
    let made = MADE.find_iter(&code).map(|found| found.as_str().to_owned());
    let literals = LITERAL.captures_iter(&code).filter_map(|found| {
        let written = found[1].replace("\\\"", "\"");
        let filled = SLOT.replace_all(&written, "1").into_owned();
        let begins_one =
            filled.ends_with(['.', '/']) && Address::new(format!("{filled}x")).place().is_some();
        let is_one = filled.contains(['.', '/']) && Address::new(&*filled).place().is_some();
        let is_beside = ["/replaced", "/duplicate"]
            .iter()
            .any(|word| filled.contains(word));
        (begins_one || is_one || is_beside).then_some(written)
    });
    made.chain(literals).collect()
}

#[test]
fn addresses_are_written_and_read_in_one_place() {
    let mut all = Vec::new();
    files(&repository("src"), &mut all);
    let of_tests = files_of_tests(&all);
    let mut found = Vec::new();
    for path in all.iter().filter(|path| !of_tests.contains(*path)) {
        let within = path.strip_prefix(repository("")).unwrap().to_str().unwrap();
        if within.starts_with("src/model/") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let production = &text[..end_of_production(&text)];
        found.extend(
            by_hand(production)
                .into_iter()
                .map(|what| format!("{within}: {what}")),
        );
    }
    assert_eq!(found, [""; 0]);
}

#[test]
fn what_is_written_by_hand_is_seen() {
    for text in [
        "Address::new(\"api\")",
        "Address::new(\n    format!(\"x\"))",
        "Address::new(&format!(\"{table}.{name}\"))",
        "at.starts_with(\"partners.\")",
        "at.strip_prefix(\"user_pool/own_domain\")",
        "format!(\"partners.{name}/key\")",
        "format!(\"api.routes.\\\"{verb} {path}\\\"\")",
        "format!(\"{address}/replaced/{id}\")",
    ] {
        assert_eq!(by_hand(text).len(), 1, "{text}: {:?}", by_hand(text));
    }
    for text in [
        "Address::new(tag)",
        "\"api\"",
        "\"user_pool.id\"",
        "// \"partners.acme\"",
    ] {
        assert_eq!(by_hand(text), [""; 0], "{text}");
    }
}
