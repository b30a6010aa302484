//! `[load_balancer]`: its name, subnets, listeners and targets.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

use regex::Regex;

use super::Judge;
use super::certificates::Taker;
use super::names::{LOAD_BALANCER, TAG_KEY, TAG_VALUE};
use crate::model::HumanDuration;
use crate::stack::diagnostic::Code;
use crate::stack::file::{
    HealthProtocol, Instances, Listener, LoadBalancer, Subnets, Targets, Transport,
};
use crate::stack::schema;
use crate::stack::spans::KeyPath;

const MOST_LISTENERS: usize = 50;
const MOST_HEALTH_PATH: usize = 1024;
/// The forms of `targets`.
const FORMS: [&str; 4] = ["instances", "ips", "instance_ids", "instance_tags"];

pub(super) fn check(judge: &mut Judge<'_>) {
    let Some(table) = &judge.file.load_balancer else {
        return;
    };
    let path = KeyPath::from(["load_balancer"]);
    unused(judge, &path);
    if judge.has(path.join("existing")) {
        existing(judge, &path, table);
        return;
    }
    name(judge, &path, table);
    subnets(judge, &path, table);
    listeners(judge, &path, table);
    match &table.targets {
        Some(one) => targets(judge, &path.join("targets"), one),
        None if judge.lacks(path.join("targets")) && judge.lacks(path.join("existing")) => {
            let message = "nothing answers behind the load balancer";
            let help = "add `targets = { instances = { count = 2, … } }`, or `ips`, `instance_ids` or `instance_tags`";
            judge.error(Code::MissingKey, &path, message, help);
        }
        None => {}
    }
}

/// The ports that the file's listeners have; `None` where the load balancer is somebody else's or its listeners can't be read.
pub(super) fn ports(judge: &Judge<'_>) -> Option<BTreeSet<u16>> {
    let path = KeyPath::from(["load_balancer"]);
    let listeners = path.join("listeners");
    let is_own = judge.lacks(path.join("existing")) && judge.has(&listeners);
    (is_own && judge.usable(&listeners))
        .then(|| {
            let names = judge.names(&listeners);
            names.iter().filter_map(|name| port(name)).collect()
        })
        // That there are none at all is told at the table.
        .filter(|ports: &BTreeSet<u16>| !ports.is_empty())
}

fn port(text: &str) -> Option<u16> {
    let port = text.parse().ok().filter(|port| *port > 0)?;
    // `080` would be another address of the same listener.
    (u16::to_string(&port) == text).then_some(port)
}

/// A load balancer costs by the hour.
fn unused(judge: &mut Judge<'_>, path: &KeyPath) {
    let routes = judge
        .file
        .api
        .iter()
        .flat_map(|api| api.routes.values())
        .filter(|route| route.via.is_some());
    let is_known = judge.lacks(["api"]) || judge.intact(["api", "routes"]);
    if routes.count() == 0 && is_known {
        let message = "no route goes through the load balancer";
        let help = "add `via = \"load_balancer\"` to a route with `http`, or remove the table";
        judge.warning(Code::NoEffect, path, message, help);
    }
}

