//! Elastic Load Balancing: network load balancers.

/// Network load balancers of an account in a Region. A quota.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html>
pub const MOST_LOAD_BALANCERS: usize = 50;

/// Listeners of a load balancer. A quota.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html>
pub const MOST_LISTENERS: usize = 50;

/// Target groups of an account in a Region. A quota.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html>
pub const MOST_TARGET_GROUPS: usize = 3_000;

/// Targets of a target group. A quota.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html>
pub const MOST_TARGETS_PER_GROUP: usize = 1_000;

/// Certificates of a listener beside its default one. A quota.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html>
pub const MOST_CERTIFICATES: usize = 25;

/// Target groups that one action forwards to.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html>
pub const MOST_GROUPS_PER_ACTION: usize = 5;

/// The longest name of a load balancer or a target group, in characters.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html>
pub const LONGEST_NAME: usize = 32;

/// The longest path of a health check, in characters.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html>
pub const LONGEST_HEALTH_CHECK_PATH: usize = 1_024;

/// The greatest weight of a target group in an action.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html>
pub const GREATEST_WEIGHT: u64 = 999;

/// The most rows on a page of a list, and the default.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html>
pub const ROWS_PER_PAGE: u64 = 400;

/// Resources that one call about tags may name.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html>
pub const MOST_RESOURCES_PER_TAG_CALL: usize = 20;
