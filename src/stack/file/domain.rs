//! Domains of one's own, for the API and for the user pool.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A domain of your own for the user pool, and its certificate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnDomain {
    /// The host name, such as `auth.example.com`.
    pub name: String,
    /// The ARN of an ACM certificate for it in us-east-1.
    pub certificate: String,
    /// The Route 53 hosted zone, by name or id, in which gatestack keeps the domain's record. Left out: the record is
    /// yours to make, and the output `user_pool.own_domain.target` is what it points to.
    pub zone: Option<String>,
}

/// `[api.domain]`: a domain of your own for the API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiDomain {
    /// The host name, such as `api.example.com`.
    pub name: String,
    /// Whether the domain is there already and stays somebody else's, such as another stack's: then only the base paths
    /// are this stack's.
    #[serde(default)]
    pub existing: bool,
    /// The ARN of an ACM certificate for it in the stack's Region. Needed unless `existing`.
    pub certificate: Option<String>,
    /// The oldest TLS that callers may use.
    #[serde(default)]
    pub tls: TlsPolicy,
    /// The first part of the path that leads to this API, such as `v1`, or several. Left out: the domain is all this API's.
    #[serde(default)]
    pub base_paths: BTreeSet<String>,
    /// Whether callers have to show a certificate, too.
    pub mutual_tls: Option<MutualTls>,
    /// The Route 53 hosted zone, by name or id, in which gatestack keeps the domain's record. Left out: the record is
    /// yours to make, and the output `api.domain.target` is what it points to.
    pub zone: Option<String>,
}

/// The oldest TLS that callers may use.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum TlsPolicy {
    /// TLS 1.2.
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.0. Only for callers that know no better.
    #[serde(rename = "1.0")]
    Tls10,
}

/// `[api.domain.mutual_tls]`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct MutualTls {
    /// The certificates that callers' certificates are checked against: `s3://BUCKET/KEY`.
    pub truststore: String,
    /// The version of that object. Left out: the newest at the time.
    pub version: Option<String>,
}
