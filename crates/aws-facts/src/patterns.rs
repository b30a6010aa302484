//! Regular expressions of what AWS's names and ids are, from the first to the last character.

/// A Region's name.
///
/// Source: <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
pub const REGION: &str = "^[a-z]{2,4}(-[a-z]+)+-[1-9][0-9]?$";

/// An account's id.
///
/// Source: <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html>
pub const ACCOUNT: &str = "^[0-9]{12}$";

/// A hosted zone's id: at most 32 characters.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html>
pub const HOSTED_ZONE_ID: &str = "^Z[A-Z0-9]{1,31}$";

/// A host name with a dot in it, in lower case.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html>
pub const HOST: &str = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$";

/// A base path mapping's path: levels with slashes between them. [`crate::limits::apigateway::LONGEST_BASE_PATH`] is its length.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html>; that no level is empty, from aws-cdk,
/// `aws-apigateway/lib/base-path-mapping.ts`
pub const BASE_PATH: &str = r"^[A-Za-z0-9$_.+!*'()-]+(/[A-Za-z0-9$_.+!*'()-]+)*$";

/// An object in S3.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
pub const S3_OBJECT: &str = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S+$";

/// A media type without parameters, or a range of them.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html>, RFC 9110, section 12.5.1
pub const MEDIA_RANGE: &str = r"^(\*/\*|[A-Za-z0-9!#$&^_.+-]+/(\*|[A-Za-z0-9!#$&^_.+-]+))$";
