//! Connects to the AWS of a stack: the endpoint, the credentials, and the check of the account.

use std::io::ErrorKind;
use std::path::Path;

use jiff::Timestamp;

use super::existing;
use super::invocation::Invocation;
use super::listener::{Listener, Notice, unless_local};
use super::session::Purpose;
use crate::aws::{AwsError, Connection, Endpoint, ProfileError, check_profile};
use crate::caller;
use crate::clock::Clock;
use crate::error::{Error, Fault, FaultKind};
use crate::files::NotAFile;
use crate::model::shell_word;
use crate::model::similar::closest;

/// The state file of the local AWS, in the folder of the stack file.
pub const LOCAL_STATE: &str = ".gatestack/local.json";

/// Where the stack's own URLs are: its token endpoint, its API.
#[derive(Clone, Debug)]
pub(super) enum At {
    Local(aws_local::Service),
    /// At one custom endpoint.
    Url(String),
    /// Where DNS leads.
    Internet,
}

/// A connection to the account and Region where a stack belongs.
#[derive(Debug)]
pub struct Aws {
    pub(super) connection: Connection,
    pub(super) clock: Clock,
    pub(super) account: String,
    pub(super) at: At,
}

impl Aws {
    /// A local AWS in this process, with an open connection.
    pub fn in_process(
        service: aws_local::Service,
        connection: Connection,
        clock: Clock,
        account: &str,
    ) -> Self {
        Self {
            connection,
            clock,
            account: account.to_owned(),
            at: At::Local(service),
        }
    }

    /// Connects to AWS, or to the local one.
    ///
    /// # Errors
    /// Another account or Region than the stack's, or AWS can't be reached.
    pub(super) async fn open(
        invocation: &Invocation,
        region: &str,
        belongs_in: Option<&str>,
        purpose: Purpose,
        listener: &mut dyn Listener,
    ) -> Result<Self, Error> {
        if let Some(insisted) = invocation.region.as_ref().filter(|one| *one != region) {
            let what = format!("the stack is in {region}, and --region says {insisted}");
            return Err(Fault::new(FaultKind::Context, what)
                .hint("leave --region out, or change `[stack] region`: that is another stack in another Region")
                .into());
        }
        // Only waits are simulated, not the local AWS's dates: otherwise each run would leave dates in the future for the next
        // one, of deployments, domains and tokens.
        let waits = if invocation.local {
            Clock::simulated(Timestamp::now())
        } else {
            Clock::system()
        };
        let clock = match purpose {
            Purpose::Make | Purpose::Find | Purpose::Destroy => waits.clone(),
            Purpose::Call => Clock::system(),
        };
        let at = At::of(invocation, region, belongs_in, purpose, listener)?;
        if !invocation.local {
            let checked = check_profile(invocation.profile.as_deref()).await;
            checked.map_err(unusable_profile)?;
        }
        let endpoint = at.endpoint(invocation);
        let connect = Box::pin(async {
            let connection = Connection::open(endpoint, region, &waits).await;
            let account = connection.reader().account().await?;
            Ok::<_, AwsError>((connection, account))
        });
        let what = match &invocation.endpoint_url {
            Some(url) => format!("checking AWS credentials at {url}"),
            None => format!("checking AWS credentials in {region}"),
        };
        let (connection, account) =
            unless_local(invocation.local, listener, &what, connect).await?;
        if let Some(wanted) = belongs_in.filter(|wanted| *wanted != account) {
            let what = format!(
                "the stack belongs in account {wanted}, and these credentials are for {account}"
            );
            return Err(Fault::new(FaultKind::Context, what)
                .hint("choose other credentials with --profile or AWS_PROFILE, or correct `[stack] account`")
                .into());
        }
        Ok(Self {
            connection,
            clock,
            account,
            at,
        })
    }
}

