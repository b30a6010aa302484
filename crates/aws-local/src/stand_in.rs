//! What answers in place of a private backend when nobody named one.

use std::future::Future;
use std::io;

use axum::Router;
use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use tokio::net::TcpListener;

/// Answers every request at this listener with 200 and a word until `shutdown` is done. Pages of any origin may read it, as a
/// backend of an API that browsers call would let them.
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
