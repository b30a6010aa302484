use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::schedule::{Schedule, State};
use super::{Done, Event, Failure, HEARTBEAT, Outcome, Wait};
use crate::aws::{AwsError, Count, Writer};
use crate::clock::Clock;
use crate::kinds::Outputs;
use crate::model::{Address, Book};
use crate::plan::{Operation, Plan, Step};

/// How many steps run concurrently. The connection enforces AWS's quotas; this limits open sockets.
const BESIDE_EACH_OTHER: usize = 10;

/// Stops a run: no further step starts, running ones finish.
pub type Interrupt = CancellationToken;

struct Run<'a> {
    plan: &'a Plan,
    schedule: Schedule,
    /// When each running step began.
    began: Vec<Option<(Timestamp, Instant)>>,
    book: Book,
    failures: Vec<Failure>,
    tell: &'a mut dyn FnMut(Event),
}

/// Executes a plan's steps: each as soon as everything it needs is done, one at a time in each lane. If one fails, those that
/// need it are skipped and the rest continues.
pub async fn run(
    plan: &Plan,
    writer: &Writer,
    clock: &Clock,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(Event),
) -> Outcome {
    let began = clock.now();
    let before = writer.tally().count();
    let mut run = Run {
        plan,
        schedule: Schedule::new(&plan.steps),
        began: vec![None; plan.steps.len()],
        book: plan.book.clone(),
        failures: Vec::new(),
        tell,
    };
    (run.tell)(Event::Started {
        steps: plan.steps.len(),
    });

    let mut running = FuturesUnordered::new();
    let mut heartbeat = heartbeat(clock);
    let mut stopping = false;
    loop {
        if interrupt.is_cancelled() && !stopping {
            stopping = true;
            let running = run.schedule.busy();
            (run.tell)(Event::Stopping { running });
        }
        while let Some(place) = (!stopping && run.schedule.busy() < BESIDE_EACH_OTHER)
            .then(|| run.schedule.next())
            .flatten()
        {
            let step = &plan.steps[place];
            run.schedule.start(place);
            run.began[place] = Some((clock.now(), Instant::now()));
            (run.tell)(Event::StepStarted {
                step: place,
                address: step.address.clone(),
                action: step.action(),
                old: plan.is_about_the_old_one(step),
            });
            let book = told_to(step, &run.book);
            running.push(async move {
                let started = clock.now();
                let work = perform(step, writer, &book);
                // An interrupted run doesn't finish waits: a wait only reads, and the next run reads again.
                let result = match step.action() {
                    Done::Settle => interrupt.run_until_cancelled(work).await,
                    _ => Some(work.await),
                };
                (place, result, elapsed(clock, started))
            });
        }
        let finished = tokio::select! {
            biased;
            () = interrupt.cancelled(), if !stopping && !running.is_empty() => continue,
            finished = running.next() => finished,
            () = next_beat(&mut heartbeat) => {
                run.tell_waits(writer);
                continue;
            }
        };
        let Some((place, result, took)) = finished else {
            break;
        };
        match result {
            Some(result) => run.finish(place, result, took),
            None => run.schedule.give_up(place),
        }
    }
    for place in run.schedule.skip_the_rest() {
        run.tell_skipped(place, None);
    }

    let took = elapsed(clock, began);
    let done = run.schedule.count(State::Done);
    let skipped = run.schedule.count(State::Skipped);
    let after = writer.tally().count();
    let requests = Count {
        reads: after.reads - before.reads,
        writes: after.writes - before.writes,
    };
    (run.tell)(Event::Finished {
        done,
        failed: run.failures.len(),
        skipped,
        took,
        requests,
    });
    Outcome {
        book: run.book,
        done,
        failures: run.failures,
        skipped,
        interrupted: stopping && skipped > 0,
        took,
    }
}

async fn perform(step: &Step, writer: &Writer, book: &Book) -> Result<Option<Outputs>, AwsError> {
    let address = &step.address;
    if let Some(error) = not_known(step, book) {
        return Err(error);
    }
    match &step.operation {
        Operation::Create(want) => want
            .create(writer, address, book, step.replaces.as_deref())
            .await
            .map(Some),
        Operation::Settle(want) => want.settle(writer, address, book).await.map(Some),
        Operation::Update { want, live, fields } | Operation::Unprotect { want, live, fields } => {
            want.update(writer, address, live, book, fields)
                .await
                .map(Some)
        }
        Operation::Delete(live) => live.delete(writer, address).await.map(|()| None),
    }
}

/// The outputs a step can read: its own, and those that its properties refer to. A copy, since other steps write to the book
/// meanwhile; a copy of the whole book per step would be quadratic.
fn told_to(step: &Step, book: &Book) -> Book {
    let mut told = Book::default();
    let holds = step.operation.resource().awaited();
    for of in holds.iter().chain([&step.address]) {
        if let Some(outputs) = book.outputs(of) {
            told.insert(of.clone(), outputs.clone());
        }
    }
    told
}

/// Why a step can't start although everything it needs is done: an output that it refers to is missing.
fn not_known(step: &Step, book: &Book) -> Option<AwsError> {
    if matches!(step.operation, Operation::Delete(_)) {
        return None;
    }
    let fields = step.operation.resource().fields(book);
    let (info, of) = fields.iter().find_map(|(info, value)| {
        let of = value.awaited().pop_first()?;
        Some((info, of))
    })?;
    let message = format!(
        "`{}` needs a value that AWS did not return for {of}",
        info.name
    );
    Some(AwsError::unknown("apply", message))
}

