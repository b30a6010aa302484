//! Changes of a function's code and configuration.

use serde_json::Value;

use super::super::identifiers;
use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::archive::Archive;
use super::functions::{self, takes};
use super::names::Named;
use super::settings::{self, When};
use super::shown::{self, View};
use super::state::{Configuration, Function};
use super::versions;
use super::{check_revision, conflict, invalid, tidy};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("UpdateFunctionCode", update_code)
        .refusing(&["ImageUri", "PublishTo", "SourceKMSKeyArn"])
        .then(tidy),
    Operation::begin("UpdateFunctionConfiguration", update_configuration).refusing(&[
        "CapacityProviderConfig",
        "DeadLetterConfig",
        "DurableConfig",
        "FileSystemConfigs",
        "ImageConfig",
        "KMSKeyArn",
    ]),
];

/// Refuses a call while the function is created or updated.
pub(super) fn check_settled(
    call: &Call,
    named: &Named,
    latest: &Configuration,
) -> Result<(), Refusal> {
    let now = call.seconds();
    let why = if latest.is_pending(now) {
        "The function is currently in the following state: Pending".to_owned()
    } else if latest.is_updating(now) {
        format!("An update is in progress for resource: {}", named.arn(call))
    } else {
        return Ok(());
    };
    Err(conflict(format!(
        "The operation cannot be performed at this time. {why}"
    )))
}

/// The function that a call updates, if it may now.
fn updated<'r>(
    region: &'r mut Region,
    call: &Call,
    named: &Named,
) -> Result<&'r mut Function, Refusal> {
    if named.qualifier.is_some() {
        return Err(invalid(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.",
        ));
    }
    let function = named.function_mut(region, call)?;
    let latest = &function.latest;
    check_settled(call, named, latest)?;
    check_revision(
        call,
        latest.revision(call.seconds()),
        "GetFunction/GetAlias",
    )?;
    Ok(function)
}

/// Begins an update to these settings, even if nothing differs. AWS does so too.
fn begin(function: &mut Function, call: &Call, after: Configuration, done: f64) {
    if differs(&function.latest, &after) {
        function.same_as = None;
    }
    function.latest = Configuration {
        modified: call.seconds(),
        updated: Some(done),
        revision: identifiers::uuid(),
        settled_revision: identifiers::uuid(),
        ..after
    };
}

/// Whether two configurations differ in what a new version would have.
fn differs(before: &Configuration, after: &Configuration) -> bool {
    let settings = |one: &Configuration| Configuration {
        modified: 0.0,
        active: 0.0,
        updated: None,
        revision: String::new(),
        settled_revision: String::new(),
        ..one.clone()
    };
    settings(before) != settings(after)
}

fn update_code(region: &mut Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let function = updated(region, call, &named)?;
    let mut after = function.latest.clone();
    settings::check_runtime(&after.runtime, call, When::Updated)?;
    if let Some(architecture) = functions::architecture(call) {
        after.architecture = architecture.into();
    }
    functions::check_architecture(&after)?;
    let archive = Archive::sent(&call.input)?;
    if call.input.get("DryRun") == Some(&Value::Bool(true)) {
        (after.code_sha256, after.code_size) = archive.digest();
        return Ok(shown::configuration(
            call,
            &named.name,
            None,
            &after,
            View::Read,
        ));
    }
    let kept = archive.keep(call)?;
    after.code_sha256 = kept.sha256;
    after.code_size = kept.size;
    begin(function, call, after, call.done_at(takes(false)));
    if call.input.get("Publish") != Some(&Value::Bool(true)) {
        let latest = &function.latest;
        return Ok(shown::configuration(
            call,
            &named.name,
            None,
            latest,
            View::Updated,
        ));
    }
    let is_new = function.same_as.is_none();
    let number = versions::publish(function, None);
    let one = &function.versions[&number];
    let view = if is_new { View::Created } else { View::Read };
    let qualifier = Some(one.version.as_str());
    Ok(shown::configuration(
        call,
        &named.name,
        qualifier,
        one,
        view,
    ))
}

fn update_configuration(region: &mut Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let mut after = updated(region, call, &named)?.latest.clone();
    let vpc = after.vpc.clone();
    settings::put(&mut after, region, call, When::Updated)?;
    functions::check_architecture(&after)?;
    let attached = after.vpc.is_some() && after.vpc != vpc;
    let done = call.done_at(takes(attached));
    let function = updated(region, call, &named)?;
    begin(function, call, after, done);
    let latest = &function.latest;
    Ok(shown::configuration(
        call,
        &named.name,
        None,
        latest,
        View::Updated,
    ))
}
