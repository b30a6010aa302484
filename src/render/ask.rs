//! Questions to a person at a terminal.

use inquire::{Confirm, InquireError, Text};

/// What a person said to a question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer<T> {
    /// An answer.
    Said(T),
    /// Escape, or the end of the input.
    Nothing,
    /// Ctrl-C.
    Interrupted,
}

/// A question to which no answer means no.
pub(crate) fn yes_or_no(question: &str) -> Answer<bool> {
    answer(Confirm::new(question).with_default(false).prompt())
}

/// A question that is answered by typing a text.
pub(crate) fn typed(question: &str, help: &str) -> Answer<String> {
    answer(Text::new(question).with_help_message(help).prompt())
}

fn answer<T>(answer: Result<T, InquireError>) -> Answer<T> {
    match answer {
        Ok(answer) => Answer::Said(answer),
        Err(InquireError::OperationInterrupted) => Answer::Interrupted,
        Err(_) => Answer::Nothing,
    }
}
