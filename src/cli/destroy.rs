use super::apply::show;
use super::consent::{Consent, ask_destroy, other_name};
use super::global::{Global, repeated};
use super::run::{Carry, Signals, look_again};
use super::session::{Planned, Purpose, Session, runtime};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::plan::{Options, Patterns};
use crate::render::Ui;
use crate::render::json::{self, Line};

/// Show everything the stack owns, ask for its name, and delete it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack destroy
  gatestack --local destroy --confirm claims
  gatestack destroy --confirm claims --allow-delete 'user_pool/users'

Everything that the stack owns is deleted. What AWS deletes along with it and the
stack does not own (users, clients made by hand) needs --allow-delete. Deletion
protection that the file asked for is lifted; any other stops the run.")]
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
    /// Print JSON lines: the plan, then what happens
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    pub(super) fn run(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        if self.json {
            ui.print(&json::line(&Line::Around(json::version())));
        }
        runtime(global.local)?.block_on(self.destroy(global, ui))
    }

    async fn destroy(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let session = Session::open(global, ui, &[], Purpose::Find).await?;
        let name = session.desired.ground.stack.clone();
        if let Some(other) = self
            .confirm
            .as_ref()
            .filter(|confirmed| **confirmed != name)
        {
            return Err(other_name(&name, other));
        }
        let agreed = repeated("--allow-delete", &self.allow_delete);
        let confirm = repeated("--confirm", std::slice::from_ref(&name));
        let confirmed: Vec<String> = confirm.into_iter().chain(agreed.clone()).collect();
        if self.yes && self.confirm.is_none() {
            return Err(Fault::new(
                FaultKind::Consent,
                "--yes is no consent to a destroy: that takes the stack's name",
            )
            .hint(format!(
                "agree to it with\n{}",
                global.command_line("destroy", &confirmed)
            ))
            .into());
        }
        let options = Options {
            destroy: true,
            allow_delete: Patterns::new(self.allow_delete.iter().cloned()),
            ..Options::default()
        };
        let Planned { plan, observation } = session.plan(ui, &options).await?;
        show(&session, &plan, self.json, None, ui);
        if plan.is_empty() {
            return Ok(Exit::Success);
        }
        let mut signals = Signals::listen()?;
        let again = global.command_line("destroy", &agreed);
        let can_ask = ui.asks() && !self.json;
        let consent = ask_destroy(&plan, self.confirm.is_some(), &again, can_ask)?;
        if consent != Consent::Given {
            look_again(&session, &plan, &observation, &mut signals, ui).await?;
        }
        let more = match consent {
            Consent::Given => Vec::new(),
            Consent::Asked(more) => more,
        };
        let words: Vec<String> = confirmed.into_iter().chain(more).collect();
        let again = global.command_line("destroy", &words);
        Carry {
            session: &session,
            plan: &plan,
            json: self.json,
            again,
        }
        .out(signals, ui)
        .await
    }
}
