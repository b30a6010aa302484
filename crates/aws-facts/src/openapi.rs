//! What API Gateway reads of OpenAPI documents.

/// The member of a path that is an operation for any method.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-any-method.html>
pub const ANY_METHOD: &str = "x-amazon-apigateway-any-method";

/// The members of a path that are operations, and their methods. API Gateway has no `TRACE`.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_PutMethod.html>
pub const METHODS: [(&str, &str); 8] = [
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
    ("head", "HEAD"),
    ("patch", "PATCH"),
    (ANY_METHOD, "ANY"),
];
