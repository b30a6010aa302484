//! The versions of functions and rollbacks to them, for people and programs.

use std::collections::BTreeMap;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use schemars::JsonSchema;
use serde::Serialize;

use crate::aws::Count;
use crate::kinds::StackContext;
use crate::kinds::function_alias::history::{History, Published};
use crate::model::{Address, moment};
use crate::render::json::FORMAT;
use crate::render::layout::{counted, indented, listed};
use crate::render::plan::heading;
use crate::render::style::{FAINT, HINT, STRONG, paint};

/// The versions of a function as a table.
pub(crate) struct FunctionView<'a> {
    pub(crate) context: &'a StackContext,
    pub(crate) local: bool,
    pub(crate) history: &'a History,
    pub(crate) reads: u64,
    pub(crate) width: usize,
}

impl FunctionView<'_> {
    /// The whole screen.
    pub(crate) fn text(&self) -> String {
        let History {
            function,
            alias,
            here,
            chosen,
            versions,
            weights,
        } = self.history;
        let mut table = Table::new();
        table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(self.width).unwrap_or(u16::MAX))
            .set_header(["", "version", "published", "runtime", "by"]);
        for version in versions {
            table.add_row([
                if version.version == *here { "→" } else { "" },
                &version.version,
                &version.published.map_or_else(|| "-".to_owned(), moment),
                &version.runtime,
                if version.is_ours {
                    "gatestack"
                } else {
                    "others"
                },
            ]);
        }
        let lines = table.lines();
        let lines: String = lines.map(|line| format!("{}\n", line.trim_end())).collect();
        let whom = format!("The alias {alias} of {function}");
        let said = match self.history.version(here) {
            Some(here) if here.is_before(chosen) => format!(
                "{whom} is pinned to version {}: apply switches it to what the file has only with --forward.",
                here.version
            ),
            _ => format!("{whom} points to version {here}."),
        };
        let said = match weights.is_empty() {
            true => said,
            false => format!("{said} {}", shares(self.history)),
        };
        let reads = format!("({} of AWS)", counted(self.reads, "read"));
        format!(
            "{}\n{lines}\n{}{}\n",
            heading(self.context, self.local),
            indented(&said, 0, self.width),
            paint(FAINT, &reads)
        )
    }
}

/// Which part of the calls each version gets.
fn shares(history: &History) -> String {
    let others = history.weights.iter();
    let others = others.map(|(version, percent)| format!("{percent} % to version {version}"));
    let all = [format!("{} % to version {}", history.rest(), history.here)];
    let all: Vec<String> = all.into_iter().chain(others).collect();
    format!(
        "It sends {} of the calls: gatestack did not set that, and a switch to a version ends it.",
        listed(&all)
    )
}

/// What `history functions.NAME --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FunctionHistoryReport {
    /// The version of this format.
    pub(crate) format_version: String,
    /// The function's address.
    pub(crate) function: String,
    /// Its name in Lambda.
    pub(crate) function_name: String,
    /// The alias's name.
    pub(crate) alias: String,
    /// The number of the version that it points to.
    pub(crate) here: String,
    /// The percentages of the calls that other versions get, by their numbers, where somebody set some by hand; the rest goes to
    /// `here`. Absent without any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) weights: BTreeMap<String, f64>,
    /// The number of the version that gatestack chose last: a higher one than `here` means that the alias is pinned.
    pub(crate) chosen: String,
    /// Newest first.
    pub(crate) versions: Vec<VersionReport>,
}

/// One version.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct VersionReport {
    /// Its number.
    pub(crate) version: String,
    /// When it was published, as RFC 3339 says it; null where AWS doesn't tell.
    pub(crate) published: Option<String>,
    /// Whether gatestack published it.
    pub(crate) ours: bool,
    /// Its runtime.
    pub(crate) runtime: String,
}

impl FunctionHistoryReport {
    pub(crate) fn new(address: &Address, history: &History) -> Self {
        let version = |version: &Published| VersionReport {
            version: version.version.clone(),
            published: version.published.map(|published| published.to_string()),
            ours: version.is_ours,
            runtime: version.runtime.clone(),
        };
        Self {
            format_version: FORMAT.into(),
            function: address.to_string(),
            function_name: history.function.clone(),
            alias: history.alias.clone(),
            here: history.here.clone(),
            weights: history.weights.clone(),
            chosen: history.chosen.clone(),
            versions: history.versions.iter().map(version).collect(),
        }
    }
}

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
            "The alias {alias} of {} switches from version {from}{} to version {}: its code, its settings and its environment as they \
             were then. What may invoke it stays as it is.",
            self.address,
            match self.history.weights.is_empty() {
                true => "",
                false => ", and from the others that get a part of the calls,",
            },
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
    /// Its name in Lambda.
    pub(crate) function_name: String,
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
            function_name: rollback.history.function.clone(),
            alias: rollback.history.alias.clone(),
            from: rollback.history.here.clone(),
            to: rollback.to.version.clone(),
            changed,
        }
    }
}
