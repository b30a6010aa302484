//! The flags that say what a plan is about, and what may be lost.

use crate::engine;

/// What a plan is about, and what may be lost.
#[derive(Debug, clap::Args)]
pub(super) struct Scope {
    /// Leave out everything but this address or glob, and what it needs
    #[arg(long = "target", value_name = "ADDRESS")]
    targets: Vec<String>,
    /// Take over the existing thing of the same name
    #[arg(long, value_name = "ADDRESS")]
    adopt: Vec<String>,
    /// Agree to losses: to delete what this address or glob names, to open such
    /// a route to everybody, to lose what isn't the stack's and goes along
    #[arg(long, value_name = "ADDRESS")]
    allow_delete: Vec<String>,
    /// Replace this instance (address or glob) even if nothing of it changed, as
    /// for a newer image
    #[arg(long, value_name = "ADDRESS")]
    replace: Vec<String>,
    /// Agree to lead callers forward again from where `rollback` led them back
    #[arg(long)]
    forward: bool,
}

impl Scope {
    /// What they say.
    pub(super) fn given(&self) -> engine::Scope {
        engine::Scope {
            targets: self.targets.clone(),
            adopt: self.adopt.clone(),
            allow_delete: self.allow_delete.clone(),
            replace: self.replace.clone(),
            forward: self.forward,
        }
    }
}
