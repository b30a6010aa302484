//! The value of an API key that a file holds by mistake is in no message, whatever else is wrong.

use super::{Style, text};
use crate::stack::testing::{STACK, laid, load_with, read};
use crate::stack::{Checked, Diagnostics};

const SECRET: &str = "Zk81mQw0Lx7sVb3nTp5rYc2d";
const DIGITS: &str = "918273645546372819";

fn told(read: Result<Checked, Diagnostics>) -> String {
    let diagnostics = match read {
        Ok(checked) => checked.warnings,
        Err(diagnostics) => diagnostics,
    };
    let style = Style {
        colour: false,
        width: 80,
    };
    let machine = serde_json::to_string(&diagnostics.reports()).unwrap();
    text(&diagnostics, style) + &machine
}

/// A mistake is told, without the secret.
fn hides(lines: &str) {
    let said = told(read(&format!("{STACK}\n{lines}\n")));
    assert!(said.contains("[GS0"), "{lines} is no mistake");
    for secret in [SECRET, &SECRET[..6], DIGITS] {
        assert!(!said.contains(secret), "{lines}\n{said}");
    }
}

#[test]
fn a_value_in_the_place_of_its_source_is_not_shown() {
    for line in [
        format!("key = \"{SECRET}\""),
        format!("key = '{SECRET}'"),
        format!("key = {DIGITS}"),
        format!("key = {DIGITS}.5"),
        format!("key = {SECRET}"),
        format!("key = \"{SECRET}"),
        format!("key = \"\"\"\n{SECRET}"),
        format!("key = \"\"\"\n{SECRET}\n\"\"\""),
        format!("key = [\"{SECRET}\"]"),
        format!("key = [\n  \"{SECRET}\"\n]"),
        format!("key = [\n  {SECRET}\n]"),
        format!("key = {{ value = \"{SECRET}\" }}"),
        format!("key = {{ env = \"{SECRET}\" }}"),
        format!("key = \"env:{SECRET} x\""),
        format!("key = \"ssm:a {SECRET}\""),
        format!("keys = \"{SECRET}\""),
        format!("value = \"{SECRET}\""),
        format!("value = {DIGITS}"),
        format!("api_key = \"{SECRET}\""),
        format!("\"key\" = \"{SECRET}\"\n\"key\" = \"{SECRET}\""),
        format!("key = \"env:A\"\nkey = \"{SECRET}\""),
        format!("key = \"{SECRET}\"\nplan = \"standard\""),
        format!("key = \"{SECRET}\" plan = \"standard\""),
    ] {
        hides(&format!("[api_keys.batch]\nplan = \"standard\"\n{line}"));
        hides(&format!("[partners.other]\nplan = \"standard\"\n{line}"));
    }
    for line in [
        format!("batch = {{ plan = \"standrd\", key = \"{SECRET}\" }}"),
        format!("batch = {{ plan = \"standard\", key = {SECRET} }}"),
        format!("batch = {{ plan = \"standard\", keys = \"{SECRET}\" }}"),
        format!("batch = {{ plan = \"standard\", key = \"{SECRET}\", key = \"env:A\" }}"),
        format!("batch.plan = 7\nbatch.key = \"{SECRET}\"\nbatch.enabled = 8"),
        format!("batch.key = \"{SECRET}\""),
        format!("batch = \"{SECRET}\""),
        format!("key = \"{SECRET}\""),
    ] {
        hides(&format!("[api_keys]\n{line}"));
    }
    hides(&format!(
        "[api_key]\nbatch = {{ plan = \"standard\", key = \"{SECRET}\" }}"
    ));
    hides(&format!("[api_key]\nbatch.key = \"{SECRET}\""));
    hides(&format!(
        "[api_keys.batch]\nplan = \"standard\"\nkey = \"${{var.batch}}\"\n[vars]\nbatch = \"{SECRET}\"\nother = \"${{var.none}}\""
    ));
}

#[test]
fn a_line_between_two_labels_is_not_shown() {
    let lines = format!(
        "[api_keys.batch]\nplan = \"standard\"\nname = \"a\"\nkey = \"{SECRET}\"\nname = \"a\""
    );
    hides(&lines);
}

#[test]
fn an_overlay_hides_it_too() {
    let overlay = format!("[stack]\nname = \"other\"\n[partners.acme]\nkey = \"{SECRET}\"\n");
    for wrong in [overlay.clone(), overlay + "x = "] {
        let said = told(laid(STACK, &wrong, &[]));
        assert!(said.contains("[GS0") && !said.contains(SECRET), "{said}");
    }
}

#[test]
fn the_line_of_a_source_is_shown() {
    let source = format!(
        "{STACK}\n[api_keys.batch]\nplan = \"standrd\"\nname = 7\nkey = \"env:A\"\n[partners.b]\nplan = \"standard\"\nkey = \"env:A\"\n"
    );
    let said = told(read(&source));
    assert!(said.contains("key = \"env:A\""), "{said}");
    let unquoted = format!("{STACK}\n[api_keys.batch]\nkey = env:A\n");
    assert!(
        told(read(&unquoted)).contains("`env"),
        "{}",
        told(read(&unquoted))
    );
    let variable =
        format!("{STACK}\n[api_keys.batch]\nplan = \"standard\"\nkey = \"${{env.KEY}}\"\n");
    let said = told(load_with(&variable, &[], &[("KEY", SECRET)]));
    assert!(said.contains("write `env:KEY`"), "{said}");
    assert!(
        said.contains("key = \"${env.KEY}\"") && !said.contains(SECRET),
        "{said}"
    );
}
