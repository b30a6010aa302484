//! Ends the processes of functions, also when this process can't do so itself any more.
//!
//! A shell reads the ids of process groups from a pipe. When the pipe closes, because the owner is dropped or because this process is
//! killed, it ends all of them and removes their folder. Its own process group keeps it from the terminal's interrupts.

use std::path::Path;

#[cfg(unix)]
pub(super) use unix::Guard;

#[cfg(unix)]
const SCRIPT: &str = r#"
groups=" "
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="${groups%% $group *} ${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
chmod -R u+w "$1" 2>/dev/null
rm -rf "$1"
"#;

#[cfg(unix)]
mod unix {
    use std::collections::BTreeSet;
    use std::io::{self, Write as _};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command, Stdio};
    use std::sync::Mutex;
    use std::time::Duration;

    use tokio::sync::watch;

    use rustix::process::{Pid, Signal, kill_process_group};

    use super::super::locked;
    use super::{Path, SCRIPT};

    /// How long processes that were killed are waited for.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// The shell, and the groups that it knows.
    #[derive(Debug)]
    pub(in super::super) struct Guard {
        shell: Mutex<Child>,
        groups: watch::Sender<BTreeSet<u32>>,
    }

    impl Guard {
        /// One that removes this folder at the end.
        pub(in super::super) fn new(folder: &Path) -> io::Result<Self> {
            let shell = Command::new("/bin/sh")
                .args(["-c", SCRIPT, "guard"])
                .arg(folder)
                .env_clear()
                .env("PATH", "/usr/bin:/bin")
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0)
                .spawn()?;
            Ok(Self {
                shell: Mutex::new(shell),
                groups: watch::Sender::default(),
            })
        }

        /// This process, with all of its group, is to end with this one.
        pub(in super::super) fn watch(&self, group: u32) {
            self.groups.send_modify(|groups| {
                groups.insert(group);
            });
            self.tell('+', group);
        }

        /// Ends a process with all of its group.
        pub(in super::super) fn kill(&self, group: u32) {
            let group = i32::try_from(group).ok().and_then(Pid::from_raw);
            if let Some(group) = group {
                // There may be none left.
                let _ = kill_process_group(group, Signal::KILL);
            }
        }

        /// Ends all processes.
        pub(in super::super) fn kill_all(&self) {
            for group in self.groups.borrow().iter() {
                self.kill(*group);
            }
        }

        /// A process has ended: its id may soon be another's.
        pub(in super::super) fn reaped(&self, group: u32) {
            self.tell('-', group);
            self.groups.send_modify(|groups| {
                groups.remove(&group);
            });
        }

        /// Waits until all processes have ended.
        pub(in super::super) async fn none_left(&self) {
            let mut groups = self.groups.subscribe();
            let none = groups.wait_for(BTreeSet::is_empty);
            let _ = tokio::time::timeout(PATIENCE, none).await;
        }

        fn tell(&self, sign: char, group: u32) {
            if let Some(pipe) = &mut locked(&self.shell).stdin {
                // Without the shell, the owner still ends its processes when it is dropped.
                let _ = writeln!(pipe, "{sign} {group}");
            }
        }

        /// Ends everything that is left.
        pub(in super::super) fn close(&self) {
            let mut shell = locked(&self.shell);
            drop(shell.stdin.take());
            let _ = shell.wait();
        }
    }
}

/// Where there are no process groups, only the processes themselves end.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Guard(std::path::PathBuf);

#[cfg(not(unix))]
impl Guard {
    pub(super) fn new(folder: &Path) -> std::io::Result<Self> {
        Ok(Self(folder.to_owned()))
    }

    pub(super) fn watch(&self, _: u32) {}

    pub(super) fn kill(&self, _: u32) {}

    pub(super) fn kill_all(&self) {}

    pub(super) fn reaped(&self, _: u32) {}

    pub(super) async fn none_left(&self) {}

    pub(super) fn close(&self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
