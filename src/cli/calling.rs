//! The road that the commands share that call a stack: the session, what its callers know, and the way to it.

use std::future::Future;

use super::backends::Backends;
use super::global::Global;
use super::session::{Purpose, Session};
use crate::aws::AwsError;
use crate::caller::{
    self, Credentials, Front, Known, NoSuchCaller, Token, TokenError, Transport, in_full,
};
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::Observation;
use crate::render::Ui;
use crate::stack::closest;

/// A stack that is there, to be called.
pub(super) struct Calling {
    /// The stack, and the AWS it is on.
    pub(super) session: Session,
    /// What AWS has of it.
    pub(super) observation: Observation,
    /// What its callers know of it.
    pub(super) front: Front,
    /// The way to it.
    pub(super) transport: Transport,
}

impl Calling {
    /// Reads the file, asks AWS what there is, and makes ready to call it. From here on tokio's time is the machine's, as
    /// everything on real sockets needs it; the runtime is the one of [`runtime`](super::session::runtime).
    ///
    /// # Errors
    /// As of [`Session::open`] and [`Session::observe`].
    pub(super) async fn open(
        global: &Global,
        ui: &mut Ui,
        backends: &Backends,
    ) -> Result<Self, Error> {
        let session = Session::open(global, ui, &[], Purpose::Call).await?;
        let observation = session.observe(ui).await?;
        if session.local {
            tokio::time::resume();
        }
        let front = Front::of(&session.desired, &observation);
        let transport = session.transport(backends.options())?;
        Ok(Self {
            session,
            observation,
            front,
            transport,
        })
    }

    /// The caller of this name.
    ///
    /// # Errors
    /// None or several are called so.
    pub(super) fn caller(&self, name: &str) -> Result<&Known, Error> {
        let addresses = || {
            let addresses = self.front.callers.keys().cloned();
            addresses.collect::<Vec<_>>().join(", ")
        };
        self.front.caller(name).map_err(|error| {
            let fault = Fault::new(FaultKind::Caller, error.to_string());
            let fault = match &error {
                NoSuchCaller::Ambiguous(_, called) => {
                    fault.hint(format!("write {}", called.join(" or ")))
                }
                NoSuchCaller::Unknown(_) if self.front.callers.is_empty() => fault
                    .hint("the file has nobody to call with: add `[partners.NAME]`, then apply it"),
                NoSuchCaller::Unknown(_) => {
                    let callers = self.front.callers.values();
                    let names = callers.flat_map(|known| [known.name(), known.address.as_str()]);
                    let hint = match closest(name, names) {
                        Some(near) => format!("did you mean `{near}`? "),
                        None => String::new(),
                    };
                    let be = if self.front.callers.len() == 1 {
                        "is"
                    } else {
                        "are"
                    };
                    fault.hint(format!("{hint}there {be} {}", addresses()))
                }
            };
            fault.into()
        })
    }

    /// Reads somebody's credentials from AWS, once everything of theirs that the file wants is there.
    ///
    /// # Errors
    /// It is not applied yet; AWS's refusal.
    pub(super) async fn credentials(
        &self,
        global: &Global,
        known: &Known,
    ) -> Result<Credentials, Error> {
        let absent = match known {
            known if known.has_client && known.client_id.is_none() => Some("app client"),
            known if known.has_api_key && known.api_key_id.is_none() => Some("API key"),
            _ => None,
        };
        if let Some(absent) = absent {
            let what = format!("{} has no {absent} yet", known.address);
            return Err(not_applied(global, &what));
        }
        let read = caller::credentials(&self.session.connection, &self.front, known);
        Ok(self.reading(read).await?)
    }

    /// A token of somebody's; no scope asks for all they may have.
    ///
    /// # Errors
    /// Why there is none, and what to do.
    pub(super) async fn token(
        &self,
        global: &Global,
        known: &Known,
        credentials: &Credentials,
        scopes: &[String],
    ) -> Result<Token, Error> {
        if !known.gets_tokens() {
            return Err(gets_no_tokens(known));
        }
        let asked = caller::token_of_pool(
            &self.transport,
            &self.session.connection,
            &self.front,
            credentials,
            scopes,
        );
        let asked = asked.await;
        asked.map_err(|error| self.no_token(global, known, error))
    }

