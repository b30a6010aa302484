//! The stack on localhost: the local AWS with the stack applied, its data plane on a port, applied again whenever a file changes.
//!
//! One thread serves; this one applies and prints, so that log lines don't mix. An apply runs like `--local apply`, on a runtime
//! with paused time, while requests are served in real time. Both use the state file of `--local`, so every other command with
//! `--local` has the same AWS, and credentials are kept.

mod applied;
mod watch;

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::tz::TimeZone;

use crate::cli::backends::Backends;
use crate::cli::listen::{self, Listen};
use crate::cli::signals::Signals;
use crate::engine::{Invocation, StandIn, local_service, runtime};
use crate::error::{Error, Exit, Fault};
use crate::render::dev::{self as show, DevLine};
use crate::render::json;
use crate::render::lock::state_is_held;
use crate::render::{self, Ui};
use applied::{Applied, apply};
use aws_local::{
    DataPlane, DataPlaneOptions, FunctionLine, FunctionWatcher, OwnHosts, Seen, WrittenBy,
};
use watch::{Files, Watch};

/// How long files must be unchanged before they are read: an editor writes in several steps.
const STILL: Duration = Duration::from_millis(200);

/// Serve the stack on this machine, and follow its file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack dev
  gatestack dev --backend 8080
  gatestack dev --listen 127.0.0.1:0 --map 10.7.1.10:8080=127.0.0.1:9000

It applies the stack to the local AWS, serves tokens and routes, and applies it
again whenever the file changes. What a change deletes is deleted without
asking. Other commands reach the same AWS with --local, or by --endpoint-url.")]
pub(crate) struct Args {
    #[command(flatten)]
    listen: Listen,
    #[command(flatten)]
    backends: Backends,
    /// Call no other machine: a stand-in answers for it
    #[arg(long)]
    no_real_backends: bool,
    /// Print JSON lines: the URL, reloads, requests
    #[arg(long)]
    pub(super) json: bool,
}

/// An event for the printing thread.
pub(super) enum Event {
    /// A request was answered.
    Seen(Box<Seen>),
    /// A function wrote a line.
    Wrote(Box<FunctionLine>),
    /// A file may have changed.
    Touched,
    /// Serving has ended.
    Ended(io::Result<()>),
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let invocation = &invocation.on_the_local_aws();
        if self.json {
            ui.begin_json_lines();
        }
        let (listener, own_hosts) = self.listen.bind()?;
        let files = Files::of(invocation);
        let applied = apply(invocation, ui)?;
        if !applied.failures().is_empty() {
            self.refuse(&applied, ui);
            return Ok(Exit::Failure);
        }
        let (tell, events) = mpsc::channel();
        let watch = Watch::start(&files, tell.clone())?;
        let failed = |error| Fault::io(anyhow::Error::new(error).context("can't serve"));
        let address = listener.local_addr().map_err(failed)?;
        self.serve(invocation, &applied, (listener, own_hosts), tell)?;
        let mut dev = Dev {
            args: self,
            invocation,
            ui,
            callers: applied.callers(),
            account: applied.account().to_owned(),
            files,
            watch,
            zone: TimeZone::system(),
        };
        dev.show(&applied, &format!("http://{address}"));
        listen::remark_remote(&address, dev.ui);
        dev.run(&events)
    }

    /// Reports what the first apply could not do: an incomplete stack is not served.
    fn refuse(&self, applied: &Applied, ui: &mut Ui) {
        if self.json {
            ui.print(&applied.failed());
        } else {
            ui.complain(&show::failures(applied.failures(), ui.width()));
        }
    }

    /// Serves on a separate thread until a signal comes.
    fn serve(
        &self,
        invocation: &Invocation,
        applied: &Applied,
        (listener, own_hosts): (TcpListener, OwnHosts),
        tell: Sender<Event>,
    ) -> Result<(), Error> {
        let failed = |error| Fault::io(anyhow::Error::new(error).context("can't serve"));
        let service = local_service(invocation, Some(applied.account()), Some(state_is_held))?;
        let (seen, wrote) = (tell.clone(), tell.clone());
        let runtime = runtime(false)?;
        let stand_in = match self.no_real_backends {
            true => Some(runtime.block_on(StandIn::start())?),
            false => None,
        };
        let plane = DataPlane::new(
            service,
            DataPlaneOptions {
                // At the end of the process the receiver is closed.
                tell: Some(Arc::new(move |one: &Seen| {
                    let _ = seen.send(Event::Seen(Box::new(one.clone())));
                })),
                functions: Some(FunctionWatcher::new(move |line: &FunctionLine| {
                    let _ = wrote.send(Event::Wrote(Box::new(line.clone())));
                })),
                own_hosts,
                public_backend: stand_in.as_ref().map(|stand_in| stand_in.address),
                ..self.backends.options()
            },
        );
        // Before the first line: Ctrl-C may follow it at once.
        let signals = {
            let _entered = runtime.enter();
            Signals::listen()?
        };
        let serving = move || {
            let _until_then = stand_in;
            let ended = runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                listen::serve_until_stopped(plane, listener, signals).await
            });
            let _ = tell.send(Event::Ended(ended));
        };
        thread::Builder::new()
            .name("serve".into())
            .spawn(serving)
            .map_err(failed)?;
        Ok(())
    }
}

