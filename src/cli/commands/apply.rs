use std::path::{Path, PathBuf};

use crate::cli::consent::{Consent, ask, ask_destroy};
use crate::cli::opening::open;
use crate::cli::planned::show;
use crate::cli::scope::Scope;
use crate::cli::signals::Signals;
use crate::cli::verified::after_apply;
use crate::cli::wait::Wait;
use crate::engine::{
    self, Added, Agreed, FirstLook, Invocation, Locking, Purpose, SavedPlan, Session, or_stop,
    runtime,
};
use crate::error::{Error, Exit};
use crate::model::shell_word;
use crate::plan::Plan;
use crate::render::Ui;

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
pub(crate) struct Args {
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
    /// Verify the stack afterwards, retrying while AWS spreads the changes
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

    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        if self.json {
            ui.begin_json_lines();
        }
        runtime(invocation.local)?.block_on(async {
            match &self.plan {
                Some(path) => self.apply_saved(path, invocation, ui).await,
                None => self.apply(invocation, ui).await,
            }
        })
    }

    async fn apply(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let scope = self.scope.given();
        let mut session = open(
            invocation,
            &scope.adopt,
            Purpose::Make,
            FirstLook::WhenAsked,
            ui,
        )
        .await?;
        session.desired.leaving = scope.leaving();
        let mut signals = Signals::listen()?;
        let flags = [scope.flags(), self.yes_flag()].concat();
        let locking = Locking {
            session: &session,
            command: "apply",
            wait: self.wait.time(),
            again: invocation.command_line("apply", &flags),
        };
        let applied = locking
            .locked(&mut signals, ui, async |lock, signals, ui| {
                let options = scope.options();
                let planned = or_stop(signals, session.plan(&options, ui)).await??;
                let decide = |plan: &Plan, ui: &mut Ui| self.decide(&session, plan, ui);
                engine::run(&session, &planned, lock, signals, ui, decide).await
            })
            .await?;
        after_apply(&session, applied, self.verify, self.json, ui).await
    }

    fn yes_flag(&self) -> Vec<String> {
        let yes = self.yes.then(|| "--yes".to_owned());
        yes.into_iter().collect()
    }

    /// Shows the plan, and asks what the flags don't answer.
    fn decide(&self, session: &Session, plan: &Plan, ui: &mut Ui) -> Result<Option<Agreed>, Error> {
        let invocation = &session.invocation;
        if self.shows_that_nothing_changes(session, plan, ui) {
            return Ok(None);
        }
        let flags = self.scope.given().flags();
        let again = invocation.command_line("apply", &flags);
        let consent = ask(plan, self.yes, &again, self.can_ask(ui))?;
        let asked = consent != Consent::Given;
        let flags = [flags, consent.flags(), self.yes_flag(), self.wait.flags()].concat();
        Ok(Some(Agreed {
            asked,
            again: invocation.command_line("apply", &flags),
        }))
    }

    /// Shows the plan; returns whether there is nothing to confirm.
    fn shows_that_nothing_changes(&self, session: &Session, plan: &Plan, ui: &mut Ui) -> bool {
        let next = || session.invocation.next("output", &[], &[]);
        let next = plan.is_empty().then(next);
        show(session, plan, self.json, next, ui);
        plan.is_empty()
    }

    fn can_ask(&self, ui: &Ui) -> bool {
        ui.asks() && !self.json
    }

    /// Applies a saved plan if nothing has changed. A saved plan was reviewed, so it isn't confirmed again; losses still need
    /// consent.
    async fn apply_saved(
        &self,
        path: &Path,
        invocation: &Invocation,
        ui: &mut Ui,
    ) -> Result<Exit, Error> {
        let saved = SavedPlan::open(invocation, path)?;
        let session = saved.session(ui).await?;
        let mut signals = Signals::listen()?;
        let locking = Locking {
            session: &session,
            command: "apply",
            wait: self.wait.time(),
            again: again(&session, path, Vec::new()),
        };
        let added = self.added();
        let applied = locking
            .locked(&mut signals, ui, async |lock, signals, ui| {
                let renewed = saved.renewed(&session, &added, signals, ui).await?;
                let decide = |plan: &Plan, ui: &mut Ui| {
                    if self.shows_that_nothing_changes(&session, plan, ui) {
                        return Ok(None);
                    }
                    let again = again(&session, path, added.flags());
                    let can_ask = self.can_ask(ui);
                    let consent = match plan.destroy {
                        true => ask_destroy(plan, renewed.confirmed, &again, can_ask)?,
                        false => ask(plan, true, &again, can_ask)?,
                    };
                    Ok(Some(Agreed {
                        asked: consent != Consent::Given,
                        again: saved.resumption(&added, consent.flags()),
                    }))
                };
                engine::run(&session, &renewed.planned, lock, signals, ui, decide).await
            })
            .await?;
        let verify = self.verify && !saved.destroys();
        after_apply(&session, applied, verify, self.json, ui).await
    }

    /// The consent that the command line adds to a saved plan.
    fn added(&self) -> Added {
        let scope = self.scope.given();
        Added {
            allow_delete: scope.allow_delete,
            forward: scope.forward,
            confirm: self.confirm.clone(),
        }
    }
}

/// The command line that applies the same saved plan.
fn again(session: &Session, path: &Path, more: Vec<String>) -> String {
    let file = shell_word(&path.display().to_string());
    let words = [vec![file], more].concat();
    session.invocation.command_line("apply", &words)
}
