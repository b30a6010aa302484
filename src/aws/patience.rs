//! What AWS's refusals and unfinished states mean, for how long waiting helps, and who says so.
//!
//! [`RULES`] without operations hold for each call of a service, and are applied below it, to each attempt (`retry`). Those with
//! operations are applied by [`Writer::patiently`]. [`Wait`] is for what a call began and AWS finishes later. No other file has a rule
//! or a limit of waiting.

use std::time::Duration;

use super::connection::Writer;
use super::error::AwsError;
use super::pace::Service;

/// What a refusal means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Means {
    /// It does not exist.
    Gone,
    /// Something just created is not visible everywhere.
    NotYet,
    /// Another change is being made.
    Conflict,
    /// Something still uses it.
    InUse,
    /// A request quota is used up.
    SlowDown,
    /// A quota of resources is reached, so waiting doesn't help.
    HardLimit,
}

/// A refusal that passes.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(super) service: Service,
    /// The operations; none for all of the service.
    pub(super) operations: &'static [&'static str],
    /// AWS's codes.
    codes: &'static [&'static str],
    /// Words of which AWS's message has some; none for any message.
    says: &'static [&'static str],
    pub(super) means: Means,
    /// How often it is tried, and for how long, in seconds. Where AWS says how long to wait, that counts.
    every: u64,
    within: u64,
    /// Who says so. "Terraform" is hashicorp/terraform-provider-aws, by the file below internal/service.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "evidence, for readers and for the test")
    )]
    source: &'static str,
}

pub(super) const CONCURRENT: &[&str] = &["due to concurrent modification"];

/// A rule's columns, in their order.
macro_rules! rules {
    ($($service:ident $operations:expr, $codes:expr, $says:expr => $means:ident, every $every:literal, within $within:literal: $source:literal;)*) => {
        /// Every rule.
        pub(super) const RULES: &[Rule] = &[$(Rule {
            service: Service::$service,
            operations: &$operations,
            codes: &$codes,
            says: $says,
            means: Means::$means,
            every: $every,
            within: $within,
            source: $source,
        }),*];
    };
}

