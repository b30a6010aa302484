//! Characters and lengths of names.

use crate::limits::apigateway::{
    LONGEST_KEY_NAME, LONGEST_STAGE_NAME, LONGEST_STAGE_VARIABLE, LONGEST_STAGE_VARIABLE_NAME,
};
use crate::limits::elbv2::LONGEST_NAME;
use crate::limits::lambda::LONGEST_ALIAS;
use crate::limits::tags::{LONGEST_TAG_KEY, LONGEST_TAG_VALUE};

/// What one kind of name may be.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    /// A class of a regular expression that matches each character. Java's `\w` and `\s`, which AWS's models mean, are ASCII.
    pub characters: &'static str,
    /// The fewest characters.
    pub least: usize,
    /// The most characters.
    pub most: usize,
}

/// What Cognito takes in the names of pools, clients and resource servers: `[\w\s+=,.@-]` in the service model.
const COGNITO_TEXT: &str = r"[A-Za-z0-9_ \t\n\x0b\f\r+=,.@-]";

/// A user pool's name.
///
/// Source: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html>
pub const USER_POOL: Name = Name {
    characters: COGNITO_TEXT,
    least: 1,
    most: 128,
};

/// An app client's name.
///
/// Source: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html>
pub const APP_CLIENT: Name = Name {
    characters: COGNITO_TEXT,
    least: 1,
    most: 128,
};

/// A resource server's display name.
///
/// Source: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateResourceServer.html>
pub const RESOURCE_SERVER: Name = Name {
    characters: COGNITO_TEXT,
    least: 1,
    most: 256,
};

/// A resource server's identifier.
///
/// Source: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateResourceServer.html>
pub const IDENTIFIER: Name = Name {
    characters: r"[\x21\x23-\x5B\x5D-\x7E]",
    least: 1,
    most: 256,
};

/// A scope's name below its resource server.
///
/// Source: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResourceServerScopeType.html>
pub const SCOPE: Name = Name {
    characters: r"[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]",
    least: 1,
    most: 256,
};

/// A scope's description. Cognito documents its length only.
///
/// Source: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResourceServerScopeType.html>
pub const SCOPE_DESCRIPTION: Name = Name {
    characters: r"[^\p{Cc}]",
    least: 1,
    most: 256,
};

/// An API's, an authorizer's or a usage plan's name. The length is the console's.
///
/// Source: AWS publishes none.
pub const API_GATEWAY: Name = Name {
    characters: r"[^\p{Cc}]",
    least: 1,
    most: 255,
};

/// An API key's name.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-key-file-format.html>
pub const API_KEY: Name = Name {
    characters: r"[^\p{Cc}]",
    least: 1,
    most: LONGEST_KEY_NAME,
};

/// A stage's name: "alphanumeric characters, hyphens, and underscores".
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html>
pub const STAGE: Name = Name {
    characters: r"[A-Za-z0-9_-]",
    least: 1,
    most: LONGEST_STAGE_NAME,
};

/// A stage variable's name: "alphanumeric and underscore characters".
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html>
pub const STAGE_VARIABLE: Name = Name {
    characters: r"[A-Za-z0-9_]",
    least: 1,
    most: LONGEST_STAGE_VARIABLE_NAME,
};

/// A stage variable's value.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html>
pub const STAGE_VARIABLE_VALUE: Name = Name {
    characters: r"[A-Za-z0-9-._~:/?#&=,]",
    least: 1,
    most: LONGEST_STAGE_VARIABLE,
};

/// The name of an HTTP header: a token of RFC 9110 without `'`, which ends the static values that API Gateway maps. The length is ours.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html>
pub const HEADER: Name = Name {
    characters: r"[A-Za-z0-9!#$%&*+.^_`|~-]",
    least: 1,
    most: 256,
};

/// A load balancer's or target group's name.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html>
pub const LOAD_BALANCER: Name = Name {
    characters: r"[A-Za-z0-9-]",
    least: 1,
    most: LONGEST_NAME,
};

/// A function's name.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
pub const FUNCTION: Name = Name {
    characters: r"[a-zA-Z0-9-_]",
    least: 1,
    most: 64,
};

/// The name of an alias of a function. One of digits only is a version.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>
pub const FUNCTION_ALIAS: Name = Name {
    characters: r"[a-zA-Z0-9-_]",
    least: 1,
    most: LONGEST_ALIAS,
};

/// A log group's name.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>
pub const LOG_GROUP: Name = Name {
    characters: r"[\.\-_/#A-Za-z0-9]",
    least: 1,
    most: 512,
};

/// A tag's key.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Tag.html>
pub const TAG_KEY: Name = Name {
    characters: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]",
    least: 1,
    most: LONGEST_TAG_KEY,
};

/// A tag's value.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Tag.html>
pub const TAG_VALUE: Name = Name {
    characters: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]",
    least: 0,
    most: LONGEST_TAG_VALUE,
};
