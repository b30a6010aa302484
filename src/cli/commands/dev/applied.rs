//! The result of a reload, and what is shown of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::Args;
use crate::apply::Failure;
use crate::caller::at_endpoint;
use crate::cli::variables;
use crate::engine::{Invocation, Listener, Notice, Reloaded, reload, runtime};
use crate::error::Error;
use crate::kinds::Resource;
use crate::model::{Address, OutputName, Place};
use crate::plan::Loss;
use crate::render::Ui;
use crate::render::dev::{DevLine, Private, Served, ServedRoute};
use crate::render::json::{Around, ChangeSummary, Line, LossReport, Message, line};
use crate::render::outcome::Made;
use aws_local::DataPlaneOptions;

/// The stack after an apply.
pub(super) struct Applied(Reloaded);

/// Applies the file to the local AWS, losses included.
///
/// # Errors
/// Mistakes in the file, or there is no plan; nothing was changed then.
pub(super) fn apply(invocation: &Invocation, ui: &mut Ui) -> Result<Applied, Error> {
    let values = variables::given(invocation)?;
    let reloaded = runtime(true)?.block_on(reload(invocation, values, &mut Unmoved(ui)))?;
    Ok(Applied(reloaded))
}

/// `dev` reports a reload at its end, without steps.
struct Unmoved<'a>(&'a mut Ui);

impl Listener for Unmoved<'_> {
    fn tell(&mut self, notice: Notice<'_>) {
        if !matches!(notice, Notice::Step { .. } | Notice::Ended(_)) {
            self.0.tell(notice);
        }
    }

    fn state_is_held(&self) -> Option<fn(&Path)> {
        self.0.state_is_held()
    }
}

impl Applied {
    /// The account the stack is in.
    pub(super) fn account(&self) -> &str {
        &self.0.desired.context.account
    }

    /// What could not be done.
    pub(super) fn failures(&self) -> &[Failure] {
        &self.0.steps.outcome.failures
    }

    /// The losses.
    pub(super) fn lost(&self) -> &BTreeMap<Address, Loss> {
        &self.0.lost
    }

    /// What was done, counted in resources.
    pub(super) fn made(&self) -> Made {
        Made::by(&self.0.plan, &self.0.steps.done)
    }

    /// The callers by client id and key id.
    pub(super) fn callers(&self) -> BTreeMap<String, String> {
        let ids = self
            .0
            .desired
            .resources
            .iter()
            .filter_map(|(address, wanted)| {
                match wanted.resource {
                    Resource::AppClient(_) | Resource::ApiKey(_) => {}
                    _ => return None,
                }
                let id = self.0.steps.outcome.book.get(address, OutputName::Id)?;
                Some((id.to_owned(), address.owner().to_string()))
            });
        ids.collect()
    }

    fn output(&self, name: &str) -> Option<String> {
        self.0
            .desired
            .outputs
            .get(name)?
            .resolve(&self.0.steps.outcome.book)
    }

    /// Where it is served, and what.
    pub(super) fn served<'a>(
        &'a self,
        invocation: &Invocation,
        url: &'a str,
        args: &Args,
    ) -> Served<'a> {
        let (routes, preflights) = ServedRoute::all(&self.0.desired, &self.0.steps.outcome.book);
        let at = |name: &str| Some(at_endpoint(&self.output(name)?, url));
        let private = self.0.desired.resources.values();
        let private = private.into_iter().any(
            |wanted| matches!(&wanted.resource, Resource::Route(route) if route.link().is_some()),
        );
        Served {
            stack: &self.0.desired.context.stack,
            url,
            invoke_url: at("invoke_url"),
            token_url: at("token_url"),
            stand_in: args.no_real_backends,
            private: private.then(|| behind(&args.backends.options())),
            call: self.call(invocation, url, &routes),
            routes,
            preflights,
        }
    }

    /// A call that should succeed: a route without parameters, by the first partner if there is one.
    fn call(&self, invocation: &Invocation, url: &str, routes: &[ServedRoute]) -> Option<String> {
        let route = routes
            .iter()
            .filter(|route| route.method == "GET" && !route.path.contains('{'))
            .max_by_key(|route| (route.token, route.api_key, std::cmp::Reverse(&route.path)))?;
        let partners = self.0.desired.resources.keys();
        let partner =
            partners
                .into_iter()
                .find_map(|address| match address.owner().place()? {
                    Place::Partner(name) => Some(name),
                    _ => None,
                })?;
        let words = [partner, "GET".to_owned(), route.path.clone()];
        Some(invocation.at_endpoint(url).command_line("call", &words))
    }

    /// What could not be done, as JSON lines.
    pub(super) fn failed(&self) -> String {
        let failures = self.failures().iter().map(|failure| {
            let message = Message::of_failure(failure);
            line(&Line::Around(Around::Diagnostic { message }))
        });
        failures.collect()
    }

    /// What changed, as a JSON line.
    pub(super) fn reloaded(&self) -> String {
        let lost = self.0.lost.iter();
        let lost = lost.map(|(address, loss)| LossReport::new(address, loss));
        let reloaded = DevLine::Reloaded {
            summary: ChangeSummary::of(&self.0.plan),
            lost: lost.collect(),
        };
        reloaded.text()
    }
}

/// The backends of private targets.
fn behind(options: &DataPlaneOptions) -> Private {
    Private {
        backend: options.backend.map(|address| address.to_string()),
        mapped: options.map.len(),
    }
}
