//! The lock that a command takes before it looks at what it may write to, and gives back when it is done.

use std::time::{Duration, Instant};

use super::run::Signals;
use super::session::Session;
use crate::aws::{AwsError, Cause};
use crate::clock::Clock;
use crate::error::{Error, Fault, FaultKind};
use crate::lock::{self, Asked, Holder, Kept, Taken};
use crate::model::{HumanDuration, shell_word};
use crate::render::Ui;
use crate::render::lock as show;
use crate::render::waiting::Waiting;

/// How often a lock that another run holds is asked for.
const ASKED_EVERY: Duration = Duration::from_secs(2);

/// How long to wait for the lock.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct Wait {
    /// Wait up to TIME while another run writes
    #[arg(long, value_name = "TIME")]
    wait_for_lock: Option<HumanDuration>,
}

impl Wait {
    /// So long.
    pub(super) const fn of(time: HumanDuration) -> Self {
        Self {
            wait_for_lock: Some(time),
        }
    }

    fn time(self) -> Duration {
        let time = self.wait_for_lock.map_or(0, HumanDuration::as_millis);
        Duration::from_millis(u64::try_from(time).unwrap_or(u64::MAX))
    }

    /// The flag as it was given.
    pub(super) fn flags(self) -> Vec<String> {
        let flag = |time| format!("--wait-for-lock {time}");
        self.wait_for_lock.map(flag).into_iter().collect()
    }
}

/// The lock on a stack; none where the file says `lock = false`.
#[derive(Debug)]
pub(super) struct Held(Option<Kept>);

/// Whether no other run may have written to the stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Company {
    /// The lock was this run's from before its first look until after its last write.
    None,
    /// There was no lock, it was lost on the way, or that can't be told.
    Possible,
}

/// What to lock a stack for.
pub(super) struct Locking<'a> {
    pub(super) session: &'a Session,
    /// The command.
    pub(super) command: &'static str,
    pub(super) wait: Wait,
    /// The command line without `--wait-for-lock`.
    pub(super) again: String,
}

impl Locking<'_> {
    /// Takes the lock, or waits for it as long as was asked for.
    ///
    /// # Errors
    /// Another run holds it; AWS's refusal; a signal came.
    pub(super) async fn take(
        &self,
        mut signals: Option<&mut Signals>,
        ui: &mut Ui,
    ) -> Result<Held, Error> {
        let session = self.session;
        if !session.desired.lock {
            ui.remark(show::UNLOCKED);
            return Ok(Held(None));
        }
        let clock = Clock::system();
        let parameters = session.connection.lock_parameters(&clock);
        let name = lock::name(&session.desired.ground.stack);
        let env = |name: &str| std::env::var(name).ok();
        let holder = Holder::this(self.command, clock.now(), &env);
        let began = Instant::now();
        let mut told: Option<(Option<Holder>, Instant, Waiting)> = None;
        loop {
            let asked = lock::ask(&parameters, &name, &holder);
            let asked = or_stop(&mut signals, asked).await?;
            let taken = match asked.map_err(|error| self.cannot_lock(&name, error))? {
                Asked::Ours(lock) => {
                    let kept = lock.keep();
                    let kept = kept.map_err(|error| {
                        let error = anyhow::Error::new(error);
                        Fault::io(error.context("can't start what renews the lock"))
                    })?;
                    return Ok(Held(Some(kept)));
                }
                Asked::Taken(taken) => taken,
            };
            if began.elapsed() >= self.wait.time() {
                return Err(self.refused(&name, &taken));
            }
            match &mut told {
                Some((holder, since, waiting)) if *holder == taken.holder => {
                    waiting.beat(ui, since.elapsed());
                }
                _ => {
                    // What moves on the terminal goes before another takes its place.
                    drop(told.take());
                    let waiting = Waiting::begin(ui, &show::waiting(&name, &taken));
                    told = Some((taken.holder, Instant::now(), waiting));
                }
            }
            or_stop(&mut signals, pause(ASKED_EVERY)).await?;
        }
    }

    fn refused(&self, name: &str, taken: &Taken) -> Error {
        let ground = &self.session.desired.ground;
        let what = show::taken(&ground.stack, name, taken);
        let fault = Fault::new(FaultKind::Lock, what).hint(format!(
            "wait until it is done\n{} --wait-for-lock 10m",
            self.again
        ));
        if self.session.local {
            return fault.into();
        }
        let ends = match taken.ends_in() {
            Some(time) => format!(
                "if that run is gone, its lock can be taken over in {} s; sooner only if you are sure that its process has \
                 ended, as a run that goes on would write beside yours",
                time.as_secs()
            ),
            None => "if you are sure that no run of another version is under way".to_owned(),
        };
        let delete = format!(
            "aws ssm delete-parameter --name {} --region {}",
            shell_word(name),
            ground.region
        );
        fault.hint(format!("{ends}: delete it\n{delete}")).into()
    }

    fn cannot_lock(&self, name: &str, error: AwsError) -> Error {
        if error.cause != Cause::Refused {
            return error.into();
        }
        let ground = &self.session.desired.ground;
        let denied = error
            .code
            .as_deref()
            .is_some_and(|code| code.contains("AccessDenied"));
        let fault = Fault::new(
            FaultKind::Lock,
            format!("can't lock the stack {}: {error}", ground.stack),
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
                "where the account forbids it, write `lock = false` in `[stack]`; nothing keeps two runs apart then, so let your \
                 pipeline start one at a time",
            )
            .into()
    }
}

impl Held {
    /// Gives the lock back. What keeps it from that is said, and ends by itself.
    pub(super) async fn release(&mut self, ui: &mut Ui) -> Company {
        let Some(kept) = self.0.take() else {
            return Company::Possible;
        };
        match kept.release().await {
            Ok(true) => Company::None,
            Ok(false) => Company::Possible,
            Err(error) => {
                ui.complain(&show::not_released(&error, ui.width()));
                Company::Possible
            }
        }
    }

    /// Lets the lock be: something this run sent may still be carried out, so the next run waits until the lock's time is over.
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
        "see what the other run makes of the stack, then run the same command again: it continues where this one stopped\n{again}"
    ))
}

/// Waits in the machine's own time: with --local, tokio's stands still while others work.
async fn pause(time: Duration) {
    // A pause that could not be made is none.
    let _ = tokio::task::spawn_blocking(move || std::thread::sleep(time)).await;
}

async fn or_stop<T>(
    signals: &mut Option<&mut Signals>,
    work: impl Future<Output = T>,
) -> Result<T, Error> {
    match signals {
        Some(signals) => signals.or_stop(work).await,
        None => Ok(work.await),
    }
}
