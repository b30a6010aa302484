//! OpenAPI documents: import into a new or an existing API, and export of what a stage serves.
//!
//! An import reads the document member by member, as AWS's importer knows only a part of OpenAPI, and makes each noun with the function
//! that the noun's own operation uses. What a noun refuses is an error of the import, and any error discards the whole. Where
//! AWS's answer is not known, an import answers 501 and names what it has found.

mod document;
mod export;
mod findings;
mod import;
mod integrations;
mod models;
mod operations;
mod paths;
mod security;
mod settings;
#[cfg(test)]
mod tests;

use super::super::operation::Operation;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("ImportRestApi", import::import),
    Operation::change("PutRestApi", import::put),
    Operation::read("GetExport", export::export),
];

/// The integration of a method.
const INTEGRATION: &str = "x-amazon-apigateway-integration";
/// The request validators of an API, by name.
const VALIDATORS: &str = "x-amazon-apigateway-request-validators";
/// The name of the request validator of all methods, or of one.
const VALIDATOR: &str = "x-amazon-apigateway-request-validator";
/// The authorizer of a security scheme.
const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";
/// The kind of authorizer of a security scheme.
const AUTHTYPE: &str = "x-amazon-apigateway-authtype";
/// Where API keys come from.
const API_KEY_SOURCE: &str = "x-amazon-apigateway-api-key-source";
const BINARY_MEDIA_TYPES: &str = "x-amazon-apigateway-binary-media-types";
const MINIMUM_COMPRESSION_SIZE: &str = "x-amazon-apigateway-minimum-compression-size";
const POLICY: &str = "x-amazon-apigateway-policy";
const ENDPOINT_CONFIGURATION: &str = "x-amazon-apigateway-endpoint-configuration";
const GATEWAY_RESPONSES: &str = "x-amazon-apigateway-gateway-responses";
const SECURITY_POLICY: &str = "x-amazon-apigateway-security-policy";
const ENDPOINT_ACCESS_MODE: &str = "x-amazon-apigateway-endpoint-access-mode";
