//! What the file points to without owning it, as AWS tells: found before the file's meaning is worked out, since ids follow
//! from it.

use std::collections::BTreeMap;

/// What the file points to. Empty when nobody asked AWS, as a picture of the stack needs nothing of it.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The subnets of `[load_balancer] subnets`.
    pub subnets: Vec<Subnet>,
    /// The load balancer of `[load_balancer] existing`.
    pub load_balancer: Option<ExistingLoadBalancer>,
    /// The instances of `[load_balancer.targets] instance_ids` and `instance_tags`.
    pub instances: Vec<ExistingInstance>,
    /// The content of the file of `[load_balancer.targets.instances] user_data`.
    pub user_data: Option<String>,
    /// What to point DNS at for an `[api.domain]` that is somebody else's.
    pub domain_target: Option<String>,
    /// Route 53 hosted zones, as the file writes them, and their ids.
    pub zones: BTreeMap<String, String>,
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
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExistingLoadBalancer {
    /// Its ARN.
    pub arn: String,
    /// Its host name.
    pub dns_name: String,
    /// The ports of its listeners.
    pub ports: Vec<u16>,
    /// Whether security groups judge what comes through a VPC link.
    pub judges_private_link: bool,
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
