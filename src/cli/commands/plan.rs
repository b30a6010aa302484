use std::path::PathBuf;

use crate::cli::opening::open;
use crate::cli::scope::Scope;
use crate::engine::{self, FirstLook, Invocation, Planned, Purpose, other_name, repeated, runtime};
use crate::error::{Error, Exit};
use crate::model::shell_word;
use crate::plan::{Inputs, Options, Plan, Saved};
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
  gatestack plan --build --out claims.plan
  gatestack plan --detailed-exitcode --json > plan.json")]
pub(crate) struct Args {
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
    /// Run the builds of the functions whose code this plan would upload
    #[arg(long, conflicts_with = "destroy")]
    build: bool,
    /// Exit with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(invocation.local)?.block_on(self.plan(invocation, ui))
    }

    async fn plan(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let purpose = if self.destroy {
            Purpose::Destroy
        } else {
            Purpose::Make
        };
        let scope = self.scope.given();
        let mut session = open(invocation, &scope.adopt, purpose, FirstLook::AtOnce, ui).await?;
        session.desired.leaving = scope.leaving();
        let options = Options {
            destroy: self.destroy,
            ..scope.options()
        };
        let name = &session.desired.context.stack;
        if let Some(given) = self.confirm.as_ref().filter(|given| *given != name) {
            return Err(other_name(name, given));
        }
        let Planned { plan, observation } = session.plan(&options, ui).await?;
        if self.build {
            engine::provide_code(&session, &plan, ui)?;
        }
        let requests = session.requests();
        let saved = Saved {
            local: session.is_local(),
            inputs: Inputs {
                environment: invocation.environment.clone(),
                vars: session.given,
                file: invocation.path().display().to_string(),
                destroy: self.destroy,
                targets: scope.targets,
                allow_delete: scope.allow_delete,
                replace: scope.replace,
                forward: scope.forward,
            },
            confirmed: self.confirm.is_some(),
            desired: session.desired,
            observation,
            plan,
        };
        if let Some(path) = &self.out {
            engine::save(path, &saved)?;
        }
        let plan = &saved.plan;
        if self.json {
            ui.print(&json::object(&PlanReport::new(plan, saved.local, requests)));
        } else {
            let view = View {
                plan,
                local: saved.local,
                reads: requests.reads,
                verbose: ui.verbosity() > 0,
                next: self.next(plan, invocation),
                width: ui.width(),
            };
            ui.print(&view.text());
        }
        // Each is shown as a change, or stops the plan.
        if !self.destroy && !saved.observation.duplicates.is_empty() {
            return Ok(Exit::Failure);
        }
        Ok(if self.detailed_exitcode && !plan.is_empty() {
            Exit::Changes
        } else {
            Exit::Success
        })
    }

    /// The command to type next.
    fn next(&self, plan: &Plan, invocation: &Invocation) -> Option<String> {
        match (plan.is_empty(), self.destroy) {
            (true, true) => None,
            (false, _) if self.out.is_some() => self.applies_it(invocation),
            (true, false) => Some(invocation.next("output", &[], &[])),
            (false, true) => {
                let confirm = repeated("--confirm", std::slice::from_ref(&plan.context.stack));
                Some(invocation.next("destroy", &[], &confirm))
            }
            (false, false) => {
                let yes = ["--yes".to_owned()];
                Some(invocation.next("apply", &self.scope.given().flags(), &yes))
            }
        }
    }

    /// The command that applies what is saved.
    fn applies_it(&self, invocation: &Invocation) -> Option<String> {
        let path = shell_word(&self.out.as_ref()?.display().to_string());
        Some(invocation.without_variables().next("apply", &[path], &[]))
    }
}
