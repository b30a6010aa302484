//! What AWS publishes and both sides need: gatestack, which calls AWS, and the local AWS, which answers in its place.
//!
//! Data only, and each row has its source beside it: the AWS document that says it, or that AWS publishes nothing and what the value was
//! taken from. A value that is only one side's choice is not here.

pub mod arns;
pub mod hosts;
pub mod limits;
pub mod patterns;
pub mod rates;
pub mod regions;
#[cfg(test)]
mod sources;
