//! The patches of a stage. The path of a method setting is a resource path, a verb and two words.

use std::sync::LazyLock;

use aws_facts::limits::apigateway::{LONGEST_CACHE_TTL_SECONDS, account_throttle};
use regex::Regex;
use serde_json::{Value, json};

use super::super::operation::{Object, Refusal};
use super::patch::{Op, Patch, truth};
use super::refusals::bad_request;
use super::state::{RestApi, object_mut, text};

/// A method setting: the end of its path, its member, and its default.
struct Setting {
    path: &'static str,
    member: &'static str,
    default: Default,
}

enum Default {
    Boolean(bool),
    Whole(i64),
    /// The account's limits.
    Rate,
    Burst,
    Text(&'static str),
    /// Missing until it is set.
    Absent,
}

const SETTINGS: &[Setting] = &[
    setting("metrics/enabled", "metricsEnabled", Default::Boolean(false)),
    setting(
        "logging/dataTrace",
        "dataTraceEnabled",
        Default::Boolean(false),
    ),
    setting("logging/loglevel", "loggingLevel", Default::Absent),
    setting(
        "throttling/burstLimit",
        "throttlingBurstLimit",
        Default::Burst,
    ),
    setting("throttling/rateLimit", "throttlingRateLimit", Default::Rate),
    setting(
        "caching/ttlInSeconds",
        "cacheTtlInSeconds",
        Default::Whole(300),
    ),
    setting("caching/enabled", "cachingEnabled", Default::Boolean(false)),
    setting(
        "caching/dataEncrypted",
        "cacheDataEncrypted",
        Default::Boolean(false),
    ),
    setting(
        "caching/requireAuthorizationForCacheControl",
        "requireAuthorizationForCacheControl",
        Default::Boolean(true),
    ),
    setting(
        "caching/unauthorizedCacheControlHeaderStrategy",
        "unauthorizedCacheControlHeaderStrategy",
        Default::Text("SUCCEED_WITH_RESPONSE_HEADER"),
    ),
];

const fn setting(path: &'static str, member: &'static str, default: Default) -> Setting {
    Setting {
        path,
        member,
        default,
    }
}

const LOG_LEVELS: &[&str] = &["OFF", "ERROR", "INFO"];

const CACHE_CONTROL_STRATEGIES: &[&str] = &[
    "FAIL_WITH_403",
    "SUCCEED_WITH_RESPONSE_HEADER",
    "SUCCEED_WITHOUT_RESPONSE_HEADER",
];

/// The paths that AWS lists in an error, with its typos: two commas and a space are missing.
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled";

/// The log destination: a CloudWatch log group, or a Firehose stream with the prefix that API Gateway requires.
static LOG_DESTINATION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^arn:aws[a-z-]*:(logs:[a-z0-9-]+:\d{12}:log-group:[\w./#-]+|firehose:[a-z0-9-]+:\d{12}:deliverystream/amazon-apigateway-[\w.-]+)$",
    )
    .expect("it is a pattern")
});

/// Applies one patch to a stage's settings. `may_log` says that the account has a role to write logs with.
pub(super) fn apply(
    patch: &Patch,
    stage: &mut Object,
    api: &RestApi,
    may_log: bool,
    region: &str,
) -> Result<(), Refusal> {
    match patch.op {
        Op::Remove => remove(patch, stage),
        Op::Copy => promote(patch, stage),
        Op::Replace => set(patch, stage, api, may_log, region),
        Op::Add if patch.parts[0] == "accessLogSettings" => access_log(patch, stage, may_log),
        Op::Add => Err(bad_request(format!(
            "Invalid add operation with path: {}",
            patch.path
        ))),
        Op::Other => Err(unknown(patch)),
    }
}

fn unknown(patch: &Patch) -> Refusal {
    bad_request(format!(
        "Invalid method setting path: {}. Must be one of: [{PATHS}]",
        patch.path
    ))
}

fn remove(patch: &Patch, stage: &mut Object) -> Result<(), Refusal> {
    let key = &patch.path[1..];
    let removed = match patch.parts()[..] {
        [whole @ ("accessLogSettings" | "canarySettings" | "variables")] => {
            stage.remove(whole);
            true
        }
        ["variables", name] => {
            remove_entry(stage, "variables", name);
            true
        }
        ["canarySettings", "stageVariableOverrides", name] => {
            let canary = object_mut(stage, "canarySettings");
            remove_entry(canary, "stageVariableOverrides", name);
            true
        }
        _ => object_mut(stage, "methodSettings").remove(key).is_some(),
    };
    if removed {
        return Ok(());
    }
    // AWS's message ends with a space.
    Err(bad_request(format!(
        "Cannot remove method setting {key} because there is no method setting for this method "
    )))
}

