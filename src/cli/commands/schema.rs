use crate::error::{Error, Exit};
use crate::render::{Ui, schemas};
use crate::stack;

/// Print the JSON Schema of the stack file, or of printed JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack schema > stack.schema.json
  gatestack schema --overlay > overlay.schema.json
  gatestack schema --events

Editors complete and check stack.toml by it when the first line is `#:schema
./stack.schema.json`. An overlay such as stack.prod.toml may leave out what the
stack file says; `#:schema ./overlay.schema.json` is the schema for one.

Every object and line of --json follows the schema of its command. Schemas name
all members; within one format version, members are added and none is removed.")]
pub(crate) struct Args {
    #[command(flatten)]
    of: Of,
}

/// What to print the schema of.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Of {
    /// Print the schema of an overlay, which requires nothing
    #[arg(long)]
    overlay: bool,
    /// Print the schema of a line of `apply`, `destroy` and `dev`
    #[arg(long)]
    events: bool,
    /// Print the schema of what `handoff` writes as JSON
    #[arg(long)]
    handoff: bool,
    /// Print the schema of `history --json`
    #[arg(long)]
    history: bool,
    /// Print the schema of `init --json`
    #[arg(long)]
    init: bool,
    /// Print the schema of a line of `logs`
    #[arg(long)]
    logs: bool,
    /// Print the schema of `output --json`
    #[arg(long)]
    output: bool,
    /// Print the schema of `plan --json`
    #[arg(long)]
    plan: bool,
    /// Print the schema of `rollback --json`
    #[arg(long)]
    rollback: bool,
    /// Print the schema of `token --json`
    #[arg(long)]
    token: bool,
    /// Print the schema of `validate --json` and of errors
    #[arg(long)]
    validate: bool,
    /// Print the schema of `verify --json`
    #[arg(long)]
    verify: bool,
}

impl Of {
    /// The name of the form of output, where it is one.
    fn published(&self) -> Option<&'static str> {
        let flags = [
            ("events", self.events),
            ("handoff", self.handoff),
            ("history", self.history),
            ("init", self.init),
            ("logs", self.logs),
            ("output", self.output),
            ("plan", self.plan),
            ("rollback", self.rollback),
            ("token", self.token),
            ("validate", self.validate),
            ("verify", self.verify),
        ];
        let given = flags.into_iter().find(|(_, given)| *given);
        given.map(|(name, _)| name)
    }
}

impl Args {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Error> {
        let name = self.of.published();
        let published = schemas::ALL.iter().find(|one| Some(one.name) == name);
        let schema = match published {
            Some(published) => published.text(),
            None if self.of.overlay => stack::schema::of_overlay(),
            None => stack::schema::published(),
        };
        ui.print(&schema);
        Ok(Exit::Success)
    }
}

#[cfg(test)]
mod tests {
    use clap::Args as _;

    use super::*;

    #[test]
    fn each_form_of_output_has_a_flag() {
        let command = Args::augment_args(clap::Command::new("schema"));
        for published in schemas::ALL {
            let flag = command
                .get_arguments()
                .find(|flag| flag.get_long() == Some(published.name));
            assert!(flag.is_some(), "--{}", published.name);
        }
    }
}
