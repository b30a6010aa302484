//! `[load_balancer.listeners]`: ports, TLS and health checks.

use std::collections::BTreeSet;

use aws_facts::limits::elbv2::{LONGEST_HEALTH_CHECK_PATH, MOST_LISTENERS};

use crate::model::HumanDuration;
use crate::stack::check::Judge;
use crate::stack::check::certificates::Taker;
use crate::stack::diagnostic::Code;
use crate::stack::file::{HealthProtocol, Listener, LoadBalancer, Transport};
use crate::stack::spans::KeyPath;

pub(super) fn check(judge: &mut Judge<'_>, path: &KeyPath, table: &LoadBalancer) {
    let all = path.join("listeners");
    let names = judge.names(&all);
    let is_known = judge.usable(&all) && judge.lacks(path.join("existing"));
    if names.is_empty() && is_known {
        let message = "the load balancer has no listener";
        let at = if judge.has(&all) { &all } else { path };
        judge.error(
            Code::MissingKey,
            at,
            message,
            "add `listeners = { 80 = { to = 8080 } }`",
        );
    }
    if names.len() > MOST_LISTENERS {
        let message = format!(
            "{} listeners; a load balancer has {MOST_LISTENERS} at most",
            names.len()
        );
        let help = "serve several services by the paths of one listener";
        judge.error(Code::TooMany, &all, message, help);
    }
    for name in names {
        let path = all.join(&name);
        if port(&name).is_none() {
            let message = format!("`{name}` is not a port");
            let help = "a listener is named by its port, 1 to 65535";
            judge.key_error(Code::BadLoadBalancer, &path, message, help);
        }
        if let Some(one) = table.listeners.get(&name) {
            listener(judge, &path, one);
        }
    }
}

/// The ports of the file's listeners; `None` if the load balancer is an existing one or its listeners are unusable.
pub(in crate::stack::check) fn ports(judge: &Judge<'_>) -> Option<BTreeSet<u16>> {
    let path = KeyPath::from(["load_balancer"]);
    let listeners = path.join("listeners");
    let is_own = judge.lacks(path.join("existing")) && judge.has(&listeners);
    (is_own && judge.usable(&listeners))
        .then(|| {
            let names = judge.names(&listeners);
            names.iter().filter_map(|name| port(name)).collect()
        })
        // That there are none is reported at the table.
        .filter(|ports: &BTreeSet<u16>| !ports.is_empty())
}

fn port(text: &str) -> Option<u16> {
    let port = text.parse().ok().filter(|port| *port > 0)?;
    // `080` would be another address of the same listener.
    (u16::to_string(&port) == text).then_some(port)
}

fn listener(judge: &mut Judge<'_>, path: &KeyPath, one: &Listener) {
    let (protocol, certificate) = (path.join("protocol"), path.join("certificate"));
    let is_tls = one.protocol == Transport::Tls;
    if is_tls && judge.lacks(&certificate) {
        let message = "a TLS listener needs a certificate";
        let help = "add `certificate = \"arn:aws:acm:…\"`";
        judge.error(Code::BadLoadBalancer, &protocol, message, help);
    }
    if !is_tls && judge.usable(&protocol) {
        for key in ["certificate", "tls_policy"] {
            if judge.has(path.join(key)) {
                let message = format!("`{key}` is for TLS listeners only");
                let help = "add `protocol = \"tls\"`, or remove it";
                judge.error(Code::BadLoadBalancer, &path.join(key), message, help);
            }
        }
    }
    if let Some(arn) = one.certificate.as_ref().filter(|_| is_tls) {
        judge.certificate(&certificate, arn, &Taker::Regional("the load balancer"));
    }
    if one
        .tls_policy
        .as_ref()
        .is_some_and(|policy| !policy.starts_with("ELBSecurityPolicy-"))
    {
        let message = "no security policy of Elastic Load Balancing has this name";
        let help =
            "their names start with `ELBSecurityPolicy-`; left out, it is one with TLS 1.3 and 1.2";
        judge.error(
            Code::BadLoadBalancer,
            &path.join("tls_policy"),
            message,
            help,
        );
    }
    let seconds = HumanDuration::from_secs;
    judge.duration(
        &path.join("drain"),
        one.drain,
        seconds(0),
        seconds(3600),
        true,
    );
    health(judge, &path.join("health"), one);
}

