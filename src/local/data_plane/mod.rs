//! What AWS does at run time, from what the control plane holds: Cognito's domains and keys, deployed stages, own domains.
//!
//! A request is known by the host name AWS would have it come to, or without DNS by a path:
//!
//! ```text
//! {api}.execute-api.{region}.amazonaws.com/{stage}/…       /_aws/execute-api/{api}/{stage}/…
//! {prefix}.auth.{region}.amazoncognito.com/oauth2/token    /_aws/cognito/{prefix or own domain}/oauth2/token
//! cognito-idp.{region}.amazonaws.com/{pool}/.well-known/…  /_aws/cognito-idp/{pool}/.well-known/…
//! an own domain of the API or the pool                     /_aws/domain/{name}/…
//! ```
//!
//! Everything else is the control plane's. A stage serves its deployment's snapshot, never the edits after it.

mod oauth;
mod stage;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;

use super::service::Service;

/// Both planes of the local AWS behind one function. Copies share it.
#[derive(Clone)]
pub struct DataPlane(Arc<Inner>);

struct Inner {
    service: Service,
    options: DataPlaneOptions,
    backends: stage::Backends,
}

/// What stands behind a local AWS, and who watches it.
#[derive(Clone, Default)]
pub struct DataPlaneOptions {
    /// Where private targets answer: `10.7.1.10:8080` at `127.0.0.1:9000`.
    pub map: Vec<Mapping>,
    /// Where every private target answers that `map` does not name.
    pub backend: Option<SocketAddr>,
    /// Who is told of every request to the data plane.
    pub tell: Option<Arc<dyn Fn(&Seen) + Send + Sync>>,
}

/// A private target and what answers for it here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mapping {
    /// The target's address in its network.
    pub target: SocketAddr,
    /// The address on this machine.
    pub answers: SocketAddr,
}

/// A request to the data plane and what became of it. No secret is in it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When it came.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// The path behind the stage, without the query.
    pub path: String,
    /// The route it matched, such as `GET /policies/{id}`.
    pub route: Option<String>,
    /// The app client of its token, once the token was found good.
    pub client: Option<String>,
    /// The id of its API key, once that was found.
    pub api_key: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// Why it was refused, in a sentence without a full stop; none when the integration answered.
    pub refused: Option<String>,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Debug for DataPlane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("DataPlane")
            .field(&self.0.service)
            .finish()
    }
}

impl DataPlane {
    /// A data plane over a control plane.
    pub fn new(service: Service, options: DataPlaneOptions) -> Self {
        Self(Arc::new(Inner {
            service,
            options,
            backends: stage::Backends::default(),
        }))
    }

    /// The control plane.
    pub fn service(&self) -> &Service {
        &self.0.service
    }

    /// Answers one request to either plane.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.0.service.call(request)
    }
}
