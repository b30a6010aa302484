use std::collections::BTreeSet;
use std::path::PathBuf;

use super::consent::{FORWARD, other_name};
use super::global::{Global, repeated};
use super::saved;
use super::session::{Planned, Purpose, Session, runtime};
use crate::error::{Error, Exit};
use crate::model::{Address, shell_word};
use crate::plan::{Inputs, Options, Patterns, Saved};
use crate::render::json::{self, PlanReport};
use crate::render::{Ui, plan::View};

/// Show what an apply would change, and why
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack plan
  gatestack --local plan -f examples/partner-api/stack.toml
  gatestack plan --target 'partners.*'
  gatestack plan --replace 'load_balancer.targets.instances'
  gatestack plan --out claims.plan
  gatestack plan --detailed-exitcode --json > plan.json")]
pub(super) struct Args {
    #[command(flatten)]
    scope: Scope,
    /// Plan to delete everything the stack owns
    #[arg(long, conflicts_with = "replace")]
    destroy: bool,
    /// Save the plan, for `apply PLAN` to do exactly this and nothing else
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Confirm a saved destroy by the stack's name, so that its apply needs none
    #[arg(long, value_name = "NAME", requires_all = ["destroy", "out"])]
    confirm: Option<String>,
    /// Exit with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// What a plan is about, and what may be lost.
#[derive(Debug, clap::Args)]
pub(super) struct Scope {
    /// Leave out everything but this address or glob, and what it needs
    #[arg(long = "target", value_name = "ADDRESS")]
    pub(super) targets: Vec<String>,
    /// Take over the existing thing of the same name
    #[arg(long, value_name = "ADDRESS")]
    pub(super) adopt: Vec<String>,
    /// Agree to losses: to delete what this address or glob names, to open such
    /// a route to everybody, to lose what isn't the stack's and goes along
    #[arg(long, value_name = "ADDRESS")]
    pub(super) allow_delete: Vec<String>,
    /// Replace this instance (address or glob) even if nothing of it changed, as
    /// for a newer image
    #[arg(long, value_name = "ADDRESS")]
    pub(super) replace: Vec<String>,
    /// Agree to lead callers forward again from where `rollback` led them back
    #[arg(long)]
    pub(super) forward: bool,
}

impl Scope {
    /// For the planner.
    pub(super) fn options(&self) -> Options {
        Options {
            destroy: false,
            targets: Patterns::new(self.targets.iter().cloned()),
            allow_delete: Patterns::new(self.allow_delete.iter().cloned()),
            replace: Patterns::new(self.replace.iter().cloned()),
            forward: self.forward,
        }
    }

    /// The things that are named by their own address as those that go, of several at one address.
    pub(super) fn leaving(&self) -> BTreeSet<Address> {
        let named = self.allow_delete.iter().map(Address::new);
        named
            .filter(|address| address.duplicate_of().is_some())
            .collect()
    }

    /// The same flags again.
    pub(super) fn flags(&self) -> Vec<String> {
        let forward = self.forward.then(|| FORWARD.to_owned());
        [
            ("--target", &self.targets),
            ("--adopt", &self.adopt),
            ("--allow-delete", &self.allow_delete),
            ("--replace", &self.replace),
        ]
        .into_iter()
        .flat_map(|(flag, values)| repeated(flag, values))
        .chain(forward)
        .collect()
    }
}

impl Args {
    pub(super) fn run(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(global.local)?.block_on(self.plan(global, ui))
    }

    async fn plan(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let purpose = if self.destroy {
            Purpose::Destroy
        } else {
            Purpose::Make
        };
        let mut session = Session::open(global, ui, &self.scope.adopt, purpose).await?;
        session.desired.leaving = self.scope.leaving();
        let options = Options {
            destroy: self.destroy,
            ..self.scope.options()
        };
        let name = &session.desired.ground.stack;
        if let Some(given) = self.confirm.as_ref().filter(|given| *given != name) {
            return Err(other_name(name, given));
        }
        let Planned { plan, observation } = session.plan(ui, &options).await?;
        let requests = session.requests();
        let saved = Saved {
            local: session.local,
            inputs: Inputs {
                environment: global.environment.clone(),
                vars: session.given,
                file: global.path().display().to_string(),
                destroy: self.destroy,
                targets: self.scope.targets.clone(),
                allow_delete: self.scope.allow_delete.clone(),
                replace: self.scope.replace.clone(),
                forward: self.scope.forward,
            },
            confirmed: self.confirm.is_some(),
            desired: session.desired,
            observation,
            plan,
        };
        if let Some(path) = &self.out {
            saved::write(path, &saved)?;
        }
        let plan = &saved.plan;
        if self.json {
            ui.print(&json::object(&PlanReport::new(plan, saved.local, requests)));
        } else {
            let next = match (plan.is_empty(), self.destroy) {
                (true, true) => None,
                (false, _) if self.out.is_some() => self.next(global),
                (true, false) => Some(global.next("output", &[], &[])),
                (false, true) => {
                    let confirm = repeated("--confirm", std::slice::from_ref(&plan.ground.stack));
                    Some(global.next("destroy", &[], &confirm))
                }
                (false, false) => {
                    let yes = ["--yes".to_owned()];
                    Some(global.next("apply", &self.scope.flags(), &yes))
                }
            };
            let view = View {
                plan,
                local: saved.local,
                reads: requests.reads,
                verbose: ui.verbosity() > 0,
                next,
                width: ui.width(),
            };
            ui.print(&view.text());
        }
        // Each is told as a change, or stops the plan.
        if !self.destroy && !saved.observation.duplicates.is_empty() {
            return Ok(Exit::Failure);
        }
        Ok(if self.detailed_exitcode && !plan.is_empty() {
            Exit::Changes
        } else {
            Exit::Success
        })
    }

    /// The command that applies what is saved.
    fn next(&self, global: &Global) -> Option<String> {
        let path = shell_word(&self.out.as_ref()?.display().to_string());
        Some(global.without_variables().next("apply", &[path], &[]))
    }
}
