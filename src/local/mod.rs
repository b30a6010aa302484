//! A local AWS: Cognito user pools, API Gateway, STS and the tagging API behind AWS's own wire protocols.
//!
//! It knows nothing of stacks or plans. It is written from AWS's documentation and service models, so that any AWS client can use it:
//! what AWS accepts is accepted and returned as AWS returns it, what AWS refuses is refused with AWS's code and status, and an operation
//! it does not have answers 501 naming it. It never pretends.

pub mod apigateway;
pub mod cognito;
pub mod identifiers;
pub mod operation;
pub mod state;
pub mod table;
