//! A stack and the AWS it is on: opened, looked at, compared with its file.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;

use super::connect::{At, Aws};
use super::duplicates::{refuse_duplicates, refuse_untagged};
use super::invocation::Invocation;
use super::listener::{Listener, Notice, unless_local};
use super::stack_file::{load, load_quietly};
use crate::aws::{Connection, Count};
use crate::caller::Transport;
use crate::clock::Clock;
use crate::error::{Error, Fault};
use crate::kinds::{self, Desired, Observation, Questions, Surroundings};
use crate::model::Address;
use crate::plan::{self, Options, Plan};
use crate::stack::{self, Checked, Given};

/// What a session is for, which decides whether faults of what the file points to stop it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// To make what the file says: what can't work stops it.
    Make,
    /// To see what is there, which has to be possible whatever became of its surroundings.
    Find,
    /// To delete all of it, where the same holds, and what goes along has to be known.
    Destroy,
    /// To call what is there, over real sockets and with tokens of the real time.
    Call,
}

/// A plan, and what it was made from.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What AWS had.
    pub observation: Observation,
}

/// A stack, and the AWS it is on.
#[derive(Debug)]
pub struct Session {
    /// What the command was told, in the environment that the session is in.
    pub invocation: Invocation,
    /// What the file wants in this account.
    pub desired: Desired,
    /// The values from outside that replaced variables of the file.
    pub given: BTreeMap<String, String>,
    /// The time, which on the local AWS costs none.
    pub clock: Clock,
    /// The connection.
    pub connection: Connection,
    /// What it is for.
    purpose: Purpose,
    /// Where everything else of AWS answers.
    at: At,
}

impl Session {
    /// Reads the file with these values of variables, connects, and looks at what the file points to.
    ///
    /// # Errors
    /// Mistakes in the file, an account or Region that is not the stack's, no way to reach AWS, and when something is to be made:
    /// what the file points to is not there or can't work.
    pub async fn open(
        invocation: &Invocation,
        values: BTreeMap<String, Given>,
        adopt: &[String],
        purpose: Purpose,
        listener: &mut dyn Listener,
    ) -> Result<Self, Error> {
        let checked = match purpose {
            Purpose::Make => load(invocation, values, listener)?,
            Purpose::Find | Purpose::Destroy | Purpose::Call => load_quietly(invocation, values)?,
        };
        let stack = &checked.file.stack;
        let (region, account) = (&stack.region, stack.account.as_deref());
        let aws = Aws::open(invocation, region, account, purpose, listener).await?;
        Self::on(aws, invocation, &checked, adopt, purpose, listener).await
    }

    /// The stack of a file that was read already, on an AWS that is open: looks at what the file points to, and works out what it
    /// means there.
    ///
    /// # Errors
    /// An account that is not the stack's, and when something is to be made: what the file points to is not there or can't work.
    pub async fn on(
        aws: Aws,
        invocation: &Invocation,
        checked: &Checked,
        adopt: &[String],
        purpose: Purpose,
        listener: &mut dyn Listener,
    ) -> Result<Self, Error> {
        // A stack file without an account is in that of the credentials, and the local AWS has one of its own.
        let alone_in = match invocation.local {
            true => aws_local::Options::default().account,
            false => aws.account.clone(),
        };
        checked.is_its_own_stack(&aws.account, &alone_in)?;
        let adopt = adopt.iter().map(Address::new).collect();
        let surroundings = surroundings(
            invocation,
            &aws.connection,
            &aws.account,
            checked,
            purpose,
            listener,
        )
        .await?;
        let desired = stack::expand(&checked.file, &aws.account, adopt, &surroundings);
        Ok(Self {
            given: checked.given.clone(),
            ..Self::of(aws, invocation, desired, purpose)
        })
    }

    /// Connects to where a saved plan was made; the file is not needed.
    ///
    /// # Errors
    /// An account or Region that is not the plan's, no way to reach AWS.
    pub async fn of_plan(
        invocation: &Invocation,
        desired: Desired,
        purpose: Purpose,
        listener: &mut dyn Listener,
    ) -> Result<Self, Error> {
        let (region, account) = (&desired.ground.region, &desired.ground.account);
        let aws = Aws::open(invocation, region, Some(account), purpose, listener).await?;
        Ok(Self::of(aws, invocation, desired, purpose))
    }

    /// A stack of which it is known what is wanted, on an AWS that is open.
    pub fn of(aws: Aws, invocation: &Invocation, desired: Desired, purpose: Purpose) -> Self {
        Self {
            invocation: invocation.clone(),
            desired,
            given: BTreeMap::new(),
            clock: aws.clock,
            connection: aws.connection,
            purpose,
            at: aws.at,
        }
    }

    /// Whether it is the local AWS.
    pub fn is_local(&self) -> bool {
        self.invocation.local
    }

    /// Asks AWS what there is, everything anew.
    ///
    /// # Errors
    /// A read failed.
    pub async fn observe(&self, listener: &mut dyn Listener) -> Result<Observation, Error> {
        let reader = self.connection.reader();
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

    /// The same, where each address has one thing, as every reader needs it.
    ///
    /// # Errors
    /// AWS's refusal of a read, several things at one address, and a pool or an API without the stack's tags beside the rest of it.
    pub async fn observe_whole(&self, listener: &mut dyn Listener) -> Result<Observation, Error> {
        let observation = self.observe(listener).await?;
        refuse_duplicates(&observation, &self.invocation)?;
        refuse_untagged(&observation)?;
        Ok(observation)
    }

    /// Asks AWS what there is and compares it with the file.
    ///
    /// # Errors
    /// AWS's refusal of a read, or everything that keeps it from being a plan.
    pub async fn plan(
        &self,
        options: &Options,
        listener: &mut dyn Listener,
    ) -> Result<Planned, Error> {
        let observation = self.observe(listener).await?;
        let plan = plan::plan(&self.desired, &observation, options)?;
        Ok(Planned { plan, observation })
    }

    /// The way to the stack's own addresses. On the local AWS, `behind` says what answers for private targets.
    ///
    /// # Errors
    /// The system has no way to check certificates, or `--endpoint-url` is no URL.
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

    /// The local AWS, where it is one of this process.
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

/// Asks AWS about what the file points to, and judges it where something is to be made.
///
/// # Errors
/// AWS's refusal of a read; what is not there or can't work, when something is to be made.
pub(super) async fn surroundings(
    invocation: &Invocation,
    connection: &Connection,
    account: &str,
    checked: &Checked,
    purpose: Purpose,
    listener: &mut dyn Listener,
) -> Result<Surroundings, Error> {
    let questions = stack::questions(checked, account);
    let questions = match purpose {
        Purpose::Make => questions,
        Purpose::Find | Purpose::Destroy | Purpose::Call => questions.of_identities(),
    };
    // The internet knows nothing of an AWS that is not AWS.
    let dns = !invocation.local && invocation.endpoint_url.is_none();
    let found = {
        let reader = connection.reader();
        let look = Box::pin(kinds::look_around(&reader, &questions, dns));
        let at_once = invocation.local || questions == Questions::default();
        let what = "checking VPC, subnets and certificates";
        unless_local(at_once, listener, what, look).await?
    };
    connection.payloads().extend(&checked.files.payloads);
    let surroundings = Surroundings {
        digests: checked.files.digests.clone(),
        ..found
    };
    if purpose == Purpose::Make {
        let told = stack::preflight(checked, account, &surroundings);
        if told.has_errors() {
            return Err(told.into());
        }
        listener.tell(Notice::Warnings(&told));
    }
    Ok(surroundings)
}
