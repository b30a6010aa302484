//! Changes of base paths with several levels, which API Gateway's V1 API refuses. V2 calls a base path mapping an API mapping.
//!
//! "To create API mappings with multiple levels, you must use apigatewayv2": API Gateway developer guide, "Use API mappings to connect
//! API stages to a custom domain name for REST APIs". Evidence that V1 lists them with the others, so that nothing else has to be
//! read of V2 than the id for a change: crates/aws-local/src/apigateway/base_path_mappings.rs.

use super::Props;
use crate::aws::{AwsError, Operation, Writer};
use crate::kinds::gone_is_success;

/// Whether a base path needs V2.
pub(super) fn is_needed(base_path: &str) -> bool {
    base_path.contains('/')
}

pub(super) async fn create(
    writer: &Writer,
    domain: &str,
    api: &str,
    want: &Props,
) -> Result<(), AwsError> {
    let created = writer.patiently(async || {
        let request = writer
            .apigatewayv2()
            .create_api_mapping()
            .domain_name(domain)
            .api_mapping_key(&want.base_path)
            .api_id(api)
            .stage(&want.stage);
        let operation = Operation::apigateway("CreateApiMapping");
        writer.call(operation, request.send()).await
    });
    created.await.map(drop)
}

/// Changes the mapping of a base path to the wanted one.
pub(super) async fn update(
    writer: &Writer,
    domain: &str,
    api: &str,
    base_path: &str,
    want: &Props,
) -> Result<(), AwsError> {
    let id = writer.api_mapping_id(domain, api, base_path).await?;
    let id = id.ok_or_else(|| {
        let message = format!("the base path {base_path} of {domain} was deleted meanwhile");
        AwsError::gave_up("UpdateApiMapping", message)
    })?;
    let request = writer
        .apigatewayv2()
        .update_api_mapping()
        .domain_name(domain)
        .api_mapping_id(id)
        .api_mapping_key(&want.base_path)
        .api_id(api)
        .stage(&want.stage);
    let operation = Operation::apigateway("UpdateApiMapping");
    writer.call(operation, request.send()).await.map(drop)
}

pub(super) async fn delete(
    writer: &Writer,
    domain: &str,
    api: &str,
    base_path: &str,
) -> Result<(), AwsError> {
    let Some(id) = writer.api_mapping_id(domain, api, base_path).await? else {
        return Ok(());
    };
    let request = writer
        .apigatewayv2()
        .delete_api_mapping()
        .domain_name(domain)
        .api_mapping_id(id);
    let operation = Operation::apigateway("DeleteApiMapping");
    gone_is_success(writer.call(operation, request.send()).await)
}
