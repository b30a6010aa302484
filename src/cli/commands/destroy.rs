use crate::cli::consent::{Consent, ask_destroy};
use crate::cli::opening::open;
use crate::cli::planned::show;
use crate::cli::signals::Signals;
use crate::cli::wait::Wait;
use crate::engine::{
    self, Agreed, FirstLook, Invocation, Locking, Purpose, Session, or_stop, other_name, repeated,
    runtime,
};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::plan::{Options, Patterns, Plan};
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
pub(crate) struct Args {
    /// Confirm by the stack's name instead of typing it
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// Confirm the loss of what AWS deletes along and isn't the stack's, by the
    /// address or glob that the plan names, such as 'user_pool/users'
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
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        if self.json {
            ui.begin_json_lines();
        }
        runtime(invocation.local)?.block_on(self.destroy(invocation, ui))
    }

    async fn destroy(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let session = open(invocation, &[], Purpose::Destroy, FirstLook::WhenAsked, ui).await?;
        self.consents_to(&session.desired.context.stack, invocation)?;
        let mut signals = Signals::listen()?;
        let confirmed = match &self.confirm {
            Some(name) => self.confirmed(name),
            None => self.agreed(),
        };
        let locking = Locking {
            session: &session,
            command: "destroy",
            wait: self.wait.time(),
            again: invocation.command_line("destroy", &confirmed),
        };
        let options = Options {
            destroy: true,
            allow_delete: Patterns::new(self.allow_delete.iter().cloned()),
            ..Options::default()
        };
        locking
            .locked(&mut signals, ui, async |lock, signals, ui| {
                let planned = or_stop(signals, session.plan(&options, ui)).await??;
                let decide = |plan: &Plan, ui: &mut Ui| self.decide(&session, plan, ui);
                engine::run(&session, &planned, lock, signals, ui, decide).await
            })
            .await
    }

    /// Refuses a wrong name for a destroy.
    fn consents_to(&self, name: &str, invocation: &Invocation) -> Result<(), Error> {
        if let Some(other) = self.confirm.as_ref().filter(|given| *given != name) {
            return Err(other_name(name, other));
        }
        if self.yes && self.confirm.is_none() {
            return Err(Fault::new(
                FaultKind::Consent,
                "--yes doesn't confirm a destroy: that takes the stack's name",
            )
            .hint(format!(
                "confirm it with\n{}",
                invocation.command_line("destroy", &self.confirmed(name))
            ))
            .into());
        }
        Ok(())
    }

    /// The consent to what is deleted along, as flags.
    fn agreed(&self) -> Vec<String> {
        repeated("--allow-delete", &self.allow_delete)
    }

    /// All the consent that a destroy needs, as flags.
    fn confirmed(&self, name: &str) -> Vec<String> {
        let confirm = repeated("--confirm", &[name.to_owned()]);
        [confirm, self.agreed()].concat()
    }

    /// Shows the plan, and asks what the flags don't answer.
    fn decide(&self, session: &Session, plan: &Plan, ui: &mut Ui) -> Result<Option<Agreed>, Error> {
        show(session, plan, self.json, None, ui);
        if plan.is_empty() {
            return Ok(None);
        }
        let again = |words: &[String]| session.invocation.command_line("destroy", words);
        let waits = self.wait.flags();
        let unanswered = again(&[self.agreed(), waits.clone()].concat());
        let can_ask = ui.asks() && !self.json;
        let consent = ask_destroy(plan, self.confirm.is_some(), &unanswered, can_ask)?;
        let asked = consent != Consent::Given;
        let words = [self.confirmed(&plan.context.stack), consent.flags(), waits].concat();
        Ok(Some(Agreed {
            asked,
            again: again(&words),
        }))
    }
}
