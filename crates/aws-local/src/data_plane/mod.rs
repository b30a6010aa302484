//! AWS at run time, from the control plane's state: Cognito's domains and keys, deployed stages, custom domains.
//!
//! A request is routed by AWS's host name, or without DNS by a path:
//!
//! ```text
//! {api}.execute-api.{region}.amazonaws.com/{stage}/…       /_aws/execute-api/{api}/{stage}/…
//! {prefix}.auth.{region}.amazoncognito.com/oauth2/token    /_aws/cognito/{prefix or own domain}/oauth2/token
//! cognito-idp.{region}.amazonaws.com/{pool}/.well-known/…  /_aws/cognito-idp/{pool}/.well-known/…
//! an own domain of the API or the pool                     /_aws/domain/{name}/…
//! ```
//!
//! Any other host name is refused, so that no web page reaches this by a name of its own, unless it is the server's: `localhost`,
//! a loopback address, or the host of its listener. All other requests are for the control plane, which refuses those of web
//! pages.
//!
//! A user pool's documents are also at `/{pool}/.well-known/…` of any host name without another owner, since a custom endpoint
//! has AWS's paths. A stage serves its deployment's snapshot, never the edits after it.

mod addresses;
mod browsers;
mod hosts;
mod oauth;
pub(crate) mod spelling;
mod stage;
#[cfg(test)]
mod tests;
mod tokens;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::addresses::Address;
use self::hosts::Authority;
use self::stage::{Arrived, To};
use super::functions::FunctionWatcher;
use super::lambda;
use super::operation::Refusal;
use super::service::{self, Service};
use super::state::{Region, State};

pub use self::hosts::OwnHosts;

/// The largest body of a request to the control plane but one with a function's code. API Gateway's import of an OpenAPI document takes
/// 6 MiB; nothing else takes more.
const LARGEST_CONTROL_BODY: usize = 8 << 20;

/// Both planes of the local AWS behind one function. Copies share it.
#[derive(Clone)]
pub struct DataPlane(Arc<Inner>);

struct Inner {
    service: Service,
    options: DataPlaneOptions,
    throttles: stage::Throttles,
    backends: stage::Backends,
}

/// The backends and the log of a data plane.
#[derive(Clone, Default)]
pub struct DataPlaneOptions {
    /// The local addresses of private targets, such as `127.0.0.1:9000` for `10.7.1.10:8080`.
    pub map: Vec<Mapping>,
    /// The address for every private target that is not in `map`.
    pub backend: Option<SocketAddr>,
    /// The address that is called instead of every backend on another machine. Left out, those are called themselves.
    pub public_backend: Option<SocketAddr>,
    /// Called with every request to the data plane.
    pub tell: Option<Watcher>,
    /// Called with every line of the log of a function that a request has run.
    pub functions: Option<FunctionWatcher>,
    /// Where it listens, if it does.
    pub own_hosts: OwnHosts,
}

/// Called with requests as they are answered.
pub type Watcher = Arc<dyn Fn(&Seen) + Send + Sync>;

/// A private target and its address on this machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mapping {
    /// The target's address in its network.
    pub target: SocketAddr,
    /// The address on this machine.
    pub answers: SocketAddr,
}

/// A request to the data plane and its outcome, without secrets.
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
    /// The app client of its token, if the token is valid.
    pub client: Option<String>,
    /// The id of its API key, if that exists.
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
        if let Some(url) = options.own_hosts.url() {
            service.functions().listens_at(&url);
        }
        Self(Arc::new(Inner {
            service,
            options,
            throttles: stage::Throttles::default(),
            backends: stage::Backends::default(),
        }))
    }

    /// The control plane.
    pub fn service(&self) -> &Service {
        &self.0.service
    }

    /// Answers one request to either plane. Its source address is the [`Peer`] among its extensions.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let inner = &*self.0;
        let asked = match Authority::of(&request) {
            Ok(None) if request.extensions().get::<Peer>().is_some() => {
                Err("the request has no header Host".to_owned())
            }
            asked => asked,
        };
        let asked = match asked {
            Ok(asked) => asked,
            Err(why) => return message(StatusCode::BAD_REQUEST, &why),
        };
        let host = asked.as_ref().map_or("", |asked| asked.host.as_str());
        let is_own = asked.is_none() || inner.options.own_hosts.include(host);
        if !is_own && !hosts::is_amazons(host) {
            let state = match inner.service.snapshot() {
                Ok(state) => state,
                Err(error) => return refused(&service::broken(&error)),
            };
            if owner(&state, host).is_none() {
                return message(StatusCode::FORBIDDEN, &foreign_host(host));
            }
        }
        let path = request.uri().path().to_owned();
        let Some(address) = Address::of(host, &path) else {
            return inner.control(request).await;
        };
        let state = match inner.service.snapshot() {
            Ok(state) => state,
            Err(error) => return refused(&service::broken(&error)),
        };
        let (answer, seen) = match address {
            Address::Api { id, region, rest } => {
                let region = region.or_else(|| {
                    region_of(&state, |region| region.apigateway.rest_apis.contains(id))
                });
                let to = To::Api {
                    api: id.to_owned(),
                    // Without a Region there is no API either; the stage answers that as API Gateway does.
                    region: region.unwrap_or_default().to_owned(),
                    rest: rest.to_owned(),
                };
                stage::answer(inner, &state, arrived(request, to)).await
            }
            Address::OwnDomain {
                name,
                rest,
                by_path,
            } => match owner(&state, name) {
                Some(Owner::Api { name, region }) => {
                    let rest = rest.to_owned();
                    let to = To::OwnDomain { name, region, rest };
                    stage::answer(inner, &state, arrived(request, to)).await
                }
                Some(Owner::Pool { region }) => {
                    oauth::domain(inner, &state, (name, &region), rest, &request)
                }
                None if by_path => (no_domain(name), None),
                None => return inner.control(request).await,
            },
            Address::PoolDomain { name, region, rest } => {
                match region.or_else(|| region_of(&state, |region| region.cognito.has_domain(name)))
                {
                    Some(region) => oauth::domain(inner, &state, (name, region), rest, &request),
                    None => (no_domain(name), None),
                }
            }
            Address::PoolDocument { pool, name } => {
                (oauth::document(inner, &state, pool, name, &request), None)
            }
        };
        if let (Some(seen), Some(tell)) = (seen, &inner.options.tell) {
            tell(&seen);
        }
        answer
    }
}

