//! Errors and warnings about a stack file, as data. `render::diagnostics` formats them.

use std::collections::HashSet;
use std::ops::Range;

use serde::{Serialize, Serializer};

use super::findings::LeftOut;
use super::secret_lines::SecretLines;
use super::source::{Location, Source};
use crate::model::shorten;

/// The most errors, and the most warnings, that are shown of one stack.
pub const MOST_SHOWN: usize = 50;

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It prevents plan and apply.
    Error,
    /// Worth knowing; everything works.
    Warning,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal,)+) => {
        /// The kind of a diagnostic. The meaning of a number never changes.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Code] = &[$(Code::$name,)+];

            /// The number, such as `GS004`.
            pub const fn number(self) -> &'static str {
                match self { $(Code::$name => $number,)+ }
            }

            /// The meaning of the code, in a sentence or two.
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// The file is not TOML.
    Syntax = "GS001",
    /// A key or table that gatestack does not know.
    UnknownKey = "GS002",
    /// A key or table that must be there is missing.
    MissingKey = "GS003",
    /// A value of the wrong type, or none of the words possible here.
    WrongValue = "GS004",
    /// A number or a duration out of AWS's range.
    OutOfRange = "GS005",
    /// `${…}` that is not closed or has no meaning.
    BadReference = "GS006",
    /// `${var.NAME}` or `--var` for a variable that `[vars]` lacks.
    UnknownVariable = "GS007",
    /// `${env.NAME}` for an environment variable that is not set.
    MissingEnvironment = "GS008",
    /// A reference to something the file does not have.
    DanglingReference = "GS009",
    /// A reference where its value can't be used.
    MisplacedReference = "GS010",
    /// Values that wait for each other.
    Cycle = "GS011",
    /// A name that AWS refuses: its length, its characters or a reserved word.
    BadName = "GS012",
    /// A Region or account that can't be one.
    BadGround = "GS013",
    /// A tag that AWS refuses or that is gatestack's own.
    BadTag = "GS014",
    /// A domain or certificate that Cognito refuses.
    BadDomain = "GS015",
    /// A URL that AWS refuses.
    BadUrl = "GS016",
    /// An ARN that is none, or of the wrong thing.
    BadArn = "GS017",
    /// More of something than AWS allows.
    TooMany = "GS018",
    /// Settings of an app client that Cognito refuses together.
    ClientConflict = "GS019",
    /// A scope that no resource server has.
    UnknownScope = "GS020",
    /// A route whose method or path API Gateway refuses.
    BadRoute = "GS021",
    /// Routes that API Gateway can't hold beside each other.
    RouteConflict = "GS022",
    /// A route without a backend, or with two.
    RouteBackend = "GS023",
    /// Requirements that contradict each other or can't be met by anyone.
    Requirements = "GS024",
    /// A table that other tables need is missing.
    MissingTable = "GS025",
    /// A plan that does not exist, or without an API.
    BadPlan = "GS026",
    /// A `[[moved]]` entry that makes no sense.
    BadMove = "GS027",
    /// Two things of the file would be the same thing in AWS.
    Duplicate = "GS028",
    /// A setting without effect.
    NoEffect = "GS029",
    /// An overlay that is laid over a stack without making another one of it.
    SameStack = "GS030",
    /// A load balancer, listener or target that AWS refuses.
    BadLoadBalancer = "GS031",
    /// A port on which no listener answers.
    NoListener = "GS032",
    /// A file that the stack file names and that can't be used.
    BadFile = "GS033",
    /// Something the file points to is not there.
    Absent = "GS034",
    /// Subnets, load balancers and targets that can't work together.
    BadNetwork = "GS035",
    /// A certificate that can't be presented as it is.
    BadCertificate = "GS036",
    /// Something private that others reach.
    Exposed = "GS037",
    /// More than gatestack reads: of a file, of its values, or of a text once its variables are replaced.
    TooLarge = "GS038",
    /// A given value of an API key that can't be read, or that AWS refuses.
    BadKeyValue = "GS040",
    /// A path that another route answers as well, and requires less for it.
    WeakerRoute = "GS041",
    /// A function that Lambda refuses: its runtime, its handler, its environment, or its code.
    BadFunction = "GS042",
    /// A secret that is written in the file.
    SecretInFile = "GS043",
    /// An OpenAPI document that can't be read, or has what API Gateway does not have.
    BadDocument = "GS044",
    /// A pattern of routes that matches no operation of the document, or is as specific as another.
    BadPattern = "GS045",
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.number())
    }
}

