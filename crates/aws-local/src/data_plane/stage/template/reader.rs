//! Velocity's references, comments and directives, found in a text.

use std::borrow::Cow;

use super::super::exchange::Refused;
use super::refused;

/// Where in a template we are.
pub(super) struct Reader<'t> {
    rest: &'t str,
}

/// A reference such as `$input.params('id')`.
#[derive(Debug, PartialEq)]
pub(super) struct Reference<'t> {
    /// As it is written.
    pub(super) source: &'t str,
    /// `$!x`: empty rather than its source if undefined.
    pub(super) is_quiet: bool,
    /// The variable it begins with.
    pub(super) root: &'t str,
    pub(super) steps: Vec<Step<'t>>,
}

/// A `#set`.
pub(super) struct Assignment<'t> {
    /// A variable, or a member of one such as `context.responseOverride.status`.
    pub(super) target: &'t str,
    /// None if undefined.
    pub(super) value: Option<String>,
}

/// A step of a reference.
#[derive(Debug, PartialEq)]
pub(super) enum Step<'t> {
    /// `.name` or `['name']`.
    Name(Cow<'t, str>),
    /// `.name(…)`, its arguments evaluated.
    Call(&'t str, Vec<String>),
}

/// Evaluates a reference that is an argument; none if undefined.
pub(super) type Evaluate<'e> = dyn FnMut(Reference<'_>) -> Result<Option<String>, Refused> + 'e;

/// Evaluates what has no effect.
pub(super) fn unused(_: Reference<'_>) -> Result<Option<String>, Refused> {
    Ok(Some(String::new()))
}

/// Velocity's own directives. Any other word behind a `#` is text, since macros can't be defined here.
const DIRECTIVES: &[&str] = &[
    "break", "define", "else", "elseif", "end", "evaluate", "foreach", "if", "include", "macro",
    "parse", "set", "stop",
];

impl<'t> Reader<'t> {
    pub(super) fn new(template: &'t str) -> Self {
        Self { rest: template }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything before the next of these characters, or the end.
    pub(super) fn text_before(&mut self, stops: &[char]) -> &'t str {
        let end = self.rest.find(stops).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// The character here.
    pub(super) fn skip_one(&mut self) -> &'t str {
        let length = self.rest.chars().next().map_or(0, char::len_utf8);
        self.take(length)
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn accept(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        if let Some(rest) = rest {
            self.rest = rest;
        }
        rest.is_some()
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// A name: a letter, then letters, digits, `-` and `_`. Empty when there is none.
    fn name(&mut self) -> &'t str {
        let begins = self
            .rest
            .starts_with(|first: char| first.is_ascii_alphabetic());
        let end = self
            .rest
            .find(|next: char| !next.is_ascii_alphanumeric() && !matches!(next, '-' | '_'));
        self.take(if begins {
            end.unwrap_or(self.rest.len())
        } else {
            0
        })
    }

    /// The reference here; none when the `$` is just one, and then nothing is taken.
    pub(super) fn reference(
        &mut self,
        evaluate: &mut Evaluate<'_>,
    ) -> Result<Option<Reference<'t>>, Refused> {
        let start = self.rest;
        self.accept("$");
        let is_quiet = self.accept("!");
        let is_braced = self.accept("{");
        let root = self.name();
        if root.is_empty() {
            self.rest = start;
            return Ok(None);
        }
        let mut steps = Vec::new();
        while let Some(step) = self.step(evaluate)? {
            steps.push(step);
        }
        if is_braced && !self.accept("}") {
            self.rest = start;
            return Ok(None);
        }
        Ok(Some(Reference {
            source: &start[..start.len() - self.rest.len()],
            is_quiet,
            root,
            steps,
        }))
    }

    fn step(&mut self, evaluate: &mut Evaluate<'_>) -> Result<Option<Step<'t>>, Refused> {
        let start = self.rest;
        if self.accept("[") {
            self.skip_blanks();
            let Some(name) = self.quoted() else {
                self.rest = start;
                return Ok(None);
            };
            self.skip_blanks();
            if self.accept("]") {
                return Ok(Some(Step::Name(name.into())));
            }
        } else if self.accept(".") {
            // A full stop at the end of a sentence is one.
            let name = self.name();
            if !name.is_empty() {
                return Ok(Some(match self.accept("(") {
                    true => Step::Call(name, self.arguments(evaluate)?),
                    false => Step::Name(name.into()),
                }));
            }
        }
        self.rest = start;
        Ok(None)
    }

    /// The text up to the closing parenthesis.
    fn arguments(&mut self, evaluate: &mut Evaluate<'_>) -> Result<Vec<String>, Refused> {
        let mut arguments = Vec::new();
        loop {
            self.skip_blanks();
            if arguments.is_empty() && self.accept(")") {
                return Ok(arguments);
            }
            let start = self.rest;
            let argument = match self.quoted() {
                Some(text) => Some(text.to_owned()),
                None => match self.reference(evaluate)? {
                    Some(reference) => evaluate(reference)?,
                    None => None,
                },
            };
            let shown = start.split([')', '\n']).next().unwrap_or_default();
            arguments.push(argument.ok_or_else(|| refused(format_args!("the argument {shown}")))?);
            self.skip_blanks();
            if self.accept(")") {
                return Ok(arguments);
            }
            if !self.accept(",") {
                return Err(refused(format_args!("the argument {shown}")));
            }
        }
    }

    /// A text in quotes that means what it says: double quotes around references would be evaluated.
    fn quoted(&mut self) -> Option<&'t str> {
        let quote = self
            .rest
            .chars()
            .next()
            .filter(|quote| matches!(quote, '\'' | '"'))?;
        let (text, rest) = self.rest[1..].split_once(quote)?;
        if quote == '"' && text.contains(['$', '#']) {
            return None;
        }
        self.rest = rest;
        Some(text)
    }

