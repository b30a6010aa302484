//! The ARNs of load balancers, target groups and listeners.

use std::sync::LazyLock;

use regex::Regex;

use super::super::identifiers;
use super::super::operation::{Call, Refusal};
use super::refusals::validation;

/// What an ARN is of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    LoadBalancer,
    TargetGroup,
    Listener,
}

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:(loadbalancer|targetgroup|listener)/[A-Za-z0-9/-]+$",
    )
    .expect("it is a pattern")
});

impl Kind {
    /// The kind of an ARN; none if it is not Elastic Load Balancing's.
    pub(super) fn of(arn: &str) -> Option<Self> {
        let found = PATTERN.captures(arn)?;
        match &found[1] {
            "loadbalancer" => Some(Self::LoadBalancer),
            "targetgroup" => Some(Self::TargetGroup),
            _ => Some(Self::Listener),
        }
    }

    /// Its name in AWS's messages.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::LoadBalancer => "load balancer",
            Self::TargetGroup => "target group",
            Self::Listener => "listener",
        }
    }

    /// Refuses what is not an ARN of this kind, without looking it up.
    pub(super) fn check(self, arn: &str) -> Result<(), Refusal> {
        if Self::of(arn) == Some(self) {
            Ok(())
        } else {
            Err(validation(format!(
                "'{arn}' is not a valid {} ARN",
                self.noun()
            )))
        }
    }
}

fn of(call: &Call, resource: std::fmt::Arguments<'_>) -> String {
    call.arn("elasticloadbalancing", resource)
}

/// The ARN of a new network load balancer, and the id at its end.
pub(super) fn load_balancer(call: &Call, name: &str) -> (String, String) {
    let id = call.id.clone();
    let id = id.unwrap_or_else(|| identifiers::hexadecimal(16));
    let arn = of(call, format_args!("loadbalancer/net/{name}/{id}"));
    (arn, id)
}

/// The ARN of a new target group.
pub(super) fn target_group(call: &Call, name: &str) -> String {
    let id = identifiers::hexadecimal(16);
    of(call, format_args!("targetgroup/{name}/{id}"))
}

/// The ARN of a new listener: its load balancer's, with another id.
pub(super) fn listener(load_balancer: &str) -> String {
    let id = identifiers::hexadecimal(16);
    format!(
        "{}/{id}",
        load_balancer.replacen(":loadbalancer/", ":listener/", 1)
    )
}
