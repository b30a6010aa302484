use super::apply::show;
use super::consent::{Consent, ask_name, other_name};
use super::global::{Global, repeated};
use super::run::{Carry, Signals, look_again};
use super::session::{Planned, Purpose, Session, runtime};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::plan::Options;
use crate::render::Ui;
use crate::render::json::{self, Line};

/// Show everything the stack owns, ask for its name, and delete it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack destroy
  gatestack --local destroy --confirm claims

Nothing but what the stack owns is deleted. Deletion protection that the file
asked for is lifted; any other stops the run.")]
pub(super) struct Args {
    /// Confirm by the stack's name instead of typing it
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
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
        let again =
            |name: &str| global.command_line("destroy", &repeated("--confirm", &[name.to_owned()]));
        if self.yes && self.confirm.is_none() {
            return Err(Fault::new(
                FaultKind::Consent,
                "--yes is no consent to a destroy: that takes the stack's name",
            )
            .hint(format!("agree to it with\n{}", again(&name)))
            .into());
        }
        let options = Options {
            destroy: true,
            ..Options::default()
        };
        let Planned { plan, observation } = session.plan(ui, &options).await?;
        show(&session, &plan, self.json, None, ui);
        if plan.is_empty() {
            return Ok(Exit::Success);
        }
        let mut signals = Signals::listen()?;
        if self.confirm.is_none() {
            let consent = ask_name(&name, &again(&name), ui.asks() && !self.json)?;
            if consent != Consent::Given {
                look_again(&session, &plan, &observation, &mut signals, ui).await?;
            }
        }
        let again = again(&name);
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
