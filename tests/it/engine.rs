//! What callers of the engine can rely on: nothing is written before the confirmation, the lock is released however a run ends,
//! and notices are in order.

use std::pin::Pin;
use std::time::Duration;

use gatestack::apply::Event;
use gatestack::engine::{
    self, Agreed, Invocation, Listener, Locking, NeverStopped, Notice, Purpose, Session, Silent,
    Stop, Stops, or_stop, stopped,
};
use gatestack::error::{Error, Exit, FaultKind};
use gatestack::plan::{Options, Plan};

use crate::support::world::{World, desired, stack_of};

/// Records the names of notices.
#[derive(Default)]
struct Told(Vec<&'static str>);

impl Listener for Told {
    fn tell(&mut self, notice: Notice<'_>) {
        self.0.push(match notice {
            Notice::Step { event, .. } => match event {
                Event::Started { .. } => "started",
                Event::Finished { .. } => "finished",
                _ => "step",
            },
            Notice::Ended(_) => "ended",
            Notice::Unlocked => "unlocked",
            _ => "else",
        });
    }
}

/// Interrupts at once.
struct AtOnce(Stop);

impl Stops for AtOnce {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Stop> + '_>> {
        Box::pin(std::future::ready(self.0))
    }
}

/// Plans under the lock, and executes the plan once `decide` confirms it.
async fn run<S: Stops, L: Listener>(
    session: &Session,
    stops: &mut S,
    listener: &mut L,
    decide: impl FnOnce(&Plan, &mut L) -> Result<Option<Agreed>, Error>,
) -> Result<Exit, Error> {
    let locking = Locking {
        session,
        command: "apply",
        wait: Duration::ZERO,
        again: Invocation::default().command_line("apply", &[]),
    };
    locking
        .locked(stops, listener, async |lock, stops, listener| {
            let options = Options::default();
            let planned = or_stop(stops, session.plan(&options, listener)).await??;
            engine::run(session, &planned, lock, stops, listener, decide).await
        })
        .await
}

fn yes() -> Agreed {
    Agreed {
        asked: false,
        again: "gatestack apply".into(),
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_unless_somebody_agrees() {
    let world = World::new();
    let wanted = desired(&stack_of(1, 1));
    let session = world.session(&wanted, Purpose::Make).await;
    let decline = |_: &Plan, _: &mut Silent| Err(stopped(FaultKind::Declined));
    let declined = run(&session, &mut NeverStopped, &mut Silent, decline).await;
    assert!(matches!(declined, Err(Error::Fault(fault)) if fault.kind == FaultKind::Declined));
    assert!(world.observe(&wanted).await.live.is_empty());

    // The lock was released, or this one would be refused.
    let session = world.session(&wanted, Purpose::Make).await;
    let agree = |plan: &Plan, _: &mut Silent| Ok((!plan.is_empty()).then(yes));
    let applied = run(&session, &mut NeverStopped, &mut Silent, agree).await;
    assert_eq!(applied.unwrap(), Exit::Success);
    assert!(!world.observe(&wanted).await.live.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_end_before_the_plan_writes_nothing() {
    let world = World::new();
    let wanted = desired(&stack_of(1, 1));
    let session = world.session(&wanted, Purpose::Make).await;
    for (stop, exit) in [
        (Stop::Interrupted, Exit::Interrupted),
        (Stop::Terminated, Exit::Terminated),
    ] {
        let ended = or_stop(&mut AtOnce(stop), std::future::pending::<()>()).await;
        assert_eq!(ended.unwrap_err().exit(), exit);
    }
    let agree = |_: &Plan, _: &mut Silent| Ok(Some(yes()));
    let ended = run(&session, &mut AtOnce(Stop::Interrupted), &mut Silent, agree).await;
    assert!(ended.is_err(), "{ended:?}");
    assert!(world.observe(&wanted).await.live.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_happens_is_told_in_order() {
    let world = World::new();
    let session = world
        .session(&desired(&stack_of(1, 1)), Purpose::Make)
        .await;
    let mut told = Told::default();
    let agree = |_: &Plan, told: &mut Told| {
        assert_eq!(told.0, [""; 0], "nothing happens before it is agreed to");
        Ok(Some(yes()))
    };
    let applied = run(&session, &mut NeverStopped, &mut told, agree).await;
    assert_eq!(applied.unwrap(), Exit::Success);
    assert_eq!(told.0[0], "started");
    assert!(told.0.contains(&"step"));
    assert_eq!(told.0[told.0.len() - 2..], ["finished", "ended"]);
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_a_lock_says_so() {
    let world = World::new();
    let mut wanted = desired(&stack_of(0, 1));
    wanted.lock = false;
    let session = world.session(&wanted, Purpose::Make).await;
    let mut told = Told::default();
    let nothing = |_: &Plan, _: &mut Told| Ok(None);
    let ended = run(&session, &mut NeverStopped, &mut told, nothing).await;
    assert_eq!(ended.unwrap(), Exit::Success);
    assert_eq!(told.0, ["unlocked"]);
}
