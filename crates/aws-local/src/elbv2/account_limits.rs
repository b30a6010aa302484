//! The quotas that AWS gives a new account.

use aws_facts::limits::elbv2::{
    MOST_CERTIFICATES, MOST_GROUPS_PER_ACTION, MOST_LISTENERS, MOST_LOAD_BALANCERS,
    MOST_TARGET_GROUPS, MOST_TARGETS_PER_GROUP,
};
use serde_json::json;

use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::pages::page;

pub(super) const OPERATIONS: &[Operation] = &[Operation::read("DescribeAccountLimits", describe)];

/// In the order of their names, which is the order of their pages.
const LIMITS: &[(&str, usize)] = &[
    ("certificates-per-network-load-balancer", MOST_CERTIFICATES),
    ("listeners-per-network-load-balancer", MOST_LISTENERS),
    ("network-load-balancers", MOST_LOAD_BALANCERS),
    ("target-groups", MOST_TARGET_GROUPS),
    (
        "target-groups-per-action-on-network-load-balancer",
        MOST_GROUPS_PER_ACTION,
    ),
    ("targets-per-target-group", MOST_TARGETS_PER_GROUP),
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
