//! Stand-ins for backends: with `--local`, nothing beyond this machine is called.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_local::DataPlaneOptions;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::{Error, Fault};

/// The backends of the local AWS.
#[derive(Clone, Default)]
pub struct Behind {
    /// Those of private targets.
    pub options: DataPlaneOptions,
    /// Whether backends on other machines are called.
    pub real: bool,
}

/// A backend that answers everything with 200, until it is dropped.
#[derive(Debug)]
pub struct StandIn {
    /// Where it listens.
    pub address: SocketAddr,
    answered: Arc<AtomicBool>,
    _end: DropGuard,
}

/// What answers for the backends that are not called.
#[derive(Debug, Default)]
pub(super) struct StandIns {
    private: Option<StandIn>,
    public: Option<StandIn>,
}

impl StandIn {
    /// Starts one on this runtime, whose time has to be real.
    ///
    /// # Errors
    /// It can't listen.
    pub async fn start() -> Result<Self, Error> {
        let failed = |error: std::io::Error| {
            Fault::io(anyhow::Error::new(error).context("can't stand in for the backend"))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let answered = Arc::new(AtomicBool::new(false));
        let end = CancellationToken::new();
        tokio::spawn(aws_local::stand_in(
            listener,
            Arc::clone(&answered),
            end.clone().cancelled_owned(),
        ));
        Ok(Self {
            address,
            answered,
            _end: end.drop_guard(),
        })
    }

    fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }
}

impl StandIns {
    /// The backends with what stands in for the missing ones.
    pub(super) async fn beside(behind: &Behind) -> Result<(Self, DataPlaneOptions), Error> {
        let mut options = behind.options.clone();
        let mut stand_ins = Self::default();
        if options.backend.is_none() {
            let private = stand_ins.private.insert(StandIn::start().await?);
            options.backend = Some(private.address);
        }
        if !behind.real {
            let public = stand_ins.public.insert(StandIn::start().await?);
            options.public_backend = Some(public.address);
        }
        Ok((stand_ins, options))
    }

    /// Which of them have answered.
    pub(super) fn remarks(&self) -> Vec<String> {
        let answered = |one: &Option<StandIn>| one.as_ref().is_some_and(StandIn::has_answered);
        let mut remarks = Vec::new();
        if answered(&self.private) {
            remarks.push(
                "a stand-in answered for the private targets: name yours with --backend PORT"
                    .to_owned(),
            );
        }
        if answered(&self.public) {
            remarks.push(
                "a stand-in answered for backends on other machines: --real-backends calls them"
                    .to_owned(),
            );
        }
        remarks
    }
}
