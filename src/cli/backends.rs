//! The backends of the local AWS: the flags of every command that calls it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::global::Global;
use crate::engine::Behind;
use aws_local::{DataPlaneOptions, Mapping};

/// The backends for private addresses of the local AWS.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Backends {
    /// On the local AWS, call ADDRESS for this private target, as in
    /// 10.7.1.10:8080=127.0.0.1:9000
    #[arg(long, value_name = "TARGET=ADDRESS", value_parser = mapping)]
    map: Vec<Mapping>,
    /// On the local AWS, call this port, or address, for every other private
    /// target
    #[arg(long, value_name = "PORT", value_parser = address)]
    backend: Option<SocketAddr>,
}

/// The same, for commands that call the stack's URLs.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct CalledBackends {
    #[command(flatten)]
    own: Backends,
    /// On the local AWS, call the backends on other machines, too, instead of a
    /// stand-in
    #[arg(long)]
    real_backends: bool,
}

impl CalledBackends {
    /// The backends.
    pub(super) fn behind(&self) -> Behind {
        Behind {
            options: self.own.options(),
            real: self.real_backends,
        }
    }

    /// The error about the flags if the command calls something else than the local AWS.
    pub(super) fn contradiction(&self, global: &Global) -> Option<String> {
        let real = self.real_backends.then_some("--real-backends");
        self.own
            .given()
            .or(real)
            .and_then(|flag| needs_local(flag, global))
    }
}

fn needs_local(flag: &str, global: &Global) -> Option<String> {
    let words = || format!("the argument '{flag}' is for the local AWS and needs '--local'");
    (!global.local).then(words)
}

impl Backends {
    /// The data plane's options, without a watcher.
    pub(super) fn options(&self) -> DataPlaneOptions {
        DataPlaneOptions {
            map: self.map.clone(),
            backend: self.backend,
            ..DataPlaneOptions::default()
        }
    }

    /// The first of the flags that is given.
    fn given(&self) -> Option<&'static str> {
        let given = [
            ("--map", !self.map.is_empty()),
            ("--backend", self.backend.is_some()),
        ];
        given
            .into_iter()
            .find_map(|(flag, given)| given.then_some(flag))
    }
}

fn mapping(text: &str) -> Result<Mapping, String> {
    let (target, answers) = text
        .split_once('=')
        .ok_or("write it as TARGET=ADDRESS, as in 10.7.1.10:8080=127.0.0.1:9000")?;
    let target = target
        .parse()
        .map_err(|_| format!("`{target}` is not a target: write IP:PORT, as in 10.7.1.10:8080"))?;
    Ok(Mapping {
        target,
        answers: address(answers)?,
    })
}

/// A port of this machine, or an address with its port.
fn address(text: &str) -> Result<SocketAddr, String> {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    let port = port.strip_prefix(':').unwrap_or(port);
    match port.parse() {
        Ok(0) => Err("port 0 is not valid".into()),
        Ok(port) => Ok(SocketAddr::new(here, port)),
        Err(_) => text
            .parse()
            .map_err(|_| "write a port, or IP:PORT as in 127.0.0.1:9000".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_is_a_port_or_an_address() {
        for (text, said) in [
            ("9000", "127.0.0.1:9000"),
            (":9000", "127.0.0.1:9000"),
            ("localhost:9000", "127.0.0.1:9000"),
            ("192.168.1.7:80", "192.168.1.7:80"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(
                address(text).map(|address| address.to_string()),
                Ok(said.to_owned())
            );
        }
        for wrong in ["", "0", "70000", "backend", "http://127.0.0.1:9000"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_target_is_an_address_with_its_port() {
        let one = mapping("10.7.1.10:8080=9000").unwrap();
        assert_eq!(one.target.to_string(), "10.7.1.10:8080");
        assert_eq!(one.answers.to_string(), "127.0.0.1:9000");
        for wrong in ["10.7.1.10:8080", "10.7.1.10=9000", "backend:8080=9000"] {
            assert!(mapping(wrong).is_err(), "{wrong}");
        }
    }
}
