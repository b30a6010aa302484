//! An execution environment: one process with its Runtime API, its log stream, and one invocation at a time.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use super::guard::Guard;
use super::output::{self, Flush, Log, SharedLog};
use super::report::{self, Exit, Failure, Took};
use super::runtime_api::{Heard, Job, RuntimeApi};
use super::variables::{self, Places};
use super::{FunctionVersion, Invocation, Outcome, WrittenBy, locked, read_only};

/// How long a start may take before it is tried again within the invocation.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>
pub(super) const LONGEST_INIT: Duration = Duration::from_secs(10);

/// How often the memory of a process is looked at while it runs.
const WATCH: Duration = Duration::from_millis(20);

/// How long a process that was killed, or the rest of what one has written, is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is to run.
pub(super) struct Launch<'l> {
    pub(super) program: &'l Path,
    pub(super) arguments: Vec<&'l Path>,
    pub(super) task_root: &'l Path,
    /// The bootstraps' folder.
    pub(super) runtime: &'l Path,
    /// The URL of the local AWS, if it listens.
    pub(super) endpoint: Option<&'l str>,
}

/// A process that runs a function.
pub(super) struct Environment {
    /// The id of the process and of its group.
    group: u32,
    guard: Arc<Guard>,
    api: RuntimeApi,
    log: SharedLog,
    flushes: mpsc::UnboundedSender<Flush>,
    exited: watch::Receiver<Option<Exit>>,
    is_read_only: bool,
}

/// Why one isn't ready.
pub(super) enum NotReady {
    /// It takes too long.
    Slow,
    /// It reported an error.
    Reported(Bytes),
    Exited(Exit),
}

/// How an invocation came back.
pub(super) enum Back {
    /// It is over. Whether the environment can have another one.
    Over(Outcome, bool),
    /// The process ended before it had the invocation.
    NotTaken,
}

/// What ended an invocation.
enum Ended {
    Answered(Bytes),
    /// The function's error, as its runtime reports it.
    Failed(Bytes),
    Not(Failure),
}

impl Drop for Environment {
    fn drop(&mut self) {
        if !self.is_gone() {
            self.guard.kill(self.group);
        }
    }
}

impl Environment {
    /// Starts a process.
    pub(super) async fn start(
        version: &FunctionVersion,
        launch: &Launch<'_>,
        guard: &Arc<Guard>,
        log: SharedLog,
    ) -> Result<Self, Failure> {
        let no_start = |error: std::io::Error| Failure::NoStart {
            kind: "Runtime.InvalidEntrypoint",
            why: format!("fork/exec {}: {error}", launch.program.display()),
        };
        let api = RuntimeApi::listen().await.map_err(no_start)?;
        let stream = locked(&log).stream.clone();
        // A function here never calls AWS itself: where the local AWS doesn't listen, the Runtime API says so.
        let no_endpoint = format!("http://{}", api.address);
        let places = Places {
            task_root: launch.task_root,
            runtime: launch.runtime,
            api: &api.address.to_string(),
            stream: &stream,
            endpoint: launch.endpoint.unwrap_or(&no_endpoint),
        };
        let mut command = Command::new(launch.program);
        command
            .args(&launch.arguments)
            .env_clear()
            .envs(variables::of(version, &places))
            .current_dir(launch.task_root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let (mut child, is_read_only) = read_only::spawn(command).map_err(no_start)?;
        let group = child.id().unwrap_or_default();
        guard.watch(group);
        let (flushes, asked) = mpsc::unbounded_channel();
        if let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) {
            tokio::spawn(output::copy(out, err, Arc::clone(&log), asked));
        }
        let (ended, exited) = watch::channel(None);
        tokio::spawn(wait(child, group, Arc::clone(guard), ended));
        Ok(Self {
            group,
            guard: Arc::clone(guard),
            api,
            log,
            flushes,
            exited,
            is_read_only,
        })
    }

    /// Whether it can write to files in `/tmp` only.
    pub(super) fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// Whether its process has ended.
    pub(super) fn is_gone(&self) -> bool {
        self.exited.borrow().is_some()
    }

