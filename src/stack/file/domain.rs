//! Domains of one's own, for the API and for the user pool.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::stack::template::Template;

/// A domain of your own for the user pool, and its certificate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnDomain {
    /// The host name, such as `auth.example.com`.
    #[schemars(example = &"auth.example.com")]
    pub name: Template,
    /// The ARN of an ACM certificate for it in us-east-1.
    #[schemars(
        example = &"arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
    )]
    pub certificate: Template,
    /// The Route 53 hosted zone, by name or id, in which gatestack keeps the domain's record. Left out: the record is
    /// yours to make, and the output `user_pool.own_domain.target` is what it points to.
    #[schemars(example = &"example.com")]
    pub zone: Option<String>,
}

/// `[api.domain]`: a domain of your own for the API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiDomain {
    /// The host name, such as `api.example.com`.
    #[schemars(example = &"api.example.com")]
    pub name: String,
    /// Whether the domain exists already and belongs to another owner, such as another stack: then only the base paths
    /// are this stack's.
    #[serde(default)]
    #[schemars(example = true)]
    pub existing: bool,
    /// The ARN of an ACM certificate for it in the stack's Region. Needed unless `existing`. Left out: none.
    #[schemars(
        example = &"arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
    )]
    pub certificate: Option<Template>,
    /// The ARN of a public certificate for the name that ACM issued. AWS requires it for `mutual_tls` with a `certificate` that is
    /// imported or of a private CA. Left out: none.
    #[schemars(
        example = &"arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-666666666666"
    )]
    pub ownership_certificate: Option<Template>,
    /// The oldest TLS that callers may use.
    #[serde(default)]
    #[schemars(example = &"1.0")]
    pub tls: TlsPolicy,
    /// The first part of the path that leads to this API, such as `v1`, or several. None: all of the domain is this API's.
    #[serde(default)]
    #[schemars(example = ["v1"])]
    pub base_paths: BTreeSet<String>,
    /// Whether callers have to show a certificate, too.
    #[schemars(example = json!({ "truststore": "s3://example-trust/callers.pem" }))]
    pub mutual_tls: Option<MutualTls>,
    /// The Route 53 hosted zone, by name or id, in which gatestack keeps the domain's record. Left out: the record is
    /// yours to make, and the output `api.domain.target` is what it points to.
    #[schemars(example = &"example.com")]
    pub zone: Option<String>,
}

/// The oldest TLS that callers may use.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum TlsPolicy {
    /// TLS 1.2.
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.0. Only for callers that can't use TLS 1.2.
    #[serde(rename = "1.0")]
    Tls10,
}

/// `[api.domain.mutual_tls]`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct MutualTls {
    /// The certificates that callers' certificates are checked against: `s3://BUCKET/KEY`.
    #[schemars(example = &"s3://example-trust/callers.pem")]
    pub truststore: String,
    /// The version of that object. Left out: the newest at the time.
    #[schemars(example = &"3sL4kqtJlcpXroDTDmJ")]
    pub version: Option<String>,
}
