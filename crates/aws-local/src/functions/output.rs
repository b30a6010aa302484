//! What a process writes, and what Lambda writes about it: to the function's log, to the end of the log that a caller may ask for, and to
//! a watcher.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::{mpsc, oneshot};

use super::super::beside::{Beside, Event};
use super::{FunctionLine, FunctionWatcher, WrittenBy, locked};

/// How much of its log an invocation answers. Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
const TAIL: usize = 4096;

/// The longest line. A longer one is several events, as on AWS above 256 KB.
const LONGEST_LINE: usize = 256 << 10;

/// Where lines go.
pub(super) struct Log {
    pub(super) beside: Beside,
    pub(super) region: String,
    pub(super) group: String,
    pub(super) stream: String,
    pub(super) function: String,
    pub(super) request_id: Option<String>,
    pub(super) watcher: Option<FunctionWatcher>,
    /// Whether it is kept.
    pub(super) is_kept: bool,
    tail: String,
}

/// A log that a process and its invocation share.
pub(super) type SharedLog = Arc<Mutex<Log>>;

impl Log {
    pub(super) fn new(beside: Beside, version: &super::FunctionVersion, stream: String) -> Self {
        Self {
            beside,
            region: version.region.clone(),
            group: version.log_group.clone(),
            stream,
            function: version.name.clone(),
            request_id: None,
            watcher: None,
            is_kept: false,
            tail: String::new(),
        }
    }

    /// Writes lines, each an event.
    pub(super) fn write(&mut self, by: WrittenBy, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let at = Timestamp::now();
        let milliseconds = at.as_millisecond();
        let mut events = Vec::with_capacity(lines.len());
        for line in lines {
            // Runtimes write a line feed inside of an event as a carriage return.
            let message = format!("{}\n", line.replace('\r', "\n"));
            self.tail.push_str(&message);
            events.push(Event {
                timestamp: milliseconds,
                ingested: milliseconds,
                message,
            });
            if let Some(watcher) = &self.watcher {
                watcher.tell(&FunctionLine {
                    at,
                    function: self.function.clone(),
                    request_id: self.request_id.clone(),
                    by,
                    text: line.replace('\r', "\n"),
                });
            }
        }
        if self.tail.len() > 4 * TAIL {
            self.tail = end_of(&self.tail).to_owned();
        }
        if !self.is_kept {
            return;
        }
        // A function runs without its log, too.
        let _ = self
            .beside
            .append(&self.region, &self.group, &self.stream, &events);
    }

    /// The end of what was written since the last time.
    pub(super) fn take_tail(&mut self) -> String {
        end_of(&std::mem::take(&mut self.tail)).to_owned()
    }
}

fn end_of(text: &str) -> &str {
    let mut start = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// Asks for all that was written so far to be in the log.
pub(super) type Flush = oneshot::Sender<()>;

/// One of the two streams, with the start of a line.
struct Pipe<R> {
    stream: Option<R>,
    partial: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(stream: R) -> Self {
        Self {
            stream: Some(stream),
            partial: Vec::new(),
        }
    }

    /// Reads what is there; never ready once it is closed. May be dropped before it is ready.
    async fn read(&mut self) -> Vec<String> {
        let Some(stream) = &mut self.stream else {
            return std::future::pending().await;
        };
        let mut chunk = [0; 16 << 10];
        match Pin::new(stream).read(&mut chunk).await {
            Ok(length) if length > 0 => {
                self.partial.extend_from_slice(&chunk[..length]);
                self.lines()
            }
            _ => {
                self.stream = None;
                self.rest()
            }
        }
    }

    fn lines(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut start = 0;
        while let Some(length) = self.partial[start..].iter().position(|byte| *byte == b'\n') {
            lines.push(text(&self.partial[start..start + length]));
            start += length + 1;
        }
        self.partial.drain(..start);
        if self.partial.len() > LONGEST_LINE {
            lines.append(&mut self.rest());
        }
        lines
    }

    /// A line without its end.
    fn rest(&mut self) -> Vec<String> {
        if self.partial.is_empty() {
            return Vec::new();
        }
        vec![text(&std::mem::take(&mut self.partial))]
    }
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

/// Copies what a process writes to the log, until both streams are closed.
///
/// A process writes before it answers, so all of it is there when its answer has come, and is read before a flush is done.
pub(super) async fn copy(
    out: ChildStdout,
    err: ChildStderr,
    log: SharedLog,
    mut flushes: mpsc::UnboundedReceiver<Flush>,
) {
    let (mut out, mut err) = (Pipe::new(out), Pipe::new(err));
    while out.stream.is_some() || err.stream.is_some() {
        let (lines, flushed) = tokio::select! {
            biased;
            lines = out.read() => (lines, None),
            lines = err.read() => (lines, None),
            Some(flush) = flushes.recv() => {
                let mut lines = out.rest();
                lines.append(&mut err.rest());
                (lines, Some(flush))
            }
        };
        locked(&log).write(WrittenBy::Function, &lines);
        if let Some(flush) = flushed {
            // The invocation may be over by its timeout.
            let _ = flush.send(());
        }
    }
}
