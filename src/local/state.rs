//! The state of one local AWS account, by Region. It is data only: what a thing's status is now derives from stored times and the clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{apigateway, cognito};

/// Everything in one account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// By Region name, such as `eu-west-1`.
    pub regions: BTreeMap<String, Region>,
}

/// Everything in one Region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Region {
    /// Cognito user pools.
    pub cognito: cognito::State,
    /// API Gateway.
    pub apigateway: apigateway::State,
}
