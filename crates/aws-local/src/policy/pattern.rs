//! Patterns with `*`, `?` and policy variables.

use super::Context;

/// A pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// `*`: any characters, or none.
    Any,
    /// `?`: one character.
    One,
    Is(char),
}

impl Pattern {
    /// A pattern without variables.
    pub(super) fn plain(text: &str) -> Self {
        Self(text.chars().map(Part::of).collect())
    }

    /// A pattern whose variables (`${aws:SourceIp}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`) are replaced by their values, in which `*` and
    /// `?` stand for themselves. None if a variable has no value: then the pattern matches nothing.
    pub(super) fn with_variables(text: &str, context: &Context) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            let Some((name, behind)) = behind.split_once('}') else {
                break;
            };
            parts.extend(before.chars().map(Part::of));
            let value = match name {
                "*" | "?" | "$" => name,
                name => value(name, context)?,
            };
            parts.extend(value.chars().map(Part::Is));
            rest = behind;
        }
        parts.extend(rest.chars().map(Part::of));
        Some(Self(parts))
    }

    /// Whether it matches the whole of a text.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut part, mut at) = (0, 0);
        // Where the last `*` is, and what it has taken up to.
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.0.get(part) {
                Some(Part::Any) => {
                    star = Some((part, at));
                    part += 1;
                }
                Some(Part::One) => (part, at) = (part + 1, at + 1),
                Some(Part::Is(wanted)) if *wanted == text[at] => (part, at) = (part + 1, at + 1),
                _ => {
                    let Some((any, taken)) = star else {
                        return false;
                    };
                    star = Some((any, taken + 1));
                    (part, at) = (any + 1, taken + 1);
                }
            }
        }
        self.0[part..].iter().all(|part| *part == Part::Any)
    }

    /// Whether it matches an ARN: each of its six parts for itself. A lone `*` is every ARN.
    pub(super) fn matches_arn(&self, text: &str) -> bool {
        let parts: Vec<_> = self.0.splitn(6, |part| *part == Part::Is(':')).collect();
        let texts: Vec<_> = text.splitn(6, ':').collect();
        if self.0 == [Part::Any] {
            return texts.len() == 6;
        }
        parts.len() == 6
            && texts.len() == 6
            && parts
                .iter()
                .zip(texts)
                .all(|(part, text)| Self(part.to_vec()).matches(text))
    }
}

impl Part {
    fn of(character: char) -> Self {
        match character {
            '*' => Self::Any,
            '?' => Self::One,
            other => Self::Is(other),
        }
    }
}

/// A variable's value, or its default.
fn value<'v>(name: &'v str, context: &'v Context) -> Option<&'v str> {
    let (key, default) = match name.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
        None => (name.trim(), None),
    };
    match context.get(key) {
        // One with several values can't be a variable.
        Some([value]) => Some(value),
        Some(_) => None,
        None => default,
    }
}
