//! OpenAPI documents: read with the place of everything, checked as far as a document alone can be, and cut into operations.
//!
//! A document may be OpenAPI 3.0 or Swagger 2.0, in YAML or JSON, in one file or in several that refer to each other. This room knows
//! API Gateway's extensions, and neither stacks nor routes: what an operation means for a route is `stack::document`'s.

mod document;
mod fault;
mod files;
mod integration;
mod security;
mod tree;

pub use document::{Document, Operation, Parameter, read};
pub use fault::{Fault, Place};
pub use files::{ReadFile, Text};
pub use integration::{Backend, Header, Integration};
pub use security::{Alternative, Asked, Scheme, SchemeKind};

#[cfg(test)]
mod tests;
