//! A new stack: what was written, and the commands that come next.

use schemars::JsonSchema;
use serde::Serialize;

use super::handoff::Left;
use super::json::{self, FORMAT};
use crate::engine::init::{Did, NewStack, Written};

/// What `init` wrote.
pub(crate) struct Started<'a> {
    pub(crate) new: NewStack<'a>,
    pub(crate) written: &'a [Written],
    pub(crate) next: &'a Next,
}

/// The commands that come next.
pub(crate) struct Next {
    /// On the local AWS.
    pub(crate) local: Vec<String>,
    /// On AWS; none for a run with `--local`.
    pub(crate) aws: Option<String>,
}

/// A new stack.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InitReport")]
pub(super) struct InitReport<'a> {
    /// The version of this format.
    format_version: &'a str,
    /// The stack's name.
    stack: &'a str,
    /// Its Region.
    region: &'a str,
    /// The template that it is made from.
    template: &'a str,
    /// The files that were written, the stack file first.
    files: Vec<FileReport<'a>>,
    /// The commands that come next.
    next: Vec<&'a str>,
}

/// A file that was written.
#[derive(Serialize, JsonSchema)]
pub(super) struct FileReport<'a> {
    /// Its path.
    path: &'a str,
    /// What was done to it.
    action: FileAction,
}

/// What was done to a file.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileAction {
    /// It is new.
    Create,
    /// Lines were added at its end.
    Extend,
}

impl Started<'_> {
    /// The screen.
    pub(crate) fn text(&self, width: usize) -> String {
        let NewStack {
            template,
            name,
            region,
        } = self.new;
        let mut advice = vec![(
            "Try it without an AWS account:".to_owned(),
            self.next.local.clone(),
        )];
        if let Some(plan) = &self.next.aws {
            let says = "Then see what it would create on AWS:";
            advice.push((says.to_owned(), vec![plan.clone()]));
        }
        let left = Left {
            head: format!(
                "Wrote the stack {name} for {region}, from the template {}:",
                template.name
            ),
            parts: self
                .written
                .iter()
                .map(|file| (file.path.as_str(), file.says.to_owned()))
                .collect(),
            advice,
        };
        left.text(width)
    }

    /// The same as one JSON object.
    pub(crate) fn object(&self) -> String {
        let NewStack {
            template,
            name,
            region,
        } = self.new;
        let local = self.next.local.iter();
        json::object(&InitReport {
            format_version: FORMAT,
            stack: name,
            region,
            template: template.name,
            files: self.written.iter().map(FileReport::of).collect(),
            next: local.chain(&self.next.aws).map(String::as_str).collect(),
        })
    }
}

impl<'a> FileReport<'a> {
    fn of(file: &'a Written) -> Self {
        Self {
            path: &file.path,
            action: match file.did {
                Did::Created => FileAction::Create,
                Did::Extended => FileAction::Extend,
            },
        }
    }
}
