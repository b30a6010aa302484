//! The default backend of private targets.

use std::future::Future;
use std::io;

use axum::Router;
use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use tokio::net::TcpListener;

/// Answers every request at this listener with 200 and a text until `shutdown` is done. It allows all origins, like a backend of
/// an API for browsers.
///
/// # Errors
/// When the listener fails.
pub async fn stand_in(
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let answer = || async { ([(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], "a stand-in\n") };
    axum::serve(listener, Router::new().fallback(answer))
        .with_graceful_shutdown(shutdown)
        .await
}
