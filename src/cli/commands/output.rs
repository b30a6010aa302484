use std::collections::BTreeMap;

use crate::cli::opening::open;
use crate::engine::{self, FirstLook, Invocation, Purpose, runtime};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::model::Text;
use crate::model::similar::closest;
use crate::render::json::{self, FORMAT};
use crate::render::{Ui, outcome};

/// Print what people ask for by name: URLs, ids; never a secret
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack output
  curl \"$(gatestack output --raw invoke_url)/health\"
  gatestack output --json")]
pub(crate) struct Args {
    /// Print this output only
    name: Option<String>,
    /// Print the value and nothing else
    #[arg(long, requires = "name", conflicts_with = "json")]
    raw: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(invocation.local)?.block_on(self.read(invocation, ui))
    }

    async fn read(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let session = open(invocation, &[], Purpose::Find, FirstLook::AtOnce, ui).await?;
        let wanted = self.wanted(&session.desired.outputs)?;
        let observation = session.observe_whole(ui).await?;
        engine::all_is_tagged(&observation, wanted.values())?;
        let outputs = outcome::resolved(&wanted, &observation.book());
        let apply = invocation.command_line("apply", &[]);
        if let (Some(name), Some(None)) = (&self.name, outputs.values().next()) {
            return Err(Fault::new(
                FaultKind::Output,
                format!("`{name}` is not known yet: the stack is not applied"),
            )
            .hint(format!("apply it first\n{apply}"))
            .into());
        }
        if self.json {
            ui.print(&json::object(&json::Outputs {
                format_version: FORMAT.into(),
                outputs,
            }));
            return Ok(Exit::Success);
        }
        let mut unknown = 0;
        for (name, value) in &outputs {
            match value {
                Some(value) if self.raw => ui.print(&format!("{value}\n")),
                Some(value) => ui.print(&format!("{name} = {value}\n")),
                None => unknown += 1,
            }
        }
        if unknown > 0 {
            let outputs = crate::render::counted(unknown, "more output");
            ui.remark(&format!(
                "{outputs} will be known after an apply: {apply}\n"
            ));
        }
        Ok(Exit::Success)
    }

    fn wanted(&self, all: &BTreeMap<String, Text>) -> Result<BTreeMap<String, Text>, Error> {
        let Some(name) = &self.name else {
            return Ok(all.clone());
        };
        if let Some(text) = all.get(name) {
            return Ok([(name.clone(), text.clone())].into());
        }
        let fault = Fault::new(
            FaultKind::Output,
            format!("the stack has no output `{name}`"),
        );
        Err(match closest(name, all.keys().map(String::as_str)) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault.hint(format!(
                "its outputs are {}",
                all.keys().cloned().collect::<Vec<_>>().join(", ")
            )),
        }
        .into())
    }
}
