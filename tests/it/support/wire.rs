//! An HTTP client between the SDK and the local AWS that injects faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use super::world::World;

/// The fate of a request.
pub(crate) enum Fate {
    /// It arrives, and so does its answer.
    Arrives,
    /// It arrives after a while.
    Takes(Duration),
    /// It arrives and its answer is lost.
    Unanswered,
    /// It arrives and the connection breaks before the answer is there.
    Broken,
    /// It never leaves.
    Dies,
    /// It is not sent, and answered with this JSON, like a stale read.
    Told(String),
    /// AWS refuses it with this status, code and message.
    Refused(u16, &'static str, &'static str),
}

/// Decides a request's fate by its number, from 1, and its operation: by name, and of API Gateway and Route 53 as `VERB /path`.
type Decide = dyn Fn(u64, &str) -> Fate + Send + Sync;

/// An HTTP client between the SDK and AWS that injects faults.
#[derive(Clone)]
pub(crate) struct Wire {
    inner: SharedHttpClient,
    sent: Arc<AtomicU64>,
    decide: Arc<Decide>,
}

impl Wire {
    pub(crate) fn to(
        world: &World,
        decide: impl Fn(u64, &str) -> Fate + Send + Sync + 'static,
    ) -> SharedHttpClient {
        let inner = world.line();
        SharedHttpClient::new(Self {
            inner,
            sent: Arc::default(),
            decide: Arc::new(decide),
        })
    }

    /// One that dies after a number of requests: the last one still reaches AWS, its answer is lost.
    pub(crate) fn dying_after(requests: u64, world: &World) -> SharedHttpClient {
        Self::to(world, move |number, _| match number.cmp(&requests) {
            std::cmp::Ordering::Less => Fate::Arrives,
            std::cmp::Ordering::Equal => Fate::Unanswered,
            std::cmp::Ordering::Greater => Fate::Dies,
        })
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(WireConnector {
            inner,
            wire: self.clone(),
        })
    }
}

#[derive(Debug)]
struct WireConnector {
    inner: SharedHttpConnector,
    wire: Wire,
}

impl HttpConnector for WireConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let dead = || Err(ConnectorError::user("the process died".into()));
        let number = self.wire.sent.fetch_add(1, Ordering::SeqCst) + 1;
        let action = request.body().bytes().and_then(action);
        let operation = match request.headers().get("x-amz-target") {
            Some(target) => target.rsplit('.').next().unwrap_or_default().to_owned(),
            None if action.is_some() => action.unwrap_or_default(),
            None => format!(
                "{} {}",
                request.method(),
                request.uri().split(".com").last().unwrap_or_default()
            ),
        };
        match (self.wire.decide)(number, &operation) {
            Fate::Arrives => self.inner.call(request),
            Fate::Takes(time) => {
                let inner = self.inner.clone();
                HttpConnectorFuture::new(async move {
                    tokio::time::sleep(time).await;
                    inner.call(request).await
                })
            }
            Fate::Unanswered => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let _lost = answer.await;
                    dead()
                })
            }
            Fate::Broken => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let _lost = answer.await;
                    Err(ConnectorError::io("the connection broke".into()))
                })
            }
            Fate::Dies => HttpConnectorFuture::ready(dead()),
            Fate::Told(body) => {
                let answer = http::Response::new(SdkBody::from(body));
                HttpConnectorFuture::ready(Ok(answer.try_into().unwrap()))
            }
            Fate::Refused(status, code, message) => {
                let body = serde_json::json!({ "__type": code, "message": message }).to_string();
                let answer = http::Response::builder()
                    .status(status)
                    .header("x-amzn-errortype", code)
                    .header("x-amzn-requestid", "11111111-2222-3333-4444-555555555555")
                    .body(SdkBody::from(body))
                    .unwrap();
                HttpConnectorFuture::ready(Ok(answer.try_into().unwrap()))
            }
        }
    }
}

/// The operation that a form names, as EC2, Elastic Load Balancing and STS take it.
fn action(form: &[u8]) -> Option<String> {
    let mut members = form.split(|byte| *byte == b'&');
    let action = members.find_map(|member| member.strip_prefix(b"Action="))?;
    String::from_utf8(action.to_vec()).ok()
}
