//! Rollbacks of functions, for people and programs.

use schemars::JsonSchema;
use serde::Serialize;

use crate::aws::Count;
use crate::kinds::StackContext;
use crate::kinds::function_alias::history::{History, Published};
use crate::model::{Address, moment};
use crate::render::json::FORMAT;
use crate::render::layout::{counted, indented};
use crate::render::plan::heading;
use crate::render::style::{FAINT, HINT, STRONG, paint};

/// A switch of a function's alias to another version.
pub(crate) struct FunctionRollback<'a> {
    pub(crate) context: &'a StackContext,
    pub(crate) local: bool,
    pub(crate) address: Address,
    pub(crate) history: &'a History,
    pub(crate) to: &'a Published,
    pub(crate) width: usize,
}

impl FunctionRollback<'_> {
    /// What callers will meet.
    pub(crate) fn text(&self) -> String {
        let History { alias, here, .. } = self.history;
        let from = self.history.version(here);
        let from = from.map_or_else(|| here.clone(), name);
        let said = format!(
            "The alias {alias} of {} switches from version {from} to version {}: its code, its settings and its environment as they \
             were then. What may invoke it stays as it is.",
            self.address,
            name(self.to)
        );
        heading(self.context, self.local) + "\n" + &indented(&said, 0, self.width)
    }

    /// How it ended.
    pub(crate) fn end(&self, requests: Count, moved: bool, next: &str) -> String {
        let History { alias, chosen, .. } = self.history;
        let version = &self.to.version;
        if !moved {
            let said = format!(
                "The alias {alias} of {} points to version {version} already.",
                self.address
            );
            let reads = format!("({} of AWS)", counted(requests.reads, "read"));
            return format!("{} {}\n", paint(STRONG, &said), paint(FAINT, &reads));
        }
        let done = match self.to.is_before(&self.history.here) {
            true => "Rolled back",
            false => "Rolled forward",
        };
        let said = format!("{done}: callers of {} get version {version}.", self.address);
        let counts = format!(
            "It took {} and {}.",
            counted(requests.reads, "read"),
            counted(requests.writes, "write")
        );
        let rest = match self.to.is_before(chosen) {
            true => format!(
                "{counts} The alias is pinned: apply switches it to what the file has only with --forward."
            ),
            false => counts,
        };
        format!(
            "\n{}\n{}{} {next}\n",
            paint(STRONG, &said),
            indented(&rest, 0, self.width),
            paint(HINT, "Next:")
        )
    }
}

/// A version's number, date and runtime.
fn name(version: &Published) -> String {
    let Published {
        version,
        published,
        runtime,
        ..
    } = version;
    match published {
        Some(published) => format!("{version} of {} ({runtime})", moment(*published)),
        None => format!("{version} ({runtime})"),
    }
}

/// What `rollback functions.NAME --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FunctionRollbackReport {
    /// The version of this format.
    pub(crate) format_version: String,
    /// The function's address.
    pub(crate) function: String,
    /// The alias's name.
    pub(crate) alias: String,
    /// The number of the version that callers got before.
    pub(crate) from: String,
    /// The number of the version that callers get now.
    pub(crate) to: String,
    /// Whether anything was written: nothing is where the alias points there already.
    pub(crate) changed: bool,
}

impl FunctionRollbackReport {
    pub(crate) fn new(rollback: &FunctionRollback<'_>, changed: bool) -> Self {
        Self {
            format_version: FORMAT.into(),
            function: rollback.address.to_string(),
            alias: rollback.history.alias.clone(),
            from: rollback.history.here.clone(),
            to: rollback.to.version.clone(),
            changed,
        }
    }
}
