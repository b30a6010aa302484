//! The input and output of operations, independent of the protocol.

use std::fmt::Display;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use aws_facts::arns;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::beside::Beside;
use super::functions::{FunctionWatcher, Session};
use super::registry;
use super::service::Service;
use super::state::{Region, State};

/// A JSON object.
pub type Object = Map<String, Value>;

/// One call: its input decoded from the wire and already checked against the service's model
/// (required members, types, lengths, ranges, patterns, enums; members the model does not name are dropped
/// as AWS drops them). Members are keyed by the model's member names, wherever on the wire they came from
/// (path, query, header, body); blobs are base64 text, timestamps epoch seconds.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation's name in the model, such as `CreateRestApi`.
    pub operation: &'static str,
    /// The input's members.
    pub input: Object,
    /// When the call arrived. State that changes with time derives from this and stored timestamps.
    pub now: Timestamp,
    /// The account of the caller.
    pub account: String,
    /// The caller, if it is a function. All others are the account's root, since signatures are not checked.
    pub session: Option<Session>,
    /// The Region the request was signed for.
    pub region: String,
    /// The request id that goes into the answer's headers and errors.
    pub request_id: String,
    /// How long asynchronous operations take.
    pub pace: Pace,
    /// The id for the new resource, which AWS's clients can't choose: for resources that exist before the first call.
    pub id: Option<String>,
    /// All Regions as they were when the call arrived. For what AWS looks up outside the call's Region: certificates for
    /// CloudFront in us-east-1, Route 53's records, the users of a certificate.
    pub everywhere: State,
    /// What lies beside the state: code archives and log events.
    pub beside: Beside,
}

impl Call {
    /// When something started by this call is done, in epoch seconds, if it takes `on_aws` on AWS.
    ///
    /// Store it, and derive the state from it: pending in the response of the call that started it, and in later calls while
    /// [`Call::seconds`] is less.
    pub fn done_at(&self, on_aws: Duration) -> f64 {
        debug_assert!(
            registry::takes_time(self.operation),
            "{} begins something that takes time: its row says `begin`",
            self.operation
        );
        self.seconds() + self.takes(on_aws)
    }

    /// The duration in seconds of something that takes `on_aws` on AWS. For what starts at another time than the call's.
    pub fn takes(&self, on_aws: Duration) -> f64 {
        match self.pace {
            Pace::Immediate => 0.0,
            Pace::Realistic { time_scale } => on_aws.as_secs_f64() / time_scale,
            Pace::Exactly(time) => time.as_secs_f64(),
        }
    }

    /// The ARN of a resource in the caller's account and the call's Region.
    pub fn arn(&self, service: &str, resource: impl Display) -> String {
        arns::arn(service, &self.region, &self.account, resource)
    }

    /// When the call arrived, in epoch seconds, as are timestamps in the state and in responses.
    pub fn seconds(&self) -> f64 {
        seconds(self.now)
    }

    /// A text member of the input, or `""` when it was not sent. For members the model requires.
    pub fn text(&self, member: &str) -> &str {
        self.input
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// A time in epoch seconds, as are timestamps in the state.
pub fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

/// How long asynchronous operations take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Done by the next call, whenever that is.
    Immediate,
    /// AWS's own times, divided by `time_scale`.
    Realistic {
        /// How many times faster than AWS. Greater than zero.
        time_scale: f64,
    },
    /// This long, by a rule of the scenario.
    Exactly(Duration),
}

/// An operation's output: members keyed by the model's member names, serialized by the output shape. Unknown members are a bug of
/// the operation (tests catch it).
pub type Answer = Result<Object, Refusal>;

/// A call failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error's code, such as `NotFoundException`.
    pub code: String,
    /// AWS's words.
    pub message: String,
    /// Seconds for a `Retry-After` header.
    pub retry_after: Option<u32>,
    /// The member `Reason` of the error, which Lambda has.
    pub reason: Option<&'static str>,
}

