//! Tests of the whole crate, from outside.

mod apigateway_kinds;
mod cognito_kinds;
mod converge;