/// A piece of the file with a label.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Label {
    /// The bytes of the source, counted over its files.
    pub span: (usize, usize),
    /// The text beside the caret; may be empty.
    pub text: String,
}

/// One mistake.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The wrong place first, then what it collides with. Empty if it is in no file, such as `--var`.
    pub labels: Vec<Label>,
    /// The kind of mistake.
    pub code: Code,
    /// What is wrong: a lower-case fragment without a full stop.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// Whether only its place is shown, because a line may hold a secret; known once the list is finished.
    pub unseen: bool,
}

impl Label {
    /// Its bytes as a range.
    pub fn range(&self) -> Range<usize> {
        self.span.0..self.span.1
    }
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            labels: Vec::new(),
            code,
            message: shorten::message(message.into()),
            help: None,
            unseen: false,
        }
    }

    /// A warning without a place yet.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Puts a caret under these bytes. The first call marks the wrong place.
    #[must_use]
    pub fn at(self, span: Range<usize>) -> Self {
        self.label(span, "")
    }

    /// Puts a caret under these bytes, with a word beside it.
    #[must_use]
    pub fn label(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span: (span.start, span.end),
            text: shorten::message(text.into()),
        });
        self
    }

    /// Adds a hint on what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(shorten::message(help.into()));
        self
    }
}

/// The mistakes of a stack file and its overlay that are shown, in file order and without duplicates, and the number of others.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    /// Boxed, since every result of a command is as large as its error.
    source: Box<Source>,
    list: Vec<Diagnostic>,
    left_out: LeftOut,
}

impl Diagnostics {
    /// Sorts them by place, drops repetitions, and hides lines with a secret. Unknown keys come first: what is missing may follow
    /// from them.
    pub fn new(source: Source, list: Vec<Diagnostic>) -> Self {
        Self::with_more(source, list, LeftOut::default())
    }

    /// The same if there were more, with only their number.
    pub(super) fn with_more(
        source: Source,
        mut list: Vec<Diagnostic>,
        mut left_out: LeftOut,
    ) -> Self {
        let repeated: Vec<bool> = {
            let mut seen = HashSet::new();
            list.iter().map(|one| !seen.insert(one)).collect()
        };
        let mut repeated = repeated.into_iter();
        list.retain(|_| !repeated.next().unwrap_or_default());
        list.sort_by_key(|diagnostic| {
            let place = diagnostic.labels.first().map(|label| label.span);
            (diagnostic.code != Code::UnknownKey, place)
        });
        let mut shown = LeftOut::default();
        list.retain(|diagnostic| {
            let of_its_kind = match diagnostic.severity {
                Severity::Error => shown.errors,
                Severity::Warning => shown.warnings,
            };
            if of_its_kind < MOST_SHOWN {
                shown.count(diagnostic.severity);
                return true;
            }
            left_out.count(diagnostic.severity);
            false
        });
        if !list.is_empty() {
            let secret = SecretLines::of(&source);
            for diagnostic in &mut list {
                diagnostic.unseen = secret.are_shown_by(&source, diagnostic);
            }
        }
        Self {
            source: Box::new(source),
            list,
            left_out,
        }
    }

    /// How many there are beside those that are shown.
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// How many errors and warnings there are, shown or not.
    pub fn counted(&self) -> (usize, usize) {
        let (mut errors, mut warnings) = (self.left_out.errors, self.left_out.warnings);
        for diagnostic in &self.list {
            match diagnostic.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
            }
        }
        (errors, warnings)
    }

    /// The files they are about.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Those that are shown, by place.
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The form for `--json`.
    pub fn reports(&self) -> Vec<Report> {
        self.list
            .iter()
            .map(|diagnostic| Report::new(&self.source, diagnostic))
            .collect()
    }
}

