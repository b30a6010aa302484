//! Carrying out a plan that was agreed to: the last look, the run with its signals, and how it ended.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::consent::stopped;
use super::global::Global;
use super::lock::{Company, Held, lost};
use super::session::{Session, several, unless_local, with_duplicates};
use crate::apply::{self, Interrupt, Outcome};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::kinds::{self, Duplicates, Observation};
use crate::plan::{self, Action, Moved, Plan};
use crate::render::json::{Around, Line, line};
use crate::render::outcome::{self, Made, Summary};
use crate::render::progress::Progress;
use crate::render::{self, Ui, indented};

/// Looks again after somebody took their time to answer: they agreed to this plan, not to another one.
///
/// # Errors
/// AWS refused a read, something moved meanwhile, or a signal came.
pub(super) async fn look_again(
    session: &Session,
    agreed: &Plan,
    seen: &Observation,
    signals: &mut Signals,
    ui: &mut Ui,
) -> Result<(), Error> {
    let now = signals.or_stop(session.observe(ui)).await??;
    let moved = plan::moved(agreed, &session.desired, seen, &now);
    if moved.is_empty() {
        return Ok(());
    }
    let what = "AWS changed while you were deciding, so this is another plan; nothing was written";
    Err(stale(what, moved)
        .hint("run the same command again and look at the new plan")
        .into())
}

/// What moved since a plan was made, each thing with what happened to it.
pub(super) fn stale(what: impl Into<String>, moved: Vec<Moved>) -> Fault {
    moved
        .into_iter()
        .fold(Fault::new(FaultKind::Stale, what), |fault, moved| {
            fault.about(moved.address, render::stale::text(&moved.how))
        })
}

/// How to carry out a plan.
pub(super) struct Carry<'a> {
    pub(super) session: &'a Session,
    pub(super) global: &'a Global,
    pub(super) plan: &'a Plan,
    pub(super) json: bool,
    /// The command line that goes on where this one stopped.
    pub(super) again: String,
}

impl Carry<'_> {
    /// Does all of it, or as much as AWS and the person let it, and gives the lock back.
    ///
    /// # Errors
    /// The lock was lost on the way; another run made the same things.
    pub(super) async fn out(
        &self,
        signals: &mut Signals,
        lock: &mut Held,
        ui: &mut Ui,
    ) -> Result<Exit, Error> {
        let lease = self.session.connection.lease();
        let mut progress = Progress::new(ui, self.json, self.session.local);
        let interrupt = Interrupt::new();
        let writer = self.session.connection.writer();
        let mut tell = |event| progress.tell(event);
        let mut stopped_by = None;
        let outcome = {
            let run = apply::run(
                self.plan,
                &writer,
                &self.session.clock,
                &interrupt,
                &mut tell,
            );
            tokio::pin!(run);
            loop {
                tokio::select! {
                    outcome = &mut run => break Some(outcome),
                    () = lease.ended(), if !interrupt.is_cancelled() => interrupt.cancel(),
                    exit = signals.next() => {
                        if stopped_by.is_some() {
                            break None;
                        }
                        stopped_by = Some(exit);
                        interrupt.cancel();
                    }
                }
            }
        };
        let (done, skipped) = (
            std::mem::take(&mut progress.done),
            std::mem::take(&mut progress.skipped),
        );
        drop(progress);
        let Some(outcome) = outcome else {
            lock.leave();
            let text = "left at once: what was running may or may not be done; run the same command again to find out";
            ui.complain(&indented(text, 0, ui.width()));
            return Ok(stopped_by.unwrap_or(Exit::Interrupted));
        };
        let lock_lost = lease.why_over();
        let company = lock.release(ui).await;
        let ended_well = outcome.failures.is_empty() && !outcome.interrupted;
        self.tell_end(&outcome, Made::by(self.plan, &done), ui);
        if !ended_well && !self.json {
            ui.complain(&format!(
                "\n{}",
                outcome::failures(&outcome, &skipped, &self.again, ui.width())
            ));
        }
        let doubles = match company {
            Company::Possible if stopped_by.is_none() => self.made_twice(&outcome, ui).await?,
            _ => Vec::new(),
        };
        if let Some(why) = lock_lost.filter(|_| !ended_well) {
            let fault = lost(&why, &self.again);
            return Err(with_duplicates(fault, &doubles).into());
        }
        if !doubles.is_empty() {
            let what = "another run wrote to the stack at the same time, and several things carry the same address now";
            return Err(several(what, &doubles, self.global));
        }
        Ok(match stopped_by {
            Some(exit) if outcome.interrupted => exit,
            _ if outcome.failures.is_empty() => Exit::Success,
            _ => Exit::Failure,
        })
    }

    /// What another run made beside what this one made, where this one made anything.
    async fn made_twice(&self, outcome: &Outcome, ui: &mut Ui) -> Result<Vec<Duplicates>, Error> {
        let mut changes = self.plan.changes.values();
        let tried = outcome.done + outcome.failures.len() > 0;
        if !tried || !changes.any(|change| change.action == Action::Create) {
            return Ok(Vec::new());
        }
        let session = self.session;
        let reader = session.connection.reader();
        let look = Box::pin(kinds::made_twice(&reader, &session.desired, &outcome.book));
        let what = "looking for what another run made";
        Ok(unless_local(session.local, ui, what, look).await?)
    }

    fn tell_end(&self, outcome: &Outcome, made: Made, ui: &mut Ui) {
        let outputs = if self.plan.destroy {
            Default::default()
        } else {
            outcome::resolved(&self.session.desired.outputs, &outcome.book)
        };
        if self.json {
            ui.print(&line(&Line::Around(Around::Outputs { outputs })));
            return;
        }
        let summary = Summary {
            made,
            outcome,
            requests: self.session.requests(),
            simulated: self.session.local,
            destroy: self.plan.destroy,
        };
        // Halfway there, an output may name what is not made yet.
        let outputs = if outcome.failures.is_empty() && !outcome.interrupted {
            outcome::outputs(&outputs)
        } else {
            String::new()
        };
        ui.print(&format!("\n{}{outputs}", summary.text()));
        if ui.verbosity() > 0 {
            let calls = self.session.connection.tally().by_operation();
            let calls: String = calls
                .iter()
                .map(|((service, operation), times)| {
                    format!("  {times:>4} {service}: {operation}\n")
                })
                .collect();
            ui.remark(&format!("\nRequests\n{calls}"));
        }
    }
}

