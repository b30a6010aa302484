//! AWS's published facts that both gatestack and the local AWS need.
//!
//! Data only, each row with its source: the AWS document, or that AWS publishes nothing and where the value comes from.

pub mod arns;
pub mod gateway_responses;
pub mod hosts;
pub mod limits;
pub mod names;
pub mod openapi;
pub mod patterns;
pub mod rates;
pub mod regions;
pub mod runtimes;
#[cfg(test)]
mod sources;
