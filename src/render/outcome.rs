//! How an apply ended.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::aws;
use super::layout::{counted, indented, listed};
use super::style::{FAINT, STRONG, paint};
use crate::apply::{Done, Outcome};
use crate::aws::Count;
use crate::model::Text;
use crate::plan::{Action, Plan};

/// The outcome of an apply, counted in resources.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Made {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) replaced: usize,
    pub(crate) destroyed: usize,
}

impl Made {
    /// What these steps of the plan have done. A replacement counts once the new one exists.
    pub(crate) fn by(plan: &Plan, done: &[usize]) -> Self {
        let mut made = Self::default();
        for step in done.iter().filter_map(|place| plan.steps.get(*place)) {
            let action = plan.changes.get(&step.address).map(|change| change.action);
            match (step.action(), action) {
                (Done::Create, Some(Action::Replace)) => made.replaced += 1,
                (Done::Create, _) => made.added += 1,
                (Done::Update, _) => made.changed += 1,
                (Done::Delete, Some(Action::Replace)) | (Done::Settle | Done::Unprotect, _) => {}
                (Done::Delete, _) => made.destroyed += 1 + step.carries.len(),
            }
        }
        made
    }

    /// The counts, in words.
    pub(crate) fn text(self) -> String {
        let replaced = if self.replaced == 0 {
            String::new()
        } else {
            format!("{} replaced, ", self.replaced)
        };
        format!(
            "{} added, {} changed, {replaced}{} destroyed",
            self.added, self.changed, self.destroyed
        )
    }
}

/// The summary of an apply.
pub(crate) struct Summary<'a> {
    pub(crate) made: Made,
    pub(crate) outcome: &'a Outcome,
    /// The requests of the whole command.
    pub(crate) requests: Count,
    pub(crate) simulated: bool,
    pub(crate) destroy: bool,
}

impl Summary<'_> {
    /// What was done, the duration, the number of requests.
    pub(crate) fn text(&self) -> String {
        let outcome = self.outcome;
        let word = match (
            outcome.interrupted,
            outcome.failures.is_empty(),
            self.destroy,
        ) {
            (true, _, true) => "Stopped, destroyed",
            (_, false, true) => "Incomplete, destroyed",
            (_, _, true) => "Destroyed",
            (true, ..) => "Stopped",
            (_, false, _) => "Incomplete",
            _ => "Applied",
        };
        let (reads, writes) = (
            counted(self.requests.reads, "read"),
            counted(self.requests.writes, "write"),
        );
        let took = duration(outcome.took, self.simulated);
        let made = if self.destroy {
            counted(self.made.destroyed as u64, "resource")
        } else {
            self.made.text()
        };
        let done = paint(STRONG, &format!("{word}: {made}."));
        let cost = paint(FAINT, &format!("It took {took}, {reads} and {writes}."));
        format!("{done}\n{cost}\n")
    }
}

