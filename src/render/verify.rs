//! A verification's result: a table of the routes, each difference with its meaning, and a summary line.

mod junit;
mod report;

use std::collections::{BTreeMap, BTreeSet};

use super::call::note;
use super::layout::{behind, counted, flowing, indented, listed, value_lines};
use super::plan::heading;
use super::style::{CREATE, ERROR, STRONG, paint};
use super::table::table;
use super::value;
use crate::kinds::StackContext;
use crate::model::Value;
use crate::verify::{Checked, Difference, Expected, Outcome, Report, Tested};

pub(crate) use junit::junit;
pub use report::{
    CallReport, CheckReport, DifferenceReport, FieldDifference, ResultName, VerifyReport,
    VerifySummary,
};
pub(crate) use report::{line, object};

/// The report, and how much of it to show.
pub(crate) struct View<'a> {
    pub(crate) report: &'a Report,
    pub(crate) context: &'a StackContext,
    pub(crate) local: bool,
    /// Whether to show every call.
    pub(crate) verbose: bool,
    pub(crate) width: usize,
}

const AS_WRITTEN: &str = "✓ matches";

impl View<'_> {
    /// The whole screen.
    pub(crate) fn text(&self) -> String {
        let mut text = heading(self.context, self.local);
        let mut paragraph = |lines: String| {
            if !lines.is_empty() {
                text.push('\n');
                text.push_str(&lines);
            }
        };
        let calls = match self.verbose {
            true => self.every_call(),
            false => self.by_route(),
        };
        paragraph(calls);
        paragraph(self.checks());
        paragraph(self.differences());
        paragraph(self.remarks());
        paragraph(self.not_tested());
        paragraph(self.summary());
        text
    }

    fn by_route(&self) -> String {
        let mut routes: Vec<(String, Vec<&Tested>)> = Vec::new();
        for tested in &self.report.cases {
            let name = call(tested);
            match routes.iter_mut().find(|(known, _)| *known == name) {
                Some((_, cases)) => cases.push(tested),
                None => routes.push((name, vec![tested])),
            }
        }
        let rows = routes.into_iter().map(|(name, cases)| {
            let count = |wanted: &dyn Fn(&Tested) -> bool| {
                let count = cases.iter().filter(|tested| wanted(tested)).count();
                match count {
                    0 => "-".to_owned(),
                    count => count.to_string(),
                }
            };
            let tried = |tested: &Tested| !matches!(tested.outcome, Outcome::NotTested(_));
            let shut = |tested: &Tested| matches!(tested.case.expected, Expected::Refused { .. });
            let differences: usize = cases.iter().map(|tested| number(&tested.outcome)).sum();
            let result = match differences {
                0 if !cases.iter().any(|tested| tried(tested)) => "- not tested".to_owned(),
                0 => AS_WRITTEN.to_owned(),
                differences => format!("✗ {}", counted(differences as u64, "difference")),
            };
            vec![
                name,
                count(&|tested| tried(tested) && shut(tested)),
                count(&|tested| tried(tested) && !shut(tested)),
                count(&|tested| !tried(tested)),
                result,
            ]
        });
        marked(
            ["Route", "Denied", "Allowed", "Not tested", "Result"],
            rows,
            self.width,
        )
    }

    fn every_call(&self) -> String {
        let rows = self.report.cases.iter().map(|tested| {
            let case = &tested.case;
            vec![
                call(tested),
                case.caller.to_string(),
                case.expected.to_string(),
                match (&tested.answer, &tested.outcome) {
                    (_, Outcome::NotTested(_)) => "not tested".to_owned(),
                    (Some(answer), Outcome::Passed) => format!("✓ {answer}"),
                    (Some(answer), Outcome::Different(_)) => format!("✗ {answer}"),
                    (None, _) => "✗ no answer".to_owned(),
                },
            ]
        });
        marked(["Route", "Caller", "Expected", "Actual"], rows, self.width)
    }

    /// Checks that passed are counted, those of a kind together.
    fn checks(&self) -> String {
        let mut kinds: BTreeMap<&str, Vec<&Checked>> = BTreeMap::new();
        for checked in &self.report.checks {
            kinds
                .entry(checked.name.as_str())
                .or_default()
                .push(checked);
        }
        let rows = kinds.into_iter().map(|(name, checks)| {
            let differences: usize = checks.iter().map(|checked| number(&checked.outcome)).sum();
            let about: Vec<String> = checks
                .iter()
                .filter(|checked| self.verbose || checked.outcome != Outcome::Passed)
                .map(|checked| checked.about.to_string())
                .collect();
            let about = match about.len() {
                0 if checks.len() == 1 => checks[0].about.to_string(),
                0 => format!("all {}", checks.len()),
                1..=3 => listed(&about),
                more => format!("{} and {} more", about[..2].join(", "), more - 2),
            };
            let result = match differences {
                0 => AS_WRITTEN.to_owned(),
                differences => format!("✗ {}", counted(differences as u64, "difference")),
            };
            vec![name.to_owned(), about, result]
        });
        marked(["Check", "Of", "Result"], rows, self.width)
    }

    fn differences(&self) -> String {
        let mut text = String::new();
        // A broken backend or a lost header affects every call of a route: it is shown once, with its callers.
        let mut said: Vec<(String, &Difference, Vec<String>)> = Vec::new();
        for tested in &self.report.cases {
            let Outcome::Different(differences) = &tested.outcome else {
                continue;
            };
            for difference in differences {
                let (route, caller) = (call(tested), tested.case.caller.to_string());
                let same = |(known, other, _): &&mut (String, &Difference, Vec<String>)| {
                    *known == route && *other == difference
                };
                match said.iter_mut().find(|one| same(one)) {
                    Some((_, _, callers)) => callers.push(caller),
                    None => said.push((route, difference, vec![caller])),
                }
            }
        }
        for (route, difference, callers) in said {
            let what = match callers.as_slice() {
                [one] if difference.what.starts_with(one.as_str()) => difference.what.clone(),
                callers => format!("{} (seen by {})", difference.what, listed(callers)),
            };
            text.push_str(&self.difference(&route, &what, &difference.help, ""));
        }
        for checked in &self.report.checks {
            let Outcome::Different(differences) = &checked.outcome else {
                continue;
            };
            for difference in differences {
                let fields = self.fields(checked);
                let about = checked.about.to_string();
                text.push_str(&self.difference(
                    &about,
                    &difference.what,
                    &difference.help,
                    &fields,
                ));
            }
        }
        text
    }

    fn difference(&self, about: &str, what: &str, help: &str, fields: &str) -> String {
        let head = format!("{} {}:", paint(ERROR, "✗"), paint(STRONG, about));
        let width = about.chars().count() + 3;
        let hint = super::error::hint_line(help, self.width);
        format!(
            "{}{fields}{hint}",
            behind(&head, width, what, 4, self.width)
        )
    }

    fn fields(&self, checked: &Checked) -> String {
        let lines = |field: &crate::plan::FieldChange| {
            let text = |side: &Value| value::text(&value::without_own_tags(side));
            both_sides(
                field.name,
                &text(&field.before),
                &text(&field.after),
                self.width,
            )
        };
        checked.fields.iter().map(lines).collect()
    }

    fn remarks(&self) -> String {
        let mut remarks: Vec<(String, BTreeSet<String>)> = Vec::new();
        let mut add = |remark: &str, about: Option<String>| match remarks
            .iter_mut()
            .find(|(known, _)| known == remark)
        {
            Some((_, abouts)) => abouts.extend(about),
            None => remarks.push((remark.to_owned(), about.into_iter().collect())),
        };
        for tested in &self.report.cases {
            for remark in &tested.remarks {
                add(remark, Some(call(tested)));
            }
        }
        for checked in &self.report.checks {
            for remark in &checked.remarks {
                add(remark, Some(checked.about.to_string()));
            }
        }
        for remark in &self.report.remarks {
            add(remark, None);
        }
        let line = |(remark, abouts): (String, BTreeSet<String>)| {
            let text = match abouts.is_empty() {
                true => remark,
                false => {
                    let abouts: Vec<String> = abouts.into_iter().collect();
                    format!("{}: {remark}", listed(&abouts))
                }
            };
            note(&text, self.width)
        };
        remarks.into_iter().map(line).collect()
    }

    /// Why, once for each reason.
    fn not_tested(&self) -> String {
        let mut reasons: BTreeMap<&str, (BTreeSet<String>, usize)> = BTreeMap::new();
        for tested in &self.report.cases {
            if let Outcome::NotTested(reason) = &tested.outcome {
                let (callers, calls) = reasons.entry(reason).or_default();
                callers.insert(tested.case.caller.to_string());
                *calls += 1;
            }
        }
        for checked in &self.report.checks {
            if let Outcome::NotTested(reason) = &checked.outcome {
                let (about, times) = reasons.entry(reason).or_default();
                about.insert(checked.about.to_string());
                *times += 1;
            }
        }
        if reasons.is_empty() {
            return String::new();
        }
        let line = |(reason, (callers, times)): (&str, (BTreeSet<String>, usize))| {
            let callers: Vec<String> = callers.into_iter().collect();
            let text = format!("{reason} ({})", counted(times as u64, "call"));
            indented(&text, 2, self.width) + &flowing(&callers, 4, self.width)
        };
        let lines: String = reasons.into_iter().map(line).collect();
        format!("Not tested\n{lines}")
    }

    fn summary(&self) -> String {
        let report = self.report;
        let (calls, differences, not_tested) = (
            counted(report.tried() as u64, "call"),
            counted(report.differences() as u64, "difference"),
            report.not_tested(),
        );
        let checks = counted(report.checks.len() as u64, "check");
        let text = format!("Verified: {calls}, {checks}, {differences}, {not_tested} not tested.");
        format!("{}\n", paint(STRONG, &text))
    }
}

