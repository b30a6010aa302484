//! What machines read: the plan as one object, an apply as JSON lines, errors as either. The schemas are a contract:
//! within one format version fields are added, never changed or removed.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

pub use super::dev::DevLine;
pub use super::logs::{LogEvent, LogLine};
pub use super::message::{Message, Place, Refusal};
use super::value;
pub use super::verify::{
    CallReport, CheckReport, DifferenceReport, FieldDifference, ResultName, VerifyReport,
    VerifySummary,
};
use crate::apply::Event;
use crate::aws::Count;
use crate::model::Address;
use crate::plan::{Action, Change, Level, Loss, LossOf, Plan};

/// The version of everything here.
pub const FORMAT: &str = "1.0";

/// A plan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanReport {
    /// The version of this format.
    pub format_version: String,
    /// The version of gatestack.
    pub gatestack: String,
    /// The stack's name.
    pub stack: String,
    /// The AWS account's 12 digits.
    pub account: String,
    /// The AWS Region.
    pub region: String,
    /// Whether it is about the local AWS.
    pub local: bool,
    /// Whether everything goes.
    pub destroy: bool,
    /// What happens to each resource that changes, by address.
    pub changes: Vec<ChangeReport>,
    /// The steps, each after everything it needs.
    pub steps: Vec<StepReport>,
    /// What a person should know before agreeing.
    pub notes: Vec<NoteReport>,
    /// Losses that are not confirmed yet. A destroy is confirmed by the stack's name, except for those of `others`.
    pub missing_consent: Vec<LossReport>,
    /// What is not the stack's and goes along with one of its things, agreed to or not.
    pub going_along: Vec<DependentReport>,
    /// Whether an apply needs `--forward`, because the stage is pinned to an earlier deployment.
    pub needs_forward: bool,
    /// Things of the stack that are no longer in the file and stay until they are named.
    pub kept: Vec<String>,
    /// Settings on the stack's resources that gatestack did not make, by address.
    pub unmanaged: BTreeMap<String, Vec<String>>,
    /// Resources beside the stack's that it does not manage, by kind.
    pub neighbours: BTreeMap<String, usize>,
    /// The changes, counted.
    pub summary: ChangeSummary,
    /// The requests it took.
    pub requests: Requests,
}

/// Things that are not the stack's and go along with one of its own.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DependentReport {
    /// The address that agrees to their loss.
    pub address: String,
    /// What they go with.
    pub with: String,
    /// How many they are.
    pub count: usize,
    /// What they are and what becomes of them.
    pub what: String,
}

/// What happens to one resource.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangeReport {
    /// Its address.
    pub address: String,
    /// Its kind, such as `app_client`.
    pub kind: String,
    /// What happens.
    pub action: ActionName,
    /// Where it stood before `[[moved]]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// The fields that differ; of a created one all that are set, of a deleted one none.
    pub fields: Vec<FieldReport>,
    /// Why, where the fields don't say it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionName {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// A new one takes its place.
    Replace,
    /// It is deleted.
    Delete,
}

/// A field that differs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FieldReport {
    /// Its name.
    pub name: String,
    /// What AWS has; null for nothing.
    pub before: serde_json::Value,
    /// What the file wants; null for nothing and for what is not known yet.
    pub after: serde_json::Value,
    /// The addresses after whose apply the whole value is known.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub known_after_apply_of: BTreeSet<String>,
    /// Why this field makes a replacement necessary, when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

/// One step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StepReport {
    /// What it is about.
    pub address: String,
    /// What is done.
    pub action: crate::apply::Done,
    /// Other resources whose change this step carries along.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub carries: Vec<String>,
    /// The steps before it, by their place in the list, from 0.
    pub needs: BTreeSet<usize>,
}

/// Something to know before agreeing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoteReport {
    /// `warning` or `info`.
    pub level: LevelName,
    /// A stable code.
    pub code: String,
    /// What it is about.
    pub address: String,
    /// The sentence.
    pub text: String,
}

