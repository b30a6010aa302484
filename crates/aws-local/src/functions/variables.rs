//! The environment variables of a function's process: Lambda's and the function's own, and nothing of the machine's.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::FunctionVersion;
use super::session::Session;

/// Where a function's process finds what.
pub(super) struct Places<'p> {
    /// The unpacked code.
    pub(super) task_root: &'p Path,
    /// The bootstraps.
    pub(super) runtime: &'p Path,
    /// The host and port of its Runtime API.
    pub(super) api: &'p str,
    /// The log stream of its output.
    pub(super) stream: &'p str,
    /// Where AWS is called.
    pub(super) endpoint: &'p str,
}

/// The variables of a process that runs this version. Lambda's own can't be replaced.
pub(super) fn of(version: &FunctionVersion, places: &Places<'_>) -> BTreeMap<String, String> {
    let root = places.task_root.display();
    let role = Sha256::digest(version.role_arn.as_bytes());
    let digits: String = role.iter().map(|byte| format!("{byte:02X}")).collect();
    let mut variables = version.environment.clone();
    let mut set = |name: &str, value: String| variables.insert(name.to_owned(), value);
    set("_HANDLER", version.handler.clone());
    // The local AWS takes any credentials, and knows the session by its token. These are of no account of AWS.
    set("AWS_ACCESS_KEY_ID", format!("ASIA{}", &digits[..16]));
    set("AWS_SECRET_ACCESS_KEY", digits[16..56].to_lowercase());
    set("AWS_SESSION_TOKEN", Session::of(version).token());
    set("AWS_DEFAULT_REGION", version.region.clone());
    set("AWS_REGION", version.region.clone());
    set(
        "AWS_EXECUTION_ENV",
        format!("AWS_Lambda_{}", version.runtime),
    );
    set(
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        version.memory_mb.to_string(),
    );
    set("AWS_LAMBDA_FUNCTION_NAME", version.name.clone());
    set("AWS_LAMBDA_FUNCTION_VERSION", version.version.clone());
    set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into());
    set("AWS_LAMBDA_LOG_GROUP_NAME", version.log_group.clone());
    set("AWS_LAMBDA_LOG_STREAM_NAME", places.stream.into());
    set("AWS_LAMBDA_RUNTIME_API", places.api.into());
    set("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".into());
    set("LAMBDA_RUNTIME_DIR", places.runtime.display().to_string());
    set("LAMBDA_TASK_ROOT", root.to_string());
    set("LANG", "en_US.UTF-8".into());
    set("LD_LIBRARY_PATH", format!("{root}:{root}/lib"));
    set("PATH", "/usr/local/bin:/usr/bin:/bin".into());
    set("TZ", ":UTC".into());
    set("AWS_ENDPOINT_URL", places.endpoint.into());
    variables
}
