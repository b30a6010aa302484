//! One run at a time on a stack: a lock that lies beside the stack on AWS, as a parameter of Systems Manager.
//!
//! - **Taking it** is `PutParameter` without `Overwrite`, which AWS lets one of two runs do.
//! - **Holding it** is writing it over every `RENEWED_EVERY`, from a thread of its own, so that a prompt or a long computation
//!   does not stop it. A run that could not renew it for `LASTS` sends no write any more ([`Lease`](crate::aws::Lease)).
//! - **Taking it over** is allowed once it was not written for `DEAD_AFTER`, by AWS's clock, or at once when the process that
//!   holds it ran on this machine and is gone. A parameter named after the dead holder's token, made without `Overwrite` again,
//!   decides between two that try.
//!
//! AWS's calls carry nothing that tells a holder from one that lost the lock: a request that was on its way when the time was up
//! is still carried out.

mod holder;
mod process;

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use holder::Holder;

use crate::aws::{AwsError, LockParameters, Moment, Parameter, Put};

/// How often a holder writes its lock over.
const RENEWED_EVERY: Duration = Duration::from_secs(20);
/// How long a holder may write after it renewed its lock last.
const LASTS: Duration = Duration::from_secs(120);
/// How old a lock is when it may be taken over: a minute later, which is longer than a request may take.
pub const DEAD_AFTER: Duration = Duration::from_secs(180);
/// How soon a renewal is tried again that failed, and how long one may take.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(5);
const RENEWAL_TAKES: Duration = Duration::from_secs(30);
/// How often the lock is asked for when it goes between two questions.
const TRIES: usize = 5;

/// The name of the parameter that is a stack's lock. A stack's name may have characters that a parameter's may not.
pub fn name(stack: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let stack: String = stack
        .chars()
        .map(|c| match c {
            c if plain(c) => c.to_string(),
            c => format!("_{:x}", u32::from(c)),
        })
        .collect();
    format!("/gatestack/lock/{stack}")
}

/// Where the one that takes over from this holder says so.
fn takeover(name: &str, token: &str) -> String {
    format!("{name}/takeover/{token}")
}

/// What came of asking for a lock.
#[derive(Debug)]
pub enum Asked {
    /// It is ours.
    Ours(Box<Lock>),
    /// Another run has it.
    Taken(Box<Taken>),
}

/// A lock that another run has.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Which run; `None` where the parameter says something that this version can't read.
    pub holder: Option<Holder>,
    /// How long ago it was renewed last, by AWS's clock.
    pub unrenewed_for: Duration,
}

impl Taken {
    /// How long it can't be taken over yet, unless it is renewed meanwhile; `None` where it never can.
    pub fn ends_in(&self) -> Option<Duration> {
        let ends = DEAD_AFTER.saturating_sub(self.unrenewed_for);
        self.holder.as_ref().map(|_| ends)
    }
}

/// A lock that this run has.
#[derive(Debug)]
pub struct Lock {
    parameters: LockParameters,
    name: String,
    holder: Holder,
}

/// A lock that is renewed until this is dropped.
#[derive(Debug)]
pub struct Kept {
    lock: Lock,
    renewing: DropGuard,
    /// Told when nothing is renewed any more.
    ended: oneshot::Receiver<()>,
}

/// Asks once for the lock of this name.
///
/// # Errors
/// AWS's refusal of a call.
pub async fn ask(
    parameters: &LockParameters,
    name: &str,
    holder: &Holder,
) -> Result<Asked, AwsError> {
    for _ in 0..TRIES {
        let asked = Moment::now(parameters.clock());
        if parameters.make(name, &holder.text()).await? == Put::Made {
            let lock = begin(parameters, name, holder, asked);
            return Ok(Asked::Ours(Box::new(lock)));
        }
        let Some(there) = parameters.read(name).await? else {
            // Released between the two calls.
            continue;
        };
        let read = Holder::read(&there.value);
        // The first answer got lost, and the SDK asked again.
        if read.as_ref().is_some_and(|read| read.token == holder.token) {
            let lock = begin(parameters, name, holder, asked);
            return Ok(Asked::Ours(Box::new(lock)));
        }
        match dead(read.as_ref(), &there) {
            Some(dead) => {
                if let Some(lock) = take_over(parameters, name, holder, &dead, &there).await? {
                    return Ok(Asked::Ours(Box::new(lock)));
                }
                let claim = parameters.read(&takeover(name, &dead.token)).await?;
                if let Some(other) = claim {
                    let taken = taken(Holder::read(&other.value), &other);
                    return Ok(Asked::Taken(Box::new(taken)));
                }
            }
            None => return Ok(Asked::Taken(Box::new(taken(read, &there)))),
        }
    }
    let what = format!("the parameter {name} came and went {TRIES} times");
    Err(AwsError::unfinished("PutParameter", what))
}

fn taken(holder: Option<Holder>, there: &Parameter) -> Taken {
    Taken {
        holder,
        unrenewed_for: age(there),
    }
}

/// How long ago a parameter was written, by AWS's clock alone.
fn age(there: &Parameter) -> Duration {
    Duration::try_from(there.read.duration_since(there.written)).unwrap_or_default()
}

/// The holder, if it can't write any more.
fn dead(holder: Option<&Holder>, there: &Parameter) -> Option<Holder> {
    let holder = holder?;
    let gone = age(there) >= DEAD_AFTER || holder.process_is_gone();
    gone.then(|| holder.clone())
}

