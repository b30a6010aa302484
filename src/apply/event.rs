use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::aws::{AwsError, Count};
use crate::model::{Address, Book};

/// What happens while a plan is carried out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    Started {
        /// How many steps there are.
        steps: usize,
    },
    /// A step begins.
    StepStarted {
        /// The step's place in the plan.
        step: usize,
        /// What it is about.
        #[schemars(with = "String")]
        address: Address,
        /// What is done: `create`, `update`, `settle`, `unprotect`, `delete`.
        action: Done,
        /// Whether it is the old one, whose place a new one at the same address takes.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        #[schemars(default)]
        old: bool,
    },
    /// A step is finished.
    StepDone {
        /// The step's place in the plan.
        step: usize,
        /// What it is about.
        #[schemars(with = "String")]
        address: Address,
        /// What was done.
        action: Done,
        /// Whether it is the old one, whose place a new one at the same address takes.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        #[schemars(default)]
        old: bool,
        /// How long it took, in seconds.
        #[serde(serialize_with = "seconds", rename = "seconds")]
        #[schemars(with = "f64")]
        took: Duration,
    },
    /// AWS refused a step.
    StepFailed {
        /// The step's place in the plan.
        step: usize,
        /// What it is about.
        #[schemars(with = "String")]
        address: Address,
        /// What was tried.
        action: Done,
        /// Whether it is the old one, whose place a new one at the same address takes.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        #[schemars(default)]
        old: bool,
        /// What AWS said.
        error: AwsError,
    },
    /// A step was left out.
    StepSkipped {
        /// The step's place in the plan.
        step: usize,
        /// What it is about.
        #[schemars(with = "String")]
        address: Address,
        /// The failed step it needed; none when the run was interrupted.
        #[schemars(with = "Option<String>")]
        because_of: Option<Address>,
    },
    /// Nothing ended for a while. It comes every 10 seconds of a wait, on AWS.
    Waiting {
        /// What is waited for, the longest wait first.
        waits: Vec<Wait>,
    },
    /// Ctrl-C was pressed once: nothing more starts, what runs goes on to its end.
    Stopping {
        /// How many steps still run.
        running: usize,
    },
    /// The run is over.
    Finished {
        /// How many steps were done.
        done: usize,
        /// How many AWS refused.
        failed: usize,
        /// How many were left out.
        skipped: usize,
        /// How long the run took, in seconds.
        #[serde(serialize_with = "seconds", rename = "seconds")]
        #[schemars(with = "f64")]
        took: Duration,
        /// The requests it sent.
        requests: Count,
    },
}

/// Something that is waited for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Wait {
    /// In words, such as `creating api/vpc_link`.
    pub what: String,
    /// Since when.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// For how long, in seconds.
    #[serde(serialize_with = "seconds")]
    #[schemars(with = "f64")]
    pub seconds: Duration,
    /// The place in the plan of the step that takes so long; absent for what is no step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// What the step is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub address: Option<Address>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Done>,
}

/// How often a wait is reported. AWS takes minutes for some steps, and CI servers stop jobs without output.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// What a step does.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Makes a resource.
    Create,
    /// Changes it.
    Update,
    /// Waits until it is at work.
    Settle,
    /// Takes off its deletion protection.
    Unprotect,
    /// Deletes it.
    Delete,
}

impl Done {
    /// The present participle, for waits.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Create => "creating",
            Self::Update => "changing",
            Self::Settle => "waiting for",
            Self::Unprotect => "lifting the deletion protection of",
            Self::Delete => "deleting",
        }
    }
}

/// A step AWS refused.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What it was about.
    pub address: Address,
    /// What was tried.
    pub action: Done,
    /// What AWS said.
    pub error: AwsError,
}

/// How a run ended. Not a `Result`, since a failed run has changed things too.
#[must_use]
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The outputs of everything that exists now.
    pub book: Book,
    /// How many steps were done.
    pub done: usize,
    /// What AWS refused.
    pub failures: Vec<Failure>,
    /// How many steps were left out.
    pub skipped: usize,
    /// Whether Ctrl-C ended it before everything was done.
    pub interrupted: bool,
    /// How long it took.
    pub took: Duration,
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1000.0).round() / 1000.0)
}
