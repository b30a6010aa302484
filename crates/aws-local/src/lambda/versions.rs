//! Published versions.

use serde_json::Value;

use super::super::identifiers;
use super::super::members::optional;
use super::super::operation::{Answer, Call, Operation};
use super::super::state::Region;
use super::names::Named;
use super::shown::{self, View};
use super::state::{Configuration, Function, LATEST};
use super::{check_revision, invalid, page, updates};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("PublishVersion", publish_version).refusing(&["PublishTo"]),
    Operation::read("ListVersionsByFunction", list),
];

/// Publishes `$LATEST`, active when that is. If nothing changed since the last version was published, it is that one. Returns its
/// number.
pub(super) fn publish(function: &mut Function, description: Option<&str>) -> u64 {
    if let Some(number) = function.same_as {
        return number;
    }
    let number = function.last_version + 1;
    let latest = &function.latest;
    let revision = identifiers::uuid();
    let version = Configuration {
        version: number.to_string(),
        description: description.unwrap_or(&latest.description).to_owned(),
        active: latest.updated.unwrap_or(latest.active),
        updated: None,
        settled_revision: revision.clone(),
        revision,
        ..latest.clone()
    };
    function.last_version = number;
    function.versions.insert(number, version);
    function.same_as = Some(number);
    number
}

fn publish_version(region: &mut Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let function = named.function_mut(region, call)?;
    updates::check_settled(call, &named, &function.latest)?;
    let latest = &mut function.latest;
    check_revision(
        call,
        latest.revision(call.seconds()),
        "GetFunction/GetAlias",
    )?;
    if let Some(sha256) = optional(&call.input, "CodeSha256").filter(|sent| !sent.is_empty())
        && sha256 != latest.code_sha256
    {
        return Err(invalid(format!(
            "CodeSHA256 ({sha256}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the CodeSHA256 in $LATEST.",
            latest.code_sha256
        )));
    }
    if function.same_as.is_none() {
        latest.settled_revision = identifiers::uuid();
    }
    let description = optional(&call.input, "Description").filter(|text| !text.is_empty());
    let number = publish(function, description);
    let one = &function.versions[&number];
    let qualifier = Some(one.version.as_str());
    Ok(shown::configuration(
        call,
        &named.name,
        qualifier,
        one,
        View::Read,
    ))
}

fn list(region: &Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let function = named.function(region, call)?;
    let row = |qualifier: &str, one: &Configuration| {
        let qualifier = Some(qualifier);
        Value::from(shown::configuration(
            call,
            &named.name,
            qualifier,
            one,
            View::Listed,
        ))
    };
    let mut rows = vec![(String::new(), row(LATEST, &function.latest))];
    for (number, one) in &function.versions {
        rows.push((format!("{number:020}"), row(&one.version, one)));
    }
    let rows = rows.iter().map(|(key, row)| (key.as_str(), row.clone()));
    page(call, &named.name, "Versions", rows)
}
