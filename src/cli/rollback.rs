use std::collections::BTreeMap;

use super::consent::{agree, ask_for_losses, losses_are_missing, nobody_to_ask};
use super::global::{Global, repeated};
use super::history::deployments;
use super::lock::{Locking, Wait};
use super::run::Signals;
use super::session::{Purpose, Session, runtime};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::kinds::deployment::Canary;
use crate::kinds::deployment::history::{Deployed, History, Way, differences};
use crate::model::Address;
use crate::plan::{Loss, Patterns, opened};
use crate::render::Ui;
use crate::render::history::{Rollback, RollbackReport, at};
use crate::render::json;

/// Lead callers back to an earlier deployment, in one call
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack history
  gatestack rollback
  gatestack rollback abc123 --yes

The stage serves the earlier deployment from then on; the API's configuration
stays as it is, so the next plan says that the stage is held back. An apply
leads callers forward again only with --forward.")]
pub(super) struct Args {
    /// The deployment to go to, by its id; the one before the one that is served
    /// when left out
    #[arg(value_name = "DEPLOYMENT")]
    deployment: Option<String>,
    /// Agree that everybody may call such a route again, without a token or an
    /// API key
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
    pub(super) fn run(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(global.local)?.block_on(self.roll_back(global, ui))
    }

    async fn roll_back(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let session = Session::open(global, ui, &[], Purpose::Find).await?;
        let mut signals = Signals::listen()?;
        let mut words = self.words();
        if self.yes {
            words.push("--yes".into());
        }
        let locking = Locking {
            session: &session,
            command: "rollback",
            wait: self.wait,
            again: global.command_line("rollback", &words),
        };
        let mut lock = locking.take(Some(&mut signals), ui).await?;
        let ended = self.locked(&session, &mut signals, global, ui).await;
        lock.release(ui).await;
        ended
    }

    /// Where to go to and what was agreed to, again.
    fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.deployment.iter().cloned().collect();
        words.extend(repeated("--allow-delete", &self.allow_delete));
        words
    }

    async fn locked(
        &self,
        session: &Session,
        signals: &mut Signals,
        global: &Global,
        ui: &mut Ui,
    ) -> Result<Exit, Error> {
        let reader = session.connection.reader();
        let history = signals
            .or_stop(deployments(session, &reader, global))
            .await??;
        let (from, to) = self.way(&history, &session.desired.ground.region, global)?;
        let methods = async {
            tokio::try_join!(
                history.methods(&reader, &from.id),
                history.methods(&reader, &to.id)
            )
        };
        let (before, after) = signals.or_stop(methods).await??;
        let differences = differences(&before, &after);
        let agreed = Patterns::new(self.allow_delete.iter().cloned());
        let mut lost = opened(&before, &after, &session.desired);
        lost.retain(|address, _| !agreed.name(address));
        let rollback = Rollback {
            ground: &session.desired.ground,
            local: session.local,
            history: &history,
            from,
            to,
            differences: &differences,
            width: ui.width(),
        };
        let there = to.way == Way::Here;
        if !there {
            if !self.json {
                ui.print(&rollback.text());
            }
            let asked = self.ask(session, &history, (from, to), &lost, global, ui);
            signals.or_stop(asked).await??;
            let writer = session.connection.writer();
            history.lead(&writer, &to.id).await?;
        }
        if self.json {
            ui.print(&json::object(&RollbackReport::new(&rollback, !there)));
        } else {
            let next = global.command_line("plan", &[]);
            ui.print(&rollback.end(session.requests(), !there, &next));
        }
        Ok(Exit::Success)
    }

    /// Where callers are, and where they are to go.
    fn way<'a>(
        &self,
        history: &'a History,
        region: &str,
        global: &Global,
    ) -> Result<(&'a Deployed, &'a Deployed), Error> {
        let see = format!("see what there is\n{}", global.command_line("history", &[]));
        let no_way = |what: String| Fault::new(FaultKind::Deployment, what).hint(see.clone());
        let Some(from) = history.served() else {
            let what = "there is no stage yet whose callers could be led anywhere";
            return Err(no_way(what.into()).into());
        };
        let to = match &self.deployment {
            Some(id) => history
                .deployment(id)
                .ok_or_else(|| no_way(format!("the API has no deployment {id}")))?,
            None => history.previous().ok_or_else(|| {
                let fault = no_way(format!(
                    "there is nothing to go back to: gatestack made no deployment before {}, which the stage serves",
                    from.id
                ));
                match &history.canary {
                    Some(_) => fault.hint(format!(
                        "remove the canary, which sends callers elsewhere\n{}",
                        Canary::removal(region, &history.api, &history.stage)
                    )),
                    None => fault,
                }
            })?,
        };
        match &to.way {
            Way::Here | Way::Open => Ok((from, to)),
            Way::Unknown if self.deployment.is_some() => Ok((from, to)),
            Way::Unknown => Err(no_way(format!(
                "deployment {} does not record which VPC links it leads through, so nobody can say whether it works",
                at(to)
            ))
            .hint(format!(
                "if you know that it does, name it\n{}",
                global.command_line("rollback", std::slice::from_ref(&to.id))
            ))
            .into()),
            Way::NotOurs => Err(no_way(format!(
                "deployment {} was not made by gatestack, which can't tell what callers would meet there",
                to.id
            ))
            .into()),
            Way::Closed(why) => Err(no_way(format!(
                "deployment {} can't be served any more: {why}, and every call through it would fail",
                at(to)
            ))
            .into()),
        }
    }

    /// Asks, and looks again when somebody took their time to answer.
    async fn ask(
        &self,
        session: &Session,
        history: &History,
        (from, to): (&Deployed, &Deployed),
        lost: &BTreeMap<Address, Loss>,
        global: &Global,
        ui: &Ui,
    ) -> Result<(), Error> {
        let again = global.command_line("rollback", &self.words());
        let asks = ui.asks() && !self.json;
        if !asks && !lost.is_empty() {
            return Err(losses_are_missing(lost, &again, " --yes"));
        }
        if self.yes && lost.is_empty() {
            return Ok(());
        }
        if !asks {
            return Err(nobody_to_ask(
                "nobody is there to ask whether callers may be led back",
                &again,
            ));
        }
        ask_for_losses(lost)?;
        if !self.yes {
            agree(&format!(
                "Lead callers of {} to deployment {}?",
                history.stage, to.id
            ))?;
        }
        let now = deployments(session, &session.connection.reader(), global).await?;
        let same = now.served() == Some(from) && now.deployment(&to.id) == Some(to);
        if same {
            return Ok(());
        }
        let what = "the deployments changed while you were deciding; nothing was written";
        Err(Fault::new(FaultKind::Stale, what)
            .hint("run the same command again and look again")
            .into())
    }
}