/// How much a message matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LevelName {
    /// The command fails because of it.
    Error,
    /// It affects callers.
    Warning,
    /// It is good to know.
    Info,
}

/// A loss that is not confirmed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LossReport {
    /// The address that agrees to it, or a part of what does.
    pub address: String,
    /// What is lost with it.
    pub loss: String,
    /// What it is that is lost: `own` for something of the stack, `others` for things that are not the stack's and go along,
    /// `requirements` for what a route needs today, `routes` for most of the API's routes, `earlier` for a thing that was
    /// not found and may be there, when another one is made.
    pub of: LossName,
}

/// What is lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LossName {
    /// Something of the stack.
    Own,
    /// Things that are not the stack's and go along with one of its own.
    Others,
    /// What a caller needs for a route that is public afterwards.
    Requirements,
    /// Most of the API's routes.
    Routes,
    /// An earlier thing that was not found and may be there.
    Earlier,
}

impl LossReport {
    pub(crate) fn new(address: &Address, loss: &Loss) -> Self {
        Self {
            address: address.to_string(),
            loss: loss.text.clone(),
            of: match loss.of {
                LossOf::Own => LossName::Own,
                LossOf::Others => LossName::Others,
                LossOf::Requirements => LossName::Requirements,
                LossOf::Routes => LossName::Routes,
                LossOf::Earlier => LossName::Earlier,
            },
        }
    }
}

/// Changes, counted.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct ChangeSummary {
    /// Resources that are made.
    pub add: usize,
    /// Resources that are changed in place.
    pub change: usize,
    /// Resources in whose place new ones come.
    pub replace: usize,
    /// Resources that are deleted.
    pub destroy: usize,
    /// Resources that stay as they are.
    pub unchanged: usize,
}

/// Requests, counted.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Requests {
    /// Requests that read.
    pub reads: u64,
    /// Requests that change something.
    pub writes: u64,
}

/// The one object of a command that failed, or of `validate`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Messages {
    /// The version of this format.
    pub format_version: String,
    /// What is wrong; empty when nothing is.
    pub messages: Vec<Message>,
}

/// The stack's outputs; null for what is not known before an apply.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// The version of this format.
    pub format_version: String,
    /// By name.
    pub outputs: BTreeMap<String, Option<String>>,
}

/// One line of `apply --json`, `destroy --json` and `dev --json`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Line {
    /// What stands around the run.
    Around(Around),
    /// What happens in it.
    Event(Event),
    /// What happens while a stack is served on this machine.
    Served(DevLine),
}

/// What stands around a run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Around {
    /// The first line.
    Version {
        /// The version of this format.
        format: String,
        /// The version of gatestack.
        gatestack: String,
    },
    /// A change of the plan.
    PlannedChange {
        /// The change.
        change: ChangeReport,
    },
    /// The plan's changes, counted.
    ChangeSummary {
        /// The counts.
        summary: ChangeSummary,
    },
    /// Something that is wrong, or good to know.
    Diagnostic {
        /// The message.
        message: Message,
    },
    /// The outputs after the run; null for what is not known.
    Outputs {
        /// By name.
        outputs: BTreeMap<String, Option<String>>,
    },
    /// What `apply --verify` found out.
    Verification {
        /// The whole of it.
        verification: Box<VerifyReport>,
    },
}

/// One JSON line.
pub(crate) fn line(line: &Line) -> String {
    compact(line)
}

/// One JSON line of another form.
pub(crate) fn compact(line: &impl Serialize) -> String {
    to_text(serde_json::to_string(line))
}

/// One indented JSON object.
pub(crate) fn object(object: &impl Serialize) -> String {
    to_text(serde_json::to_string_pretty(object))
}

fn to_text(json: serde_json::Result<String>) -> String {
    json.expect("reports have string keys only, and nothing in them fails to serialise") + "\n"
}

