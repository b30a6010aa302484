//! Runs a function's build.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::fault::CodeFault;

/// So many of the last lines are in the error.
const TAIL: usize = 20;

/// How often an end of the shell is looked for while nothing is printed.
const TICK: Duration = Duration::from_millis(50);

/// How long output is still read after the shell's end. A build may leave a process behind that keeps its output open, such as a
/// compiler's server.
const REST: Duration = Duration::from_millis(500);

/// Runs a command with the shell in a folder. Each line that it prints, of both streams, goes to `line` at once.
///
/// # Errors
/// It can't be run, or fails; the error has the end of its output.
pub fn build(command: &str, folder: &Path, mut line: impl FnMut(&str)) -> Result<(), CodeFault> {
    let mut tail = VecDeque::new();
    let status = run(command, folder, |text| {
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(text.to_owned());
        line(text);
    });
    let fault = |what: String, help: &str| CodeFault {
        what,
        help: help.to_owned(),
        output: Vec::new(),
    };
    let status = status.map_err(|error| {
        fault(
            format!("the build `{command}` can't be run: {error}"),
            "check that the folder of the stack file and the shell are there",
        )
    })?;
    if status.success() {
        return Ok(());
    }
    let why = match status.code() {
        Some(127) if cfg!(unix) => "the shell did not find a command (status 127)".to_owned(),
        Some(code) => format!("it ended with status {code}"),
        None => format!("it was ended: {status}"),
    };
    Err(CodeFault {
        output: tail.into(),
        ..fault(
            format!("the build `{command}` failed: {why}"),
            "correct what its output says; it runs in the folder of the stack file",
        )
    })
}

fn shell(command: &str) -> Command {
    if cfg!(windows) {
        let mut shell = Command::new("cmd");
        shell.args(["/C", command]);
        shell
    } else {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]);
        shell
    }
}

fn run(command: &str, folder: &Path, mut line: impl FnMut(&str)) -> std::io::Result<ExitStatus> {
    // One pipe for both streams, so that their lines stay in order. The command's own ends of it are closed with this statement.
    let (output, input) = std::io::pipe()?;
    let mut child = shell(command)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(input.try_clone()?)
        .stderr(input)
        .spawn()?;
    let (send, lines) = mpsc::channel();
    lines_of(output, send);
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        match lines.recv_timeout(TICK) {
            Ok(text) => line(&text),
            Err(RecvTimeoutError::Timeout) => {}
            // The streams are at their end.
            Err(RecvTimeoutError::Disconnected) => return end(child, ended),
        }
        if ended.is_none() {
            ended = child.try_wait()?.map(|status| (status, Instant::now()));
        }
        if let Some((status, since)) = ended
            && since.elapsed() > REST
        {
            return Ok(status);
        }
    }
}

fn end(mut child: Child, ended: Option<(ExitStatus, Instant)>) -> std::io::Result<ExitStatus> {
    ended.map_or_else(|| child.wait(), |(status, _)| Ok(status))
}

fn lines_of(stream: impl Read + Send + 'static, send: Sender<String>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while reader
            .read_until(b'\n', &mut bytes)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&bytes);
            if send
                .send(text.trim_end_matches(['\n', '\r']).to_owned())
                .is_err()
            {
                return;
            }
            bytes.clear();
        }
    });
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn built(command: &str) -> (Result<(), CodeFault>, Vec<String>, tempfile::TempDir) {
        let folder = tempfile::TempDir::new().unwrap();
        let mut lines = Vec::new();
        let result = build(command, folder.path(), |line| lines.push(line.to_owned()));
        (result, lines, folder)
    }

    #[test]
    fn a_build_runs_in_the_folder_and_shows_its_lines() {
        let (result, lines, folder) =
            built("echo one && echo two >&2 && echo three && echo x > made");
        assert_eq!(result, Ok(()));
        assert_eq!(lines, ["one", "two", "three"]);
        assert!(folder.path().join("made").is_file());
    }

    #[test]
    fn a_failed_build_is_an_error_with_the_end_of_its_output() {
        let (result, lines, _folder) =
            built("for i in $(seq 1 30); do echo line $i; done; sleep 0.2; echo wrong >&2; exit 3");
        let fault = result.unwrap_err();
        assert_eq!(lines.len(), 31);
        assert_eq!(fault.output.len(), TAIL);
        assert_eq!(fault.output.last().map(String::as_str), Some("wrong"));
        assert!(
            fault.what.contains("failed: it ended with status 3"),
            "{fault}"
        );
        let (result, lines, _folder) = built("no-such-command-here");
        assert!(
            result.unwrap_err().what.contains("did not find a command"),
            "{lines:?}"
        );
        let (result, ..) = built("kill -9 $$");
        assert!(result.unwrap_err().what.contains("SIGKILL"));
    }

    #[test]
    fn a_process_that_a_build_leaves_behind_is_not_waited_for() {
        let since = Instant::now();
        let (result, lines, _folder) = built("echo begun; sleep 20 & echo $!");
        assert_eq!(result, Ok(()));
        assert_eq!(lines[0], "begun");
        assert!(since.elapsed() < Duration::from_secs(10));
        let _ended = Command::new("kill").arg(&lines[1]).status();
    }
}