fn existing(judge: &mut Judge<'_>, path: &KeyPath, table: &LoadBalancer) {
    static ARN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^arn:aws[a-z-]*:elasticloadbalancing:([a-z0-9-]+):[0-9]{12}:loadbalancer/net/[A-Za-z0-9-]+/[0-9a-f]+$",
        )
        .expect("the pattern is constant")
    });
    for key in judge.names(path) {
        // What no key may hold is told already.
        if key != "existing" && schema::at(&path.join(&key)).is_some() {
            let message = format!(
                "`{key}` is the owner's to decide, and this load balancer is somebody else's"
            );
            let help = format!("remove `{key}`, or `existing`");
            judge.key_error(Code::BadLoadBalancer, &path.join(&key), message, help);
        }
    }
    let Some(written) = &table.existing else {
        return;
    };
    let path = path.join("existing");
    if !written.starts_with("arn:") {
        judge.named(Code::BadLoadBalancer, &path, written, &LOAD_BALANCER);
        return;
    }
    let region = judge.region();
    match ARN.captures(written) {
        Some(found) if &found[1] == region || !judge.usable(["stack", "region"]) => {}
        Some(found) => {
            let message = format!(
                "the load balancer is in {}, and the API in {region}",
                &found[1]
            );
            let help = format!("a VPC link leads to a load balancer in {region}");
            judge.error(Code::BadArn, &path, message, help);
        }
        None => {
            let message = format!("`{written}` is no ARN of a network load balancer");
            let help = "it holds `:loadbalancer/net/`; its name will do as well";
            judge.error(Code::BadArn, &path, message, help);
        }
    }
}

fn name(judge: &mut Judge<'_>, path: &KeyPath, table: &LoadBalancer) {
    let own = path.join("name");
    let (name, at, help) = match &table.name {
        Some(name) => (name, own, ""),
        None if judge.lacks(&own) && judge.usable(["stack", "name"]) => {
            let help = "; give it a `name` of its own";
            (&judge.file.stack.name, path.clone(), help)
        }
        None => return,
    };
    let refusal = LOAD_BALANCER.refusal(name).or_else(|| {
        let (fault, rule) = if name.starts_with('-') || name.ends_with('-') {
            (
                "starts or ends with `-`",
                "start and end it with a letter or a digit",
            )
        } else if name.starts_with("internal-") {
            ("starts with `internal-`", "AWS keeps that to itself")
        } else {
            return None;
        };
        Some((
            format!("the load balancer name `{name}` {fault}"),
            rule.to_owned(),
        ))
    });
    if let Some((message, rule)) = refusal {
        judge.error(Code::BadLoadBalancer, &at, message, rule + help);
    }
}

fn subnets(judge: &mut Judge<'_>, path: &KeyPath, table: &LoadBalancer) {
    static SUBNET: LazyLock<Regex> = LazyLock::new(|| id("subnet"));
    static VPC: LazyLock<Regex> = LazyLock::new(|| id("vpc"));
    let here = path.join("subnets");
    match &table.subnets {
        None if judge.lacks(&here) && judge.lacks(path.join("existing")) => {
            let message = "the load balancer stands in no subnet";
            let help = "add `subnets = { vpc = \"default\", tags = { tier = \"private\" } }`, or a list of ids";
            judge.error(Code::MissingKey, path, message, help);
        }
        None => {}
        Some(Subnets::Ids(ids)) => {
            if ids.is_empty() && judge.intact(&here) {
                let message = "the list of subnets is empty";
                let help = "name one in each Availability Zone";
                judge.error(Code::BadLoadBalancer, &here, message, help);
            }
            for one in ids.iter().filter(|one| !SUBNET.is_match(one)) {
                let message = format!("`{one}` is no subnet's id");
                let help = "ids look like `subnet-0123456789abcdef0`";
                judge.element_error(Code::BadLoadBalancer, &here, one, message, help);
            }
        }
        Some(Subnets::Find(find)) => {
            if find.vpc != "default" && !VPC.is_match(&find.vpc) {
                let message = format!("`{}` is no VPC's id", find.vpc);
                let help = "write `default` for the Region's default VPC, or an id such as `vpc-0123456789abcdef0`";
                judge.error(Code::BadLoadBalancer, &here.join("vpc"), message, help);
            }
            tags(judge, &here.join("tags"), &find.tags);
        }
    }
}

fn tags(judge: &mut Judge<'_>, path: &KeyPath, tags: &std::collections::BTreeMap<String, String>) {
    for (key, value) in tags {
        judge.named(Code::BadTag, &path.join(key), value, &TAG_VALUE);
    }
    for key in judge.names(path) {
        if let Some((message, help)) = TAG_KEY.refusal(&key) {
            judge.key_error(Code::BadTag, &path.join(&key), message, help);
        }
    }
}

