//! Which host a request is for, and whether that can be this server.
//!
//! The domain of a web page may resolve to this machine (DNS rebinding). To a browser its requests are then same-origin, so only
//! `Host` distinguishes them from those of a local client.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use aws_facts::hosts::OF_AWS;
use http::{Request, header};

/// The host names and addresses at which the server itself is called, beside those of loopback.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OwnHosts {
    names: BTreeSet<String>,
    any_address: bool,
    bound: Option<SocketAddr>,
}

impl OwnHosts {
    /// Those of a server that listens at `bound`, given by its user as `name`: a host name, or an address.
    pub fn of(name: &str, bound: SocketAddr) -> Self {
        let name = name.trim_matches(['[', ']']).to_ascii_lowercase();
        Self {
            names: BTreeSet::from([name, bound.ip().to_canonical().to_string()]),
            // Behind a router or in a container the called address is not one of this machine's. An address needs no DNS, so it
            // can't be a page's own name.
            any_address: !bound.ip().is_loopback(),
            bound: Some(bound),
        }
    }

    /// Where this machine reaches the server, if it listens.
    pub(super) fn url(&self) -> Option<String> {
        let bound = self.bound?;
        let ip = match bound.ip() {
            IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Some(format!("http://{}", SocketAddr::new(ip, bound.port())))
    }

    /// Whether a request for this host is for the server itself.
    pub(super) fn include(&self, host: &str) -> bool {
        if host == "localhost" || self.names.contains(host) {
            return true;
        }
        host.parse::<IpAddr>()
            .is_ok_and(|address| self.any_address || address.to_canonical().is_loopback())
    }
}

/// Whether it is an AWS host name, of this account or another.
pub(super) fn is_amazons(host: &str) -> bool {
    OF_AWS.iter().any(|domain| host.ends_with(domain))
}

/// A host and a port, as in a request or an origin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Authority {
    /// In lower case, without brackets and without the root's dot.
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

impl Authority {
    /// What a request is for: by its absolute target, else by its header. None if there is neither.
    ///
    /// # Errors
    /// Why it can't be read: a 400 in a sentence.
    pub(super) fn of<B>(request: &Request<B>) -> Result<Option<Self>, String> {
        let mut headers = request.headers().get_all(header::HOST).iter();
        let in_header = match (headers.next(), headers.next()) {
            (None, _) => None,
            (Some(value), None) => Some(
                value
                    .to_str()
                    .ok()
                    .and_then(Self::read)
                    .ok_or_else(|| format!("the header Host is not a host: {:?}", value))?,
            ),
            (Some(_), Some(_)) => return Err("the request has more than one header Host".into()),
        };
        let Some(target) = request.uri().authority() else {
            return Ok(in_header);
        };
        let target = Self::read(target.as_str())
            .ok_or_else(|| format!("the request's target has no host: {target}"))?;
        match in_header {
            Some(header) if header.host != target.host => Err(format!(
                "the request's target is at {}, and its header Host says {}",
                target.host, header.host
            )),
            _ => Ok(Some(target)),
        }
    }

    /// Reads `HOST`, `HOST:PORT` or `[IPV6]:PORT`; none for anything else, such as what has a user before an `@`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                let address: Ipv6Addr = address.parse().ok()?;
                let port = match port {
                    "" => "",
                    port => port.strip_prefix(':')?,
                };
                (address.to_string(), port)
            }
            None => {
                let (name, port) = text.split_once(':').unwrap_or((text, ""));
                let name = name.strip_suffix('.').unwrap_or(name);
                let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                if name.is_empty() || !name.chars().all(is_name) {
                    return None;
                }
                (name.to_ascii_lowercase(), port)
            }
        };
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = match port {
            "" => None,
            port if digits => Some(port.parse().ok()?),
            _ => return None,
        };
        Some(Self { host, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_without_what_does_not_tell_it_apart() {
        for (text, host, port) in [
            ("LocalHost:4599", "localhost", Some(4599)),
            ("localhost.", "localhost", None),
            ("localhost:", "localhost", None),
            ("127.0.0.1:80", "127.0.0.1", Some(80)),
            ("[::1]:4599", "::1", Some(4599)),
            ("[0:0::1]", "::1", None),
            ("a_b.Example.COM.:1", "a_b.example.com", Some(1)),
        ] {
            let host = host.to_owned();
            assert_eq!(
                Authority::read(text),
                Some(Authority { host, port }),
                "{text}"
            );
        }
        for text in [
            "",
            ".",
            ":80",
            "::1",
            "[::1",
            "[::1]80",
            "[localhost]",
            "me@localhost",
            "localhost@evil.example",
            "localhost:80:80",
            "localhost:+80",
            "localhost:99999",
            "localhost/",
            "local host",
            "evil.example,localhost",
            "[fe80::1%25eth0]",
            "lócalhost",
        ] {
            assert_eq!(Authority::read(text), None, "{text}");
        }
    }

    #[test]
    fn loopback_is_always_this_server_and_an_address_where_it_listens_to_others() {
        let here = OwnHosts::of("127.0.0.1", "127.0.0.1:4599".parse().unwrap());
        for own in [
            "localhost",
            "127.0.0.1",
            "127.8.9.10",
            "::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(
                here.include(own) && OwnHosts::default().include(own),
                "{own}"
            );
        }
        for other in [
            "0.0.0.0",
            "::",
            "192.168.1.5",
            "evil.example",
            "localhost.evil.example",
            "127.1",
        ] {
            assert!(!here.include(other), "{other}");
        }
        let everywhere = OwnHosts::of("0.0.0.0", "0.0.0.0:4599".parse().unwrap());
        assert!(everywhere.include("192.168.1.5") && everywhere.include("0.0.0.0"));
        assert!(!everywhere.include("evil.example"));
        let named = OwnHosts::of("Aws.lan", "192.168.1.5:4599".parse().unwrap());
        assert!(named.include("aws.lan") && !named.include("evil.example"));
    }
}
