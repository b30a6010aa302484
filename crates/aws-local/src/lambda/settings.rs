//! A version's settings as calls send them, and what AWS refuses of them.

use std::collections::BTreeMap;

use aws_facts::arns::Arn;
use aws_facts::limits::lambda::{
    LARGEST_ENVIRONMENT, LEAST_MEMORY_MB, LEAST_STORAGE_MB, LONGEST_TIMEOUT_SECONDS, MOST_LAYERS,
    MOST_MEMORY_MB, RESERVED_VARIABLES, TIMEOUT_SECONDS,
};
use aws_facts::regions;
use aws_facts::runtimes::{self, DEFAULT_ARCHITECTURE, RUNTIMES};
use serde_json::{Value, json};

use super::super::iam::Take;
use super::super::members::{optional, texts};
use super::super::operation::{Call, Object, Refusal};
use super::super::policy;
use super::super::state::Region;
use super::state::{Configuration, Environment, LATEST, Logging, Vpc};
use super::{invalid, violates};

/// The service that assumes execution roles.
const SERVICE: &str = "lambda.amazonaws.com";

/// The formats of log events.
const TEXT: &str = "Text";
const JSON: &str = "JSON";

/// The level of log events in JSON that names none.
const INFO: &str = "INFO";

/// Whether a function is created or updated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    Created,
    Updated,
}

/// The settings of a new function that names none.
pub(super) fn defaults() -> Configuration {
    Configuration {
        version: LATEST.into(),
        memory_mb: number(LEAST_MEMORY_MB),
        timeout_seconds: number(TIMEOUT_SECONDS),
        architecture: DEFAULT_ARCHITECTURE.into(),
        storage_mb: number(LEAST_STORAGE_MB),
        tracing: "PassThrough".into(),
        snap_start: "None".into(),
        logging: Logging {
            format: TEXT.into(),
            ..Logging::default()
        },
        ..Configuration::default()
    }
}

fn number(limit: i32) -> u64 {
    u64::try_from(limit).unwrap_or_default()
}

/// Puts what a call sends over a version's settings.
pub(super) fn put(
    settings: &mut Configuration,
    region: &Region,
    call: &Call,
    when: When,
) -> Result<(), Refusal> {
    let input = &call.input;
    for (member, setting) in [
        ("Description", &mut settings.description),
        ("Handler", &mut settings.handler),
        ("Runtime", &mut settings.runtime),
        ("Role", &mut settings.role),
    ] {
        if let Some(text) = optional(input, member) {
            *setting = text.into();
        }
    }
    if let Some(seconds) = within(input, "Timeout", LONGEST_TIMEOUT_SECONDS)? {
        settings.timeout_seconds = seconds;
    }
    if let Some(memory) = within(input, "MemorySize", MOST_MEMORY_MB)? {
        settings.memory_mb = memory;
    }
    if let Some(size) = input
        .get("EphemeralStorage")
        .and_then(|all| all["Size"].as_u64())
    {
        settings.storage_mb = size;
    }
    if let Some(mode) = input
        .get("TracingConfig")
        .and_then(|all| all["Mode"].as_str())
    {
        settings.tracing = mode.into();
    }
    if let Some(versions) = input
        .get("SnapStart")
        .and_then(|all| all["ApplyOn"].as_str())
    {
        settings.snap_start = versions.into();
    }
    if let Some(Value::Object(sent)) = input.get("LoggingConfig") {
        settings.logging = logging(&settings.logging, sent)?;
    }
    if input.contains_key("Runtime") || when == When::Updated {
        check_runtime(&settings.runtime, call, when)?;
    }
    if input.contains_key("Role") {
        check_role(&settings.role, call)?;
    }
    if let Some(Value::Object(sent)) = input.get("Environment") {
        settings.environment = Some(environment(sent)?);
    }
    if input.contains_key("Layers") {
        settings.layers = layers(call)?;
    }
    if let Some(Value::Object(sent)) = input.get("VpcConfig") {
        settings.vpc = vpc(region, sent)?;
    }
    if settings.vpc.is_some() {
        check_networks(&settings.role, call)?;
    }
    Ok(())
}

