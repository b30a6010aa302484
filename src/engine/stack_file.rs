//! Reads the stack file of an invocation, with the overlay of its environment.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::Context as _;

use super::environment;
use super::files::broken_link;
use super::invocation::Invocation;
use super::listener::{Listener, Notice};
use crate::code::Code;
use crate::error::{Error, Fault, FaultKind};
use crate::files::{self, NotAFile};
use crate::stack::{
    self, Checked, Code as MistakeCode, CodeReading, Diagnostics, Given, LoadSettings, Source,
};

/// Reads and checks the stack file with these values of variables; reports warnings.
///
/// # Errors
/// A file that can't be read, or its mistakes.
pub fn load(
    invocation: &Invocation,
    values: BTreeMap<String, Given>,
    listener: &mut dyn Listener,
) -> Result<Checked, Error> {
    let checked = load_quietly(invocation, values, CodeReading::Needed(&Code::read))?;
    listener.tell(Notice::Warnings(&checked.warnings));
    Ok(checked)
}

/// The same without warnings, for commands that don't apply the file.
///
/// # Errors
/// A file that can't be read, or its mistakes.
pub fn load_quietly(
    invocation: &Invocation,
    values: BTreeMap<String, Given>,
    code: CodeReading<'_>,
) -> Result<Checked, Error> {
    let env = |name: &str| std::env::var(name).ok();
    let settings = LoadSettings {
        vars: values,
        env: &env,
        read: &named_file,
        code,
    };
    stack::load(source(invocation)?, &settings)
        .map_err(|mistakes| an_overlay(invocation, &mistakes).unwrap_or(mistakes.into()))
}

/// A file of at most so many bytes that the stack file names.
///
/// # Errors
/// It is not a regular file, or larger.
pub fn named_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    files::read(path, most)
}

/// The hint that an incomplete file is an overlay.
fn an_overlay(invocation: &Invocation, mistakes: &Diagnostics) -> Option<Error> {
    let lacks = |code| matches!(code, MistakeCode::MissingKey | MistakeCode::MissingTable);
    if invocation.environment.is_some() || !mistakes.list().iter().any(|one| lacks(one.code)) {
        return None;
    }
    let path = invocation.path();
    let (stack, environment) = environment::of_overlay(&path)?;
    let what = format!(
        "{} is an overlay of {} and incomplete without it",
        path.display(),
        stack.display()
    );
    let fault = Fault::new(FaultKind::Io, what);
    Some(fault.hint(instead(invocation, &stack, &environment)).into())
}

/// The hint to use `--env` instead of an overlay's name.
fn instead(invocation: &Invocation, stack: &Path, environment: &str) -> String {
    format!(
        "name the stack file and the environment: write {}",
        invocation.flags_of(stack, environment)
    )
}

/// The text of the stack file, and of the overlay of `--env`.
///
/// # Errors
/// One of them can't be read.
pub fn source(invocation: &Invocation) -> Result<Source, Error> {
    if invocation.reads_stdin() {
        let text = files::limited(io::stdin(), stack::LARGEST_FILE)
            .context("can't read the standard input")
            .and_then(|bytes| {
                String::from_utf8(bytes).context("the standard input is not UTF-8 text")
            })
            .map_err(Fault::io)?;
        return Ok(Source::new("<stdin>", text));
    }
    let path = invocation.path();
    let absent = || {
        let what = format!("there is no stack file {}", path.display());
        Fault::new(FaultKind::Io, what).hint(
            "name it with -f FILE, or its folder with -C FOLDER; `gatestack init` writes a new one",
        )
    };
    let base = Source::new(&path, text(&path, absent)?);
    let Some(environment) = &invocation.environment else {
        return Ok(base);
    };
    let overlay = environment::overlay(&path, environment);
    let text = text(&overlay, || no_overlay(invocation, environment, &overlay))?;
    Ok(base.with_overlay(overlay, text))
}

/// Reads one file.
fn text(path: &Path, absent: impl FnOnce() -> Fault) -> Result<String, Error> {
    files::read_text(path, stack::LARGEST_FILE).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::NotFound => return absent().into(),
            _ if NotAFile::of(&error) == Some(NotAFile::BrokenLink) => {
                return broken_link(path).into();
            }
            ErrorKind::InvalidData => {
                let what = format!("{} is not UTF-8 text, as TOML is", path.display());
                return Fault::new(FaultKind::Io, what)
                    .hint("save it as UTF-8 in your editor")
                    .into();
            }
            ErrorKind::FileTooLarge => "a thousand partners take less than 1 MiB",
            _ if NotAFile::of(&error).is_some() => {
                "name the stack file itself with -f FILE; `-f -` reads the standard input"
            }
            _ => "name the stack file itself with -f FILE, and see that you may read it",
        };
        let error = anyhow::Error::new(error).context(format!("can't read {}", path.display()));
        Fault::io(error).hint(hint).into()
    })
}

/// The error about an environment without an overlay.
fn no_overlay(invocation: &Invocation, environment: &str, overlay: &Path) -> Fault {
    let stack = &invocation.path();
    if let Some((below, of)) = environment::of_overlay(stack) {
        let what = format!("{} is an overlay of {}", stack.display(), below.display());
        return Fault::new(FaultKind::Io, what).hint(instead(invocation, &below, &of));
    }
    let what = format!("there is no overlay {}", overlay.display());
    let named = environment::all(stack);
    let named = named.iter().find(|(name, file)| {
        file == environment || Some(name.as_str()) == environment.strip_suffix(".toml")
    });
    if let Some((name, _)) = named {
        let hint = format!("write --env {name}");
        return Fault::new(FaultKind::Io, what).hint(hint);
    }
    let there = environment::all(stack);
    let hint = if there.is_empty() {
        let stack = stack.display();
        format!("{stack} has no overlays yet: make this one, with a `[stack]` `name` of its own")
    } else {
        let there: Vec<_> = there
            .iter()
            .map(|(name, file)| format!("--env {name} ({file})"))
            .collect();
        format!("there is {}", there.join(", "))
    };
    Fault::new(FaultKind::Io, what).hint(hint)
}
