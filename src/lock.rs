//! One run at a time on a stack: a lock on AWS, a parameter of Systems Manager.
//!
//! - **Acquiring it** is `PutParameter` without `Overwrite`, which succeeds for only one of two runs.
//! - **Renewing it** is overwriting it every `RENEWED_EVERY`, from a separate thread, so that a prompt or a long computation does
//!   not stop it, and reading it more often. A run that could not renew it for `LASTS`, or reads that it is not its own, sends no
//!   further write ([`Lease`](crate::aws::Lease)).
//! - **Taking it over** is allowed once it was not written for `DEAD_AFTER`, by AWS's clock, or at once if its process ran on
//!   this machine and has ended. A parameter named after the dead holder's token, also created without `Overwrite`, decides
//!   between two that try.
//! - **Losing it** while alive, because the parameter was deleted by hand, is signalled to the run that has it by then: the loser
//!   overwrites that run's lock unchanged, which increments the parameter's version. A run whose lock was written by another
//!   checks at the end what both created.
//!
//! AWS's calls carry no token of the lock: a request that was sent before the lock expired may still take effect afterwards.

mod holder;
mod process;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use holder::Holder;

use crate::aws::{AwsError, LockParameters, Moment, Parameter, Put};

/// How often a holder renews its lock.
const RENEWED_EVERY: Duration = Duration::from_secs(20);
/// How long a holder may write after its last renewal.
const LASTS: Duration = Duration::from_secs(120);
/// The age at which a lock may be taken over: a minute later, which is longer than a request may take.
pub const DEAD_AFTER: Duration = Duration::from_secs(180);
/// How often a holder reads its lock, to notice a deletion or takeover, and retries failed renewals.
const READ_EVERY: Duration = Duration::from_secs(5);
/// How long a renewal may take.
const RENEWAL_TAKES: Duration = Duration::from_secs(30);
/// How often acquiring is retried if the lock is released between two calls.
const TRIES: usize = 5;

/// The path of the locks' parameters.
pub const FOLDER: &str = "/gatestack/lock/";

/// The name of a stack's lock parameter. A stack's name may contain characters that are invalid in a parameter's.
pub fn name(stack: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let stack: String = stack
        .chars()
        .map(|c| match c {
            c if plain(c) => c.to_string(),
            c => format!("_{:x}", u32::from(c)),
        })
        .collect();
    format!("{FOLDER}{stack}")
}

/// Whether a parameter with this name is, or could be, a lock.
pub fn is_one(name: &str) -> bool {
    name.starts_with(FOLDER)
}

/// The parameter for a takeover from this holder.
fn takeover(name: &str, token: &str) -> String {
    format!("{name}/takeover/{token}")
}

/// The result of acquiring a lock.
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
    /// Which run; `None` if this version can't read the parameter.
    pub holder: Option<Holder>,
    /// The time since its last renewal, by AWS's clock.
    pub unrenewed_for: Duration,
}

impl Taken {
    /// The time until it can be taken over, unless it is renewed; `None` if it never can.
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
    written: Arc<Written>,
}

/// A version of a lock's parameter.
#[derive(Debug)]
struct Written {
    /// The version that this run wrote last.
    version: AtomicI64,
    /// Whether another run wrote it meanwhile.
    by_another: AtomicBool,
}

impl Written {
    fn first(version: i64) -> Arc<Self> {
        Arc::new(Self {
            version: AtomicI64::new(version),
            by_another: AtomicBool::new(false),
        })
    }

    /// This version existed before this run wrote again.
    fn saw(&self, version: i64) {
        if self.version.swap(version, Ordering::SeqCst) != version {
            self.by_another.store(true, Ordering::SeqCst);
        }
    }

    /// This run wrote this version.
    fn wrote(&self, version: i64) {
        self.saw(version - 1);
        self.version.store(version, Ordering::SeqCst);
    }
}

/// A lock that is being renewed until this is dropped.
#[derive(Debug)]
pub struct Kept {
    lock: Lock,
    renewing: DropGuard,
    /// Signalled when renewing ends.
    ended: oneshot::Receiver<()>,
}