fn remove_entry(holder: &mut Object, map: &str, key: &str) {
    let entries = object_mut(holder, map);
    entries.remove(key);
    if entries.is_empty() {
        holder.remove(map);
    }
}

/// Makes the canary's deployment or variables the stage's own. There is no other copying.
fn promote(patch: &Patch, stage: &mut Object) -> Result<(), Refusal> {
    const TO: [&str; 2] = ["/deploymentId", "/variables"];
    const FROM: [&str; 2] = [
        "/canarySettings/deploymentId",
        "/canarySettings/stageVariableOverrides",
    ];
    let Patch { path, from, .. } = patch;
    let pair = TO
        .iter()
        .zip(FROM)
        .position(|(to, source)| to == path && source == from);
    let Some(pair) = pair else {
        return Err(bad_request(format!(
            "Invalid copy operation with path: {path} and from {from}. Valid copy:path are [{}] and valid copy:from are [{}]",
            TO.join(", "),
            FROM.join(", ")
        )));
    };
    let Some(canary) = stage.get("canarySettings").cloned() else {
        return Err(bad_request(
            "Promotion not available. Canary does not exist.",
        ));
    };
    if pair == 0 {
        stage.insert("deploymentId".into(), canary["deploymentId"].clone());
    } else if let Some(overrides) = canary["stageVariableOverrides"].as_object() {
        object_mut(stage, "variables").extend(overrides.clone());
    }
    Ok(())
}

