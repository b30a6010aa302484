//! What runs a function on this machine: an interpreter, or the archive's own program.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use aws_facts::runtimes::{Family, runtime};
use tokio::process::Command;

/// The bootstraps by their file names.
pub(super) const BOOTSTRAPS: [(&str, &str); 2] = [
    ("bootstrap.mjs", include_str!("bootstrap/bootstrap.mjs")),
    ("bootstrap.py", include_str!("bootstrap/bootstrap.py")),
];

/// What a runtime needs of this machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Needs<'r> {
    /// An interpreter, in this version.
    Node(&'r str),
    Python(&'r str),
    /// The archive's `bootstrap`.
    Nothing,
}

/// None if the local AWS does not run it.
pub(super) fn needs(id: &str) -> Option<Needs<'_>> {
    let version = |prefix: &str| {
        let version = id.strip_prefix(prefix)?;
        Some(version.strip_suffix(".x").unwrap_or(version))
    };
    let family = runtime(id).map(|runtime| runtime.family);
    match family? {
        Family::NodeJs => Some(Needs::Node(version("nodejs")?)),
        Family::Python => Some(Needs::Python(version("python")?)),
        Family::Provided | Family::Go => Some(Needs::Nothing),
        Family::Java | Family::DotNet | Family::Ruby => None,
    }
}

/// An interpreter of this machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Interpreter {
    /// The program itself, which a shim on PATH may lead to.
    pub(super) path: PathBuf,
    /// `24` of Node.js, `3.13` of Python.
    pub(super) version: String,
    pub(super) bootstrap: &'static str,
}

/// Finds an interpreter on PATH, that of the version first where its name tells.
pub(super) async fn find(needs: Needs<'_>) -> Option<Interpreter> {
    match needs {
        Needs::Nothing => None,
        Needs::Node(_) => {
            const ASK: &str =
                "console.log(process.execPath + '\\n' + process.versions.node.split('.')[0])";
            ask("node", ["-e", ASK], "bootstrap.mjs").await
        }
        Needs::Python(version) => {
            const ASK: &str =
                "import sys; print(sys.executable); print('%d.%d' % sys.version_info[:2])";
            let exact = ask(&format!("python{version}"), ["-c", ASK], "bootstrap.py").await;
            match exact {
                Some(exact) => Some(exact),
                None => ask("python3", ["-c", ASK], "bootstrap.py").await,
            }
        }
    }
}

async fn ask(name: &str, arguments: [&str; 2], bootstrap: &'static str) -> Option<Interpreter> {
    let output = Command::new(name)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (path, version) = text.trim_end().split_once('\n')?;
    Some(Interpreter {
        path: path.trim_end().into(),
        version: version.trim().to_owned(),
        bootstrap,
    })
}

/// Why a program of an archive can't run on this machine, as far as its first bytes tell.
pub(super) fn misfit(program: &Path) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    File::open(program)?.take(20).read_to_end(&mut head)?;
    Ok(of_head(&head, std::env::consts::OS, std::env::consts::ARCH))
}

fn of_head(head: &[u8], system: &str, architecture: &str) -> Option<String> {
    if !head.starts_with(b"\x7fELF") {
        return None;
    }
    let machine = match head.get(18..20)? {
        [0x3e, 0] => "x86_64",
        [0xb7, 0] => "aarch64",
        _ => "another architecture",
    };
    if system != "linux" {
        return Some(format!(
            "bootstrap is a program for Linux ({machine}), and this machine runs {system}"
        ));
    }
    (machine != architecture).then(|| {
        format!("bootstrap is a program for {machine}, and this machine is {architecture}: build it for this machine to run it here")
    })
}

/// What helps with an error that a function has here and not on AWS.
pub(super) fn hint(message: &str) -> Option<String> {
    let is_missing = ["Cannot find", "No module named"];
    if !is_missing.iter().any(|words| message.contains(words)) {
        return None;
    }
    if let Some((_, rest)) = message.split_once("'@aws-sdk/") {
        let package = rest.split('\'').next().unwrap_or_default();
        return Some(format!(
            "AWS's Node.js runtimes include the AWS SDK; here, install it beside the function: npm install @aws-sdk/{package}"
        ));
    }
    ["boto3", "botocore"].iter().find_map(|module| {
        message.contains(&format!("'{module}'")).then(|| {
            format!("AWS's Python runtimes include {module}; here, install it for this machine's Python: pip install {module}")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_needs_an_interpreter_or_nothing() {
        assert_eq!(needs("nodejs24.x"), Some(Needs::Node("24")));
        assert_eq!(needs("python3.13"), Some(Needs::Python("3.13")));
        assert_eq!(needs("provided.al2023"), Some(Needs::Nothing));
        assert_eq!(needs("java21"), None);
        assert_eq!(needs("cobol"), None);
    }

    #[test]
    fn a_program_for_another_machine_is_told_by_its_header() {
        let mut head = *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xb7\0";
        let why = of_head(&head, "linux", "x86_64").unwrap();
        assert!(
            why.contains("for aarch64, and this machine is x86_64"),
            "{why}"
        );
        assert_eq!(of_head(&head, "linux", "aarch64"), None);
        let why = of_head(&head, "macos", "aarch64").unwrap();
        assert!(why.contains("this machine runs macos"), "{why}");
        head[18] = 0x3e;
        assert_eq!(of_head(&head, "linux", "x86_64"), None);
        assert_eq!(of_head(b"#!/bin/sh", "linux", "x86_64"), None);
    }

    #[test]
    fn what_aws_bundles_has_a_hint() {
        let sdk =
            "Error: Cannot find package '@aws-sdk/client-s3' imported from /var/task/index.mjs";
        assert!(
            hint(sdk)
                .unwrap()
                .ends_with("npm install @aws-sdk/client-s3")
        );
        let boto3 = "Unable to import module 'app': No module named 'boto3'";
        assert!(hint(boto3).unwrap().ends_with("pip install boto3"));
        assert_eq!(
            hint("Unable to import module 'app': No module named 'requests'"),
            None
        );
        assert_eq!(hint("'@aws-sdk/client-s3' failed"), None);
    }
}
