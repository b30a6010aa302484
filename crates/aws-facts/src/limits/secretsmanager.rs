//! AWS Secrets Manager.

/// Versions of a secret that are kept; beyond that, the oldest without a label go.
///
/// Source: <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>
pub const MOST_VERSIONS: usize = 100;

/// Days in which a deleted secret can be restored, when the call says nothing.
///
/// Source: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html>
pub const RECOVERY_DAYS: i64 = 30;
