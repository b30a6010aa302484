//! Starts processes that can write to files in `/tmp` only, as on Lambda, where the system allows that: on Linux, by Landlock.

use std::io;

use tokio::process::{Child, Command};

/// Starts a process. Returns whether files outside of `/tmp` are read-only for it.
///
/// # Errors
/// It can't be started.
#[cfg(target_os = "linux")]
pub(super) fn spawn(mut command: Command) -> io::Result<(Child, bool)> {
    let runtime = tokio::runtime::Handle::current();
    // Landlock restricts the thread that asks for it, and what that one starts: one of its own.
    let started = std::thread::spawn(move || {
        let _in_runtime = runtime.enter();
        let is_read_only = restrict().unwrap_or_default();
        Ok((command.spawn()?, is_read_only))
    });
    started
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("no thread could start it")))
}

/// Makes files read-only for this thread and what it starts. Returns whether the system did so.
#[cfg(target_os = "linux")]
fn restrict() -> Result<bool, landlock::RulesetError> {
    use landlock::{
        ABI, AccessFs, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus,
        path_beneath_rules,
    };

    // Version 3 knows of truncation. Earlier kernels do what they know.
    let writing = AccessFs::from_write(ABI::V3);
    let status = Ruleset::default()
        .handle_access(writing)?
        .create()?
        .add_rules(path_beneath_rules(["/tmp", "/dev"], writing))?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// Starts a process. Returns whether files outside of `/tmp` are read-only for it.
///
/// # Errors
/// It can't be started.
#[cfg(not(target_os = "linux"))]
pub(super) fn spawn(mut command: Command) -> io::Result<(Child, bool)> {
    Ok((command.spawn()?, false))
}
