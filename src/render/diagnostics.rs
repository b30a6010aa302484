//! Diagnostics with the line of the file, carets, and what to do next.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::stack::LeftOut;
use crate::stack::diagnostic::{Diagnostic, Diagnostics, Label, Severity};
use crate::stack::source::{Source, SourceFile};

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to colour by ANSI codes.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// A longer file is shown in excerpts, since the renderer reads all of its source.
const WHOLE: usize = 64 << 10;

/// The most bytes of an excerpt, and of its line before a caret.
const EXCERPT: usize = 1 << 10;

/// All diagnostics, an empty line between each, with a newline at the end; empty for none.
pub fn text(diagnostics: &Diagnostics, style: Style) -> String {
    let rendered = diagnostics
        .list()
        .iter()
        .map(|diagnostic| one(diagnostics.source(), diagnostic, style) + "\n");
    let left_out = left_out(diagnostics).map(|more| more + "\n");
    rendered.chain(left_out).collect::<Vec<_>>().join("\n")
}

/// How many of each: `2 errors and 1 warning`.
pub fn count(diagnostics: &Diagnostics) -> String {
    let (errors, warnings) = diagnostics.counted();
    numbers(errors, warnings, "").unwrap_or_else(|| "no errors".to_owned())
}

/// `and 12 more errors`, where there are more than are shown.
pub fn left_out(diagnostics: &Diagnostics) -> Option<String> {
    let LeftOut { errors, warnings } = diagnostics.left_out();
    numbers(errors, warnings, "more ").map(|numbers| format!("and {numbers}"))
}

fn numbers(errors: usize, warnings: usize, more: &str) -> Option<String> {
    let of = |number, word: &str| match number {
        0 => None,
        1 => Some(format!("1 {more}{word}")),
        _ => Some(format!("{number} {more}{word}s")),
    };
    let counts: Vec<_> = [of(errors, "error"), of(warnings, "warning")]
        .into_iter()
        .flatten()
        .collect();
    (!counts.is_empty()).then(|| counts.join(" and "))
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
    // One snippet for each file, the one with the error first.
    let mut files: Vec<&SourceFile> = Vec::new();
    for label in &diagnostic.labels {
        let file = source.file(&label.range());
        if !files.iter().any(|known| std::ptr::eq(*known, file)) {
            files.push(file);
        }
    }
    let kind = |index| match index {
        0 => AnnotationKind::Primary,
        _ => AnnotationKind::Context,
    };
    for file in &files {
        let labels = diagnostic.labels.iter().enumerate();
        let labels = labels.filter(|(_, label)| std::ptr::eq(source.file(&label.range()), *file));
        if diagnostic.unseen {
            for (_, label) in labels {
                report = place(report, file, label);
            }
            continue;
        }
        if file.text().len() > WHOLE {
            for (index, label) in labels {
                report = excerpt(report, file, label, kind(index));
            }
            continue;
        }
        let annotations = labels.map(|(index, label)| {
            let text = (!label.text.is_empty()).then(|| label.text.clone());
            kind(index).span(file.within(&label.range())).label(text)
        });
        report = report.element(
            Snippet::source(file.text())
                .path(file.path().display().to_string())
                .annotations(annotations),
        );
    }
    if let Some(help) = &diagnostic.help {
        // Under a snippet the hint comes after the line numbers' gutter and `= hint: `.
        let lines = files.iter().map(|file| file.lines());
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

/// Only the place of a label.
fn place<'r>(report: Group<'r>, file: &'r SourceFile, label: &Label) -> Group<'r> {
    let (line, column) = file.position(file.within(&label.range()).start);
    let path = file.path().display().to_string();
    report.element(Origin::path(path).line(line).char_column(column))
}

/// Only the line of a label, with a caret if there is room.
fn excerpt<'r>(
    report: Group<'r>,
    file: &'r SourceFile,
    label: &Label,
    kind: AnnotationKind,
) -> Group<'r> {
    let text = file.text();
    let span = file.within(&label.range());
    let (line, _) = file.position(span.start);
    let start = text[..span.start.min(text.len())]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    if span.start - start > EXCERPT {
        return place(report, file, label);
    }
    let mut end = text.len().min(start + 2 * EXCERPT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let first_line = text[start..end]
        .find('\n')
        .map_or(end, |length| start + length);
    let annotation = kind
        .span(span.start - start..span.end.clamp(span.start, first_line.max(span.start)) - start)
        .label((!label.text.is_empty()).then(|| label.text.clone()));
    report.element(
        Snippet::source(&text[start..first_line])
            .line_start(line)
            .path(file.path().display().to_string())
            .annotation(annotation),
    )
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
mod golden;
#[cfg(test)]
mod preflight;
#[cfg(test)]
mod secrets;

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
    fn of_a_large_file_the_line_alone_is_read() {
        let comment = "# a comment\n".repeat(10_000);
        let long = format!("long = \"{}\"\n", "ü".repeat(40_000));
        let text_of_file = format!("{comment}[api]\nstage = \"prod\"\n{long}[plans]\n");
        let at = |needle: &str| text_of_file.find(needle).unwrap();
        let (stage, value) = (at("\"prod\""), at("\"ü"));
        let (far, whole) = (value + 60_001, value..at("\n[plans]"));
        let of = |span: std::ops::Range<usize>| {
            let source = Source::new("stack.toml", text_of_file.clone());
            let error = Diagnostic::error(Code::BadName, "it is refused").at(span);
            text(&Diagnostics::new(source, vec![error]), PLAIN)
        };
        insta::assert_snapshot!(of(stage..stage + 6), @r#"
        error[GS012]: it is refused
             --> stack.toml:10002:9
              |
        10002 | stage = "prod"
              |         ^^^^^^
        "#);
        let without_line = of(far..far + 2);
        assert!(
            without_line.contains("--> stack.toml:10003:30009\n"),
            "{without_line}"
        );
        assert!(of(whole).len() < 2_000);
        let end = text_of_file.len();
        assert!(
            of(end..end).contains("stack.toml:10005:1"),
            "{}",
            of(end..end)
        );
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let errors = (0..70).map(|n| Diagnostic::error(Code::BadName, format!("{n}")).at(0..1));
        let told = Diagnostics::new(Source::new("a", "a"), errors.collect());
        let shown = text(&told, PLAIN);
        assert!(shown.ends_with("\n\nand 20 more errors\n"), "{shown}");
        assert_eq!(shown.matches("error[").count(), 50);
        assert_eq!(count(&told), "70 errors");
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
