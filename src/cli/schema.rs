use crate::error::{Error, Exit};
use crate::render::{Ui, json};
use crate::stack;

/// Print the JSON Schema of the stack file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack schema > stack.schema.json
  gatestack schema --plan

Editors complete and check stack.toml by it when the first line is `#:schema
./stack.schema.json`.")]
pub(super) struct Args {
    /// Print the schema of `plan --json` instead
    #[arg(long, conflicts_with = "events")]
    plan: bool,
    /// Print the schema of one line of `apply --json` instead
    #[arg(long)]
    events: bool,
}

impl Args {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Error> {
        let schema = match (self.plan, self.events) {
            (true, _) => json::plan_schema(),
            (_, true) => json::events_schema(),
            _ => stack::schema::published(),
        };
        ui.print(&schema);
        Ok(Exit::Success)
    }
}
