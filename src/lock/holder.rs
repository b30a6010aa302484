//! The run that has a lock, for display on other machines and in pipelines.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::process::{self, Process};

/// A run that has a lock. Everyone with access to the account's parameters can read it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Holder {
    /// The id of the run.
    pub token: String,
    /// The command, such as `apply`.
    pub command: String,
    /// The user, by the CI system or the operating system.
    pub user: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// The page of the CI run.
    pub run: Option<String>,
    /// When it took the lock, by its own clock.
    pub since: Timestamp,
    /// The process, if the operating system can identify it.
    pub process: Option<Process>,
    /// The token of the dead run whose lock it took over.
    pub took_over: Option<String>,
}

impl Holder {
    /// This process, about to run a command.
    pub fn this(command: &str, since: Timestamp, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| {
            let mut values = names.iter().filter_map(|name| env(name));
            values.find(|value| !value.is_empty())
        };
        let github = || {
            let server = first(&["GITHUB_SERVER_URL"])?;
            let repository = first(&["GITHUB_REPOSITORY"])?;
            let run = first(&["GITHUB_RUN_ID"])?;
            Some(format!("{server}/{repository}/actions/runs/{run}"))
        };
        Self {
            token: process::token(),
            command: command.to_owned(),
            user: first(&[
                "GITHUB_ACTOR",
                "GITLAB_USER_LOGIN",
                "USER",
                "LOGNAME",
                "USERNAME",
            ]),
            host: process::host(),
            run: github().or_else(|| first(&["CI_JOB_URL", "CI_PIPELINE_URL", "BUILD_URL"])),
            since,
            process: Process::this(),
            took_over: None,
        }
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers have a form in JSON")
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether its process ran on this machine and has ended.
    pub(super) fn process_is_gone(&self) -> bool {
        self.process.as_ref().is_some_and(Process::is_gone)
    }
}

impl fmt::Display for Holder {
    /// As in `apply by ann on build-7, process 4711 (https://…), since 2026-11-29 09:58:12 UTC`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.command)?;
        if let Some(user) = &self.user {
            write!(f, " by {user}")?;
        }
        if let Some(host) = &self.host {
            write!(f, " on {host}")?;
        }
        if let Some(process) = &self.process {
            write!(f, ", process {}", process.id)?;
        }
        if let Some(run) = &self.run {
            write!(f, " ({run})")?;
        }
        write!(f, ", since {}", self.since.strftime("%F %T UTC"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn this(variables: &[(&str, &str)]) -> Holder {
        let env = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let holder = Holder::this("apply", Timestamp::UNIX_EPOCH, &env);
        Holder {
            host: Some("build-7".into()),
            process: None,
            ..holder
        }
    }

    #[test]
    fn a_holder_is_named_as_its_pipeline_knows_it() {
        let said = this(&[
            ("USER", "runner"),
            ("GITHUB_ACTOR", "ann"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "o/r"),
            ("GITHUB_RUN_ID", "7"),
        ])
        .to_string();
        assert_eq!(
            said,
            "apply by ann on build-7 (https://github.com/o/r/actions/runs/7), since 1970-01-01 00:00:00 UTC"
        );
        let said = this(&[
            ("GITLAB_USER_LOGIN", "bob"),
            ("CI_JOB_URL", "https://gitlab.com/j/1"),
        ])
        .to_string();
        assert!(
            said.starts_with("apply by bob on build-7 (https://gitlab.com/j/1)"),
            "{said}"
        );
        let said = this(&[("USER", "")]).to_string();
        assert!(said.starts_with("apply on build-7, since"), "{said}");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let holder = this(&[("USER", "ann")]);
        assert_eq!(Holder::read(&holder.text()), Some(holder));
        assert_eq!(Holder::read("not ours"), None);
    }
}
