//! Errors about an invalid command line, for people and programs.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _};

use super::Cli;
use crate::error::Exit;
use crate::render::json::{self, Message};
use crate::render::{Colour, Ui, Wishes};

/// Commands whose `--json` is lines.
const PRINT_LINES: [&str; 4] = ["apply", "destroy", "dev", "logs"];

/// Terraform's flags with another name here, or none; without the value after `=`.
const TERRAFORM: &[(&str, &str)] = &[
    ("auto-approve", "write '--yes'"),
    (
        "backend-config",
        "leave it out: there is no state file and no backend",
    ),
    ("chdir", "write '-C FOLDER'"),
    ("compact-warnings", "leave it out"),
    ("destroy", "write '--destroy'"),
    ("detailed-exitcode", "write '--detailed-exitcode'"),
    ("input", "write '--no-input'"),
    ("json", "write '--json'"),
    (
        "lock",
        "leave it out, or write 'lock = false' in the file's [stack]",
    ),
    ("lock-timeout", "write '--wait-for-lock 5m'"),
    ("no-color", "write '--no-color'"),
    ("out", "write '--out FILE'"),
    ("parallelism", "leave it out: AWS's request quotas decide"),
    ("refresh", "leave it out: every plan reads AWS again"),
    (
        "refresh-only",
        "leave it out: 'plan' shows what differs on AWS",
    ),
    ("replace", "write '--replace ADDRESS'"),
    ("state", "leave it out: there is no state file"),
    ("target", "write '--target ADDRESS'"),
    ("upgrade", "leave it out"),
    ("var", "write '--var NAME=VALUE'"),
    ("var-file", "write '--var-file FILE'"),
];

/// Reports an invalid command line, or prints the requested help. clap's own exit code for a wrong one is 2, which here means
/// “there are changes”.
pub(super) fn refuse(error: clap::Error, arguments: &[OsString]) -> Exit {
    let mut ui = Ui::of_process(Wishes {
        colour: wished_colour(arguments),
        ..Wishes::default()
    });
    tell(error, arguments, &mut ui)
}

/// The same on these streams.
pub(super) fn tell(error: clap::Error, arguments: &[OsString], ui: &mut Ui) -> Exit {
    let words = words(arguments);
    let exit = exit_of(&error);
    if exit == Exit::Success {
        ui.print(&error.render().ansi().to_string());
        return exit;
    }
    let error = terraform(&error, &words).unwrap_or(error);
    // `--json=true` also requests JSON.
    if !words
        .iter()
        .any(|word| *word == "--json" || word.starts_with("--json="))
    {
        ui.complain(&error.render().ansi().to_string());
        return exit;
    }
    let message = message(&error);
    let command = words.iter().find(|word| is_command(word));
    if command.is_some_and(|command| PRINT_LINES.contains(command)) {
        ui.begin_json_lines();
        ui.print(&json::diagnostic(message));
    } else {
        ui.print(&json::messages(vec![message]));
    }
    exit
}

/// Names the environment variable of a wrong value, if no flag gives it.
pub(super) fn name_variable(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let named = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(named)) => named.clone(),
        _ => return error,
    };
    let command = Cli::command();
    let of_variable = command.get_arguments().find_map(|argument| {
        let variable = argument.get_env()?.to_str()?;
        let flag = format!("--{}", argument.get_long()?);
        let of_it = named.split([' ', '=']).next() == Some(&flag);
        let given = words(arguments).iter().any(|word| {
            word.split('=').next() == Some(&flag)
                || argument
                    .get_short()
                    .is_some_and(|short| word.starts_with(&format!("-{short}")))
        });
        let is_set = std::env::var_os(variable).is_some();
        (of_it && !given && is_set).then(|| variable.to_owned())
    });
    if let Some(variable) = of_variable {
        let tip = format!("the value comes from {variable} in the environment");
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
    }
    error
}

/// A request for help or the version comes as an error too.
pub(super) fn exit_of(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Success
    }
}

