//! The SDK's log, on request.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

/// Starts the log on stderr if `-vv` or `GATESTACK_LOG` is given. The second overrides the first, in the syntax of `RUST_LOG`.
/// What would show secrets is never logged.
pub(crate) fn start_log(verbosity: u8, colour: bool) {
    const DEEPEST_BY_FLAG: &str = "warn,aws_config=info,aws_smithy_runtime=debug,hyper_util=info";
    let wish = std::env::var("GATESTACK_LOG")
        .ok()
        .filter(|wish| !wish.is_empty());
    let filter = match wish {
        Some(wish) => EnvFilter::new(wish),
        None if verbosity >= 2 => EnvFilter::new(DEEPEST_BY_FLAG),
        None => return,
    };
    let lines = fmt::layer()
        .with_ansi(colour)
        .with_writer(std::io::stderr)
        .with_filter(filter);
    // A second log in one process happens in tests only; the first one stays.
    let _ = tracing_subscriber::registry()
        .with(filter_fn(shows_no_secret))
        .with(lines)
        .try_init();
}

/// The SDK's `trace`, and that of the HTTP libraries below it, shows whole requests and responses, with key values and client
/// secrets.
fn shows_no_secret(event: &Metadata<'_>) -> bool {
    *event.level() < Level::TRACE || event.target().starts_with(env!("CARGO_CRATE_NAME"))
}
