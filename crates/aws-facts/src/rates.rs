//! AWS's request quotas by operation, account and Region; Cognito's also by user pool.
//!
//! A rate per second is used as its burst too; slower rates are spaced evenly, since no burst is published for them.

/// A service with request quotas.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Service {
    /// Amazon API Gateway's control plane. AWS publishes one quota for all of its operations, V1 and V2 together, and none for API mappings alone.
    ApiGateway,
    /// Amazon Cognito user pools.
    Cognito,
    /// The Resource Groups Tagging API.
    Tagging,
    /// AWS Security Token Service.
    Sts,
    /// Amazon EC2.
    Ec2,
    /// Elastic Load Balancing, version 2015-12-01.
    Elbv2,
    /// AWS Certificate Manager.
    Acm,
    /// AWS Systems Manager.
    Ssm,
    /// AWS Secrets Manager.
    SecretsManager,
    /// Amazon Route 53.
    Route53,
    /// Amazon CloudWatch Logs.
    CloudWatchLogs,
    /// AWS Identity and Access Management.
    Iam,
    /// AWS Lambda.
    Lambda,
}

/// A published request quota: a burst, and the rate at which it refills.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// The service.
    pub service: Service,
    /// The operations that share it; none where all of the service do.
    pub operations: &'static [&'static str],
    /// Whether each user pool has one of its own.
    pub per_pool: bool,
    /// Milliseconds between two requests, sustained.
    pub every: u64,
    /// The burst.
    pub burst: u32,
    /// The document that publishes it.
    pub source: &'static str,
}

const API_GATEWAY: &str =
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html";
const COGNITO: &str = "https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html";
const TAGGING: &str = "https://docs.aws.amazon.com/general/latest/gr/arg.html";
const ELBV2: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html";
const EC2: &str = "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html";
const ACM: &str = "https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html";
const SSM: &str = "https://docs.aws.amazon.com/general/latest/gr/ssm.html";
const SECRETS_MANAGER: &str =
    "https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html";
const ROUTE53: &str =
    "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html";

const CLOUDWATCH_LOGS: &str =
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html";

const LAMBDA: &str = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html";

const ALL: &[&str] = &[];
const LAMBDA_CONTROL: &[&str] = &[
    "AddPermission",
    "CreateAlias",
    "CreateFunction",
    "DeleteAlias",
    "DeleteFunction",
    "DeleteFunctionConcurrency",
    "GetFunctionConfiguration",
    "ListAliases",
    "ListEventSourceMappings",
    "ListFunctionUrlConfigs",
    "ListVersionsByFunction",
    "PublishVersion",
    "PutFunctionConcurrency",
    "RemovePermission",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
];
const CLIENT_READS: &[&str] = &[
    "DescribeUserPoolClient",
    "ListUserPoolClients",
    "ListUserPoolClientSecrets",
];
const CLIENT_WRITES: &[&str] = &[
    "CreateUserPoolClient",
    "UpdateUserPoolClient",
    "DeleteUserPoolClient",
];
const POOL_READS: &[&str] = &["DescribeUserPool", "ListUserPools"];
const POOL_WRITES: &[&str] = &["CreateUserPool", "UpdateUserPool", "DeleteUserPool"];
const RESOURCE_READS: &[&str] = &[
    "DescribeResourceServer",
    "DescribeUserPoolDomain",
    "GetUserPoolMfaConfig",
    "ListResourceServers",
    "ListTagsForResource",
];
const RESOURCE_WRITES: &[&str] = &[
    "CreateResourceServer",
    "UpdateResourceServer",
    "DeleteResourceServer",
    "CreateUserPoolDomain",
    "UpdateUserPoolDomain",
    "DeleteUserPoolDomain",
    "SetUserPoolMfaConfig",
    "TagResource",
    "UntagResource",
];

const SECRET_WRITES: &[&str] = &["CreateSecret", "PutSecretValue"];
const LOAD_BALANCER_PLACES: &[&str] = &["CreateLoadBalancer", "SetSubnets"];
const LOAD_BALANCER_TARGETS: &[&str] = &["RegisterTargets", "DeregisterTargets"];
const LOAD_BALANCER_WRITES: &[&str] = &[
    "AddTags",
    "CreateListener",
    "CreateTargetGroup",
    "DeleteListener",
    "DeleteLoadBalancer",
    "DeleteTargetGroup",
    "ModifyListener",
    "ModifyLoadBalancerAttributes",
    "ModifyTargetGroup",
    "ModifyTargetGroupAttributes",
    "SetSecurityGroups",
];

