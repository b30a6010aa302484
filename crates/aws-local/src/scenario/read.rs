//! A scenario file, read: TOML with a list of `[[rules]]`, each with its `kind` and that kind's keys.

use std::ops::Range;
use std::time::Duration;

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::registry::{self, SERVICES};
use super::{RefusedCalls, Rule, Scenario, TaggingIndex, Why};

/// Something wrong in a scenario file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// What kind of mistake.
    pub flaw: Flaw,
    /// The bytes of the text it is about.
    pub span: Range<usize>,
    /// What is wrong: a lower-case fragment without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// Kinds of mistakes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flaw {
    /// The text is not TOML.
    Syntax,
    /// A key that no rule of the kind has.
    UnknownKey,
    /// A key that the rule needs is missing.
    MissingKey,
    /// A value of the wrong type, or not one of the expected words.
    WrongValue,
    /// A second rule of a kind.
    Duplicate,
}

const KINDS: &str =
    "`tagging_index`, `takes`, `refused`, `tags_in_lists` or `load_balancer_settings`";
const WHYS: &str = "`conflict`, `throttle` or `not_yet`";
const OPERATION: &str = "an operation of the local AWS, such as `CreateVpcLink`";
const STATES: &str = "`empty`, `frozen` or `behind`";
const LENGTH: &str = "write how long, as in `\"5m\"`";

pub(super) fn scenario(text: &str) -> Result<Scenario, Vec<Mistake>> {
    let mut reading = Reading::default();
    let rules = match DeTable::parse(text) {
        Ok(root) => reading.rules(root.get_ref()),
        Err(error) => {
            reading.mistakes.push(Mistake {
                flaw: Flaw::Syntax,
                span: error.span().unwrap_or(text.len()..text.len()),
                message: format!("not TOML: {}", error.message()),
                help: "a rule is `[[rules]]` and lines of `key = value` below it".into(),
            });
            Vec::new()
        }
    };
    if reading.mistakes.is_empty() {
        Ok(Scenario::new(rules))
    } else {
        Err(reading.mistakes)
    }
}

/// A rule's table: its place, and its keys.
struct Table<'t> {
    span: Range<usize>,
    keys: &'t DeTable<'t>,
}

#[derive(Default)]
struct Reading {
    mistakes: Vec<Mistake>,
}

impl Reading {
    fn rules(&mut self, root: &DeTable<'_>) -> Vec<Rule> {
        self.unknown(root, &["rules"], "a scenario");
        let Some(list) = root.get("rules") else {
            return Vec::new();
        };
        let help = "write each rule under a line `[[rules]]`";
        let DeValue::Array(list) = list.get_ref() else {
            self.wrong(list.span(), "`rules` is not a list of tables", help);
            return Vec::new();
        };
        let mut rules: Vec<Rule> = Vec::new();
        for element in list.iter() {
            let span = element.span();
            let DeValue::Table(keys) = element.get_ref() else {
                self.wrong(span, "this rule is not a table", help);
                continue;
            };
            let table = Table { span, keys };
            let Some(rule) = self.rule(&table) else {
                continue;
            };
            if rules.iter().any(|other| other.is_about(&rule)) {
                self.tell(
                    Flaw::Duplicate,
                    table.span,
                    "an earlier rule is about the same",
                    "remove one of the two rules",
                );
            } else {
                rules.push(rule);
            }
        }
        rules
    }

    fn rule(&mut self, table: &Table<'_>) -> Option<Rule> {
        let (kind, span) = self.word(table, "kind", KINDS)?;
        match kind.as_str() {
            "tagging_index" => self.tagging_index(table).map(Rule::TaggingIndex),
            "takes" => self.takes(table),
            "refused" => self.refused(table).map(Rule::Refused),
            "tags_in_lists" => self.only(table, "absent", Rule::NoTagsInLists),
            "load_balancer_settings" => self.only(table, "when_active", Rule::SettingsWhenActive),
            _ => {
                let message = format!("there are no rules of the kind `{kind}`");
                self.wrong(span, message, format!("expected {KINDS}"));
                None
            }
        }
    }

    fn tagging_index(&mut self, table: &Table<'_>) -> Option<TaggingIndex> {
        self.unknown(table.keys, &["kind", "state", "by"], "a rule of this kind");
        let (state, span) = self.word(table, "state", STATES)?;
        if state == "behind" {
            return self.duration(table, "by").map(TaggingIndex::Behind);
        }
        if let Some((key, _)) = table.keys.get_key_value("by") {
            let message = format!("`by` goes with `state = \"behind\"`, not with `{state}`");
            self.wrong(
                key.span(),
                message,
                "remove `by`, or write `state = \"behind\"`",
            );
        }
        match state.as_str() {
            "empty" => Some(TaggingIndex::Empty),
            "frozen" => Some(TaggingIndex::Frozen),
            _ => {
                let message = format!("`{state}` is not a state of the index");
                self.wrong(span, message, format!("expected {STATES}"));
                None
            }
        }
    }

