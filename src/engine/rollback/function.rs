//! Switching the alias of a function back to a version.

use crate::engine::session::Session;
use crate::engine::stop::{Stops, or_stop};
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::function_alias::history::{History, Missing, Published, history};
use crate::model::{Address, Place};

/// A switch of a function's alias to another version.
#[derive(Debug)]
pub struct FunctionRollback {
    key: String,
    /// The versions.
    pub history: History,
    /// The version to point to.
    pub to: Published,
}

impl FunctionRollback {
    /// Prepares the switch to a version, by default to the one that gatestack published before.
    ///
    /// # Errors
    /// A read failed; there is no such function, alias or version; the run was stopped.
    pub async fn to(
        session: &Session,
        key: &str,
        version: Option<&str>,
        stops: &mut dyn Stops,
    ) -> Result<Self, Error> {
        let history = read(session, key, stops).await?;
        let to = match version {
            Some(version) => history.version(version),
            None => history.previous(),
        };
        let Some(to) = to.cloned() else {
            return Err(nowhere(&history, version).into());
        };
        Ok(Self {
            key: key.to_owned(),
            history,
            to,
        })
    }

    /// The function's address.
    pub fn address(&self) -> Address {
        Place::Function(self.key.clone()).address()
    }

    /// Whether all callers get that version already.
    pub fn is_there(&self) -> bool {
        self.to.version == self.history.here && self.history.weights.is_empty()
    }

    /// Reads again after a question was answered.
    ///
    /// # Errors
    /// A read failed, something changed meanwhile, or the run was stopped.
    pub async fn look_again(&self, session: &Session, stops: &mut dyn Stops) -> Result<(), Error> {
        let now = read(session, &self.key, stops).await?;
        if now == self.history {
            return Ok(());
        }
        let what = "the versions changed while you were deciding; nothing was written";
        Err(Fault::new(FaultKind::Stale, what)
            .hint("run the same command again and look again")
            .into())
    }

    /// Switches the alias to it, in one call.
    ///
    /// # Errors
    /// The call failed.
    pub async fn lead(&self, session: &Session) -> Result<(), Error> {
        let writer = session.connection.writer();
        Ok(self.history.lead(&writer, &self.to.version).await?)
    }
}

async fn read(session: &Session, key: &str, stops: &mut dyn Stops) -> Result<History, Error> {
    or_stop(stops, versions(session, key)).await?
}

/// The versions of a function.
///
/// # Errors
/// A read failed; there is no such function, or it has no alias.
pub async fn versions(session: &Session, key: &str) -> Result<History, Error> {
    let reader = session.connection.reader();
    let read = history(&reader, &session.desired, key).await?;
    read.map_err(|missing| none(session, key, missing).into())
}

/// The table of the function that a command line names, if it names one.
///
/// # Errors
/// It names something else.
pub fn named_function(named: Option<&str>) -> Result<Option<String>, Error> {
    let Some(named) = named else { return Ok(None) };
    match Address::new(named).place() {
        Some(Place::Function(key)) => Ok(Some(key)),
        _ => {
            let what = format!("`{named}` is not the address of a function");
            Err(Fault::new(FaultKind::Deployment, what)
                .hint("name a function as `functions.NAME`")
                .into())
        }
    }
}

fn none(session: &Session, key: &str, missing: Missing) -> Fault {
    let address = Place::Function(key.to_owned()).address();
    let (what, hint) = match missing {
        Missing::Function => (
            format!("the stack makes no function {address}"),
            "name a table of `[functions]` that has `source`".to_owned(),
        ),
        Missing::Alias => (
            format!("{address} has no alias, so no earlier version is kept"),
            format!(
                "write `alias = \"live\"` in `[{address}]` and apply it: each change is a version from then on"
            ),
        ),
        Missing::NotApplied => (
            format!("the alias of {address} is not applied"),
            format!(
                "see what AWS has, then apply it\n{}",
                session.invocation.command_line("plan", &[])
            ),
        ),
    };
    Fault::new(FaultKind::Deployment, what).hint(hint)
}

fn nowhere(history: &History, version: Option<&str>) -> Fault {
    let History {
        function, alias, ..
    } = history;
    let what = match version {
        Some(version) => format!("the function {function} has no version {version}"),
        None => format!(
            "there is nothing to go back to: gatestack published no version of {function} before {}, which {alias} points to",
            history.here
        ),
    };
    let versions = history.versions.iter().map(|one| one.version.as_str());
    let versions: Vec<&str> = versions.collect();
    Fault::new(FaultKind::Deployment, what)
        .hint(format!("it has these versions: {}", versions.join(", ")))
}
