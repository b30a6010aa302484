//! AWS Lambda's functions.

/// The least memory of a function, in MB; also what one has that names none.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
pub const LEAST_MEMORY_MB: i32 = 128;

/// The most memory of a function, in MB. The model allows more, for functions on managed instances.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MOST_MEMORY_MB: i32 = 10_240;

/// The time-out of a function that names none, in seconds.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
pub const TIMEOUT_SECONDS: i32 = 3;

/// The longest time-out, in seconds. The model allows more, for functions on managed instances.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const LONGEST_TIMEOUT_SECONDS: i32 = 900;

/// Ephemeral storage of a function that names none, in MB; also the least.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_EphemeralStorage.html>
pub const LEAST_STORAGE_MB: i32 = 512;

/// The most ephemeral storage, in MB.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MOST_STORAGE_MB: i32 = 10_240;

/// The largest archive in a request, in bytes: 50 MiB, as CreateFunction's refusal counts.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const LARGEST_ARCHIVE: usize = 52_428_800;

/// The most bytes of an unpacked archive and its layers: 250 MiB, as CreateFunction's refusal counts.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const LARGEST_UNPACKED: u64 = 262_144_000;

/// The most bytes of all environment variables, as JSON: 4 KB.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const LARGEST_ENVIRONMENT: usize = 4_096;

/// The largest resource policy of a function, a version or an alias, in bytes: 20 KB.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const LARGEST_POLICY: usize = 20_480;

/// Layers of a function.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MOST_LAYERS: usize = 5;

/// The longest name of a function, in characters.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
pub const LONGEST_NAME: usize = 64;

/// The longest ARN that the API takes for a name, in characters.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
pub const LONGEST_NAME_OR_ARN: usize = 140;

/// The longest name of an alias, in characters.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>
pub const LONGEST_ALIAS: usize = 128;

/// The longest id of a statement in a resource policy, in characters.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>
pub const LONGEST_STATEMENT_ID: usize = 100;

/// The longest handler, in characters.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
pub const LONGEST_HANDLER: usize = 128;

/// The longest description of a function, a version or an alias, in characters.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
pub const LONGEST_DESCRIPTION: usize = 256;

/// Subnets of a function.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html>
pub const MOST_SUBNETS: usize = 16;

/// Security groups of a function.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html>
pub const MOST_SECURITY_GROUPS: usize = 5;

/// The largest request and response of a synchronous invocation, in bytes: 6 MB, and what the service adds to a response
/// (6,291,556 in the error that it returns).
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const LARGEST_PAYLOAD: usize = 6_291_456;

/// The largest request of an asynchronous invocation, in bytes: 1 MB.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const LARGEST_EVENT: usize = 1_048_576;

/// Concurrent executions of an account in a Region. A quota.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MOST_CONCURRENT: i32 = 1_000;

/// Concurrent executions that reservations must leave to functions without one.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
pub const LEAST_UNRESERVED: i32 = 100;

/// Rows on a page of a list, at most and when the call says nothing.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>
pub const ROWS_PER_PAGE: usize = 50;

/// The most bytes of all archives of an account in a Region: 75 GB. A quota.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MOST_CODE: u64 = 80_530_636_800;

/// The largest request of CreateFunction and UpdateFunctionCode, in bytes, as CreateFunction's refusal counts: the largest archive in
/// base64.
///
/// Source: AWS publishes none
pub const LARGEST_CODE_REQUEST: usize = 70_167_211;

/// What the name of an environment variable looks like.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html>
pub const VARIABLE_NAME: &str = "^[a-zA-Z]([a-zA-Z0-9_])+$";

/// Environment variables that the service sets, and that no configuration may.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
pub const RESERVED_VARIABLES: [&str; 18] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];
