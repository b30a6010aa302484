//! The lines of a stack file that hold the value of an API key, or a secret of a function's environment, where its source belongs, by
//! mistake. No message shows them. The mistake may be in the name of a table or a key, or the file may be no TOML at all.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::interpolate::{Expression, Token, expression, tokens};
use super::source::{Source, SourceFile};
use super::spans::KeyPath;
use super::{given_keys, limits, overlay, schema};
use crate::code::{Variable, looks_secret};
use crate::model::SecretSource;

/// The lengths of a key's value.
const LENGTHS: std::ops::RangeInclusive<usize> = 20..=128;

/// Names that are meant to be `key`.
fn is_key(name: &str) -> bool {
    ["key", "keys", "value"].contains(&name)
}

/// The key of an environment, in a table of a function.
const ENVIRONMENT: &str = "environment";

/// The bytes of these lines, counted over all files.
pub(super) struct SecretLines(Vec<Range<usize>>);

impl SecretLines {
    /// Those of all files of a source.
    pub(super) fn of(source: &Source) -> Self {
        let files = [Some(source.base()), source.overlay()];
        let parsed = files.into_iter().flatten().map(|file| {
            let within_limits = limits::size(file).is_ok();
            let document = within_limits.then(|| overlay::parse(file).ok()).flatten();
            (file, document)
        });
        let parsed: Vec<_> = parsed.collect();
        let documents = parsed.iter().filter_map(|(_, document)| document.as_ref());
        let mut variables = BTreeSet::new();
        for document in documents {
            each_leaf(document.get_ref(), &mut |path, value| {
                if is_source(path) {
                    variables.extend(value.as_str().into_iter().flat_map(named_in));
                }
            });
        }
        let mut lines = Vec::new();
        for (file, document) in &parsed {
            match document {
                Some(document) => each_leaf_with_span(document, &mut |path, value, span| {
                    if is_secret(path, value, &variables) {
                        lines.push(whole_lines(file, span));
                    }
                }),
                None => lines.extend(in_text(file)),
            }
        }
        Self(lines)
    }

    /// Those of a text that is not TOML.
    pub(super) fn of_text(file: &SourceFile) -> Self {
        Self(in_text(file))
    }

    /// Whether these bytes are on such a line.
    pub(super) fn hold(&self, span: &Range<usize>) -> bool {
        let is_there = |line: &Range<usize>| line.start <= span.end && span.start < line.end;
        self.0.iter().any(is_there)
    }

    /// Whether the lines that are shown of a diagnostic are among these. A single line between two labels is shown, too.
    pub(super) fn are_shown_by(&self, source: &Source, diagnostic: &Diagnostic) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let several = diagnostic.labels.len() > 1;
        diagnostic.labels.iter().any(|label| {
            let file = source.file(&label.range());
            let mut lines = whole_lines(file, &label.range());
            // The end of a file is shown as that of its last line.
            if several || lines.is_empty() {
                lines = whole_lines(file, &(lines.start.saturating_sub(1)..lines.end + 1));
            }
            let meets = |secret: &Range<usize>| {
                secret.start < lines.end.max(lines.start + 1) && lines.start < secret.end
            };
            self.0.iter().any(meets)
        })
    }
}

/// Whether a path is that of a key's source.
fn is_source(path: &[&str]) -> bool {
    matches!(path, [table, _, "key"] if given_keys::TABLES.contains(table))
}

/// Whether a value is that of an API key, by its place or its looks. What only says where the value is, is none.
fn is_secret(path: &[&str], value: &DeValue<'_>, variables: &BTreeSet<String>) -> bool {
    let text = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Boolean(_) | DeValue::Array(_) | DeValue::Table(_) => return false,
    };
    if is_harmless(&text) {
        return false;
    }
    let [root, below @ ..] = path else {
        return false;
    };
    let is_known = schema::at(&KeyPath::new(path.iter().copied())).is_some();
    let in_environment = path.contains(&ENVIRONMENT);
    if in_environment || !is_known || *root == "vars" {
        let name = path.last().copied().unwrap_or_default();
        let is_pasted = in_environment && (name == ENVIRONMENT || Variable::parse(&text).is_err());
        if is_pasted || path.iter().any(|name| looks_secret(name, &text).is_some()) {
            return true;
        }
    }
    if *root == "vars" {
        return below.first().is_some_and(|name| variables.contains(*name));
    }
    let of_keys = given_keys::TABLES.contains(root);
    if !of_keys && schema::at(&[*root].into()).is_some() {
        return false;
    }
    let named = below.last().is_some_and(|name| is_key(name))
        || below.iter().skip(1).any(|name| is_key(name));
    let is_known = below.len() > 1 && is_known;
    let like_a_value = LENGTHS.contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
    named || (of_keys && !is_known && like_a_value)
}

