use crate::cli::opening::load;
use crate::engine::Invocation;
use crate::error::{Error, Exit};
use crate::render::{Ui, document, json};

/// Check the stack file without asking AWS
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack validate
  gatestack validate -f examples/partner-api/stack.toml
  cat stack.toml | gatestack validate -f -

Finds everything that can be known to be wrong before AWS is asked: syntax,
unknown keys, references to nothing, and what AWS refuses. Of an API from an
OpenAPI document it prints the routes, with what the patterns made of them.")]
pub(crate) struct Args {
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let checked = load(invocation, ui)?;
        if self.json {
            ui.print(&json::messages(json::Message::of_diagnostics(
                &checked.warnings,
            )));
        } else {
            let name = checked.source().name();
            let stack = &checked.file.stack;
            ui.print(&format!(
                "{name} is valid: stack {} in {}\n{}",
                stack.name,
                stack.region,
                document::routes(&checked, ui.width())
            ));
        }
        Ok(Exit::Success)
    }
}
