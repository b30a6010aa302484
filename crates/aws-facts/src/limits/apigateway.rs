//! Amazon API Gateway's REST APIs.

/// APIs of an account in a Region, by endpoint type.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_APIS: [(&str, usize); 3] = [("REGIONAL", 600), ("EDGE", 120), ("PRIVATE", 600)];

/// Resources of an API, `/` included. A quota.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_RESOURCES: usize = 300;

/// Stages of an API. A quota.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_STAGES: usize = 10;

/// Authorizers of an API. A quota.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_AUTHORIZERS: usize = 10;

/// API keys of an account in a Region.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_API_KEYS: usize = 10_000;

/// Usage plans of an account in a Region. A quota.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_USAGE_PLANS: usize = 300;

/// Throttles of methods on a stage of a usage plan. A quota.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_METHOD_THROTTLES: usize = 20;

/// Operations of one patch.
///
/// Source: AWS publishes none. It refuses larger ones ("Update size too large. Try updating stage in multiple UpdateStage operations", in
/// DianaIonita/serverless-api-gateway-caching#46), and that plug-in has sent at most so many since.
pub const MOST_PATCH_OPERATIONS: usize = 80;

/// The throttle of all calls of an account in a Region, and of a method whose settings name none: requests a second, and at once. A
/// quota.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
pub const ACCOUNT_THROTTLE: (f64, i32) = (10_000.0, 5_000);

/// The same in [`REGIONS_WITH_LOWER_THROTTLE`].
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
pub const LOWER_ACCOUNT_THROTTLE: (f64, i32) = (2_500.0, 1_250);

/// The Regions with a lower throttle.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
pub const REGIONS_WITH_LOWER_THROTTLE: [&str; 13] = [
    "af-south-1",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "mx-central-1",
];

/// The throttle of an account in this Region: requests a second, and at once.
pub fn account_throttle(region: &str) -> (f64, i32) {
    match REGIONS_WITH_LOWER_THROTTLE.contains(&region) {
        true => LOWER_ACCOUNT_THROTTLE,
        false => ACCOUNT_THROTTLE,
    }
}

/// Usage plans that a key may be on. A quota.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_USAGE_PLANS_PER_KEY: usize = 10;

/// VPC links of an account in a Region. A quota.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_VPC_LINKS: usize = 20;

/// Public custom domain names of an account in a Region. A quota.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_DOMAIN_NAMES: usize = 120;

/// API mappings of a domain name whose paths have several levels.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_MULTI_LEVEL_MAPPINGS: usize = 200;

/// The longest path of an API mapping, in characters.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html>
pub const LONGEST_BASE_PATH: usize = 300;

/// The longest resource policy, in characters. A quota.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const LONGEST_POLICY: usize = 8_192;

/// Variables of a stage.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const MOST_STAGE_VARIABLES: usize = 100;

/// The longest name of a stage variable, in characters.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const LONGEST_STAGE_VARIABLE_NAME: usize = 64;

/// The longest value of a stage variable, in characters.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const LONGEST_STAGE_VARIABLE: usize = 512;

/// The longest name of a stage, in characters.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html>
pub const LONGEST_STAGE_NAME: usize = 128;

/// The longest description of an API, a usage plan or a key, in characters.
///
/// Source: AWS publishes none; the console's forms take so many.
pub const LONGEST_DESCRIPTION: usize = 1_024;

/// The largest format of access logs, in bytes.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const LARGEST_LOG_FORMAT: usize = 3 * 1_024;

/// The largest OpenAPI document of an import, in bytes.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html>, "6MB"
pub const LARGEST_DOCUMENT: u64 = 6 << 20;

/// The schemas of all models of an API together, in bytes. A quota.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const LARGEST_MODELS: usize = 400 * 1024;

/// The largest body of a request or an answer, in bytes.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const LARGEST_PAYLOAD: usize = 10 << 20;

/// The greatest size below which answers are left uncompressed, in bytes.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_CreateRestApi.html>
pub const LARGEST_COMPRESSION_SIZE: i64 = 10_485_760;

/// The shortest time-out of an integration, in milliseconds.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const SHORTEST_TIMEOUT_MILLIS: i64 = 50;

/// The time-out of an integration that says none, in milliseconds: also the longest one of an edge API, and a quota of others.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const TIMEOUT_MILLIS: i64 = 29_000;

/// The longest time-out of a Regional or private API, in milliseconds, when its quota is raised.
///
/// Source: AWS publishes none; terraform-provider-aws (`aws_api_gateway_integration`) and answers in AWS re:Post name 300,000.
pub const LONGEST_TIMEOUT_MILLIS: i64 = 300_000;

/// The longest time-out of a streamed answer of a Regional or private API, in milliseconds, when its quota is raised.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html>
pub const LONGEST_STREAMED_TIMEOUT_MILLIS: i64 = 900_000;

/// How long an authorizer's result is kept when nothing is said, in seconds.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html>
pub const AUTHORIZER_TTL_SECONDS: i64 = 300;

/// How long an authorizer's result may be kept, in seconds.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html>
pub const LONGEST_AUTHORIZER_TTL_SECONDS: i64 = 3_600;

/// How long an answer may stay in a stage's cache, in seconds.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const LONGEST_CACHE_TTL_SECONDS: i64 = 3_600;

/// The shortest value of an API key, in characters.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-key-file-format.html>
pub const SHORTEST_KEY_VALUE: usize = 20;

/// The longest value of an API key, in characters.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-key-file-format.html>
pub const LONGEST_KEY_VALUE: usize = 128;

/// The longest name of an API key, in characters.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-key-file-format.html>
pub const LONGEST_KEY_NAME: usize = 1_024;

/// The longest description of an API key, in characters.
///
/// Source: AWS publishes none; observed.
pub const LONGEST_KEY_DESCRIPTION: usize = 125_000;

/// Rows on a page of a list when the call does not say.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_GetRestApis.html>
pub const ROWS_PER_PAGE: usize = 25;

/// The most rows on a page of a list. AWS accepts a larger limit and returns no more.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_GetRestApis.html>
pub const MOST_ROWS_PER_PAGE: usize = 500;
