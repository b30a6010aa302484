//! Calls that are refused for a while.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::super::operation::{Refusal, Run};
use super::super::registry;

/// Of every so many calls of an operation, the first ones are refused. A call that is sent again is another one.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedCalls {
    /// The operation's name.
    pub operation: String,
    /// Why.
    pub why: Why,
    /// How many are refused.
    pub calls: u32,
    /// Of how many; none for the first ones only.
    pub of: Option<u32>,
}

/// Why calls are refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// Another change is being made.
    Conflict,
    /// Others use up the request quota.
    Throttle,
    /// Something that was just created is not known everywhere.
    NotYet,
}

/// How often each service's operation was called. Services have operations of the same name, such as `TagResource`.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<(String, String), u32>>);

impl RefusedCalls {
    /// A service's refusal for this, if it has one for the operation.
    pub(super) fn refusal(&self, service: &str) -> Option<Refusal> {
        let operation = registry::operation(service, &self.operation)?;
        // Only changes conflict with each other.
        if self.why == Why::Conflict && matches!(operation.run, Run::Read(_)) {
            return None;
        }
        let refusal = |status, code, message: &str| Some(Refusal::new(status, code, message));
        match (self.why, service, self.operation.as_str()) {
            (Why::Conflict, "cognito-idp", _) => refusal(
                400,
                "ConcurrentModificationException",
                "Only one request to update user pool client can be processed at a time",
            ),
            (Why::Conflict, "apigateway" | "apigatewayv2", _) => refusal(
                409,
                "ConflictException",
                "Unable to complete operation due to concurrent modification. Please try again later.",
            ),
            (Why::Throttle, "cognito-idp", _) => {
                refusal(400, "TooManyRequestsException", "Rate exceeded")
            }
            (Why::Throttle, "apigateway" | "apigatewayv2", _) => {
                refusal(429, "TooManyRequestsException", "Too Many Requests")
            }
            (Why::Throttle, "elasticloadbalancing", _) => {
                refusal(400, "Throttling", "Rate exceeded")
            }
            (Why::Throttle, "ec2", _) => {
                refusal(503, "RequestLimitExceeded", "Request limit exceeded.")
            }
            (Why::NotYet, "apigateway", "CreateBasePathMapping") => refusal(
                400,
                "BadRequestException",
                "Invalid domain name identifier specified",
            ),
            (
                Why::NotYet,
                "elasticloadbalancing",
                "CreateListener" | "ModifyLoadBalancerAttributes" | "SetSecurityGroups",
            ) => refusal(
                400,
                "LoadBalancerNotFound",
                "One or more load balancers not found",
            ),
            (
                Why::NotYet,
                "elasticloadbalancing",
                "ModifyTargetGroupAttributes" | "RegisterTargets",
            ) => refusal(
                400,
                "TargetGroupNotFound",
                "One or more target groups not found",
            ),
            (Why::NotYet, "ec2", "AuthorizeSecurityGroupIngress" | "RunInstances") => refusal(
                400,
                "InvalidGroup.NotFound",
                "The security group does not exist",
            ),
            _ => None,
        }
    }
}

impl Counts {
    /// Counts a call, and answers whether this rule refuses it.
    pub(crate) fn refuse(&self, rule: &RefusedCalls, service: &str) -> Option<Refusal> {
        let refusal = rule.refusal(service)?;
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let called = (service.to_owned(), rule.operation.clone());
        let count = counts.entry(called).or_default();
        let place = rule.of.map_or(*count, |of| *count % of.max(1));
        *count = count.saturating_add(1);
        (place < rule.calls).then_some(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_every_so_many_calls_are_refused() {
        let rule = |of| RefusedCalls {
            operation: "CreateApiKey".into(),
            why: Why::Throttle,
            calls: 2,
            of,
        };
        let refused = |rule: &RefusedCalls| {
            let counts = Counts::default();
            let calls = (0..8).map(|_| counts.refuse(rule, "apigateway").is_some());
            calls.collect::<Vec<_>>()
        };
        let first = [true, true, false, false, false, false, false, false];
        assert_eq!(refused(&rule(None)), first);
        let every = [true, true, false, true, true, false, true, true];
        assert_eq!(refused(&rule(Some(3))), every);
    }

    #[test]
    fn each_service_with_the_operation_has_a_count_of_its_own() {
        let rule = RefusedCalls {
            operation: "TagResource".into(),
            why: Why::Throttle,
            calls: 1,
            of: None,
        };
        let counts = Counts::default();
        let refused = |service| counts.refuse(&rule, service).is_some();
        assert_eq!(["ssm", "apigateway"].map(refused), [false, true]);
        assert_eq!(["apigateway", "cognito-idp"].map(refused), [false, true]);
    }
}