/// The error about a profile that can't be used.
pub(super) fn unusable_profile(error: ProfileError) -> Error {
    let fault = Fault::new(FaultKind::Profile, caller::in_full(&error));
    let fault = match &error {
        ProfileError::Unknown { name, known, .. } => {
            let near = closest(name, known.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            fault.hint(if known.is_empty() {
                format!(
                    "make it with `aws configure --profile {}`",
                    shell_word(name)
                )
            } else {
                format!("{near}existing profiles: {}", known.join(", "))
            })
        }
        ProfileError::Unreadable { .. } => fault,
    };
    fault
        .hint("AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name other files")
        .into()
}

impl At {
    /// The AWS to use. The local one gets the resources of `local-aws.toml`, which is reported before a create.
    fn of(
        invocation: &Invocation,
        region: &str,
        account: Option<&str>,
        purpose: Purpose,
        listener: &mut dyn Listener,
    ) -> Result<Self, Error> {
        if !invocation.local {
            let url = invocation.endpoint_url.clone();
            return Ok(url.map_or(Self::Internet, Self::Url));
        }
        let service = local_service(invocation, account, listener.state_is_held())?;
        let path = existing::beside(invocation);
        let counts = existing::provide_beside(&service, invocation, region)?;
        if let Some(counts) = counts.filter(|_| purpose == Purpose::Make) {
            listener.tell(Notice::Existing {
                path: &path,
                counts: &counts,
            });
        }
        Ok(Self::Local(service))
    }

    fn endpoint(&self, invocation: &Invocation) -> Endpoint {
        match self {
            Self::Local(service) => Endpoint::InProcess(aws_local::connector(service.clone())),
            Self::Url(_) | Self::Internet => Endpoint::Aws {
                profile: invocation.profile.clone(),
                url: invocation.endpoint_url.clone(),
            },
        }
    }
}

/// The local AWS of a stack, in this account or the default one, with the state beside the stack file. `is_held` is called while
/// another process locks that.
///
/// # Errors
/// The state can't be used.
pub fn local_service(
    invocation: &Invocation,
    account: Option<&str>,
    is_held: Option<fn(&Path)>,
) -> Result<aws_local::Service, Error> {
    let defaults = aws_local::Options::default();
    let options = aws_local::Options {
        account: account.map_or(defaults.account.clone(), str::to_owned),
        waits: is_held,
        ..defaults
    };
    aws_local::Service::at_file(&invocation.folder().join(LOCAL_STATE), options)
        .map_err(local_state)
}

/// Why the local AWS's state can't be used.
pub fn local_state(error: aws_local::StoreError) -> Error {
    let hint = match &error {
        aws_local::StoreError::Io { source, .. } if NotAFile::of(source).is_some() => {
            "the state is a regular file of gatestack's own, below .gatestack beside the stack file or where --state says: name \
             another, or see where that came from"
        }
        aws_local::StoreError::Io { source, .. } if source.kind() == ErrorKind::NotADirectory => {
            "gatestack makes a folder there for the state: move away what is there, or name another place with --state"
        }
        aws_local::StoreError::Io { .. } => {
            "its state is in a folder .gatestack beside the stack file, or in the file of --state: see that you may write \
             there"
        }
        aws_local::StoreError::Journal { source, .. } => match source {
            aws_local::WrongJournal::NoState | aws_local::WrongJournal::OtherState => {
                "changes that were applied with --local are in the journal alone: put back the state file that lay beside it; to \
                 start without them, delete the journal"
            }
            _ => {
                "changes that were applied with --local are lost in it: put back an earlier copy of the journal and its state file; \
                 to start with an empty AWS, delete both"
            }
        },
        aws_local::StoreError::Damaged { .. } | aws_local::StoreError::Format { .. } => {
            "it holds nothing but what was applied with --local: to start with an empty AWS, delete the state and the journal beside it"
        }
    };
    Fault::io(anyhow::Error::new(error).context("the local AWS can't start"))
        .hint(hint)
        .into()
}
