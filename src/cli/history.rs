use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::global::Global;
use super::session::{Purpose, Session, runtime};
use crate::aws::{AwsError, Reader};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::kinds::deployment::history::{self, History, Way};
use crate::kinds::deployment::{Methods, Shows, without_preflight};
use crate::render::Ui;
use crate::render::history::{HistoryReport, View};
use crate::render::json;

/// Show what was deployed, and which of it can be served again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack history
  gatestack history --json

Each deployment is compared with the one before it. AWS tells which methods one
has and who may call them; where they lead, it tells nobody.")]
pub(super) struct Args {
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    pub(super) fn run(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(global.local)?.block_on(self.read(global, ui))
    }

    async fn read(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let session = Session::open(global, ui, &[], Purpose::Find).await?;
        let reader = session.connection.reader();
        let history = deployments(&session, &reader, global).await?;
        let shows = history.shows(&reader).await?;
        let methods = methods(&history, &reader).await?;
        if self.json {
            let report = HistoryReport::new(&history, shows.as_ref(), &methods);
            ui.print(&json::object(&report));
            return Ok(Exit::Success);
        }
        let next: &[&str] = match shows {
            Some(Shows::Configured) => &[],
            Some(Shows::HeldBack { .. } | Shows::Behind) => &["plan"],
            Some(Shows::Unknown { .. }) if history.previous().is_some() => &["rollback", "apply"],
            Some(Shows::Unknown { .. }) | None => &["apply"],
        };
        let next = next.iter().map(|command| global.command_line(command, &[]));
        let view = View {
            ground: &session.desired.ground,
            local: session.local,
            history: &history,
            shows: shows.as_ref(),
            methods: &methods,
            reads: session.requests().reads,
            next: next.collect(),
            width: ui.width(),
        };
        ui.print(&view.text());
        Ok(Exit::Success)
    }
}

/// The deployments of the stack.
///
/// # Errors
/// AWS's refusal of a read, and that there is no API.
pub(super) async fn deployments(
    session: &Session,
    reader: &Reader,
    global: &Global,
) -> Result<History, Error> {
    let found = history::history(reader, &session.desired).await?;
    found.ok_or_else(|| {
        let what = "nothing is deployed: AWS has no API of this stack";
        let apply = global.command_line("apply", &[]);
        Fault::new(FaultKind::Deployment, what)
            .hint(format!("apply it first\n{apply}"))
            .into()
    })
}

/// The methods of each deployment of ours and of those that are served, by its id.
async fn methods(
    history: &History,
    reader: &Reader,
) -> Result<BTreeMap<String, Methods>, AwsError> {
    let told = history.deployments.iter();
    let told = told.filter(|deployed| deployed.is_ours() || deployed.way == Way::Here);
    let read = told.map(async |deployed| {
        let methods = history.methods(reader, &deployed.id).await?;
        Ok((deployed.id.clone(), without_preflight(&methods)))
    });
    let canary = history.canary.iter();
    let canary = canary.map(|canary| (&canary.deployment, &canary.serves));
    let beside = history.beside.iter();
    let beside = beside.map(|other| (&other.deployment, &other.serves));
    let elsewhere = canary.chain(beside);
    let elsewhere = elsewhere.map(|(id, methods)| (id.clone(), without_preflight(methods)));
    Ok(try_join_all(read)
        .await?
        .into_iter()
        .chain(elsewhere)
        .collect())
}
