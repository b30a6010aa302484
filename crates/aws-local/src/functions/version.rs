//! A version of a function, with what running it takes.

use std::collections::BTreeMap;

use super::super::identifiers;
use super::super::lambda::state::{Configuration, Function};

/// A published version of a function, or `$LATEST`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FunctionVersion {
    /// The function's ARN, without a qualifier.
    pub(crate) arn: String,
    /// The version's ARN, which ends with the version.
    pub(crate) qualified_arn: String,
    /// The function's name.
    pub(crate) name: String,
    /// `$LATEST`, or a number.
    pub(crate) version: String,
    /// Its Region.
    pub(crate) region: String,
    /// Its account.
    pub(crate) account: String,
    /// Such as `nodejs24.x`.
    pub(crate) runtime: String,
    /// Such as `index.handler`.
    pub(crate) handler: String,
    /// The memory that it may use, in MB.
    pub(crate) memory_mb: u64,
    /// How long an invocation may take.
    pub(crate) timeout_seconds: u64,
    /// The function's own variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// `x86_64` or `arm64`.
    pub(crate) architecture: String,
    /// The digest of its archive: SHA-256 in base64.
    pub(crate) code_sha256: String,
    /// Changes with every update.
    pub(crate) revision: String,
    /// The role that it has.
    pub(crate) role_arn: String,
    /// `Text` or `JSON`.
    pub(crate) log_format: String,
    /// Where its output goes.
    pub(crate) log_group: String,
    /// The ARNs of its layers.
    pub(crate) layers: Vec<String>,
    /// How many invocations of the function may run at once, if that is limited.
    pub(crate) reserved_concurrency: Option<u64>,
}

impl FunctionVersion {
    /// What a qualifier of a function leads to; one of its versions, where an alias has several. `arn` is the function's own.
    pub(crate) fn of(
        function: &Function,
        (name, arn, qualifier): (&str, &str, Option<&str>),
        (account, region): (&str, &str),
    ) -> Option<Self> {
        let configuration = chosen(function, qualifier)?;
        let version = &configuration.version;
        let environment = configuration.environment.clone();
        Some(Self {
            arn: arn.to_owned(),
            qualified_arn: format!("{arn}:{version}"),
            name: name.to_owned(),
            version: version.clone(),
            region: region.to_owned(),
            account: account.to_owned(),
            runtime: configuration.runtime.clone(),
            handler: configuration.handler.clone(),
            memory_mb: configuration.memory_mb,
            timeout_seconds: configuration.timeout_seconds,
            environment: environment.unwrap_or_default().0,
            architecture: configuration.architecture.clone(),
            code_sha256: configuration.code_sha256.clone(),
            // The one that is there while an update goes on has the same code and the same settings.
            revision: configuration.settled_revision.clone(),
            role_arn: configuration.role.clone(),
            log_format: configuration.logging.format.clone(),
            log_group: configuration.log_group(name),
            layers: configuration.layers.clone(),
            reserved_concurrency: function.reserved_concurrency,
        })
    }
}

/// The configuration for one invocation: an alias may share its calls out.
fn chosen<'f>(function: &'f Function, qualifier: Option<&str>) -> Option<&'f Configuration> {
    let alias = qualifier.and_then(|name| function.aliases.get(name));
    let mut at = identifiers::percent() / 100.0;
    for (version, weight) in alias.into_iter().flat_map(|alias| &alias.weights) {
        if at < *weight {
            return function.versions.get(&version.parse().ok()?);
        }
        at -= weight;
    }
    function.configuration(qualifier)
}
