//! The local AWS over HTTP, for any AWS client that takes an endpoint URL.
//!
//! Clients can't block connections: heads and bodies must arrive, and responses be read, within [`Limits`].

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_facts::limits::apigateway::LARGEST_PAYLOAD;
use aws_facts::limits::lambda::LARGEST_CODE_REQUEST;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, timeout_at};

use super::data_plane::spelling::Heads;
use super::data_plane::{DataPlane, Peer};
use super::lambda;

/// The limits for a client.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// How long a new or kept-alive connection may be without a request's whole head.
    head: Duration,
    /// How long a request's body may take.
    body: Duration,
    /// How long the client may read nothing of a response.
    answer: Duration,
    /// The most bytes of a request's head. API Gateway takes 10,240 of a request line and headers.
    head_size: usize,
    /// The most connections at once; others wait until one ends.
    connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            body: Duration::from_secs(60),
            answer: Duration::from_secs(30),
            head_size: 64 << 10,
            connections: 512,
        }
    }
}

/// How long to wait for what a failed accept needs, such as a file descriptor.
const BREATH: Duration = Duration::from_millis(100);

/// Serves every path and method at this listener until `shutdown` is done, then finishes running requests.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    plane: DataPlane,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_within(Limits::default(), plane, listener, shutdown).await
}

async fn serve_within(
    limits: Limits,
    plane: DataPlane,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    let slots = Arc::new(Semaphore::new(limits.connections));
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            let (stream, peer) = accept(&listener).await;
            (slot, stream, peer)
        };
        let (slot, stream, peer) = tokio::select! {
            next = next => next,
            () = &mut shutdown => break,
        };
        // With Nagle's algorithm, responses are delayed by 40 ms.
        let _ = stream.set_nodelay(true);
        let (plane, stopped) = (plane.clone(), stopped.clone());
        connections.spawn(async move {
            connection(limits, plane, stream, peer.ip(), stopped).await;
            drop(slot);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    drop(stop);
    while connections.join_next().await.is_some() {}
    Ok(())
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The connection is closed already, or the process has too many open files: neither ends the server.
            Err(_) => sleep(BREATH).await,
        }
    }
}

/// Answers the requests of one connection until either end closes it, or until `stopped` says that no more are taken.
async fn connection(
    limits: Limits,
    plane: DataPlane,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: IpAddr,
    mut stopped: watch::Receiver<()>,
) {
    let heads = Heads::default();
    let stream = Taking::new(stream, limits.answer, heads.clone());
    let stream = TokioIo::new(stream);
    let service = service_fn(move |request| {
        let (plane, heads) = (plane.clone(), heads.clone());
        async move { Ok::<_, Infallible>(answer(limits, plane, peer, heads, request).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_header_size(limits.head_size)
            .serve_connection(stream, service)
    );
    // Errors of a connection are not reported: a malformed head, a timeout, a network failure.
    tokio::select! {
        _ended = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ended = connection.await;
}

async fn answer(
    limits: Limits,
    plane: DataPlane,
    peer: IpAddr,
    heads: Heads,
    request: Request<Incoming>,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(Peer(peer));
    parts.extensions.insert(heads.take());
    let most = if lambda::carries_code(&parts.method, parts.uri.path()) {
        LARGEST_CODE_REQUEST
    } else {
        LARGEST_PAYLOAD + 1
    };
    let body = read(body, most, Instant::now() + limits.body).await;
    heads.next();
    match body {
        Ok(body) => plane
            .answer(Request::from_parts(parts, body))
            .await
            .map(Body::from),
        Err(status) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status;
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
            response
        }
    }
}

/// A body, or the status that refuses it. Of one that is too large it reads as much as is refused, for which each plane has its own
/// error.
async fn read(body: Incoming, most: usize, until: Instant) -> Result<Bytes, StatusCode> {
    if body.size_hint().lower() > most as u64 {
        return Ok(Bytes::from(vec![0; most]));
    }
    let mut chunks = Body::new(body).into_data_stream();
    let mut read = BytesMut::new();
    loop {
        match timeout_at(until, chunks.next()).await {
            Ok(Some(Ok(chunk))) => {
                read.extend_from_slice(&chunk[..chunk.len().min(most - read.len())]);
                if read.len() == most {
                    return Ok(read.freeze());
                }
            }
            Ok(Some(Err(_))) => return Err(StatusCode::BAD_REQUEST),
            Ok(None) => return Ok(read.freeze()),
            Err(_) => return Err(StatusCode::REQUEST_TIMEOUT),
        }
    }
}

/// A stream with a write timeout: writing fails if the other end reads nothing for that time. It shows the heads of requests.
struct Taking<S> {
    stream: S,
    heads: Heads,
    longest: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Taking<S> {
    fn new(stream: S, longest: Duration, heads: Heads) -> Self {
        Self {
            stream,
            heads,
            longest,
            waiting: None,
        }
    }

    fn within<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let longest = self.longest;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(longest)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Taking<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.heads.push(&buffer.filled()[before..]);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Taking<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.within(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.within(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.within(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.within(context, shut)
    }
}

#[cfg(test)]
mod tests;
