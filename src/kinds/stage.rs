//! A stage of an API: the door itself. Never replaced; an old name goes only when consent names it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// A stage.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The API's id.
    pub api: Text,
    /// The stage's name.
    pub name: String,
    /// The id of the deployment it starts with. The deployment flips it later, so it is never compared.
    pub deployment: Text,
    /// Stage variables.
    pub variables: BTreeMap<String, Text>,
    /// The most that all callers together may call.
    pub throttle: Option<Throttle>,
    /// Access logs.
    pub access_logs: Option<AccessLogs>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// How much may be called.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Throttle {
    /// Requests a second, sustained.
    pub rate: f64,
    /// The most requests at once.
    pub burst: i32,
}

/// Where access logs go.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AccessLogs {
    /// The log group's ARN.
    pub group: Text,
    /// The line's format.
    pub format: Text,
}
