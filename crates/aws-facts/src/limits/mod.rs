//! How many, how long and how large: AWS's quotas, which a support case may raise, and its fixed limits.

pub mod acm;
pub mod apigateway;
pub mod cloudwatchlogs;
pub mod cognito;
pub mod ec2;
pub mod elbv2;
pub mod iam;
pub mod lambda;
pub mod route53;
pub mod secretsmanager;
pub mod ssm;
pub mod tags;