/// A stack that is served.
struct Dev<'a> {
    args: &'a Args,
    invocation: &'a Invocation,
    ui: &'a mut Ui,
    /// The callers by client id and key id.
    callers: BTreeMap<String, String>,
    account: String,
    files: Files,
    watch: Watch,
    zone: TimeZone,
}

impl Dev<'_> {
    /// Says where it is served.
    fn show(&mut self, applied: &Applied, url: &str) {
        let served = applied.served(self.invocation, url, self.args);
        if self.args.json {
            let ready = DevLine::Ready {
                url: url.to_owned(),
                invoke_url: served.invoke_url,
                token_url: served.token_url,
                routes: served.routes,
            };
            self.ui.print(&ready.text());
            return;
        }
        let text = served.text(self.ui.width());
        self.ui.print(&text);
        let files = self.files.names();
        self.ui
            .remark(&format!("\nWatching {files}. Press Ctrl-C to stop.\n"));
    }

    /// Prints events, and applies the stack again once its files are stable after a change.
    fn run(&mut self, events: &Receiver<Event>) -> Result<Exit, Error> {
        // Something may have been saved between the first read and the watch.
        let mut due = Some(Instant::now());
        loop {
            let event = match due {
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => events.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match event {
                Ok(Event::Seen(seen)) => self.request(&seen),
                Ok(Event::Wrote(line)) => self.wrote(&line),
                Ok(Event::Touched) => due = Some(Instant::now() + STILL),
                Ok(Event::Ended(ended)) => {
                    ended.context("can't serve any more").map_err(Fault::io)?;
                    return Ok(Exit::Success);
                }
                Err(RecvTimeoutError::Timeout) => {
                    due = None;
                    self.look();
                }
                // The serving thread keeps a sender until it reports its end.
                Err(RecvTimeoutError::Disconnected) => return Ok(Exit::Failure),
            }
        }
    }

    fn request(&mut self, seen: &Seen) {
        let mut callers: Vec<&str> = [&seen.client, &seen.api_key]
            .into_iter()
            .flatten()
            .filter_map(|id| self.callers.get(id))
            .map(String::as_str)
            .collect();
        callers.dedup();
        if self.args.json {
            let line = DevLine::request(seen, &callers);
            self.ui.print(&line.text());
        } else {
            let line = show::request(seen, &callers, &self.zone, self.ui.width());
            self.ui.remark(&line);
        }
    }

    /// Prints what a function wrote. What Lambda writes around it is in its log only, and why a call failed is with its request.
    fn wrote(&mut self, line: &FunctionLine) {
        if line.by == WrittenBy::Lambda {
            return;
        }
        if self.args.json {
            self.ui.print(&DevLine::written(line).text());
        } else {
            let line = show::written(line, &self.zone);
            self.ui.remark(&line);
        }
    }

    /// Applies the stack again if its files have changed.
    fn look(&mut self) {
        let now = Files::of(self.invocation);
        if now == self.files {
            return;
        }
        self.files = now;
        self.watch.follow(&self.files);
        match self.reload() {
            Ok(()) => {}
            Err(error) if self.args.json => {
                for message in json::Message::all_of(&error) {
                    self.ui.print(&json::diagnostic(message));
                }
            }
            Err(error) => {
                render::error::complain(self.ui, &error);
                self.ui.complain(&show::kept());
            }
        }
    }

    fn reload(&mut self) -> Result<(), Error> {
        let applied = apply(self.invocation, self.ui)?;
        if applied.account() != self.account {
            let what = format!(
                "`[stack] account` is {} now, and {} is served",
                applied.account(),
                self.account
            );
            return Err(Fault::new(crate::error::FaultKind::Context, what)
                .hint("start dev again to serve the other account")
                .into());
        }
        self.callers = applied.callers();
        if self.args.json {
            self.ui.print(&(applied.failed() + &applied.reloaded()));
            return Ok(());
        }
        let width = self.ui.width();
        let whole = applied.failures().is_empty();
        if !whole {
            self.ui.complain(&show::failures(applied.failures(), width));
        }
        self.ui.remark(&show::reloaded(
            applied.made(),
            whole,
            applied.lost(),
            width,
        ));
        Ok(())
    }
}
