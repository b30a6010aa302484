//! Amazon CloudWatch Logs.

/// The numbers of days for which a log group can keep events.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>
pub const RETENTION_DAYS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Log streams on a page of a list, at most and when the call says nothing.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html>
pub const STREAMS_PER_PAGE: usize = 50;

/// Log events on a page, at most and when the call says nothing.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html>
pub const EVENTS_PER_PAGE: usize = 10_000;

/// The most bytes of a batch of log events: their texts, and some for each.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>
pub const LARGEST_BATCH: usize = 1_048_576;

/// How many bytes each log event of a batch counts beside its text.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>
pub const OVERHEAD_OF_EVENT: usize = 26;

/// Log groups on a page of a list, at most and when the call says nothing.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>
pub const GROUPS_PER_PAGE: usize = 50;