/// Ctrl-C and SIGTERM. Listened for before the lock is taken, which has to be given back; a question's Ctrl-C comes as a signal
/// too, and one that comes between the answer and the first step must not be lost.
pub(super) struct Signals {
    streams: Streams,
    _heard: Heard,
}

/// How many [`Signals`] there are, each of which decides for itself what a signal means.
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

/// Ends the process at Ctrl-C and SIGTERM as the system would, but with a clean terminal: what moves is taken off first. Where a
/// [`Signals`] listens, that decides.
pub(super) fn end_with_a_clean_terminal() {
    let listen = || {
        let Ok(runtime) = super::session::runtime(false) else {
            return;
        };
        runtime.block_on(async {
            let Ok(mut streams) = Streams::open() else {
                return;
            };
            loop {
                let exit = streams.next().await;
                if LISTENERS.load(Ordering::SeqCst) == 0 {
                    render::waiting::clear();
                    std::process::exit(exit.code().into());
                }
            }
        });
    };
    // Without a thread the system ends the process, and what moved stays on the terminal.
    let _ = std::thread::Builder::new()
        .name("signals".into())
        .spawn(listen);
}

/// The signals that end a process. A terminal that is closed sends a hangup, which is no wish to go on.
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

    async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
            _ = self.hangup.recv() => Exit::Terminated,
        }
    }
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system refuses to tell.
    pub(super) fn listen() -> Result<Self, Error> {
        Ok(Self {
            streams: Streams::open()
                .context("can't listen for signals")
                .map_err(Fault::io)?,
            _heard: Heard::new(),
        })
    }

    /// Does something that writes nothing, unless a signal comes.
    ///
    /// # Errors
    /// A signal came.
    pub(super) async fn or_stop<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            done = work => Ok(done),
            exit = self.next() => Err(stopped(match exit {
                Exit::Terminated => FaultKind::Terminated,
                _ => FaultKind::Interrupted,
            })),
        }
    }

    /// The next signal, as how the process ends.
    pub(super) async fn next(&mut self) -> Exit {
        self.streams.next().await
    }
}
