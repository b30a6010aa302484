//! AWS Certificate Manager.

/// Certificates of an account in a Region. A quota.
///
/// Source: <https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html>
pub const MOST_CERTIFICATES: usize = 2_500;

/// Names of one certificate. A quota.
///
/// Source: <https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html>
pub const MOST_NAMES: usize = 10;

/// Certificates on a page of a list when the call does not say.
///
/// Source: <https://docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html>
pub const ROWS_PER_PAGE: u64 = 1_000;