impl Refusal {
    /// A refusal with this status, code and message.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            retry_after: None,
            reason: None,
        }
    }

    /// 501 `NotImplemented`.
    pub fn not_implemented(what: impl std::fmt::Display) -> Self {
        Self::new(
            501,
            "NotImplemented",
            format!("the local AWS does not have {what}"),
        )
    }
}

/// An implemented operation. Each service module has a table of them, the only list: a name in the model that no table has
/// answers 501.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The name in the service's model, such as `CreateRestApi`.
    pub name: &'static str,
    /// What runs.
    pub run: Run,
    /// Input members by path, such as `Policies.SignInPolicy`, that are not supported. A call that carries one answers 501 naming
    /// the operation and the member, before anything runs.
    pub refused: &'static [&'static str],
    /// What must exist before it runs.
    pub first: Option<First>,
    /// Whether it begins something that takes time on AWS.
    pub takes_time: bool,
    /// What is done beside the state once the change is in it.
    pub then: Option<fn(&State, &Beside) -> io::Result<()>>,
    /// For an operation without authentication: how to get the call's Region if neither a signature nor the host name has it.
    pub unsigned: Option<fn(&State, &Object) -> Option<String>>,
}

/// What an operation needs and its first call creates, so that the operation itself only reads.
#[derive(Clone, Copy, Debug)]
pub struct First {
    /// Whether it is missing for this call.
    pub missing: fn(&Region, &Call) -> bool,
    /// Makes it.
    pub make: fn(&mut Region, &Call) -> Result<(), Refusal>,
}

impl Operation {
    /// An operation that changes nothing.
    pub const fn read(name: &'static str, run: fn(&Region, &Call) -> Answer) -> Self {
        Self::new(name, Run::Read(run))
    }

    /// An operation that changes the Region's state.
    pub const fn change(name: &'static str, run: fn(&mut Region, &Call) -> Answer) -> Self {
        Self::new(name, Run::Change(run))
    }

    /// An operation that runs a function. It reads the state as it was when the call arrived.
    pub const fn outside(name: &'static str, run: fn(Outside, Call) -> Later) -> Self {
        Self::new(name, Run::Outside(run))
    }

    /// The same, for one that begins something that takes time on AWS: only these may call [`Call::done_at`].
    pub const fn begin(name: &'static str, run: fn(&mut Region, &Call) -> Answer) -> Self {
        Self {
            takes_time: true,
            ..Self::change(name, run)
        }
    }

    const fn new(name: &'static str, run: Run) -> Self {
        Self {
            name,
            run,
            refused: &[],
            first: None,
            takes_time: false,
            then: None,
            unsigned: None,
        }
    }

    /// The same, with these input members refused by name.
    pub const fn refusing(self, refused: &'static [&'static str]) -> Self {
        Self { refused, ..self }
    }

    /// The same, after creating this.
    pub const fn after(self, first: First) -> Self {
        Self {
            first: Some(first),
            ..self
        }
    }

    /// The same, and this once the change is in the state.
    pub const fn then(self, then: fn(&State, &Beside) -> io::Result<()>) -> Self {
        Self {
            then: Some(then),
            ..self
        }
    }

    /// The same, without authentication: with how to get a call's Region.
    pub const fn unsigned(self, region: fn(&State, &Object) -> Option<String>) -> Self {
        Self {
            unsigned: Some(region),
            ..self
        }
    }
}

/// What an operation does to the state of its Region.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// Reads. Never written to disk.
    Read(fn(&Region, &Call) -> Answer),
    /// Changes. It works on a copy of the Region, which an error discards, so a failed call changes nothing. Copies are cheap if
    /// the state is in a [`Table`](super::table::Table).
    Change(fn(&mut Region, &Call) -> Answer),
    /// Runs outside of the state's lock, since it takes as long as a function does.
    Outside(fn(Outside, Call) -> Later),
}

/// An answer that is waited for.
pub type Later = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What an operation has that runs outside of the state's lock.
#[derive(Clone, Debug)]
pub struct Outside {
    /// The service that was called.
    pub service: Service,
    /// Who sees what they write.
    pub watcher: Option<FunctionWatcher>,
}
