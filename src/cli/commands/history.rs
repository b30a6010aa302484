use crate::cli::opening::open;
use crate::engine::{
    Deployments, FirstLook, Invocation, Purpose, Session, named_function, runtime, versions,
};
use crate::error::{Error, Exit};
use crate::kinds::deployment::Shows;
use crate::model::Place;
use crate::render::Ui;
use crate::render::history::{
    AnyHistoryReport, FunctionHistoryReport, FunctionView, HistoryReport, View,
};
use crate::render::json;

/// Show what was deployed, and which of it can be served again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack history
  gatestack history --json
  gatestack history functions.hello

Each deployment is compared with the one before it. AWS exposes a deployment's
methods and what they require, not their integrations.")]
pub(crate) struct Args {
    /// The function whose versions to show, by its address
    #[arg(value_name = "FUNCTION")]
    function: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(invocation.local)?.block_on(self.read(invocation, ui))
    }

    async fn read(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let function = named_function(self.function.as_deref())?;
        let session = open(invocation, &[], Purpose::Find, FirstLook::WhenAsked, ui).await?;
        if let Some(key) = function {
            return self.of_function(&key, &session, ui).await;
        }
        let Deployments {
            history,
            shows,
            methods,
        } = Deployments::read(&session).await?;
        if self.json {
            let report = HistoryReport::new(&history, shows.as_ref(), &methods);
            ui.print(&json::object(&AnyHistoryReport::Stage(report)));
            return Ok(Exit::Success);
        }
        let next: &[&str] = match shows {
            Some(Shows::Configured) => &[],
            Some(Shows::HeldBack { .. } | Shows::Behind) => &["plan"],
            Some(Shows::Unknown { .. }) if history.previous().is_some() => &["rollback", "apply"],
            Some(Shows::Unknown { .. }) | None => &["apply"],
        };
        let next = next
            .iter()
            .map(|command| invocation.command_line(command, &[]));
        let view = View {
            context: &session.desired.context,
            local: session.is_local(),
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

    async fn of_function(&self, key: &str, session: &Session, ui: &mut Ui) -> Result<Exit, Error> {
        let history = versions(session, key).await?;
        if self.json {
            let report =
                FunctionHistoryReport::new(&Place::Function(key.to_owned()).address(), &history);
            ui.print(&json::object(&AnyHistoryReport::Function(report)));
            return Ok(Exit::Success);
        }
        let view = FunctionView {
            context: &session.desired.context,
            local: session.is_local(),
            history: &history,
            reads: session.requests().reads,
            width: ui.width(),
        };
        ui.print(&view.text());
        Ok(Exit::Success)
    }
}
