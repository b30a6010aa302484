//! Functions that really run, with this machine's interpreters.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::beside::Beside;
use super::super::identifiers;
use super::{
    FunctionLine, FunctionVersion, FunctionWatcher, Functions, Invocation, Outcome, Unable,
    WrittenBy,
};

mod as_aws;
mod processes;

/// An archive of files with their modes. What has a link's mode becomes a link.
pub(crate) fn archive(files: &[(&str, u32, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, text) in files {
        let options = SimpleFileOptions::default().unix_permissions(mode & 0o777);
        if mode & 0o170_000 == 0o120_000 {
            writer.add_symlink(*name, *text, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// Whether an interpreter is on PATH. Without one, what needs it is not tested.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn has(program: &str) -> bool {
    let found = std::process::Command::new(program)
        .arg("--version")
        .output();
    if found.is_err() {
        eprintln!("skipped: there is no {program} on PATH");
    }
    found.is_ok()
}

/// Functions with what lies beside a state.
#[derive(Default)]
struct Ground {
    functions: Functions,
    beside: Beside,
    seen: Arc<Mutex<Vec<FunctionLine>>>,
}

impl Ground {
    /// A version with these files, executable ones.
    fn version(&self, runtime: &str, handler: &str, files: &[(&str, &str)]) -> FunctionVersion {
        let files: Vec<_> = files
            .iter()
            .map(|(name, text)| (*name, 0o755, *text))
            .collect();
        let arn = format!(
            "arn:aws:lambda:eu-west-1:123456789012:function:{}",
            identifiers::random(b"abcdefghijkl", 8)
        );
        FunctionVersion {
            qualified_arn: format!("{arn}:$LATEST"),
            arn,
            name: "hello".into(),
            version: "$LATEST".into(),
            region: "eu-west-1".into(),
            account: "123456789012".into(),
            runtime: runtime.into(),
            handler: handler.into(),
            memory_mb: 256,
            timeout_seconds: 5,
            environment: BTreeMap::new(),
            architecture: "x86_64".into(),
            code_sha256: self.beside.keep_code(&archive(&files)).unwrap(),
            revision: identifiers::uuid(),
            role_arn: "arn:aws:iam::123456789012:role/hello".into(),
            log_format: "Text".into(),
            log_group: "/aws/lambda/hello".into(),
            layers: Vec::new(),
            reserved_concurrency: None,
        }
    }

    fn invocation(&self, version: &FunctionVersion, payload: Value) -> Invocation {
        let seen = Arc::clone(&self.seen);
        Invocation {
            version: version.clone(),
            beside: self.beside.clone(),
            request_id: identifiers::uuid(),
            payload: payload.to_string().into(),
            invoked_arn: version.arn.clone(),
            trace_id: "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".into(),
            client_context: None,
            is_logged: true,
            watcher: Some(FunctionWatcher::new(move |line| {
                seen.lock().unwrap().push(line.clone());
            })),
        }
    }

    async fn invoke(&self, version: &FunctionVersion, payload: Value) -> Outcome {
        let invocation = self.invocation(version, payload);
        self.functions.invoke(invocation, None).await.unwrap()
    }

    /// What a function answers, which must not fail.
    async fn answer(&self, version: &FunctionVersion, payload: Value) -> Value {
        let outcome = self.invoke(version, payload).await;
        assert!(!outcome.failed, "{outcome:?}");
        value(&outcome)
    }
}

fn value(outcome: &Outcome) -> Value {
    serde_json::from_slice(&outcome.payload).unwrap()
}

/// Node.js code that counts its invocations.
const COUNTER: &str = "let count = 0;
exports.handler = async ({wait = 0}) => {
  count += 1;
  await new Promise((done) => setTimeout(done, wait));
  return {count, pid: process.pid};
};";

/// A bootstrap without a runtime: a shell and curl.
const SHELL: &str = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
head=/tmp/head.$$
while true; do
  event=$(curl -sS -D "$head" "$api/invocation/next") || exit 1
  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\([^[:cntrl:]]*\).*/\1/p' "$head")
  echo "got $event"
  curl -sS -X POST "$api/invocation/$id/response" -d "{\"got\": $event, \"handler\": \"$_HANDLER\"}" >/dev/null
  rm -f "$head"
done
"#;
