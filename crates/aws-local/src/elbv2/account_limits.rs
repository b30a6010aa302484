//! The quotas that AWS gives a new account.

use serde_json::json;

use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::pages::page;

pub(super) const OPERATIONS: &[Operation] = &[Operation::read("DescribeAccountLimits", describe)];

pub(super) const LOAD_BALANCERS: usize = 50;
pub(super) const LISTENERS: usize = 50;
pub(super) const TARGET_GROUPS: usize = 3000;
pub(super) const TARGETS_PER_GROUP: usize = 1000;
pub(super) const CERTIFICATES: usize = 25;
pub(super) const TAGS: usize = 50;

/// Target groups that one action forwards to.
pub(super) const GROUPS_PER_ACTION: usize = 5;

/// In the order of their names, which is the order of their pages.
const LIMITS: &[(&str, usize)] = &[
    ("certificates-per-network-load-balancer", CERTIFICATES),
    ("listeners-per-network-load-balancer", LISTENERS),
    ("network-load-balancers", LOAD_BALANCERS),
    ("target-groups", TARGET_GROUPS),
    (
        "target-groups-per-action-on-network-load-balancer",
        GROUPS_PER_ACTION,
    ),
    ("targets-per-target-group", TARGETS_PER_GROUP),
];

fn describe(_: &Region, call: &Call) -> Answer {
    let rows = LIMITS.iter().map(|(name, most)| {
        let limit = [("Name", json!(name)), ("Max", json!(most.to_string()))];
        (
            *name,
            Object::from_iter(limit.map(|(key, value)| (key.to_owned(), value))),
        )
    });
    page(call, "", "Limits", rows)
}
