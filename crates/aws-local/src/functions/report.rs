//! What Lambda itself writes into a function's log, and its answer for an invocation that failed without the function's.
//!
//! From recordings of AWS (LocalStack, `test_lambda`), for what is not marked.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

/// How a process ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Exit {
    Status(i32),
    Signal(i32),
}

/// Why an invocation has no answer of the function's.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Failure {
    /// It took longer than the function's timeout.
    TimedOut { seconds: u64 },
    /// The process ended.
    Exited(Exit),
    /// The answer is larger than a response may be.
    TooLarge,
    /// The process could not start.
    NoStart { kind: &'static str, why: String },
}

/// The largest answer of a function, as AWS's error has it: 6 MB, and some room for what it adds.
pub(super) const LARGEST_ANSWER: usize = 6_291_556;

impl Failure {
    /// AWS's error type.
    pub(super) fn kind(&self) -> &str {
        match self {
            Self::TimedOut { .. } => "Sandbox.Timedout",
            Self::Exited(_) => "Runtime.ExitError",
            Self::TooLarge => "Function.ResponseSizeTooLarge",
            Self::NoStart { kind, .. } => kind,
        }
    }

    /// What the caller gets.
    pub(super) fn payload(&self, request_id: &str) -> Bytes {
        let message = match self {
            Self::TimedOut { .. } | Self::Exited(_) | Self::NoStart { .. } => {
                format!("RequestId: {request_id} Error: {}", self.words())
            }
            Self::TooLarge => self.words(),
        };
        json!({"errorType": self.kind(), "errorMessage": message})
            .to_string()
            .into()
    }

    /// Why, in AWS's words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::TimedOut { seconds } => format!("Task timed out after {seconds}.00 seconds"),
            Self::Exited(Exit::Status(0)) => "Runtime exited without providing a reason".into(),
            Self::Exited(Exit::Status(status)) => {
                format!("Runtime exited with error: exit status {status}")
            }
            Self::Exited(Exit::Signal(signal)) => {
                format!(
                    "Runtime exited with error: signal: {}",
                    signal_name(*signal)
                )
            }
            Self::TooLarge => format!(
                "Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER} bytes)."
            ),
            Self::NoStart { why, .. } => why.clone(),
        }
    }

    /// What the log says of it before the report, if anything.
    pub(super) fn line(&self, now: Timestamp, request_id: &str) -> Option<String> {
        match self {
            Self::TimedOut { .. } => Some(format!("{now:.3} {request_id} {}\n", self.words())),
            Self::Exited(_) | Self::NoStart { .. } => {
                Some(format!("RequestId: {request_id} Error: {}", self.words()))
            }
            Self::TooLarge => None,
        }
    }

    /// The end of the report's line. From the developer guide's page on Lambda's log events.
    pub(super) fn status(&self) -> String {
        match self {
            Self::TimedOut { .. } => "Status: timeout".into(),
            failure => format!("Status: error\tError Type: {}", failure.kind()),
        }
    }
}

/// As Go writes them.
fn signal_name(signal: i32) -> String {
    match signal {
        4 => "illegal instruction".into(),
        6 => "aborted".into(),
        7 => "bus error".into(),
        8 => "floating point exception".into(),
        9 => "killed".into(),
        11 => "segmentation fault".into(),
        15 => "terminated".into(),
        other => format!("signal {other}"),
    }
}

pub(super) fn start(request_id: &str, version: &str) -> String {
    format!("START RequestId: {request_id} Version: {version}")
}

pub(super) fn end(request_id: &str) -> String {
    format!("END RequestId: {request_id}")
}

/// What an invocation took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    pub(super) milliseconds: f64,
    /// The start of the process, if it was started for this invocation.
    pub(super) init_milliseconds: Option<f64>,
    pub(super) memory_mb: u64,
    pub(super) used_mb: u64,
}

impl Took {
    pub(super) fn report(&self, request_id: &str, status: Option<&str>) -> String {
        let Self {
            milliseconds,
            init_milliseconds,
            memory_mb,
            used_mb,
        } = self;
        let billed = (milliseconds + init_milliseconds.unwrap_or_default()).ceil();
        let mut line = format!(
            "REPORT RequestId: {request_id}\tDuration: {milliseconds:.2} ms\tBilled Duration: {billed:.0} ms\tMemory Size: {memory_mb} \
             MB\tMax Memory Used: {used_mb} MB\t"
        );
        if let Some(init) = init_milliseconds {
            line += &format!("Init Duration: {init:.2} ms\t");
        }
        if let Some(status) = status {
            line += &format!("{status}\t");
        }
        line
    }
}

/// What a start that failed adds to the log.
pub(super) fn init_report(milliseconds: f64, status: &str) -> String {
    format!("INIT_REPORT Init Duration: {milliseconds:.2} ms\tPhase: init\t{status}\t")
}

/// The `errorType` and `errorMessage` of what a runtime reports.
pub(super) fn reported(payload: &[u8]) -> (String, String) {
    let error: Value = serde_json::from_slice(payload).unwrap_or_default();
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (text("errorType"), text("errorMessage"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_its_columns() {
        let mut took = Took {
            milliseconds: 2.334,
            init_milliseconds: Some(92.08),
            memory_mb: 128,
            used_mb: 36,
        };
        assert_eq!(
            took.report("r1", None),
            "REPORT RequestId: r1\tDuration: 2.33 ms\tBilled Duration: 95 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: \
             92.08 ms\t"
        );
        took.init_milliseconds = None;
        let report = took.report("r1", Some("Status: timeout"));
        assert!(
            report.ends_with("Used: 36 MB\tStatus: timeout\t"),
            "{report}"
        );
        assert!(report.contains("Billed Duration: 3 ms"), "{report}");
    }
}