impl Inner {
    /// Answers a request to the control plane.
    async fn control(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        if let Some(why) = browsers::refusal(request.headers()) {
            let text = format!(
                "the control plane of the local AWS refuses this request: {why}. Web pages may call the APIs and token endpoints below /_aws/ only"
            );
            return message(StatusCode::FORBIDDEN, &text);
        }
        let carries_code = lambda::carries_code(request.method(), request.uri().path());
        if request.body().len() > LARGEST_CONTROL_BODY && !carries_code {
            let text = format!("the body has more than {LARGEST_CONTROL_BODY} bytes");
            return message(StatusCode::PAYLOAD_TOO_LARGE, &text);
        }
        if let Some(watcher) = &self.options.functions {
            request.extensions_mut().insert(watcher.clone());
        }
        self.service.answer(request).await
    }
}

/// Why a host is refused.
fn foreign_host(host: &str) -> String {
    format!(
        "the local AWS does not answer for the host {host}, which a web page may have sent a browser to: call it as localhost, by the \
         address or name it listens at, by an AWS host name, or by a domain of an API or a user pool"
    )
}

/// Where a request came from, among its extensions. One without is from this machine.
#[derive(Clone, Copy, Debug)]
pub struct Peer(
    /// The address of the other end of its connection.
    pub IpAddr,
);

fn arrived(request: Request<Bytes>, to: To) -> Arrived {
    let peer = request.extensions().get::<Peer>();
    Arrived {
        source_ip: peer.map_or(Ipv4Addr::LOCALHOST.into(), |peer| peer.0),
        request,
        to,
    }
}

/// The first Region of which this holds.
fn region_of(state: &State, holds: impl Fn(&Region) -> bool) -> Option<&str> {
    let mut regions = state.regions.iter();
    regions
        .find(|(_, region)| holds(region))
        .map(|(name, _)| name)
}

/// The owner of a custom domain.
enum Owner {
    /// API Gateway's, under this name: the host's own, or a wildcard that covers it.
    Api { name: String, region: String },
    /// A user pool's.
    Pool { region: String },
}

/// The owner of this custom domain. A name without a dot is the prefix of a pool's domain.
fn owner(state: &State, host: &str) -> Option<Owner> {
    let (_, parent) = host.split_once('.')?;
    let wildcard = format!("*.{parent}");
    let of_api = [host, &wildcard].into_iter().find_map(|name| {
        let region = region_of(state, |region| {
            region.apigateway.domain_names.contains(name)
        })?;
        Some(Owner::Api {
            name: name.to_owned(),
            region: region.to_owned(),
        })
    });
    of_api.or_else(|| {
        let region = region_of(state, |region| region.cognito.has_domain(host))?;
        Some(Owner::Pool {
            region: region.to_owned(),
        })
    })
}

/// On AWS nothing would resolve this name.
fn no_domain(name: &str) -> Response<Bytes> {
    message(
        StatusCode::NOT_FOUND,
        &format!("the local AWS has no domain {name}"),
    )
}

/// Why the local AWS itself can't answer.
fn refused(refusal: &Refusal) -> Response<Bytes> {
    let status = StatusCode::from_u16(refusal.status);
    message(
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        &refusal.message,
    )
}

/// An answer of this status with one sentence.
fn message(status: StatusCode, text: &str) -> Response<Bytes> {
    let mut answer = json(&json!({"message": text}));
    *answer.status_mut() = status;
    answer
}

/// An answer of 200 with this body.
fn json(body: &Value) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(body.to_string()));
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}