/// All rates.
pub const RATES: &[Rate] = &[
    account((Service::ApiGateway, API_GATEWAY), ALL, 100, 40),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["CreateApiKey"],
        200,
        5,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["DeleteApiKey"],
        200,
        5,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["CreateResource"],
        200,
        5,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["DeleteResource"],
        200,
        5,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["GetResources"],
        400,
        5,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["PutRestApi"],
        1_000,
        1,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["CreateRestApi"],
        3_000,
        1,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["CreateDeployment"],
        5_000,
        1,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["UpdateUsagePlan"],
        20_000,
        1,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["CreateDomainName"],
        30_000,
        1,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["UpdateDomainName"],
        30_000,
        1,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["DeleteDomainName"],
        30_000,
        1,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["DeleteRestApi"],
        30_000,
        1,
    ),
    account(
        (Service::ApiGateway, API_GATEWAY),
        &["UpdateAccount"],
        20_000,
        1,
    ),
    account((Service::Cognito, COGNITO), POOL_READS, 67, 15),
    account((Service::Cognito, COGNITO), POOL_WRITES, 67, 15),
    account((Service::Cognito, COGNITO), RESOURCE_READS, 50, 20),
    account((Service::Cognito, COGNITO), RESOURCE_WRITES, 67, 15),
    account((Service::Cognito, COGNITO), CLIENT_READS, 67, 15),
    account((Service::Cognito, COGNITO), CLIENT_WRITES, 67, 15),
    by_pool(RESOURCE_READS),
    by_pool(RESOURCE_WRITES),
    by_pool(CLIENT_READS),
    by_pool(CLIENT_WRITES),
    account((Service::Tagging, TAGGING), &["GetResources"], 67, 15),
    account((Service::Elbv2, ELBV2), ALL, 100, 40),
    account((Service::Elbv2, ELBV2), LOAD_BALANCER_PLACES, 5_000, 10),
    account((Service::Elbv2, ELBV2), LOAD_BALANCER_TARGETS, 250, 20),
    account((Service::Elbv2, ELBV2), LOAD_BALANCER_WRITES, 334, 20),
    account((Service::Ec2, EC2), &["DescribeImages"], 50, 100),
    account((Service::Ec2, EC2), &["DescribeInstanceAttribute"], 50, 100),
    account((Service::Ec2, EC2), &["DescribeInstances"], 50, 100),
    account((Service::Ec2, EC2), &["DescribeRouteTables"], 50, 100),
    account((Service::Ec2, EC2), &["DescribeSecurityGroups"], 50, 100),
    account((Service::Ec2, EC2), &["DescribeSubnets"], 50, 100),
    account(
        (Service::Ec2, EC2),
        &["AuthorizeSecurityGroupIngress"],
        200,
        50,
    ),
    account(
        (Service::Ec2, EC2),
        &["RevokeSecurityGroupIngress"],
        200,
        50,
    ),
    account((Service::Ec2, EC2), &["CreateSecurityGroup"], 200, 50),
    account((Service::Ec2, EC2), &["DeleteSecurityGroup"], 200, 50),
    account((Service::Ec2, EC2), &["CreateTags"], 100, 100),
    account((Service::Ec2, EC2), &["ModifyInstanceAttribute"], 200, 50),
    account(
        (Service::Ec2, EC2),
        &["ModifyInstanceMetadataOptions"],
        200,
        100,
    ),
    account((Service::Ec2, EC2), &["RunInstances"], 500, 5),
    account((Service::Ec2, EC2), &["TerminateInstances"], 200, 100),
    account((Service::Acm, ACM), &["DescribeCertificate"], 100, 10),
    account((Service::Acm, ACM), &["ListCertificates"], 125, 8),
    account((Service::Ssm, SSM), &["GetParameter"], 25, 40),
    account((Service::Ssm, SSM), &["PutParameter"], 334, 3),
    // AWS publishes none for it: the same as its counterpart's.
    account((Service::Ssm, SSM), &["DeleteParameter"], 334, 3),
    account(
        (Service::SecretsManager, SECRETS_MANAGER),
        SECRET_WRITES,
        20,
        50,
    ),
    account((Service::Route53, ROUTE53), ALL, 200, 5),
    account(
        (Service::CloudWatchLogs, CLOUDWATCH_LOGS),
        &["CreateLogGroup"],
        100,
        10,
    ),
    account(
        (Service::CloudWatchLogs, CLOUDWATCH_LOGS),
        &["DeleteLogGroup"],
        100,
        10,
    ),
    account(
        (Service::CloudWatchLogs, CLOUDWATCH_LOGS),
        &["DescribeLogGroups"],
        100,
        10,
    ),
    // 10 in some Regions.
    account(
        (Service::CloudWatchLogs, CLOUDWATCH_LOGS),
        &["FilterLogEvents"],
        200,
        5,
    ),
    account(
        (Service::CloudWatchLogs, CLOUDWATCH_LOGS),
        &["ListTagsForResource"],
        200,
        5,
    ),
    account(
        (Service::CloudWatchLogs, CLOUDWATCH_LOGS),
        &["PutRetentionPolicy"],
        200,
        5,
    ),
    account(
        (Service::CloudWatchLogs, CLOUDWATCH_LOGS),
        &["DeleteRetentionPolicy"],
        200,
        5,
    ),
    account(
        (Service::CloudWatchLogs, CLOUDWATCH_LOGS),
        &["TagResource"],
        200,
        5,
    ),
    // "Function APIs: GetFunction 100, GetPolicy 15, the rest of the control plane 15 requests a second in all".
    account((Service::Lambda, LAMBDA), &["GetFunction"], 10, 100),
    account((Service::Lambda, LAMBDA), &["GetPolicy"], 67, 15),
    account((Service::Lambda, LAMBDA), LAMBDA_CONTROL, 67, 15),
];

const fn account(
    (service, source): (Service, &'static str),
    operations: &'static [&'static str],
    every: u64,
    burst: u32,
) -> Rate {
    Rate {
        service,
        operations,
        per_pool: false,
        every,
        burst,
        source,
    }
}

const fn by_pool(operations: &'static [&'static str]) -> Rate {
    Rate {
        service: Service::Cognito,
        operations,
        per_pool: true,
        every: 200,
        burst: 5,
        source: COGNITO,
    }
}
