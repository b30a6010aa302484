//! The commands, one file each: their arguments, and calls to the engine.

mod apply;
mod call;
mod completions;
mod destroy;
mod dev;
mod export;
mod graph;
mod handoff;
mod history;
mod init;
mod local;
mod logs;
mod output;
mod plan;
mod rollback;
mod schema;
mod token;
mod validate;
mod verify;

use clap::Subcommand;

use super::global::Global;
use crate::engine::Invocation;
use crate::error::{Error, Exit};
use crate::render::{self, Ui, json};

/// A command with its arguments.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(init::Args),
    Validate(validate::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Destroy(destroy::Args),
    History(history::Args),
    Rollback(rollback::Args),
    Output(output::Args),
    Token(token::Args),
    Call(call::Args),
    Logs(logs::Args),
    Verify(verify::Args),
    Handoff(handoff::Args),
    Graph(graph::Args),
    Export(export::Args),
    Dev(dev::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Local(local::Args),
}

impl Command {
    /// Does what it says.
    ///
    /// # Errors
    /// The command's error.
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        match self {
            Self::Init(args) => args.run(invocation, ui),
            Self::Validate(args) => args.run(invocation, ui),
            Self::Plan(args) => args.run(invocation, ui),
            Self::Apply(args) => args.run(invocation, ui),
            Self::Destroy(args) => args.run(invocation, ui),
            Self::History(args) => args.run(invocation, ui),
            Self::Rollback(args) => args.run(invocation, ui),
            Self::Output(args) => args.run(invocation, ui),
            Self::Token(args) => args.run(invocation, ui),
            Self::Call(args) => args.run(invocation, ui),
            Self::Logs(args) => args.run(invocation, ui),
            Self::Verify(args) => args.run(invocation, ui),
            Self::Handoff(args) => args.run(invocation, ui),
            Self::Graph(args) => args.run(invocation, ui),
            Self::Export(args) => args.run(invocation, ui),
            Self::Dev(args) => args.run(invocation, ui),
            Self::Schema(args) => args.run(ui),
            Self::Completions(args) => args.run(ui),
            Self::Local(args) => args.run(ui),
        }
    }

    /// What a saved plan contains can't be given again. clap checks each side of the subcommand separately, so it can't do this.
    pub(super) fn contradiction(&self, global: &Global) -> Option<String> {
        match self {
            Self::Apply(args) if args.saved().is_some() && global.gives_variables() => {
                let flag = if global.vars.is_empty() {
                    "--var-file"
                } else {
                    "--var"
                };
                Some(format!(
                    "the argument '{flag}' cannot be used with a saved plan, which has its variables' values in it"
                ))
            }
            Self::Call(args) => args.contradiction(global),
            Self::Dev(_) => global.contradiction_of_dev(),
            Self::Handoff(args) => args.contradiction(),
            Self::Init(args) => args.contradiction(global),
            Self::Rollback(args) => args.contradiction(),
            Self::Verify(args) => args.contradiction(global),
            _ => None,
        }
    }

    /// Reports the error in the requested form.
    pub(super) fn tell(&self, error: &Error, ui: &mut Ui) {
        let lines = |ui: &mut Ui| {
            for message in json::Message::all_of(error) {
                ui.print(&json::diagnostic(message));
            }
        };
        match self {
            Self::Apply(args) if args.json => lines(ui),
            Self::Destroy(args) if args.json => lines(ui),
            Self::Dev(args) if args.json => lines(ui),
            Self::Logs(args) if args.json => lines(ui),
            Self::Validate(validate::Args { json: true })
            | Self::Plan(plan::Args { json: true, .. })
            | Self::History(history::Args { json: true, .. })
            | Self::Init(init::Args { json: true, .. })
            | Self::Rollback(rollback::Args { json: true, .. })
            | Self::Output(output::Args { json: true, .. })
            | Self::Token(token::Args { json: true, .. })
            | Self::Verify(verify::Args { json: true, .. }) => {
                ui.print(&json::messages(json::Message::all_of(error)))
            }
            _ => render::error::complain(ui, error),
        }
    }
}
