//! The head of a response, as in `curl -i`, and notes on a call.

use http::Response;

use super::layout::behind;
use super::style::{WARNING, paint};

/// The status line and the headers, with the empty line that ends them.
pub(crate) fn head<T>(answer: &Response<T>) -> String {
    let status = answer.status();
    let reason = status.canonical_reason();
    let reason = reason
        .map(|reason| format!(" {reason}"))
        .unwrap_or_default();
    let mut text = format!("HTTP/1.1 {}{reason}\n", status.as_str());
    for (name, value) in answer.headers() {
        text.push_str(&format!(
            "{name}: {}\n",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    text + "\n"
}

/// A note on what was called.
pub(crate) fn note(words: &str, width: usize) -> String {
    behind(&paint(WARNING, "note:"), "note:".len(), words, 2, width)
}