    /// Waits until it takes invocations.
    pub(super) async fn ready(&mut self, within: Duration) -> Result<(), NotReady> {
        let slow = sleep(within);
        tokio::pin!(slow);
        let not_ready = loop {
            tokio::select! {
                biased;
                heard = self.api.heard.recv() => match heard {
                    Some(Heard::Ready) => return Ok(()),
                    Some(Heard::InitFailed(error)) => break NotReady::Reported(error),
                    _ => {}
                },
                exit = gone(&mut self.exited) => {
                    // It may have said why right before.
                    break match self.api.heard.try_recv() {
                        Ok(Heard::InitFailed(error)) => NotReady::Reported(error),
                        _ => NotReady::Exited(exit),
                    };
                }
                () = &mut slow => break NotReady::Slow,
            }
        };
        self.end().await;
        Err(not_ready)
    }

    /// Runs an invocation.
    pub(super) async fn invoke(
        &mut self,
        invocation: &Invocation,
        init_milliseconds: Option<f64>,
    ) -> Back {
        let version = &invocation.version;
        let request_id = &invocation.request_id;
        // What it said after the last one, such as that it is ready again.
        while self.api.heard.try_recv().is_ok() {}
        let limit = Duration::from_secs(version.timeout_seconds);
        let began = Instant::now();
        let deadline = Timestamp::now().as_millisecond()
            + i64::try_from(limit.as_millis()).unwrap_or(i64::MAX / 2);
        self.api.give(Job {
            request_id: request_id.clone(),
            deadline_ms: deadline,
            invoked_arn: invocation.invoked_arn.clone(),
            trace_id: invocation.trace_id.clone(),
            client_context: invocation.client_context.clone(),
            payload: invocation.payload.clone(),
        });
        begin(&self.log, invocation);
        let Some(ended) = self.ended(version, began + limit).await else {
            return Back::NotTaken;
        };
        let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
        let used_mb = self.memory("VmHWM:").unwrap_or_default().div_ceil(1024);
        let goes_on = match &ended {
            Ended::Answered(_) | Ended::Failed(_) | Ended::Not(Failure::TooLarge) => true,
            Ended::Not(_) => {
                self.end().await;
                false
            }
        };
        self.flush().await;
        let took = Took {
            milliseconds,
            init_milliseconds,
            memory_mb: version.memory_mb,
            used_mb: used_mb.min(version.memory_mb),
        };
        let (payload, failure) = match ended {
            Ended::Answered(payload) => (payload, None),
            Ended::Failed(payload) => {
                hint_at(&self.log, &payload);
                let outcome = over(&self.log, invocation, payload, true, &took, None);
                return Back::Over(outcome, goes_on);
            }
            Ended::Not(failure) => (failure.payload(request_id), Some(failure)),
        };
        let outcome = over(
            &self.log,
            invocation,
            payload,
            failure.is_some(),
            &took,
            failure.as_ref(),
        );
        Back::Over(outcome, goes_on)
    }

    /// Waits for the end of an invocation; none if the process has ended before it took it.
    async fn ended(&mut self, version: &FunctionVersion, until: Instant) -> Option<Ended> {
        let mut watch = interval_at(Instant::now() + WATCH, WATCH);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let late = tokio::time::sleep_until(until);
        tokio::pin!(late);
        let mut taken = false;
        loop {
            let heard = tokio::select! {
                biased;
                heard = self.api.heard.recv() => heard,
                exit = gone(&mut self.exited) => {
                    // It may have answered right before.
                    while let Ok(heard) = self.api.heard.try_recv() {
                        taken |= heard == Heard::Taken;
                        if let Some(ended) = ended_by(heard) {
                            return Some(ended);
                        }
                    }
                    return taken.then_some(Ended::Not(Failure::Exited(exit)));
                }
                () = &mut late => {
                    let seconds = version.timeout_seconds;
                    return Some(Ended::Not(Failure::TimedOut { seconds }));
                }
                _ = watch.tick() => {
                    let used = self.memory("VmRSS:").unwrap_or_default();
                    if used > version.memory_mb * 1024 {
                        const KILLED: i32 = 9;
                        return Some(Ended::Not(Failure::Exited(Exit::Signal(KILLED))));
                    }
                    continue;
                }
            };
            taken |= heard == Some(Heard::Taken);
            if let Some(ended) = heard.and_then(ended_by) {
                return Some(ended);
            }
        }
    }

