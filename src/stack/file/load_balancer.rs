//! `[load_balancer]`: the private road behind the API.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::yes;
use crate::model::HumanDuration;

/// `[load_balancer]`: an internal network load balancer that the API reaches through a VPC link.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancer {
    /// The name, up to 32 letters, digits and hyphens. Another name is another load balancer. Left out: the stack's name.
    pub name: Option<String>,
    /// The ARN or name of a load balancer that is there already and stays somebody else's. Excludes everything else here.
    pub existing: Option<String>,
    /// The subnets it stands in, one in each zone: a list of ids, or how to find them.
    pub subnets: Option<Subnets>,
    /// Port = where its calls go.
    #[serde(default)]
    pub listeners: BTreeMap<String, Listener>,
    /// What answers behind it.
    pub targets: Option<Targets>,
    /// Whether each zone's share goes to the targets of all zones.
    #[serde(default = "yes")]
    pub cross_zone: bool,
    /// Whether AWS refuses to delete it until the protection is lifted.
    #[serde(default = "yes")]
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
    pub vpc: String,
    /// Tags that a subnet has to carry, each with this value. Left out: all subnets of the VPC.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// `[load_balancer.listeners.PORT]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The targets' port.
    #[schemars(range(min = 1, max = 65_535))]
    pub to: u16,
    /// What callers speak; `tls` needs a certificate.
    #[serde(default)]
    pub protocol: Transport,
    /// What the targets speak.
    #[serde(default)]
    pub to_protocol: Transport,
    /// The ARN of an ACM certificate in the stack's Region.
    pub certificate: Option<String>,
    /// The name of an Elastic Load Balancing security policy, which decides TLS versions and ciphers.
    pub tls_policy: Option<String>,
    /// How a target shows that it works.
    #[serde(default)]
    pub health: HealthCheck,
    /// How long a target that leaves may finish what it has begun, up to an hour.
    #[serde(default = "five_minutes")]
    pub drain: HumanDuration,
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
    pub protocol: HealthProtocol,
    /// The path of a check over HTTP or HTTPS. Left out: `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The port. Left out: the targets' own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// From one check to the next, 5 seconds to 5 minutes.
    pub interval: HumanDuration,
    /// How many checks in a row make a target healthy, 2 to 10.
    #[schemars(range(min = 2, max = 10))]
    pub healthy: u32,
    /// How many failed checks in a row make it unhealthy, 2 to 10.
    #[schemars(range(min = 2, max = 10))]
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
    pub instances: Option<Instances>,
    /// Private IPv4 addresses.
    pub ips: Option<BTreeSet<String>>,
    /// EC2 instances that are there already, by id.
    pub instance_ids: Option<BTreeSet<String>>,
    /// EC2 instances that are there already, by the tags they carry.
    pub instance_tags: Option<BTreeMap<String, String>>,
}

/// `[load_balancer.targets.instances]`: EC2 instances spread over the load balancer's subnets, without public addresses.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instances {
    /// How many, spread over the subnets.
    #[schemars(range(min = 1, max = 100))]
    pub count: u32,
    /// The instance type, such as `t3.micro`.
    #[serde(rename = "type")]
    pub instance_type: String,
    /// The image's id, or `ssm:` and the path of a parameter that names one. A parameter is read when an instance is
    /// launched; a newer image is told and changes nothing by itself.
    pub image: String,
    /// A file that runs at the first start, up to 16 KB, beside the stack file.
    pub user_data: Option<String>,
    /// The name of an existing instance profile. Left out: none.
    pub profile: Option<String>,
}

fn five_minutes() -> HumanDuration {
    HumanDuration::from_secs(300)
}
