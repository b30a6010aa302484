//! How many, how long and how large: AWS's quotas, which a support case may raise, and its fixed limits.

pub mod acm;
pub mod apigateway;
pub mod cognito;
pub mod ec2;
pub mod elbv2;
pub mod route53;
pub mod secretsmanager;
pub mod ssm;
pub mod tags;
