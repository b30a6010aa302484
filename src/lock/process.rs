//! The identity of a process on this machine, so that the lock of one that has ended can be taken over at once.
//!
//! The process id is not enough: it is reused, and each container counts from 1. On Linux the boot, the PID namespace and the
//! start time identify it; elsewhere a lock only expires.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// A process.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Process {
    /// Its number.
    pub id: u32,
    /// The machine's boot, and the PID namespace.
    machine: String,
    /// When it started, in the clock ticks of the boot.
    started: String,
}

impl Process {
    pub(super) fn this() -> Option<Self> {
        let id = std::process::id();
        Some(Self {
            id,
            machine: machine()?,
            started: started(id)?,
        })
    }

    /// Whether it ran on this machine and has ended.
    pub(super) fn is_gone(&self) -> bool {
        machine().is_some_and(|machine| machine == self.machine)
            && started(self.id).is_none_or(|started| started != self.started)
    }
}

fn machine() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

/// When a process started; `None` if it is not running. A zombie is not running.
fn started(id: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field is the program's name in brackets, which may contain spaces and brackets.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?;
    (!matches!(state, "Z" | "X")).then(|| started.to_owned())
}

/// The machine's name.
pub(super) fn host() -> Option<String> {
    let by_kernel = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let by_command = || {
        let said = Command::new("hostname").output().ok()?;
        String::from_utf8(said.stdout).ok()
    };
    let name = by_kernel.or_else(by_command)?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// 128 random bits.
pub(super) fn token() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_gone_when_it_has_ended() {
        let this = Process::this().unwrap();
        assert!(!this.is_gone());
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process {
            id: child.id(),
            started: started(child.id()).unwrap(),
            ..this.clone()
        };
        assert!(!process.is_gone());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(process.is_gone());
        let elsewhere = Process {
            machine: "another".into(),
            ..process
        };
        assert!(!elsewhere.is_gone());
        let given_out_again = Process {
            started: "1".into(),
            ..this
        };
        assert!(given_out_again.is_gone());
    }
}
