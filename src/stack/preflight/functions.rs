//! Existing functions, and secrets in environments of functions.

use std::collections::BTreeSet;

use aws_facts::arns::Arn;

use super::Flight;
use crate::kinds::function;
use crate::model::SecretSource;
use crate::stack::diagnostic::Code;
use crate::stack::expand;
use crate::stack::file::File;
use crate::stack::spans::KeyPath;

/// The sources of all secrets in environments.
pub(super) fn sources(file: &File) -> BTreeSet<String> {
    let own = file.functions.values();
    let values = own.flat_map(|function| function.environment.values());
    values
        .map(|value| value.as_written())
        .filter(|text| SecretSource::parse(text).is_some())
        .map(str::to_owned)
        .collect()
}

/// The tables of existing functions, and their ARNs.
pub(super) fn existing<'f>(
    file: &'f File,
    account: &'f str,
) -> impl Iterator<Item = (&'f str, String)> {
    file.functions.iter().filter_map(move |(key, function)| {
        let arn = expand::known(file, account, function.existing.as_ref()?)?;
        Some((key.as_str(), arn))
    })
}

pub(super) fn check(flight: &mut Flight<'_>) {
    unusable(flight);
    let file = flight.file;
    let region = &file.stack.region;
    for (key, function) in &file.functions {
        for (name, value) in &function.environment {
            let source = value.as_written();
            let Some(parsed) = SecretSource::parse(source) else {
                continue;
            };
            if flight.lookups.secret_versions.contains_key(source) {
                continue;
            }
            let (message, help) = match parsed {
                SecretSource::Variable(variable) => (
                    format!("the environment variable {variable} is not set, or is not UTF-8"),
                    format!("set {variable} where gatestack runs"),
                ),
                SecretSource::Parameter(parameter) => (
                    format!("{region} has no parameter {parameter} that these credentials may read"),
                    "store the value there, or correct the name; plans need ssm:GetParameter for it".to_owned(),
                ),
                SecretSource::Secret { name, .. } => (
                    format!("{region} has no secret {name} with a value that these credentials may read"),
                    "store the value there, or correct the name; plans need secretsmanager:DescribeSecret for it".to_owned(),
                ),
            };
            let path = KeyPath::from(["functions", key, "environment", name]);
            flight.error(Code::Absent, &path, message, help);
        }
    }
}

/// A function of another account can't be permitted from here, and one that is not there can't be called.
fn unusable(flight: &mut Flight<'_>) {
    let file = flight.file;
    for (key, arn) in existing(file, flight.account) {
        let account = Arn::parse(&arn).map_or("", |arn| arn.account);
        let path = KeyPath::from(["functions", key, "existing"]);
        if account != flight.account {
            let message = format!(
                "the function is in account {account}, and the stack in {}: gatestack can't let the API invoke it",
                flight.account
            );
            let help = "name a function of the stack's account";
            flight.error(Code::Absent, &path, message, help);
        } else if flight.lookups.absent_functions.contains(&arn) {
            let message = format!(
                "there is no function `{}` in {} of the account {account}",
                function::name_of(&arn).unwrap_or_default(),
                file.stack.region
            );
            let help = "correct the ARN; if another stack makes the function, apply that first";
            flight.error(Code::Absent, &path, message, help);
        }
    }
}