    fn takes(&mut self, table: &Table<'_>) -> Option<Rule> {
        let keys = ["kind", "operation", "time"];
        self.unknown(table.keys, &keys, "a rule of this kind");
        let operation = self.operation(table);
        let time = self.duration(table, "time");
        let (operation, span) = operation?;
        if !registry::takes_time(&operation) {
            let message = format!("`{operation}` begins nothing that takes time");
            self.wrong(
                span,
                message,
                "expected another operation, such as `CreateVpcLink`",
            );
            return None;
        }
        Some(Rule::Takes {
            operation,
            time: time?,
        })
    }

    fn refused(&mut self, table: &Table<'_>) -> Option<RefusedCalls> {
        let keys = ["kind", "operation", "why", "calls", "of"];
        self.unknown(table.keys, &keys, "a rule of this kind");
        let operation = self.operation(table);
        let why = self.why(table);
        let calls = self.number(table, "calls");
        let of = match table.keys.contains_key("of") {
            true => Some(self.number(table, "of")?),
            false => None,
        };
        let (operation, span) = operation?;
        let rule = RefusedCalls {
            operation,
            why: why?,
            calls: calls?,
            of,
        };
        if of.is_some_and(|of| of <= rule.calls) {
            let message = "every call would be refused";
            self.wrong(table.span.clone(), message, "write an `of` above `calls`");
            return None;
        }
        if SERVICES.iter().all(|of| rule.refusal(of.name).is_none()) {
            let message = format!("AWS does not refuse {} for that", rule.operation);
            self.wrong(
                span,
                message,
                format!("expected another operation, or another of {WHYS}"),
            );
            return None;
        }
        Some(rule)
    }

    fn why(&mut self, table: &Table<'_>) -> Option<Why> {
        let (why, span) = self.word(table, "why", WHYS)?;
        match why.as_str() {
            "conflict" => Some(Why::Conflict),
            "throttle" => Some(Why::Throttle),
            "not_yet" => Some(Why::NotYet),
            _ => {
                self.wrong(
                    span,
                    format!("`{why}` is not a reason"),
                    format!("expected {WHYS}"),
                );
                None
            }
        }
    }

    /// A rule with one state.
    fn only(&mut self, table: &Table<'_>, state: &str, rule: Rule) -> Option<Rule> {
        self.unknown(table.keys, &["kind", "state"], "a rule of this kind");
        let expected = format!("`{state}`");
        let (written, span) = self.word(table, "state", &expected)?;
        if written != state {
            let message = format!("`{written}` is not a state of this rule");
            self.wrong(span, message, format!("expected {expected}"));
            return None;
        }
        Some(rule)
    }

    /// An operation that a service here has, and its place.
    fn operation(&mut self, table: &Table<'_>) -> Option<(String, Range<usize>)> {
        let (name, span) = self.word(table, "operation", OPERATION)?;
        if !SERVICES.iter().any(|of| of.implemented(&name).is_some()) {
            let message = format!("the local AWS has no operation {name:?}");
            self.wrong(span, message, format!("expected {OPERATION}"));
            return None;
        }
        Some((name, span))
    }

    fn number(&mut self, table: &Table<'_>, key: &str) -> Option<u32> {
        let help = format!("write a number above zero, as in `{key} = 2`");
        let value = self.required(table, key, &help)?;
        let read = match value.get_ref() {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = read.filter(|number| *number > 0);
        if number.is_none() {
            self.wrong(
                value.span(),
                format!("`{key}` is not a number above zero"),
                help,
            );
        }
        number
    }

    /// A text that must be there.
    fn word(
        &mut self,
        table: &Table<'_>,
        key: &str,
        words: &str,
    ) -> Option<(String, Range<usize>)> {
        let help = format!("expected {words}");
        let value = self.required(table, key, &help)?;
        match value.get_ref() {
            DeValue::String(text) => Some((text.to_string(), value.span())),
            _ => {
                self.wrong(
                    value.span(),
                    format!("`{key}` is not a text in quotes"),
                    help,
                );
                None
            }
        }
    }

    fn duration(&mut self, table: &Table<'_>, key: &str) -> Option<Duration> {
        let value = self.required(table, key, LENGTH)?;
        let read = match value.get_ref() {
            DeValue::String(text) => text.parse::<SignedDuration>().ok(),
            _ => None,
        };
        let positive = read
            .filter(SignedDuration::is_positive)
            .and_then(|read| Duration::try_from(read).ok());
        if positive.is_none() {
            self.wrong(
                value.span(),
                format!("`{key}` is not a length of time"),
                LENGTH,
            );
        }
        positive
    }

    fn required<'t>(
        &mut self,
        table: &Table<'t>,
        key: &str,
        help: &str,
    ) -> Option<&'t Spanned<DeValue<'t>>> {
        let value = table.keys.get(key);
        if value.is_none() {
            self.tell(
                Flaw::MissingKey,
                table.span.clone(),
                format!("the rule has no `{key}`"),
                help,
            );
        }
        value
    }

