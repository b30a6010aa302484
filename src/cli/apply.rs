use std::path::{Path, PathBuf};

use super::consent::{Consent, ask};
use super::global::Global;
use super::lock::{Held, Locking, Wait};
use super::plan::Scope;
use super::run::{Carry, Signals, look_again};
use super::saved;
use super::session::{Planned, Purpose, Session, runtime};
use crate::error::{Error, Exit};
use crate::plan::Plan;
use crate::render::json::{self, Around, ChangeReport, ChangeSummary, Line};
use crate::render::{Ui, plan::View};

/// Show what would change, ask, and change it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack apply
  gatestack --local apply --yes -f examples/partner-api/stack.toml
  gatestack apply --yes --allow-delete 'partners.acme'
  gatestack apply claims.plan
  gatestack apply --yes --verify

Ctrl-C once starts nothing more and lets running steps finish; twice leaves at
once. However a run ends, running the same command again continues it.")]
pub(super) struct Args {
    /// Apply exactly this plan that `plan --out` saved, unless AWS or the file
    /// changed since
    #[arg(value_name = "PLAN", conflicts_with_all = ["targets", "adopt", "replace"])]
    plan: Option<PathBuf>,
    /// Answer the ordinary question with yes; losses still need --allow-delete
    #[arg(short, long, visible_alias = "auto-approve")]
    yes: bool,
    #[command(flatten)]
    scope: Scope,
    /// Confirm a saved destroy by the stack's name instead of typing it
    #[arg(long, value_name = "NAME", requires = "plan")]
    confirm: Option<String>,
    /// Verify the stack afterwards, with patience while AWS spreads the changes
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    wait: Wait,
    /// Print JSON lines: the plan, then what happens
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    /// The saved plan to apply.
    pub(super) fn saved(&self) -> Option<&Path> {
        self.plan.as_deref()
    }

    pub(super) fn run(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        if self.json {
            ui.begin_json_lines();
        }
        runtime(global.local)?.block_on(self.apply(global, ui))
    }

    async fn apply(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        if let Some(path) = &self.plan {
            return saved::Apply {
                path,
                allow_delete: &self.scope.allow_delete,
                forward: self.scope.forward,
                confirm: self.confirm.as_deref(),
                json: self.json,
                verify: self.verify,
                wait: self.wait,
            }
            .run(global, ui)
            .await;
        }
        let mut session = Session::open(global, ui, &self.scope.adopt, Purpose::Make).await?;
        session.desired.leaving = self.scope.leaving();
        let mut signals = Signals::listen()?;
        let mut flags = self.scope.flags();
        if self.yes {
            flags.push("--yes".into());
        }
        let locking = Locking {
            session: &session,
            command: "apply",
            wait: self.wait,
            again: global.command_line("apply", &flags),
        };
        let mut lock = locking.take(Some(&mut signals), ui).await?;
        let ended = self
            .locked(&session, &mut signals, &mut lock, global, ui)
            .await;
        lock.release(ui).await;
        verified(&session, ended?, self.verify, self.json, (global, ui)).await
    }

    async fn locked(
        &self,
        session: &Session,
        signals: &mut Signals,
        lock: &mut Held,
        global: &Global,
        ui: &mut Ui,
    ) -> Result<Exit, Error> {
        let options = self.scope.options();
        let Planned { plan, observation } = signals.or_stop(session.plan(ui, &options)).await??;
        let next = plan.is_empty().then(|| global.next("output", &[], &[]));
        show(session, &plan, self.json, next, ui);
        if plan.is_empty() {
            return Ok(Exit::Success);
        }
        let mut flags = self.scope.flags();
        let again = global.command_line("apply", &flags);
        let agreed = match ask(&plan, self.yes, &again, ui.asks() && !self.json)? {
            Consent::Given => Vec::new(),
            Consent::Asked(agreed) => {
                look_again(session, &plan, &observation, signals, ui).await?;
                agreed
            }
        };
        flags.extend(agreed);
        if self.yes {
            flags.push("--yes".into());
        }
        flags.extend(self.wait.flags());
        let again = global.command_line("apply", &flags);
        Carry {
            session,
            global,
            plan: &plan,
            json: self.json,
            again,
        }
        .out(signals, lock, ui)
        .await
    }
}

/// How a run ends that is to be verified once it has done everything.
pub(super) async fn verified(
    session: &Session,
    exit: Exit,
    verify: bool,
    json: bool,
    (global, ui): (&Global, &mut Ui),
) -> Result<Exit, Error> {
    if !verify || exit != Exit::Success {
        return Ok(exit);
    }
    super::verify::after_apply(session, json, global, ui).await
}

/// Shows the plan that is about to be agreed to.
pub(super) fn show(session: &Session, plan: &Plan, json: bool, next: Option<String>, ui: &mut Ui) {
    if !json {
        let reads = session.requests().reads;
        let view = View {
            plan,
            local: session.local,
            reads,
            verbose: ui.verbosity() > 0,
            next,
            width: ui.width(),
        };
        ui.print(&view.text());
        return;
    }
    for (address, change) in &plan.changes {
        let change = ChangeReport::new(address, change);
        ui.print(&json::line(&Line::Around(Around::PlannedChange { change })));
    }
    let summary = ChangeSummary::of(plan);
    ui.print(&json::line(&Line::Around(Around::ChangeSummary {
        summary,
    })));
}