fn listeners(judge: &mut Judge<'_>, path: &KeyPath, table: &LoadBalancer) {
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
        let help = "let paths of one listener lead to the services behind it";
        judge.error(Code::TooMany, &all, message, help);
    }
    for name in names {
        let path = all.join(&name);
        if port(&name).is_none() {
            let message = format!("`{name}` is no port");
            let help = "a listener goes by its port, 1 to 65535";
            judge.key_error(Code::BadLoadBalancer, &path, message, help);
        }
        if let Some(one) = table.listeners.get(&name) {
            listener(judge, &path, one);
        }
    }
}

fn listener(judge: &mut Judge<'_>, path: &KeyPath, one: &Listener) {
    let (protocol, certificate) = (path.join("protocol"), path.join("certificate"));
    let is_tls = one.protocol == Transport::Tls;
    if is_tls && judge.lacks(&certificate) {
        let message = "a listener that speaks TLS has to show a certificate";
        let help = "add `certificate = \"arn:aws:acm:…\"`";
        judge.error(Code::BadLoadBalancer, &protocol, message, help);
    }
    if !is_tls && judge.usable(&protocol) {
        for key in ["certificate", "tls_policy"] {
            if judge.has(path.join(key)) {
                let message =
                    format!("`{key}` has no place on a listener that passes bytes on as they come");
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
        let message = "port 0 is none";
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
        let message = "a check that only connects asks for no path";
        let help = "add `protocol = \"http\"`, or remove `path`";
        judge.error(Code::BadLoadBalancer, &here, message, help);
    } else if !written.starts_with('/') || written.contains(char::is_whitespace) {
        let message = format!("`{written}` is no path");
        judge.error(
            Code::BadLoadBalancer,
            &here,
            message,
            "it starts with `/` and holds no spaces",
        );
    } else if written.len() > MOST_HEALTH_PATH {
        let message = format!("the path has {} characters", written.len());
        let help = format!("Elastic Load Balancing takes {MOST_HEALTH_PATH}");
        judge.error(Code::BadLoadBalancer, &here, message, help);
    }
}

fn targets(judge: &mut Judge<'_>, path: &KeyPath, targets: &Targets) {
    static INSTANCE: LazyLock<Regex> = LazyLock::new(|| id("i"));
    let said: Vec<_> = FORMS
        .iter()
        .filter(|form| judge.has(path.join(**form)))
        .collect();
    match said[..] {
        [] if judge.intact(path) => {
            let message = "nothing answers behind the load balancer";
            let help = "write one of `instances`, `ips`, `instance_ids` and `instance_tags`";
            judge.error(Code::BadLoadBalancer, path, message, help);
        }
        [] | [_] => {}
        [first, second, ..] => {
            let message = format!("`{first}` and `{second}` are two kinds of targets");
            judge.error(Code::BadLoadBalancer, path, message, "keep one of them");
        }
    }
    let ips = path.join("ips");
    for ip in targets.ips.iter().flatten().filter(|ip| !is_private(ip)) {
        let message = format!("`{ip}` is no private IPv4 address");
        let help =
            "a load balancer reaches 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12 and 192.168.0.0/16";
        judge.element_error(Code::BadLoadBalancer, &ips, ip, message, help);
    }
    let ids = path.join("instance_ids");
    let named = targets.instance_ids.iter().flatten();
    for one in named.filter(|one| !INSTANCE.is_match(one)) {
        let message = format!("`{one}` is no instance's id");
        let help = "ids look like `i-0123456789abcdef0`";
        judge.element_error(Code::BadLoadBalancer, &ids, one, message, help);
    }
    let tagged = path.join("instance_tags");
    if let Some(wanted) = &targets.instance_tags {
        tags(judge, &tagged, wanted);
    }
    for (here, is_empty) in [
        (ips, targets.ips.as_ref().is_some_and(BTreeSet::is_empty)),
        (
            ids,
            targets
                .instance_ids
                .as_ref()
                .is_some_and(BTreeSet::is_empty),
        ),
        (
            tagged,
            targets
                .instance_tags
                .as_ref()
                .is_some_and(|tags| tags.is_empty()),
        ),
    ] {
        if is_empty && judge.intact(&here) {
            let message = "nothing answers behind the load balancer";
            judge.error(
                Code::BadLoadBalancer,
                &here,
                message,
                "name one target at least",
            );
        }
    }
    if let Some(wanted) = &targets.instances {
        instances(judge, &path.join("instances"), wanted);
    }
}

fn instances(judge: &mut Judge<'_>, path: &KeyPath, wanted: &Instances) {
    static IMAGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(ami-([0-9a-f]{8}|[0-9a-f]{17})|ssm:/[A-Za-z0-9_./-]{1,1000})$")
            .expect("the pattern is constant")
    });
    static TYPE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$").expect("the pattern is constant")
    });
    static PROFILE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[A-Za-z0-9_+=,.@-]{1,128}$").expect("the pattern is constant")
    });
    let mut refuse = |key: &str, message: String, help: &str| {
        judge.error(Code::BadLoadBalancer, &path.join(key), message, help);
    };
    if !IMAGE.is_match(&wanted.image) {
        let message = format!("`{}` is no image", wanted.image);
        refuse(
            "image",
            message,
            "write an id such as `ami-0123456789abcdef0`, or `ssm:/PATH` of a parameter that names one",
        );
    }
    if !TYPE.is_match(&wanted.instance_type) {
        let message = format!("`{}` is no instance type", wanted.instance_type);
        refuse("type", message, "types look like `t3.micro`");
    }
    if let Some(profile) = wanted.profile.as_ref().filter(|one| !PROFILE.is_match(one)) {
        let message = format!("`{profile}` is no instance profile's name");
        refuse("profile", message, "write its name, not its ARN");
    }
}

