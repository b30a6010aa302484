use crate::error::{Error, Exit};
use crate::render::{Ui, json};
use crate::stack;

/// Print the JSON Schema of the stack file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack schema > stack.schema.json
  gatestack schema --overlay > overlay.schema.json
  gatestack schema --plan

Editors complete and check stack.toml by it when the first line is `#:schema
./stack.schema.json`. An overlay such as stack.prod.toml may leave out what the
stack file says; `#:schema ./overlay.schema.json` spares it the red lines.")]
pub(super) struct Args {
    /// Print the schema of an overlay: the stack file's, with nothing required
    #[arg(long, conflicts_with_all = ["plan", "events"])]
    overlay: bool,
    /// Print the schema of `plan --json` instead
    #[arg(long, conflicts_with = "events")]
    plan: bool,
    /// Print the schema of one line of `apply --json` or `dev --json` instead
    #[arg(long)]
    events: bool,
}

impl Args {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Error> {
        let schema = match (self.overlay, self.plan, self.events) {
            (true, _, _) => stack::schema::of_overlay(),
            (_, true, _) => json::plan_schema(),
            (_, _, true) => json::events_schema(),
            _ => stack::schema::published(),
        };
        ui.print(&schema);
        Ok(Exit::Success)
    }
}
