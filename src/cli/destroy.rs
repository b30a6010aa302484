use super::apply::show;
use super::consent::{Consent, ask_destroy, other_name};
use super::global::{Global, repeated};
use super::lock::{Held, Locking, Wait};
use super::run::{Carry, Signals, look_again};
use super::session::{Planned, Purpose, Session, runtime};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::plan::{Options, Patterns};
use crate::render::Ui;

/// Show everything the stack owns, ask for its name, and delete it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack destroy
  gatestack --local destroy --confirm claims
  gatestack destroy --confirm claims --allow-delete 'user_pool/users'

Everything that the stack owns is deleted. What AWS deletes along with it and
the stack does not own (users, clients made by hand) needs --allow-delete.
Deletion protection that the file asked for is lifted; any other stops the run.")]
pub(super) struct Args {
    /// Confirm by the stack's name instead of typing it
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// Agree to lose what isn't the stack's and goes along, by the address or
    /// glob that the plan names, such as 'user_pool/users'
    #[arg(long, value_name = "ADDRESS")]
    allow_delete: Vec<String>,
    /// What `apply` takes; here it is answered with the flag that does it
    #[arg(short, long, hide = true, alias = "auto-approve")]
    yes: bool,
    #[command(flatten)]
    wait: Wait,
    /// Print JSON lines: the plan, then what happens
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    pub(super) fn run(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        if self.json {
            ui.begin_json_lines();
        }
        runtime(global.local)?.block_on(self.destroy(global, ui))
    }

    async fn destroy(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let session = Session::open(global, ui, &[], Purpose::Destroy).await?;
        let name = session.desired.ground.stack.clone();
        if let Some(other) = self
            .confirm
            .as_ref()
            .filter(|confirmed| **confirmed != name)
        {
            return Err(other_name(&name, other));
        }
        if self.yes && self.confirm.is_none() {
            return Err(Fault::new(
                FaultKind::Consent,
                "--yes is no consent to a destroy: that takes the stack's name",
            )
            .hint(format!(
                "agree to it with\n{}",
                global.command_line("destroy", &self.confirmed(&name))
            ))
            .into());
        }
        let mut signals = Signals::listen()?;
        let confirmed = match &self.confirm {
            Some(name) => self.confirmed(name),
            None => self.agreed(),
        };
        let locking = Locking {
            session: &session,
            command: "destroy",
            wait: self.wait,
            again: global.command_line("destroy", &confirmed),
        };
        let mut lock = locking.take(Some(&mut signals), ui).await?;
        let ended = self
            .locked(&session, &mut signals, &mut lock, global, ui)
            .await;
        lock.release(ui).await;
        ended
    }

    /// The consent to what goes along, as flags.
    fn agreed(&self) -> Vec<String> {
        repeated("--allow-delete", &self.allow_delete)
    }

    /// All the consent that a destroy needs, as flags.
    fn confirmed(&self, name: &str) -> Vec<String> {
        let confirm = repeated("--confirm", &[name.to_owned()]);
        [confirm, self.agreed()].concat()
    }

    async fn locked(
        &self,
        session: &Session,
        signals: &mut Signals,
        lock: &mut Held,
        global: &Global,
        ui: &mut Ui,
    ) -> Result<Exit, Error> {
        let options = Options {
            destroy: true,
            allow_delete: Patterns::new(self.allow_delete.iter().cloned()),
            ..Options::default()
        };
        let Planned { plan, observation } = signals.or_stop(session.plan(ui, &options)).await??;
        show(session, &plan, self.json, None, ui);
        if plan.is_empty() {
            return Ok(Exit::Success);
        }
        let waits = self.wait.flags();
        let again = global.command_line("destroy", &[self.agreed(), waits.clone()].concat());
        let can_ask = ui.asks() && !self.json;
        let consent = ask_destroy(&plan, self.confirm.is_some(), &again, can_ask)?;
        if consent != Consent::Given {
            look_again(session, &plan, &observation, signals, ui).await?;
        }
        let more = match consent {
            Consent::Given => Vec::new(),
            Consent::Asked(more) => more,
        };
        let words = [self.confirmed(&plan.ground.stack), more, waits].concat();
        let again = global.command_line("destroy", &words);
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
