use std::io;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;

use crate::cli::backends::Backends;
use crate::cli::listen::{self, Listen, serve_until_stopped};
use crate::cli::signals::Signals;
use crate::clock::Clock;
use crate::engine::{existing, files, local_state, runtime};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::render::Ui;
use crate::render::listener;
use crate::render::lock::state_is_held;
use crate::stack::{Code, Diagnostic, Diagnostics, Source};
use aws_local::scenario::{Flaw, Mistake};
use aws_local::{DataPlane, DataPlaneOptions, Options, Pace, Scenario, Service};

/// Run the local AWS by itself
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Serve(Serve),
}

/// Serve the local AWS over HTTP, for any AWS client
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack local serve
  gatestack local serve --listen 127.0.0.1:0 --state aws.json
  gatestack local serve --map 10.7.1.10:8080=127.0.0.1:9000
  gatestack local serve --scenario lag.toml
  gatestack local serve --existing local-aws.toml
  aws --endpoint-url http://127.0.0.1:4599 apigateway get-rest-apis

Cognito user pools, API Gateway, Lambda, EC2, load balancers, ACM, Route 53,
SSM parameters, Secrets Manager, STS, IAM roles, CloudWatch Logs and tagging.
Any credentials work. Without --state, nothing is kept after the process.

What AWS serves at run time is served too: by AWS's host name in `Host`, or at
/_aws/execute-api/API/STAGE/… and /_aws/cognito/DOMAIN/oauth2/token. Web pages
may call that and nothing else.

A scenario file lists what the local AWS does differently, for example a
tagging index that is five minutes behind:

  [[rules]]
  kind = \"tagging_index\"
  state = \"behind\"
  by = \"5m\"

docs/scenarios.md describes every rule.")]
struct Serve {
    #[command(flatten)]
    listen: Listen,
    /// Keep the state in this file
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Begin with what this file lists: certificates, zones, networks, instances,
    /// load balancers, parameters, secrets, roles, functions
    #[arg(long, value_name = "FILE")]
    existing: Option<PathBuf>,
    /// Take AWS's own times for what takes time on AWS
    #[arg(long)]
    realistic: bool,
    /// Run this many times faster than AWS
    #[arg(long, value_name = "N", requires = "realistic", default_value = "1", value_parser = time_scale)]
    time_scale: f64,
    /// Follow the rules of this TOML file
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    #[command(flatten)]
    backends: Backends,
}

impl Args {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Error> {
        let Command::Serve(serve) = &self.command;
        runtime(false)?.block_on(serve.serve(ui))
    }
}

impl Serve {
    async fn serve(&self, ui: &mut Ui) -> Result<Exit, Error> {
        let pace = if self.realistic {
            Pace::Realistic {
                time_scale: self.time_scale,
            }
        } else {
            Pace::Immediate
        };
        let scenario = match &self.scenario {
            Some(path) => scenario(path)?,
            None => Scenario::default(),
        };
        let options = Options {
            clock: Clock::system(),
            pace,
            scenario,
            waits: Some(state_is_held),
            ..Options::default()
        };
        let service = match &self.state {
            Some(path) => Service::at_file(path, options).map_err(local_state)?,
            None => Service::in_memory(options),
        };
        if let Some(path) = &self.existing {
            let counts = existing::provide(&service, path, None)?;
            ui.remark(&format!("{}\n", listener::existing(path, &counts)));
        }
        let (listener, own_hosts) = self.listen.bind()?;
        let failed = |error: io::Error| {
            Fault::io(anyhow::Error::new(error).context("the local AWS stopped"))
        };
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let signals = Signals::listen()?;
        ui.print(&format!("http://{address}\n"));
        ui.remark("The local AWS is ready. Press Ctrl-C to stop.\n");
        listen::remark_remote(&address, ui);
        let plane = DataPlane::new(
            service,
            DataPlaneOptions {
                own_hosts,
                ..self.backends.options()
            },
        );
        serve_until_stopped(plane, listener, signals)
            .await
            .map_err(failed)?;
        Ok(Exit::Success)
    }
}

/// Reads a scenario file.
///
/// # Errors
/// It can't be read, or its mistakes.
fn scenario(path: &Path) -> Result<Scenario, Error> {
    if path.symlink_metadata().is_err() {
        let what = format!("there is no scenario {}", path.display());
        return Err(Fault::new(FaultKind::Io, what)
            .hint("name a TOML file with --scenario FILE; docs/scenarios.md describes it")
            .into());
    }
    let text = files::needed(path)?;
    Scenario::from_toml(&text).map_err(|mistakes| {
        let list = mistakes.into_iter().map(diagnostic).collect();
        Diagnostics::new(Source::new(path, text), list).into()
    })
}

fn diagnostic(mistake: Mistake) -> Diagnostic {
    let code = match mistake.flaw {
        Flaw::Syntax => Code::Syntax,
        Flaw::UnknownKey => Code::UnknownKey,
        Flaw::MissingKey => Code::MissingKey,
        Flaw::WrongValue => Code::WrongValue,
        Flaw::Duplicate => Code::Duplicate,
    };
    Diagnostic::error(code, mistake.message)
        .at(mistake.span)
        .help(mistake.help)
}

fn time_scale(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|scale: &f64| scale.is_finite() && *scale > 0.0)
        .ok_or_else(|| "a number above 0".into())
}
