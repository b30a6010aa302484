//! The default backend.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use tokio::net::TcpListener;

/// Answers every request at this listener with 200 and a text until `shutdown` is done, and sets `answered`. It allows all origins,
/// like a backend of an API for browsers.
///
/// # Errors
/// When the listener fails.
pub async fn stand_in(
    listener: TcpListener,
    answered: Arc<AtomicBool>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let answer = move || {
        answered.store(true, Ordering::Relaxed);
        std::future::ready(([(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], "a stand-in\n"))
    };
    axum::serve(listener, Router::new().fallback(answer))
        .with_graceful_shutdown(shutdown)
        .await
}
