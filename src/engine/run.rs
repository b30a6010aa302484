//! Executing a confirmed plan: the second read after a question, the steps, their outcome, and the check for resources that
//! another run created meanwhile.

use super::duplicates::{several, with_duplicates};
use super::listener::{Listener, Notice, unless_local};
use super::lock::{Company, Held, lost};
use super::session::{Planned, Session};
use super::stop::{Stop, Stops, or_stop};
use super::{function_code, function_environments, given_keys};
use crate::apply::{self, Event, Interrupt, Outcome};
use crate::aws::Connection;
use crate::clock::Clock;
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::kinds::{self, Duplicates, Observation};
use crate::plan::{self, Action, Moved, Plan};

/// The confirmation of a plan.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// Whether a question was asked, so that time has passed.
    pub asked: bool,
    /// The command line that continues this run.
    pub again: String,
}

/// Executes a plan under the stack's lock once it is confirmed. `decide` shows it and asks; none is nothing to do.
///
/// # Errors
/// It was declined; AWS changed meanwhile; the lock was lost; another run created the same resources.
pub async fn run<S: Stops, L: Listener>(
    session: &Session,
    planned: &Planned,
    lock: &mut Held,
    stops: &mut S,
    listener: &mut L,
    decide: impl FnOnce(&Plan, &mut L) -> Result<Option<Agreed>, Error>,
) -> Result<Exit, Error> {
    let Planned { plan, observation } = planned;
    let Some(agreed) = decide(plan, listener)? else {
        return Ok(Exit::Success);
    };
    if agreed.asked {
        look_again(session, plan, observation, stops, listener).await?;
    }
    let execution = Execution {
        session,
        plan,
        again: agreed.again,
    };
    Ok(execution.run(lock, stops, listener).await?.exit())
}

/// Reads again after a question was answered: the confirmation is for this plan only.
///
/// # Errors
/// A read failed, something changed meanwhile, or the run was stopped.
pub async fn look_again(
    session: &Session,
    agreed: &Plan,
    seen: &Observation,
    stops: &mut dyn Stops,
    listener: &mut dyn Listener,
) -> Result<(), Error> {
    let now = or_stop(stops, session.observe(listener)).await??;
    let moved = plan::moved(agreed, &session.desired, seen, &now);
    if moved.is_empty() {
        return Ok(());
    }
    let what = "AWS changed while you were deciding, so the plan differs now; nothing was written";
    Err(stale(what, moved)
        .hint("run the same command again and look at the new plan")
        .into())
}

/// The error about a stale plan, with what changed since.
pub(super) fn stale(what: impl Into<String>, moved: Vec<Moved>) -> Fault {
    moved
        .into_iter()
        .fold(Fault::new(FaultKind::Stale, what), Fault::moved)
}

/// A plan that is being executed.
#[derive(Debug)]
pub struct Execution<'a> {
    /// The stack.
    pub session: &'a Session,
    /// The plan.
    pub plan: &'a Plan,
    /// The command line that continues this one.
    pub again: String,
}

/// The outcome of a plan's execution.
#[derive(Debug)]
pub enum Executed {
    /// As far as errors and interrupts allowed.
    Over(Steps),
    /// It was aborted while steps were running.
    Left(Stop),
}

/// The results of a plan's steps.
#[derive(Debug)]
pub struct Steps {
    /// How they ended.
    pub outcome: Outcome,
    /// The finished steps, by their index in the plan.
    pub done: Vec<usize>,
    /// The interrupt.
    pub stopped_by: Option<Stop>,
}

/// An executed plan, for the report.
#[derive(Debug)]
pub struct Ended<'a> {
    /// The stack.
    pub session: &'a Session,
    /// The plan.
    pub plan: &'a Plan,
    /// How its steps ended.
    pub steps: &'a Steps,
    /// The command line that continues this one.
    pub again: &'a str,
}

impl Executed {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Left(stop) => stop.exit(),
            Self::Over(steps) => match steps.stopped_by {
                Some(stop) if steps.outcome.interrupted => stop.exit(),
                _ if steps.outcome.failures.is_empty() => Exit::Success,
                _ => Exit::Failure,
            },
        }
    }
}

impl Steps {
    /// Whether all of them were done.
    pub fn ended_well(&self) -> bool {
        self.outcome.failures.is_empty() && !self.outcome.interrupted
    }
}

