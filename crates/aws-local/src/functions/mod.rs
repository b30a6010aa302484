//! Functions that run: each invocation in a process of this machine, through the Lambda Runtime API.
//!
//! ```text
//! Invoke, a stage ─▶ Functions ─▶ an idle environment, or a new one: archive ─▶ folder ─▶ process
//!                        ▲                                                                 │ GET …/next, POST …/response
//!                        └──────────── outcome, lines of the log ◀──── Runtime API ◀───────┘
//! ```
//!
//! An environment is AWS's execution environment: one process with its own Runtime API, which has one invocation at a time and is kept
//! for the next one. [`Functions`] owns all of them, outside of the state, and copies of a state share it. Everything runs on a thread of
//! its own in real time, since tokio's time may be paused for the caller. When the owner is dropped, all processes end; when this process
//! is killed, a [guard](guard) ends them.
//!
//! Not as on AWS: the interpreter is the machine's, an asynchronous invocation that fails is not retried, layers are not there, and a
//! failed start is not tried again.

mod environment;
mod fleet;
mod guard;
mod log_access;
mod output;
mod program;
mod read_only;
mod report;
mod runtime_api;
mod session;
#[cfg(test)]
pub(crate) mod tests;
mod unpack;
mod variables;
mod version;

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::beside::Beside;
use fleet::{Fleet, Limits};

pub(crate) use log_access::LogAccess;
pub use session::Session;

pub(crate) use version::FunctionVersion;

/// Called with the lines that functions write.
#[derive(Clone)]
pub struct FunctionWatcher(Arc<dyn Fn(&FunctionLine) + Send + Sync>);

impl FunctionWatcher {
    /// One that calls this.
    pub fn new(told: impl Fn(&FunctionLine) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    fn tell(&self, line: &FunctionLine) {
        (self.0)(line);
    }
}

impl fmt::Debug for FunctionWatcher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("FunctionWatcher").finish()
    }
}

/// A line of a function's log.
#[derive(Clone, Debug)]
pub struct FunctionLine {
    /// When it was written.
    pub at: Timestamp,
    /// The function's name.
    pub function: String,
    /// The invocation's request id; none for what is written at the start of a process or after an invocation.
    pub request_id: Option<String>,
    /// Who wrote it.
    pub by: WrittenBy,
    /// The line, without its line feed.
    pub text: String,
}

/// Who wrote a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WrittenBy {
    /// The function, to its standard output or error.
    Function,
    /// Lambda: START, END, REPORT, and why an invocation ended.
    Lambda,
    /// The local AWS: what it does differently, or a hint.
    LocalAws,
}

/// One invocation.
#[derive(Clone)]
pub(crate) struct Invocation {
    pub(crate) version: FunctionVersion,
    /// Where the code is and the log goes.
    pub(crate) beside: Beside,
    pub(crate) request_id: String,
    /// A JSON document.
    pub(crate) payload: Bytes,
    /// The ARN that was called, with its qualifier if it had one.
    pub(crate) invoked_arn: String,
    pub(crate) trace_id: String,
    /// A JSON document.
    pub(crate) client_context: Option<String>,
    pub(crate) watcher: Option<FunctionWatcher>,
    /// Whether its log is kept, which the function's role decides.
    pub(crate) is_logged: bool,
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// What the function answered, or what Lambda says of its failure.
    pub(crate) payload: Bytes,
    /// Whether it failed: AWS's `FunctionError`, which is `Unhandled` for all of these.
    pub(crate) failed: bool,
    /// The version that ran.
    pub(crate) version: String,
    /// The last 4 KB of its log.
    pub(crate) tail: String,
}

/// Why an invocation didn't begin, or was given up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unable {
    /// As many run at once as may.
    Throttled,
    /// The caller's own limit is over. The function goes on.
    GivenUp,
    /// The local AWS does not have this.
    NotImplemented(String),
    /// The local AWS failed.
    Broken(String),
}

/// The owner of all processes that run functions. Copies share it.
#[derive(Clone, Default)]
pub(crate) struct Functions(Arc<Owner>);

#[derive(Default)]
struct Owner {
    /// Started by the first invocation.
    running: OnceLock<Result<Running, String>>,
    endpoint: Arc<Mutex<Option<String>>>,
    limits: Limits,
}

/// The thread on which everything runs.
struct Running {
    fleet: Arc<Fleet>,
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl fmt::Debug for Functions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Functions").finish_non_exhaustive()
    }
}

impl Functions {
    /// One that takes so much of the machine.
    #[cfg(test)]
    fn within(limits: Limits) -> Self {
        Self(Arc::new(Owner {
            limits,
            ..Owner::default()
        }))
    }

    /// The local AWS listens at this URL. Processes that start from now on get it.
    pub(crate) fn listens_at(&self, endpoint: &str) {
        *locked(&self.0.endpoint) = Some(endpoint.to_owned());
    }

    /// Runs a function, and waits for it for at most `patience`.
    pub(crate) async fn invoke(
        &self,
        invocation: Invocation,
        patience: Option<Duration>,
    ) -> Result<Outcome, Unable> {
        let running = self.running()?;
        let run = running.fleet.clone().run(invocation);
        let (reply, answer) = oneshot::channel();
        running.handle.spawn(async move {
            let mut run = pin!(run);
            let ended = match patience {
                None => run.await,
                Some(patience) => match tokio::time::timeout(patience, &mut run).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        let _ = reply.send(Err(Unable::GivenUp));
                        // The function goes on.
                        let _ = run.await;
                        return;
                    }
                },
            };
            // Nobody may wait any more.
            let _ = reply.send(ended);
        });
        let ended = answer.await;
        ended.unwrap_or_else(|_| Err(Unable::Broken("functions have ended".into())))
    }

    /// Runs a function, and waits for nothing.
    pub(crate) fn begin(&self, invocation: Invocation) -> Result<(), Unable> {
        let running = self.running()?;
        running.handle.spawn(running.fleet.clone().run(invocation));
        Ok(())
    }

    fn running(&self) -> Result<&Running, Unable> {
        let start = || Running::start(&self.0.endpoint, self.0.limits);
        let running = self.0.running.get_or_init(start);
        running
            .as_ref()
            .map_err(|error| Unable::Broken(error.clone()))
    }
}

impl Running {
    fn start(endpoint: &Arc<Mutex<Option<String>>>, limits: Limits) -> Result<Self, String> {
        let no_start = |error: std::io::Error| format!("functions can't run here: {error}");
        let fleet = Arc::new(Fleet::new(Arc::clone(endpoint), limits).map_err(no_start)?);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(no_start)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new()
            .name("functions".into())
            .spawn({
                let fleet = Arc::clone(&fleet);
                move || {
                    runtime.block_on(async {
                        // An error is the owner's end.
                        let _ = stopped.await;
                        fleet.end().await;
                    });
                }
            })
            .map_err(no_start)?;
        Ok(Self {
            fleet,
            handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            // A watcher may have held the last copy.
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
        self.fleet.close();
    }
}

/// A lock whose data is valid after a panic too.
fn locked<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