/// Whether a text says where a value is, or has none.
fn is_harmless(text: &str) -> bool {
    static REFERENCE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\$\{[^{}]*\}$").expect("the pattern is constant"));
    let nothing = text
        .strip_suffix(':')
        .is_some_and(|kind| SecretSource::KINDS.contains(&kind));
    text.is_empty() || nothing || REFERENCE.is_match(text) || SecretSource::parse(text).is_some()
}

fn named_in(text: &str) -> Vec<String> {
    let named = tokens(text)
        .into_iter()
        .filter_map(|(token, _)| match token {
            Token::Expression(inside) => match expression(inside)? {
                Expression::Variable(name) => Some(name),
                _ => None,
            },
            _ => None,
        });
    named.collect()
}

fn each_leaf(table: &DeTable<'_>, visit: &mut impl FnMut(&[&str], &DeValue<'_>)) {
    walk(table, &mut Vec::new(), &mut |path, value| {
        visit(path, value.get_ref());
    });
}

fn each_leaf_with_span(
    document: &Spanned<DeTable<'_>>,
    visit: &mut impl FnMut(&[&str], &DeValue<'_>, &Range<usize>),
) {
    walk(document.get_ref(), &mut Vec::new(), &mut |path, value| {
        visit(path, value.get_ref(), &value.span());
    });
}

type Leaf<'v, 't> = &'v Spanned<DeValue<'t>>;

fn walk<'v, 't>(
    table: &'v DeTable<'t>,
    path: &mut Vec<&'v str>,
    visit: &mut impl FnMut(&[&'v str], Leaf<'v, 't>),
) {
    for (name, value) in table {
        path.push(name.get_ref().as_ref());
        leaves(value, path, visit);
        path.pop();
    }
}

/// Elements of a list have its path.
fn leaves<'v, 't>(
    value: Leaf<'v, 't>,
    path: &mut Vec<&'v str>,
    visit: &mut impl FnMut(&[&'v str], Leaf<'v, 't>),
) {
    match value.get_ref() {
        DeValue::Table(table) => walk(table, path, visit),
        DeValue::Array(array) => {
            for element in array.iter() {
                leaves(element, path, visit);
            }
        }
        _ => visit(path, value),
    }
}

/// The lines of these bytes.
fn whole_lines(file: &SourceFile, span: &Range<usize>) -> Range<usize> {
    let text = file.text().as_bytes();
    let within = file.within(span);
    let end = within.end.min(text.len());
    let start = within.start.min(end);
    let is_end = |byte: &u8| *byte == b'\n';
    let first = text[..start]
        .iter()
        .rposition(is_end)
        .map_or(0, |at| at + 1);
    let rest = text[end..].iter().position(is_end);
    let last = rest.map_or(text.len(), |length| end + length);
    file.counted(&(first..last))
}

/// The lines of a text that is not TOML: what is set to a `key`, or to a name of a secret, until the next key or table begins.
fn in_text(file: &SourceFile) -> Vec<Range<usize>> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?:^|[{\[,.\s"'])([\w-]+)["']?\s*="#).expect("the pattern is constant")
    });
    static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r#"^\s*(?:\[[\w"'\[]|(?:[\w-]+|"[^"]*"|'[^']*')(?:\.[\w-]+)*\s*=\s*[^=\s])"#;
        Regex::new(pattern).expect("the pattern is constant")
    });
    let mut lines = Vec::new();
    let (mut at, mut goes_on) = (0, false);
    for line in file.text().split_inclusive('\n') {
        let is_secret = NAME.captures_iter(line).any(|found| {
            let [name, value] = [&found[1], written(&line[found.get_match().end()..])];
            !is_harmless(value) && (is_key(name) || looks_secret(name, value).is_some())
        });
        goes_on = is_secret || (goes_on && !BEGINS.is_match(line));
        if goes_on {
            lines.push(file.counted(&(at..at + line.len())));
        }
        at += line.len();
    }
    lines
}

/// What is set at the beginning of this text, without its quotes. All of the text if they are not closed.
fn written(text: &str) -> &str {
    let text = text.trim();
    // A text of several lines begins here and may hold anything.
    if text.starts_with("\"\"\"") || text.starts_with("'''") {
        return text;
    }
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote) {
            return inside.split_once(quote).map_or(text, |(inside, _)| inside);
        }
    }
    text.split([' ', ',', '}', '#']).next().unwrap_or(text)
}