/// Puts this run in the place of a dead one, unless another run is doing so.
async fn take_over(
    parameters: &LockParameters,
    name: &str,
    holder: &Holder,
    dead: &Holder,
    there: &Parameter,
) -> Result<Option<Lock>, AwsError> {
    let claim = takeover(name, &dead.token);
    if parameters.make(&claim, &holder.text()).await? == Put::Exists {
        let Some(other) = parameters.read(&claim).await? else {
            return Ok(None);
        };
        let claimant = Holder::read(&other.value);
        // As above, an answer may have got lost.
        if claimant
            .as_ref()
            .is_none_or(|one| one.token != holder.token)
        {
            if self::dead(claimant.as_ref(), &other).is_some() {
                parameters.delete(&claim).await?;
            }
            return Ok(None);
        }
    }
    // Whoever claimed it earlier may be through with it by now.
    let still = parameters.read(name).await?;
    let still = still.filter(|still| still.value == there.value && still.version == there.version);
    if still.is_none() {
        parameters.delete(&claim).await?;
        return Ok(None);
    }
    let holder = Holder {
        took_over: Some(dead.token.clone()),
        ..holder.clone()
    };
    let asked = Moment::now(parameters.clock());
    let version = parameters.overwrite(name, &holder.text()).await?;
    if version != there.version + 1 {
        let what = format!("{name} was written by another run at the same moment");
        return Err(AwsError::unfinished("PutParameter", what));
    }
    let lock = begin(parameters, name, &holder, asked);
    let earlier = dead.took_over.iter();
    for token in earlier.chain([&dead.token]) {
        parameters.delete(&takeover(name, token)).await?;
    }
    Ok(Some(lock))
}

fn begin(parameters: &LockParameters, name: &str, holder: &Holder, asked: Moment) -> Lock {
    parameters.lease().confirm(asked, LASTS);
    Lock {
        parameters: parameters.clone(),
        name: name.to_owned(),
        holder: holder.clone(),
    }
}

impl Lock {
    /// Renews it from now on, on a thread of its own.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn keep(self) -> std::io::Result<Kept> {
        let end = CancellationToken::new();
        let (tell, ended) = oneshot::channel();
        let renewed = Self {
            parameters: self.parameters.on_another_thread(),
            name: self.name.clone(),
            holder: self.holder.clone(),
        };
        let until = end.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("lock".into())
            .spawn(move || {
                runtime.block_on(renewed.keep_renewing(&until));
                // The process may have ended without waiting for it.
                let _ = tell.send(());
            })?;
        Ok(Kept {
            lock: self,
            renewing: end.drop_guard(),
            ended,
        })
    }

    async fn keep_renewing(&self, until: &CancellationToken) {
        let mut pause = RENEWED_EVERY;
        // A renewal that has begun is never left: it could reach AWS after the lock was removed, and make it again.
        while until.run_until_cancelled(sleep(pause)).await.is_some() {
            if self.parameters.lease().why_over().is_some() {
                return;
            }
            pause = match timeout(RENEWAL_TAKES, self.renew()).await {
                Ok(Ok(())) => RENEWED_EVERY,
                // What AWS refuses may pass; where it does not, the lease ends by itself.
                Ok(Err(_)) | Err(_) => TRIED_AGAIN_AFTER,
            };
        }
    }

    /// Writes it over, if it is still this run's; otherwise ends the lease.
    ///
    /// # Errors
    /// AWS's refusal of a call.
    pub async fn renew(&self) -> Result<(), AwsError> {
        let lease = self.parameters.lease();
        let asked = Moment::now(self.parameters.clock());
        if let Some(why) = self.not_ours(self.parameters.read(&self.name).await?.as_ref()) {
            lease.end(why);
            return Ok(());
        }
        self.parameters
            .overwrite(&self.name, &self.holder.text())
            .await?;
        lease.confirm(asked, LASTS);
        Ok(())
    }

    /// Why it is not this run's any more.
    fn not_ours(&self, there: Option<&Parameter>) -> Option<String> {
        let Some(there) = there else {
            return Some(format!("the lock was removed: {} is gone", self.name));
        };
        match Holder::read(&there.value) {
            Some(holder) if holder.token == self.holder.token => None,
            Some(holder) => Some(format!("the lock was taken over by {holder}")),
            None => Some(format!("{} was written over", self.name)),
        }
    }

    /// Removes it, unless it is another run's by now.
    ///
    /// # Errors
    /// AWS's refusal of a call.
    async fn release(&self) -> Result<(), AwsError> {
        if self.parameters.lease().why_over().is_some() {
            return Ok(());
        }
        let there = self.parameters.read(&self.name).await?;
        let others = there.is_some() && self.not_ours(there.as_ref()).is_some();
        if !others {
            self.parameters.delete(&self.name).await?;
        }
        self.parameters.lease().end("the lock was released");
        Ok(())
    }
}

impl Kept {
    /// Removes the lock, unless it is another run's by now.
    ///
    /// # Errors
    /// AWS's refusal of a call.
    pub async fn release(self) -> Result<(), AwsError> {
        let Self {
            lock,
            renewing,
            ended,
        } = self;
        drop(renewing);
        // Its thread tells, or is gone.
        let _ = ended.await;
        lock.release().await
    }
}
