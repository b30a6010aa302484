//! Calling a stack: the session, the endpoints, credentials, tokens, and the transport.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::duplicates::in_the_way;
use super::invocation::Invocation;
use super::listener::Listener;
use super::logs::failure;
use super::session::{FirstLook, Purpose, Session};
use super::stand_in::{Behind, StandIns};
use crate::aws::{AwsError, Connection, ListedSecret};
use crate::caller::{
    self, ClientView, Credentials, Known, NoSuchCaller, NoSuchScope, Token, TokenError, Transport,
    in_full,
};
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::Observation;
use crate::model::Address;
use crate::model::similar::closest;
use crate::stack::Given;

/// An applied stack, to be called.
#[derive(Debug)]
pub struct Calling {
    /// The session.
    pub session: Session,
    /// The live resources.
    pub observation: Observation,
    /// Its endpoints.
    pub view: ClientView,
    /// The way to it.
    pub transport: Transport,
    stand_ins: StandIns,
}

impl Calling {
    /// Reads the file and AWS, and prepares calls. From here on tokio's time is real, as sockets need it; the runtime is the one
    /// of [`runtime`](super::runtime).
    ///
    /// # Errors
    /// Those of [`Session::open`] and [`Session::observe`].
    pub async fn open(
        invocation: &Invocation,
        values: BTreeMap<String, Given>,
        behind: Option<&Behind>,
        listener: &mut dyn Listener,
    ) -> Result<Self, Error> {
        let session = Session::open(
            invocation,
            values,
            &[],
            Purpose::Call,
            FirstLook::AtOnce,
            listener,
        )
        .await?;
        let observation = session.observe_whole(listener).await?;
        if session.is_local() {
            tokio::time::resume();
        }
        let (stand_ins, backends) = match behind.filter(|_| session.is_local()) {
            Some(behind) => StandIns::beside(behind).await?,
            None => Default::default(),
        };
        let view = ClientView::of(&session.desired, &observation);
        let transport = session.transport(backends)?;
        Ok(Self {
            session,
            observation,
            view,
            transport,
            stand_ins,
        })
    }

    /// Which stand-ins have answered for backends of the local AWS.
    pub fn stand_ins(&self) -> Vec<String> {
        self.stand_ins.remarks()
    }

