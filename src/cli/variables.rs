//! Values of variables from outside of the stack file: `--var` before `GATESTACK_VAR_NAME` before `--var-file` before the file's
//! own. Also environment variables that look like misspelled ones.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::engine::{Invocation, files};
use crate::error::{Error, Fault, FaultKind};
use crate::render::{Ui, indented};
use crate::stack::{Given, GivenBy, Source};

/// The prefix of variables in the environment.
const PREFIX: &str = "GATESTACK_VAR_";

/// The environment variables that gatestack reads.
const OURS: [&str; 5] = [
    "GATESTACK_COLOR",
    "GATESTACK_ENV",
    "GATESTACK_FILE",
    "GATESTACK_LOG",
    "GATESTACK_NO_INPUT",
];

/// The AWS SDK's environment variables of which a typo would change the account or endpoint.
const AWS: [&str; 12] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
];

/// Other common names for these.
const MISTAKEN: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
    ("AWS_ENDPOINT", "AWS_ENDPOINT_URL"),
    ("AWS_PROFILE_NAME", "AWS_PROFILE"),
    ("AWS_SECRET_KEY", "AWS_SECRET_ACCESS_KEY"),
];

/// The values of a command line, its environment and its files.
///
/// # Errors
/// A file of `--var-file` can't be read.
pub(super) fn given(invocation: &Invocation) -> Result<BTreeMap<String, Given>, Error> {
    let mut given = BTreeMap::new();
    for path in &invocation.var_files {
        given.extend(in_file(path)?);
    }
    given.extend(in_environment(std::env::vars_os()));
    let flags = invocation.vars.iter().cloned();
    given.extend(flags.map(|(name, value)| (name, Given::from(value))));
    Ok(given)
}

fn in_environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> impl Iterator<Item = (String, Given)> {
    variables.filter_map(|(name, value)| {
        let name = name.to_str()?.strip_prefix(PREFIX)?.to_owned();
        let value = value.into_string().ok()?;
        let by = GivenBy::Environment;
        (!name.is_empty()).then_some((name, Given { value, by }))
    })
}

/// A TOML file of values.
fn in_file(path: &Path) -> Result<BTreeMap<String, Given>, Error> {
    let source = Source::new(path, files::needed(path)?);
    let place = |span: &Range<usize>| source.locate(span).link();
    let wrong = |span: &Range<usize>, message: &str| {
        let what = format!("{}: {message}", place(span));
        let hint = "a line is `NAME = \"VALUE\"`, as in `[vars]`; a value is text, a number, true or false";
        Error::from(Fault::new(FaultKind::Io, what).hint(hint))
    };
    let root = DeTable::parse(source.base().text())
        .map_err(|error| wrong(&error.span().unwrap_or_default(), error.message()))?;
    let mut given = BTreeMap::new();
    for (name, value) in root.get_ref() {
        let plain = scalar(value).ok_or_else(|| {
            wrong(
                &value.span(),
                &format!("`{}` is not one value", name.get_ref()),
            )
        })?;
        let by = GivenBy::File(place(&name.span()));
        given.insert(name.get_ref().to_string(), Given { value: plain, by });
    }
    Ok(given)
}

fn scalar(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(on) => Some(on.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// Warns about environment variables that look like misspelled ones. Others belong to other programs.
pub(super) fn remark_typos(local: bool, ui: &mut Ui) {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let is_set = |name: &str| std::env::var_os(name).is_some();
    for (name, meant) in typos(names, local, is_set) {
        let text = format!("warning: {name} is set, and nothing reads it: did you mean {meant}?");
        ui.remark(&indented(&text, 0, ui.width()));
    }
}

/// The variable or flag that is meant by an unknown name with our prefix.
fn ours(name: &str, rest: &str) -> Option<String> {
    if rest.to_uppercase().starts_with("VAR") {
        return Some("GATESTACK_VAR_NAME".to_owned());
    }
    let known = OURS
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), *known));
    if let Some((_, known)) = known.filter(|(slips, _)| *slips <= 2).min() {
        return Some(known.to_owned());
    }
    if rest == "ENVIRONMENT" {
        return Some("GATESTACK_ENV".to_owned());
    }
    let flag = rest.to_lowercase().replace('_', "-");
    // Flags of single commands are words that other programs use, too.
    let of_all = super::command();
    let mut of_all = of_all.get_arguments().filter_map(clap::Arg::get_long);
    let is_one = matches!(&*flag, "json" | "yes") || of_all.any(|one| one == flag);
    is_one.then(|| format!("--{flag}"))
}