rules! {
    // Every call of a service.
    Cognito [], ["ConcurrentModificationException"], &[] => Conflict, every 2, within 120:
        "Terraform cognitoidp/user_pool_client.go, 2 minutes";
    Cognito [], ["TooManyRequestsException"], &[] => SlowDown, every 1, within 120:
        "Amazon Cognito developer guide, \"Quotas\": by the second and category";
    Cognito [], ["LimitExceededException"], &[] => HardLimit, every 0, within 0:
        "Amazon Cognito API reference, LimitExceededException: a quota of resources, which the SDK takes for a throttle";
    ApiGateway [], ["ConflictException", "BadRequestException"], CONCURRENT => Conflict, every 2, within 120:
        "recorded answer: \"Unable to complete operation due to concurrent modification. Please try again later.\"";
    ApiGateway [], ["LimitExceededException"], &["Maximum number of"] => HardLimit, every 0, within 0:
        "recorded answer, terraform-provider-aws issue 37605: \"Maximum number of Resources for this API has been reached\"";
    ApiGateway [], ["TooManyRequestsException", "LimitExceededException"], &[] => SlowDown, every 2, within 300:
        "API Gateway developer guide, \"Quotas\": some operations once in 20 or 30 seconds for an account, others' pipelines included";
    ApiGateway [], ["ServiceUnavailableException"], &[] => SlowDown, every 2, within 120:
        "API Gateway API reference, ServiceUnavailableException: retryAfterSeconds";
    Elbv2 [], ["Throttling", "ThrottlingException"], &[] => SlowDown, every 2, within 300:
        "Elastic Load Balancing user guide, \"Request throttling\": resource-intensive operations once in 5 seconds";
    Ec2 [], ["RequestLimitExceeded"], &[] => SlowDown, every 1, within 120:
        "Amazon EC2 developer guide, \"Request throttling\"";

    // One operation, or some.
    ApiGateway ["CreateBasePathMapping"], ["BadRequestException"], &[] => NotYet, every 3, within 30:
        "Terraform apigateway/base_path_mapping.go, 30 seconds: right after the domain";
    ApiGateway ["UpdateDomainName"], ["BadRequestException"], &["UPDATING"] => Conflict, every 15, within 900:
        "API Gateway developer guide: a change of the TLS policy takes about 15 minutes; Terraform apigateway/domain_name.go";
    ApiGateway ["UpdateAccount"], ["BadRequestException"],
        &["does not have required permissions", "could not successfully write to CloudWatch Logs"] => NotYet, every 10, within 120:
        "Terraform apigateway/account.go, 2 minutes: a new role";
    ApiGateway ["DeleteVpcLink"], ["BadRequestException"], &["is referenced in"] => InUse, every 3, within 60:
        "API Gateway: the stage's switch is not visible yet";
    Elbv2 ["CreateLoadBalancer"], ["InvalidSecurityGroup"], &[] => NotYet, every 2, within 60:
        "EC2 is another service, which made the group just before";
    Elbv2 ["CreateListener", "ModifyLoadBalancerAttributes", "SetSecurityGroups"], ["LoadBalancerNotFound"], &[] => NotYet, every 2, within 60:
        "Terraform issue 15214: seconds after its creation";
    Elbv2 ["CreateListener", "ModifyTargetGroupAttributes", "RegisterTargets"], ["TargetGroupNotFound"], &[] => NotYet, every 2, within 60:
        "Terraform elbv2/target_group.go: right after its creation";
    Elbv2 ["RegisterTargets"], ["InvalidTarget"], &["not in a running state"] => NotYet, every 5, within 600:
        "Terraform elbv2/target_group_attachment.go, 10 minutes: the load balancer learns later than EC2 that an instance runs";
    Elbv2 ["DeleteLoadBalancer"], ["ResourceInUse"], &[] => InUse, every 5, within 600:
        "Terraform elbv2/load_balancer.go, 10 minutes: a VPC link that is being deleted";
    Elbv2 ["DeleteTargetGroup"], ["ResourceInUse"], &[] => InUse, every 5, within 120:
        "Terraform elbv2/target_group.go, 2 minutes: the listener's change is not visible yet";
    Ec2 ["AuthorizeSecurityGroupIngress"], ["InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"], &[] => NotYet, every 2, within 60:
        "Amazon EC2 API reference, \"Eventual consistency\"";
    Ec2 ["DeleteSecurityGroup"], ["DependencyViolation", "InvalidGroup.InUse"], &[] => InUse, every 10, within 900:
        "Terraform ec2/vpc_security_group.go, 15 minutes: the network interfaces of a load balancer stay for minutes";
    Ec2 ["RunInstances"], ["InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"], &[] => NotYet, every 2, within 60:
        "Amazon EC2 API reference, \"Eventual consistency\"";
    Ec2 ["RunInstances"], ["InvalidParameterValue"],
        &["Invalid IAM Instance Profile", "has no associated IAM Roles"] => NotYet, every 2, within 120:
        "Terraform ec2/ec2_instance.go, 2 minutes: a new profile, or its role";
    Ec2 ["StartInstances"], ["IncorrectInstanceState"], &[] => Conflict, every 5, within 600:
        "one that is still stopping; EC2's own waiters give up after ten minutes";
    Route53 ["ChangeResourceRecordSets"], ["PriorRequestNotComplete"], &[] => Conflict, every 2, within 60:
        "Route 53 API reference: one change of a zone at a time";
}

/// Codes whose meaning is the same everywhere.
const CODES: &[(Means, &[&str])] = &[
    (
        Means::Gone,
        &[
            "InvalidGroup.NotFound",
            "InvalidInstanceID.NotFound",
            "InvalidSecurityGroupID.NotFound",
            "ListenerNotFound",
            "LoadBalancerNotFound",
            "NoSuchHostedZone",
            "NotFoundException",
            "ParameterNotFound",
            "ResourceNotFoundException",
            "TargetGroupNotFound",
        ],
    ),
    (
        Means::InUse,
        &["DependencyViolation", "InvalidGroup.InUse", "ResourceInUse"],
    ),
    (
        Means::SlowDown,
        &[
            "RequestLimitExceeded",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ],
    ),
    (
        Means::HardLimit,
        &[
            "InstanceLimitExceeded",
            "LimitExceededException",
            "SecurityGroupLimitExceeded",
            "TooManyListeners",
            "TooManyLoadBalancers",
            "TooManyTargetGroups",
            "TooManyTargets",
            "VcpuLimitExceeded",
        ],
    ),
];

/// What a code means by itself.
pub(super) fn meaning(code: &str) -> Option<Means> {
    let row = CODES.iter().find(|(_, codes)| codes.contains(&code));
    row.map(|(means, _)| *means)
}

