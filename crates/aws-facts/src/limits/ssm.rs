//! Parameters of AWS Systems Manager.

/// The longest value in the standard tier, in characters.
///
/// Source: <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
pub const LONGEST_VALUE: usize = 4_096;

/// The longest value in the advanced tier, in characters.
///
/// Source: <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
pub const LONGEST_ADVANCED_VALUE: usize = 8_192;
