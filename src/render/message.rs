//! What went wrong, for machines.

use schemars::JsonSchema;
use serde::Serialize;

use super::diagnostics::left_out;
use super::error::{as_many_as_are_read, said};
use super::json::LevelName;
use crate::apply::Failure;
use crate::aws::{AwsError, Cause};
use crate::error::{self, Error, Fault};
use crate::plan::Problem;
use crate::stack::diagnostic::Report;
use crate::stack::{Diagnostics, Severity};

/// Something that is wrong.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Message {
    /// How much it matters.
    pub severity: LevelName,
    /// A stable code: `GS…` of the stack file, `no_plan`, `aws`, `credentials`, `connection`, `io`, `ground`, `consent`,
    /// `declined`, `interrupted`, `terminated`, `lock`, `duplicate`, `stale`, `output`, `deployment`, `caller`, `absent`, `token`,
    /// `unanswered`, `usage`. The message of `more` says how many others there are.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// What is wrong with each of these, where the message doesn't say it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// Where in the stack file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What AWS was asked and said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws: Option<Refusal>,
    /// What to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

/// What is wrong with one of several.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Detail {
    /// Its address.
    pub address: String,
    /// What is wrong with it.
    pub message: String,
    /// The last lines that a build printed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<String>,
}

/// A place in the stack file; lines and characters count from 1.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Place {
    /// The file, as the user named it.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
    /// The line of the end.
    pub end_line: usize,
    /// The character just behind the end.
    pub end_column: usize,
}

/// What AWS was asked and said.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Refusal {
    /// The operation, such as `CreateUserPoolClient`.
    pub operation: String,
    /// AWS's error code, when AWS answered.
    pub code: Option<String>,
    /// The request's id, when AWS answered.
    pub request_id: Option<String>,
}

impl Detail {
    fn of(detail: &error::Detail) -> Option<Self> {
        let message = said(&detail.said);
        (!message.is_empty()).then(|| Self {
            address: detail.address.to_string(),
            message,
            output: detail.output.clone(),
        })
    }
}

impl Message {
    fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            severity: LevelName::Error,
            code: code.into(),
            message: message.into(),
            addresses: Vec::new(),
            details: Vec::new(),
            place: None,
            aws: None,
            hints: Vec::new(),
        }
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: String, hints: Vec<String>) -> Self {
        Self {
            hints,
            ..Self::new("usage", message)
        }
    }

    /// Everything that is wrong.
    pub(crate) fn all_of(error: &Error) -> Vec<Self> {
        match error {
            Error::Stack(diagnostics) => Self::of_diagnostics(diagnostics),
            Error::NoPlan(problems) => {
                let (shown, more) = as_many_as_are_read(problems);
                let more = more.map(|more| Self::new("more", more));
                shown.iter().map(Self::of_problem).chain(more).collect()
            }
            Error::Aws(error) => vec![Self::of_aws(error)],
            Error::Fault(fault) => vec![Self::of_fault(fault)],
        }
    }

    /// Mistakes of a stack file.
    pub(crate) fn of_diagnostics(diagnostics: &Diagnostics) -> Vec<Self> {
        let reports = diagnostics.reports().into_iter().map(Self::of_report);
        let left_out = left_out(diagnostics).map(|more| Self {
            severity: match diagnostics.left_out().errors {
                0 => LevelName::Warning,
                _ => LevelName::Error,
            },
            ..Self::new("more", more)
        });
        reports.chain(left_out).collect()
    }

    fn of_report(report: Report) -> Self {
        Self {
            severity: match report.severity {
                Severity::Error => LevelName::Error,
                Severity::Warning => LevelName::Warning,
            },
            place: report.location.map(|at| Place {
                file: at.file,
                line: at.line,
                column: at.column,
                end_line: at.end_line,
                end_column: at.end_column,
            }),
            hints: report.help.into_iter().collect(),
            ..Self::new(report.code.number(), report.message)
        }
    }

    fn of_problem(problem: &Problem) -> Self {
        Self {
            addresses: vec![problem.address.to_string()],
            hints: vec![problem.help.clone()],
            ..Self::new("no_plan", &*problem.what)
        }
    }

    fn of_aws(error: &AwsError) -> Self {
        let code = match error.cause {
            Cause::Credentials => "credentials",
            Cause::Connection => "connection",
            Cause::Unlocked => "lock",
            Cause::Refused | Cause::Unknown | Cause::Unfinished => "aws",
        };
        Self {
            aws: Some(Refusal {
                operation: error.operation.clone(),
                code: error.code.clone(),
                request_id: error.request_id.clone(),
            }),
            hints: error.hint().into_iter().collect(),
            ..Self::new(code, &*error.message)
        }
    }

    /// A step that AWS refused.
    pub(crate) fn of_failure(failure: &Failure) -> Self {
        Self {
            addresses: vec![failure.address.to_string()],
            ..Self::of_aws(&failure.error)
        }
    }

    fn of_fault(fault: &Fault) -> Self {
        Self {
            addresses: fault
                .details
                .iter()
                .map(|detail| detail.address.to_string())
                .collect(),
            details: fault.details.iter().filter_map(Detail::of).collect(),
            hints: fault.hints.clone(),
            ..Self::new(fault.kind.code(), &*fault.what)
        }
    }
}
