use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, header};
use reqwest::redirect;
use url::Url;

/// API Gateway times out after 29 seconds by default, and five minutes at most; Cognito long before.
const LONGEST: Duration = Duration::from_secs(305);

const CONNECTING: Duration = Duration::from_secs(10);

/// A server in this process.
pub type InProcess =
    Arc<dyn Fn(Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> + Send + Sync>;

/// HTTP to a stack's URLs: its invoke URL, its token endpoint, its custom domains.
#[derive(Clone)]
pub struct Transport(Way);

#[derive(Clone)]
enum Way {
    /// By DNS.
    Internet(reqwest::Client),
    /// All to one URL, with AWS's host name in `Host`.
    Endpoint(reqwest::Client, Url),
    /// Without a network.
    InProcess(InProcess),
}

/// Why a request got no response.
#[derive(Debug, thiserror::Error)]
#[error("no answer from {host}")]
pub struct TransportError {
    /// The URL.
    pub host: String,
    /// What happened.
    #[source]
    pub source: reqwest::Error,
}

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match &self.0 {
            Way::Internet(_) => "Internet",
            Way::Endpoint(..) => "Endpoint",
            Way::InProcess(_) => "InProcess",
        })
    }
}

impl Transport {
    /// Over the internet.
    ///
    /// # Errors
    /// The system can't verify certificates.
    pub fn internet() -> Result<Self, reqwest::Error> {
        Ok(Self(Way::Internet(client()?)))
    }

    /// To this URL whatever a request's host, as with `--endpoint-url`.
    ///
    /// # Errors
    /// The system can't verify certificates.
    pub fn endpoint(url: Url) -> Result<Self, reqwest::Error> {
        Ok(Self(Way::Endpoint(client()?, url)))
    }

    /// To a server in this process.
    pub fn in_process(answer: InProcess) -> Self {
        Self(Way::InProcess(answer))
    }

    /// Sends a request with an absolute URI, and reads the whole response. Redirects are not followed.
    ///
    /// # Errors
    /// There is no response. An HTTP error is one.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let (client, request) = match &self.0 {
            Way::InProcess(answer) => {
                // The headers that an HTTP client adds.
                let mut request = request;
                if let Ok(value) = host.parse() {
                    request.headers_mut().insert(header::HOST, value);
                }
                return Ok(answer(request).await);
            }
            Way::Internet(client) => (client, request),
            Way::Endpoint(client, url) => (client, redirected(request, url)),
        };
        let failed = |source: reqwest::Error| TransportError {
            host: host.clone(),
            // URLs contain what the caller requests.
            source: source.without_url(),
        };
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let answer = client.execute(request).await.map_err(failed)?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        *response.body_mut() = answer.bytes().await.map_err(failed)?;
        Ok(response)
    }
}

/// The same request to another server, with the original `Host`.
fn redirected(mut request: Request<Bytes>, to: &Url) -> Request<Bytes> {
    let host = request.uri().authority().map(|host| host.as_str().parse());
    if let Some(Ok(host)) = host {
        request.headers_mut().insert(header::HOST, host);
    }
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let moved = format!("{}{path}", to.as_str().trim_end_matches('/'));
    if let Ok(uri) = moved.parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// An error with everything below it.
pub(crate) fn in_full(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        said.push_str(&format!(": {error}"));
        next = error.source();
    }
    said
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECTING)
        .timeout(LONGEST)
        .user_agent(concat!("gatestack/", env!("CARGO_PKG_VERSION")))
        .build()
}
