//! The stack and the AWS of a command, and command lines for the same ones.

use std::path::{Path, PathBuf};

use crate::model::shell_word;

/// The default stack file.
pub const DEFAULT_FILE: &str = "stack.toml";

/// The stack file, its environment, and the AWS: the options of every command.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The stack file; `-` is the standard input.
    pub file: PathBuf,
    /// The environment, whose overlay is beside the stack file.
    pub environment: Option<String>,
    /// The folder of the stack file.
    pub chdir: Option<PathBuf>,
    /// Whether it is the local AWS.
    pub local: bool,
    /// The AWS profile; no other credentials are used.
    pub profile: Option<String>,
    /// The Region that the stack must be in.
    pub region: Option<String>,
    /// The custom endpoint.
    pub endpoint_url: Option<String>,
    /// Values of variables, as given; together they are a [`Given`](crate::stack::Given).
    pub vars: Vec<(String, String)>,
    /// Files of such values.
    pub var_files: Vec<PathBuf>,
}

impl Default for Invocation {
    fn default() -> Self {
        Self {
            file: DEFAULT_FILE.into(),
            environment: None,
            chdir: None,
            local: false,
            profile: None,
            region: None,
            endpoint_url: None,
            vars: Vec::new(),
            var_files: Vec::new(),
        }
    }
}

impl Invocation {
    /// Whether the stack file comes through the standard input.
    pub fn reads_stdin(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    /// Whether the default stack file is used.
    pub fn file_is_left_out(&self) -> bool {
        self.file.as_os_str() == DEFAULT_FILE
    }

    /// The stack file's path from the current folder.
    pub fn path(&self) -> PathBuf {
        self.in_folder(&self.file)
    }

    /// The folder the stack file is in.
    pub fn folder(&self) -> PathBuf {
        let beside = if self.reads_stdin() {
            PathBuf::new()
        } else {
            self.file.parent().map(PathBuf::from).unwrap_or_default()
        };
        self.in_folder(&beside)
    }

    fn in_folder(&self, path: &Path) -> PathBuf {
        match &self.chdir {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }

    /// The same for a command on a saved plan, which contains the values of its variables.
    pub fn without_variables(&self) -> Self {
        Self {
            vars: Vec::new(),
            var_files: Vec::new(),
            ..self.clone()
        }
    }

    /// The same on the local AWS.
    pub fn on_the_local_aws(&self) -> Self {
        Self {
            local: true,
            ..self.clone()
        }
    }

    /// The same at a custom endpoint.
    pub fn at_endpoint(&self, url: &str) -> Self {
        Self {
            local: false,
            endpoint_url: Some(url.to_owned()),
            ..self.clone()
        }
    }

    /// The same in another environment.
    pub fn in_environment(&self, environment: Option<String>) -> Self {
        Self {
            environment,
            ..self.clone()
        }
    }

    /// The command to type next. If the stack file came from stdin, it must be piped again, so questions can't be asked and must
    /// be answered by flags.
    pub fn next(&self, command: &str, flags: &[String], answers: &[String]) -> String {
        if !self.reads_stdin() {
            return self.command_line(command, flags);
        }
        let flags = [flags, answers].concat();
        format!(
            "pipe the same file into {}",
            self.command_line(command, &flags)
        )
    }

    /// The flags for another stack file and its environment, from the current folder.
    pub fn flags_of(&self, file: &Path, environment: &str) -> String {
        let named = match file.as_os_str() == DEFAULT_FILE {
            true => String::new(),
            false => format!("-f {} ", shell_word(&file.display().to_string())),
        };
        format!("{named}--env {}", shell_word(environment))
    }

    /// The command line of another command on the same stack.
    pub fn command_line(&self, command: &str, more: &[String]) -> String {
        let mut words = vec!["gatestack".to_owned()];
        if self.local {
            words.push("--local".into());
        }
        words.push(command.into());
        let mut flag = |name: &str, value: &str| words.extend([name.to_owned(), shell_word(value)]);
        if let Some(folder) = &self.chdir {
            flag("-C", &folder.display().to_string());
        }
        if !self.file_is_left_out() {
            flag("-f", &self.file.display().to_string());
        }
        for (name, value) in [
            ("--env", &self.environment),
            ("--profile", &self.profile),
            ("--region", &self.region),
            ("--endpoint-url", &self.endpoint_url),
        ] {
            if let Some(value) = value {
                flag(name, value);
            }
        }
        for path in &self.var_files {
            flag("--var-file", &path.display().to_string());
        }
        for (name, value) in &self.vars {
            flag("--var", &format!("{name}={value}"));
        }
        words.extend_from_slice(more);
        words.join(" ")
    }
}

/// Repeats a flag for each of its values.
pub fn repeated(flag: &str, values: &[String]) -> Vec<String> {
    values
        .iter()
        .map(|value| format!("{flag} {}", shell_word(value)))
        .collect()
}