fn health(judge: &mut Judge<'_>, path: &KeyPath, one: &Listener) {
    let check = &one.health;
    let seconds = HumanDuration::from_secs;
    judge.duration(
        &path.join("interval"),
        check.interval,
        seconds(5),
        seconds(300),
        true,
    );
    if check.port == Some(0) {
        let message = "port 0 is not valid";
        judge.error(
            Code::OutOfRange,
            &path.join("port"),
            message,
            "ports are 1 to 65535",
        );
    }
    let Some(written) = &check.path else { return };
    let here = path.join("path");
    if check.protocol == HealthProtocol::Tcp && judge.usable(path.join("protocol")) {
        let message = "a TCP health check has no path";
        let help = "add `protocol = \"http\"`, or remove `path`";
        judge.error(Code::BadLoadBalancer, &here, message, help);
    } else if !written.starts_with('/') || written.contains(char::is_whitespace) {
        let message = format!("`{written}` is not a path");
        judge.error(
            Code::BadLoadBalancer,
            &here,
            message,
            "it starts with `/` and holds no spaces",
        );
    } else if written.len() > LONGEST_HEALTH_CHECK_PATH {
        let message = format!("the path has {} characters", written.len());
        let help = format!("Elastic Load Balancing takes {LONGEST_HEALTH_CHECK_PATH}");
        judge.error(Code::BadLoadBalancer, &here, message, help);
    }
}

#[cfg(test)]
mod tests {
    use crate::stack::check::load_balancer::tests::{SOUND, text, with};
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::codes;

    #[test]
    fn listeners_are_ports() {
        for bad in ["0", "65536", "080", "http"] {
            let told = with("80 =", &format!("80 = {{ to = 80 }}, {bad} ="));
            assert_eq!(told, [Code::BadLoadBalancer], "{bad}");
        }
        assert_eq!(with("to = 8080", "to = 0"), [Code::OutOfRange]);
    }

    #[test]
    fn tls_and_certificates_come_together() {
        let certificate = "certificate = \"arn:aws:acm:eu-central-1:123456789012:certificate/1\"";
        let told = |more: &str| with("to = 8080", &format!("to = 8080, {more}"));
        // The route's URL is http; that is reported as well.
        let secure = |more: &str| {
            let lines = SOUND.replace("80 = { to = 8080", &format!("443 = {{ to = 8080, {more}"));
            codes(&text(&lines).replace("http://", "https://"))
        };
        assert_eq!(secure(&format!("protocol = \"tls\", {certificate}")), []);
        assert_eq!(secure("protocol = \"tls\""), [Code::BadLoadBalancer]);
        assert_eq!(told(certificate), [Code::BadLoadBalancer]);
        assert_eq!(
            told("tls_policy = \"ELBSecurityPolicy-X\""),
            [Code::BadLoadBalancer]
        );
        let elsewhere = certificate.replace("eu-central-1", "us-east-1");
        assert_eq!(
            secure(&format!("protocol = \"tls\", {elsewhere}")),
            [Code::BadArn]
        );
    }

    #[test]
    fn health_checks_and_draining_keep_awss_limits() {
        let told = |more: &str| with("to = 8080", &format!("to = 8080, {more}"));
        assert_eq!(
            told(
                "drain = \"1h\", health = { protocol = \"http\", path = \"/up\", interval = \"5s\" }"
            ),
            []
        );
        assert_eq!(told("drain = \"61m\""), [Code::OutOfRange]);
        assert_eq!(told("health = { interval = \"4s\" }"), [Code::OutOfRange]);
        assert_eq!(told("health = { port = 0 }"), [Code::OutOfRange]);
        assert_eq!(told("health = { path = \"/up\" }"), [Code::BadLoadBalancer]);
        assert_eq!(
            told("health = { protocol = \"https\", path = \"up\" }"),
            [Code::BadLoadBalancer]
        );
        assert_eq!(told("health = { healthy = 11 }"), [Code::OutOfRange]);
    }
}
