//! What a stack's functions and its API write to CloudWatch Logs.

mod failure;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use jiff::Timestamp;

pub(super) use failure::failure;

use super::call::not_applied;
use super::listener::{Listener, unless_local};
use super::session::Session;
use crate::aws::LogEvent;
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::route::Integration;
use crate::kinds::{Desired, Resource, function, route};
use crate::model::similar::closest;
use crate::model::{Address, Book, Place};

/// How often new events are asked for.
const EVERY: Duration = Duration::from_secs(2);

/// How long an event may take from its time until AWS returns it: a later question includes this again.
const LATE: Duration = Duration::from_secs(60);

/// A log group, and what writes to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogSource {
    /// The function, or the API's access logs.
    pub address: Address,
    /// The group's name.
    pub group: String,
}

/// An event, and where it is from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Logged {
    /// The function, or the API's access logs.
    pub address: Address,
    /// The group's name.
    pub group: String,
    /// The event.
    pub event: LogEvent,
}

/// The sources that a name means: a function, or a route, whose function or else the access logs; without one, all functions.
///
/// # Errors
/// The file has no such function and no such route, or nothing that writes logs.
pub fn log_sources(desired: &Desired, named: Option<&str>) -> Result<Vec<LogSource>, Error> {
    let all = written(desired);
    let access = Place::AccessLogs.address();
    let Some(named) = named else {
        let functions = all.iter().filter(|source| source.address != access);
        let functions: Vec<_> = functions.cloned().collect();
        return match functions.is_empty() {
            false => Ok(functions),
            true if all.is_empty() => Err(nothing_written()),
            true => Ok(all),
        };
    };
    let is_named = |address: &Address| match address.place() {
        Some(Place::Function(name) | Place::Route(name)) => {
            named == name || named == address.as_str()
        }
        _ => named == address.as_str(),
    };
    if let Some(source) = all.iter().find(|source| is_named(&source.address)) {
        return Ok(vec![source.clone()]);
    }
    let routes = desired.resources.iter();
    let mut routes = routes.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::Route(route) if is_named(address) => Some((address, route)),
        _ => None,
    });
    match routes.next() {
        Some((address, route)) => of_route(address, route, &all),
        None => Err(no_such(desired, &all, named)),
    }
}

/// All groups that the file wants, and those of functions that it only uses.
fn written(desired: &Desired) -> Vec<LogSource> {
    let groups = desired.resources.iter();
    let groups = groups.filter_map(|(address, wanted)| {
        let Resource::LogGroup(group) = &wanted.resource else {
            return None;
        };
        let address = match address.place() {
            Some(Place::FunctionLogs(key)) => Place::Function(key).address(),
            _ => address.clone(),
        };
        Some(LogSource {
            address,
            group: group.name().to_owned(),
        })
    });
    let existing = desired.existing_functions.iter();
    let existing = existing.filter_map(|(address, arn)| {
        Some(LogSource {
            address: address.clone(),
            group: function::log_group(function::name_of(arn)?),
        })
    });
    let mut all: Vec<LogSource> = groups.chain(existing).collect();
    all.sort_by(|one, other| one.address.cmp(&other.address));
    all
}

/// A route's function, or the access logs of its stage.
fn of_route(
    address: &Address,
    route: &route::Props,
    all: &[LogSource],
) -> Result<Vec<LogSource>, Error> {
    let of = |address: &Address| {
        all.iter()
            .find(|source| source.address == *address)
            .cloned()
    };
    if let Integration::Function { function, .. } = &route.integration {
        // The function, also where its alias is invoked.
        let ours = function.outputs().next();
        let ours = ours.and_then(|output| of(&output.of.owner()));
        let others = || {
            let arn = function.resolve(&Book::default())?;
            let group = function::log_group(function::name_of(&arn)?);
            all.iter().find(|source| source.group == group).cloned()
        };
        if let Some(source) = ours.or_else(others) {
            return Ok(vec![source]);
        }
    }
    let access = of(&Place::AccessLogs.address());
    access.map(|source| vec![source]).ok_or_else(|| {
        let what = format!("{address} has no function, and the API has no access logs");
        Fault::new(FaultKind::Absent, what)
            .hint("write `access_logs = true` in `[api]` and apply it: each call is a line then")
            .into()
    })
}

fn nothing_written() -> Error {
    let what = "the stack has no function, and its API has no access logs";
    Fault::new(FaultKind::Absent, what)
        .hint("write `access_logs = true` in `[api]` and apply it: each call is a line then")
        .into()
}

fn no_such(desired: &Desired, all: &[LogSource], named: &str) -> Error {
    let routes = desired.resources.keys();
    let routes = routes.filter_map(|address| match address.place() {
        Some(Place::Route(name)) => Some(name),
        _ => None,
    });
    let functions = all
        .iter()
        .filter_map(|source| match source.address.place() {
            Some(Place::Function(name)) => Some(name),
            _ => None,
        });
    let functions: Vec<String> = functions.collect();
    let names: Vec<String> = routes.chain(functions.iter().cloned()).collect();
    let near = closest(named, names.iter().map(String::as_str));
    let near = near.map(|near| format!("did you mean `{near}`? "));
    let there = match functions.is_empty() {
        true => "name a route as in the file: 'GET /hello'".to_owned(),
        false => format!(
            "functions: {}; or name a route: 'GET /hello'",
            functions.join(", ")
        ),
    };
    let what = format!("the stack has no function and no route `{named}`");
    Fault::new(FaultKind::Absent, what)
        .hint(near.unwrap_or_default() + &there)
        .into()
}

