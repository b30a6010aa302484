//! Applies the stack file to the local AWS, including all losses, since nothing there is real.

use std::collections::BTreeMap;
use std::time::Duration;

use super::invocation::Invocation;
use super::listener::Listener;
use super::lock::{Held, Locking};
use super::run::{Executed, Execution, Steps};
use super::session::{FirstLook, Planned, Purpose, Session};
use super::stop::{NeverStopped, stopped};
use crate::error::{Error, FaultKind};
use crate::kinds::Desired;
use crate::model::Address;
use crate::plan::{self, Loss, LossOf, Options, Patterns, Plan};
use crate::stack::Given;

/// Every address.
const EVERYTHING: &str = "*";

/// How long to wait for another run on the same local AWS.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// What a stack became.
#[derive(Debug)]
pub struct Reloaded {
    /// What the file wants.
    pub desired: Desired,
    /// The plan.
    pub plan: Plan,
    /// What was done.
    pub steps: Steps,
    /// The losses.
    pub lost: BTreeMap<Address, Loss>,
}

/// Applies the file to the local AWS, losses included.
///
/// # Errors
/// Mistakes in the file, or there is no plan; nothing was changed then. The lock was lost meanwhile.
pub async fn reload<L: Listener>(
    invocation: &Invocation,
    values: BTreeMap<String, Given>,
    listener: &mut L,
) -> Result<Reloaded, Error> {
    let session = Session::open(
        invocation,
        values,
        &[],
        Purpose::Make,
        FirstLook::WhenAsked,
        listener,
    )
    .await?;
    let locking = Locking {
        session: &session,
        command: "dev",
        wait: LOCK_WAIT,
        again: invocation.command_line("apply", &[]),
    };
    let work = async |lock: &mut Held, _: &mut NeverStopped, listener: &mut L| {
        apply(&session, lock, listener).await
    };
    let (plan, steps, lost) = locking.locked(&mut NeverStopped, listener, work).await?;
    Ok(Reloaded {
        desired: session.desired,
        plan,
        steps,
        lost,
    })
}

async fn apply(
    session: &Session,
    lock: &mut Held,
    listener: &mut impl Listener,
) -> Result<(Plan, Steps, BTreeMap<Address, Loss>), Error> {
    let Planned { plan, observation } = session.plan(&Options::default(), listener).await?;
    let mut lost = plan.missing_consent;
    lost.retain(|_, loss| matches!(loss.of, LossOf::Own | LossOf::Others));
    let consent = Options {
        allow_delete: Patterns::new([EVERYTHING.to_owned()]),
        ..Options::default()
    };
    let plan = plan::plan(&session.desired, &observation, &consent)?;
    let execution = Execution {
        session,
        plan: &plan,
        again: session.invocation.command_line("apply", &[]),
    };
    match execution.run(lock, &mut NeverStopped, listener).await? {
        Executed::Over(steps) => Ok((plan, steps, lost)),
        Executed::Left(_) => Err(stopped(FaultKind::Interrupted)),
    }
}