impl Execution<'_> {
    /// Executes it as far as errors and interrupts allow, releases the lock, and checks what another run created if there may
    /// have been one.
    ///
    /// # Errors
    /// A given value of an API key can't be used, and nothing was written; the lock was lost meanwhile; another run created the
    /// same resources.
    pub async fn run(
        &self,
        lock: &mut Held,
        stops: &mut dyn Stops,
        listener: &mut dyn Listener,
    ) -> Result<Executed, Error> {
        let session = self.session;
        function_code::provide(session, self.plan, listener)?;
        given_keys::read(session, self.plan).await?;
        function_environments::read(session, self.plan).await?;
        let (connection, clock) = (&session.connection, &session.clock);
        let simulated = session.is_local();
        let executed = carry_out(self.plan, connection, clock, simulated, stops, listener).await;
        let Executed::Over(steps) = &executed else {
            lock.leave();
            listener.tell(Notice::LeftAtOnce);
            return Ok(executed);
        };
        let lock_lost = session.connection.lease().why_over();
        let company = lock.release(listener).await;
        listener.tell(Notice::Ended(&Ended {
            session,
            plan: self.plan,
            steps,
            again: &self.again,
        }));
        let in_company = matches!(company, Company::Possible) && steps.stopped_by.is_none();
        let doubles = match in_company {
            true => self.made_twice(&steps.outcome, listener).await?,
            false => Vec::new(),
        };
        self.was_alone(steps, lock_lost, doubles)?;
        if in_company && self.plan.destroy && steps.ended_well() {
            self.nothing_is_left(listener).await?;
        }
        Ok(executed)
    }

    /// What another run also created, if this one created anything.
    async fn made_twice(
        &self,
        outcome: &Outcome,
        listener: &mut dyn Listener,
    ) -> Result<Vec<Duplicates>, Error> {
        let mut changes = self.plan.changes.values();
        let tried = outcome.done + outcome.failures.len() > 0;
        if !tried || !changes.any(|change| change.action == Action::Create) {
            return Ok(Vec::new());
        }
        let session = self.session;
        let reader = session.connection.reader();
        let look = Box::pin(kinds::made_twice(&reader, &session.desired, &outcome.book));
        let what = "looking for what another run made";
        Ok(unless_local(session.is_local(), listener, what, look).await?)
    }

    /// Fails if another run created something of the stack while this one deleted it.
    async fn nothing_is_left(&self, listener: &mut dyn Listener) -> Result<(), Error> {
        let left = self.session.observe(listener).await?.live;
        if left.is_empty() {
            return Ok(());
        }
        let what = "another run wrote to the stack while this one deleted it, and something of it is there again";
        let fault = Fault::new(FaultKind::Stale, what)
            .hint("destroy it again, with no other run at the same time");
        let told = left.iter().fold(fault, |fault, (address, live)| {
            fault.about(
                address.clone(),
                format!("the {}", live.resource.info().title),
            )
        });
        Err(told.into())
    }

    /// Fails if another run wrote at the same time in a way that matters.
    fn was_alone(
        &self,
        steps: &Steps,
        lock_lost: Option<String>,
        doubles: Vec<Duplicates>,
    ) -> Result<(), Error> {
        if let Some(why) = lock_lost.filter(|_| !steps.ended_well()) {
            let fault = lost(&why, &self.again);
            return Err(with_duplicates(fault, &doubles).into());
        }
        if !doubles.is_empty() {
            let what = "another run wrote to the stack at the same time, and several things carry the same address now";
            return Err(several(what, &doubles, &self.session.invocation));
        }
        Ok(())
    }
}

/// Executes the steps of a plan. After one interrupt, running steps finish and no further one starts; after a second one it
/// aborts at once.
pub async fn carry_out(
    plan: &Plan,
    connection: &Connection,
    clock: &Clock,
    simulated: bool,
    stops: &mut dyn Stops,
    listener: &mut dyn Listener,
) -> Executed {
    let lease = connection.lease();
    let interrupt = Interrupt::new();
    let writer = connection.writer();
    let mut done = Vec::new();
    let mut tell = |event| {
        if let Event::StepDone { step, .. } = event {
            done.push(step);
        }
        listener.tell(Notice::Step { event, simulated });
    };
    let mut stopped_by = None;
    let outcome = {
        let run = apply::run(plan, &writer, clock, &interrupt, &mut tell);
        tokio::pin!(run);
        loop {
            tokio::select! {
                outcome = &mut run => break outcome,
                () = lease.ended(), if !interrupt.is_cancelled() => interrupt.cancel(),
                stop = stops.next() => {
                    if let Some(first) = stopped_by {
                        return Executed::Left(first);
                    }
                    stopped_by = Some(stop);
                    interrupt.cancel();
                }
            }
        }
    };
    Executed::Over(Steps {
        outcome,
        done,
        stopped_by,
    })
}
