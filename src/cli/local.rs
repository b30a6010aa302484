use anyhow::Context as _;
use std::path::PathBuf;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::global::Global;
use super::session::{local_state, runtime};
use crate::clock::Clock;
use crate::error::{Error, Exit, Fault};
use crate::local::{DataPlane, DataPlaneOptions, Options, Pace, Service, serve};
use crate::render::Ui;

/// Run the local AWS by itself
#[derive(Debug, clap::Args)]
pub(super) struct Args {
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
  aws --endpoint-url http://127.0.0.1:4599 apigateway get-rest-apis

Cognito user pools, API Gateway, EC2, load balancers, ACM, Route 53, SSM
parameters, STS and the tagging API. Any credentials do. The state is gone with the process unless --state keeps it.")]
struct Serve {
    /// Listen here; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4599")]
    listen: String,
    /// Keep the state in this file
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Take AWS's own times for what takes time on AWS
    #[arg(long)]
    realistic: bool,
    /// Be so many times faster than AWS
    #[arg(long, value_name = "N", requires = "realistic", default_value = "1", value_parser = time_scale)]
    time_scale: f64,
}

impl Args {
    pub(super) fn run(&self, _: &Global, ui: &mut Ui) -> Result<Exit, Error> {
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
        let options = Options {
            clock: Clock::system(),
            pace,
            ..Options::default()
        };
        let service = match &self.state {
            Some(path) => Service::at_file(path, options).map_err(local_state)?,
            None => Service::in_memory(options),
        };
        let listener = TcpListener::bind(&self.listen)
            .await
            .with_context(|| format!("can't listen on {}", self.listen))
            .map_err(|error| {
                Fault::io(error)
                    .hint("choose another address with --listen; port 0 takes any free one")
            })?;
        let failed = |error: std::io::Error| {
            Fault::io(anyhow::Error::new(error).context("the local AWS stopped"))
        };
        let address = listener.local_addr().map_err(failed)?;
        let mut interrupted = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminated = signal(SignalKind::terminate()).map_err(failed)?;
        ui.print(&format!("http://{address}\n"));
        ui.remark("The local AWS is ready. Ctrl-C ends it.\n");
        let shutdown = async move {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
        };
        let plane = DataPlane::new(service, DataPlaneOptions::default());
        serve(plane, listener, shutdown).await.map_err(failed)?;
        Ok(Exit::Success)
    }
}

fn time_scale(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|scale: &f64| scale.is_finite() && *scale > 0.0)
        .ok_or_else(|| "a number above 0".into())
}
