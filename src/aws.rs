//! The only access to AWS: one configuration, reads cached per run, writes through [`Writer`], rate limits below AWS's quotas,
//! request counts.
//!
//! It contains operations and their responses; what they mean for a stack is defined by the kinds.

mod apigateway;
mod apigatewayv2;
mod carry;
mod cognito;
mod connection;
mod credentials;
mod ec2;
mod elbv2;
mod error;
mod iam;
mod inside;
mod instances;
mod lambda;
mod lease;
mod lock;
mod logs;
mod memo;
mod names;
mod network;
mod nulls;
mod pace;
pub(crate) mod patience;
mod payload_store;
mod profile;
mod retry;
mod route53;
mod secret_store;
mod secretsmanager;
mod tagging;
mod tally;
mod throttles;

pub(crate) use apigateway::lock_held;
pub(crate) use carry::{Answer, LeaveOut, Replacing, SayAlso};
pub use cognito::*;
pub use connection::{Connection, Endpoint, Reader, Writer};
pub use credentials::{ClientSecret, ClientToken, CredentialReader, ListedSecret};
pub use error::{AwsError, Cause};
pub(crate) use iam::ListedRole;
pub(crate) use inside::Container;
pub(crate) use lambda::{ListedAlias, ListedFunction, Statement, digest_of_variable};
pub use lease::Lease;
pub(crate) use lease::Moment;
pub use lock::{LockParameters, Parameter, Put};
pub(crate) use logs::ListedGroup;
pub use logs::LogEvent;
pub(crate) use network::Passing;
pub use pace::{HeldBack, Operation, Pacer, Service};
pub use payload_store::PayloadStore;
pub use profile::{ConfiguredRegion, ProfileError, check_profile, configured_region};
pub(crate) use route53::is_same_name;
pub use secret_store::SecretStore;
pub use secretsmanager::SecretKeeper;
pub use tally::{Count, Tally};