/// Reads the events of some groups, each once.
#[derive(Debug)]
pub struct Logs<'s> {
    session: &'s Session,
    sources: Vec<LogSource>,
    term: Option<String>,
    /// Events before this are not read any more.
    since: Timestamp,
    seen: Seen,
}

/// The events that were returned already, with their times, as long as a question may include them again.
type Seen = BTreeMap<(String, String), Timestamp>;

impl<'s> Logs<'s> {
    /// Reads since a time, only what contains `term`.
    pub fn since(
        session: &'s Session,
        sources: Vec<LogSource>,
        since: Timestamp,
        term: Option<String>,
    ) -> Self {
        Self {
            session,
            sources,
            term,
            since,
            seen: Seen::new(),
        }
    }

    /// The events that are new since the last call, in the order of their times.
    ///
    /// # Errors
    /// A call failed, or a group is not there.
    pub async fn next(&mut self, listener: &mut dyn Listener) -> Result<Vec<Logged>, Error> {
        let reader = self.session.connection.reader();
        let (since, term) = (self.since, self.term.as_deref());
        let reads = self.sources.iter().map(async |source| {
            match reader.log_events(&source.group, since, term).await {
                Err(error) if error.is_not_found() => Ok(None),
                events => events.map(Some),
            }
        });
        let local = self.session.is_local();
        let read = Box::pin(try_join_all(reads));
        let read = unless_local(local, listener, "reading logs", read).await?;
        // A function that is not applied yet has none.
        if let ([source, ..], true) = (&self.sources[..], read.iter().all(Option::is_none)) {
            return Err(self.absent(source));
        }
        let read = self.sources.iter().zip(read).flat_map(|(source, events)| {
            events.into_iter().flatten().map(|event| Logged {
                address: source.address.clone(),
                group: source.group.clone(),
                event,
            })
        });
        let (new, since) = fresh(read.collect(), &mut self.seen, self.since);
        self.since = since;
        Ok(new)
    }

    /// Waits until new events may be there. The local AWS, too, has them in real time.
    pub async fn wait(&self) {
        let local = self.session.is_local();
        if local {
            tokio::time::resume();
        }
        tokio::time::sleep(EVERY).await;
        if local {
            tokio::time::pause();
        }
    }

    fn absent(&self, source: &LogSource) -> Error {
        let what = format!(
            "the log group {} of {} is not there",
            source.group, source.address
        );
        match self.session.desired.existing_functions.get(&source.address) {
            Some(_) => Fault::new(FaultKind::Absent, what)
                .hint("Lambda creates it at the function's first call, if the function's role allows that")
                .into(),
            None => not_applied(&self.session.invocation, &what),
        }
    }
}

/// Of what was read, what is new; and from when on the next question must ask.
fn fresh(mut read: Vec<Logged>, seen: &mut Seen, since: Timestamp) -> (Vec<Logged>, Timestamp) {
    // Stable: events of one time stay in the order of their streams.
    read.sort_by_key(|logged| logged.event.at);
    let mut new = Vec::new();
    for logged in read {
        let id = (logged.group.clone(), logged.event.id.clone());
        if seen.insert(id, logged.event.at).is_none() {
            new.push(logged);
        }
    }
    let newest = seen.values().max().copied().unwrap_or(since);
    let since = since.max(newest - LATE);
    seen.retain(|_, at| *at >= since);
    (new, since)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(group: &str, id: &str, second: i64) -> Logged {
        Logged {
            address: Place::Function(group.to_owned()).address(),
            group: group.to_owned(),
            event: LogEvent {
                id: id.to_owned(),
                at: Timestamp::from_second(second).unwrap(),
                stream: "1".into(),
                message: id.to_owned(),
            },
        }
    }

    #[test]
    fn each_event_is_shown_once_and_a_late_one_too() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut seen = Seen::new();
        let ids = |new: &[Logged]| {
            new.iter()
                .map(|one| one.event.id.clone())
                .collect::<Vec<_>>()
        };
        let (new, since) = fresh(
            vec![
                logged("a", "2", 1_000),
                logged("b", "1", 990),
                logged("b", "2", 1_000),
            ],
            &mut seen,
            at(900),
        );
        assert_eq!(ids(&new), ["1", "2", "2"]);
        assert_eq!(since, at(940));
        let (new, since) = fresh(
            vec![
                logged("a", "2", 1_000),
                logged("a", "late", 950),
                logged("a", "3", 1_030),
            ],
            &mut seen,
            since,
        );
        assert_eq!(ids(&new), ["late", "3"]);
        assert_eq!(since, at(970));
        // What can't be asked for again is forgotten.
        assert!(seen.keys().all(|(_, id)| id != "late") && seen.len() == 4);
        let (new, same) = fresh(Vec::new(), &mut seen, since);
        assert_eq!((new.len(), same), (0, since));
    }
}