fn is_private(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok_and(|ip| {
        let [first, second, ..] = ip.octets();
        ip.is_private() || first == 100 && (64..128).contains(&second)
    })
}

/// The ids of one kind of thing in EC2; the shorter ones are from before 2016.
fn id(kind: &str) -> Regex {
    Regex::new(&format!("^{kind}-([0-9a-f]{{8}}|[0-9a-f]{{17}})$"))
        .expect("the pattern is constant")
}

#[cfg(test)]
mod tests {
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::{codes, edited, read};

    const SOUND: &str = "subnets = { vpc = \"default\", tags = { tier = \"private\" } }\n\
        listeners = { 80 = { to = 8080 } }\ntargets = { ips = [\"10.0.1.10\"] }";

    fn private_road(lines: &str) -> Vec<Code> {
        codes(&text(lines))
    }

    fn text(lines: &str) -> String {
        edited(
            "[api.routes]",
            "[api.routes]\n\"GET /a\" = { http = \"http://a.example/a\", via = \"load_balancer\" }",
        ) + "\n[load_balancer]\n"
            + lines
            + "\n"
    }

    fn with(from: &str, to: &str) -> Vec<Code> {
        assert!(SOUND.contains(from), "{from}");
        private_road(&SOUND.replacen(from, to, 1))
    }

