//! The SDK's log, for who asks for it.

use tracing_subscriber::EnvFilter;

/// Starts the log on the standard error when `-vv` or `GATESTACK_LOG` asks for it. The second stays the master: it is
/// the same filter language as `RUST_LOG`.
pub(crate) fn start_log(verbosity: u8, colour: bool) {
    // Never deeper than `debug` by a flag: the SDK's `trace` shows whole requests.
    const DEEPEST_BY_FLAG: &str = "warn,aws_config=info,aws_smithy_runtime=debug,hyper_util=info";
    let wish = std::env::var("GATESTACK_LOG")
        .ok()
        .filter(|wish| !wish.is_empty());
    let filter = match wish {
        Some(wish) => EnvFilter::new(wish),
        None if verbosity >= 2 => EnvFilter::new(DEEPEST_BY_FLAG),
        None => return,
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_writer(std::io::stderr);
    // A second log in one process happens in tests only, and the first one is as good.
    let _ = log.try_init();
}
