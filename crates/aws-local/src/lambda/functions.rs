//! Functions: created, read, listed, deleted.

use std::time::Duration;

use aws_facts::limits::lambda::LONGEST_NAME;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::members::{object, optional};
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::archive::Archive;
use super::names::{self, Named};
use super::settings::{self, When};
use super::shown::{self, View};
use super::state::{Configuration, Function, LATEST};
use super::{conflict, invalid, no_function, page, tags, tidy, versions, violates};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("CreateFunction", create).refusing(&[
        "CapacityProviderConfig",
        "Code.ImageUri",
        "Code.SourceKMSKeyArn",
        "CodeSigningConfigArn",
        "DeadLetterConfig",
        "DurableConfig",
        "FileSystemConfigs",
        "ImageConfig",
        "KMSKeyArn",
        "PublishTo",
        "TenancyConfig",
    ]),
    Operation::read("GetFunction", get),
    Operation::read("GetFunctionConfiguration", get_configuration),
    Operation::read("ListFunctions", list).refusing(&["MasterRegion"]),
    Operation::change("DeleteFunction", delete).then(tidy),
];

/// How long a function is pending. AWS publishes no time; it is seconds, or about a minute where network interfaces are created.
const PENDING: Duration = Duration::from_secs(2);
const PENDING_IN_VPC: Duration = Duration::from_secs(60);

/// How long the creation or the update of a function takes.
pub(super) fn takes(in_vpc: bool) -> Duration {
    if in_vpc { PENDING_IN_VPC } else { PENDING }
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let Named { name, qualifier } = Named::of(call)?;
    if name.len() > LONGEST_NAME {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to {LONGEST_NAME}"
        )));
    }
    if qualifier.is_some() || name.contains('.') {
        return Err(invalid(format!(
            "Value '{}' at 'functionName' failed to satisfy constraint: a new function has no version",
            call.text("FunctionName")
        )));
    }
    if optional(&call.input, "PackageType") == Some("Image") {
        return Err(Refusal::not_implemented(
            "PackageType Image of lambda:CreateFunction",
        ));
    }
    if optional(&call.input, "Runtime").is_none() || optional(&call.input, "Handler").is_none() {
        return Err(invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ));
    }
    let mut latest = settings::defaults();
    settings::put(&mut latest, region, call, When::Created)?;
    if let Some(architecture) = architecture(call) {
        latest.architecture = architecture.into();
    }
    check_architecture(&latest)?;
    let tags = tags::with_sent(call, Default::default())?;
    let nothing = Object::new();
    let code = call.input.get("Code").and_then(Value::as_object);
    let archive = Archive::sent(code.unwrap_or(&nothing))?;
    if region.lambda.functions.contains(&name) {
        return Err(conflict(format!("Function already exist: {name}")));
    }
    let kept = archive.keep(call)?;
    latest.code_sha256 = kept.sha256;
    latest.code_size = kept.size;
    latest.modified = call.seconds();
    latest.active = call.done_at(takes(latest.vpc.is_some()));
    latest.revision = identifiers::uuid();
    latest.settled_revision = identifiers::uuid();
    let mut function = Function {
        latest,
        tags,
        ..Function::default()
    };
    let mut answer = shown::configuration(call, &name, None, &function.latest, View::Created);
    if call.input.get("Publish") == Some(&Value::Bool(true)) {
        // AWS tells the number beside the ARN and the revision of the function.
        let number = versions::publish(&mut function, None).to_string();
        answer.insert("Version".into(), number.into());
    }
    region.lambda.functions.insert(&name, function);
    Ok(answer)
}

/// The architecture that a call sends.
pub(super) fn architecture(call: &Call) -> Option<&str> {
    let sent = call.input.get("Architectures").and_then(Value::as_array);
    sent.and_then(|list| list.first()?.as_str())
}