    /// Reads of the local AWS wait for AWS's quotas, as all reads do, in a time that costs none.
    async fn reading<T>(
        &self,
        read: impl Future<Output = Result<T, AwsError>>,
    ) -> Result<T, AwsError> {
        if !self.session.local {
            return read.await;
        }
        tokio::time::pause();
        let answer = read.await;
        tokio::time::resume();
        answer
    }

    fn no_token(&self, global: &Global, known: &Known, error: TokenError) -> Error {
        let who = &known.address;
        let host = self.front.token_url.as_deref().unwrap_or_default();
        let what = match &error {
            TokenError::Aws(error) => {
                format!(
                    "the user pool has no domain, and without one AWS gives {who} no token: {error}"
                )
            }
            TokenError::Refused { error, description } => {
                let description = description.as_deref();
                let description = description.map(|said| format!(" ({said})"));
                format!(
                    "the token endpoint refuses {who}: {error}{}",
                    description.unwrap_or_default()
                )
            }
            TokenError::NoAnswer(error) => {
                format!("{who} gets no token from {host}: {}", in_full(error))
            }
            error => format!("no token for {who}: {error}"),
        };
        let scopes = || known.scopes.iter().cloned().collect::<Vec<_>>().join(", ");
        let plan = global.command_line("plan", &[]);
        let hint = match &error {
            TokenError::Refused { error, .. } if error == "invalid_scope" => {
                format!("{who} may ask for {}; without --scope it gets all of them", scopes())
            }
            TokenError::Refused { error, .. }
                if matches!(error.as_str(), "invalid_client" | "unauthorized_client" | "invalid_grant") =>
            {
                format!("somebody may have changed the client on AWS: see what differs from the file\n{plan}")
            }
            TokenError::Refused { .. } => format!("see what AWS has differently from the file\n{plan}"),
            TokenError::NoAnswer(_) | TokenError::NotATokenEndpoint => format!(
                "a new domain answers a minute after it was made, one of your own once its DNS record is there too; see that \
                 it is there\n{plan}"
            ),
            TokenError::Aws(_) | TokenError::NoDomain | TokenError::Url(_) => {
                "give the pool a token endpoint: add `domain = \"…\"` to `[user_pool]`, then apply it".to_owned()
            }
            TokenError::NoClient => format!("see what AWS has differently from the file\n{plan}"),
        };
        Fault::new(FaultKind::Token, what).hint(hint).into()
    }
}

/// What is not there because nobody applied it.
pub(super) fn not_applied(global: &Global, what: &str) -> Error {
    let apply = global.command_line("apply", &[]);
    Fault::new(FaultKind::Absent, what)
        .hint(format!("apply it first\n{apply}"))
        .into()
}

fn gets_no_tokens(known: &Known) -> Error {
    let who = &known.address;
    let (what, hint) = if !known.has_client {
        let what = format!("{who} has no app client, so it gets no token");
        (what, "it calls with its API key alone".to_owned())
    } else if known.flows.is_empty() && known.scopes.is_empty() {
        let what = format!("{who} has no scopes, so it gets no token");
        (
            what,
            format!("give `[{who}]` the `scopes` it may ask for, then apply it"),
        )
    } else {
        let flows = known.flows.iter().cloned().collect::<Vec<_>>().join(", ");
        let what = match flows.as_str() {
            "" => format!("{who} has no flow, so it gets no token at the token endpoint"),
            flows => format!(
                "{who} gets no token by itself: its tokens are for people who sign in ({flows})"
            ),
        };
        let hint = "only a client with `flows = [\"client_credentials\"]` gets tokens by its id and secret alone";
        (what, hint.to_owned())
    };
    Fault::new(FaultKind::Token, what).hint(hint).into()
}
