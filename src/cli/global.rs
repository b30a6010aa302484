//! The flags of every command.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, ValueEnum};

use crate::engine::{DEFAULT_FILE, Invocation, environment};
use crate::render::{Colour, Wishes};

const HEADING: &str = "Global options";

/// The flags of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = HEADING)]
pub(crate) struct Global {
    /// Read this stack file; `-` is the standard input
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        default_value = DEFAULT_FILE,
        env = "GATESTACK_FILE",
        hide_env = true
    )]
    pub(crate) file: PathBuf,

    /// Merge stack.NAME.toml beside the stack file into it
    #[arg(
        long = "env",
        global = true,
        value_name = "NAME",
        env = "GATESTACK_ENV",
        hide_env = true,
        value_parser = environment::name
    )]
    pub(crate) environment: Option<String>,

    /// Look for the stack file in this folder
    #[arg(short = 'C', long, global = true, value_name = "FOLDER")]
    pub(crate) chdir: Option<PathBuf>,

    /// Use the local AWS: no network, no account
    #[arg(long, global = true)]
    pub(crate) local: bool,

    /// Use the credentials of this AWS profile alone
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Fail unless the stack is in REGION; for init, the Region to write
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,

    /// Send every request to this URL instead of AWS's
    #[arg(long, global = true, value_name = "URL", value_parser = endpoint)]
    pub(crate) endpoint_url: Option<String>,

    /// Give a variable of `[vars]` another value
    #[arg(long = "var", global = true, value_name = "NAME=VALUE", value_parser = variable, action = ArgAction::Append)]
    pub(crate) vars: Vec<(String, String)>,

    /// Give the variables of `[vars]` that this TOML file names other values;
    /// GATESTACK_VAR_NAME goes before it, and --var before both
    #[arg(long = "var-file", global = true, value_name = "FILE", action = ArgAction::Append)]
    pub(crate) var_files: Vec<PathBuf>,

    /// Print results and errors only
    #[arg(short, long, global = true)]
    quiet: bool,

    /// Print more; twice, log what the AWS SDK does
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,

    /// Colour the output
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "GATESTACK_COLOR",
        hide_env = true,
        value_parser = one_of::<Colour>()
    )]
    color: Colour,

    /// Never colour the output, as --color never
    #[arg(long, global = true)]
    no_color: bool,

    /// Never ask; fail where an answer is needed
    #[arg(long, global = true, env = "GATESTACK_NO_INPUT", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    no_input: bool,

    /// Show no progress
    #[arg(long, global = true)]
    no_progress: bool,

    /// Print help
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

impl Global {
    /// The output options.
    pub(crate) fn wishes(&self) -> Wishes {
        Wishes {
            colour: if self.no_color {
                Colour::Never
            } else {
                self.color
            },
            quiet: self.quiet,
            no_progress: self.no_progress,
            no_input: self.no_input || self.reads_stdin(),
            verbosity: self.verbose,
        }
    }

    /// How many `-v` there were.
    pub(crate) fn verbosity(&self) -> u8 {
        self.verbose
    }

    /// The stack and the AWS.
    pub(crate) fn invocation(&self) -> Invocation {
        Invocation {
            file: self.file.clone(),
            environment: self.environment.clone(),
            chdir: self.chdir.clone(),
            local: self.local,
            profile: self.profile.clone(),
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            vars: self.vars.clone(),
            var_files: self.var_files.clone(),
        }
    }

    /// Whether the stack file comes through the standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.invocation().reads_stdin()
    }

    /// Whether a flag gives variables values.
    pub(crate) fn gives_variables(&self) -> bool {
        !self.vars.is_empty() || !self.var_files.is_empty()
    }

    /// Flags that exclude each other. clap checks each side of the subcommand separately, so it can't.
    pub(crate) fn contradiction(&self) -> Option<String> {
        if self.environment.is_some() && self.reads_stdin() {
            return Some(
                "the argument '--env' (or GATESTACK_ENV) cannot be used with '--file -', which has no overlays"
                    .to_owned(),
            );
        }
        let aws_only = [
            ("--profile", self.profile.is_some()),
            ("--endpoint-url", self.endpoint_url.is_some()),
        ];
        let (flag, _) = aws_only
            .into_iter()
            .find(|(_, given)| self.local && *given)?;
        Some(format!(
            "the argument '--local' cannot be used with '{flag}'"
        ))
    }

    /// The error about these flags for a command that serves the stack file on the local AWS.
    pub(crate) fn contradiction_of_dev(&self) -> Option<String> {
        let wrong = [
            ("--file -", self.reads_stdin()),
            ("--profile", self.profile.is_some()),
            ("--endpoint-url", self.endpoint_url.is_some()),
        ];
        let (flag, _) = wrong.into_iter().find(|(_, given)| *given)?;
        Some(format!(
            "the argument '{flag}' cannot be used with 'dev', which follows a file on the local AWS"
        ))
    }
}

/// The names of an enumeration's values. clap's own parser would add their docs, which makes `help COMMAND` longer than `COMMAND
/// --help`.
pub(super) fn one_of<T>() -> impl TypedValueParser<Value = T>
where
    T: ValueEnum + Clone + Send + Sync + 'static,
{
    let names = T::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value)
        .map(|value| PossibleValue::new(value.get_name().to_owned()));
    PossibleValuesParser::new(names).try_map(|name| T::from_str(&name, false))
}

/// Parses a custom endpoint.
fn endpoint(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).ok();
    let is_one = |url: &url::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    match url.as_ref().is_some_and(is_one) {
        true => Ok(text.to_owned()),
        false => Err("write it as in http://127.0.0.1:4599".into()),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".into()),
    }
}
