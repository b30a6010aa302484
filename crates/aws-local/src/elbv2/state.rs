//! Elastic Load Balancing's state in one Region. Statuses derive from stored times and the clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::operation::{Call, Object, Refusal};
use super::super::table::Table;
use super::arn::Kind;
use super::refusals;

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;

/// Attributes by key, those that differ from AWS's defaults.
pub(super) type Attributes = BTreeMap<String, String>;

/// Elastic Load Balancing in one Region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Load balancers by ARN.
    pub(super) load_balancers: Table<LoadBalancer>,
    /// Target groups by ARN.
    pub(super) target_groups: Table<TargetGroup>,
    /// Listeners by ARN.
    pub(super) listeners: Table<Listener>,
}

impl State {
    /// Whether the load balancer that the call names is still being set up.
    pub(crate) fn is_provisioning(&self, call: &Call) -> bool {
        let named = self.load_balancers.get(call.text("LoadBalancerArn"));
        named.is_some_and(|balancer| call.seconds() < balancer.active)
    }
}

/// A network load balancer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadBalancer {
    pub(super) name: String,
    pub(super) dns_name: String,
    pub(super) hosted_zone: String,
    /// `internal` or `internet-facing`.
    pub(super) scheme: String,
    pub(super) vpc: String,
    /// Its subnets, in the order of the zones.
    pub(super) zones: Vec<Zone>,
    pub(super) security_groups: Vec<String>,
    /// Whether its groups' inbound rules also apply to PrivateLink traffic: `on` or `off`. None without groups.
    pub(super) enforces_on_private_link: Option<String>,
    /// When it was created, in epoch seconds.
    pub(super) created: f64,
    /// When it is active, in epoch seconds.
    pub(super) active: f64,
    pub(super) attributes: Attributes,
    pub(super) tags: Tags,
}

/// An Availability Zone in which a load balancer has a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) subnet: String,
    /// The node's private address, where the user chose it.
    pub(super) address: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TargetGroup {
    pub(super) name: String,
    pub(super) protocol: String,
    pub(super) port: u64,
    pub(super) vpc: String,
    /// `instance` or `ip`.
    pub(super) target_type: String,
    pub(super) health_check: HealthCheck,
    pub(super) targets: Vec<Target>,
    pub(super) attributes: Attributes,
    pub(super) tags: Tags,
}

/// How a target group's targets are checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct HealthCheck {
    pub(super) protocol: String,
    /// A port, or `traffic-port`.
    pub(super) port: String,
    /// Only HTTP and HTTPS have one.
    pub(super) path: Option<String>,
    /// The HTTP statuses of a healthy target. Only HTTP and HTTPS have them.
    pub(super) statuses: Option<String>,
    /// In seconds.
    pub(super) interval: u64,
    /// In seconds.
    pub(super) timeout: u64,
    pub(super) healthy_threshold: u64,
    pub(super) unhealthy_threshold: u64,
}

/// A registered target. A deregistered one stays until it has drained.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Target {
    /// An instance's id, or an address.
    pub(super) id: String,
    pub(super) port: u64,
    /// Of an address: its zone, or `all`.
    pub(super) zone: Option<String>,
    /// When it has passed its first health checks, in epoch seconds, if it passes them.
    pub(super) checked: f64,
    /// Until when it drains, in epoch seconds; none while it is registered.
    pub(super) drains_until: Option<f64>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Listener {
    pub(super) load_balancer: String,
    pub(super) port: u64,
    pub(super) protocol: String,
    /// The default actions, in the format of responses.
    pub(super) actions: Vec<Value>,
    /// Certificates' ARNs, the default first. Empty but for TLS.
    pub(super) certificates: Vec<String>,
    /// Only TLS has one.
    pub(super) ssl_policy: Option<String>,
    /// Only TLS has one.
    pub(super) alpn_policy: Option<String>,
    pub(super) attributes: Attributes,
    pub(super) tags: Tags,
}

impl State {
    /// The load balancer with this ARN.
    pub fn load_balancer(&self, arn: &str) -> Option<&LoadBalancer> {
        self.load_balancers.get(arn)
    }

    pub(super) fn load_balancer_mut(&mut self, arn: &str) -> Result<&mut LoadBalancer, Refusal> {
        Kind::LoadBalancer.check(arn)?;
        self.load_balancers
            .get_mut(arn)
            .ok_or_else(|| refusals::not_found(Kind::LoadBalancer, arn))
    }

    /// The load balancer that a call must name.
    pub(super) fn known_load_balancer(&self, arn: &str) -> Result<&LoadBalancer, Refusal> {
        known(&self.load_balancers, Kind::LoadBalancer, arn)
    }

    /// The target group that a call must name.
    pub(super) fn target_group(&self, arn: &str) -> Result<&TargetGroup, Refusal> {
        known(&self.target_groups, Kind::TargetGroup, arn)
    }

    pub(super) fn target_group_mut(&mut self, arn: &str) -> Result<&mut TargetGroup, Refusal> {
        Kind::TargetGroup.check(arn)?;
        self.target_groups
            .get_mut(arn)
            .ok_or_else(|| refusals::not_found(Kind::TargetGroup, arn))
    }

    /// The listener that a call must name.
    pub(super) fn listener(&self, arn: &str) -> Result<&Listener, Refusal> {
        known(&self.listeners, Kind::Listener, arn)
    }

    pub(super) fn listener_mut(&mut self, arn: &str) -> Result<&mut Listener, Refusal> {
        Kind::Listener.check(arn)?;
        self.listeners
            .get_mut(arn)
            .ok_or_else(|| refusals::not_found(Kind::Listener, arn))
    }

    /// A load balancer's listeners, with their ARNs.
    pub(super) fn listeners_of<'s>(
        &'s self,
        load_balancer: &'s str,
    ) -> impl Iterator<Item = (&'s str, &'s Listener)> {
        self.listeners
            .iter()
            .filter(move |(_, listener)| listener.load_balancer == load_balancer)
    }

    /// The load balancers whose listeners forward to a target group, by ARN. A network load balancer's group has at most one.
    pub(super) fn users_of<'s>(&'s self, target_group: &'s str) -> impl Iterator<Item = &'s str> {
        self.listeners
            .values()
            .filter(move |listener| listener.target_groups().any(|arn| arn == target_group))
            .map(|listener| listener.load_balancer.as_str())
    }
}

fn known<'t, T>(table: &'t Table<T>, kind: Kind, arn: &str) -> Result<&'t T, Refusal> {
    kind.check(arn)?;
    table.get(arn).ok_or_else(|| refusals::not_found(kind, arn))
}

impl LoadBalancer {
    /// Its state at a time in epoch seconds: `provisioning` or `active`.
    pub fn state(&self, now: f64) -> &'static str {
        if now < self.active {
            "provisioning"
        } else {
            "active"
        }
    }
}

impl Listener {
    /// The ARNs of the target groups that it forwards to.
    pub(super) fn target_groups(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().flat_map(target_groups)
    }
}

/// The ARNs of the target groups in an action, in the format of responses.
pub(super) fn target_groups(action: &Value) -> impl Iterator<Item = &str> {
    let groups = action["ForwardConfig"]["TargetGroups"].as_array();
    groups
        .into_iter()
        .flatten()
        .filter_map(|group| group["TargetGroupArn"].as_str())
}

/// A whole number in an input; none when it was not sent.
pub(super) fn number(input: &Object, member: &str) -> Option<u64> {
    input.get(member).and_then(Value::as_u64)
}
