//! Lookups of existing resources that the file refers to: read before the file is expanded, since ids follow from them, and
//! checked before anything is planned.

mod addresses;
mod look;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use addresses::{Addresses, Location, Range};
pub use look::look_up;

/// The lookups that the file needs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Queries {
    /// The subnets of `[load_balancer] subnets`.
    pub subnets: Option<Which>,
    /// Whether the targets are addresses, so that the ranges of the VPC and its subnets are needed.
    pub addresses: bool,
    /// The ARN or name of `[load_balancer] existing`.
    pub load_balancer: Option<String>,
    /// The instances of `[load_balancer.targets] instance_ids` and `instance_tags`.
    pub instances: Option<Which>,
    /// The name of an existing `[api.domain]`.
    pub domain: Option<String>,
    /// Route 53 hosted zones, by name or id.
    pub zones: BTreeSet<String>,
    /// The ARNs of certificates.
    pub certificates: BTreeSet<String>,
    /// The id or name of `[user_pool] existing`.
    pub user_pool: Option<String>,
    /// The stacks that make partners of the file, by the partners' names.
    pub guests: BTreeMap<String, String>,
    /// The sources of secrets in environments of functions.
    pub secrets: BTreeSet<String>,
    /// The ARNs of existing functions.
    pub functions: BTreeSet<String>,
    /// The user pool's own domain, whose parent domain must have an A record.
    pub pool_domain: Option<String>,
}

impl Queries {
    /// The lookups that resources' identities follow from; the others are only for checks.
    #[must_use]
    pub fn of_identities(self) -> Self {
        Self {
            certificates: BTreeSet::new(),
            functions: BTreeSet::new(),
            pool_domain: None,
            ..self
        }
    }
}

/// Which subnets or instances.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Which {
    /// Those with these ids.
    Ids(BTreeSet<String>),
    /// Those with all of these tags, in a VPC if one is named: its id, or `default`.
    Find {
        /// The VPC.
        vpc: Option<String>,
        /// The tags.
        tags: BTreeMap<String, String>,
    },
}

/// The results of the lookups. Empty without them, as for a diagram of the stack.
#[derive(Clone, Debug, Default)]
pub struct Lookups {
    /// The VPC of `[load_balancer] subnets`, if it exists.
    pub vpc: Option<String>,
    /// The subnets of `[load_balancer] subnets`.
    pub subnets: Vec<Subnet>,
    /// The address ranges of their VPC, for `[load_balancer.targets] ips`.
    pub addresses: Addresses,
    /// The load balancer of `[load_balancer] existing`.
    pub load_balancer: Option<ExistingLoadBalancer>,
    /// The instances of `[load_balancer.targets] instance_ids` and `instance_tags`.
    pub instances: Vec<ExistingInstance>,
    /// The digests of the files in the stack file, by setting, such as `load_balancer.targets.instances.user_data`.
    pub digests: BTreeMap<String, String>,
    /// What the files of each function of the stack file say.
    pub functions: BTreeMap<String, FunctionContents>,
    /// The versions of the secrets in environments of functions, by their sources.
    pub secret_versions: BTreeMap<String, String>,
    /// The ARNs of existing functions that do not exist.
    pub absent_functions: BTreeSet<String>,
    /// The DNS target of an existing `[api.domain]`.
    pub domain_target: Option<String>,
    /// Route 53 hosted zones, as the file writes them, and their ids.
    pub zones: BTreeMap<String, String>,
    /// Why a zone that the file names is not among them.
    pub unusable_zones: BTreeMap<String, ZoneFault>,
    /// The names of the zones that the file names by id.
    pub zone_names: BTreeMap<String, String>,
    /// The existing certificates, by their ARNs.
    pub certificates: BTreeMap<String, Certificate>,
    /// Whether the parent of the user pool's own domain has an address.
    pub parent: ParentRecord,
    /// The user pools that `[user_pool] existing` may mean: one, unless something is wrong.
    pub user_pools: Vec<ExistingUserPool>,
    /// The partners of other stacks, by their names.
    pub guests: BTreeMap<String, Guest>,
}