/// Refuses a runtime on an architecture that AWS doesn't offer it on.
pub(super) fn check_architecture(one: &Configuration) -> Result<(), Refusal> {
    let runtime = aws_facts::runtimes::runtime(&one.runtime);
    let offered = runtime.map_or(aws_facts::runtimes::ARCHITECTURES, |found| {
        found.architectures
    });
    if offered.contains(&one.architecture.as_str()) {
        return Ok(());
    }
    Err(invalid(format!(
        "Runtime {} is not supported on architecture {}.",
        one.runtime, one.architecture
    )))
}

fn get(region: &Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let (function, one) = named.configuration(region, call)?;
    let qualifier = named.qualifier.as_deref();
    let shown = shown::configuration(call, &named.name, qualifier, one, View::Read);
    let mut answer = object("Configuration", shown);
    answer.insert(
        "Code".into(),
        json!({"RepositoryType": "S3", "Location": location(call, &named.name, one)}),
    );
    if !function.tags.is_empty() {
        answer.insert("Tags".into(), json!(function.tags));
    }
    if let Some(reserved) = function.reserved_concurrency {
        let concurrency = json!({"ReservedConcurrentExecutions": reserved});
        answer.insert("Concurrency".into(), concurrency);
    }
    Ok(answer)
}

/// Where AWS offers the code for ten minutes. There is no S3, so nothing answers there.
fn location(call: &Call, name: &str, one: &Configuration) -> String {
    let region = &call.region;
    let version = one.code_sha256.replace(['+', '/', '='], "_");
    format!(
        "https://awslambda-{region}-tasks.s3.{region}.amazonaws.com/snapshots/{}/{name}?versionId={version}",
        call.account
    )
}

fn get_configuration(region: &Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let (_, one) = named.configuration(region, call)?;
    let qualifier = named.qualifier.as_deref();
    Ok(shown::configuration(
        call,
        &named.name,
        qualifier,
        one,
        View::Read,
    ))
}

fn list(region: &Region, call: &Call) -> Answer {
    let with_versions = call.text("FunctionVersion") == "ALL";
    let mut rows = Vec::new();
    for (name, function) in region.lambda.functions.iter() {
        let row = |qualifier: Option<&str>, one: &Configuration| {
            Value::from(shown::configuration(
                call,
                name,
                qualifier,
                one,
                View::Listed,
            ))
        };
        if !with_versions {
            rows.push((name.to_owned(), row(None, &function.latest)));
            continue;
        }
        rows.push((format!("{name}:"), row(Some(LATEST), &function.latest)));
        for (number, one) in &function.versions {
            let key = format!("{name}:{number:020}");
            rows.push((key, row(Some(&one.version), one)));
        }
    }
    let rows = rows.iter().map(|(key, row)| (key.as_str(), row.clone()));
    page(call, call.text("FunctionVersion"), "Functions", rows)
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let answer = object("StatusCode", 204);
    let Some(qualifier) = named.qualifier.as_deref() else {
        return match region.lambda.functions.remove(&named.name) {
            true => Ok(answer),
            false => Err(no_function(&named.arn(call))),
        };
    };
    if qualifier == LATEST {
        return Err(invalid(
            "$LATEST version cannot be deleted without deleting the function.",
        ));
    }
    if names::is_alias(qualifier) {
        return Err(invalid("Deletion of aliases is not currently supported."));
    }
    let function = named.function_mut(region, call)?;
    let aliases = function
        .aliases
        .iter()
        .filter(|(_, alias)| alias.version == qualifier || alias.weights.contains_key(qualifier));
    let aliases: Vec<&str> = aliases.map(|(name, _)| name.as_str()).collect();
    if !aliases.is_empty() {
        let arn = named.qualified_arn(call);
        return Err(conflict(format!(
            "Unable to delete {arn}, because aliases refer to it: {}",
            aliases.join(", ")
        )));
    }
    let number: u64 = qualifier.parse().map_err(|_| {
        violates(format_args!(
            "Value '{qualifier}' at 'qualifier' is no version"
        ))
    })?;
    // One that is not there is deleted already.
    if function.versions.remove(&number).is_some() {
        function.policies.remove(qualifier);
        if function.same_as == Some(number) {
            function.same_as = None;
        }
    }
    Ok(answer)
}
