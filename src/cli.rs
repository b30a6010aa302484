//! The command line: its global options, and what its commands share. Commands connect the engine to the renderer; they use
//! neither AWS's operations nor the streams.

mod backends;
mod commands;
mod consent;
mod global;
mod listen;
mod names;
mod opening;
mod planned;
mod private;
mod scope;
mod signals;
mod usage;
mod variables;
mod verified;
mod wait;

use std::ffi::OsString;

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;
use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory, FromArgMatches as _, Parser};

use crate::error::Exit;
use crate::handoff::{IDENTITY, is_identity};
use crate::render::{self, Ui};
use commands::Command;
use global::Global;

/// Provision an API on AWS from one stack.toml: tokens, keys, routes, backends
#[derive(Debug, Parser)]
#[command(
    name = "gatestack",
    version,
    styles = STYLES,
    term_width = 80,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_flag = true,
    after_help = "\
Examples:
  gatestack init claims        Write a new stack into the folder claims
  gatestack --local apply      Try stack.toml without an AWS account
  gatestack plan               Show what would change on AWS
  gatestack apply              Show it, ask, and change it
  gatestack output invoke_url  Print where the API answers

Environment:
  GATESTACK_FILE      The stack file, as --file says it
  GATESTACK_ENV       The environment, as --env says it
  GATESTACK_VAR_NAME  The value of the variable NAME, as --var says it
  GATESTACK_COLOR     When to colour, as --color says it
  GATESTACK_NO_INPUT  1 for --no-input
  GATESTACK_LOG       The log's filter, written like RUST_LOG

Exit codes:
  0 done, 1 failed, 2 changes (plan --detailed-exitcode only), 64 wrong usage,
  130 stopped by Ctrl-C, 143 stopped by SIGTERM"
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// Parses and runs a command line; returns the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage::refuse(error, &arguments),
    };
    let mut ui = Ui::of_process(cli.global.wishes());
    render::start_log(cli.global.verbosity(), ui.colours_errors());
    if ui.moves() {
        signals::end_with_a_clean_terminal();
    }
    variables::remark_typos(cli.global.local, &mut ui);
    let exit = run(&cli, &mut ui);
    match ui.failure() {
        Some(error) if exit == Exit::Success => {
            ui.complain(&format!("error: can't write the output: {error}\n"));
            Exit::Failure
        }
        _ => exit,
    }
}

/// Runs a command line with these streams.
pub fn run(cli: &Cli, ui: &mut Ui) -> Exit {
    let result = cli.command.run(&cli.global.invocation(), ui);
    result.unwrap_or_else(|error| {
        cli.command.tell(&error, ui);
        error.exit()
    })
}

/// Parses a command line, and checks flags of two levels together.
///
/// # Errors
/// The command line is invalid, or requests help.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    // clap's errors repeat unexpected arguments.
    let mut words = arguments.iter().map(|word| word.to_string_lossy());
    if words.any(|word| is_identity(&word)) && arguments.iter().any(|word| word == "handoff") {
        return Err(Cli::command().error(ErrorKind::InvalidValue, IDENTITY));
    }
    let mut command = without_empty_variables(Cli::command());
    let matches = command
        .try_get_matches_from_mut(arguments)
        .map_err(|error| usage::name_variable(error, arguments))?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    let contradiction = cli
        .global
        .contradiction()
        .or_else(|| cli.command.contradiction(&cli.global));
    match contradiction {
        Some(contradiction) => {
            Err(Cli::command().error(ErrorKind::ArgumentConflict, contradiction))
        }
        None => Ok(cli),
    }
}

/// An empty environment variable counts as not set: pipelines define many. A flag with an empty value stays an error.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    // clap can't remove a variable; no variable has this name.
    const NONE: &str = "";
    command.mut_args(|argument| {
        let value = argument.get_env().and_then(std::env::var_os);
        match value.is_some_and(|value| value.is_empty()) {
            true => argument.env(NONE),
            false => argument,
        }
    })
}

/// The whole command line, for completions and reference pages.
pub(crate) fn command() -> clap::Command {
    // Colours are removed by the Ui, which knows the streams.
    Cli::command().color(ColorChoice::Always)
}

#[cfg(test)]
mod tests;
