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
    /// The TLS that callers may use: a version, or AWS's name of a security policy.
    #[serde(default)]
    #[schemars(example = &"1.3")]
    pub tls: TlsPolicy,
    /// Which connections API Gateway accepts, with `tls` of 1.3 or a policy's name. Left out: `basic`.
    #[schemars(example = &"strict")]
    pub endpoint_access: Option<EndpointAccess>,
    /// The IP versions that callers may use.
    #[serde(default)]
    #[schemars(example = &"dualstack")]
    pub ip: IpAddresses,
    /// The beginning of the path of this API's URLs, such as `v1` or `v1/orders`, or several. None: all of the domain is this API's.
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

/// The TLS that callers may use: the oldest version, or AWS's name of a security policy, which also names the ciphers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum TlsPolicy {
    /// TLS 1.2 and 1.3.
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3 alone.
    #[serde(rename = "1.3")]
    Tls13,
    /// TLS 1.0 and later. Only for callers that can't use TLS 1.2.
    #[serde(rename = "1.0")]
    Tls10,
    /// AWS's name of `1.3`.
    #[serde(rename = "SecurityPolicy_TLS13_1_3_2025_09")]
    Tls13From2025,
    /// TLS 1.3 with FIPS ciphers.
    #[serde(rename = "SecurityPolicy_TLS13_1_3_FIPS_2025_09")]
    Tls13Fips,
    /// TLS 1.2 and 1.3.
    #[serde(rename = "SecurityPolicy_TLS13_1_2_2021_06")]
    Tls12From2021,
    /// TLS 1.2 and 1.3, with post-quantum key exchange.
    #[serde(rename = "SecurityPolicy_TLS13_1_2_PQ_2025_09")]
    Tls12Pq,
    /// The same with forward secrecy.
    #[serde(rename = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09")]
    Tls12PfsPq,
    /// TLS 1.2 and 1.3 with FIPS ciphers and post-quantum key exchange.
    #[serde(rename = "SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09")]
    Tls12FipsPq,
    /// The same with forward secrecy.
    #[serde(rename = "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09")]
    Tls12FipsPfsPq,
}

impl TlsPolicy {
    /// AWS's name of it.
    pub(in crate::stack) fn policy(self) -> &'static str {
        match self {
            Self::Tls10 => "TLS_1_0",
            Self::Tls12 => "TLS_1_2",
            Self::Tls13 | Self::Tls13From2025 => "SecurityPolicy_TLS13_1_3_2025_09",
            Self::Tls13Fips => "SecurityPolicy_TLS13_1_3_FIPS_2025_09",
            Self::Tls12From2021 => "SecurityPolicy_TLS13_1_2_2021_06",
            Self::Tls12Pq => "SecurityPolicy_TLS13_1_2_PQ_2025_09",
            Self::Tls12PfsPq => "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
            Self::Tls12FipsPq => "SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09",
            Self::Tls12FipsPfsPq => "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09",
        }
    }

    /// Whether it is one of AWS's enhanced policies, which have an endpoint access mode.
    pub(in crate::stack) fn is_enhanced(self) -> bool {
        !matches!(self, Self::Tls10 | Self::Tls12)
    }
}

/// Which connections API Gateway accepts with `tls` of 1.3 or a policy's name.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointAccess {
    /// Any.
    #[default]
    Basic,
    /// Only those whose TLS and `Host` header have the same host name.
    Strict,
}

impl EndpointAccess {
    /// AWS's name of the mode.
    pub(in crate::stack) fn mode(self) -> &'static str {
        match self {
            Self::Basic => "BASIC",
            Self::Strict => "STRICT",
        }
    }
}

/// The IP versions that callers may use.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IpAddresses {
    /// IPv4.
    #[default]
    Ipv4,
    /// IPv4 and IPv6.
    Dualstack,
}

impl IpAddresses {
    /// AWS's name of the type.
    pub(in crate::stack) fn address_type(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Dualstack => "dualstack",
        }
    }
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
