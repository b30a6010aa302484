//! A verification for CI servers: one suite for each route and one for the checks.

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::call;
use crate::kinds::StackContext;
use crate::verify::{Outcome, Report};

/// The report as JUnit XML.
pub(crate) fn junit(report: &Report, context: &StackContext) -> String {
    let mut junit = Junit::new(format!("gatestack verify {}", context.stack));
    let mut suites: Vec<TestSuite> = Vec::new();
    let mut add = |suite: String, name: String, outcome: &Outcome| {
        let mut case = TestCase::new(name, status(outcome));
        case.set_classname(suite.as_str());
        match suites.iter_mut().find(|known| known.name.as_str() == suite) {
            Some(known) => {
                known.add_test_case(case);
            }
            None => {
                let mut new = TestSuite::new(suite);
                new.add_test_case(case);
                suites.push(new);
            }
        }
    };
    for tested in &report.cases {
        add(
            call(tested),
            tested.case.caller.to_string(),
            &tested.outcome,
        );
    }
    for checked in &report.checks {
        let name = format!("{} {}", checked.name.as_str(), checked.about);
        add("checks".into(), name, &checked.outcome);
    }
    junit.add_test_suites(suites);
    junit
        .to_string()
        .expect("names and messages are text, which XML can hold")
}

fn status(outcome: &Outcome) -> TestCaseStatus {
    match outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::NotTested(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("not tested: {reason}"));
            status
        }
        Outcome::Different(differences) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let what: Vec<&str> = differences.iter().map(|one| one.what.as_str()).collect();
            let help: Vec<&str> = differences.iter().map(|one| one.help.as_str()).collect();
            status.set_message(what.join("; "));
            status.set_description(help.join("\n"));
            status
        }
    }
}