    /// Skips the comment here, if there is one: to the end of its line, or between `#*` and `*#`.
    pub(super) fn skip_comment(&mut self) -> bool {
        let (open, close) = match self.rest {
            rest if rest.starts_with("##") => ("##", "\n"),
            rest if rest.starts_with("#*") => ("#*", "*#"),
            _ => return false,
        };
        let inner = &self.rest[open.len()..];
        self.rest = inner.split_once(close).map_or("", |(_, rest)| rest);
        true
    }

    /// The directive here, `#set` or `#{set}`; none when the `#` is just one, and then nothing is taken.
    pub(super) fn directive(&mut self) -> Option<&'t str> {
        let start = self.rest;
        self.accept("#");
        let is_braced = self.accept("{");
        let name = self.name();
        if DIRECTIVES.contains(&name) && (!is_braced || self.accept("}")) {
            return Some(name);
        }
        self.rest = start;
        None
    }

    /// The rest of a `#set`, if it sets a text or the value of a reference. The end of the line goes with it.
    pub(super) fn assignment(
        &mut self,
        evaluate: &mut Evaluate<'_>,
    ) -> Result<Option<Assignment<'t>>, Refused> {
        self.skip_blanks();
        if !self.accept("(") {
            return Ok(None);
        }
        self.skip_blanks();
        let Some(target) = self.target() else {
            return Ok(None);
        };
        self.skip_blanks();
        if !self.accept("=") {
            return Ok(None);
        }
        let Some(value) = self.operand(evaluate)? else {
            return Ok(None);
        };
        self.skip_blanks();
        if !self.accept(")") {
            return Ok(None);
        }
        self.skip_line_end();
        Ok(Some(Assignment { target, value }))
    }

    /// What a `#set` sets, without its dollar: a variable, or a member of one.
    fn target(&mut self) -> Option<&'t str> {
        self.accept("$").then_some(())?;
        let start = self.rest;
        loop {
            if self.name().is_empty() {
                return None;
            }
            let length = start.len() - self.rest.len();
            if !self.accept(".") {
                return Some(&start[..length]);
            }
        }
    }

    /// The rest of an `#if` or `#elseif` with comparisons of texts, joined by `&&` and `||`. The end of the line goes with it.
    pub(super) fn condition(
        &mut self,
        evaluate: &mut Evaluate<'_>,
    ) -> Result<Option<bool>, Refused> {
        self.skip_blanks();
        if !self.accept("(") {
            return Ok(None);
        }
        let (mut any, mut all) = (false, true);
        loop {
            // Velocity evaluates no comparison that can't change the result.
            let comparison = match any || !all {
                true => self.comparison(&mut unused)?,
                false => self.comparison(evaluate)?,
            };
            let Some(holds) = comparison else {
                return Ok(None);
            };
            all &= holds;
            self.skip_blanks();
            if self.accept("&&") {
                continue;
            }
            any |= all;
            if self.accept("||") {
                all = true;
                continue;
            }
            if !self.accept(")") {
                return Ok(None);
            }
            self.skip_line_end();
            return Ok(Some(any));
        }
    }

    /// Whether two texts are the same. An undefined one is not the same as any.
    fn comparison(&mut self, evaluate: &mut Evaluate<'_>) -> Result<Option<bool>, Refused> {
        let Some(left) = self.operand(evaluate)? else {
            return Ok(None);
        };
        self.skip_blanks();
        if !self.accept("==") {
            return Ok(None);
        }
        let Some(right) = self.operand(evaluate)? else {
            return Ok(None);
        };
        Ok(Some(left.is_some() && left == right))
    }

    /// A text in quotes or the value of a reference, which may be undefined.
    fn operand(&mut self, evaluate: &mut Evaluate<'_>) -> Result<Option<Option<String>>, Refused> {
        self.skip_blanks();
        if let Some(text) = self.quoted() {
            return Ok(Some(Some(text.to_owned())));
        }
        if !self.rest.starts_with('$') {
            return Ok(None);
        }
        let reference = self.reference(evaluate)?;
        reference.map(evaluate).transpose()
    }

    /// Skips the rest of the line if it is blank, as Velocity does behind a directive.
    pub(super) fn skip_line_end(&mut self) {
        let behind = self.rest.trim_start_matches([' ', '\t']);
        if let Some(rest) = behind
            .strip_prefix("\r\n")
            .or_else(|| behind.strip_prefix('\n'))
        {
            self.rest = rest;
        }
    }
}
