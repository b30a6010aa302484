//! The HTTP client for back ends, with one connection pool for the whole data plane.

use std::error::Error as _;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use ::http::Response;
use aws_facts::limits::apigateway::LARGEST_PAYLOAD;
use bytes::{Bytes, BytesMut};
use reqwest::redirect;

use super::super::exchange::Refused;
use super::super::refusals::{configuration, timed_out, unreachable};

/// Connections to back ends, and the round-robin state of targets.
#[derive(Default)]
pub(in super::super::super) struct Backends {
    /// Over the internet, by way of the system's proxy if it has one.
    public: OnceLock<Option<reqwest::Client>>,
    /// On this machine and in private networks, never by a proxy.
    private: OnceLock<Option<reqwest::Client>>,
    /// Counts the connections through load balancers.
    pub(in super::super) turn: AtomicUsize,
}

/// Where a back end is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Network {
    Public,
    Private,
}

impl Backends {
    fn client(&self, network: Network) -> Result<&reqwest::Client, Refused> {
        let (client, builder) = match network {
            Network::Public => (&self.public, reqwest::Client::builder()),
            Network::Private => (&self.private, reqwest::Client::builder().no_proxy()),
        };
        client
            .get_or_init(|| {
                builder
                    .redirect(redirect::Policy::none())
                    // API Gateway speaks HTTP/1.1 to back ends whatever its caller speaks.
                    .http1_only()
                    .build()
                    .ok()
            })
            .as_ref()
            .ok_or_else(|| configuration("the system has no way to check certificates"))
    }

    /// Sends a request, and reads the whole response.
    pub(super) async fn send(
        &self,
        network: Network,
        request: reqwest::Request,
        timeout_in_milliseconds: u64,
    ) -> Result<Response<Bytes>, Refused> {
        let client = self.client(network)?;
        let host = match (
            request.url().host_str(),
            request.url().port_or_known_default(),
        ) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            _ => String::new(),
        };
        let exchange = async {
            let answer = client
                .execute(request)
                .await
                .map_err(|error| refused(&error, &host))?;
            taken(answer, &host).await
        };
        let timeout = Duration::from_millis(timeout_in_milliseconds);
        tokio::time::timeout(timeout, exchange)
            .await
            .unwrap_or_else(|_| Err(timed_out(timeout_in_milliseconds)))
    }
}

async fn taken(mut answer: reqwest::Response, host: &str) -> Result<Response<Bytes>, Refused> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = answer.status();
    std::mem::swap(response.headers_mut(), answer.headers_mut());
    let mut body = Chunks::default();
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|error| refused(&error, host))?
    {
        body.push(chunk);
        if body.length() > LARGEST_PAYLOAD {
            return Err(configuration(format!(
                "the answer of {host} is larger than the {LARGEST_PAYLOAD} bytes that API Gateway passes"
            )));
        }
    }
    *response.body_mut() = body.whole();
    Ok(response)
}

/// A body as it comes. One that comes in one piece is not copied.
#[derive(Default)]
struct Chunks {
    first: Bytes,
    more: BytesMut,
}

impl Chunks {
    fn push(&mut self, chunk: Bytes) {
        if self.length() == 0 {
            self.first = chunk;
            return;
        }
        if self.more.is_empty() {
            self.more
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.more.extend_from_slice(&chunk);
    }

    fn length(&self) -> usize {
        self.first.len() + self.more.len()
    }

    fn whole(self) -> Bytes {
        if self.more.is_empty() {
            self.first
        } else {
            self.more.freeze()
        }
    }
}

/// Why a back end didn't respond: 504 if the network failed, 500 if the host is unknown or its certificate invalid, which API
/// Gateway counts as a configuration error.
fn refused(error: &reqwest::Error, host: &str) -> Refused {
    if !error.is_connect() {
        return unreachable(format!("{host} broke off"));
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        let kind = inner.downcast_ref::<io::Error>().map(io::Error::kind);
        match kind {
            Some(io::ErrorKind::ConnectionRefused) => {
                return unreachable(format!("nothing listens at {host}"));
            }
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::TimedOut
                | io::ErrorKind::UnexpectedEof,
            ) => return unreachable(format!("{host} can't be reached")),
            _ => cause = inner.source(),
        }
    }
    configuration(format!("{host} can't be resolved or trusted"))
}
