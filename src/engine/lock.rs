//! The lock that a command takes before it reads a stack that it writes to, and releases when it is done.

use std::time::{Duration, Instant};

use super::listener::{Listener, Notice};
use super::session::Session;
use super::stop::{Stops, or_stop};
use crate::aws::{AwsError, Cause};
use crate::clock::Clock;
use crate::error::{Error, Fault, FaultKind};
use crate::lock::{self, Asked, Holder, Kept, Taken};
use crate::model::shell_word;

/// How often a lock of another run is tried.
const ASKED_EVERY: Duration = Duration::from_secs(2);

/// The lock on a stack; none with `lock = false`.
#[derive(Debug)]
pub struct Held(Option<Kept>);

/// Whether no other run may have written to the stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Company {
    /// The run had the lock from before its first read until after its last write.
    None,
    /// There was no lock, it was lost meanwhile, or that is not known.
    Possible,
}

/// The options of locking a stack.
#[derive(Debug)]
pub struct Locking<'a> {
    /// The stack.
    pub session: &'a Session,
    /// The command.
    pub command: &'static str,
    /// How long to wait while another run has it.
    pub wait: Duration,
    /// The command line without `--wait-for-lock`.
    pub again: String,
}

/// The holder that is waited for, and since when.
struct WaitsFor {
    holder: Option<Holder>,
    since: Instant,
}

impl WaitsFor {
    /// Reports the wait for this holder, again if the holder has changed.
    fn tell(waits: &mut Option<Self>, name: &str, taken: Taken, listener: &mut dyn Listener) {
        match waits {
            Some(waits) if waits.holder == taken.holder => {
                listener.tell(Notice::StillWaiting(waits.since.elapsed()));
            }
            _ => {
                if waits.is_some() {
                    listener.tell(Notice::Waited);
                }
                let holder = holder_of(name, &taken);
                listener.tell(Notice::Waiting(&format!(
                    "waiting for the lock, held by {holder}"
                )));
                *waits = Some(Self {
                    holder: taken.holder,
                    since: Instant::now(),
                });
            }
        }
    }
}

