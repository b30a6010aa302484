//! The real program, run in a folder of its own.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with a stack file, and the program run there with `--local`.
pub(crate) struct Folder {
    folder: TempDir,
    written: std::cell::RefCell<Vec<String>>,
}

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The repository's own files.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn example(name: &str) -> String {
    std::fs::read_to_string(repository(&format!("examples/{name}/stack.toml"))).unwrap()
}

/// A text without the breaks of its lines.
pub(crate) fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Keeps what a run printed for machines, for `tests/foreign/test_machine_output.py` to hold against the schemas.
pub(crate) fn record(arguments: &[&str], stdout: &str) {
    if !arguments.contains(&"--json") {
        return;
    }
    let document = serde_json::json!({ "arguments": arguments, "stdout": stdout }).to_string();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("machine-output");
    std::fs::create_dir_all(&folder).unwrap();
    let mut name = DefaultHasher::new();
    document.hash(&mut name);
    let path = folder.join(format!("{:016x}.json", name.finish()));
    std::fs::write(path, document).unwrap();
}

impl Folder {
    pub(crate) fn with(stack: &str) -> Self {
        let folder = Self {
            folder: TempDir::new().unwrap(),
            written: std::cell::RefCell::default(),
        };
        folder.write(stack);
        // The script that the example's instances run.
        let script = "backend.sh";
        let example = repository("examples/partner-api").join(script);
        std::fs::copy(example, folder.folder.path().join(script)).unwrap();
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, stack: &str) {
        std::fs::write(self.folder.path().join("stack.toml"), stack).unwrap();
    }

    /// Runs `gatestack --local ARGUMENTS`, without a terminal and without anything of the environment's AWS.
    pub(crate) fn local(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["--local"], arguments].concat())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_logging("", arguments)
    }

    /// The same with this in GATESTACK_LOG.
    pub(crate) fn local_logging(&self, log: &str, arguments: &[&str]) -> Ran {
        self.run_logging(log, &[&["--local"], arguments].concat())
    }

    pub(crate) fn run_logging(&self, log: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        let ran = Ran::from(command.env("GATESTACK_LOG", log).output().unwrap());
        record(arguments, &ran.stdout);
        self.written
            .borrow_mut()
            .extend([ran.stdout.clone(), ran.stderr.clone()]);
        ran
    }

    /// Starts the program without waiting for its end; what it writes is piped.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        let command = command.stdin(Stdio::null());
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatestack"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            // Functions run with the machine's interpreters.
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path());
        command
    }

    /// The local AWS of this folder over HTTP, with these flags more, at the URL that is handed on.
    pub(crate) fn served<T>(&self, more: &[&str], with: impl FnOnce(&str) -> T) -> T {
        self.served_at("127.0.0.1:0", more, with)
    }

    /// The same at this address.
    pub(crate) fn served_at<T>(
        &self,
        address: &str,
        more: &[&str],
        with: impl FnOnce(&str) -> T,
    ) -> T {
        let serve = [
            "local",
            "serve",
            "--listen",
            address,
            "--state",
            ".gatestack/local.json",
        ];
        let mut server = self
            .command(&[&serve, more].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let mut out = BufReader::new(server.stdout.take().unwrap());
        out.read_line(&mut url).unwrap();
        let done = with(url.trim());
        server.kill().unwrap();
        server.wait().unwrap();
        done
    }

    /// Forgets what the last run wrote to the standard output.
    pub(crate) fn forget_stdout(&self) {
        let mut written = self.written.borrow_mut();
        let place = written.len() - 2;
        written.remove(place);
    }

    /// Everything every run so far has written to its two streams.
    pub(crate) fn everything_written(&self) -> String {
        self.written.borrow().join("\n")
    }

    /// The plan as data.
    pub(crate) fn plan(&self, more: &[&str]) -> serde_json::Value {
        let ran = self.local(&[&["plan", "--json"], more].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// The plan as `action address` lines.
    pub(crate) fn planned(&self) -> Vec<String> {
        let plan = self.plan(&[]);
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let changes = plan["changes"].as_array().unwrap();
        changes
            .iter()
            .map(|change| format!("{} {}", text(&change["action"]), text(&change["address"])))
            .collect()
    }

    pub(crate) fn apply(&self, more: &[&str]) -> Ran {
        let ran = self.local(&[&["apply", "--yes"], more].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        ran
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