    #[test]
    fn a_load_balancer_has_subnets_listeners_and_targets_or_is_there() {
        assert_eq!(private_road(SOUND), []);
        assert_eq!(private_road("existing = \"shared\""), []);
        assert_eq!(
            private_road(&format!("existing = \"shared\"\n{SOUND}")),
            [Code::BadLoadBalancer; 3]
        );
        assert_eq!(
            with(
                "subnets = { vpc = \"default\", tags = { tier = \"private\" } }",
                ""
            ),
            [Code::MissingKey]
        );
        assert_eq!(
            with("targets = { ips = [\"10.0.1.10\"] }", ""),
            [Code::MissingKey]
        );
        assert_eq!(
            with("listeners = { 80 = { to = 8080 } }", "listeners = {}"),
            [Code::MissingKey]
        );
        let region = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/a/1";
        assert_eq!(
            private_road(&format!("existing = \"{region}\"")),
            [Code::BadArn]
        );
        let application =
            "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/a/1";
        assert_eq!(
            private_road(&format!("existing = \"{application}\"")),
            [Code::BadArn]
        );
    }

    #[test]
    fn names_are_those_of_elastic_load_balancing() {
        let name = |name: &str| private_road(&format!("name = \"{name}\"\n{SOUND}"));
        assert_eq!(name("a-B-3"), []);
        for bad in ["", "-a", "a-", "internal-a", "a b", "a_b", &"a".repeat(33)] {
            assert_eq!(name(bad), [Code::BadLoadBalancer], "{bad}");
        }
    }

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
        // The route's URL is http; that is told beside.
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

    #[test]
    fn subnets_are_ids_or_a_vpc_and_tags() {
        let subnets = |to: &str| with("{ vpc = \"default\", tags = { tier = \"private\" } }", to);
        assert_eq!(
            subnets("[\"subnet-0123456789abcdef0\", \"subnet-01234567\"]"),
            []
        );
        assert_eq!(subnets("{ vpc = \"vpc-01234567\" }"), []);
        assert_eq!(subnets("[]"), [Code::BadLoadBalancer]);
        assert_eq!(subnets("[\"subnet-1\"]"), [Code::BadLoadBalancer]);
        assert_eq!(subnets("{ vpc = \"main\" }"), [Code::BadLoadBalancer]);
    }

    #[test]
    fn targets_are_of_one_kind() {
        let targets = |to: &str| with("{ ips = [\"10.0.1.10\"] }", to);
        let instances = "instances = { count = 2, type = \"t3.micro\", image = \"ssm:/aws/x\"";
        assert_eq!(
            targets(&format!("{{ {instances}, user_data = \"backend.sh\" }} }}")),
            []
        );
        assert_eq!(targets("{ instance_ids = [\"i-0123456789abcdef0\"] }"), []);
        assert_eq!(targets("{ instance_tags = { app = \"x\" } }"), []);
        for bad in [
            "{}",
            "{ ips = [] }",
            "{ ips = [\"8.8.8.8\"] }",
            "{ ips = [\"10.0.1.10\"], instance_ids = [\"i-0123456789abcdef0\"] }",
            "{ instance_ids = [\"i-1\"] }",
            "{ instance_tags = {} }",
            "{ instances = { count = 2, type = \"micro\", image = \"ami-01234567\" } }",
            "{ instances = { count = 2, type = \"t3.micro\", image = \"al2023\" } }",
        ] {
            assert_eq!(targets(bad), [Code::BadLoadBalancer], "{bad}");
        }
        for bad in ["nowhere.sh", "big.sh"] {
            assert_eq!(
                targets(&format!("{{ {instances}, user_data = \"{bad}\" }} }}")),
                [Code::BadFile]
            );
        }
        assert_eq!(
            targets("{ instances = { count = 0, type = \"t3.micro\", image = \"ami-01234567\" } }"),
            [Code::OutOfRange]
        );
    }

    #[test]
    fn user_data_is_read_beside_the_file() {
        let instances = "{ instances = { count = 2, type = \"t3.micro\", image = \"ssm:/aws/x\", user_data = \"backend.sh\" } }";
        let lines = SOUND.replace("{ ips = [\"10.0.1.10\"] }", instances);
        assert_eq!(
            read(&text(&lines)).unwrap().user_data.as_deref(),
            Some("#!/bin/sh\n")
        );
    }
}
