//! A version in answers.

use aws_facts::arns;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::operation::{Call, Object};
use super::names;
use super::state::{Configuration, Logging};

/// How a version is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum View {
    /// By the call that creates it.
    Created,
    /// By the call that updates it.
    Updated,
    /// By a later call.
    Read,
    /// In a list, which has no states.
    Listed,
}

/// A version with its ARN at this qualifier.
pub(super) fn configuration(
    call: &Call,
    name: &str,
    qualifier: Option<&str>,
    one: &Configuration,
    view: View,
) -> Object {
    let now = call.seconds();
    let pending = view == View::Created || one.is_pending(now);
    let updating = view == View::Updated || one.is_updating(now);
    let revision = match view {
        View::Created | View::Updated => one.revision.as_str(),
        View::Read | View::Listed => one.revision(now),
    };
    let variables = one
        .environment
        .as_ref()
        .map(|all| json!({"Variables": all.0}));
    let vpc = one.vpc.as_ref().map(|vpc| {
        json!({
            "VpcId": vpc.id,
            "SubnetIds": vpc.subnets,
            "SecurityGroupIds": vpc.groups,
            "Ipv6AllowedForDualStack": vpc.ipv6,
        })
    });
    let layers: Vec<Value> = one
        .layers
        .iter()
        .map(|arn| json!({"Arn": arn, "CodeSize": 0}))
        .collect();
    let all = [
        ("FunctionName", json!(name)),
        ("FunctionArn", json!(names::arn(call, name, qualifier))),
        ("Runtime", json!(one.runtime)),
        ("Role", json!(one.role)),
        ("Handler", json!(one.handler)),
        ("CodeSize", json!(one.code_size)),
        ("Description", json!(one.description)),
        ("Timeout", json!(one.timeout_seconds)),
        ("MemorySize", json!(one.memory_mb)),
        ("LastModified", json!(modified(one.modified))),
        ("CodeSha256", json!(one.code_sha256)),
        ("Version", json!(one.version)),
        ("VpcConfig", json!(vpc)),
        ("Environment", json!(variables)),
        ("TracingConfig", json!({"Mode": one.tracing})),
        ("RevisionId", json!(revision)),
        ("PackageType", json!("Zip")),
        ("Architectures", json!([one.architecture])),
        ("EphemeralStorage", json!({"Size": one.storage_mb})),
        ("SnapStart", snap_start(one)),
        ("LoggingConfig", logging(name, one)),
    ];
    let mut shown = Object::from_iter(all.map(|(name, value)| (name.to_owned(), value)));
    if !layers.is_empty() {
        shown.insert("Layers".into(), layers.into());
    }
    if view != View::Listed {
        shown.insert("RuntimeVersionConfig".into(), runtime(call, one));
        shown.extend(states(pending, updating).map(|(name, value)| (name.to_owned(), value)));
    }
    shown.retain(|_, value| !value.is_null());
    shown
}

const CREATING: (&str, &str) = ("The function is being created.", "Creating");

/// What a function is doing. AWS says of an update that the function is being created.
fn states(pending: bool, updating: bool) -> [(&'static str, Value); 6] {
    let (reason, code) = CREATING;
    let only = |holds: bool, text: &str| if holds { json!(text) } else { Value::Null };
    [
        ("State", json!(if pending { "Pending" } else { "Active" })),
        ("StateReason", only(pending, reason)),
        ("StateReasonCode", only(pending, code)),
        (
            "LastUpdateStatus",
            match (pending, updating) {
                (true, _) => Value::Null,
                (false, true) => json!("InProgress"),
                (false, false) => json!("Successful"),
            },
        ),
        ("LastUpdateStatusReason", only(!pending && updating, reason)),
        (
            "LastUpdateStatusReasonCode",
            only(!pending && updating, code),
        ),
    ]
}

/// A time as Lambda writes it: `2026-11-30T15:00:00.000+0000`.
fn modified(seconds: f64) -> String {
    let time = Timestamp::from_millisecond((seconds * 1000.0) as i64).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

/// A snapshot is made of a published version, when the function wants one.
fn snap_start(one: &Configuration) -> Value {
    let on = one.snap_start == "PublishedVersions" && one.version != super::state::LATEST;
    let status = if on { "On" } else { "Off" };
    json!({"ApplyOn": one.snap_start, "OptimizationStatus": status})
}

fn logging(name: &str, one: &Configuration) -> Value {
    let Logging {
        group: _,
        format,
        application_level,
        system_level,
    } = &one.logging;
    let mut shown = json!({"LogFormat": format, "LogGroup": one.log_group(name)});
    for (member, level) in [
        ("ApplicationLogLevel", application_level),
        ("SystemLogLevel", system_level),
    ] {
        if let Some(level) = level {
            shown[member] = json!(level);
        }
    }
    shown
}

/// The version of the runtime. Its id is a digest on AWS too.
fn runtime(call: &Call, one: &Configuration) -> Value {
    let digest = Sha256::digest(one.runtime.as_bytes());
    let id: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let arn = arns::arn("lambda", &call.region, "", format_args!("runtime:{id}"));
    json!({"RuntimeVersionArn": arn})
}
