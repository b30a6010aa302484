use std::path::PathBuf;
use std::time::Duration;

use super::backends::Backends;
use super::files::{self, Readers};
use super::global::Global;
use super::lock::{Locking, Wait};
use super::run::Signals;
use super::session::{Purpose, Session, runtime};
use super::verifying::{Ended, Verifying};
use crate::error::{Error, Exit};
use crate::model::HumanDuration;
use crate::render::{Ui, verify as show};
use crate::verify::{Options, Report, Samples};

/// Prove the door: shut to everybody else, open to its callers
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack verify
  gatestack --local verify --backend 8080 -v
  gatestack verify --probe --patience 5m
  gatestack verify --param id=4711 --junit verify.xml

Every route is called by every kind of caller: without a token, with a wrong
one, without the scope, without a key, with a wrong one, and by one of the
stack's own partners and clients, each on at least one route. Exit code 1 says
that something differs from the file. What can't be shown without risk reads
\"not tested\", and why.

On AWS the calls count against the partners' plans: about a tenth of a quota at
most, or one call, and what --patience asks again comes on top. Cognito charges
for the tokens. With --local what AWS can't show is tried too, on copies.")]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// Make a temporary client, scope and keys on AWS for what nobody of the stack
    /// can show, and remove them
    #[arg(long)]
    probe: bool,
    /// Ask again for so long what differs: AWS takes minutes to spread a change
    #[arg(long, value_name = "TIME", default_value = "0s")]
    patience: HumanDuration,
    /// Write the result as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    #[command(flatten)]
    wait: Wait,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    backends: Backends,
}

/// Which calls to make.
#[derive(Debug, clap::Args)]
struct Which {
    /// Call POST, PUT, PATCH and DELETE, too
    #[arg(long)]
    include_writes: bool,
    /// Try every partner on every route
    #[arg(long)]
    all_partners: bool,
    /// Make at most so many calls
    #[arg(long, value_name = "N", default_value_t = BUDGET)]
    budget: usize,
    /// Call routes with this value of a path parameter
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = sample)]
    params: Vec<(String, String)>,
}

/// The most calls when nobody says.
const BUDGET: usize = 500;

/// How long `apply --verify` asks again: API Gateway says that a key takes a few minutes.
const PATIENCE_AFTER_APPLY: Duration = Duration::from_secs(180);

impl Args {
    pub(super) fn run(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(global.local)?.block_on(self.verify(global, ui))
    }

    /// What is wrong with the flags together.
    pub(super) fn contradiction(&self, global: &Global) -> Option<String> {
        let probe = self.probe && global.local;
        probe
            .then(|| {
                "the argument '--probe' cannot be used with '--local', where everything is tried on a copy".to_owned()
            })
            .or_else(|| self.backends.contradiction(global))
    }

    async fn verify(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let session = Session::open(global, ui, &[], Purpose::Call).await?;
        let mut signals = Signals::listen()?;
        let verifying = Verifying {
            session: &session,
            global,
            behind: self.backends.options(),
            options: self.which.options(),
            probe: self.probe,
            patience: Duration::from_secs(self.patience.as_secs()),
        };
        let lock = match self.probe {
            true => {
                let locking = Locking {
                    session: &session,
                    command: "verify --probe",
                    wait: self.wait,
                    again: global.command_line("verify", &["--probe".to_owned()]),
                };
                Some(locking.take(Some(&mut signals), ui).await?)
            }
            false => None,
        };
        let ended = verifying.run(&mut signals, ui).await;
        if let Some(mut lock) = lock {
            lock.release(ui).await;
        }
        match ended? {
            Ended::Stopped(exit) => Ok(exit),
            Ended::Verified(report) => {
                if let Some(path) = &self.junit {
                    let text = show::junit(&report, &session.desired.ground);
                    files::write(path, text.as_bytes(), Readers::Anybody)?;
                }
                Ok(tell(&report, &session, self.json, ui))
            }
        }
    }
}

impl Which {
    fn options(&self) -> Options {
        Options {
            include_writes: self.include_writes,
            all_partners: self.all_partners,
            budget: self.budget,
            samples: Samples::from_iter(self.params.iter().cloned()),
            ..defaults()
        }
    }
}

fn defaults() -> Options {
    Options {
        include_writes: false,
        all_partners: false,
        budget: BUDGET,
        samples: Samples::new(),
        without_certificate: false,
        quota_share: 1.0,
    }
}

fn tell(report: &Report, session: &Session, json: bool, ui: &mut Ui) -> Exit {
    let ground = &session.desired.ground;
    if json {
        ui.print(&show::object(report, ground, session.local));
    } else {
        let view = show::View {
            report,
            ground,
            local: session.local,
            verbose: ui.verbosity() > 0,
            width: ui.width(),
        };
        ui.print(&view.text());
    }
    if report.differences() == 0 {
        Exit::Success
    } else {
        Exit::Failure
    }
}

/// Verifies what was just applied. With `json`, the report is a line among the others.
///
/// # Errors
/// As of [`Verifying::run`].
pub(super) async fn after_apply(
    session: &Session,
    json: bool,
    global: &Global,
    ui: &mut Ui,
) -> Result<Exit, Error> {
    let mut signals = Signals::listen()?;
    let verifying = Verifying {
        session,
        global,
        behind: Backends::default().options(),
        options: defaults(),
        probe: false,
        patience: PATIENCE_AFTER_APPLY,
    };
    if !json {
        ui.print("\n");
    }
    match verifying.run(&mut signals, ui).await? {
        Ended::Stopped(exit) => Ok(exit),
        Ended::Verified(report) if json => {
            ui.print(&show::line(&report, &session.desired.ground, session.local));
            Ok(match report.differences() {
                0 => Exit::Success,
                _ => Exit::Failure,
            })
        }
        Ended::Verified(report) => Ok(tell(&report, session, false, ui)),
    }
}

fn sample(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .ok_or("write it as NAME=VALUE, as in id=4711")?;
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if !value.chars().all(harmless) {
        return Err(format!(
            "`{value}` is no part of a path: letters, digits, `-`, `.`, `_` and `~` are"
        ));
    }
    Ok((name.to_owned(), value.to_owned()))
}
