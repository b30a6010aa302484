//! One run at a time on a stack: a lock that lies beside the stack on AWS, as a parameter of Systems Manager.
//!
//! - **Taking it** is `PutParameter` without `Overwrite`, which AWS lets one of two runs do.
//! - **Holding it** is writing it over every `RENEWED_EVERY`, from a thread of its own, so that a prompt or a long computation
//!   does not stop it, and reading it more often. A run that could not renew it for `LASTS`, or reads that it is not its own, sends
//!   no write any more ([`Lease`](crate::aws::Lease)).
//! - **Taking it over** is allowed once it was not written for `DEAD_AFTER`, by AWS's clock, or at once when the process that
//!   holds it ran on this machine and is gone. A parameter named after the dead holder's token, made without `Overwrite` again,
//!   decides between two that try.
//! - **Losing it** without having died, which takes a person who deletes the parameter, is told to the run that has it by then: the
//!   loser writes that run's lock over as it is, and AWS counts a parameter's versions. A run whose lock was written by another
//!   looks at the end for what both made.
//!
//! AWS's calls carry nothing that tells a holder from one that lost the lock: a request that was on its way when the time was up
//! is still carried out.

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

/// How often a holder writes its lock over.
const RENEWED_EVERY: Duration = Duration::from_secs(20);
/// How long a holder may write after it renewed its lock last.
const LASTS: Duration = Duration::from_secs(120);
/// How old a lock is when it may be taken over: a minute later, which is longer than a request may take.
pub const DEAD_AFTER: Duration = Duration::from_secs(180);
/// How often a holder reads its lock, which tells one that was deleted or taken over, and tries again what failed.
const READ_EVERY: Duration = Duration::from_secs(5);
/// How long a renewal may take.
const RENEWAL_TAKES: Duration = Duration::from_secs(30);
/// How often the lock is asked for when it goes between two questions.
const TRIES: usize = 5;

/// Where the parameters are that are locks.
pub const FOLDER: &str = "/gatestack/lock/";

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
    format!("{FOLDER}{stack}")
}

/// Whether a parameter of this name is, or could be, a lock.
pub fn is_one(name: &str) -> bool {
    name.starts_with(FOLDER)
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
    written: Arc<Written>,
}

/// How often a lock was written, by AWS's count.
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

    /// This version was there before this run wrote again.
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
        // The first answer got lost, and the SDK asked again.
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
        // A renewal that has begun is never left: it could reach AWS after the lock was removed, and make it again.
        while until.run_until_cancelled(sleep(READ_EVERY)).await.is_some() {
            if self.parameters.lease().why_over().is_some() {
                return;
            }
            let due = renewed.elapsed() >= RENEWED_EVERY;
            let looked = timeout(RENEWAL_TAKES, self.look(due)).await;
            // What AWS refuses may pass; where it does not, the lease ends by itself.
            if due && matches!(looked, Ok(Ok(()))) {
                renewed = Instant::now();
            }
        }
    }

    /// Writes it over, if it is still this run's; otherwise ends the lease.
    ///
    /// # Errors
    /// A call failed.
    pub async fn renew(&self) -> Result<(), AwsError> {
        self.look(true).await
    }

    /// Ends the lease if the lock is not this run's any more; otherwise writes it over where that is due.
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

    /// Tells the run that has the lock by now that this one was under way: its lock is written over as it is.
    async fn tell(&self, there: Option<&Parameter>) -> Result<(), AwsError> {
        let Some(others) = there.filter(|there| Holder::read(&there.value).is_some()) else {
            return Ok(());
        };
        let parameters = self.parameters.without_lease();
        let version = parameters.overwrite(&self.name, &others.value).await?;
        // It was given back between the two calls, and is not to be there again.
        if version == 1 {
            parameters.delete(&self.name).await?;
        }
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

    /// Removes it, unless it is another run's by now; answers whether it was this run's alone until then.
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
    /// Removes the lock, unless it is another run's by now; answers whether it was this run's alone until then.
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
        // Its thread tells, or is gone.
        let _ = ended.await;
        lock.release().await
    }
}