/// What the files of a function say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FunctionContents {
    /// The digest of its code's sources, or where the code is in S3; none if that was not read.
    pub code: Option<String>,
    /// The handler: the written one, or what its files imply; none if those were not read.
    pub handler: Option<String>,
    /// The policy in the file that it names.
    pub policy: Option<String>,
}

/// An existing user pool.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ExistingUserPool {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The issuer of its tokens.
    pub issuer: String,
    /// Its name.
    pub name: String,
    /// The prefix of its Cognito domain.
    pub domain: Option<String>,
    /// Its custom domain.
    pub custom_domain: Option<String>,
    /// The stack that owns it by its tags.
    pub stack: Option<String>,
}

/// A subnet.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Subnet {
    /// The Availability Zone. First, so that subnets sort by it.
    pub zone: String,
    /// The subnet's id.
    pub id: String,
    /// The VPC's id.
    pub vpc: String,
    /// Whether its route table has a route to an internet gateway.
    pub public: bool,
}

/// An existing load balancer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ExistingLoadBalancer {
    /// Its ARN.
    pub arn: String,
    /// Its host name.
    pub dns_name: String,
    /// The ports of its listeners.
    pub ports: Vec<u16>,
    /// Whether security groups apply to a VPC link's traffic.
    pub judges_private_link: bool,
    /// Its type, such as `network`.
    pub balancer_type: String,
    /// Whether it is internal.
    pub internal: bool,
    /// Its state, such as `active`.
    pub state: String,
    /// Its security groups' ids.
    pub security_groups: BTreeSet<String>,
    /// The port ranges that its security groups allow from every IPv4 address.
    pub open_ports: Vec<(u16, u16)>,
}

/// An existing instance.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ExistingInstance {
    /// Its id.
    pub id: String,
    /// The VPC's id.
    pub vpc: String,
    /// Its state, such as `running`.
    pub state: String,
}

/// A certificate of ACM.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    /// Its state, such as `ISSUED`.
    pub status: String,
    /// Its origin, such as `AMAZON_ISSUED` or `IMPORTED`.
    pub origin: String,
    /// The names it is for; `*.` matches one part of a name.
    pub names: BTreeSet<String>,
}

/// Why a hosted zone can't have the record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ZoneFault {
    /// The account has none with that name or id.
    Absent,
    /// It is private.
    Private,
    /// Several are public and have that name.
    Several(Vec<String>),
}

/// Whether the parent of the user pool's own domain has an address.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ParentRecord {
    /// It has, or Cognito has accepted it before.
    There,
    /// It has none.
    Missing,
    /// Not known, or not needed.
    #[default]
    NotChecked,
}

/// A partner that another stack makes.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Guest {
    /// That stack.
    pub stack: String,
    /// The id of its API key.
    pub key: String,
    /// The id of its app client.
    pub client: Option<String>,
    /// Whether its client is in the pool that the file uses.
    #[serde(default)]
    pub in_pool: bool,
    /// The scopes that its client may ask for, if it is in that pool.
    pub scopes: BTreeSet<String>,
}

/// Where a user pool answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PoolHost<'a> {
    /// At its custom domain.
    Own(&'a str),
    /// At Cognito's domain with this prefix.
    Prefix(&'a str),
}

impl ExistingUserPool {
    /// Where it answers: at its custom domain if it has one, since that is meant for clients.
    pub fn host(&self) -> Option<PoolHost<'_>> {
        let own = self.custom_domain.as_deref().map(PoolHost::Own);
        own.or(self.domain.as_deref().map(PoolHost::Prefix))
    }
}

impl Lookups {
    /// The pool of `[user_pool] existing`, if it is exactly one.
    pub fn user_pool(&self) -> Option<&ExistingUserPool> {
        match &self.user_pools[..] {
            [pool] => Some(pool),
            _ => None,
        }
    }
}

impl Certificate {
    /// Whether ACM issued it and every client trusts it: not an imported one, nor one of a private CA.
    pub fn is_public(&self) -> bool {
        self.origin == "AMAZON_ISSUED"
    }

    /// Whether it is one for this host name.
    pub fn covers(&self, host: &str) -> bool {
        let wildcard = host.split_once('.').map(|(_, above)| format!("*.{above}"));
        self.names.contains(host) || wildcard.is_some_and(|name| self.names.contains(&name))
    }
}
