//! How long a command waits for another one that writes to the same stack.

use std::time::Duration;

use crate::model::HumanDuration;

/// How long to wait for the lock.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct Wait {
    /// Wait up to TIME while another run writes
    #[arg(long, value_name = "TIME")]
    wait_for_lock: Option<HumanDuration>,
}

impl Wait {
    /// So long.
    pub(super) fn time(self) -> Duration {
        let time = self.wait_for_lock.map_or(0, HumanDuration::as_millis);
        Duration::from_millis(u64::try_from(time).unwrap_or(u64::MAX))
    }

    /// The flag as it was given.
    pub(super) fn flags(self) -> Vec<String> {
        let flag = |time| format!("--wait-for-lock {time}");
        self.wait_for_lock.map(flag).into_iter().collect()
    }
}