/// The first line of a run.
pub(crate) fn version() -> Around {
    Around::Version {
        format: FORMAT.into(),
        gatestack: env!("CARGO_PKG_VERSION").into(),
    }
}

impl PlanReport {
    pub(crate) fn new(plan: &Plan, local: bool, requests: Count) -> Self {
        Self {
            format_version: FORMAT.into(),
            gatestack: env!("CARGO_PKG_VERSION").into(),
            stack: plan.context.stack.clone(),
            account: plan.context.account.clone(),
            region: plan.context.region.clone(),
            local,
            destroy: plan.destroy,
            changes: plan
                .changes
                .iter()
                .map(|(address, change)| ChangeReport::new(address, change))
                .collect(),
            steps: plan
                .steps
                .iter()
                .map(|step| StepReport {
                    address: step.address.to_string(),
                    action: step.action(),
                    carries: step.carries.iter().map(Address::to_string).collect(),
                    needs: step.needs.clone(),
                })
                .collect(),
            notes: plan
                .notes
                .iter()
                .map(|note| NoteReport {
                    level: match note.level {
                        Level::Warning => LevelName::Warning,
                        Level::Info => LevelName::Info,
                    },
                    code: note.code.to_string(),
                    address: note.address.to_string(),
                    text: note.text.clone(),
                })
                .collect(),
            missing_consent: plan
                .missing_consent
                .iter()
                .map(|(address, loss)| LossReport::new(address, loss))
                .collect(),
            going_along: plan
                .going_along
                .iter()
                .map(|one| DependentReport {
                    address: one.address.to_string(),
                    with: one.with.to_string(),
                    count: one.count,
                    what: one.what.clone(),
                })
                .collect(),
            needs_forward: plan.needs_forward,
            kept: plan.kept.iter().map(Address::to_string).collect(),
            unmanaged: plan
                .unmanaged
                .iter()
                .map(|(address, words)| (address.to_string(), words.clone()))
                .collect(),
            neighbours: plan
                .neighbours
                .iter()
                .map(|neighbours| (neighbours.kind.name.to_owned(), neighbours.count))
                .collect(),
            summary: ChangeSummary::of(plan),
            requests: Requests {
                reads: requests.reads,
                writes: requests.writes,
            },
        }
    }
}

impl ChangeSummary {
    pub(crate) fn of(plan: &Plan) -> Self {
        Self {
            add: plan.count(Action::Create),
            change: plan.count(Action::Update),
            replace: plan.count(Action::Replace),
            destroy: plan.count(Action::Delete),
            unchanged: plan.unchanged,
        }
    }
}

impl ChangeReport {
    pub(crate) fn new(address: &Address, change: &Change) -> Self {
        Self {
            address: address.to_string(),
            kind: change.kind.name.into(),
            action: match change.action {
                Action::Create => ActionName::Create,
                Action::Update => ActionName::Update,
                Action::Replace => ActionName::Replace,
                Action::Delete => ActionName::Delete,
            },
            was: change.was.as_ref().map(Address::to_string),
            fields: change
                .fields
                .iter()
                .map(|field| FieldReport {
                    name: field.name.into(),
                    before: value::json(&field.before),
                    after: value::json(&field.after),
                    known_after_apply_of: value::awaited(&field.after),
                    replaces: field.replaces.map(Into::into),
                })
                .collect(),
            reasons: change.reasons.clone(),
        }
    }
}

/// A message as a line.
pub(crate) fn diagnostic(message: Message) -> String {
    line(&Line::Around(Around::Diagnostic { message }))
}

/// Messages as the one object of a command.
pub(crate) fn messages(messages: Vec<Message>) -> String {
    object(&Messages {
        format_version: FORMAT.into(),
        messages,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_format() {
        let text = line(&Line::Around(version()));
        assert!(
            text.starts_with(r#"{"type":"version","format":"1.0","#),
            "{text}"
        );
    }
}