/// A number up to a limit that the model doesn't have, because it includes functions on managed instances.
fn within(input: &Object, member: &str, most: i32) -> Result<Option<u64>, Refusal> {
    let Some(value) = input.get(member).and_then(Value::as_u64) else {
        return Ok(None);
    };
    if value > number(most) {
        let mut name = member.to_owned();
        name[..1].make_ascii_lowercase();
        return Err(violates(format_args!(
            "Value '{value}' at '{name}' failed to satisfy constraint: Member must have value less than or equal to {most}"
        )));
    }
    Ok(Some(value))
}

/// Refuses a runtime that AWS doesn't know or blocks by now.
pub(super) fn check_runtime(id: &str, call: &Call, when: When) -> Result<(), Refusal> {
    let today = call.now.to_string();
    let today = today.get(..10).unwrap_or_default();
    let Some(runtime) = runtimes::runtime(id) else {
        let known: Vec<&str> = RUNTIMES
            .iter()
            .filter(|runtime| !runtime.blocks_creates(today))
            .map(|runtime| runtime.id)
            .collect();
        let known = known.join(", ");
        return Err(invalid(format!(
            "Value {id} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{known}] or be a valid ARN"
        )));
    };
    let blocked = match when {
        When::Created => runtime.blocks_creates(today),
        When::Updated => runtime.blocks_updates(today),
    };
    if blocked {
        return Err(invalid(format!(
            "The runtime parameter of {id} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions."
        )));
    }
    Ok(())
}

/// Refuses a role that Lambda can't assume, or that isn't known to it yet.
fn check_role(arn: &str, call: &Call) -> Result<(), Refusal> {
    if Arn::parse(arn).is_some_and(|arn| arn.account != call.account) {
        let message = "Cross-account pass role is not allowed.";
        return Err(Refusal::new(403, "AccessDeniedException", message));
    }
    let take = Take {
        service: SERVICE,
        policy: None,
        now: call.seconds(),
    };
    let global = call.everywhere.regions.get(regions::GLOBAL);
    if global.is_some_and(|global| global.iam.may_take(arn, &call.account, take)) {
        return Ok(());
    }
    Err(invalid(
        "The role defined for the function cannot be assumed by Lambda.",
    ))
}

/// Refuses a role with which no network interfaces can be made.
fn check_networks(role: &str, call: &Call) -> Result<(), Refusal> {
    let Some(global) = call.everywhere.regions.get(regions::GLOBAL) else {
        return Ok(());
    };
    for action in [
        "CreateNetworkInterface",
        "DescribeNetworkInterfaces",
        "DeleteNetworkInterface",
    ] {
        let asked = (&*format!("ec2:{action}"), "*");
        let allows = global
            .iam
            .allows(role, &call.account, asked, call.seconds());
        if !allows.map_err(|policy::Unknown(what)| Refusal::not_implemented(what))? {
            return Err(invalid(format!(
                "The provided execution role does not have permissions to call {action} on EC2"
            )));
        }
    }
    Ok(())
}

fn environment(sent: &Object) -> Result<Environment, Refusal> {
    let Some(Value::Object(variables)) = sent.get("Variables") else {
        return Ok(Environment::default());
    };
    let reserved: Vec<&str> = variables
        .keys()
        .map(String::as_str)
        .filter(|name| RESERVED_VARIABLES.contains(name))
        .collect();
    let unable = "Lambda was unable to configure your environment variables because the environment variables you have provided";
    if !reserved.is_empty() {
        let reserved = reserved.join(", ");
        return Err(invalid(format!(
            "{unable} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {reserved}"
        )));
    }
    let measured = json!(variables).to_string();
    if measured.len() > LARGEST_ENVIRONMENT {
        return Err(invalid(format!(
            "{unable} exceeded the 4KB limit. String measured: {measured}"
        )));
    }
    let texts = variables
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
    Ok(Environment(texts.collect::<BTreeMap<_, _>>()))
}