impl Locking<'_> {
    /// Runs something that reads and writes the stack, under the lock.
    ///
    /// # Errors
    /// Another run has the lock; a call failed; the run was stopped; or the error of the work.
    pub async fn locked<S: Stops, L: Listener, T>(
        &self,
        stops: &mut S,
        listener: &mut L,
        work: impl AsyncFnOnce(&mut Held, &mut S, &mut L) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut lock = self.take(stops, listener).await?;
        let ended = work(&mut lock, stops, listener).await;
        lock.release(listener).await;
        ended
    }

    /// Takes the lock, or waits for it up to the given time.
    async fn take(
        &self,
        stops: &mut dyn Stops,
        listener: &mut dyn Listener,
    ) -> Result<Held, Error> {
        if !self.session.desired.lock {
            listener.tell(Notice::Unlocked);
            return Ok(Held(None));
        }
        let mut waits = None;
        let kept = self.ask_until_kept(&mut waits, stops, listener).await;
        if waits.is_some() {
            listener.tell(Notice::Waited);
        }
        Ok(Held(Some(kept?)))
    }

    async fn ask_until_kept(
        &self,
        waits: &mut Option<WaitsFor>,
        stops: &mut dyn Stops,
        listener: &mut dyn Listener,
    ) -> Result<Kept, Error> {
        let session = self.session;
        let clock = Clock::system();
        let parameters = session.connection.lock_parameters(&clock);
        let name = lock::name(&session.desired.context.stack);
        let env = |name: &str| std::env::var(name).ok();
        let holder = Holder::this(self.command, clock.now(), &env);
        let began = Instant::now();
        loop {
            let asked = lock::ask(&parameters, &name, &holder);
            let asked = or_stop(stops, asked).await?;
            let taken = match asked.map_err(|error| self.cannot_lock(&name, error))? {
                Asked::Ours(lock) => {
                    return lock.keep().map_err(|error| {
                        let error = anyhow::Error::new(error);
                        Fault::io(error.context("can't start what renews the lock")).into()
                    });
                }
                Asked::Taken(taken) => taken,
            };
            if began.elapsed() >= self.wait {
                return Err(self.refused(&name, &taken));
            }
            WaitsFor::tell(waits, &name, *taken, listener);
            or_stop(stops, pause(ASKED_EVERY)).await?;
        }
    }

    fn refused(&self, name: &str, taken: &Taken) -> Error {
        let context = &self.session.desired.context;
        let what = is_taken(&context.stack, name, taken);
        let fault = Fault::new(FaultKind::Lock, what).hint(format!(
            "wait until it is done\n{} --wait-for-lock 10m",
            self.again
        ));
        if self.session.is_local() {
            return fault.into();
        }
        let ends = match taken.ends_in() {
            Some(time) => format!(
                "if that run is gone, its lock can be taken over in {} s; sooner only if you are sure that its process has \
                 ended, since a run in progress would write at the same time",
                time.as_secs()
            ),
            None => "if you are sure that no run of another version is under way".to_owned(),
        };
        let delete = format!(
            "aws ssm delete-parameter --name {} --region {}",
            shell_word(name),
            context.region
        );
        fault.hint(format!("{ends}: delete it\n{delete}")).into()
    }

    fn cannot_lock(&self, name: &str, error: AwsError) -> Error {
        if error.cause != Cause::Refused {
            return error.into();
        }
        let context = &self.session.desired.context;
        let denied = error
            .code
            .as_deref()
            .is_some_and(|code| code.contains("AccessDenied"));
        let fault = Fault::new(
            FaultKind::Lock,
            format!("can't lock the stack {}: {error}", context.stack),
        );
        let fault = if denied {
            fault.hint(format!(
                "allow the caller ssm:PutParameter, ssm:GetParameter and ssm:DeleteParameter on the parameters {name} and {name}/*"
            ))
        } else {
            fault
        };
        fault
            .hint(
                "where the account forbids it, write `lock = false` in `[stack]`; nothing then keeps two runs apart, so \
                 have your pipeline start one at a time",
            )
            .into()
    }
}

impl Held {
    /// Releases the lock. A failure is reported, and the lock expires by itself.
    pub(super) async fn release(&mut self, listener: &mut dyn Listener) -> Company {
        let Some(kept) = self.0.take() else {
            return Company::Possible;
        };
        match kept.release().await {
            Ok(true) => Company::None,
            Ok(false) => Company::Possible,
            Err(error) => {
                listener.tell(Notice::NotReleased(&error));
                Company::Possible
            }
        }
    }

    /// Keeps the lock: a request of this run may still take effect, so the next run waits until the lock expires.
    pub(super) fn leave(&mut self) {
        self.0 = None;
    }
}

/// Why a run that lost its lock has stopped.
pub(super) fn lost(why: &str, again: &str) -> Fault {
    let what = format!(
        "this run no longer holds the lock on the stack: {why}; it has written nothing since it noticed"
    );
    Fault::new(FaultKind::Lock, what).hint(format!(
        "see what the other run changes, then run the same command again: it continues where this one stopped\n{again}"
    ))
}

/// Waits in real time: with --local, tokio's is paused while other runs work.
async fn pause(time: Duration) {
    // A failed pause is skipped.
    let _ = tokio::task::spawn_blocking(move || std::thread::sleep(time)).await;
}

fn holder_of(name: &str, taken: &Taken) -> String {
    match &taken.holder {
        Some(holder) => holder.to_string(),
        None => format!("the parameter {name}, which this version can't read"),
    }
}

/// Why the lock can't be taken.
fn is_taken(stack: &str, name: &str, taken: &Taken) -> String {
    format!(
        "another run holds the lock on the stack {stack}: {}, renewed {} s ago; nothing was written",
        holder_of(name, taken),
        taken.unrenewed_for.as_secs()
    )
}