fn set(
    patch: &Patch,
    stage: &mut Object,
    api: &RestApi,
    may_log: bool,
    region: &str,
) -> Result<(), Refusal> {
    let value = patch.filled();
    let text_or_none = |stage: &mut Object, member: &str| match value {
        Some(value) => stage.insert(member.to_owned(), value.into()),
        None => stage.remove(member),
    };
    match patch.parts()[..] {
        ["deploymentId"] => {
            let deployment = value.unwrap_or_default();
            if !api.deployments.contains(deployment) {
                return Err(bad_request("Deployment id does not exist"));
            }
            stage.insert("deploymentId".into(), deployment.into());
        }
        ["description"] => {
            text_or_none(stage, "description");
        }
        [member @ ("cacheClusterEnabled" | "tracingEnabled")] => {
            stage.insert(member.to_owned(), truth(value).into());
        }
        ["cacheClusterSize"] => {
            const SIZES: &[&str] = &["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];
            if value.is_some_and(|size| !SIZES.contains(&size)) {
                return Err(bad_request(format!(
                    "Invalid cache cluster size. Valid options are {}",
                    SIZES.join(",")
                )));
            }
            text_or_none(stage, "cacheClusterSize");
        }
        // Neither can be created here, so none exists.
        [member @ ("clientCertificateId" | "documentationVersion")] => {
            if value.is_some() {
                return Err(Refusal::not_implemented(format_args!(
                    "{member} of apigateway:UpdateStage"
                )));
            }
            stage.remove(member);
        }
        ["variables", name] => {
            let value = value.unwrap_or_default();
            object_mut(stage, "variables").insert(name.to_owned(), value.into());
        }
        ["accessLogSettings", ..] => access_log(patch, stage, may_log)?,
        ["canarySettings", ..] => canary(patch, stage)?,
        _ => method_setting(patch, stage, may_log, region)?,
    }
    Ok(())
}

fn access_log(patch: &Patch, stage: &mut Object, may_log: bool) -> Result<(), Refusal> {
    let ["accessLogSettings", member @ ("destinationArn" | "format")] = patch.parts()[..] else {
        return Err(bad_request(
            "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]",
        ));
    };
    let Some(value) = patch.filled() else {
        return Err(bad_request("Access Log value must not be empty"));
    };
    if !may_log {
        return Err(no_role());
    }
    if member == "destinationArn" && !LOG_DESTINATION.is_match(value) {
        return Err(bad_request("Invalid ARN specified in the request"));
    }
    if member == "format" && value.trim().contains('\n') {
        return Err(bad_request(
            "Access Log format must be single line, e.g. a single line of JSON, XML or CSV",
        ));
    }
    object_mut(stage, "accessLogSettings").insert(member.to_owned(), value.into());
    Ok(())
}

fn no_role() -> Refusal {
    bad_request("CloudWatch Logs role ARN must be set in account settings to enable logging")
}

/// The first setting creates a canary, with the stage's deployment unless another is named.
fn canary(patch: &Patch, stage: &mut Object) -> Result<(), Refusal> {
    let parts = patch.parts();
    let known = matches!(
        parts[1..],
        ["deploymentId" | "percentTraffic" | "useStageCache"] | ["stageVariableOverrides", _]
    );
    if !known {
        return Err(unknown(patch));
    }
    let deployment = json!(text(stage, "deploymentId"));
    let canary = object_mut(stage, "canarySettings");
    canary.entry("deploymentId").or_insert(deployment);
    canary.entry("percentTraffic").or_insert(json!(0.0));
    canary.entry("useStageCache").or_insert(false.into());
    let value = patch.filled().unwrap_or_default();
    match parts[1..] {
        ["percentTraffic"] => {
            let percent = value.parse::<f64>().map_err(|_| {
                bad_request(format!(
                    "Invalid patch value  '{value}' specified for op '{}'. Must be a number",
                    patch.name
                ))
            })?;
            canary.insert("percentTraffic".into(), json!(percent));
        }
        ["useStageCache"] => {
            canary.insert("useStageCache".into(), truth(Some(value)).into());
        }
        ["stageVariableOverrides", name] => {
            object_mut(canary, "stageVariableOverrides").insert(name.to_owned(), value.into());
        }
        _ => {
            canary.insert("deploymentId".into(), value.into());
        }
    }
    Ok(())
}

/// A setting of the methods at `/{resourcePath}/{httpMethod}`, kept under that path as it was sent. The first setting copies all
/// the others from `*/*`, or else their defaults. Later changes to `*/*` have no effect on it.
fn method_setting(
    patch: &Patch,
    stage: &mut Object,
    may_log: bool,
    region: &str,
) -> Result<(), Refusal> {
    let sent: Vec<_> = patch.path.split('/').skip(1).collect();
    let split = sent.len().checked_sub(2).filter(|split| *split >= 2);
    let (methods, end) = sent.split_at(split.ok_or_else(|| unknown(patch))?);
    let setting = SETTINGS
        .iter()
        .find(|setting| setting.path == end.join("/"))
        .ok_or_else(|| unknown(patch))?;
    let verb = methods.last().copied().unwrap_or_default();
    if methods.iter().any(|part| part.is_empty())
        || (verb != "*" && super::methods::check_verb(verb).is_err())
    {
        return Err(unknown(patch));
    }
    let value = typed(setting, patch)?;
    if setting.member == "loggingLevel" && value != "OFF" && !may_log {
        return Err(no_role());
    }
    let all = object_mut(stage, "methodSettings");
    let of_all_methods = all.get("*/*").and_then(Value::as_object).cloned();
    let own = object_mut(all, &methods.join("/"));
    if own.is_empty() {
        own.extend(of_all_methods.into_iter().flatten());
    }
    let (rate, burst) = account_throttle(region);
    for setting in SETTINGS {
        let default = match setting.default {
            Default::Boolean(default) => json!(default),
            Default::Whole(default) => json!(default),
            Default::Rate => json!(rate),
            Default::Burst => json!(burst),
            Default::Text(default) => json!(default),
            Default::Absent => continue,
        };
        own.entry(setting.member).or_insert(default);
    }
    own.insert(setting.member.into(), value);
    Ok(())
}

/// The value in the setting's type. A limit of -1 removes the limit.
fn typed(setting: &Setting, patch: &Patch) -> Result<Value, Refusal> {
    let text = patch.filled().unwrap_or_default();
    let wrong = |why: &str| {
        bad_request(format!(
            "Invalid patch value  '{text}' specified for op '{}'. {why}",
            patch.name
        ))
    };
    let one_of = |known: &[&str]| match known.contains(&text) {
        true => Ok(json!(text)),
        false => Err(wrong(&format!("Must be one of: [{}]", known.join(", ")))),
    };
    match setting.default {
        Default::Boolean(_) => Ok(truth(Some(text)).into()),
        Default::Whole(_) | Default::Burst => {
            let (least, most) = match setting.member {
                "cacheTtlInSeconds" => (0, LONGEST_CACHE_TTL_SECONDS),
                _ => (-1, i64::from(i32::MAX)),
            };
            let whole = text
                .parse()
                .ok()
                .filter(|whole| (least..=most).contains(whole));
            Ok(json!(whole.ok_or_else(|| {
                wrong(&format!("Must be an integer between {least} and {most}"))
            })?))
        }
        Default::Rate => {
            let number = text.parse::<f64>().ok();
            let number = number.filter(|number| *number >= 0.0 || *number == -1.0);
            Ok(json!(
                number.ok_or_else(|| wrong("Must be a positive number"))?
            ))
        }
        Default::Text(_) => one_of(CACHE_CONTROL_STRATEGIES),
        Default::Absent => one_of(LOG_LEVELS),
    }
}
