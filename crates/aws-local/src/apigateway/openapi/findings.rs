//! What an import finds wrong: errors, which discard it, and warnings.

use std::fmt::Display;

use super::super::super::operation::Refusal;
use super::super::refusals::bad_request;

/// Errors and warnings in the order of the document.
#[derive(Debug, Default)]
pub(super) struct Findings {
    errors: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    pub(super) fn error(&mut self, error: impl Into<String>) {
        self.errors.push(error.into());
    }

    /// What was made, if it was not refused: a refusal becomes an error after `what`, such as `Unable to create …`. A quota that is
    /// reached and what the local AWS does not have end the import at once.
    pub(super) fn made<T>(
        &mut self,
        what: impl Display,
        made: Result<T, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        match made {
            Ok(made) => Ok(Some(made)),
            Err(refusal) if [400, 404, 409].contains(&refusal.status) => {
                self.error(format!("{what}: {}", refusal.message));
                Ok(None)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// The warnings, unless there are errors or warnings are refused.
    ///
    /// Source: the frame is in ustayready/fireprox#37 and edx/api-manager#259.
    pub(super) fn outcome(self, fails_on_warnings: bool) -> Result<Vec<String>, Refusal> {
        let framed = |kind: &str, lines: &[String]| {
            let lines = lines.join("\n\t");
            Err(bad_request(format!(
                "{kind} found during import:\n\t{lines}"
            )))
        };
        match () {
            () if !self.errors.is_empty() => framed("Errors", &self.errors),
            () if fails_on_warnings && !self.warnings.is_empty() => {
                framed("Warnings", &self.warnings)
            }
            () => Ok(self.warnings),
        }
    }
}