/// A call by its route, and by its URL if that is not the main one.
/// A field on AWS and in the file: on one line, or else each side on its own.
fn both_sides(name: &str, on_aws: &str, in_file: &str, width: usize) -> String {
    let line = format!("    {name}: {on_aws} on AWS, {in_file} in the file");
    if line.chars().count() <= width {
        return line + "\n";
    }
    let side = |head: &str, text: &str| {
        let alone = 6 + head.len() + 1 + text.chars().count() > width;
        let lines = match alone {
            false => return format!("      {head} {text}\n"),
            true => value_lines(text, width.saturating_sub(10)),
        };
        format!("      {head}\n        {}\n", lines.join("\n          "))
    };
    format!(
        "    {name}:\n{}{}",
        side("on AWS:", on_aws),
        side("in the file:", in_file)
    )
}

fn call(tested: &Tested) -> String {
    let case = &tested.case;
    match &case.door.name {
        Some(door) => format!("{} {} at {door}", case.method, case.path),
        None => format!("{} {}", case.method, case.path),
    }
}

fn number(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Different(differences) => differences.len(),
        Outcome::Passed | Outcome::NotTested(_) => 0,
    }
}

/// A table in which ✓ and ✗ have colours.
fn marked<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = Vec<String>>,
    width: usize,
) -> String {
    table(header, rows, width)
        .replace('✓', &paint(CREATE, "✓"))
        .replace('✗', &paint(ERROR, "✗"))
}

#[cfg(test)]
mod tests {
    use super::both_sides;

    #[test]
    fn long_sides_of_a_field_are_below_each_other() {
        let url = r#""http://backend.example.com/policies/{id}""#;
        let map = r#"{ X-Caller = "context.authorizer.claims.client_id", X-Tenant = "claims" }"#;
        let text = [
            both_sides("enabled", "false", "true", 64),
            both_sides("http", url, "(none)", 64),
            both_sides("send_headers", "(none)", map, 64),
        ];
        let wanted = [
            r#"    enabled: false on AWS, true in the file"#,
            r#"    http:"#,
            r#"      on AWS: "http://backend.example.com/policies/{id}""#,
            r#"      in the file: (none)"#,
            r#"    send_headers:"#,
            r#"      on AWS: (none)"#,
            r#"      in the file:"#,
            r#"        { X-Caller = "context.authorizer.claims.client_id","#,
            r#"          X-Tenant = "claims" }"#,
            "",
        ];
        assert_eq!(text.concat(), wanted.join("\n"));
    }
}
