//! `[load_balancer]`: what private backends are reached through.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::yes;
use crate::model::HumanDuration;
use crate::stack::template::Template;

/// `[load_balancer]`: an internal network load balancer that the API reaches through a VPC link.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancer {
    /// The name, up to 32 letters, digits and hyphens. Another name is another load balancer. Left out: the stack's name.
    #[schemars(example = &"claims")]
    pub name: Option<String>,
    /// The ARN or name of a load balancer that exists already and belongs to another owner. Excludes everything else here. Left out: gatestack makes
    /// one.
    #[schemars(example = &"shared")]
    pub existing: Option<String>,
    /// The subnets it is in, one in each zone: a list of ids, or how to find them. Left out: only with `existing`.
    #[schemars(example = json!({ "vpc": "default", "tags": { "tier": "private" } }))]
    pub subnets: Option<Subnets>,
    /// Port = where its calls go.
    #[serde(default)]
    #[schemars(example = json!({ "80": { "to": 8080 } }))]
    pub listeners: BTreeMap<String, Listener>,
    /// What answers behind it.
    #[schemars(example = json!({ "ips": ["10.7.1.10"] }))]
    pub targets: Option<Targets>,
    /// Whether each zone's share goes to the targets of all zones.
    #[serde(default = "yes")]
    #[schemars(example = false)]
    pub cross_zone: bool,
    /// Whether AWS refuses to delete it until the protection is lifted.
    #[serde(default = "yes")]
    #[schemars(example = false)]
    pub deletion_protection: bool,
}

/// Subnets: a list of ids, or how to find them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subnets {
    /// These.
    Ids(BTreeSet<String>),
    /// Those of a VPC that carry tags.
    Find(FindSubnets),
}

/// How to find subnets.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FindSubnets {
    /// The VPC's id, or `default` for the Region's default VPC.
    #[schemars(example = &"default")]
    pub vpc: String,
    /// Tags that a subnet has to carry, each with this value. None: all subnets of the VPC.
    #[serde(default)]
    #[schemars(example = json!({ "tier": "private" }))]
    pub tags: BTreeMap<String, String>,
}

/// `[load_balancer.listeners.PORT]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The targets' port.
    #[schemars(range(min = 1, max = 65_535))]
    #[schemars(example = 8080)]
    pub to: u16,
    /// What callers speak; `tls` needs a certificate.
    #[serde(default)]
    #[schemars(example = &"tls")]
    pub protocol: Transport,
    /// What the targets speak.
    #[serde(default)]
    #[schemars(example = &"tls")]
    pub to_protocol: Transport,
    /// The ARN of an ACM certificate in the stack's Region. Left out: none; `tls` needs one.
    #[schemars(
        example = &"arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
    )]
    pub certificate: Option<Template>,
    /// The name of an Elastic Load Balancing security policy, which decides TLS versions and ciphers of `tls`.
    #[schemars(example = &"ELBSecurityPolicy-TLS13-1-2-2021-06", extend("default" = Listener::TLS_POLICY))]
    pub tls_policy: Option<String>,
    /// How a target shows that it works.
    #[serde(default)]
    #[schemars(example = json!({ "protocol": "http", "path": "/health" }))]
    pub health: HealthCheck,
    /// How long a target that leaves may finish what it has begun, up to an hour.
    #[serde(default = "five_minutes")]
    #[schemars(example = &"30s")]
    pub drain: HumanDuration,
}

impl Listener {
    /// The policy Elastic Load Balancing recommends: TLS 1.3, and 1.2 with forward secrecy.
    pub const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06";
}

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Bytes as they come.
    #[default]
    Tcp,
    /// TLS.
    Tls,
}

/// How a target shows that it works.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct HealthCheck {
    /// What the check speaks.
    #[schemars(example = &"http")]
    pub protocol: HealthProtocol,
    /// The path of a check over HTTP or HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"/health", extend("default" = HealthCheck::PATH))]
    pub path: Option<String>,
    /// The port. Left out: the targets' own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 9000)]
    pub port: Option<u16>,
    /// From one check to the next, 5 seconds to 5 minutes.
    #[schemars(example = &"30s")]
    pub interval: HumanDuration,
    /// How many checks in a row make a target healthy, 2 to 10.
    #[schemars(range(min = 2, max = 10))]
    #[schemars(example = 2)]
    pub healthy: u32,
    /// How many failed checks in a row make it unhealthy, 2 to 10.
    #[schemars(range(min = 2, max = 10))]
    #[schemars(example = 2)]
    pub unhealthy: u32,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            protocol: HealthProtocol::Tcp,
            path: None,
            port: None,
            interval: HumanDuration::from_secs(10),
            healthy: 3,
            unhealthy: 3,
        }
    }
}

impl HealthCheck {
    /// The path of a check over HTTP or HTTPS that names none.
    pub const PATH: &str = "/";
}

/// What a health check speaks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthProtocol {
    /// A connection is enough.
    #[default]
    Tcp,
    /// An answer from 200 to 399.
    Http,
    /// The same over TLS; the certificate is not checked.
    Https,
}

/// What answers behind the load balancer: exactly one of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// EC2 instances that gatestack launches.
    #[schemars(example = json!({ "count": 2, "type": "t3.micro", "image": "ami-0123456789abcdef0" }))]
    pub instances: Option<Instances>,
    /// Private IPv4 addresses. Left out: none.
    #[schemars(example = ["10.7.1.10"])]
    pub ips: Option<BTreeSet<String>>,
    /// EC2 instances that exist already, by id. Left out: none.
    #[schemars(example = ["i-0123456789abcdef0"])]
    pub instance_ids: Option<BTreeSet<String>>,
    /// EC2 instances that exist already, by the tags they carry. Left out: none.
    #[schemars(example = json!({ "app": "claims" }))]
    pub instance_tags: Option<BTreeMap<String, String>>,
}

/// `[load_balancer.targets.instances]`: EC2 instances spread over the load balancer's subnets, without public addresses.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instances {
    /// How many, spread over the subnets.
    #[schemars(range(min = 1, max = 100))]
    #[schemars(example = 2)]
    pub count: u32,
    /// The instance type, such as `t3.micro`.
    #[serde(rename = "type")]
    #[schemars(example = &"t3.micro")]
    pub instance_type: String,
    /// The image's id, or `ssm:` and the path of a parameter that names one. A parameter is read when an instance is
    /// launched; a newer image is a note in the plan and changes nothing by itself.
    #[schemars(
        example = &"ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    )]
    pub image: String,
    /// A file beside the stack file, up to 16 KB, that runs at an instance's first start. Left out: none.
    #[schemars(example = &"backend.sh")]
    pub user_data: Option<String>,
    /// The name of an existing instance profile. Left out: none.
    #[schemars(example = &"claims-backend")]
    pub profile: Option<String>,
}

fn five_minutes() -> HumanDuration {
    HumanDuration::from_secs(300)
}
