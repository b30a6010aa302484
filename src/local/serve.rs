//! The local AWS over HTTP, for any AWS client that takes an endpoint URL.

use std::future::Future;
use std::io;

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::serve::ListenerExt as _;
use http::{Request, Response, StatusCode};
use tokio::net::TcpListener;

use super::data_plane::{DataPlane, Peer};

/// No call of these services has a greater body: API Gateway's OpenAPI documents end at 6 MiB, and what a stage takes at 10 MB.
const GREATEST_BODY: usize = 16 << 20;

/// Serves every path and method at this listener until `shutdown` is done, then finishes what is under way.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    plane: DataPlane,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new().fallback(answer).with_state(plane);
    // An answer that waits for the other end's acknowledgement of its head is 40 ms late.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let with_peers = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, with_peers)
        .with_graceful_shutdown(shutdown)
        .await
}

async fn answer(
    State(plane): State<DataPlane>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(Peer(peer.ip()));
    match to_bytes(body, GREATEST_BODY).await {
        Ok(body) => plane
            .answer(Request::from_parts(parts, body))
            .await
            .map(Body::from),
        Err(_) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::oneshot;

    use super::super::{DataPlaneOptions, Options, Service};
    use super::*;

    #[tokio::test]
    async fn any_path_is_served_until_shutdown() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let service = Service::in_memory(Options::default());
        let plane = DataPlane::new(service, DataPlaneOptions::default());
        let served = tokio::spawn(serve(plane, listener, async {
            let _ = stopped.await;
        }));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /any/path HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(
            answer.contains("MissingAuthenticationTokenException"),
            "{answer}"
        );
        stop.send(()).unwrap();
        served.await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
