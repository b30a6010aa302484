use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anstream::adapter::strip_str;

use super::json;
use super::progress::Progress;
use super::waiting::Waiting;

/// The output options, before the streams are known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// `--color`.
    pub colour: Colour,
    /// `-q`: no progress, no remarks.
    pub quiet: bool,
    /// `--no-progress`.
    pub no_progress: bool,
    /// `--no-input`, or the standard input is taken.
    pub no_input: bool,
    /// `-v`, counted.
    pub verbosity: u8,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Colour {
    /// Colour terminals, unless the environment says otherwise.
    #[default]
    Auto,
    /// Colour files and pipes too.
    Always,
    /// Never colour.
    Never,
}

/// A command's output: results on stdout, everything else on stderr.
///
/// Text contains colours, which are removed here if not wanted. A closed pipe is no error.
pub struct Ui {
    out: Stream,
    err: Stream,
    width: usize,
    quiet: bool,
    verbosity: u8,
    asks: bool,
    progress: ProgressMode,
    json_lines: bool,
    terminal: bool,
    /// What the engine waits for.
    pub(super) waiting: Option<Waiting>,
    /// The plan that the engine carries out.
    pub(super) running: Option<Progress>,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ProgressMode {
    /// Not at all.
    None,
    /// One line for each event.
    Lines,
    /// Bars that move.
    Bars,
}

struct Stream {
    writer: Box<dyn Write>,
    colour: bool,
    failed: Option<io::Error>,
}

impl Stream {
    fn write(&mut self, text: &str) {
        if self.colour {
            self.write_bytes(text.as_bytes());
        } else {
            self.write_bytes(strip_str(text).to_string().as_bytes());
        }
    }

    fn write_bytes(&mut self, bytes: &[u8]) {
        let written = self.writer.write_all(bytes);
        if let Err(error) = written.and_then(|()| self.writer.flush())
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.failed = Some(error);
        }
    }
}

impl Ui {
    /// The process's own streams.
    pub fn of_process(wishes: Wishes) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let coloured = |terminal| coloured(wishes.colour, terminal, &variable);
        console::set_colors_enabled(coloured(out));
        console::set_colors_enabled_stderr(coloured(err));
        let moves =
            err && variable("CI").is_none() && variable("TERM").is_none_or(|term| term != "dumb");
        let progress = match () {
            () if wishes.quiet || wishes.no_progress => ProgressMode::None,
            // Log lines would tear the bars apart.
            () if moves && wishes.verbosity < 2 => ProgressMode::Bars,
            () => ProgressMode::Lines,
        };
        let columns = console::Term::stdout()
            .size_checked()
            .filter(|_| out)
            .map(|(_, columns)| usize::from(columns));
        Self {
            out: Stream {
                writer: Box::new(io::stdout()),
                colour: coloured(out),
                failed: None,
            },
            err: Stream {
                writer: Box::new(io::stderr()),
                colour: coloured(err),
                failed: None,
            },
            width: columns.unwrap_or(DEFAULT_WIDTH).clamp(40, 120),
            quiet: wishes.quiet,
            verbosity: wishes.verbosity,
            asks: !wishes.no_input && err && io::stdin().is_terminal(),
            progress,
            json_lines: false,
            terminal: out,
            waiting: None,
            running: None,
        }
    }

    /// Captured streams: without colour, 80 columns wide, non-interactive.
    pub fn captured() -> (Self, Captured) {
        let captured = Captured::default();
        let stream = |kept: &Kept| Stream {
            writer: Box::new(kept.clone()),
            colour: false,
            failed: None,
        };
        let ui = Self {
            out: stream(&captured.out),
            err: stream(&captured.err),
            width: DEFAULT_WIDTH,
            quiet: false,
            verbosity: 0,
            asks: false,
            progress: ProgressMode::Lines,
            json_lines: false,
            terminal: false,
            waiting: None,
            running: None,
        };
        (ui, captured)
    }

    /// Writes a result.
    pub fn print(&mut self, text: &str) {
        self.out.write(text);
    }

    /// Prints results as JSON lines from now on, of which this writes the first.
    pub(crate) fn begin_json_lines(&mut self) {
        self.json_lines = true;
        self.print(&json::line(&json::Line::Around(json::version())));
    }

    /// Whether results are JSON lines, which may include events.
    pub(crate) fn prints_json_lines(&self) -> bool {
        self.json_lines
    }

    /// Writes bytes from outside as a result, unchanged; on a terminal their last line is ended. Returns whether the cursor is at
    /// the start of a line then.
    pub fn pass_on(&mut self, bytes: &[u8]) -> bool {
        self.out.write_bytes(bytes);
        let ended = bytes.last().is_none_or(|last| *last == b'\n');
        if !ended && self.terminal {
            self.out.write_bytes(b"\n");
        }
        ended || self.terminal
    }

    /// Prints a remark on stderr, unless `-q` is given.
    pub fn remark(&mut self, text: &str) {
        if !self.quiet {
            self.err.write(text);
        }
    }

    /// Says what went wrong.
    pub fn complain(&mut self, text: &str) {
        self.err.write(text);
    }

    /// Columns to fill.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether only results and errors are printed.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// How many `-v` there were.
    pub fn verbosity(&self) -> u8 {
        self.verbosity
    }

    /// Whether questions can be asked.
    pub fn asks(&self) -> bool {
        self.asks
    }

    /// How to format diagnostics of the stack file on stderr.
    pub(crate) fn diagnostics_style(&self) -> super::diagnostics::Style {
        super::diagnostics::Style {
            colour: self.err.colour,
            width: self.width,
        }
    }

    /// How to show progress on stderr.
    pub(crate) fn progress(&self) -> ProgressMode {
        self.progress
    }

    /// Whether something on the terminal may move.
    pub(crate) fn moves(&self) -> bool {
        self.progress == ProgressMode::Bars
    }

    /// Whether the standard error shows colours.
    pub(crate) fn colours_errors(&self) -> bool {
        self.err.colour
    }

    /// The first write that failed for another reason than a closed pipe.
    pub fn failure(&mut self) -> Option<io::Error> {
        self.out.failed.take().or_else(|| self.err.failed.take())
    }
}

