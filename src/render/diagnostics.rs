//! Diagnostics as people read them: the line of the file, a caret under the culprit, and what to do next.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::stack::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::stack::source::{Source, SourceFile};

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to colour by ANSI codes.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// All diagnostics, an empty line between each, with a newline at the end; empty for none.
pub fn text(diagnostics: &Diagnostics, style: Style) -> String {
    let rendered: Vec<_> = diagnostics
        .list()
        .iter()
        .map(|diagnostic| one(diagnostics.source(), diagnostic, style) + "\n")
        .collect();
    rendered.join("\n")
}

/// How many of each: `2 errors and 1 warning`.
pub fn count(diagnostics: &Diagnostics) -> String {
    let of = |severity, word: &str| {
        let number = diagnostics
            .list()
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count();
        match number {
            0 => None,
            1 => Some(format!("1 {word}")),
            _ => Some(format!("{number} {word}s")),
        }
    };
    let counts: Vec<_> = [
        of(Severity::Error, "error"),
        of(Severity::Warning, "warning"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if counts.is_empty() {
        "no errors".to_owned()
    } else {
        counts.join(" and ")
    }
}

fn one(source: &Source, diagnostic: &Diagnostic, style: Style) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let head = format!(
        "{}[{}]: ",
        level_name(diagnostic.severity),
        diagnostic.code.number()
    )
    .len();
    let title = wrap(&diagnostic.message, style.width.saturating_sub(head));
    let mut report = Group::with_title(level.primary_title(title).id(diagnostic.code.number()));
    // One snippet for each file, the culprit's first.
    let mut files: Vec<&SourceFile> = Vec::new();
    for label in &diagnostic.labels {
        let file = source.file(&label.range());
        if !files.iter().any(|known| std::ptr::eq(*known, file)) {
            files.push(file);
        }
    }
    for file in &files {
        let labels = diagnostic.labels.iter().enumerate();
        let annotations = labels
            .filter(|(_, label)| std::ptr::eq(source.file(&label.range()), *file))
            .map(|(index, label)| {
                let kind = if index == 0 {
                    AnnotationKind::Primary
                } else {
                    AnnotationKind::Context
                };
                let text = (!label.text.is_empty()).then(|| label.text.clone());
                kind.span(file.within(&label.range())).label(text)
            });
        report = report.element(
            Snippet::source(file.text())
                .path(file.path().display().to_string())
                .annotations(annotations),
        );
    }
    if let Some(help) = &diagnostic.help {
        // Under a snippet the hint stands behind the line numbers' gutter and `= hint: `.
        let lines = files.iter().map(|file| file.text().lines().count());
        let last_line = lines.max().unwrap_or(1).max(1).to_string().len();
        let hint = wrap(
            help,
            style.width.saturating_sub(last_line + " = hint: ".len()),
        );
        report = report.element(Level::HELP.with_name("hint").message(hint));
    }
    let renderer = if style.colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.term_width(style.width).render(&[report])
}

fn level_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Breaks at spaces so that no line is longer than `width`, except for a word that is. A piece in backticks is one word.
fn wrap(text: &str, width: usize) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut quoted = false;
    for part in text.split(' ') {
        match words.last_mut() {
            Some(word) if quoted => {
                word.push(' ');
                word.push_str(part);
            }
            _ => words.push(part.to_owned()),
        }
        quoted ^= part.matches('`').count() % 2 == 1;
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::diagnostic::Code;

    const PLAIN: Style = Style {
        colour: false,
        width: 80,
    };

    fn two() -> Diagnostics {
        let source = Source::new("stack.toml", "[api]\nstage = \"prod\"\n\n[plans.a]\n");
        let help = "this is a hint of so many words that it can't stand on one line of a terminal with 80 columns";
        let error = Diagnostic::error(Code::BadName, "stage `prod` is refused")
            .label(14..20, "this")
            .help(help);
        let warning = Diagnostic::warning(Code::NoEffect, "nobody is on it")
            .at(29..30)
            .label(0..5, "nor here");
        Diagnostics::new(source, vec![error, warning])
    }

    #[test]
    fn a_caret_stands_under_the_culprit() {
        insta::assert_snapshot!(text(&two(), PLAIN), @r#"
        error[GS012]: stage `prod` is refused
         --> stack.toml:2:9
          |
        2 | stage = "prod"
          |         ^^^^^^ this
          |
          = hint: this is a hint of so many words that it can't stand on one line of a
                  terminal with 80 columns

        warning[GS029]: nobody is on it
         --> stack.toml:4:8
          |
        1 | [api]
          | ----- nor here
        ...
        4 | [plans.a]
          |        ^
        "#);
    }

    #[test]
    fn what_stands_in_no_file_has_no_line() {
        let list =
            vec![Diagnostic::error(Code::UnknownVariable, "no such variable").help("add it")];
        insta::assert_snapshot!(text(&Diagnostics::new(Source::new("a", ""), list), PLAIN), @r"
        error[GS007]: no such variable
         |
         = hint: add it
        ");
    }

    #[test]
    fn colour_is_a_flag() {
        assert!(!text(&two(), PLAIN).contains('\u{1b}'));
        assert!(
            text(
                &two(),
                Style {
                    colour: true,
                    width: 80
                }
            )
            .contains('\u{1b}')
        );
    }

    #[test]
    fn they_are_counted() {
        assert_eq!(count(&two()), "1 error and 1 warning");
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        for width in [40, 60, 80] {
            let text = text(
                &two(),
                Style {
                    colour: false,
                    width,
                },
            );
            assert!(
                text.lines().all(|line| line.chars().count() <= width),
                "{width}:\n{text}"
            );
        }
    }
}
