use crate::cli::consent::{agree, ask_for_losses, losses_are_missing, nobody_to_ask};
use crate::cli::opening::open;
use crate::cli::signals::Signals;
use crate::cli::wait::Wait;
use crate::engine::{self, FirstLook, Invocation, Locking, Purpose, Session, repeated, runtime};
use crate::error::{Error, Exit};
use crate::plan::Patterns;
use crate::render::Ui;
use crate::render::history::{Rollback, RollbackReport};
use crate::render::json;

/// Switch the stage back to an earlier deployment, in one call
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack history
  gatestack rollback
  gatestack rollback abc123 --yes

The stage serves the earlier deployment from then on; the API's configuration
stays as it is, so the next plan says that the stage is pinned. apply redeploys
it only with --forward.")]
pub(crate) struct Args {
    /// The deployment to go to, by its id; the one before the one that is served
    /// when left out
    #[arg(value_name = "DEPLOYMENT")]
    deployment: Option<String>,
    /// Confirm that such a route becomes public again: no token, no API key
    #[arg(long, value_name = "ADDRESS")]
    allow_delete: Vec<String>,
    /// Answer the question with yes
    #[arg(short, long, visible_alias = "auto-approve")]
    yes: bool,
    #[command(flatten)]
    wait: Wait,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(invocation.local)?.block_on(self.roll_back(invocation, ui))
    }

    async fn roll_back(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let session = open(invocation, &[], Purpose::Find, FirstLook::WhenAsked, ui).await?;
        let mut signals = Signals::listen()?;
        let mut words = self.words();
        if self.yes {
            words.push("--yes".into());
        }
        let locking = Locking {
            session: &session,
            command: "rollback",
            wait: self.wait.time(),
            again: invocation.command_line("rollback", &words),
        };
        let work =
            async |_: &mut _, signals: &mut _, ui: &mut _| self.locked(&session, signals, ui).await;
        locking.locked(&mut signals, ui, work).await
    }

    /// The target and the consent, as flags.
    fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.deployment.iter().cloned().collect();
        words.extend(repeated("--allow-delete", &self.allow_delete));
        words
    }

    async fn locked(
        &self,
        session: &Session,
        signals: &mut Signals,
        ui: &mut Ui,
    ) -> Result<Exit, Error> {
        let agreed = Patterns::new(self.allow_delete.iter().cloned());
        let deployment = self.deployment.as_deref();
        let way = engine::Rollback::to(session, deployment, &agreed, signals).await?;
        let rollback = Rollback {
            context: &session.desired.context,
            local: session.is_local(),
            history: &way.history,
            from: &way.from,
            to: &way.to,
            differences: &way.differences,
            width: ui.width(),
        };
        let moves = !way.is_there();
        if moves {
            if !self.json {
                ui.print(&rollback.text());
            }
            if self.asks(&way, session, ui)? {
                way.look_again(session, signals).await?;
            }
            way.lead(session).await?;
        }
        if self.json {
            ui.print(&json::object(&RollbackReport::new(&rollback, moves)));
        } else {
            let next = session.invocation.command_line("plan", &[]);
            ui.print(&rollback.end(session.requests(), moves, &next));
        }
        Ok(Exit::Success)
    }

    /// Asks what the flags don't answer; returns whether it asked.
    fn asks(&self, way: &engine::Rollback, session: &Session, ui: &Ui) -> Result<bool, Error> {
        let again = session.invocation.command_line("rollback", &self.words());
        let asks = ui.asks() && !self.json;
        if !asks && !way.opens.is_empty() {
            return Err(losses_are_missing(&way.opens, &again, " --yes"));
        }
        if self.yes && way.opens.is_empty() {
            return Ok(false);
        }
        if !asks {
            return Err(nobody_to_ask(
                "no terminal to confirm the rollback on",
                &again,
            ));
        }
        ask_for_losses(&way.opens)?;
        if !self.yes {
            agree(&format!(
                "Switch {} to deployment {}?",
                way.history.stage, way.to.id
            ))?;
        }
        Ok(true)
    }
}