/// The arguments up to `--`, without the program's name.
fn words(arguments: &[OsString]) -> Vec<&str> {
    let words = arguments
        .iter()
        .skip(1)
        .map_while(|word| match word.to_str() {
            Some("--") => None,
            word => Some(word.unwrap_or_default()),
        });
    words.collect()
}

fn is_command(word: &str) -> bool {
    Cli::command()
        .get_subcommands()
        .any(|command| command.get_name() == word)
}

/// The same error with a tip, if it is about one of terraform's flags.
fn terraform(error: &clap::Error, words: &[&str]) -> Option<clap::Error> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let command = Cli::command();
    let (word, tip) = words.iter().find_map(|word| {
        let (name, is_long) = match word.strip_prefix("--") {
            Some(name) => (name, true),
            None => (word.strip_prefix('-')?, false),
        };
        let name = name.split_once('=').map_or(name, |(name, _)| name);
        let is_ours = is_flag(&command, name);
        let known = TERRAFORM.iter().find(|(known, _)| *known == name);
        match known {
            _ if is_long && is_ours => None,
            // A destroy takes the stack's name.
            Some(("auto-approve", _)) if words.contains(&"destroy") => Some((
                word,
                "write '--confirm NAME', with the stack's name".to_owned(),
            )),
            Some((_, tip)) => Some((word, (*tip).to_owned())),
            None if !is_long && name.chars().count() > 2 && is_ours => {
                Some((word, format!("write '--{name}'")))
            }
            None => None,
        }
    })?;
    let shown = word.split_once('=').map_or(*word, |(flag, _)| flag);
    let text = format!("unexpected argument '{shown}' found\n\n  tip: {tip}");
    Some(of_command(words).error(ErrorKind::UnknownArgument, text))
}

/// The command of a command line, for the usage below errors; the program if there is none.
fn of_command(words: &[&str]) -> Command {
    let mut program = Cli::command();
    program.build();
    let command = words.iter().find_map(|word| program.find_subcommand(word));
    command.cloned().unwrap_or(program)
}

/// Whether any command has a flag of this name.
fn is_flag(command: &Command, name: &str) -> bool {
    let has = |command: &Command| {
        command.get_arguments().any(|argument| {
            argument.get_long() == Some(name)
                || argument
                    .get_all_aliases()
                    .is_some_and(|aliases| aliases.contains(&name))
        })
    };
    has(command) || command.get_subcommands().any(has)
}

/// clap's error, split into the message and the hints.
fn message(error: &clap::Error) -> Message {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n");
    let fault = paragraphs.next().unwrap_or_default();
    let fault = fault.strip_prefix("error: ").unwrap_or(fault);
    let fault: Vec<&str> = fault.lines().map(str::trim).collect();
    let hints = paragraphs
        .flat_map(str::lines)
        .map(str::trim)
        .filter_map(|line| {
            line.strip_prefix("tip: ").map(str::to_owned).or_else(|| {
                let usage = line.strip_prefix("Usage: ")?;
                Some(format!("usage: {usage}"))
            })
        });
    Message::usage(fault.join(" "), hints.collect())
}

