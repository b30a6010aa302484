//! The file as it is written.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lists {
    /// The Region of what names none.
    pub(super) region: Option<String>,
    pub(super) certificates: Vec<Spanned<Certificate>>,
    pub(super) hosted_zones: Vec<Spanned<HostedZone>>,
    pub(super) vpcs: Vec<Spanned<Vpc>>,
    pub(super) subnets: Vec<Spanned<Subnet>>,
    pub(super) instances: Vec<Spanned<Instance>>,
    pub(super) load_balancers: Vec<Spanned<LoadBalancer>>,
    pub(super) parameters: Vec<Spanned<Kept>>,
    pub(super) secrets: Vec<Spanned<Kept>>,
    pub(super) roles: Vec<Spanned<Role>>,
    pub(super) functions: Vec<Spanned<Function>>,
}

/// A role of IAM.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub(super) arn: String,
    /// The service that may assume it.
    #[serde(default = "lambda")]
    pub(super) trusts: String,
    /// ARNs of managed policies.
    #[serde(default)]
    pub(super) policies: Vec<String>,
}

fn lambda() -> String {
    "lambda.amazonaws.com".into()
}

/// A function of Lambda, on Node.js. Its ARN says the Region.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Function {
    pub(super) arn: String,
    /// The ARN of its role.
    pub(super) role: String,
    /// The text of `index.mjs`, which exports `handler`.
    pub(super) code: String,
}

/// An encrypted parameter of Systems Manager, or a secret in Secrets Manager.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) name: String,
    /// A value for tests: the file is not secret.
    pub(super) value: String,
    pub(super) region: Option<String>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// An issued certificate. Its ARN says the Region.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Certificate {
    pub(super) arn: String,
    pub(super) names: Vec<String>,
}

/// A public hosted zone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostedZone {
    pub(super) name: String,
    pub(super) id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vpc {
    pub(super) id: String,
    pub(super) cidr: String,
    pub(super) region: Option<String>,
}

/// A private subnet of one of the file's networks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) vpc: String,
    /// An Availability Zone, such as `eu-west-1a`.
    pub(super) zone: String,
    pub(super) cidr: String,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    pub(super) region: Option<String>,
}

/// A running instance.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Instance {
    pub(super) id: String,
    /// Left out: a private subnet of the default network.
    pub(super) subnet: Option<String>,
    /// Its private address. Left out: any.
    pub(super) ip: Option<String>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    pub(super) region: Option<String>,
}

/// An internal network load balancer. Its ARN says name and Region.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadBalancer {
    pub(super) arn: Option<String>,
    pub(super) name: Option<String>,
    pub(super) region: Option<String>,
    /// Left out: the private subnets of the default network.
    #[serde(default)]
    pub(super) subnets: Vec<String>,
    /// By port.
    #[serde(default)]
    pub(super) listeners: BTreeMap<String, Listener>,
    #[serde(default)]
    pub(super) targets: Targets,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listener {
    /// The targets' port.
    pub(super) to: u16,
    /// A certificate's ARN, where callers speak TLS.
    pub(super) certificate: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Targets {
    pub(super) ips: Vec<String>,
    pub(super) instance_ids: Vec<String>,
}

impl Lists {
    /// How many things it lists, with what belongs to them.
    pub(super) fn size(&self) -> usize {
        let certificates = self.certificates.iter();
        let certificates = certificates.map(|one| 1 + one.get_ref().names.len());
        let tagged = |tags: &BTreeMap<String, String>| 1 + tags.len();
        let subnets = self.subnets.iter().map(|one| tagged(&one.get_ref().tags));
        let instances = self.instances.iter().map(|one| tagged(&one.get_ref().tags));
        let load_balancers = self.load_balancers.iter().map(|one| {
            let one = one.get_ref();
            let targets = one.targets.ips.len() + one.targets.instance_ids.len();
            1 + one.subnets.len() + one.listeners.len() * (1 + targets)
        });
        let roles = self.roles.iter();
        let policies: usize = roles.map(|one| one.get_ref().policies.len()).sum();
        let others = self.hosted_zones.len()
            + self.vpcs.len()
            + self.parameters.len()
            + self.secrets.len()
            + self.roles.len()
            + policies
            + self.functions.len();
        let listed = certificates.chain(subnets).chain(instances);
        listed.chain(load_balancers).sum::<usize>() + others
    }
}
