//! A stack and its AWS: opened, read, compared with its file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tokio::task::JoinSet;

use super::connect::{At, Aws};
use super::duplicates::{refuse_duplicates, refuse_untagged};
use super::invocation::Invocation;
use super::listener::{Listener, Notice, unless_local};
use super::stack_file::{load, load_quietly};
use super::{function_code, given_values};
use crate::aws::{Connection, Count, Reader};
use crate::caller::Transport;
use crate::clock::Clock;
use crate::code::Code;
use crate::error::{Error, Fault};
use crate::kinds::{self, Desired, Lookups, Observation, Queries};
use crate::model::Patterns;
use crate::plan::{self, Options, Plan};
use crate::stack::{self, Checked, CodeReading, FunctionCodes, Given, GivenKeys};

/// The purpose of a session, which decides whether errors about existing resources stop it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// To apply the file: what can't work is an error.
    Make,
    /// To read the state, whatever happened to existing resources.
    Find,
    /// To delete everything, likewise, and with what is deleted along.
    Destroy,
    /// To call it, over real sockets and with tokens in real time.
    Call,
}

/// When a session starts to read the stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FirstLook {
    /// When it is opened, concurrently with the queries.
    AtOnce,
    /// When the observation is asked for: until then another run may write, such as the holder of the lock.
    WhenAsked,
}

/// Reads of the first observation that start before the file is expanded. Dropping this cancels them.
#[derive(Debug)]
struct HeadStart {
    reader: Reader,
    _reads: JoinSet<()>,
}

/// A plan, and the observation that it was made from.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What AWS had.
    pub observation: Observation,
}

/// A stack and its AWS.
#[derive(Debug)]
pub struct Session {
    /// The command's options, with the session's environment.
    pub invocation: Invocation,
    /// The wanted resources in this account.
    pub desired: Desired,
    /// The values from outside that replaced variables of the file.
    pub given: BTreeMap<String, String>,
    /// The clock, simulated on the local AWS.
    pub clock: Clock,
    /// The connection.
    pub connection: Connection,
    /// The code of the file's functions, by the digests of their sources.
    pub(super) codes: FunctionCodes,
    /// Where the stack file gives values of API keys; `None` without a file.
    pub(super) given_keys: Option<GivenKeys>,
    /// What the file uses of other stacks and AWS does not have; for commands that call.
    pub(super) absent: Vec<stack::Absent>,
    /// What it is for.
    purpose: Purpose,
    /// Reads that the first observation starts with.
    head_start: Mutex<Option<HeadStart>>,
    /// The endpoint of everything else.
    at: At,
}

impl HeadStart {
    /// Starts the reads of an observation. `desired` may come without the results of the queries.
    fn of(reader: Reader, desired: Desired) -> Self {
        let mut reads = JoinSet::new();
        let asks = reader.clone();
        reads.spawn(async move { kinds::read_ahead(&asks, &desired).await });
        Self {
            reader,
            _reads: reads,
        }
    }
}

impl Session {
    /// Reads the file with these values of variables, connects, and runs the queries.
    ///
    /// # Errors
    /// Mistakes in the file, another account or Region than the stack's, AWS can't be reached, and to apply: an existing resource
    /// is missing or can't work.
    pub async fn open(
        invocation: &Invocation,
        values: BTreeMap<String, Given>,
        adopt: &[String],
        purpose: Purpose,
        first_look: FirstLook,
        listener: &mut dyn Listener,
    ) -> Result<Self, Error> {
        let checked = match purpose {
            Purpose::Make => load(invocation, values, listener)?,
            Purpose::Call => load_quietly(invocation, values, CodeReading::IfThere(&Code::read))?,
            Purpose::Find | Purpose::Destroy => {
                load_quietly(invocation, values, CodeReading::Skipped)?
            }
        };
        let stack = &checked.file.stack;
        let (region, account) = (&stack.region, stack.account.as_deref());
        let aws = Aws::open(invocation, region, account, purpose, listener).await?;
        Self::on(
            aws, invocation, &checked, adopt, purpose, first_look, listener,
        )
        .await
    }