/// A readable duration, marked if it is simulated.
pub(crate) fn duration(took: Duration, simulated: bool) -> String {
    let seconds = took.as_secs();
    let text = match seconds {
        _ if took < Duration::from_millis(100) => "under 0.1s".to_owned(),
        0..10 => format!("{:.1}s", took.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    };
    if simulated {
        text + " (simulated)"
    } else {
        text
    }
}

/// Every failed step with AWS's error, what was skipped because of it, and how to continue.
pub(crate) fn failures(
    outcome: &Outcome,
    skipped: &BTreeMap<String, Vec<String>>,
    again: &str,
    width: usize,
) -> String {
    let mut blocks: Vec<String> = outcome
        .failures
        .iter()
        .map(|failure| {
            let about = format!(
                "{}: can't {}",
                failure.address,
                super::progress::infinitive(failure.action)
            );
            aws(Some(&about), &failure.error, width)
        })
        .collect();
    let left_out = left_out(skipped, width);
    if !left_out.is_empty() {
        blocks.push(left_out);
    }
    if outcome.interrupted && outcome.skipped > 0 {
        let steps = counted(outcome.skipped as u64, "step");
        blocks.push(format!(
            "{steps} of the plan {} not done.\n",
            if outcome.skipped == 1 { "is" } else { "are" }
        ));
    }
    blocks.push(format!(
        "Run the same command again: it continues where this one stopped.\n  {again}\n"
    ));
    blocks.join("\n")
}

/// Skipped addresses by the failed step they needed.
fn left_out(by_cause: &BTreeMap<String, Vec<String>>, width: usize) -> String {
    const SHOWN: usize = 6;
    let lines = by_cause.iter().map(|(cause, addresses)| {
        // Several steps of one address, and the other steps of the failed one, are shown once.
        let mut names: Vec<String> = Vec::new();
        for address in addresses.iter().filter(|address| *address != cause) {
            if !names.contains(address) {
                names.push(address.clone());
            }
        }
        if names.is_empty() {
            return String::new();
        }
        let more = names.len().saturating_sub(SHOWN);
        names.truncate(SHOWN);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        indented(
            &format!("Left out because of {cause}: {}", listed(&names)),
            0,
            width,
        )
    });
    lines.collect()
}

/// How often each operation of AWS was called.
pub(crate) fn requests(calls: &BTreeMap<(String, String), u64>) -> String {
    calls
        .iter()
        .map(|((service, operation), times)| format!("  {times:>4} {service}: {operation}\n"))
        .collect()
}

/// The outputs that are known.
pub(crate) fn outputs(outputs: &BTreeMap<String, Option<String>>) -> String {
    let known = outputs
        .iter()
        .filter_map(|(name, value)| Some(format!("  {name} = {}\n", value.as_ref()?)));
    let known: String = known.collect();
    if known.is_empty() {
        known
    } else {
        format!("\n{}\n{known}", paint(STRONG, "Outputs"))
    }
}

/// The outputs known in this book.
pub(crate) fn resolved(
    outputs: &BTreeMap<String, Text>,
    book: &crate::model::Book,
) -> BTreeMap<String, Option<String>> {
    outputs
        .iter()
        .map(|(name, text)| (name.clone(), text.resolve(book)))
        .collect()
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;
    use crate::apply::Failure;
    use crate::aws::{AwsError, Cause};
    use crate::kinds::Observation;
    use crate::model::{Address, Book};
    use crate::plan::Options;
    use crate::render::testing::{EXAMPLE, applied, example, planned};

    fn outcome() -> Outcome {
        Outcome {
            book: Book::default(),
            done: 3,
            failures: Vec::new(),
            skipped: 0,
            interrupted: false,
            took: Duration::from_millis(83_400),
        }
    }

    fn summary(outcome: &Outcome, made: Made, destroy: bool) -> String {
        let requests = Count {
            reads: 31,
            writes: 1,
        };
        let summary = Summary {
            made,
            outcome,
            requests,
            simulated: true,
            destroy,
        };
        strip_str(&summary.text()).to_string()
    }

    #[test]
    fn what_was_done_is_counted_in_resources() {
        let plan = planned(EXAMPLE, &Observation::default(), &Options::default()).unwrap();
        let all: Vec<_> = (0..plan.steps.len()).collect();
        assert_eq!(
            Made::by(&plan, &all),
            Made {
                added: 37,
                ..Made::default()
            }
        );

        let text = example(&[
            ("domain = \"xxx-", "domain = \"yyy-"),
            ("rate = 50", "rate = 60"),
        ]);
        let plan = planned(&text, &applied(EXAMPLE), &Options::default()).unwrap();
        let all: Vec<_> = (0..plan.steps.len()).collect();
        assert_eq!(
            Made::by(&plan, &all),
            Made {
                changed: 1,
                replaced: 1,
                ..Made::default()
            }
        );

        let options = Options {
            destroy: true,
            ..Options::default()
        };
        let plan = planned(EXAMPLE, &applied(EXAMPLE), &options).unwrap();
        let all: Vec<_> = (0..plan.steps.len()).collect();
        assert_eq!(
            Made::by(&plan, &all),
            Made {
                destroyed: 37,
                ..Made::default()
            }
        );
    }

    #[test]
    fn a_run_ends_with_what_it_made_and_cost() {
        let made = Made {
            added: 3,
            changed: 1,
            replaced: 0,
            destroyed: 0,
        };
        insta::assert_snapshot!(summary(&outcome(), made, false), @r"
        Applied: 3 added, 1 changed, 0 destroyed.
        It took 1m 23s (simulated), 31 reads and 1 write.
        ");
        insta::assert_snapshot!(summary(&outcome(), Made { destroyed: 37, ..Made::default() }, true), @r"
        Destroyed: 37 resources.
        It took 1m 23s (simulated), 31 reads and 1 write.
        ");
    }

    #[test]
    fn what_was_left_out_is_named_once() {
        let steps = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let skipped = BTreeMap::from([
            ("load_balancer".to_owned(), steps(&["load_balancer"])),
            (
                "instances/1".to_owned(),
                steps(&["instances/1", "instances/2", "instances/2"]),
            ),
        ]);
        assert_eq!(
            left_out(&skipped, 80),
            "Left out because of instances/1: instances/2\n"
        );
    }

    #[test]
    fn a_failed_run_says_what_failed_and_how_to_go_on() {
        let failure = Failure {
            address: Address::new("user_pool/domain"),
            action: Done::Create,
            error: AwsError {
                operation: "CreateUserPoolDomain".into(),
                cause: Cause::Refused,
                code: Some("InvalidParameterException".into()),
                message: "Domain already associated with another user pool.".into(),
                request_id: Some("0b6c1f5e-3f0a-4f57-9d8e-0e6a7a5b1c2d".into()),
            },
        };
        let outcome = Outcome {
            failures: vec![failure],
            skipped: 2,
            ..outcome()
        };
        let waiting = (0..9)
            .map(|number| format!("partners.insurer{number}/client"))
            .collect();
        let skipped = BTreeMap::from([("user_pool/domain".to_owned(), waiting)]);
        let text = failures(&outcome, &skipped, "gatestack --local apply --yes", 80);
        insta::assert_snapshot!(strip_str(&text).to_string());
        assert!(summary(&outcome, Made::default(), false).starts_with("Incomplete:"));
    }

    #[test]
    fn times_can_be_grasped() {
        let text = |seconds| duration(Duration::from_secs(seconds), false);
        assert_eq!(
            [text(0), text(3), text(42), text(600), text(7260)],
            ["under 0.1s", "3.0s", "42s", "10m 00s", "2h 01m"]
        );
    }
}