    /// Ends the process, and waits until it has.
    async fn end(&mut self) {
        if !self.is_gone() {
            self.guard.kill(self.group);
        }
        let _ = timeout(PATIENCE, gone(&mut self.exited)).await;
        self.flush().await;
    }

    /// Waits until everything that it has written is in the log.
    async fn flush(&self) {
        let (done, waiting) = oneshot::channel();
        if self.flushes.send(done).is_ok() {
            // An error says that both streams are closed and read.
            let _ = timeout(PATIENCE, waiting).await;
        }
    }

    /// A value of the process's status in KB, where the system shows it.
    fn memory(&self, name: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.group)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    }
}

fn ended_by(heard: Heard) -> Option<Ended> {
    match heard {
        Heard::Answered(payload) => Some(Ended::Answered(payload)),
        Heard::Failed(payload) => Some(Ended::Failed(payload)),
        Heard::TooLarge => Some(Ended::Not(Failure::TooLarge)),
        Heard::Ready | Heard::Taken | Heard::InitFailed(_) => None,
    }
}

/// Waits for a process, and ends what it has left of its group.
async fn wait(mut child: Child, group: u32, guard: Arc<Guard>, ended: watch::Sender<Option<Exit>>) {
    let exit = match child.wait().await {
        Ok(status) => exit(status),
        Err(_) => Exit::Status(1),
    };
    guard.kill(group);
    guard.reaped(group);
    ended.send_replace(Some(exit));
}

#[cfg(unix)]
fn exit(status: std::process::ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Status(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}

#[cfg(not(unix))]
fn exit(status: std::process::ExitStatus) -> Exit {
    Exit::Status(status.code().unwrap_or(1))
}

async fn gone(exited: &mut watch::Receiver<Option<Exit>>) -> Exit {
    let exit = exited.wait_for(Option::is_some).await;
    match exit.ok().and_then(|exit| *exit) {
        Some(exit) => exit,
        // What waits for it is gone with the owner.
        None => std::future::pending().await,
    }
}

/// Writes that an invocation begins.
pub(super) fn begin(log: &Mutex<Log>, invocation: &Invocation) {
    let mut log = locked(log);
    log.request_id = Some(invocation.request_id.clone());
    log.watcher.clone_from(&invocation.watcher);
    log.is_kept = invocation.is_logged;
    let start = report::start(&invocation.request_id, &invocation.version.version);
    log.write(WrittenBy::Lambda, &[start]);
}

/// Writes that an invocation is over, and takes the end of its log.
pub(super) fn over(
    log: &Mutex<Log>,
    invocation: &Invocation,
    payload: Bytes,
    failed: bool,
    took: &Took,
    failure: Option<&Failure>,
) -> Outcome {
    let mut log = locked(log);
    let id = &invocation.request_id;
    let failure_line = failure.and_then(|failure| failure.line(Timestamp::now(), id));
    let status = failure.map(Failure::status);
    let mut lines: Vec<String> = failure_line.into_iter().collect();
    lines.push(report::end(id));
    lines.push(took.report(id, status.as_deref()));
    log.write(WrittenBy::Lambda, &lines);
    log.request_id = None;
    Outcome {
        payload,
        failed,
        version: invocation.version.version.clone(),
        tail: log.take_tail(),
    }
}

/// Writes what helps with an error that a runtime reports.
pub(super) fn hint_at(log: &Mutex<Log>, payload: &[u8]) {
    let (_, message) = report::reported(payload);
    if let Some(hint) = super::program::hint(&message) {
        locked(log).write(WrittenBy::LocalAws, &[format!("local AWS: {hint}")]);
    }
}
