//! What the file points to without owning it, as AWS tells: asked for before the file's meaning is worked out, since ids follow
//! from it, and looked over before anything is planned.

mod look;

use std::collections::{BTreeMap, BTreeSet};

pub use look::look_around;

/// What there is to ask about what the file points to. Nothing is asked that the file does not make necessary.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Questions {
    /// The subnets of `[load_balancer] subnets`.
    pub subnets: Option<Which>,
    /// The ARN or name of `[load_balancer] existing`.
    pub load_balancer: Option<String>,
    /// The instances of `[load_balancer.targets] instance_ids` and `instance_tags`.
    pub instances: Option<Which>,
    /// The name of an `[api.domain]` that is somebody else's.
    pub domain: Option<String>,
    /// Route 53 hosted zones, by name or id.
    pub zones: BTreeSet<String>,
    /// The ARNs of certificates.
    pub certificates: BTreeSet<String>,
    /// The user pool's own domain, which Cognito makes only below a name that has an address.
    pub pool_domain: Option<String>,
}

impl Questions {
    /// Those whose answers the resources' own identities follow from; the others only tell whether they will work.
    #[must_use]
    pub fn of_identities(self) -> Self {
        Self {
            certificates: BTreeSet::new(),
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
    /// Those with all of these tags, of a VPC where one is named: its id, or `default`.
    Find {
        /// The VPC.
        vpc: Option<String>,
        /// The tags.
        tags: BTreeMap<String, String>,
    },
}

/// What the file points to. Empty when nobody asked AWS, as a picture of the stack needs nothing of it.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The VPC that `[load_balancer] subnets` names, if it is there.
    pub vpc: Option<String>,
    /// The subnets of `[load_balancer] subnets`.
    pub subnets: Vec<Subnet>,
    /// The load balancer of `[load_balancer] existing`.
    pub load_balancer: Option<ExistingLoadBalancer>,
    /// The instances of `[load_balancer.targets] instance_ids` and `instance_tags`.
    pub instances: Vec<ExistingInstance>,
    /// The digests of the files that the stack file names, by the setting that names one, such as
    /// `load_balancer.targets.instances.user_data`.
    pub digests: BTreeMap<String, String>,
    /// What to point DNS at for an `[api.domain]` that is somebody else's.
    pub domain_target: Option<String>,
    /// Route 53 hosted zones, as the file writes them, and their ids.
    pub zones: BTreeMap<String, String>,
    /// Why a zone that the file names is not among them.
    pub unusable_zones: BTreeMap<String, ZoneFault>,
    /// The names of the zones that the file names by id.
    pub zone_names: BTreeMap<String, String>,
    /// The certificates that are there, by their ARNs.
    pub certificates: BTreeMap<String, Certificate>,
    /// Whether the name above the user pool's own domain has an address.
    pub parent: ParentRecord,
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
    /// Whether its route table leads to an internet gateway.
    pub public: bool,
}

/// A load balancer that stays somebody else's.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ExistingLoadBalancer {
    /// Its ARN.
    pub arn: String,
    /// Its host name.
    pub dns_name: String,
    /// The ports of its listeners.
    pub ports: Vec<u16>,
    /// Whether security groups judge what comes through a VPC link.
    pub judges_private_link: bool,
    /// Its type, such as `network`.
    pub balancer_type: String,
    /// Whether it has private addresses only.
    pub internal: bool,
    /// Its state, such as `active`.
    pub state: String,
    /// Its security groups' ids.
    pub security_groups: BTreeSet<String>,
    /// The ports, first and last, that its security groups open to every IPv4 address.
    pub open_ports: Vec<(u16, u16)>,
}

/// An instance that stays somebody else's.
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
    /// The names it is for; `*.` stands for one part of a name.
    pub names: BTreeSet<String>,
}

/// Why a hosted zone can't hold a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ZoneFault {
    /// The account has none with that name or id.
    Absent,
    /// Only its own VPCs see it.
    Private,
    /// These are all public and of that name.
    Several(Vec<String>),
}

/// Whether the name above the user pool's own domain has an address.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ParentRecord {
    /// It has, or Cognito was content with it before.
    There,
    /// It has none.
    Missing,
    /// Nobody could tell, or nobody had to.
    #[default]
    NotChecked,
}

impl Certificate {
    /// Whether it is one for this host name.
    pub fn covers(&self, host: &str) -> bool {
        let wildcard = host.split_once('.').map(|(_, above)| format!("*.{above}"));
        self.names.contains(host) || wildcard.is_some_and(|name| self.names.contains(&name))
    }
}
