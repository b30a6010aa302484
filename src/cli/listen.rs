//! Where the local AWS listens: on loopback, unless remote access is allowed.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};

use tokio::sync::oneshot;

use crate::engine::Stops;
use crate::error::{Error, Fault, FaultKind};
use crate::render::{Ui, indented};
use aws_local::{DataPlane, OwnHosts, serve};

/// The default address of a local AWS.
pub(super) const ADDRESS: &str = "127.0.0.1:4599";

/// The warning that other machines can reach it.
const REMOTE: &str = "Other machines can reach this address: each may read and change everything on the local AWS, keys and \
     secrets included, without credentials.";

/// Prints it, if other machines can reach this address.
pub(super) fn remark_remote(address: &SocketAddr, ui: &mut Ui) {
    if !is_loopback(address) {
        ui.remark(&indented(REMOTE, 0, ui.width()));
    }
}

/// The flags of a command that listens.
#[derive(Debug, clap::Args)]
pub(super) struct Listen {
    /// Listen here instead of 127.0.0.1:4599; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = ADDRESS, hide_default_value = true)]
    listen: String,
    /// Let --listen take an address that other machines can reach, with full
    /// access and no credentials
    #[arg(long)]
    allow_remote: bool,
}

impl Listen {
    /// Listens, and returns the hosts of the server.
    ///
    /// # Errors
    /// Listening failed, or other machines can reach the address and that is not allowed.
    pub(super) fn bind(&self) -> Result<(TcpListener, OwnHosts), Error> {
        let cannot = |error: io::Error| cannot_listen(error, &self.listen);
        let addresses: Vec<SocketAddr> = self.listen.to_socket_addrs().map_err(cannot)?.collect();
        let remote = addresses.iter().find(|address| !is_loopback(address));
        if let Some(remote) = remote.filter(|_| !self.allow_remote) {
            let what = if self.listen == remote.to_string() {
                format!("other machines can reach {remote}")
            } else {
                format!(
                    "other machines can reach {}, which is {remote}",
                    self.listen
                )
            };
            let port = remote.port();
            return Err(Fault::new(FaultKind::Consent, what)
                .hint(format!(
                    "listen on this machine alone with --listen 127.0.0.1:{port}, or let others read and change everything on the \
                     local AWS with --allow-remote"
                ))
                .into());
        }
        let listener = TcpListener::bind(&addresses[..]).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let bound = listener.local_addr().map_err(cannot)?;
        let name = self.listen.rsplit_once(':').map_or("", |(name, _)| name);
        Ok((listener, OwnHosts::of(name, bound)))
    }
}

/// Whether an address is loopback.
pub(super) fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

fn cannot_listen(error: io::Error, address: &str) -> Fault {
    let error = anyhow::Error::new(error).context(format!("can't listen on {address}"));
    Fault::io(error).hint("choose another address with --listen; port 0 takes any free one")
}

/// Serves until Ctrl-C or SIGTERM, then finishes running requests; a second one doesn't wait for that.
///
/// # Errors
/// When the listener fails.
pub(super) async fn serve_until_stopped(
    plane: DataPlane,
    listener: tokio::net::TcpListener,
    mut stops: impl Stops,
) -> io::Result<()> {
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = serve(plane, listener, async {
        let _ = stopped.await;
    });
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended,
        _ = stops.next() => drop(stop),
    }
    tokio::select! {
        ended = &mut serving => ended,
        _ = stops.next() => Ok(()),
    }
}
