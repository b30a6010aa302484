//! Amazon Route 53.

/// Hosted zones of an account. A quota.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html>
pub const MOST_HOSTED_ZONES: usize = 500;

/// Values in one batch of changes; those of an `UPSERT` count twice.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html>
pub const MOST_VALUES_PER_BATCH: usize = 1_000;

/// The most hosted zones on a page of a list.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZones.html>
pub const ZONES_PER_PAGE: usize = 100;

/// The most record sets on a page of a list.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html>
pub const RECORD_SETS_PER_PAGE: usize = 300;
