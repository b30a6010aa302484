use std::collections::BTreeMap;

use crate::cli::consent::{agree, ask_for_losses, losses_are_missing, nobody_to_ask};
use crate::cli::opening::open;
use crate::cli::signals::Signals;
use crate::cli::wait::Wait;
use crate::engine::{
    self, FirstLook, Invocation, Locking, Purpose, Session, named_function, repeated, runtime,
};
use crate::error::{Error, Exit};
use crate::model::{Address, Table, shell_word};
use crate::plan::{Loss, Patterns};
use crate::render::Ui;
use crate::render::history::{
    AnyRollbackReport, FunctionRollback, FunctionRollbackReport, Rollback, RollbackReport,
};
use crate::render::json;

/// Switch back to an earlier deployment or version, in one call
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack history
  gatestack rollback
  gatestack rollback abc123 --yes
  gatestack rollback functions.hello
  gatestack rollback functions.hello 7

The stage serves the earlier deployment from then on; the API's configuration
stays as it is, so the next plan says that the stage is pinned. apply redeploys
it only with --forward. The same goes for a function with an `alias`.")]
pub(crate) struct Args {
    /// The deployment to go to, by its id; the one before the one that is served
    /// when left out. Or the function whose alias is switched
    #[arg(value_name = "DEPLOYMENT|FUNCTION")]
    target: Option<String>,
    /// The version of the function to go to; the one before the one that callers
    /// get when left out
    #[arg(value_name = "VERSION")]
    version: Option<String>,
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

    /// Deployments have no versions.
    pub(super) fn contradiction(&self) -> Option<String> {
        let (target, _) = self.target.as_deref().zip(self.version.as_ref())?;
        (!is_function(target)).then(|| {
            format!(
                "the argument '[VERSION]' cannot be used with '{target}', which is not a function: name one as 'functions.NAME'"
            )
        })
    }

    async fn roll_back(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let function = self.function()?;
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
        let work = async |_: &mut _, signals: &mut _, ui: &mut _| match &function {
            Some(key) => self.of_function(key, &session, signals, ui).await,
            None => self.locked(&session, signals, ui).await,
        };
        locking.locked(&mut signals, ui, work).await
    }

    /// The table of the function, if one is named.
    fn function(&self) -> Result<Option<String>, Error> {
        let target = self.target.as_deref();
        named_function(target.filter(|target| is_function(target)))
    }

    async fn of_function(
        &self,
        key: &str,
        session: &Session,
        signals: &mut Signals,
        ui: &mut Ui,
    ) -> Result<Exit, Error> {
        let version = self.version.as_deref();
        let way = engine::FunctionRollback::to(session, key, version, signals).await?;
        let rollback = FunctionRollback {
            context: &session.desired.context,
            local: session.is_local(),
            address: way.address(),
            history: &way.history,
            to: &way.to,
            width: ui.width(),
        };
        let moves = !way.is_there();
        if moves {
            if !self.json {
                ui.print(&rollback.text());
            }
            let question = format!(
                "Switch {} to version {}?",
                way.history.alias, way.to.version
            );
            if self.asks(&BTreeMap::new(), &question, session, ui)? {
                way.look_again(session, signals).await?;
            }
            way.lead(session).await?;
        }
        if self.json {
            let report = FunctionRollbackReport::new(&rollback, moves);
            ui.print(&json::object(&AnyRollbackReport::Function(report)));
        } else {
            let next = session.invocation.command_line("plan", &[]);
            ui.print(&rollback.end(session.requests(), moves, &next));
        }
        Ok(Exit::Success)
    }

    /// The target and the consent, as flags.
    fn words(&self) -> Vec<String> {
        let words = self.target.iter().chain(&self.version);
        let mut words: Vec<String> = words.map(|word| shell_word(word)).collect();
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
        let deployment = self.target.as_deref();
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
            let question = format!("Switch {} to deployment {}?", way.history.stage, way.to.id);
            if self.asks(&way.opens, &question, session, ui)? {
                way.look_again(session, signals).await?;
            }
            way.lead(session).await?;
        }
        if self.json {
            let report = RollbackReport::new(&rollback, moves);
            ui.print(&json::object(&AnyRollbackReport::Stage(report)));
        } else {
            let next = session.invocation.command_line("plan", &[]);
            ui.print(&rollback.end(session.requests(), moves, &next));
        }
        Ok(Exit::Success)
    }

    /// Asks what the flags don't answer; returns whether it asked.
    fn asks(
        &self,
        opens: &BTreeMap<Address, Loss>,
        question: &str,
        session: &Session,
        ui: &Ui,
    ) -> Result<bool, Error> {
        let again = session.invocation.command_line("rollback", &self.words());
        let asks = ui.asks() && !self.json;
        if !asks && !opens.is_empty() {
            return Err(losses_are_missing(opens, &again, " --yes"));
        }
        if self.yes && opens.is_empty() {
            return Ok(false);
        }
        if !asks {
            return Err(nobody_to_ask(
                "no terminal to confirm the rollback on",
                &again,
            ));
        }
        ask_for_losses(opens)?;
        if !self.yes {
            agree(question)?;
        }
        Ok(true)
    }
}

/// Whether the target of a rollback is a function, and no deployment's id.
fn is_function(target: &str) -> bool {
    Address::new(target).is_in(Table::Functions)
}
