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
    /// The service can't answer now.
    Unavailable,
}

/// A refusal, and whether it passes.
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
    /// How often it is tried, and for how long, in seconds; 0 where waiting doesn't help. Where AWS says how long to wait, that counts.
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
    // Every call of a service. First, what waiting doesn't change.
    ApiGateway [], ["NotFoundException"], &[] => Gone, every 0, within 0:
        "API Gateway API reference, NotFoundException";
    Cognito [], ["ResourceNotFoundException"], &[] => Gone, every 0, within 0:
        "Amazon Cognito API reference, and those of other services with JSON: ResourceNotFoundException";
    Ssm [], ["ParameterNotFound"], &[] => Gone, every 0, within 0:
        "Systems Manager API reference, ParameterNotFound";
    Ec2 [], ["InvalidGroup.NotFound", "InvalidInstanceID.NotFound", "InvalidSecurityGroupID.NotFound"], &[] => Gone, every 0, within 0:
        "Amazon EC2 developer guide, \"Error codes\"; Terraform ec2/errors.go";
    Elbv2 [], ["ListenerNotFound", "LoadBalancerNotFound", "TargetGroupNotFound"], &[] => Gone, every 0, within 0:
        "Elastic Load Balancing API reference, DescribeListeners, DescribeLoadBalancers, DescribeTargetGroups";
    Iam [], ["NoSuchEntity"], &[] => Gone, every 0, within 0:
        "IAM API reference, NoSuchEntity";
    Route53 [], ["NoSuchHostedZone"], &[] => Gone, every 0, within 0:
        "Route 53 API reference, NoSuchHostedZone";
    Ec2 [], ["InstanceLimitExceeded", "SecurityGroupLimitExceeded", "VcpuLimitExceeded"], &[] => HardLimit, every 0, within 0:
        "Amazon EC2 developer guide, \"Error codes\"";
    Elbv2 [], ["TooManyListeners", "TooManyLoadBalancers", "TooManyTargetGroups", "TooManyTargets"], &[] => HardLimit, every 0, within 0:
        "Elastic Load Balancing API reference, CreateListener, CreateLoadBalancer, CreateTargetGroup, RegisterTargets";
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
    ApiGateway [], ["ServiceUnavailableException"], &[] => Unavailable, every 2, within 120:
        "API Gateway API reference, ServiceUnavailableException: retryAfterSeconds";
    Elbv2 [], ["Throttling", "ThrottlingException"], &[] => SlowDown, every 2, within 300:
        "Elastic Load Balancing user guide, \"Request throttling\": resource-intensive operations once in 5 seconds";
    Iam [], ["Throttling", "ThrottlingException"], &[] => SlowDown, every 1, within 120:
        "IAM API reference, \"Common Errors\"; IAM publishes no rates";
    Lambda [], ["TooManyRequestsException"], &[] => SlowDown, every 1, within 120:
        "Lambda developer guide, \"Lambda quotas\": 15 control plane requests a second";
    Ec2 [], ["RequestLimitExceeded"], &[] => SlowDown, every 1, within 120:
        "Amazon EC2 developer guide, \"Request throttling\"";

    // One operation, or some.
    ApiGateway ["CreateBasePathMapping"], ["BadRequestException"], &[] => NotYet, every 3, within 30:
        "Terraform apigateway/base_path_mapping.go, 30 seconds: right after the domain";
    ApiGateway ["CreateApiMapping"], ["BadRequestException", "NotFoundException"], &["domain name identifier"] => NotYet, every 3, within 30:
        "inferred from CreateBasePathMapping: right after the domain";
    ApiGateway ["UpdateDomainName"], ["BadRequestException"], &["UPDATING"] => Conflict, every 15, within 1_800:
        "API Gateway developer guide: a change of the security policy takes about 15 minutes, after which Terraform gives up";
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
    Lambda ["CreateFunction", "UpdateFunctionConfiguration"], ["InvalidParameterValueException"],
        &["cannot be assumed by Lambda", "does not have permissions to call"] => NotYet, every 2, within 120:
        "Terraform lambda/function.go, 2 minutes: a new role, or its policies";
    Lambda ["PublishVersion", "UpdateFunctionCode", "UpdateFunctionConfiguration"], ["ResourceConflictException"],
        &["update is in progress", "currently in the following state: Pending"] => Conflict, every 1, within 300:
        "recorded answer: \"The operation cannot be performed at this time. An update is in progress for resource: ARN\"";
    Route53 ["ChangeResourceRecordSets"], ["PriorRequestNotComplete"], &[] => Conflict, every 2, within 60:
        "Route 53 API reference: one change of a zone at a time";
}

/// What a code means by itself, whatever AWS's message is: the rules for every call, and which resources are in use.
pub(super) fn meaning(code: &str) -> Option<Means> {
    let mut rules = RULES.iter().filter(|rule| {
        let by_itself = rule.operations.is_empty() || rule.means == Means::InUse;
        by_itself && rule.says.is_empty() && rule.codes.contains(&code)
    });
    rules.next().map(|rule| rule.means)
}