fn typos(
    names: impl Iterator<Item = String>,
    local: bool,
    is_set: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    let near = |name: &str| {
        if name.starts_with(PREFIX) || OURS.contains(&name) || AWS.contains(&name) {
            return None;
        }
        if let Some(rest) = name.strip_prefix("GATESTACK_") {
            return ours(name, rest);
        }
        if let Some((_, meant)) = MISTAKEN.iter().find(|(mistaken, _)| *mistaken == name) {
            return (!local && !is_set(meant)).then(|| (*meant).to_owned());
        }
        // AWS's tools have many more variables, so only small typos count.
        let slips = |known: &&&str| strsim::damerau_levenshtein(name, known) == 1;
        let aws = AWS.iter().filter(|_| !local && name.starts_with("AW"));
        aws.copied().find(|known| slips(&known)).map(str::to_owned)
    };
    let mut found: Vec<_> = names
        .filter_map(|name| near(&name).map(|meant| (name.clone(), meant)))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_told_and_other_programs_are_not() {
        let found = |names: &[&str], local| {
            let names = names.iter().map(|name| (*name).to_owned());
            typos(names, local, |name| name == "AWS_SECRET_ACCESS_KEY")
        };
        for (name, meant) in [
            ("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
            ("AWS_ENDPOINT", "AWS_ENDPOINT_URL"),
            ("AWS_PROFIEL", "AWS_PROFILE"),
            ("GATESTACK_COLOUR", "GATESTACK_COLOR"),
            ("GATESTACK_ENVIRONMENT", "GATESTACK_ENV"),
            ("GATESTACK_FLIE", "GATESTACK_FILE"),
            ("GATESTACK_ENDPOINT_URL", "--endpoint-url"),
            ("GATESTACK_JSON", "--json"),
            ("GATESTACK_LOCAL", "--local"),
            ("GATESTACK_NO_COLOR", "--no-color"),
            ("GATESTACK_PROFILE", "--profile"),
            ("GATESTACK_YES", "--yes"),
            ("GATESTACK_var_x", "GATESTACK_VAR_NAME"),
        ] {
            assert_eq!(found(&[name], false), [(name.to_owned(), meant.to_owned())]);
            let of_aws = name.starts_with("AWS_");
            assert_eq!(found(&[name], true).is_empty(), of_aws, "{name}");
        }
        let others = [
            "GATESTACK",
            "GATESTACK_SERVICE_HOST",
            "GATESTACK_OUTPUT",
            "GATESTACK_VAR_rate",
            "GATESTACK_LOG",
            "AWS_PAGER",
            "AWS_MAX_ATTEMPTS",
            "AWS_ENDPOINT_URL_S3",
            "AWS_SECRET_KEY",
            "HOME",
        ];
        assert_eq!(found(&others, false), []);
    }

    #[test]
    fn values_of_the_environment_have_their_names() {
        let variables = [
            ("GATESTACK_VAR_rate", "5"),
            ("GATESTACK_VAR_", "x"),
            ("PATH", "/"),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let given: Vec<_> = in_environment(variables.into_iter()).collect();
        let [(name, given)] = &given[..] else {
            panic!("{given:?}")
        };
        assert_eq!((name.as_str(), given.value.as_str()), ("rate", "5"));
    }
}
