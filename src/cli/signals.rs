//! Ctrl-C, SIGTERM, and a terminal that is closed.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::engine::{Stop, Stops, runtime};
use crate::error::{Error, Fault};
use crate::render;

pub(super) struct Signals {
    streams: Streams,
    _heard: Heard,
}

/// The number of [`Signals`], each of which handles signals itself.
static LISTENERS: AtomicUsize = AtomicUsize::new(0);

struct Heard;

impl Heard {
    fn new() -> Self {
        LISTENERS.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        LISTENERS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Ends the process at Ctrl-C and SIGTERM like the default action, but removes spinners first. If a [`Signals`] listens, that
/// decides.
pub(super) fn end_with_a_clean_terminal() {
    let listen = || {
        let Ok(runtime) = runtime(false) else {
            return;
        };
        runtime.block_on(async {
            let Ok(mut streams) = Streams::open() else {
                return;
            };
            loop {
                let stop = streams.next().await;
                if LISTENERS.load(Ordering::SeqCst) == 0 {
                    render::waiting::clear();
                    std::process::exit(stop.exit().code().into());
                }
            }
        });
    };
    // Without a thread the default action ends the process, and spinners stay on the terminal.
    let _ = std::thread::Builder::new()
        .name("signals".into())
        .spawn(listen);
}

/// The signals that end a process. A closed terminal sends SIGHUP, which also ends it.
struct Streams {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Streams {
    fn open() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupted,
            _ = self.terminate.recv() => Stop::Terminated,
            _ = self.hangup.recv() => Stop::Terminated,
        }
    }
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// The handler can't be installed.
    pub(super) fn listen() -> Result<Self, Error> {
        Ok(Self {
            streams: Streams::open()
                .context("can't listen for signals")
                .map_err(Fault::io)?,
            _heard: Heard::new(),
        })
    }

    /// Listens until the process ends. Ctrl-C at a question is the question's answer, whose error is printed after the command; it
    /// stops no write half way.
    pub(super) fn until_the_end(self) {
        std::mem::forget(self);
    }
}

impl Stops for Signals {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Stop> + '_>> {
        Box::pin(self.streams.next())
    }
}