/// `--color` of a command line that could not be parsed.
fn wished_colour(arguments: &[OsString]) -> Colour {
    let words = words(arguments);
    if words.contains(&"--no-color") {
        return Colour::Never;
    }
    let given = words.iter().find_map(|word| word.strip_prefix("--color="));
    let follows = words
        .iter()
        .position(|word| *word == "--color")
        .and_then(|place| words.get(place + 1).copied());
    match given.or(follows) {
        Some("always") => Colour::Always,
        Some("never") => Colour::Never,
        _ => Colour::Auto,
    }
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use serde_json::Value;

    use super::*;

    fn said(words: &[&str]) -> (Exit, String, String) {
        let arguments: Vec<OsString> = ["gatestack"]
            .iter()
            .chain(words)
            .map(OsString::from)
            .collect();
        let error = super::super::parse(&arguments).expect_err("it makes no sense");
        let (mut ui, captured) = Ui::captured();
        let exit = tell(error, &arguments, &mut ui);
        let plain = |text: String| strip_str(&text).to_string();
        (exit, plain(captured.out()), plain(captured.err()))
    }

    fn object(words: &[&str]) -> Value {
        let (exit, out, err) = said(words);
        assert_eq!((exit, err.as_str()), (Exit::Usage, ""), "{words:?}");
        let text = out.lines().last().unwrap();
        let line: Value = serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(&out))
            .unwrap();
        match line.get("messages") {
            Some(messages) => messages[0].clone(),
            None => line["message"].clone(),
        }
    }

    #[test]
    fn machines_are_told_in_json() {
        for words in [
            &["plan", "--json", "--nope"][..],
            &["plan", "--json", "--env", ""],
            &["--json", "plan"],
            &["plan", "--json=true"],
            &["--local", "--profile", "x", "validate", "--json"],
            &["output", "--raw", "--json"],
            &["graph", "--json"],
            &["token", "--json"],
            &["init", "--json", "--name", "a/b"],
            &["init", "--json", "--template", "none"],
            &["--region", "eu-nowhere", "init", "--json"],
            &["apply", "--json", "a.plan", "--target", "api"],
            &["apply", "--json", "--var", "a=b", "a.plan"],
            &["destroy", "--confirm", "--json"],
            &["dev", "--json", "--listen"],
            &["--json"],
        ] {
            let message = object(words);
            assert_eq!(message["code"], "usage", "{words:?}: {message}");
            let text = message["message"].as_str().unwrap();
            assert!(!text.is_empty() && !text.starts_with("error"), "{text}");
        }
        let (_, out, _) = said(&["apply", "--nope", "--json"]);
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines[0].starts_with(r#"{"type":"version","#), "{out}");
        assert!(lines[1].starts_with(r#"{"type":"diagnostic","#), "{out}");
        let message = object(&["plan", "--json", "--detailed-exit"]);
        assert_eq!(
            message["message"],
            "unexpected argument '--detailed-exit' found"
        );
        let hints = message["hints"].as_array().unwrap();
        let [tip, usage] = &hints[..] else {
            panic!("{hints:?}")
        };
        assert_eq!(tip, "a similar argument exists: '--detailed-exitcode'");
        assert!(
            usage
                .as_str()
                .unwrap()
                .starts_with("usage: gatestack plan "),
            "{usage}"
        );
    }

    #[test]
    fn help_stays_help() {
        for words in [&["--help", "--json"][..], &["plan", "--json", "--help"]] {
            let (exit, out, err) = said(words);
            assert_eq!((exit, err.as_str()), (Exit::Success, ""));
            assert!(out.contains("Usage:"), "{out}");
        }
    }

    #[test]
    fn json_behind_two_dashes_is_no_flag() {
        let (exit, out, err) = said(&["plan", "--nope", "--", "--json"]);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
        assert!(err.contains("--nope"), "{err}");
    }

    #[test]
    fn flags_of_terraform_have_a_tip() {
        let tip = |words: &[&str]| {
            let (exit, _, err) = said(words);
            assert_eq!(exit, Exit::Usage);
            let tip = err
                .lines()
                .find_map(|line| line.trim().strip_prefix("tip: "));
            tip.unwrap_or_else(|| panic!("{err}")).to_owned()
        };
        for (words, expected) in [
            (&["apply", "-auto-approve"][..], "write '--yes'"),
            (&["plan", "-out=x"], "write '--out FILE'"),
            (&["plan", "-target=api"], "write '--target ADDRESS'"),
            (&["plan", "-var", "a=b"], "write '--var NAME=VALUE'"),
            (&["plan", "-var-file=prod"], "write '--var-file FILE'"),
            (&["plan", "-json"], "write '--json'"),
            (&["plan", "-local"], "write '--local'"),
            (&["-chdir=x", "plan"], "write '-C FOLDER'"),
            (
                &["plan", "--refresh-only"],
                "leave it out: 'plan' shows what differs on AWS",
            ),
        ] {
            assert_eq!(tip(words), expected, "{words:?}");
        }
        let (_, _, err) = said(&["apply", "-auto-approve"]);
        assert!(
            err.starts_with("error: unexpected argument '-auto-approve' found\n"),
            "{err}"
        );
    }
}
