//! Starts processes that can write to files in `/tmp` only, as on Lambda, and can't look into processes that are not theirs, where the
//! system allows that: on Linux, by Landlock.
//!
//! Source: <https://docs.kernel.org/userspace-api/landlock.html>; "Ptrace restrictions" are what keeps the developer's environment, in
//! `/proc/PID/environ`, from functions.

use std::io;

use tokio::process::{Child, Command};

/// The devices that programs write to. `/dev/shm` is a folder of files, which Lambda doesn't have.
#[cfg(target_os = "linux")]
const DEVICES: [&str; 8] = [
    "/dev/full",
    "/dev/null",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/random",
    "/dev/tty",
    "/dev/urandom",
    "/dev/zero",
];

/// Starts a process. Returns whether files outside of `/tmp` are read-only for it.
///
/// # Errors
/// It can't be started.
#[cfg(target_os = "linux")]
pub(super) fn spawn(mut command: Command) -> io::Result<(Child, bool)> {
    let runtime = tokio::runtime::Handle::current();
    // Landlock restricts the calling thread and what it starts, so the process is started on a thread of its own.
    let started = std::thread::spawn(move || {
        let _in_runtime = runtime.enter();
        let is_read_only = restrict().unwrap_or_default();
        drop_capabilities();
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

    // Version 3 adds truncation. Kernels with an earlier one restrict the rest, which is less than read-only.
    let writing = AccessFs::from_write(ABI::V3);
    let status = Ruleset::default()
        .handle_access(writing)?
        .create()?
        .add_rules(path_beneath_rules(["/tmp"], writing))?
        .add_rules(path_beneath_rules(DEVICES, writing))?
        .restrict_self()?;
    Ok(status.ruleset == RulesetStatus::FullyEnforced)
}

/// Leaves what this thread starts without the capabilities by which root reads the memory of any process, whatever Landlock says.
/// Source: `may_access_mm` in Linux's `kernel/fork.c`.
#[cfg(target_os = "linux")]
fn drop_capabilities() {
    use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};

    for capability in [
        CapabilitySet::PERFMON,
        CapabilitySet::SYS_ADMIN,
        CapabilitySet::SYS_PTRACE,
    ] {
        // A process that may not do this does not have them either.
        let _ = remove_capability_from_bounding_set(capability);
    }
}

/// Starts a process. Returns whether files outside of `/tmp` are read-only for it.
///
/// # Errors
/// It can't be started.
#[cfg(not(target_os = "linux"))]
pub(super) fn spawn(mut command: Command) -> io::Result<(Child, bool)> {
    Ok((command.spawn()?, false))
}