    /// The caller of this name.
    ///
    /// # Errors
    /// None or several have this name.
    pub fn caller(&self, name: &str) -> Result<&Known, Error> {
        let addresses = || {
            let addresses = self.view.callers.keys().cloned();
            addresses.collect::<Vec<_>>().join(", ")
        };
        self.view.caller(name).map_err(|error| {
            let fault = Fault::new(FaultKind::Caller, error.to_string());
            let fault = match &error {
                NoSuchCaller::Ambiguous(_, called) => {
                    fault.hint(format!("write {}", called.join(" or ")))
                }
                NoSuchCaller::Unknown(_) if self.view.callers.is_empty() => fault
                    .hint("the file has no partner or client to call with: add `[partners.NAME]`, then apply it"),
                NoSuchCaller::Unknown(_) => {
                    let callers = self.view.callers.values();
                    let names = callers.flat_map(|known| [known.name(), known.address.as_str()]);
                    let hint = match closest(name, names) {
                        Some(near) => format!("did you mean `{near}`? "),
                        None => String::new(),
                    };
                    let be = if self.view.callers.len() == 1 {
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

    /// Reads a caller's credentials from AWS, if everything of it that the file wants exists.
    ///
    /// # Errors
    /// It is not applied yet, or a call failed.
    pub async fn credentials(&self, known: &Known) -> Result<Credentials, Error> {
        let absent = match known {
            known if known.has_client && known.client_id.is_none() => Some("app client"),
            known if known.has_api_key && known.api_key_ids.is_empty() => Some("API key"),
            _ => None,
        };
        if let Some(absent) = absent {
            in_the_way(&self.observation, &known.address)?;
            let what = format!("{} has no {absent} yet", known.address);
            return Err(not_applied(&self.session.invocation, &what));
        }
        let read = caller::credentials(&self.session.connection, &self.view, known);
        Ok(self.reading(read).await?)
    }

    /// A caller's credentials for a hand-off: complete, and not while there are two secrets.
    ///
    /// # Errors
    /// Those of [`Calling::credentials`]; there is no secret, or there are two, of which AWS shows one.
    pub async fn whole_credentials(&self, known: &Known) -> Result<Credentials, Error> {
        let credentials = self.credentials(known).await?;
        if known.has_secret && credentials.client_secret.is_none() {
            let what = format!("AWS shows no secret of the app client of {}", known.address);
            let plan = self.session.invocation.command_line("plan", &[]);
            return Err(Fault::new(FaultKind::Absent, what)
                .hint(format!("see what differs from the file on AWS\n{plan}"))
                .into());
        }
        if known.has_api_key && credentials.api_key.is_none() {
            let what = format!("AWS shows no value of the API key of {}", known.address);
            return Err(Fault::new(FaultKind::Absent, what)
                .hint("the credentials in use need the permission apigateway:GET on /apikeys/*")
                .into());
        }
        let secrets = caller::client_secrets(&self.session.connection, &self.view, known);
        match self.reading(secrets).await?.as_slice() {
            several @ [_, _, ..] => Err(self.several_secrets(known, several)),
            _ => Ok(credentials),
        }
    }

    fn several_secrets(&self, known: &Known, secrets: &[ListedSecret]) -> Error {
        let what = format!(
            "the app client of {} has {} secrets, {}: AWS shows the value of only one and not of which",
            known.address,
            secrets.len(),
            made(secrets)
        );
        let region = &self.session.desired.context.region;
        let pool = self.view.user_pool_id.as_deref().unwrap_or_default();
        let client = known.client_id.as_deref().unwrap_or_default();
        let delete: Vec<String> = secrets
            .iter()
            .map(|secret| {
                format!(
                    "aws cognito-idp delete-user-pool-client-secret --region {region} --user-pool-id {pool} --client-id \
                     {client} --client-secret-id {}",
                    secret.id
                )
            })
            .collect();
        Fault::new(FaultKind::Token, what)
            .hint(format!(
                "delete the one that is not used any more, then hand over the other; calls with a deleted secret stop \
                 working\n{}",
                delete.join("\n")
            ))
            .into()
    }

    /// A remark that a client has two secrets, and which one is used. Without the permission to list them there is none.
    pub async fn second_secret(&self, known: &Known) -> Option<String> {
        let secrets = several_secrets(&self.session.connection, &self.view, known);
        let secrets = self.reading(secrets).await.ok()??;
        Some(format!(
            "{secrets}; the one that AWS shows is used, which has been the older one so far"
        ))
    }

    /// The endpoints for callers: with a custom endpoint, the URLs there.
    pub fn told(&self) -> ClientView {
        match &self.session.invocation.endpoint_url {
            Some(endpoint) => self.view.at_endpoint(endpoint),
            None => self.view.clone(),
        }
    }

    /// A token of a caller; no scope requests all of its scopes.
    ///
    /// # Errors
    /// Why there is none, and what to do.
    pub async fn token(
        &self,
        known: &Known,
        credentials: &Credentials,
        scopes: &[String],
    ) -> Result<Token, Error> {
        if !known.gets_tokens() {
            return Err(gets_no_tokens(known));
        }
        let scopes = self.view.scopes(known, scopes);
        let scopes = scopes.map_err(|error| self.no_such_scope(known, &error))?;
        let asked = caller::token_of_pool(
            &self.transport,
            &self.session.connection,
            &self.view,
            credentials,
            &scopes,
        );
        let asked = asked.await;
        asked.map_err(|error| self.no_token(known, error))
    }

    /// The function of a route and the last error in its log since a time, if there is one and the log can be read.
    pub async fn failure(&self, route: &Address, since: Timestamp) -> Option<String> {
        failure(&self.session, route, since).await
    }

    /// Reads of the local AWS wait for AWS's quotas, in simulated time.
    async fn reading<T>(
        &self,
        read: impl Future<Output = Result<T, AwsError>>,
    ) -> Result<T, AwsError> {
        if !self.session.is_local() {
            return read.await;
        }
        tokio::time::pause();
        let answer = read.await;
        tokio::time::resume();
        answer
    }

    /// The scopes of a caller, as in the file.
    fn scopes_of(&self, known: &Known) -> String {
        let scopes = known.scopes.iter();
        let written: Vec<String> = scopes.map(|scope| self.view.written(scope)).collect();
        written.join(", ")
    }

    fn no_such_scope(&self, known: &Known, error: &NoSuchScope) -> Error {
        let hint = match error {
            NoSuchScope::Ambiguous(..) => "write the one that is meant".to_owned(),
            NoSuchScope::NoneOf(who, _) => {
                format!("{who} may ask for {}", self.scopes_of(known))
            }
        };
        Fault::new(FaultKind::Token, error.to_string())
            .hint(hint)
            .into()
    }

    fn no_token(&self, known: &Known, error: TokenError) -> Error {
        let who = &known.address;
        let host = self.view.token_url.as_deref().unwrap_or_default();
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
        let plan = self.session.invocation.command_line("plan", &[]);
        let hint = match &error {
            TokenError::Refused { error, .. } if error == "invalid_scope" => {
                format!(
                    "{who} may ask for {}; without --scope it gets all of them",
                    self.scopes_of(known)
                )
            }
            TokenError::Refused { error, .. }
                if matches!(error.as_str(), "invalid_client" | "unauthorized_client" | "invalid_grant") =>
            {
                format!("the client may have been changed on AWS: see what differs from the file\n{plan}")
            }
            TokenError::Refused { .. } => format!("see what differs from the file on AWS\n{plan}"),
            TokenError::NoAnswer(_) | TokenError::NotATokenEndpoint => format!(
                "a new domain answers a minute after it was made, a custom one once its DNS record exists too; check that \
                 it does\n{plan}"
            ),
            TokenError::Aws(_) | TokenError::NoDomain | TokenError::Url(_) => {
                "give the pool a token endpoint: add `domain = \"…\"` to `[user_pool]`, then apply it".to_owned()
            }
            TokenError::NoClient if !known.has_secret => {
                "a client without a secret can't ask for tokens by itself; AWS decides that when a client is made".to_owned()
            }
            TokenError::NoClient => format!(
                "AWS shows no secret of its app client: see what differs from the file on AWS\n{plan}"
            ),
        };
        Fault::new(FaultKind::Token, what).hint(hint).into()
    }
}

/// That a client has more than one secret, in words.
///
/// # Errors
/// AWS's refusal to list them.
pub(super) async fn several_secrets(
    connection: &Connection,
    view: &ClientView,
    known: &Known,
) -> Result<Option<String>, AwsError> {
    let secrets = caller::client_secrets(connection, view, known).await?;
    let words = || {
        let count = secrets.len();
        let made = made(&secrets);
        format!(
            "the app client of {} has {count} secrets, {made}",
            known.address
        )
    };
    Ok((secrets.len() > 1).then(words))
}

/// When secrets were created, in words. It may be the same minute.
fn made(secrets: &[ListedSecret]) -> String {
    let dates = secrets.iter().map(|secret| match secret.made {
        Some(made) => format!("made {}", made.strftime("%Y-%m-%d %H:%M:%S UTC")),
        None => format!("called {}", secret.id),
    });
    dates.collect::<Vec<_>>().join(" and ")
}

/// The error that something is not applied yet.
pub fn not_applied(invocation: &Invocation, what: &str) -> Error {
    let apply = invocation.command_line("apply", &[]);
    Fault::new(FaultKind::Absent, what)
        .hint(format!("apply it first\n{apply}"))
        .into()
}

/// How to enable a disabled partner or key again.
pub fn enable(known: &Known) -> String {
    format!(
        "to let it call again, remove `enabled = false` from `[{}]`, then apply it",
        known.address
    )
}

fn gets_no_tokens(known: &Known) -> Error {
    let who = &known.address;
    let (what, hint) = if !known.has_client {
        let what = format!("{who} has no app client, so it gets no token");
        (what, "it calls with its API key alone".to_owned())
    } else if !known.enabled {
        let what = format!("{who} is disabled in the file, so it gets no token");
        (what, enable(known))
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
