//! The deployments, and switching the stage back to one; the versions of a function, and switching its alias back to one.

mod function;

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

pub use function::{FunctionRollback, named_function, versions};

use super::duplicates::in_the_way;
use super::session::Session;
use super::stop::{Stops, or_stop};
use crate::aws::{AwsError, Reader};
use crate::error::{Error, Fault, FaultKind};
use crate::kinds;
use crate::kinds::deployment::history::{self, Deployed, Difference, History, Way, differences};
use crate::kinds::deployment::{Canary, Methods, Shows, without_preflight};
use crate::model::{Address, Place};
use crate::plan::{Loss, Patterns, opened};

/// The deployments of a stack, and what the stage serves.
#[derive(Debug)]
pub struct Deployments {
    /// The deployments.
    pub history: History,
    /// What the stage serves, compared with what is configured; none if there is no stage.
    pub shows: Option<Shows>,
    /// The methods of our deployments and of served ones, by id.
    pub methods: BTreeMap<String, Methods>,
}

impl Deployments {
    /// Reads them.
    ///
    /// # Errors
    /// A read failed, or there is no API.
    pub async fn read(session: &Session) -> Result<Self, Error> {
        let reader = session.connection.reader();
        let history = history_of(session, &reader).await?;
        let shows = history.shows(&reader).await?;
        let methods = methods(&history, &reader).await?;
        Ok(Self {
            history,
            shows,
            methods,
        })
    }
}

/// The history of a stack.
async fn history_of(session: &Session, reader: &Reader) -> Result<History, Error> {
    let found = history::history(reader, &session.desired).await?;
    if found.is_none() {
        // An API that lost the stack's tags was deployed all the same.
        let observation = kinds::observe(reader, &session.desired).await?;
        in_the_way(&observation, Place::Api.address().as_str())?;
    }
    found.ok_or_else(|| {
        let what = "nothing is deployed: no API carries this stack's tags";
        let plan = session.invocation.command_line("plan", &[]);
        Fault::new(FaultKind::Deployment, what)
            .hint(format!("see what AWS has, then apply it\n{plan}"))
            .into()
    })
}

/// The methods of our deployments and of served ones, by id.
async fn methods(
    history: &History,
    reader: &Reader,
) -> Result<BTreeMap<String, Methods>, AwsError> {
    let told = history.deployments.iter();
    let told = told.filter(|deployed| deployed.is_ours() || deployed.way == Way::Here);
    let read = told.map(async |deployed| {
        let methods = history.methods(reader, &deployed.id).await?;
        Ok((deployed.id.clone(), without_preflight(&methods)))
    });
    let canary = history.canary.iter();
    let canary = canary.map(|canary| (&canary.deployment, &canary.serves));
    let beside = history.beside.iter();
    let beside = beside.map(|other| (&other.deployment, &other.serves));
    let elsewhere = canary.chain(beside);
    let elsewhere = elsewhere.map(|(id, methods)| (id.clone(), without_preflight(methods)));
    Ok(try_join_all(read)
        .await?
        .into_iter()
        .chain(elsewhere)
        .collect())
}

/// A switch of a stage to another deployment.
#[derive(Debug)]
pub struct Rollback {
    /// The deployments.
    pub history: History,
    /// What the stage serves.
    pub from: Deployed,
    /// The deployment to serve.
    pub to: Deployed,
    /// The differences for callers.
    pub differences: BTreeMap<String, Difference>,
    /// What becomes public without consent.
    pub opens: BTreeMap<Address, Loss>,
}

impl Rollback {
    /// Prepares the switch to a deployment, by default to the one before the served one.
    ///
    /// # Errors
    /// A read failed; there is no such deployment, or it can't be served; the run was stopped.
    pub async fn to(
        session: &Session,
        deployment: Option<&str>,
        agreed: &Patterns,
        stops: &mut dyn Stops,
    ) -> Result<Self, Error> {
        let reader = session.connection.reader();
        let history = or_stop(stops, history_of(session, &reader)).await??;
        let (from, to) = way(&history, deployment, session)?;
        let (from, to) = (from.clone(), to.clone());
        let methods = async {
            tokio::try_join!(
                history.methods(&reader, &from.id),
                history.methods(&reader, &to.id)
            )
        };
        let (before, after) = or_stop(stops, methods).await??;
        let mut opens = opened(&before, &after, &session.desired);
        opens.retain(|address, _| !agreed.name(address));
        Ok(Self {
            differences: differences(&before, &after),
            history,
            from,
            to,
            opens,
        })
    }

