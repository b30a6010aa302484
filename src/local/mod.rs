//! A local AWS: Cognito user pools, API Gateway, STS and the tagging API behind AWS's own wire protocols.
//!
//! It knows nothing of stacks or plans. It is written from AWS's documentation and service models, so that any AWS client can use it:
//! what AWS accepts is accepted and returned as AWS returns it, what AWS refuses is refused with AWS's code and status, and an operation
//! it does not have answers 501 naming it. It never pretends.

pub mod apigateway;
mod check;
pub mod cognito;
mod connector;
pub mod identifiers;
pub mod model;
pub mod operation;
pub mod paging;
mod protocol;
mod serve;
mod service;
pub mod state;
mod store;
mod sts;
pub mod table;
#[cfg(test)]
mod tests;
mod tagging;

pub use connector::connector;
pub use operation::Pace;
pub use serve::serve;
pub use service::{Options, Service};
pub use store::StoreError;
