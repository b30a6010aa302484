//! Amazon Cognito user pools.

/// User pools of an account in a Region. A quota.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_USER_POOLS: usize = 1_000;

/// App clients of a pool. A quota.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_APP_CLIENTS: usize = 1_000;

/// Secrets of an app client.
///
/// Source: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddUserPoolClientSecret.html>
pub const MOST_CLIENT_SECRETS: usize = 2;

/// Resource servers of a pool. A quota.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_RESOURCE_SERVERS: usize = 25;

/// To how many the quota [`MOST_RESOURCE_SERVERS`] can be raised.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_RESOURCE_SERVERS_RAISED: usize = 300;

/// Scopes of a resource server.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_SCOPES_PER_RESOURCE_SERVER: usize = 100;

/// Scopes of an app client.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_SCOPES_PER_APP_CLIENT: usize = 50;

/// Callback URLs of an app client, and as many logout URLs.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_CALLBACK_URLS: usize = 100;

/// Identity providers of a pool. A quota.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_IDENTITY_PROVIDERS: usize = 300;

/// Groups of a pool.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_GROUPS: usize = 10_000;

/// Custom attributes of a pool.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_CUSTOM_ATTRIBUTES: usize = 50;

/// Custom domains of an account in a Region.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_CUSTOM_DOMAINS: usize = 4;

/// Managed login branding styles of a pool.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const MOST_BRANDINGS: usize = 20;

/// How long access and ID tokens are valid when the app client does not say, in seconds.
///
/// Source: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html>
pub const TOKEN_LIFETIME_SECONDS: u64 = 3_600;

/// The shortest and the longest time that access and ID tokens are valid, in seconds.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const ACCESS_TOKEN_SECONDS: (u64, u64) = (5 * 60, 86_400);

/// The shortest and the longest time that refresh tokens are valid, in seconds.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>
pub const REFRESH_TOKEN_SECONDS: (u64, u64) = (3_600, 3_650 * 86_400);

/// Words that a domain's prefix must not contain.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html>
pub const RESERVED_IN_PREFIX: [&str; 3] = ["aws", "amazon", "cognito"];
