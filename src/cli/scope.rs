//! The flags that say what a plan is about, and what may be lost.

use crate::engine;

/// What a plan is about, and what may be lost.
#[derive(Debug, clap::Args)]
pub(super) struct Scope {
    /// Change only what this address or glob names, and what that needs
    #[arg(long = "target", value_name = "ADDRESS")]
    targets: Vec<String>,
    /// Take over existing things of the same names as those at this address or
    /// glob
    #[arg(long, value_name = "ADDRESS")]
    adopt: Vec<String>,
    /// Confirm losses by address or glob: delete it, make such a route public,
    /// lose what AWS deletes along with it and isn't the stack's
    #[arg(long, value_name = "ADDRESS")]
    allow_delete: Vec<String>,
    /// Replace this instance (address or glob) even if nothing of it changed, as
    /// for a newer image
    #[arg(long, value_name = "ADDRESS")]
    replace: Vec<String>,
    /// Switch what `rollback` pinned, a stage or an alias, to the newest
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
