//! Questions on a terminal.

use std::io::ErrorKind;

use console::Term;
use inquire::validator::Validation;
use inquire::{CustomUserError, InquireError, Text};

/// The answer to a question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer<T> {
    /// An answer.
    Said(T),
    /// Escape, or the end of the input.
    Nothing,
    /// Ctrl-C.
    Interrupted,
}

/// A question to which everything but yes means no.
pub(crate) fn yes_or_no(question: &str) -> Answer<bool> {
    match prompt(Text::new(&format!("{question} (y/N)"))) {
        Answer::Said(text) => Answer::Said(is_yes(&text)),
        Answer::Nothing => Answer::Nothing,
        Answer::Interrupted => Answer::Interrupted,
    }
}

fn is_yes(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "y" | "yes")
}

/// A question that is answered by typing a text.
pub(crate) fn typed(question: &str, help: &str) -> Answer<String> {
    prompt(Text::new(question).with_help_message(help))
}

/// The same with a default, until `wrong` finds nothing to say about the answer.
pub(crate) fn typed_or(
    question: &str,
    default: &str,
    help: &str,
    wrong: impl Fn(&str) -> Option<String> + Clone,
) -> Answer<String> {
    let mut text = Text::new(question)
        .with_default(default)
        .with_validator(move |answer: &str| {
            Ok(match wrong(answer) {
                Some(wrong) => Validation::Invalid(wrong.into()),
                None => Validation::Valid,
            })
        });
    if !help.is_empty() {
        text = text.with_help_message(help);
    }
    prompt(text)
}

fn prompt(question: Text<'_, '_>) -> Answer<String> {
    match question.with_autocomplete(end_of_input).prompt() {
        Ok(answer) => Answer::Said(answer),
        Err(InquireError::OperationCanceled) => Answer::Nothing,
        Err(error) => {
            // Otherwise what inquire leaves on the screen would run into the next line; a closed terminal is no error.
            let _ = Term::stderr().clear_to_end_of_screen();
            match error {
                InquireError::OperationInterrupted => Answer::Interrupted,
                // Ctrl-C where the process listens for the signal.
                InquireError::IO(error) if error.kind() == ErrorKind::Interrupted => {
                    Answer::Interrupted
                }
                _ => Answer::Nothing,
            }
        }
    }
}

/// Ctrl-D arrives as a character of the answer, and its suggestions are the only place that sees each one.
fn end_of_input(typed: &str) -> Result<Vec<String>, CustomUserError> {
    const END_OF_TRANSMISSION: char = '\u{4}';
    if typed.contains(END_OF_TRANSMISSION) {
        return Err("the end of the input".into());
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        assert!(["y", "Y", " yes "].into_iter().all(is_yes));
        assert!(!["", "n", "no", "yy", "maybe"].into_iter().any(is_yes));
    }

    #[test]
    fn ctrl_d_ends_a_question() {
        assert!(end_of_input("partners.acme").is_ok());
        assert!(end_of_input("part\u{4}").is_err());
    }
}
