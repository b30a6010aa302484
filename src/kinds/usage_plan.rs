//! A usage plan: how much each key on it may call on the stages it names.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::stage::Throttle;
use crate::model::Text;

/// A usage plan.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name.
    pub name: Text,
    /// The description; empty for none.
    pub description: Text,
    /// How fast each key may call.
    pub throttle: Option<Throttle>,
    /// How much each key may call in a period.
    pub quota: Option<Quota>,
    /// The stages it opens.
    pub stages: BTreeSet<ApiStage>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// How much may be called in a period.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Quota {
    /// Requests.
    pub requests: i32,
    /// `DAY`, `WEEK` or `MONTH`.
    pub period: String,
}

/// A stage of an API.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct ApiStage {
    /// The API's id.
    pub api: Text,
    /// The stage's name.
    pub stage: String,
}