/// The log settings with those that are sent. Levels exist in JSON only.
fn logging(before: &Logging, sent: &Object) -> Result<Logging, Refusal> {
    let text = |member: &str| optional(sent, member).map(str::to_owned);
    let format = text("LogFormat").unwrap_or_else(|| before.format.clone());
    let levels = [text("ApplicationLogLevel"), text("SystemLogLevel")];
    let group = text("LogGroup").or_else(|| before.group.clone());
    if format != JSON {
        if levels.iter().any(Option::is_some) {
            return Err(invalid(
                "You must configure log format as JSON to use log-level filtering.",
            ));
        }
        return Ok(Logging {
            group,
            format,
            ..Logging::default()
        });
    }
    let [application, system] = levels;
    let level = |sent: Option<String>, before: &Option<String>| {
        let before = before.clone();
        sent.or(before).or_else(|| Some(INFO.to_owned()))
    };
    Ok(Logging {
        group,
        format,
        application_level: level(application, &before.application_level),
        system_level: level(system, &before.system_level),
    })
}

/// The layers that a call sends. The account has none of its own.
fn layers(call: &Call) -> Result<Vec<String>, Refusal> {
    let sent = texts(&call.input, "Layers");
    if sent.len() > MOST_LAYERS {
        return Err(invalid(format!(
            "Cannot reference more than {MOST_LAYERS} layers."
        )));
    }
    for (at, arn) in sent.iter().enumerate() {
        let name = |arn: &str| arn.rsplit_once(':').map(|(name, _)| name.to_owned());
        if let Some(other) = sent[..at].iter().find(|other| name(other) == name(arn)) {
            return Err(invalid(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. {other} and {arn} are versions of the same layer."
            )));
        }
        let parts = Arn::parse(arn);
        if parts.is_some_and(|parts| parts.region != call.region) {
            let region = &call.region;
            return Err(invalid(format!(
                "Layers are not in the same region as the function. Layers are expected to be in region {region}."
            )));
        }
        if parts.is_some_and(|parts| parts.account == call.account) {
            return Err(invalid(format!("Layer version {arn} does not exist.")));
        }
    }
    Ok(sent.into_iter().map(str::to_owned).collect())
}

/// The networks that are sent; empty lists detach a function.
fn vpc(region: &Region, sent: &Object) -> Result<Option<Vpc>, Refusal> {
    let subnets = texts(sent, "SubnetIds");
    let groups = texts(sent, "SecurityGroupIds");
    if subnets.is_empty() && groups.is_empty() {
        return Ok(None);
    }
    if subnets.is_empty() || groups.is_empty() {
        return Err(invalid(
            "VpcConfig must have both SubnetIds and SecurityGroupIds, or neither.",
        ));
    }
    let mut id = String::new();
    for subnet in &subnets {
        let found = region.ec2.subnet(subnet).ok_or_else(|| {
            invalid(format!(
                "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID '{subnet}' does not exist"
            ))
        })?;
        if !id.is_empty() && id != found.vpc_id {
            return Err(invalid("The provided subnets are not in the same VPC."));
        }
        id.clone_from(&found.vpc_id);
    }
    for group in &groups {
        let found = region.ec2.security_group(group).ok_or_else(|| {
            invalid(format!(
                "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error Message: The security group '{group}' does not exist"
            ))
        })?;
        if found.vpc_id != id {
            return Err(invalid(
                "The provided security groups are not in the VPC of the subnets.",
            ));
        }
    }
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    Ok(Some(Vpc {
        id,
        subnets: owned(subnets),
        groups: owned(groups),
        ipv6: sent.get("Ipv6AllowedForDualStack") == Some(&Value::Bool(true)),
    }))
}
