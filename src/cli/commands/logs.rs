use clap::builder::NonEmptyStringValueParser;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::cli::opening::open;
use crate::engine::{FirstLook, Invocation, Logged, Logs, Purpose, Silent, log_sources, runtime};
use crate::error::{Error, Exit};
use crate::model::{HumanDuration, Place};
use crate::render::logs::{LogLine, View};
use crate::render::{Ui, json, listed};

/// Show what functions log, or the API's access logs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack logs hello
  gatestack logs GET /hello --follow
  gatestack logs --since 2h --filter 'Task timed out'
  gatestack --local logs hello --follow

A route's logs are those of its function, or else the access logs of its stage.
Without a name, the logs of all functions are shown.")]
pub(crate) struct Args {
    /// A function, or a route: hello, GET /hello
    #[arg(value_name = "FUNCTION|ROUTE", num_args = 0..=2)]
    of: Vec<String>,
    /// Show new lines as they come, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// Begin TIME ago, as in 30s, 10m, 2h, 7d
    #[arg(long, value_name = "TIME", default_value = "10m")]
    since: HumanDuration,
    /// Show only lines that contain TERM, in the same case
    #[arg(long, value_name = "TERM", value_parser = NonEmptyStringValueParser::new())]
    filter: Option<String>,
    /// Print JSON lines
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        if self.json {
            ui.begin_json_lines();
        }
        runtime(invocation.local)?.block_on(self.read(invocation, ui))
    }

    async fn read(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let session = open(invocation, &[], Purpose::Find, FirstLook::WhenAsked, ui).await?;
        let named = self.of.join(" ");
        let named = Some(named.as_str()).filter(|named| !named.is_empty());
        let sources = log_sources(&session.desired, named)?;
        let view = View {
            named: sources.len() > 1,
            dated: self.since.as_secs() >= 86_400,
            zone: TimeZone::system(),
        };
        let addresses: Vec<String> = sources.iter().map(|it| it.address.to_string()).collect();
        let back = i64::try_from(self.since.as_millis()).unwrap_or(i64::MAX);
        let since = Timestamp::now().saturating_sub(SignedDuration::from_millis(back));
        let since = since
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .max(Timestamp::UNIX_EPOCH);
        let mut logs = Logs::since(&session, sources, since, self.filter.clone());
        let first = logs.next(ui).await?;
        self.print(&first, &view, ui);
        let only_access_logs = addresses == [Place::AccessLogs.address().to_string()];
        if first.is_empty() && only_access_logs && session.is_local() {
            ui.remark(
                "The local AWS writes no access logs; on AWS, each call is a line of them.\n",
            );
        } else if first.is_empty() && !self.json {
            let of = listed(&addresses);
            let since = self.since;
            ui.remark(&format!("No lines of {of} in the last {since}.\n"));
        }
        if !self.follow {
            return Ok(Exit::Success);
        }
        loop {
            logs.wait().await;
            let new = logs.next(&mut Silent).await?;
            self.print(&new, &view, ui);
        }
    }

    fn print(&self, lines: &[Logged], view: &View, ui: &mut Ui) {
        for line in lines {
            ui.print(&match self.json {
                true => json::compact(&LogLine::of(line)),
                false => view.line(line),
            });
        }
    }
}
