//! ARNs: `arn:{partition}:{service}:{region}:{account}:{resource}`.

use std::fmt::Display;

use super::regions::partition;

/// The parts of an ARN.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Arn<'a> {
    /// `aws`, or another partition.
    pub partition: &'a str,
    /// The service's name in ARNs.
    pub service: &'a str,
    /// Empty where the resource is global.
    pub region: &'a str,
    /// Empty if the ARN has none, as in API Gateway's.
    pub account: &'a str,
    /// The rest, which may hold colons.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of a text, if it has those of an ARN. They are not validated.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next();
        match (next()?, next()?, next()?, next()?, next()?, next()?) {
            ("arn", partition, service, region, account, resource) => Some(Self {
                partition,
                service,
                region,
                account,
                resource,
            }),
            _ => None,
        }
    }
}

/// An ARN of the Region's partition; without a Region, of the commercial one.
pub fn arn(service: &str, region: &str, account: &str, resource: impl Display) -> String {
    format!(
        "arn:{}:{service}:{region}:{account}:{resource}",
        partition(region)
    )
}

/// A user pool.
pub fn user_pool(region: &str, account: &str, id: &str) -> String {
    arn(
        "cognito-idp",
        region,
        account,
        format_args!("userpool/{id}"),
    )
}

/// A resource of API Gateway's control plane, such as `restapis/a1b2c3d4e5`.
pub fn api_gateway(region: &str, path: impl Display) -> String {
    arn("apigateway", region, "", format_args!("/{path}"))
}

/// A log group of CloudWatch Logs, without the `:*` that some responses append.
pub fn log_group(region: &str, account: &str, name: &str) -> String {
    arn("logs", region, account, format_args!("log-group:{name}"))
}

/// A function of Lambda.
pub fn function(region: &str, account: &str, name: &str) -> String {
    arn("lambda", region, account, format_args!("function:{name}"))
}

/// What API Gateway calls to invoke a function, by the function's ARN.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html>
pub fn invocation(function: &str) -> String {
    let region = Arn::parse(function).map_or("", |arn| arn.region);
    format!(
        "arn:{}:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations",
        partition(region)
    )
}

/// A role of IAM, by its path, which is `/` or begins and ends with one, and its name.
pub fn role(account: &str, path: &str, name: &str) -> String {
    arn("iam", "", account, format_args!("role{path}{name}"))
}

/// The managed policy that lets API Gateway write to CloudWatch Logs.
///
/// Source: <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAPIGatewayPushToCloudWatchLogs.html>
pub const PUSH_TO_CLOUDWATCH_LOGS: &str =
    "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_parsed() {
        let pool = user_pool("eu-west-1", "123456789012", "eu-west-1_a");
        assert_eq!(
            pool,
            "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_a"
        );
        let parts = Arn::parse(&pool).unwrap();
        assert_eq!(
            (parts.service, parts.region, parts.account, parts.resource),
            (
                "cognito-idp",
                "eu-west-1",
                "123456789012",
                "userpool/eu-west-1_a"
            )
        );
        assert_eq!(
            api_gateway("eu-west-1", "restapis/a"),
            "arn:aws:apigateway:eu-west-1::/restapis/a"
        );
        let group = log_group("eu-west-1", "123456789012", "/a/b");
        assert_eq!(group, "arn:aws:logs:eu-west-1:123456789012:log-group:/a/b");
        assert_eq!(
            role("123456789012", "/", "a"),
            "arn:aws:iam::123456789012:role/a"
        );
        let group = Arn::parse("arn:aws:logs:eu-west-1:123456789012:log-group:a:*").unwrap();
        assert_eq!(group.resource, "log-group:a:*");
        assert_eq!(Arn::parse("arn:aws:s3"), None);
        assert_eq!(Arn::parse("a:b:c:d:e:f"), None);
    }
}
