//! Verifying a stack: on AWS directly, on the local AWS on temporary copies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use jiff::{Timestamp, ToSpan as _};

use super::call::several_secrets;
use super::connect::local_state;
use super::duplicates::refuse_duplicates;
use super::listener::{Listener, Notice, waiting_for};
use super::logs::failure;
use super::session::Session;
use super::stand_in::{Behind, StandIns};
use super::stop::{Stop, Stops};
use crate::apply::Interrupt;
use crate::aws::{Connection, Endpoint};
use crate::caller::{ClientView, Known, Transport};
use crate::clock::Clock;
use crate::error::{Error, Fault, FaultKind};
use crate::kinds;
use crate::model::Address;
use crate::stack::Absent;
use crate::verify::{
    self, Answer, Asking, Backend, Case, Checked, Difference, ExpectedAccess, ExpectedRoute,
    Options, Outcome, Probe, Report, Temporary, Tested, TokenShown,
};
use aws_local::{DataPlane, DataPlaneOptions, Service};

/// How many calls are concurrent, unless a plan is so slow that they would be throttled.
const BESIDE: usize = 8;

/// The rate below which calls are sequential.
const SLOW: f64 = 20.0;

/// The share of a partner's quota that verification may use on AWS.
const QUOTA_SHARE: f64 = 0.1;

/// How long a temporary key needs until AWS accepts it everywhere.
const PROBE_PATIENCE: Duration = Duration::from_secs(180);

/// How to verify a stack.
pub struct Verifying<'a> {
    /// The stack.
    pub session: &'a Session,
    /// The backends of the local AWS.
    pub behind: Behind,
    /// Which calls to make.
    pub options: Options,
    /// Whether to create temporary resources on AWS.
    pub probe: bool,
    /// How long to retry failed checks.
    pub patience: Duration,
}

/// What came of it.
#[derive(Debug)]
pub enum Verified {
    /// Everything was tested.
    Report(Report),
    /// It was interrupted.
    Stopped(Stop),
}

/// A stack to verify.
struct Seen {
    view: ClientView,
    access: ExpectedAccess,
    checks: Vec<Checked>,
}

