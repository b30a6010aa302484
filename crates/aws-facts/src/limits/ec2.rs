//! Amazon EC2.

/// The largest user data, in bytes before base64.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html>
pub const LARGEST_USER_DATA: usize = 16 * 1_024;