impl Rule {
    /// The rule for every call of this service that was refused so; none for what is gone, which the caller decides on. `says` tells
    /// whether the answer has a text.
    pub(super) fn general(service: Service, says: impl Fn(&str) -> bool) -> Option<&'static Self> {
        RULES.iter().find(|rule| {
            rule.service == service
                && rule.means != Means::Gone
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
/// API Gateway developer guide: a change of the security policy takes about 15 minutes, after which Terraform gives up
/// (apigateway/domain_name.go).
pub(crate) const DOMAIN_NAME_AVAILABLE: Wait = wait(10, 1_800);
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
/// Terraform lambda/function.go, 10 minutes; seconds are usual, and a minute or two in a VPC.
pub(crate) const FUNCTION_READY: Wait = wait(1, 600);
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
    use std::cell::Cell;

    use super::super::connection::{Connection, Endpoint};
    use super::*;
    use crate::clock::Clock;

    fn model(service: Service) -> Option<&'static str> {
        Some(match service {
            Service::ApiGateway => include_str!("../../crates/aws-local/models/apigateway.json"),
            Service::Cognito => include_str!("../../crates/aws-local/models/cognito.json"),
            Service::Ec2 => include_str!("../../crates/aws-local/models/ec2.json"),
            Service::Elbv2 => include_str!("../../crates/aws-local/models/elbv2.json"),
            Service::Lambda => include_str!("../../crates/aws-local/models/lambda.json"),
            Service::Route53 => include_str!("../../crates/aws-local/models/route53.json"),
            Service::Iam => include_str!("../../crates/aws-local/models/iam.json"),
            Service::Ssm => include_str!("../../crates/aws-local/models/ssm.json"),
            _ => return None,
        })
    }

    #[test]
    fn every_rule_is_of_an_operation_and_has_a_source() {
        for rule in RULES {
            let model = model(rule.service).expect("the service's model");
            // API Gateway has two models.
            let v2 = include_str!("../../crates/aws-local/models/apigatewayv2.json");
            for operation in rule.operations {
                let model = match operation.ends_with("ApiMapping") {
                    true => v2,
                    false => model,
                };
                assert!(model.contains(&format!("\"{operation}\"")), "{operation}");
            }
            assert!(
                !rule.source.is_empty() && !rule.codes.is_empty(),
                "{rule:?}"
            );
            let is_final = [Means::Gone, Means::HardLimit].contains(&rule.means);
            assert_eq!(is_final, rule.within == 0, "{rule:?}");
            assert!(rule.every <= rule.within, "{rule:?}");
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
                Some((Means::Conflict, 1_800)),
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
    fn a_code_means_by_itself_what_it_means_in_every_call() {
        for (code, wanted) in [
            ("TargetGroupNotFound", Some(Means::Gone)),
            ("InvalidGroup.NotFound", Some(Means::Gone)),
            ("InvalidGroup.InUse", Some(Means::InUse)),
            ("ResourceInUse", Some(Means::InUse)),
            ("TooManyTargets", Some(Means::HardLimit)),
            ("LimitExceededException", Some(Means::HardLimit)),
            ("TooManyRequestsException", Some(Means::SlowDown)),
            ("Throttling", Some(Means::SlowDown)),
            // The message decides, or the operation.
            ("ConflictException", None),
            ("BadRequestException", None),
            ("InvalidSecurityGroup", None),
        ] {
            assert_eq!(meaning(code), wanted, "{code}");
        }
    }

    #[test]
    fn what_is_gone_has_no_rule_for_sending_it_again() {
        let of = |service, code: &str| Rule::general(service, |text| text == code);
        assert!(of(Service::ApiGateway, "NotFoundException").is_none());
        let limit = of(Service::Elbv2, "TooManyTargets").map(|rule| rule.means);
        assert_eq!(limit, Some(Means::HardLimit));
    }

    /// A call that is refused so, as often as `refusals` says: how often it was sent, the seconds it took, and whether it worked.
    async fn sent(
        operation: &str,
        code: &str,
        message: &str,
        refusals: usize,
    ) -> (usize, u64, bool) {
        let clock = Clock::simulated("2026-11-21T09:00:00Z".parse().unwrap());
        let service = aws_local::Service::in_memory(aws_local::Options {
            clock: clock.clone(),
            ..aws_local::Options::default()
        });
        let endpoint = Endpoint::InProcess(aws_local::connector(service));
        let writer = Connection::open(endpoint, "eu-west-1", &clock)
            .await
            .writer();
        let attempts = Cell::new(0);
        let begun = tokio::time::Instant::now();
        let answer = writer
            .patiently(async || {
                attempts.set(attempts.get() + 1);
                match attempts.get() > refusals {
                    true => Ok(()),
                    false => Err(AwsError {
                        code: Some(code.into()),
                        ..AwsError::gave_up(operation, message)
                    }),
                }
            })
            .await;
        (attempts.get(), begun.elapsed().as_secs(), answer.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_sent_again_while_its_rule_says_so() {
        let often = usize::MAX;
        for (operation, code, message, refusals, wanted) in [
            // Every 3 seconds, for 30.
            (
                "CreateBasePathMapping",
                "BadRequestException",
                "any",
                4,
                (5, 12, true),
            ),
            (
                "CreateBasePathMapping",
                "BadRequestException",
                "any",
                10,
                (11, 30, true),
            ),
            (
                "CreateBasePathMapping",
                "BadRequestException",
                "any",
                often,
                (11, 30, false),
            ),
            // Another operation, code or message.
            (
                "UpdateBasePathMapping",
                "BadRequestException",
                "any",
                1,
                (1, 0, false),
            ),
            (
                "CreateBasePathMapping",
                "ConflictException",
                "any",
                1,
                (1, 0, false),
            ),
            (
                "UpdateDomainName",
                "BadRequestException",
                "no such policy",
                1,
                (1, 0, false),
            ),
            (
                "UpdateDomainName",
                "BadRequestException",
                "it is UPDATING",
                1,
                (2, 15, true),
            ),
            // Rules for every call are applied below.
            (
                "UpdateUserPool",
                "ConcurrentModificationException",
                "any",
                1,
                (1, 0, false),
            ),
        ] {
            let sent = sent(operation, code, message, refusals).await;
            assert_eq!(sent, wanted, "{operation} {code} {message} {refusals}");
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