    /// Whether the stage serves it already.
    pub fn is_there(&self) -> bool {
        self.to.way == Way::Here
    }

    /// Reads again after a question was answered.
    ///
    /// # Errors
    /// A read failed, something changed meanwhile, or the run was stopped.
    pub async fn look_again(&self, session: &Session, stops: &mut dyn Stops) -> Result<(), Error> {
        let reader = session.connection.reader();
        let now = or_stop(stops, history_of(session, &reader)).await??;
        let same =
            now.served() == Some(&self.from) && now.deployment(&self.to.id) == Some(&self.to);
        if same {
            return Ok(());
        }
        let what = "the deployments changed while you were deciding; nothing was written";
        Err(Fault::new(FaultKind::Stale, what)
            .hint("run the same command again and look again")
            .into())
    }

    /// Switches the stage to it, in one call.
    ///
    /// # Errors
    /// The call failed.
    pub async fn lead(&self, session: &Session) -> Result<(), Error> {
        let writer = session.connection.writer();
        Ok(self.history.lead(&writer, &self.to.id).await?)
    }
}

/// The current deployment, and the new one.
fn way<'a>(
    history: &'a History,
    deployment: Option<&str>,
    session: &Session,
) -> Result<(&'a Deployed, &'a Deployed), Error> {
    let Some(from) = history.served() else {
        let what = "there is no stage yet to roll back";
        return Err(no_way(session, what).into());
    };
    let to = match deployment {
        Some(id) => history
            .deployment(id)
            .ok_or_else(|| no_way(session, format!("the API has no deployment {id}")))?,
        None => history
            .previous()
            .ok_or_else(|| nothing_earlier(history, from, session))?,
    };
    match &to.way {
        Way::Here | Way::Open => Ok((from, to)),
        Way::Unknown if deployment.is_some() => Ok((from, to)),
        Way::Unknown => Err(no_way(
            session,
            format!(
                "deployment {} does not record which VPC links and functions it uses, so whether it works is unknown",
                to.name()
            ),
        )
        .hint(format!(
            "if you know that it does, name it\n{}",
            session
                .invocation
                .command_line("rollback", std::slice::from_ref(&to.id))
        ))
        .into()),
        Way::NotOurs => Err(no_way(
            session,
            format!(
                "deployment {} was not made by gatestack, which can't tell what it serves",
                to.id
            ),
        )
        .into()),
        Way::Closed(_) | Way::Shut(_) => Err(closed(to, session).into()),
    }
}

/// One that can't be served any more: calls would get 500.
fn closed(to: &Deployed, session: &Session) -> Fault {
    let why = to.way.why_not().unwrap_or_default();
    let name = to.name();
    let fault = |fails: &str| {
        let what = format!("deployment {name} can't be served any more: {why}, and {fails}");
        no_way(session, what)
    };
    match &to.way {
        Way::Shut(_) => fault("every such call would end in a 500").hint(format!(
            "the function, its alias or its permission is gone: write these routes as they were, as `git revert` does, and apply \
             them\n{}",
            session.invocation.command_line("apply", &[])
        )),
        _ => fault("every call through it would fail"),
    }
}

fn no_way(session: &Session, what: impl Into<String>) -> Fault {
    let history = session.invocation.command_line("history", &[]);
    Fault::new(FaultKind::Deployment, what).hint(format!("see what there is\n{history}"))
}

fn nothing_earlier(history: &History, from: &Deployed, session: &Session) -> Fault {
    let fault = no_way(
        session,
        format!(
            "there is nothing to go back to: gatestack made no deployment before {}, which the stage serves",
            from.id
        ),
    );
    let region = &session.desired.context.region;
    match &history.canary {
        Some(_) => fault.hint(format!(
            "remove the canary, which sends calls to another deployment\n{}",
            Canary::removal(region, &history.api, &history.stage)
        )),
        None => fault,
    }
}
