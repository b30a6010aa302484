//! Shared by the tests of this module and its messages: a small stack and edits of it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::{Checked, Code, CodeReading, Diagnostics, LoadSettings, Source, load};

/// A stack without mistakes that the tests edit.
pub(crate) const STACK: &str = include_str!("../../stack.toml");

/// Reads a text with these `--var` and environment variables.
pub(crate) fn load_with(
    text: &str,
    vars: &[(&str, &str)],
    env: &[(&str, &str)],
) -> Result<Checked, Diagnostics> {
    load_source(Source::new("stack.toml", text), vars, env)
}

/// Reads a text that names the OpenAPI document `api.yaml`, which holds this.
pub(crate) fn with_document(text: &str, document: &str) -> Result<Checked, Diagnostics> {
    let settings = LoadSettings {
        vars: BTreeMap::new(),
        env: &|_| None,
        read: &|path, most| match path.to_str() {
            Some("api.yaml") => Ok(document.into()),
            _ => beside(path, most),
        },
        code: CodeReading::Skipped,
    };
    load(Source::new("stack.toml", text), &settings)
}

/// Reads a text with an overlay laid over it, and these `--var`.
pub(crate) fn laid(
    base: &str,
    overlay: &str,
    vars: &[(&str, &str)],
) -> Result<Checked, Diagnostics> {
    let source = Source::new("stack.toml", base).with_overlay("stack.prod.toml", overlay);
    load_source(source, vars, &[])
}

fn load_source(
    source: Source,
    vars: &[(&str, &str)],
    env: &[(&str, &str)],
) -> Result<Checked, Diagnostics> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let vars = vars.iter().map(owned);
    let vars = vars.map(|(name, value)| (name, value.into())).collect();
    let env: BTreeMap<String, String> = env.iter().map(owned).collect();
    let settings = LoadSettings {
        vars,
        env: &|name| env.get(name).cloned(),
        read: &beside,
        code: CodeReading::Needed(&|_| Ok(None)),
    };
    load(source, &settings)
}

const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;

/// A document that says everything of its only operation.
const PET_STORE: &str = r#"{
  "swagger": "2.0",
  "paths": {"/pets": {"get": {
    "security": [{"key": []}],
    "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}}
  }}},
  "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}}
}"#;

/// A document that says nothing of its operations.
const PETS: &str = "openapi: 3.0.3\npaths:\n  /pets:\n    get: {}\n    post: {}\n";

/// The files beside the stack file.
fn beside(path: &Path, _: u64) -> io::Result<Vec<u8>> {
    match path.to_str() {
        Some("backend.sh") => Ok("#!/bin/sh\n".into()),
        Some("policy.json" | "hello-policy.json") => Ok(POLICY.into()),
        Some("pets.yaml") => Ok(PETS.into()),
        Some("PetStore.yaml") => Ok(PET_STORE.into()),
        Some("big.sh") => Ok("#".repeat(16 * 1024 + 1).into()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Reads a text alone.
pub(crate) fn read(text: &str) -> Result<Checked, Diagnostics> {
    load_with(text, &[], &[])
}

/// The small stack with one piece of its text exchanged. Empty `from` appends.
pub(crate) fn edited(from: &str, to: &str) -> String {
    if from.is_empty() {
        return format!("{STACK}\n{to}\n");
    }
    assert!(STACK.contains(from), "the small stack has no {from:?}");
    STACK.replacen(from, to, 1)
}

/// The codes of a text's diagnostics, warnings too.
pub(crate) fn codes(source: &str) -> Vec<Code> {
    let diagnostics = match read(source) {
        Ok(checked) => checked.warnings,
        Err(diagnostics) => diagnostics,
    };
    diagnostics
        .list()
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}
