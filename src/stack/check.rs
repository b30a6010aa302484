//! AWS's rules and contradictions, judged over the typed file.

use super::file::File;
use super::findings::Findings;
use super::spans::Spans;

/// Judges everything that is intact.
pub(super) fn check(_file: &File, _spans: &Spans, _findings: &mut Findings) {}
