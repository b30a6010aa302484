//! A route: a method on a path with its integration and its responses, one thing to a user and several to API Gateway.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// A route.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The API's id.
    pub api: Text,
    /// The HTTP method, or `ANY`.
    pub method: String,
    /// The path, such as `/policies/{id}`.
    pub path: String,
    /// Where its calls go.
    pub integration: Integration,
    /// The id of the authorizer; none lets anyone in.
    pub authorizer: Option<Text>,
    /// Any one of these scopes admits an access token. Empty with an authorizer: an ID token.
    pub scopes: BTreeSet<Text>,
    /// Whether an API key is needed.
    pub api_key: bool,
}

/// Where a route's calls go.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Integration {
    /// To a URL, as they came (`HTTP_PROXY`), path parameters carried through.
    Http {
        /// The URL, with the route's path parameters.
        url: Text,
        /// How long the backend may take, in milliseconds.
        timeout_milliseconds: i32,
    },
    /// Nowhere: API Gateway answers.
    Mock(Answer),
    /// Something gatestack does not make, in words: it differs from everything the file can say.
    Other(String),
}

/// What API Gateway answers by itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Response headers by name, with their values as callers see them.
    pub headers: std::collections::BTreeMap<String, String>,
    /// The body; empty for none.
    pub body: Text,
}
