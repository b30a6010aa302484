use clap_complete::{Shell, generate};

use crate::error::{Error, Exit};
use crate::render::Ui;

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  source <(gatestack completions bash)
  gatestack completions zsh > ~/.zfunc/_gatestack
  gatestack completions fish > ~/.config/fish/completions/gatestack.fish")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

impl Args {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Error> {
        let mut script = Vec::new();
        generate(
            self.shell,
            &mut crate::cli::command(),
            "gatestack",
            &mut script,
        );
        ui.print(&String::from_utf8_lossy(&script));
        Ok(Exit::Success)
    }
}
