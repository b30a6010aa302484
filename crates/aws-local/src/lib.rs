//! A local AWS: Cognito user pools, API Gateway, Lambda, EC2, Elastic Load Balancing, ACM, Route 53, SSM parameters, Secrets Manager,
//! CloudWatch Logs, IAM roles, STS and the tagging API behind AWS's own wire protocols.
//!
//! It knows nothing of stacks or plans. It is written from AWS's documentation and service models, so that any AWS client can use
//! it: what AWS accepts is accepted and returned as AWS returns it, what AWS refuses is refused with AWS's code and status, and
//! an operation it does not have answers 501 with its name.
//!
//! A [`Service`] is one account with all its Regions: [`Service::in_memory`], or [`Service::at_file`] for a state that several
//! processes share. Code archives and log events lie [beside] the state. [`connector`] gives the SDK an HTTP client that calls it in
//! process, whatever the endpoint. A [`DataPlane`] also answers run-time requests (tokens, deployed stages), which may run functions,
//! and [`serve`] serves it at a listener. [`Options`] holds the account, the clock, the [`Pace`] of what takes time on AWS and the
//! [`Scenario`] of its delays.
//!
//! A request goes through [`Service::call`]: the signature's credential scope gives service and Region, the service's [model] the
//! operation and its input, which is checked against the model before the [operation] runs on the [state]. The tables beside
//! their code are the only list of operations.

pub mod acm;
pub mod apigateway;
mod apigatewayv2;
#[cfg(test)]
mod as_aws;
pub mod beside;
mod check;
pub mod clock;
pub mod cognito;
mod connector;
mod data_plane;
pub mod ec2;
pub mod elbv2;
mod existing;
pub mod files;
mod functions;
pub mod iam;
pub mod identifiers;
pub mod lambda;
pub mod logs;
mod members;
pub mod model;
pub mod operation;
pub mod paging;
mod patch;
pub mod policy;
mod protocol;
mod registry;
pub mod route53;
pub mod scenario;
pub mod secretsmanager;
mod serve;
mod service;
pub mod ssm;
mod stand_in;
pub mod state;
mod store;
mod sts;
pub mod table;
mod tagging;
mod tags;
#[cfg(test)]
mod tests;

pub use connector::connector;
pub use data_plane::{DataPlane, DataPlaneOptions, Mapping, OwnHosts, Peer, Seen, Watcher};
pub use existing::{Existing, ExistingError};
pub use functions::{FunctionLine, FunctionWatcher, Session, WrittenBy};
pub use operation::Pace;
pub use scenario::Scenario;
pub use serve::serve;
pub use service::{Options, Service};
pub use stand_in::stand_in;
pub use store::{StoreError, WrongJournal};

/// Runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
