//! Reads of API Gateway's V2 API: the ids of API mappings.

use super::connection::Reader;
use super::error::AwsError;
use super::pace::Operation;

impl Reader {
    /// The id of the API mapping of a domain that maps this key to this API. Read each time: it is only needed to change the mapping.
    pub(crate) async fn api_mapping_id(
        &self,
        domain: &str,
        api: &str,
        key: &str,
    ) -> Result<Option<String>, AwsError> {
        let mut token = None;
        loop {
            let client = self.apigatewayv2_client();
            let request = client.get_api_mappings().domain_name(domain);
            let request = request.set_next_token(token).send();
            let operation = Operation::apigateway("GetApiMappings");
            let answer = match self.call(operation, request).await {
                Err(error) if error.is_not_found() => return Ok(None),
                answer => answer?,
            };
            let mut mappings = answer.items.unwrap_or_default().into_iter();
            let found = mappings.find(|mapping| {
                mapping.api_mapping_key().unwrap_or_default() == key
                    && mapping.api_id() == Some(api)
            });
            if let Some(found) = found {
                return Ok(found.api_mapping_id);
            }
            token = answer.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(None);
            }
        }
    }
}
