//! A verification as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::kinds::StackContext;
use crate::render::json::{self, Around, FORMAT, Line};
use crate::render::value;
use crate::verify::{Checked, Difference, Outcome, Report, Tested};

/// A verification.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VerifyReport {
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
    /// Whether it was on the local AWS.
    pub local: bool,
    /// Every call, tried or not.
    pub calls: Vec<CallReport>,
    /// Every check.
    pub checks: Vec<CheckReport>,
    /// What is worth knowing of the whole.
    pub remarks: Vec<String>,
    /// The results, counted.
    pub summary: VerifySummary,
}

/// One call.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CallReport {
    /// The route's address.
    pub route: String,
    /// The method.
    pub method: String,
    /// The route's path.
    pub path: String,
    /// The own domain or endpoint it went to, when that is not the stack's main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub door: Option<String>,
    /// Who called: what is wrong with what they show, or the address of a partner or client.
    pub caller: String,
    /// What the file says should become of it.
    pub expected: String,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What API Gateway calls its refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// What became of it.
    pub result: ResultName,
    /// Why it was not tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What differs from the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<DifferenceReport>,
    /// What is worth knowing beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// One check.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckReport {
    /// Which: `applied`, `deployed`, `token`, `domain`, `certificate`.
    pub check: String,
    /// The address of what was checked.
    pub about: String,
    /// What became of it.
    pub result: ResultName,
    /// Why it was not tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What differs from the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<DifferenceReport>,
    /// The settings that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldDifference>,
    /// What is worth knowing beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// What became of a call or a check.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultName {
    /// As the file says.
    Passed,
    /// It does not match the file.
    Different,
    /// It was not tried.
    NotTested,
}

/// Something that does not match the file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DifferenceReport {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// A setting that differs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FieldDifference {
    /// Its name.
    pub name: String,
    /// What AWS has; null for nothing.
    pub aws: serde_json::Value,
    /// What the file says; null for nothing.
    pub file: serde_json::Value,
}

/// The results, counted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VerifySummary {
    /// Calls that were tried.
    pub calls: usize,
    /// Checks.
    pub checks: usize,
    /// Differences.
    pub differences: usize,
    /// Calls and checks that were not tried.
    pub not_tested: usize,
}

/// The object of `verify --json`.
pub(crate) fn object(report: &Report, context: &StackContext, local: bool) -> String {
    json::object(&VerifyReport::new(report, context, local))
}

/// The line of `apply --verify --json`.
pub(crate) fn line(report: &Report, context: &StackContext, local: bool) -> String {
    let verification = Box::new(VerifyReport::new(report, context, local));
    json::line(&Line::Around(Around::Verification { verification }))
}

impl VerifyReport {
    fn new(report: &Report, context: &StackContext, local: bool) -> Self {
        Self {
            format_version: FORMAT.into(),
            gatestack: env!("CARGO_PKG_VERSION").into(),
            stack: context.stack.clone(),
            account: context.account.clone(),
            region: context.region.clone(),
            local,
            calls: report.cases.iter().map(call).collect(),
            checks: report.checks.iter().map(check).collect(),
            remarks: report.remarks.clone(),
            summary: VerifySummary {
                calls: report.tried(),
                checks: report.checks.len(),
                differences: report.differences(),
                not_tested: report.not_tested(),
            },
        }
    }
}

fn call(tested: &Tested) -> CallReport {
    let (case, answer) = (&tested.case, tested.answer.as_ref());
    let (result, reason, differences) = told(&tested.outcome);
    CallReport {
        route: case.route.to_string(),
        method: case.method.clone(),
        path: case.path.clone(),
        door: case.door.name.clone(),
        caller: case.caller.to_string(),
        expected: case.expected.to_string(),
        status: answer.map(|answer| answer.status),
        error_type: answer.and_then(|answer| answer.error_type.clone()),
        result,
        reason,
        differences,
        remarks: tested.remarks.clone(),
    }
}

fn check(checked: &Checked) -> CheckReport {
    let (result, reason, differences) = told(&checked.outcome);
    CheckReport {
        check: checked.name.as_str().into(),
        about: checked.about.to_string(),
        result,
        reason,
        differences,
        fields: checked
            .fields
            .iter()
            .map(|field| FieldDifference {
                name: field.name.to_string(),
                aws: value::json(&field.before),
                file: value::json(&field.after),
            })
            .collect(),
        remarks: checked.remarks.clone(),
    }
}

fn told(outcome: &Outcome) -> (ResultName, Option<String>, Vec<DifferenceReport>) {
    let report = |difference: &Difference| DifferenceReport {
        what: difference.what.clone(),
        help: difference.help.clone(),
    };
    match outcome {
        Outcome::Passed => (ResultName::Passed, None, Vec::new()),
        Outcome::NotTested(reason) => (ResultName::NotTested, Some(reason.clone()), Vec::new()),
        Outcome::Different(differences) => (
            ResultName::Different,
            None,
            differences.iter().map(report).collect(),
        ),
    }
}
