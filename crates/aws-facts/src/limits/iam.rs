//! AWS Identity and Access Management.

/// Managed policies that can be attached to a role. A quota.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const MOST_POLICIES_PER_ROLE: usize = 10;

/// The longest trust policy of a role, in characters without white space. A quota.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const LONGEST_TRUST_POLICY: usize = 2_048;

/// The most characters of all policies in a role, without white space. A quota.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const LARGEST_INLINE_POLICIES: usize = 10_240;

/// The longest name of a role.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub const LONGEST_ROLE_NAME: usize = 64;

/// Rows on a page of a list, when the call says nothing.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>
pub const ROWS_PER_PAGE: usize = 100;

/// How long a role's sessions may last when nothing is said, in seconds.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub const SESSION_SECONDS: i64 = 3_600;