    /// The stack of a file that was read already, with an open connection: runs the queries and expands the file.
    ///
    /// # Errors
    /// Another account than the stack's, and to apply: an existing resource is missing or can't work.
    pub async fn on(
        aws: Aws,
        invocation: &Invocation,
        checked: &Checked,
        adopt: &[String],
        purpose: Purpose,
        first_look: FirstLook,
        listener: &mut dyn Listener,
    ) -> Result<Self, Error> {
        // Without an account in the file, it is that of the credentials; the local AWS has its own.
        let alone_in = match invocation.local {
            true => aws_local::Options::default().account,
            false => aws.account.clone(),
        };
        checked.is_its_own_stack(&aws.account, &alone_in)?;
        let adopt = Patterns::new(adopt.iter().cloned());
        let reader = aws.connection.reader();
        // Without queries the observation follows at once.
        let waits = queries(checked, &aws.account, purpose) != Queries::default();
        let head_start = (first_look == FirstLook::AtOnce && waits).then(|| {
            let nothing = Lookups::default();
            let desired = stack::expand(&checked.file, &aws.account, adopt.clone(), &nothing);
            HeadStart::of(reader.clone(), desired)
        });
        let lookups = lookups(
            invocation,
            &reader,
            &aws.account,
            checked,
            purpose,
            listener,
        )
        .await?;
        let desired = stack::expand(&checked.file, &aws.account, adopt, &lookups);
        let absent = match purpose {
            Purpose::Call => stack::absent(checked, &aws.account, &lookups),
            Purpose::Make | Purpose::Find | Purpose::Destroy => Vec::new(),
        };
        Ok(Self {
            absent,
            given: checked.given.clone(),
            codes: checked.files.codes.clone(),
            given_keys: Some(GivenKeys::of(checked)),
            head_start: Mutex::new(head_start),
            ..Self::of(aws, invocation, desired, purpose)
        })
    }

    /// Connects to a saved plan's account and Region; the file is not needed.
    ///
    /// # Errors
    /// Another account or Region than the plan's, or AWS can't be reached.
    pub async fn of_plan(
        invocation: &Invocation,
        desired: Desired,
        purpose: Purpose,
        listener: &mut dyn Listener,
    ) -> Result<Self, Error> {
        let (region, account) = (&desired.context.region, &desired.context.account);
        let aws = Aws::open(invocation, region, Some(account), purpose, listener).await?;
        Ok(Self::of(aws, invocation, desired, purpose))
    }

    /// A stack with known wanted resources, with an open connection.
    pub fn of(aws: Aws, invocation: &Invocation, desired: Desired, purpose: Purpose) -> Self {
        Self {
            invocation: invocation.clone(),
            desired,
            given: BTreeMap::new(),
            codes: FunctionCodes::new(),
            given_keys: None,
            absent: Vec::new(),
            clock: aws.clock,
            connection: aws.connection,
            purpose,
            head_start: Mutex::default(),
            at: aws.at,
        }
    }

    /// Whether it is the local AWS.
    pub fn is_local(&self) -> bool {
        self.invocation.local
    }

    /// Reads everything from AWS again. Only the first observation may have started earlier (`FirstLook::AtOnce`).
    ///
    /// # Errors
    /// A read failed.
    pub async fn observe(&self, listener: &mut dyn Listener) -> Result<Observation, Error> {
        let head_start = {
            let begun = self.head_start.lock();
            begun.unwrap_or_else(PoisonError::into_inner).take()
        };
        let reader = match &head_start {
            Some(head_start) => head_start.reader.clone(),
            None => self.connection.reader(),
        };
        let observe = async {
            match self.purpose {
                Purpose::Destroy => kinds::observe_to_destroy(&reader, &self.desired).await,
                Purpose::Make | Purpose::Find | Purpose::Call => {
                    kinds::observe(&reader, &self.desired).await
                }
            }
        };
        let what = "reading the stack from AWS";
        Ok(unless_local(self.is_local(), listener, what, Box::pin(observe)).await?)
    }