impl Rule {
    /// The rule for every call of this service that was refused so. `says` tells whether the answer has a text.
    pub(super) fn general(service: Service, says: impl Fn(&str) -> bool) -> Option<&'static Self> {
        RULES.iter().find(|rule| {
            rule.service == service
                && rule.operations.is_empty()
                && rule.codes.iter().any(|code| says(code))
                && (rule.says.is_empty() || rule.says.iter().any(|words| says(words)))
        })
    }

    /// The rule for this refusal of its operation.
    pub(crate) fn of(error: &AwsError) -> Option<&'static Self> {
        let code = error.code.as_deref()?;
        RULES.iter().find(|rule| {
            let said = |words: &&str| error.message.contains(*words);
            rule.operations.contains(&error.operation.as_str())
                && rule.codes.contains(&code)
                && (rule.says.is_empty() || rule.says.iter().any(said))
        })
    }

    /// The longest single wait, whatever AWS asks for: all attempts of a request end within the time limit of its call.
    pub(super) fn longest(&self) -> Duration {
        Duration::from_secs(self.within / 10)
    }

    /// The wait before the next of the attempts of one request; none when they took as long as waiting helps. They get rarer, up
    /// to ten times.
    pub(super) fn pause_after(&self, attempts: u32) -> Option<Duration> {
        let pause = |attempt: u32| self.every * u64::from(attempt).min(10);
        let waited: u64 = (1..attempts).map(pause).sum();
        (waited < self.within).then(|| Duration::from_secs(pause(attempts)))
    }
}

/// Something that a call began and AWS finishes later: how often it is read, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    pub(crate) every: Duration,
    pub(crate) within: Duration,
}

const fn wait(every: u64, within: u64) -> Wait {
    Wait {
        every: Duration::from_secs(every),
        within: Duration::from_secs(within),
    }
}

/// Terraform elbv2/load_balancer.go: 10 minutes; more than eight have been observed.
pub(crate) const LOAD_BALANCER_ACTIVE: Wait = wait(5, 900);
/// A subnet is removed in minutes.
pub(crate) const SUBNETS_REMOVED: Wait = wait(5, 600);
/// Terraform apigateway/wait.go.
pub(crate) const VPC_LINK_AVAILABLE: Wait = wait(5, 1_200);
/// Terraform apigateway/wait.go; half a minute is usual.
pub(crate) const VPC_LINK_DELETED: Wait = wait(3, 1_200);
/// Terraform apigateway/domain_name.go.
pub(crate) const DOMAIN_NAME_AVAILABLE: Wait = wait(10, 900);
/// Terraform cognitoidp/user_pool_domain.go, 1 minute, which is also as long as AWS says: a prefix of AWS's domain.
pub(crate) const PREFIX_ACTIVE: Wait = wait(2, 120);
/// Terraform cognitoidp/user_pool_domain.go: a domain of one's own, with its CloudFront distribution.
pub(crate) const OWN_DOMAIN_ACTIVE: Wait = wait(10, 3_600);
/// Seconds for a prefix, minutes for a CloudFront distribution.
pub(crate) const USER_POOL_DOMAIN_GONE: Wait = wait(2, 900);
/// A domain may look unchanged after its delete call.
pub(crate) const USER_POOL_DOMAIN_LEAVING: Wait = wait(2, 60);
/// EC2's own waiters give up after ten minutes.
pub(crate) const INSTANCE_CHANGED: Wait = wait(5, 600);
/// More than ten minutes have been observed for large instances.
pub(crate) const INSTANCE_TERMINATED: Wait = wait(5, 1_800);
/// Amazon EC2 API reference, "Eventual consistency": a new instance may not be described for so long.
pub(crate) const INSTANCE_VISIBLE: Wait = wait(5, 60);
/// Two minutes are usual, plus the time for user data.
pub(crate) const TARGET_HEALTHY: Wait = wait(10, 600);
/// No group's delay is longer than an hour.
pub(crate) const TARGET_DRAINED: Wait = wait(10, 3_900);

impl Wait {
    /// Polls until there is a result.
    ///
    /// # Errors
    /// A read failed, or `what` was not done in time.
    pub(crate) async fn until<T>(
        self,
        writer: &Writer,
        operation: &str,
        what: &str,
        look: impl AsyncFn() -> Result<Option<T>, AwsError>,
    ) -> Result<T, AwsError> {
        let mut waited = Duration::ZERO;
        loop {
            if let Some(answer) = look().await? {
                return Ok(answer);
            }
            if waited >= self.within {
                let minutes = self.within.as_secs() / 60;
                let plural = if minutes == 1 { "" } else { "s" };
                return Err(AwsError::unfinished(
                    operation,
                    format!("{what} after {minutes} minute{plural}"),
                ));
            }
            writer.pause(self.every).await;
            waited += self.every;
        }
    }
}