const DEFAULT_WIDTH: usize = 80;

/// `--color` before NO_COLOR before CLICOLOR_FORCE and FORCE_COLOR before TERM=dumb before the stream itself.
pub(crate) fn coloured(
    wish: Colour,
    terminal: bool,
    variable: &dyn Fn(&str) -> Option<String>,
) -> bool {
    let forced = |name| variable(name).is_some_and(|value| value != "0");
    match wish {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if variable("NO_COLOR").is_some() => false,
        Colour::Auto if forced("CLICOLOR_FORCE") || forced("FORCE_COLOR") => true,
        Colour::Auto if variable("TERM").is_some_and(|term| term == "dumb") => false,
        Colour::Auto => terminal,
    }
}

/// What a captured [`Ui`] was told.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    out: Kept,
    err: Kept,
}

impl Captured {
    /// The results.
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// Everything else.
    pub fn err(&self) -> String {
        self.err.text()
    }
}

#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::style::{ERROR, paint};

    fn with(wish: Colour, terminal: bool, variables: &[(&str, &str)]) -> bool {
        coloured(wish, terminal, &|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colour_is_decided_in_order() {
        assert!(with(Colour::Auto, true, &[]));
        assert!(!with(Colour::Auto, false, &[]));
        assert!(!with(
            Colour::Auto,
            true,
            &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")]
        ));
        assert!(with(Colour::Always, false, &[("NO_COLOR", "1")]));
        assert!(with(
            Colour::Auto,
            false,
            &[("FORCE_COLOR", "1"), ("TERM", "dumb")]
        ));
        assert!(!with(Colour::Auto, true, &[("TERM", "dumb")]));
        assert!(!with(Colour::Auto, false, &[("CLICOLOR_FORCE", "0")]));
    }

    #[test]
    fn what_is_captured_has_no_colour() {
        let (mut ui, captured) = Ui::captured();
        ui.print(&paint(ERROR, "x"));
        ui.complain("y");
        assert_eq!((captured.out(), captured.err()), ("x".into(), "y".into()));
    }

    #[test]
    fn what_is_passed_on_is_not_touched() {
        let (mut ui, captured) = Ui::captured();
        let bytes = [0x1b, b'[', b'1', b'm', 0xff, 0, b'\r'];
        assert!(!ui.pass_on(&bytes));
        assert_eq!(*captured.out.0.lock().unwrap(), bytes);
    }

    #[test]
    fn what_is_passed_on_ends_its_line_on_a_terminal_only() {
        for (terminal, bytes, written) in [
            (true, "a", "a\n"),
            (true, "a\n", "a\n"),
            (true, "", ""),
            (false, "a", "a"),
        ] {
            let (mut ui, captured) = Ui::captured();
            ui.terminal = terminal;
            let ended = ui.pass_on(bytes.as_bytes());
            assert_eq!(captured.out(), written);
            assert_eq!(ended, written.is_empty() || written.ends_with('\n'));
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        struct Gone(io::ErrorKind);
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (mut ui, _) = Ui::captured();
        ui.out.writer = Box::new(Gone(io::ErrorKind::BrokenPipe));
        ui.print("x");
        assert!(ui.failure().is_none());
        ui.out.writer = Box::new(Gone(io::ErrorKind::StorageFull));
        ui.print("x");
        assert!(ui.failure().is_some());
    }
}
