//! Elastic Load Balancing's refusals.

use super::super::operation::Refusal;
use super::arn::Kind;

/// 400 with a code of the service's own.
pub(super) fn refuse(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(400, code, message)
}

/// An invalid value.
pub(super) fn validation(message: impl Into<String>) -> Refusal {
    refuse("ValidationError", message)
}

/// Values that exclude each other, or are invalid for this type of load balancer.
pub(super) fn configuration(message: impl Into<String>) -> Refusal {
    refuse("InvalidConfigurationRequest", message)
}

/// A required member is missing.
pub(super) fn not_found(kind: Kind, arn: &str) -> Refusal {
    let (code, noun) = match kind {
        Kind::LoadBalancer => ("LoadBalancerNotFound", "Load balancer"),
        Kind::TargetGroup => ("TargetGroupNotFound", "Target group"),
        Kind::Listener => ("ListenerNotFound", "Listener"),
    };
    refuse(code, format!("{noun} '{arn}' not found"))
}

/// A value that is valid on AWS and not implemented.
pub(super) fn not_here(member: &str, value: &str, operation: &str) -> Refusal {
    Refusal::not_implemented(format_args!(
        "{member} {value} of elasticloadbalancing:{operation}"
    ))
}
