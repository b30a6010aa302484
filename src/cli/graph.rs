use super::global::{Global, one_of};
use super::session::load;
use crate::error::{Error, Exit};
use crate::local;
use crate::render::Ui;
use crate::render::graph::{Format, text};
use crate::stack;

/// Show what the stack file wants as a graph, without asking AWS
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack graph
  gatestack graph --format dot | dot -Tsvg > stack.svg
  gatestack graph --format mermaid

The tree shows what is in what, and after it what else has to be there first. In
the drawings an arrow leads from what is made first to what waits for it. The
addresses are the ones that --target and --allow-delete take.")]
pub(super) struct Args {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "tree", value_parser = one_of::<Format>())]
    format: Format,
}

impl Args {
    pub(super) fn run(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let file = load(global, ui)?.file;
        // No address or edge depends on the account, so any will do.
        let account = file
            .stack
            .account
            .clone()
            .unwrap_or(local::Options::default().account);
        ui.print(&text(
            &stack::expand(&file, &account, Vec::new(), &Default::default()),
            self.format,
        ));
        Ok(Exit::Success)
    }
}