/// Tries once to acquire the lock with this name.
///
/// # Errors
/// A call failed.
pub async fn ask(
    parameters: &LockParameters,
    name: &str,
    holder: &Holder,
) -> Result<Asked, AwsError> {
    for _ in 0..TRIES {
        let asked = Moment::now(parameters.clock());
        if parameters.make(name, &holder.text()).await? == Put::Made {
            let lock = begin(parameters, name, holder, asked, 1);
            return Ok(Asked::Ours(Box::new(lock)));
        }
        let Some(there) = parameters.read(name).await? else {
            // Released between the two calls.
            continue;
        };
        let read = Holder::read(&there.value);
        // The first response was lost, and the SDK retried.
        if read.as_ref().is_some_and(|read| read.token == holder.token) {
            let lock = begin(parameters, name, holder, asked, there.version);
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

/// The holder, if it can no longer write.
fn dead(holder: Option<&Holder>, there: &Parameter) -> Option<Holder> {
    let holder = holder?;
    let gone = age(there) >= DEAD_AFTER || holder.process_is_gone();
    gone.then(|| holder.clone())
}

/// Takes over the lock of a dead run, unless another run is doing so.
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
        // As above, a response may have been lost.
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
    // An earlier claimant may have finished by now.
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
    let lock = begin(parameters, name, &holder, asked, version);
    let earlier = dead.took_over.iter();
    for token in earlier.chain([&dead.token]) {
        parameters.delete(&takeover(name, token)).await?;
    }
    Ok(Some(lock))
}

fn begin(
    parameters: &LockParameters,
    name: &str,
    holder: &Holder,
    asked: Moment,
    version: i64,
) -> Lock {
    parameters.lease().confirm(asked, LASTS);
    Lock {
        parameters: parameters.clone(),
        name: name.to_owned(),
        holder: holder.clone(),
        written: Written::first(version),
    }
}

impl Lock {
    /// Renews it from now on, on a separate thread.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn keep(self) -> std::io::Result<Kept> {
        let end = CancellationToken::new();
        let (tell, ended) = oneshot::channel();
        let renewed = Self {
            parameters: self.parameters.on_another_thread(),
            name: self.name.clone(),
            holder: self.holder.clone(),
            written: self.written.clone(),
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
        let mut renewed = Instant::now();
        // A renewal is never aborted: it could take effect after the lock was removed, and create it again.
        while until.run_until_cancelled(sleep(READ_EVERY)).await.is_some() {
            if self.parameters.lease().why_over().is_some() {
                return;
            }
            let due = renewed.elapsed() >= RENEWED_EVERY;
            let looked = timeout(RENEWAL_TAKES, self.look(due)).await;
            // Errors may be temporary; otherwise the lease expires by itself.
            if due && matches!(looked, Ok(Ok(()))) {
                renewed = Instant::now();
            }
        }
    }

    /// Renews it, if it is still this run's; otherwise ends the lease.
    ///
    /// # Errors
    /// A call failed.
    pub async fn renew(&self) -> Result<(), AwsError> {
        self.look(true).await
    }

    /// Ends the lease if the lock is no longer this run's; otherwise renews it if due.
    async fn look(&self, due: bool) -> Result<(), AwsError> {
        let lease = self.parameters.lease();
        let asked = Moment::now(self.parameters.clock());
        let there = self.parameters.read(&self.name).await?;
        if let Some(why) = self.not_ours(there.as_ref()) {
            lease.end(why);
            return self.tell(there.as_ref()).await;
        }
        if due {
            let text = self.holder.text();
            let version = self.parameters.overwrite(&self.name, &text).await?;
            self.written.wrote(version);
            lease.confirm(asked, LASTS);
        }
        Ok(())
    }

    /// Signals to the run that has the lock by now that this one was running: its lock is overwritten unchanged.
    async fn tell(&self, there: Option<&Parameter>) -> Result<(), AwsError> {
        let Some(others) = there.filter(|there| Holder::read(&there.value).is_some()) else {
            return Ok(());
        };
        let parameters = self.parameters.without_lease();
        let version = parameters.overwrite(&self.name, &others.value).await?;
        // It was released between the two calls, and must not be created again.
        if version == 1 {
            parameters.delete(&self.name).await?;
        }
        Ok(())
    }

    /// Why it is no longer this run's.
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

    /// Removes it, unless it is another run's by now; returns whether only this run had it until then.
    ///
    /// # Errors
    /// A call failed.
    async fn release(&self) -> Result<bool, AwsError> {
        if self.parameters.lease().why_over().is_some() {
            return Ok(false);
        }
        let there = self.parameters.read(&self.name).await?;
        let alone = match &there {
            Some(ours) if self.not_ours(there.as_ref()).is_none() => {
                self.written.saw(ours.version);
                self.parameters.delete(&self.name).await?;
                !self.written.by_another.load(Ordering::SeqCst)
            }
            others => {
                self.tell(others.as_ref()).await?;
                false
            }
        };
        self.parameters.lease().end("the lock was released");
        Ok(alone)
    }
}

impl Kept {
    /// Removes the lock, unless it is another run's by now; returns whether only this run had it until then.
    ///
    /// # Errors
    /// A call failed.
    pub async fn release(self) -> Result<bool, AwsError> {
        let Self {
            lock,
            renewing,
            ended,
        } = self;
        drop(renewing);
        // Its thread signals, or has ended.
        let _ = ended.await;
        lock.release().await
    }
}