    /// The same, without duplicates, for commands that only read.
    ///
    /// # Errors
    /// A read failed, several resources at one address, or a pool or an API without the stack's tags beside the rest of it.
    pub async fn observe_whole(&self, listener: &mut dyn Listener) -> Result<Observation, Error> {
        let observation = self.observe(listener).await?;
        refuse_duplicates(&observation, &self.invocation)?;
        refuse_untagged(&observation)?;
        Ok(observation)
    }

    /// Reads AWS and compares it with the file.
    ///
    /// # Errors
    /// A read failed, or there is no plan, with all reasons.
    pub async fn plan(
        &self,
        options: &Options,
        listener: &mut dyn Listener,
    ) -> Result<Planned, Error> {
        let observation = self.observe(listener).await?;
        let plan = plan::plan(&self.desired, &observation, options)?;
        let today = self.clock.now().strftime("%Y-%m-%d").to_string();
        let refused = function_code::refusals(&plan, &today);
        if !refused.is_empty() {
            return Err(refused.into());
        }
        Ok(Planned { plan, observation })
    }

    /// The transport to the stack's own URLs. On the local AWS, `behind` has the backends of private targets.
    ///
    /// # Errors
    /// The system can't verify certificates, or `--endpoint-url` is not a URL.
    pub fn transport(&self, behind: aws_local::DataPlaneOptions) -> Result<Transport, Error> {
        let no_client = |error: reqwest::Error| {
            Fault::io(anyhow::Error::new(error).context("can't make an HTTP client")).into()
        };
        match &self.at {
            At::Internet => Transport::internet().map_err(no_client),
            At::Url(url) => {
                let url = url
                    .parse()
                    .with_context(|| format!("--endpoint-url {url}"))
                    .map_err(|error| {
                        Fault::io(error).hint("write it as in http://127.0.0.1:4599")
                    })?;
                Transport::endpoint(url).map_err(no_client)
            }
            At::Local(service) => {
                let planes = aws_local::DataPlane::new(service.clone(), behind);
                Ok(Transport::in_process(Arc::new(move |request| {
                    let planes = planes.clone();
                    Box::pin(async move { planes.answer(request).await })
                })))
            }
        }
    }

    /// The local AWS, if it is in this process.
    pub fn service(&self) -> Option<&aws_local::Service> {
        match &self.at {
            At::Local(service) => Some(service),
            At::Url(_) | At::Internet => None,
        }
    }

    /// The requests so far.
    pub fn requests(&self) -> Count {
        self.connection.tally().count()
    }
}

/// Runs the queries, and checks the results if the file is to be applied.
///
/// # Errors
/// A read failed; to apply: an existing resource is missing or can't work.
pub(super) async fn lookups(
    invocation: &Invocation,
    reader: &Reader,
    account: &str,
    checked: &Checked,
    purpose: Purpose,
    listener: &mut dyn Listener,
) -> Result<Lookups, Error> {
    let queries = queries(checked, account, purpose);
    // Public DNS has nothing about a local AWS.
    let dns = !invocation.local && invocation.endpoint_url.is_none();
    let found = {
        let look = Box::pin(kinds::look_up(reader, &queries, dns));
        let at_once = invocation.local || queries == Queries::default();
        let what = "checking VPC, subnets and certificates";
        unless_local(at_once, listener, what, look).await?
    };
    reader.payloads().extend(&checked.files.payloads);
    let mut versions = found.secret_versions.clone();
    versions.extend(queries.secrets.iter().filter_map(|source| {
        let version = given_values::variable_version(&checked.file.stack.name, source)?;
        Some((source.clone(), version))
    }));
    let lookups = Lookups {
        secret_versions: versions,
        digests: checked.files.digests.clone(),
        functions: checked.files.functions.clone(),
        ..found
    };
    if purpose == Purpose::Make {
        let told = stack::preflight(checked, account, &lookups);
        if told.has_errors() {
            return Err(told.into());
        }
        listener.tell(Notice::Warnings(&told));
    }
    Ok(lookups)
}

/// The queries that a command needs.
fn queries(checked: &Checked, account: &str, purpose: Purpose) -> Queries {
    let queries = stack::queries(checked, account);
    match purpose {
        Purpose::Make => queries,
        Purpose::Find | Purpose::Destroy | Purpose::Call => queries.of_identities(),
    }
}