/// A diagnostic for machines.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How bad it is.
    pub severity: Severity,
    /// Its number, such as `GS004`.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// Where; absent if it is in no file.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What it collides with, with labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<ReportLabel>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A [`Label`] for machines.
#[derive(Clone, Debug, Serialize)]
pub struct ReportLabel {
    /// The label.
    pub text: String,
    /// About what.
    #[serde(flatten)]
    pub location: Location,
}

impl Report {
    /// A diagnostic about this source.
    pub fn new(source: &Source, diagnostic: &Diagnostic) -> Self {
        Self {
            severity: diagnostic.severity,
            code: diagnostic.code,
            message: diagnostic.message.clone(),
            location: diagnostic
                .labels
                .first()
                .map(|label| source.locate(&label.range())),
            labels: diagnostic
                .labels
                .iter()
                .filter(|label| !label.text.is_empty())
                .map(|label| ReportLabel {
                    text: label.text.clone(),
                    location: source.locate(&label.range()),
                })
                .collect(),
            help: diagnostic.help.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_in_order() {
        let numbers: Vec<_> = Code::ALL.iter().map(|code| code.number()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert_eq!(
            Code::UnknownKey.meaning(),
            "A key or table that gatestack does not know."
        );
    }

    #[test]
    fn what_is_said_twice_is_kept_once_and_by_place() {
        let at = |start: usize| Diagnostic::error(Code::Syntax, "wrong").at(start..start + 1);
        let list = Diagnostics::new(Source::new("a", "abcdef"), vec![at(3), at(1), at(3)]);
        let starts: Vec<_> = list
            .list()
            .iter()
            .map(|diagnostic| diagnostic.labels[0].span.0)
            .collect();
        assert_eq!(starts, [1, 3]);
    }

    #[test]
    fn of_very_many_the_first_are_shown_and_the_others_counted() {
        let at = |start: usize| Diagnostic::error(Code::Syntax, "wrong").at(start..start);
        let errors = (0..70).rev().map(at);
        let warning = Diagnostic::warning(Code::NoEffect, "late").at(99..99);
        let more = LeftOut {
            errors: 5,
            warnings: 1,
        };
        let list = errors.chain([warning]).collect();
        let told = Diagnostics::with_more(Source::new("a", ""), list, more);
        assert_eq!(told.list().len(), MOST_SHOWN + 1);
        assert_eq!(told.list()[49].labels[0].span.0, 49);
        assert_eq!((told.left_out().errors, told.left_out().warnings), (25, 1));
        assert_eq!(told.counted(), (75, 2));
    }

    #[test]
    fn a_name_of_megabytes_makes_no_message_of_megabytes() {
        let name = "ü".repeat(1 << 20);
        let told = Diagnostic::error(
            Code::UnknownKey,
            format!("unknown key `{name}` in `[stack]`"),
        )
        .help(format!("put it in brackets: `a = [\"{name}\"]`"))
        .label(0..1, name.clone());
        let start = "ü".repeat(60);
        assert_eq!(told.message, format!("unknown key `{start}…` in `[stack]`"));
        assert!(told.help.unwrap().len() < 300);
        assert_eq!(
            told.labels[0].text.chars().count(),
            shorten::LONGEST_MESSAGE + 1
        );
        let usual = format!("the domain prefix `{}` holds `_`", "a".repeat(128));
        assert_eq!(
            Diagnostic::error(Code::BadName, usual.clone()).message,
            usual
        );
    }

    #[test]
    fn machines_read_where_it_stands() {
        let source = Source::new("stack.toml", "a = 1\nb = 2\n");
        let diagnostic = Diagnostic::error(Code::WrongValue, "no")
            .label(6..7, "here")
            .help("try c");
        let report = serde_json::to_value(Report::new(&source, &diagnostic)).unwrap();
        assert_eq!(
            report,
            serde_json::json!({
                "severity": "error", "code": "GS004", "message": "no",
                "file": "stack.toml", "line": 2, "column": 1, "end_line": 2, "end_column": 2,
                "labels": [{ "text": "here", "file": "stack.toml", "line": 2, "column": 1, "end_line": 2, "end_column": 2 }],
                "help": "try c",
            })
        );
    }
}