impl Verifying<'_> {
    /// Verifies the stack. On the local AWS the runtime's time is paused at the start, and real from then on.
    ///
    /// # Errors
    /// A read failed, or the local AWS's state can't be read.
    pub async fn run(
        &self,
        stops: &mut dyn Stops,
        listener: &mut dyn Listener,
    ) -> Result<Verified, Error> {
        let Some(service) = self.session.service() else {
            return self.on_aws(stops, listener).await;
        };
        tokio::select! {
            report = self.on_copies(service) => Ok(Verified::Report(report?)),
            stop = stops.next() => Ok(Verified::Stopped(stop)),
        }
    }

    /// What the file uses of other stacks and AWS does not have: no plan of this stack can mend it.
    fn absent(&self) -> impl Iterator<Item = (Address, Difference)> {
        let absent = self.session.absent.iter().cloned();
        absent.map(|absent| {
            let Absent { about, what, help } = absent;
            (about, Difference { what, help })
        })
    }

    async fn look(&self, connection: &Connection) -> Result<Seen, Error> {
        let desired = &self.session.desired;
        let reader = connection.reader();
        let observation = kinds::observe(&reader, desired).await?;
        refuse_duplicates(&observation, &self.session.invocation)?;
        let view = ClientView::of(desired, &observation);
        if observation.live.is_empty() && !desired.resources.is_empty() {
            let fault = Fault::new(FaultKind::Absent, "the stack is not there yet");
            return Err(fault
                .hint("apply it first: `apply --verify` does both")
                .into());
        }
        let mut checks = verify::applied(desired, &observation, self.absent());
        let now = Timestamp::now();
        checks.extend(verify::domains(&reader, desired, &observation, now).await?);
        Ok(Seen {
            access: ExpectedAccess::of(desired, &observation, &view),
            view,
            checks,
        })
    }

    async fn on_aws(
        &self,
        stops: &mut dyn Stops,
        listener: &mut dyn Listener,
    ) -> Result<Verified, Error> {
        let session = self.session;
        let transport = session.transport(DataPlaneOptions::default())?;
        let probe = Probe {
            connection: &session.connection,
            clock: &session.clock,
            desired: &session.desired,
        };
        let interrupt = Interrupt::new();
        let reading = Box::pin(async {
            // Leftovers of an earlier run's probe are not a difference.
            let removed = match self.probe {
                true => probe.remove(&interrupt).await,
                false => Ok(()),
            };
            (removed.err(), self.look(&session.connection).await)
        });
        let (left, seen) = waiting_for(listener, "reading the stack from AWS", reading).await;
        if let Some(error) = left {
            listener.tell(Notice::ProbeLeft(&error));
        }
        let seen = seen?;
        let calling = Box::pin(async {
            let work = self.ask_aws(seen, &transport, &probe, &interrupt);
            tokio::pin!(work);
            let mut stopped = None;
            loop {
                tokio::select! {
                    report = &mut work => break match stopped {
                        None => report.map(Verified::Report),
                        Some(stop) => Ok(Verified::Stopped(stop)),
                    },
                    // Running creates finish before they are deleted; a second signal aborts at once.
                    stop = stops.next() => {
                        let first = stopped.is_none();
                        stopped = Some(stop);
                        interrupt.cancel();
                        if !first || !self.probe {
                            break Ok(Verified::Stopped(stop));
                        }
                    }
                }
            }
        });
        waiting_for(listener, "calling the API", calling).await
    }

    async fn ask_aws(
        &self,
        mut seen: Seen,
        transport: &Transport,
        probe: &Probe<'_>,
        interrupt: &Interrupt,
    ) -> Result<Report, Error> {
        let session = self.session;
        let connection = &session.connection;
        let mut temporary = Temporary::none(NEEDS_PROBE);
        let mut stranger = None;
        let mut remarks = second_secrets(connection, &seen.view).await;
        if self.probe {
            match probe.make(interrupt).await {
                Ok((desired, observation)) => {
                    let view = ClientView::of(&desired, &observation);
                    let credentials = verify::credentials(connection, &view).await;
                    (temporary, stranger) =
                        Temporary::of_probe(transport, connection, &view, &credentials).await;
                }
                Err(error) => temporary = Temporary::none(&format!("no probe: {error}")),
            }
        }
        temporary.expired =
            Err("AWS issues no token that expires in less than five minutes".into());
        temporary.other_pool = Err("it needs another user pool, and verify creates none".into());
        let patience = match self.probe {
            true => self.patience.max(PROBE_PATIENCE),
            false => self.patience,
        };
        let report = async {
            let credentials = verify::credentials(connection, &seen.view).await;
            let endpoint = verify::Endpoint {
                transport,
                connection,
                view: &seen.view,
            };
            let (mut test_credentials, checks) =
                verify::test_credentials(endpoint, &credentials, &seen.access, temporary).await;
            seen.checks.extend(checks);
            test_credentials.by_scopes.extend(stranger);
            let options = Options {
                quota_share: QUOTA_SHARE,
                ..self.options.clone()
            };
            let asking = Asking {
                command: &|name, more| session.invocation.command_line(name, more),
                way: &|_| transport.clone(),
                test_credentials: &test_credentials,
                token_header: &seen.access.token_header,
                clock: &session.clock,
                patience,
                throttled_again: true,
                beside: match seen.access.lowest_rate() {
                    Some(rate) if rate < SLOW => 1,
                    _ => BESIDE,
                },
            };
            verify::ask(&asking, verify::matrix(&seen.access, &options)).await
        };
        let begun = Timestamp::now();
        let mut cases = tokio::select! {
            cases = report => cases,
            () = interrupt.cancelled() => Vec::new(),
        };
        self.tell_failures(&mut cases, begun).await;
        if self.probe
            && let Err(error) = probe.remove(&Interrupt::new()).await
        {
            remarks.push(format!(
                "the temporary resources still exist; the next `verify --probe` or `apply` deletes them: {error}"
            ));
        }
        Ok(Report {
            cases,
            checks: seen.checks,
            remarks,
        })
    }

    /// Adds to the calls that a function failed what it wrote, if its log can be read.
    async fn tell_failures(&self, cases: &mut [Tested], since: Timestamp) {
        let mut errors: BTreeMap<Address, Option<String>> = BTreeMap::new();
        for tested in cases {
            let is_broken = tested.answer.as_ref().is_some_and(Answer::is_broken);
            let (Outcome::Different(differences), true, Backend::Function) =
                (&mut tested.outcome, is_broken, &tested.case.backend)
            else {
                continue;
            };
            let route = &tested.case.route;
            if !errors.contains_key(route) {
                let error = failure(self.session, route, since).await;
                errors.insert(route.clone(), error);
            }
            if let (Some(Some(error)), Some(first)) = (errors.get(route), differences.first_mut()) {
                first.what += &format!("; {error}");
            }
        }
    }

    /// On a copy of the local AWS everything can be tested: each call has its own copy, so throttles and clocks don't affect
    /// other calls.
    async fn on_copies(&self, live: &Service) -> Result<Report, Error> {
        let desired = &self.session.desired;
        let region = &desired.context.region;
        let now = Timestamp::now();
        let copy =
            |of: &Service, at: Timestamp| of.in_memory_copy(Clock::manual(at)).map_err(local_state);
        let service = copy(live, now)?;
        let clock = Clock::simulated(now);
        let endpoint = Endpoint::InProcess(aws_local::connector(service.clone()));
        let connection = Connection::open(endpoint, region, &clock).await;
        let mut seen = self.look(&connection).await?;
        let probe = Probe {
            connection: &connection,
            clock: &clock,
            desired,
        };
        let made = probe.make(&Interrupt::new()).await;
        let view = match &made {
            Ok((desired, observation)) => ClientView::of(desired, observation),
            Err(_) => seen.view.clone(),
        };
        let credentials = verify::credentials(&connection, &view).await;
        let elsewhere = match seen.view.user_pool_id {
            Some(_) => Some(verify::other_pool(&connection, region, &seen.access).await),
            None => None,
        };
        let mut remarks = second_secrets(&connection, &seen.view).await;
        remarks.push(on_a_copy(&seen.access));
        // From here on there are real sockets.
        tokio::time::resume();
        let (stand_ins, behind) = StandIns::beside(&self.behind).await?;
        let way_to = |service: Service| {
            let planes = DataPlane::new(service, behind.clone());
            Transport::in_process(Arc::new(move |request| {
                let planes = planes.clone();
                Box::pin(async move { planes.answer(request).await })
            }))
        };
        let transport = way_to(service.clone());
        let (mut temporary, stranger) = match &made {
            Ok(_) => Temporary::of_probe(&transport, &connection, &view, &credentials).await,
            Err(error) => (Temporary::none(&error.to_string()), None),
        };
        temporary.other_pool = match &elsewhere {
            Some(Ok((view, credentials))) => {
                let endpoint = verify::Endpoint {
                    transport: &transport,
                    connection: &connection,
                    view,
                };
                let token = endpoint.token(credentials, &[]).await;
                token
                    .map(|token| token.value)
                    .map_err(|error| error.to_string())
            }
            Some(Err(error)) => Err(error.to_string()),
            None => Err("the stack has no user pool".into()),
        };
        let endpoint = verify::Endpoint {
            transport: &transport,
            connection: &connection,
            view: &seen.view,
        };
        let (mut test_credentials, checks) =
            verify::test_credentials(endpoint, &credentials, &seen.access, temporary).await;
        seen.checks.extend(checks);
        test_credentials.by_scopes.extend(stranger);
        test_credentials.temporary.expired = Ok(());
        // A valid token has expired two days later: Cognito's last a day at most.
        let later = now.checked_add(48.hours()).unwrap_or(now);
        let way = |case: &Case| {
            let at = match case.token {
                TokenShown::Expired(_) => later,
                _ => now,
            };
            // A copy of a state in memory can't fail.
            way_to(copy(&service, at).unwrap_or_else(|_| service.clone()))
        };
        let options = Options {
            // Each copy has the stack's remaining quota.
            quota_share: f64::INFINITY,
            without_certificate: true,
            ..self.options.clone()
        };
        let asking = Asking {
            command: &|name, more| self.session.invocation.command_line(name, more),
            way: &way,
            test_credentials: &test_credentials,
            token_header: &seen.access.token_header,
            clock: &clock,
            patience: Duration::ZERO,
            throttled_again: false,
            beside: BESIDE,
        };
        let mut cases = verify::ask(&asking, verify::matrix(&seen.access, &options)).await;
        self.tell_failures(&mut cases, now).await;
        remarks.extend(stand_ins.remarks());
        Ok(Report {
            cases,
            checks: seen.checks,
            remarks,
        })
    }
}

/// What verifying on a copy has changed: copies share the events of log groups.
fn on_a_copy(access: &ExpectedAccess) -> String {
    let changed = match access.routes.iter().any(ExpectedRoute::has_function) {
        true => "nothing of it was changed but the logs of functions",
        false => "nothing of it was changed",
    };
    format!("on a copy of the local AWS: {changed}")
}

/// Clients with more than one secret: each is valid until it is deleted, and nothing else shows it. Without the permission to
/// list them this is skipped.
async fn second_secrets(connection: &Connection, view: &ClientView) -> Vec<String> {
    const BESIDE: usize = 4;
    let callers = stream::iter(view.callers.values());
    let secrets = callers
        .map(|known| several_secrets(connection, view, known))
        .buffered(BESIDE);
    let said = secrets.filter_map(|secrets| std::future::ready(secrets.ok().flatten()));
    let keys = view.callers.values().filter_map(Known::several_keys);
    let mut said: Vec<String> = said.collect().await;
    said.extend(keys);
    said
}

/// Why most cases with temporary resources are not tested on AWS.
const NEEDS_PROBE: &str = "it needs temporary resources: pass --probe";
