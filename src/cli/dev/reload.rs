//! Making the local AWS what the stack file says, and what is to be told of it.

use std::collections::BTreeMap;

use super::super::backends::Backends;
use super::super::global::Global;
use super::super::lock::{Locking, Wait};
use super::super::session::{Planned, Purpose, Session, runtime};
use crate::apply::{self, Event, Failure, Interrupt, Outcome};
use crate::caller::at_endpoint;
use crate::error::Error;
use crate::kinds::{Desired, Resource};
use crate::model::{Address, Book, HumanDuration, OutputName};
use crate::plan::{self, Loss, LossOf, Options, Patterns, Plan};
use crate::render::Ui;
use crate::render::dev::{DevLine, Private, Served, ServedRoute};
use crate::render::json::{Around, ChangeSummary, Line, LossReport, Message, line};
use crate::render::outcome::Made;
use aws_local::DataPlaneOptions;

/// Every address: on an AWS where nothing is real, nothing real is lost.
const EVERYTHING: &str = "*";

/// How long it waits for another run on the same local AWS.
const LOCK_WAIT: HumanDuration = HumanDuration::from_secs(30);

/// What an apply made of the stack.
pub(super) struct Applied {
    desired: Desired,
    book: Book,
    summary: ChangeSummary,
    /// What is gone for good.
    pub(super) lost: BTreeMap<Address, Loss>,
    /// What could not be done.
    pub(super) failures: Vec<Failure>,
}

/// Makes the local AWS what the file says, losses included.
///
/// # Errors
/// Mistakes in the file, or what keeps it from being a plan; nothing was changed then.
pub(super) fn apply(global: &Global, ui: &mut Ui) -> Result<(Applied, Made), Error> {
    runtime(true)?.block_on(async {
        let session = Session::open(global, ui, &[], Purpose::Make).await?;
        let locking = Locking {
            session: &session,
            command: "dev",
            wait: Wait::of(LOCK_WAIT),
            again: global.command_line("apply", &[]),
        };
        let mut lock = locking.take(None, ui).await?;
        let applied = locked(&session, ui).await;
        lock.release(ui).await;
        let (outcome, plan, lost, done) = applied?;
        let applied = Applied {
            desired: session.desired,
            book: outcome.book,
            summary: ChangeSummary::of(&plan),
            lost,
            failures: outcome.failures,
        };
        Ok((applied, Made::by(&plan, &done)))
    })
}

type Done = (Outcome, Plan, BTreeMap<Address, Loss>, Vec<usize>);

async fn locked(session: &Session, ui: &mut Ui) -> Result<Done, Error> {
    let Planned { plan, observation } = session.plan(ui, &Options::default()).await?;
    let mut lost = plan.missing_consent;
    lost.retain(|_, loss| matches!(loss.of, LossOf::Own | LossOf::Others));
    let consent = Options {
        allow_delete: Patterns::new([EVERYTHING.to_owned()]),
        ..Options::default()
    };
    let plan = plan::plan(&session.desired, &observation, &consent)?;
    let mut done = Vec::new();
    let mut tell = |event| {
        if let Event::StepDone { step, .. } = event {
            done.push(step);
        }
    };
    let writer = session.connection.writer();
    let outcome = apply::run(&plan, &writer, &session.clock, &Interrupt::new(), &mut tell).await;
    Ok((outcome, plan, lost, done))
}

impl Applied {
    /// The account the stack is in.
    pub(super) fn account(&self) -> &str {
        &self.desired.ground.account
    }

    /// Whose a client id or a key's id is.
    pub(super) fn callers(&self) -> BTreeMap<String, String> {
        let ids = self
            .desired
            .resources
            .iter()
            .filter_map(|(address, wanted)| {
                match wanted.resource {
                    Resource::AppClient(_) | Resource::ApiKey(_) => {}
                    _ => return None,
                }
                let id = self.book.get(address, OutputName::Id)?;
                Some((id.to_owned(), address.owner().to_string()))
            });
        ids.collect()
    }

    fn output(&self, name: &str) -> Option<String> {
        self.desired.outputs.get(name)?.resolve(&self.book)
    }

    /// Where it is served, and what.
    pub(super) fn served<'a>(
        &'a self,
        global: &Global,
        url: &'a str,
        backends: &Backends,
    ) -> Served<'a> {
        let (routes, preflights) = ServedRoute::all(&self.desired, &self.book);
        let at = |name: &str| Some(at_endpoint(&self.output(name)?, url));
        let private = self.desired.resources.values();
        let private = private.into_iter().any(
            |wanted| matches!(&wanted.resource, Resource::Route(route) if route.link().is_some()),
        );
        Served {
            stack: &self.desired.ground.stack,
            url,
            invoke_url: at("invoke_url"),
            token_url: at("token_url"),
            private: private.then(|| behind(&backends.options())),
            call: self.call(global, url, &routes),
            routes,
            preflights,
        }
    }

    /// A call that should work: a route without parameters, by the first partner, where there is one.
    fn call(&self, global: &Global, url: &str, routes: &[ServedRoute]) -> Option<String> {
        let route = routes
            .iter()
            .filter(|route| route.method == "GET" && !route.path.contains('{'))
            .max_by_key(|route| (route.token, route.api_key, std::cmp::Reverse(&route.path)))?;
        let partners = self.desired.resources.keys();
        let partner = partners.into_iter().find_map(|address| {
            Some(
                address
                    .owner()
                    .as_str()
                    .strip_prefix("partners.")?
                    .to_owned(),
            )
        })?;
        let words = [partner, "GET".to_owned(), route.path.clone()];
        Some(global.at_endpoint(url).command_line("call", &words))
    }

    /// What could not be done, as JSON lines.
    pub(super) fn failed(&self) -> String {
        let failures = self.failures.iter().map(|failure| {
            let message = Message::of_failure(failure);
            line(&Line::Around(Around::Diagnostic { message }))
        });
        failures.collect()
    }

    /// What changed, as a JSON line.
    pub(super) fn reloaded(&self) -> String {
        let lost = self.lost.iter();
        let lost = lost.map(|(address, loss)| LossReport::new(address, loss));
        let reloaded = DevLine::Reloaded {
            summary: self.summary,
            lost: lost.collect(),
        };
        reloaded.text()
    }
}

/// What answers for private targets.
fn behind(options: &DataPlaneOptions) -> Private {
    Private {
        backend: options.backend.map(|address| address.to_string()),
        mapped: options.map.len(),
    }
}