impl Writer {
    /// Sends a call again while its refusal passes by itself.
    ///
    /// # Errors
    /// Any other refusal, and the last one.
    pub(crate) async fn patiently<T>(
        &self,
        call: impl AsyncFn() -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let mut waited = 0;
        loop {
            match call().await {
                Err(refusal) => match Rule::of(&refusal) {
                    Some(rule) if waited < rule.within => {
                        self.pause(Duration::from_secs(rule.every)).await;
                        waited += rule.every;
                    }
                    _ => return Err(refusal),
                },
                answer => return answer,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(service: Service) -> Option<&'static str> {
        Some(match service {
            Service::ApiGateway => include_str!("../../crates/aws-local/models/apigateway.json"),
            Service::Cognito => include_str!("../../crates/aws-local/models/cognito.json"),
            Service::Ec2 => include_str!("../../crates/aws-local/models/ec2.json"),
            Service::Elbv2 => include_str!("../../crates/aws-local/models/elbv2.json"),
            Service::Route53 => include_str!("../../crates/aws-local/models/route53.json"),
            _ => return None,
        })
    }

    #[test]
    fn every_rule_is_of_an_operation_and_has_a_source() {
        for rule in RULES {
            let model = model(rule.service).expect("the service's model");
            for operation in rule.operations {
                assert!(model.contains(&format!("\"{operation}\"")), "{operation}");
            }
            assert!(
                !rule.source.is_empty() && !rule.codes.is_empty(),
                "{rule:?}"
            );
            assert_eq!(rule.means == Means::HardLimit, rule.within == 0, "{rule:?}");
            assert!(rule.every <= rule.within, "{rule:?}");
            if rule.means == Means::Gone {
                panic!("waiting brings nothing back: {rule:?}");
            }
        }
    }

    /// The sources of the kinds, one text each.
    fn sources() -> Vec<String> {
        let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds")];
        let mut texts = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => texts.push(std::fs::read_to_string(path).unwrap()),
                }
            }
        }
        texts
    }

    #[test]
    fn an_operation_with_a_rule_is_called_patiently() {
        let operations = RULES.iter().flat_map(|rule| rule.operations);
        let sources = sources();
        for operation in operations.filter(|name| **name != "ChangeResourceRecordSets") {
            let quoted = format!("(\"{operation}\")");
            let mut calls = 0;
            for text in &sources {
                for (at, _) in text.match_indices(&quoted) {
                    let before = &text[..at];
                    let loop_at = before.rfind("patiently(");
                    let function = before.rfind("fn ").unwrap();
                    assert!(
                        loop_at.is_some_and(|at| at > function),
                        "{operation} is called without patience"
                    );
                    calls += 1;
                }
            }
            assert!(calls > 0, "nothing calls {operation}");
        }
    }

    #[test]
    fn a_refusal_has_the_first_rule_of_its_operation_code_and_words() {
        let refused = |operation: &str, code: &str, message: &str| {
            let error = AwsError {
                code: Some(code.into()),
                ..AwsError::gave_up(operation, message)
            };
            Rule::of(&error).map(|rule| (rule.means, rule.within))
        };
        for (operation, code, message, wanted) in [
            (
                "CreateBasePathMapping",
                "BadRequestException",
                "any",
                Some((Means::NotYet, 30)),
            ),
            ("CreateBasePathMapping", "ConflictException", "any", None),
            ("UpdateBasePathMapping", "BadRequestException", "any", None),
            (
                "UpdateDomainName",
                "BadRequestException",
                "is UPDATING",
                Some((Means::Conflict, 900)),
            ),
            (
                "UpdateDomainName",
                "BadRequestException",
                "no such policy",
                None,
            ),
            (
                "RegisterTargets",
                "InvalidTarget",
                "'i-1' not in a running state",
                Some((Means::NotYet, 600)),
            ),
            (
                "RegisterTargets",
                "InvalidTarget",
                "10.0.0.1 is outside of the VPC",
                None,
            ),
            (
                "RegisterTargets",
                "TargetGroupNotFound",
                "any",
                Some((Means::NotYet, 60)),
            ),
            ("DeregisterTargets", "TargetGroupNotFound", "any", None),
            (
                "RunInstances",
                "InvalidParameterValue",
                "IAM Instance Profile \"x\" has no associated IAM Roles",
                Some((Means::NotYet, 120)),
            ),
            (
                "RunInstances",
                "InvalidParameterValue",
                "Invalid IAM Instance Profile ARN",
                Some((Means::NotYet, 120)),
            ),
            (
                "RunInstances",
                "InvalidParameterValue",
                "no such type",
                None,
            ),
            (
                "DeleteSecurityGroup",
                "InvalidGroup.InUse",
                "any",
                Some((Means::InUse, 900)),
            ),
        ] {
            assert_eq!(
                refused(operation, code, message),
                wanted,
                "{operation} {code} {message}"
            );
        }
    }

    #[test]
    fn attempts_get_rarer_and_end_when_waiting_no_longer_helps() {
        let conflict = Rule::general(Service::Cognito, |text| {
            text == "ConcurrentModificationException"
        });
        let rule = conflict.expect("the rule");
        let mut waited = 0;
        let mut attempts = 1;
        while let Some(pause) = rule.pause_after(attempts) {
            waited += pause.as_secs();
            attempts += 1;
        }
        assert!(
            (120..=140).contains(&waited),
            "{waited} seconds, {attempts} attempts"
        );
        assert!(attempts < 15, "{attempts}");
    }
}
