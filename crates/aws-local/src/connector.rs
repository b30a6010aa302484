//! An HTTP client for the AWS SDK that calls a [`Service`] in the same process, without sockets.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::HttpError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use super::service::Service;

/// An HTTP client for the SDK's configuration that passes every request, whatever its host, to this service.
pub fn connector(service: Service) -> SharedHttpClient {
    SharedHttpClient::new(InProcess(service))
}

#[derive(Clone, Debug)]
struct InProcess(Service);

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let service = self.0.clone();
        HttpConnectorFuture::new(answer(service, request))
    }
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

async fn answer(service: Service, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    // Streams are for uploads, which none of these services has.
    let body = body.bytes().map(Bytes::copy_from_slice);
    let body = body
        .ok_or_else(|| ConnectorError::user("a streamed body can't be called in process".into()))?;
    let request = http::Request::from_parts(parts, body);
    let response = service.answer(request).await.map(SdkBody::from);
    response
        .try_into()
        .map_err(|error: HttpError| ConnectorError::other(error.into(), None))
}