/// The heartbeat of a waiting run. Waits in simulated time end at once and have none.
fn heartbeat(clock: &Clock) -> Option<Interval> {
    if clock.is_simulated() {
        return None;
    }
    let mut interval = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Some(interval)
}

async fn next_beat(heartbeat: &mut Option<Interval>) {
    match heartbeat {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

fn elapsed(clock: &Clock, since: jiff::Timestamp) -> Duration {
    clock.now().duration_since(since).unsigned_abs()
}

impl Run<'_> {
    /// Reports running steps with their duration, and calls delayed by AWS's request quotas.
    fn tell_waits(&mut self, writer: &Writer) {
        let steps = self.schedule.running().filter_map(|place| {
            let (since, began) = self.began[place]?;
            let (address, action) = (
                &self.plan.steps[place].address,
                self.plan.steps[place].action(),
            );
            Some(Wait {
                what: format!("{} {address}", action.doing()),
                since,
                seconds: began.elapsed(),
                step: Some(place),
                address: Some(address.clone()),
                action: Some(action),
            })
        });
        let held_back = writer.held_back().into_iter().map(|held| Wait {
            what: format!("the request quota of {}", held.operation),
            since: held.since,
            seconds: held.elapsed,
            step: None,
            address: None,
            action: None,
        });
        let mut waits: Vec<_> = steps.chain(held_back).collect();
        waits.sort_by_key(|wait| std::cmp::Reverse(wait.seconds));
        if !waits.is_empty() {
            (self.tell)(Event::Waiting { waits });
        }
    }

    fn finish(&mut self, place: usize, result: Result<Option<Outputs>, AwsError>, took: Duration) {
        let step = &self.plan.steps[place];
        let (address, action) = (step.address.clone(), step.action());
        let old = self.plan.is_about_the_old_one(step);
        match result {
            Ok(outputs) => {
                self.schedule.done(place);
                self.write_down(step, outputs);
                (self.tell)(Event::StepDone {
                    step: place,
                    address,
                    action,
                    old,
                    took,
                });
            }
            Err(error) => {
                (self.tell)(Event::StepFailed {
                    step: place,
                    address: address.clone(),
                    action,
                    old,
                    error: error.clone(),
                });
                self.failures.push(Failure {
                    address: address.clone(),
                    action,
                    error,
                });
                for needing in self.schedule.fail(place) {
                    self.tell_skipped(needing, Some(address.clone()));
                }
            }
        }
    }

    fn write_down(&mut self, step: &Step, new: Option<Outputs>) {
        let known = self
            .book
            .outputs(&step.address)
            .cloned()
            .unwrap_or_default();
        match (new, &step.operation) {
            // If the new one is created before the old one is deleted, the book has the new one already.
            (_, Operation::Delete(old)) if known != old.outputs => {}
            (_, Operation::Delete(_)) => self.book.forget(&step.address),
            (new, Operation::Create(_)) => self
                .book
                .insert(step.address.clone(), new.unwrap_or_default()),
            (new, _) => {
                let outputs = known.into_iter().chain(new.unwrap_or_default()).collect();
                self.book.insert(step.address.clone(), outputs);
            }
        }
    }

    fn tell_skipped(&mut self, place: usize, because_of: Option<Address>) {
        let address = self.plan.steps[place].address.clone();
        (self.tell)(Event::StepSkipped {
            step: place,
            address,
            because_of,
        });
    }
}

impl Step {
    /// What the step does.
    pub fn action(&self) -> Done {
        match self.operation {
            Operation::Create(_) => Done::Create,
            Operation::Update { .. } => Done::Update,
            Operation::Settle(_) => Done::Settle,
            Operation::Unprotect { .. } => Done::Unprotect,
            Operation::Delete(_) => Done::Delete,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::kinds::{Resource, plan_membership};
    use crate::model::{OutputName, Text};

    /// This many keys, each on the one plan; and a book with all outputs.
    fn memberships(count: usize) -> (Vec<Step>, Book) {
        let outputs = || BTreeMap::from([(OutputName::Id, "an id".to_owned())]);
        let plan = Address::new("plans.bronze");
        let mut book = Book::default();
        book.insert(plan.clone(), outputs());
        let step = |number| {
            let key = Address::new(format!("partners.partner{number}/key"));
            book.insert(key.clone(), outputs());
            Step {
                address: Address::new(format!("partners.partner{number}/membership")),
                operation: Operation::Create(Resource::PlanMembership(plan_membership::Props {
                    plan: Text::output(&plan, OutputName::Id),
                    key: Text::output(&key, OutputName::Id),
                    marked: false,
                })),
                carries: Vec::new(),
                lane: None,
                needs: BTreeSet::new(),
                replaces: None,
            }
        };
        let steps = (0..count).map(step).collect();
        (steps, book)
    }

    #[test]
    fn twice_the_steps_copy_twice_the_outputs() {
        let copied = |count| {
            let (steps, book) = memberships(count);
            let told = steps.iter().map(|step| told_to(step, &book));
            told.map(|book| book.addresses().count()).sum::<usize>()
        };
        assert_eq!((copied(20), copied(40)), (40, 80));
    }

    #[test]
    fn a_step_is_told_what_it_holds_and_what_is_known_of_itself() {
        let (steps, mut book) = memberships(2);
        book.insert(steps[1].address.clone(), BTreeMap::new());
        let told = told_to(&steps[1], &book);
        let told: Vec<_> = told.addresses().map(Address::as_str).collect();
        assert_eq!(
            told,
            [
                "partners.partner1/key",
                "partners.partner1/membership",
                "plans.bronze"
            ]
        );
        assert!(not_known(&steps[1], &told_to(&steps[1], &book)).is_none());
    }
}
