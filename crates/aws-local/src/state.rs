//! The state of one local AWS account, by Region. It is data only: what a thing's status is now derives from stored times and the clock.

use serde::{Deserialize, Serialize};

use super::table::Table;
use super::{
    acm, apigateway, cognito, ec2, elbv2, iam, lambda, logs, route53, secretsmanager, ssm,
};

/// Everything in one account. A copy is cheap: it shares each Region until that one is changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// By Region name, such as `eu-west-1`.
    pub regions: Table<Region>,
}

/// Everything in one Region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Region {
    /// Cognito user pools.
    pub cognito: cognito::State,
    /// API Gateway.
    pub apigateway: apigateway::State,
    /// EC2: networks and instances.
    pub ec2: ec2::State,
    /// Load balancers and their target groups.
    pub elbv2: elbv2::State,
    /// Certificates.
    pub acm: acm::State,
    /// Hosted zones and their records, all in us-east-1: Route 53 is global and its requests are signed for that Region.
    pub route53: route53::State,
    /// Roles, all in us-east-1: IAM is global.
    pub iam: iam::State,
    /// Lambda.
    pub lambda: lambda::State,
    /// CloudWatch Logs.
    pub logs: logs::State,
    /// Secrets Manager.
    pub secretsmanager: secretsmanager::State,
    /// Systems Manager parameters.
    pub ssm: ssm::State,
}
