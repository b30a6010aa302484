//! What a Region holds of Lambda. Code archives are beside the state, by their digests.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::operation::Object;
use super::super::table::Table;

/// The version that can be changed.
pub const LATEST: &str = "$LATEST";

/// What a Region holds of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// By name.
    pub(crate) functions: Table<Function>,
}

/// A function.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Function {
    /// `$LATEST`.
    pub latest: Configuration,
    /// Published versions by number.
    pub versions: BTreeMap<u64, Configuration>,
    /// The number of the last published version. A deleted version's number isn't used again.
    pub last_version: u64,
    /// The version that `$LATEST` was published as, while nothing changed since.
    pub same_as: Option<u64>,
    /// By name.
    pub aliases: BTreeMap<String, Alias>,
    /// Resource policies by qualifier. The function's own is at the empty one.
    pub policies: BTreeMap<String, Policy>,
    /// How many calls may run at once, if the function has a limit of its own.
    pub reserved_concurrency: Option<u64>,
    /// Tags of the function with all its versions.
    pub tags: BTreeMap<String, String>,
}

/// The configuration of one version, with its code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configuration {
    /// `$LATEST` or a number.
    pub version: String,
    /// Its description.
    pub description: String,
    /// The ARN of the execution role.
    pub role: String,
    /// Such as `nodejs24.x`.
    pub runtime: String,
    /// What the runtime calls.
    pub handler: String,
    /// The size of the archive in bytes.
    pub code_size: u64,
    /// The digest of the archive: SHA-256 in base64.
    pub code_sha256: String,
    /// Memory in MB.
    pub memory_mb: u64,
    /// How long a call may take.
    pub timeout_seconds: u64,
    /// None if none was sent, which is not the same as an empty one in answers.
    pub environment: Option<Environment>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// The ARNs of layer versions.
    pub layers: Vec<String>,
    /// The subnets and security groups that it is attached to.
    pub vpc: Option<Vpc>,
    /// The size of `/tmp` in MB.
    pub storage_mb: u64,
    /// `PassThrough` or `Active`.
    pub tracing: String,
    /// Where its log events go.
    pub logging: Logging,
    /// `None` or `PublishedVersions`.
    pub snap_start: String,
    /// When it was changed, in epoch seconds.
    pub modified: f64,
    /// When it is active after its creation, in epoch seconds.
    pub active: f64,
    /// When its last update is done, in epoch seconds. None before the first update.
    pub updated: Option<f64>,
    /// The revision while it is being created or updated.
    pub revision: String,
    /// The revision after that.
    pub settled_revision: String,
}

/// Environment variables.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Environment(pub BTreeMap<String, String>);

impl fmt::Debug for Environment {
    /// Without the values, which may be secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// The networks of a function.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vpc {
    /// The VPC of the subnets.
    pub id: String,
    /// Ids of subnets.
    pub subnets: Vec<String>,
    /// Ids of security groups.
    pub groups: Vec<String>,
    /// Whether it may use IPv6.
    pub ipv6: bool,
}

/// Where the log events of a function go, and how they are written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logging {
    /// The log group. None: `/aws/lambda/` and the function's name.
    pub group: Option<String>,
    /// `Text` or `JSON`.
    pub format: String,
    /// The least severe level of the function's own events, in JSON.
    pub application_level: Option<String>,
    /// The least severe level of Lambda's events, in JSON.
    pub system_level: Option<String>,
}

/// A name for a version.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Alias {
    /// The version: `$LATEST` or a number.
    pub version: String,
    /// Its description.
    pub description: String,
    /// The shares of calls that go to other versions.
    pub weights: BTreeMap<String, f64>,
    /// The revision.
    pub revision: String,
}

/// Who may call a function, a version or an alias. Its revision is theirs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// The statements as AWS writes them, in the order of their members.
    pub statements: Vec<Object>,
}

impl State {
    /// The function with this name.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name)
    }

    /// The digests of all code that functions use.
    pub fn digests(&self) -> impl Iterator<Item = &str> {
        self.functions
            .values()
            .flat_map(Function::configurations)
            .map(|one| one.code_sha256.as_str())
    }
}

impl Function {
    /// `$LATEST`, and the published versions.
    pub fn configurations(&self) -> impl Iterator<Item = &Configuration> {
        std::iter::once(&self.latest).chain(self.versions.values())
    }

    /// What a qualifier leads to: nothing or `$LATEST`, a version's number, or an alias, whose other weighted versions are left out.
    pub fn configuration(&self, qualifier: Option<&str>) -> Option<&Configuration> {
        let version = match qualifier {
            None => LATEST,
            Some(name) => self
                .aliases
                .get(name)
                .map_or(name, |alias| alias.version.as_str()),
        };
        if version == LATEST {
            return Some(&self.latest);
        }
        self.versions.get(&version.parse().ok()?)
    }

    /// The resource policy at a qualifier.
    pub fn policy(&self, qualifier: Option<&str>) -> Option<&Policy> {
        self.policies.get(qualifier.unwrap_or_default())
    }
}

impl Configuration {
    /// The log group of a function with this name.
    pub fn log_group(&self, name: &str) -> String {
        let own = self.logging.group.clone();
        own.unwrap_or_else(|| format!("/aws/lambda/{name}"))
    }

    /// Whether it is being created.
    pub fn is_pending(&self, now: f64) -> bool {
        now < self.active
    }

    /// Whether it is being updated.
    pub fn is_updating(&self, now: f64) -> bool {
        self.updated.is_some_and(|done| now < done)
    }

    /// The revision, which changes when a creation or an update is done.
    pub fn revision(&self, now: f64) -> &str {
        if self.is_pending(now) || self.is_updating(now) {
            &self.revision
        } else {
            &self.settled_revision
        }
    }
}