    fn unknown(&mut self, table: &DeTable<'_>, known: &[&str], of: &str) {
        for key in table.keys() {
            let name = key.get_ref();
            if !known.contains(&name.as_ref()) {
                let valid: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
                self.tell(
                    Flaw::UnknownKey,
                    key.span(),
                    format!("unknown key `{name}`"),
                    format!("valid keys of {of}: {}", valid.join(", ")),
                );
            }
        }
    }

    fn wrong(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.tell(Flaw::WrongValue, span, message, help);
    }

    fn tell(
        &mut self,
        flaw: Flaw,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.mistakes.push(Mistake {
            flaw,
            span,
            message: message.into(),
            help: help.into(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(Flaw, String, String)> {
        let mistakes = Scenario::from_toml(text).unwrap_err();
        let at = |mistake: Mistake| (mistake.flaw, text[mistake.span].to_owned(), mistake.message);
        mistakes.into_iter().map(at).collect()
    }

    #[test]
    fn each_state_of_the_index_is_read() {
        let read = |state: &str| {
            Scenario::from_toml(&format!(
                "[[rules]]\nkind = \"tagging_index\"\nstate = {state}\n"
            ))
            .unwrap()
            .tagging_index()
        };
        assert_eq!(read("\"empty\""), Some(TaggingIndex::Empty));
        assert_eq!(read("\"frozen\""), Some(TaggingIndex::Frozen));
        assert_eq!(
            read("\"behind\"\nby = \"1m 30s\""),
            Some(TaggingIndex::Behind(Duration::from_secs(90)))
        );
        assert_eq!(Scenario::from_toml("").unwrap(), Scenario::default());
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let text = "speed = 3\n[[rules]]\nkind = \"tagging_index\"\nstate = \"slow\"\nb = 1\n\
                    [[rules]]\nkind = \"weather\"\n[[rules]]\nkind = \"tagging_index\"\nstate = \"behind\"\nby = \"soon\"\n";
        let told = told(text);
        let short: Vec<_> = told
            .iter()
            .map(|(flaw, written, _)| (*flaw, written.as_str()))
            .collect();
        assert_eq!(
            short,
            [
                (Flaw::UnknownKey, "speed"),
                (Flaw::UnknownKey, "b"),
                (Flaw::WrongValue, "\"slow\""),
                (Flaw::WrongValue, "\"weather\""),
                (Flaw::WrongValue, "\"soon\""),
            ]
        );
    }

    #[test]
    fn a_rule_is_only_for_operations_that_it_has_an_effect_on() {
        let of = |rule: &str, operation: &str| {
            let text = format!("[[rules]]\nkind = {rule}\noperation = \"{operation}\"\n");
            Scenario::from_toml(&text).err().map(|mistakes| {
                (
                    text[mistakes[0].span.clone()].to_owned(),
                    mistakes[0].message.clone(),
                )
            })
        };
        let takes = "\"takes\"\ntime = \"5m\"";
        for operation in [
            "CreateVpcLink",
            "CreateDeployment",
            "TerminateInstances",
            "CreateRole",
        ] {
            assert_eq!(of(takes, operation), None, "{operation}");
        }
        // Of certificates, times are reckoned when they are read.
        for operation in [
            "GetRestApis",
            "CreateRestApi",
            "RequestCertificate",
            "GetChange",
        ] {
            let message = format!("`{operation}` begins nothing that takes time");
            assert_eq!(
                of(takes, operation),
                Some((format!("\"{operation}\""), message))
            );
        }
        let conflict = "\"refused\"\nwhy = \"conflict\"\ncalls = 1";
        for operation in ["UpdateUserPool", "PutMethod", "TagResource"] {
            assert_eq!(of(conflict, operation), None, "{operation}");
        }
        for operation in ["DescribeUserPool", "GetRestApis", "CreateLoadBalancer"] {
            let message = format!("AWS does not refuse {operation} for that");
            assert_eq!(
                of(conflict, operation),
                Some((format!("\"{operation}\""), message))
            );
        }
        let throttle = "\"refused\"\nwhy = \"throttle\"\ncalls = 1";
        assert_eq!(of(throttle, "GetRestApis"), None);
    }

    #[test]
    fn what_is_missing_or_too_much_is_a_mistake() {
        let rule = "[[rules]]\nkind = \"tagging_index\"\n";
        assert_eq!(told("[[rules]]\n")[0].0, Flaw::MissingKey);
        assert_eq!(told(rule)[0].2, "the rule has no `state`");
        let of = |rest: &str| told(&format!("{rule}{rest}"))[0].clone();
        assert_eq!(of("state = \"behind\"").2, "the rule has no `by`");
        assert_eq!(of("state = \"behind\"\nby = \"-5m\"").1, "\"-5m\"");
        assert_eq!(of("state = \"empty\"\nby = \"5m\"").1, "by");
        assert_eq!(of("state = 3").1, "3");
        let twice = format!("{rule}state = \"empty\"\n{rule}state = \"frozen\"\n");
        assert_eq!(told(&twice)[0].0, Flaw::Duplicate);
        assert_eq!(told("rules = 3")[0].1, "3");
        assert_eq!(told("rules = [3]")[0].1, "3");
        assert_eq!(told("rules = [")[0].0, Flaw::Syntax);
    }
}
