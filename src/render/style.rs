//! Colours. Rendered text always contains them; [`Ui`](super::Ui) removes them if they are not wanted.

use anstyle::{AnsiColor, Style};

pub(crate) const CREATE: Style = AnsiColor::Green.on_default();
pub(crate) const UPDATE: Style = AnsiColor::Yellow.on_default();
pub(crate) const REPLACE: Style = AnsiColor::Magenta.on_default();
pub(crate) const DELETE: Style = AnsiColor::Red.on_default();
pub(crate) const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const NOTE: Style = AnsiColor::BrightBlue.on_default().bold();
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();
pub(crate) const STRONG: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();

/// The text in this style.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
