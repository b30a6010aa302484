//! How a command ends: an exit code, or an error with a message, its subjects, and hints.

use crate::aws::AwsError;
use crate::model::{Address, shorten};
use crate::plan::{How, Moved, Problem};
use crate::stack::Diagnostics;

/// The longest command in a hint, in bytes.
const LONGEST_COMMAND: usize = 16 << 10;

/// An exit code of a command that ended by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Success.
    Success,
    /// Something failed, and was reported already.
    Failure,
    /// `plan --detailed-exitcode` found changes.
    Changes,
    /// The command line is invalid.
    Usage,
    /// Ctrl-C stopped it.
    Interrupted,
    /// SIGTERM stopped it.
    Terminated,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Changes => 2,
            Self::Usage => 64,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

/// Why a command failed.
#[derive(Debug)]
pub enum Error {
    /// Mistakes in the stack file.
    Stack(Diagnostics),
    /// Why there is no plan.
    NoPlan(Vec<Problem>),
    /// A call to AWS failed.
    Aws(AwsError),
    /// Anything else.
    Fault(Box<Fault>),
}

/// One thing that went wrong outside the stack file and AWS.
#[derive(Debug)]
pub struct Fault {
    /// What kind of thing.
    pub kind: FaultKind,
    /// What is wrong: a lower-case fragment without a full stop.
    pub what: String,
    /// What it is about, one line each.
    pub details: Vec<Detail>,
    /// What to do, most helpful first.
    pub hints: Vec<String>,
}

/// A subject of a [`Fault`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Detail {
    /// The address.
    pub address: Address,
    /// The line about it.
    pub said: Said,
    /// The end of what a command of the user's printed, which was shown when it was printed.
    pub output: Vec<String>,
}

/// The line about a subject of a [`Fault`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Said {
    /// A text; may be empty.
    Text(String),
    /// What happened to it since a plan was made.
    Moved(How),
}

/// The kind of a fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultKind {
    /// A file or stream can't be read or written.
    Io,
    /// The account or Region is not the stack's.
    Context,
    /// The named AWS profile doesn't exist or can't be read.
    Profile,
    /// There is no consent, and no terminal to ask on.
    Consent,
    /// A question was declined.
    Declined,
    /// Ctrl-C came before anything was written.
    Interrupted,
    /// SIGTERM came before anything was written.
    Terminated,
    /// Another run has the lock on the stack, this one lost it, or it can't be taken.
    Lock,
    /// Several resources have one address.
    Duplicate,
    /// AWS changed between the plan and the first write.
    Stale,
    /// The name is none of the stack's outputs, or its value is not known yet.
    Output,
    /// The deployment doesn't exist, or can't be served.
    Deployment,
    /// The stack has no caller with this name.
    Caller,
    /// Something is not applied yet.
    Absent,
    /// A token request failed.
    Token,
    /// A request to the stack got no response.
    Unanswered,
}

impl FaultKind {
    /// The code in `--json`; it never changes its meaning.
    pub fn code(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::Context => "context",
            Self::Profile => "profile",
            Self::Consent => "consent",
            Self::Declined => "declined",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
            Self::Lock => "lock",
            Self::Duplicate => "duplicate",
            Self::Stale => "stale",
            Self::Output => "output",
            Self::Deployment => "deployment",
            Self::Caller => "caller",
            Self::Absent => "absent",
            Self::Token => "token",
            Self::Unanswered => "unanswered",
        }
    }
}

impl Fault {
    /// A fault without details and hints.
    pub fn new(kind: FaultKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: shorten::message(what.into()),
            details: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// A file or stream that can't be used: what was tried, and every cause below it.
    pub fn io(error: anyhow::Error) -> Self {
        Self::new(FaultKind::Io, format!("{error:#}"))
    }

    /// Adds a subject.
    #[must_use]
    pub fn about(mut self, address: Address, text: impl Into<String>) -> Self {
        self.details.push(Detail {
            address,
            said: Said::Text(shorten::message(text.into())),
            output: Vec::new(),
        });
        self
    }

    /// Adds what a command printed to the last subject.
    #[must_use]
    pub fn printed(mut self, output: Vec<String>) -> Self {
        if let Some(detail) = self.details.last_mut() {
            detail.output = output;
        }
        self
    }

    /// Adds a changed subject.
    #[must_use]
    pub fn moved(mut self, moved: Moved) -> Self {
        self.details.push(Detail {
            address: moved.address,
            said: Said::Moved(moved.how),
            output: Vec::new(),
        });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        // A longer command is not useful, and half of one would do something else.
        self.hints.push(match hint.split_once('\n') {
            Some((said, command)) if command.len() > LONGEST_COMMAND => {
                format!("{said} (the command is too long to be shown)")
            }
            _ => hint,
        });
        self
    }
}

impl Error {
    /// The exit code of a command with this error.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Fault(fault) if fault.kind == FaultKind::Interrupted => Exit::Interrupted,
            Self::Fault(fault) if fault.kind == FaultKind::Terminated => Exit::Terminated,
            _ => Exit::Failure,
        }
    }
}

impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

impl From<Vec<Problem>> for Error {
    fn from(problems: Vec<Problem>) -> Self {
        Self::NoPlan(problems)
    }
}

impl From<Diagnostics> for Error {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Stack(diagnostics)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}
