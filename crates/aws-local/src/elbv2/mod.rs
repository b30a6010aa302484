//! Elastic Load Balancing (version 2): network load balancers, target groups, listeners and the health of targets, one file per noun.
//!
//! Application and gateway load balancers are not implemented, nor are their protocols, rules and trust stores: they answer 501
//! by name.

mod account_limits;
mod arn;
mod attributes;
mod certificates;
mod forwarding;
mod health_check;
mod listeners;
mod load_balancers;
mod network;
mod pages;
mod placement;
mod refusals;
mod state;
mod tags;
mod target_groups;
mod target_health;
mod targets;
#[cfg(test)]
mod tests;

use super::operation::Operation;

pub(super) use certificates::using_certificate;
pub(super) use forwarding::{NoWay, target_behind};
pub use load_balancers::{INTERFACES_LINGER, PROVISIONING};
pub use state::{LoadBalancer, State};
pub(super) use tags::tagged;

/// The implemented operations, by noun.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    account_limits::OPERATIONS,
    attributes::OPERATIONS,
    certificates::OPERATIONS,
    listeners::OPERATIONS,
    load_balancers::OPERATIONS,
    placement::OPERATIONS,
    tags::OPERATIONS,
    target_groups::OPERATIONS,
    target_health::OPERATIONS,
    targets::OPERATIONS,
];
