use std::path::PathBuf;
use std::time::Duration;

use crate::cli::backends::CalledBackends;
use crate::cli::global::Global;
use crate::cli::opening::open;
use crate::cli::signals::Signals;
use crate::cli::verified::{BUDGET, defaults, tell};
use crate::cli::wait::Wait;
use crate::engine::files::{self, Readers};
use crate::engine::{FirstLook, Invocation, Locking, Purpose, Verified, Verifying, runtime};
use crate::error::{Error, Exit};
use crate::model::HumanDuration;
use crate::render::{Ui, verify as show};
use crate::verify::{Options, Samples};

/// Prove that the API admits its callers, and only them
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
most, or one call; retries by --patience come on top. Cognito charges
for the tokens. With --local what AWS can't show is tried too, on copies, and
no other machine is called: a stand-in answers for backends there.")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// Create a temporary client, scope and keys on AWS for checks that need
    /// them, and delete them again
    #[arg(long)]
    probe: bool,
    /// Retry failed checks for up to TIME: AWS takes minutes to spread a change
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
    backends: CalledBackends,
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
    /// Make at most this many calls
    #[arg(long, value_name = "N", default_value_t = BUDGET)]
    budget: usize,
    /// Call routes with this value of a path parameter
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = sample)]
    params: Vec<(String, String)>,
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(invocation.local)?.block_on(self.verify(invocation, ui))
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

    async fn verify(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let session = open(invocation, &[], Purpose::Call, FirstLook::WhenAsked, ui).await?;
        let mut signals = Signals::listen()?;
        let verifying = Verifying {
            session: &session,
            behind: self.backends.behind(),
            options: self.which.options(),
            probe: self.probe,
            patience: Duration::from_secs(self.patience.as_secs()),
        };
        let verified = match self.probe {
            true => {
                let locking = Locking {
                    session: &session,
                    command: "verify --probe",
                    wait: self.wait.time(),
                    again: invocation.command_line("verify", &["--probe".to_owned()]),
                };
                let work = async |_: &mut _, signals: &mut Signals, ui: &mut Ui| {
                    verifying.run(signals, ui).await
                };
                locking.locked(&mut signals, ui, work).await?
            }
            false => verifying.run(&mut signals, ui).await?,
        };
        match verified {
            Verified::Stopped(stop) => Ok(stop.exit()),
            Verified::Report(report) => {
                if let Some(path) = &self.junit {
                    let text = show::junit(&report, &session.desired.context);
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

fn sample(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .ok_or("write it as NAME=VALUE, as in id=4711")?;
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if !value.chars().all(harmless) {
        return Err(format!(
            "`{value}` is not valid in a path: use letters, digits, `-`, `.`, `_` and `~`"
        ));
    }
    Ok((name.to_owned(), value.to_owned()))
}
