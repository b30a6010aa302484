//! Secrets in environments of functions.

use std::collections::BTreeSet;

use aws_facts::arns::Arn;

use super::Flight;
use crate::model::SecretSource;
use crate::stack::diagnostic::Code;
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

pub(super) fn check(flight: &mut Flight<'_>) {
    elsewhere(flight);
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

/// A function of another account can't be permitted from here.
fn elsewhere(flight: &mut Flight<'_>) {
    let file = flight.file;
    for (key, function) in &file.functions {
        let existing = function.existing.as_ref();
        let Some(arn) = existing.and_then(|existing| flight.known(existing)) else {
            continue;
        };
        let account = Arn::parse(&arn).map(|arn| arn.account.to_owned());
        if let Some(account) = account.filter(|account| account != flight.account) {
            let message = format!(
                "the function is in account {account}, and the stack in {}: gatestack can't let the API invoke it",
                flight.account
            );
            let path = KeyPath::from(["functions", key, "existing"]);
            let help = "name a function of the stack's account";
            flight.error(Code::Absent, &path, message, help);
        }
    }
}
