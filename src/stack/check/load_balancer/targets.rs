//! `[load_balancer.targets]`: the targets of the load balancer.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

use regex::Regex;

use super::{id, tags};
use crate::stack::check::Judge;
use crate::stack::diagnostic::Code;
use crate::stack::file::{Instances, LoadBalancer, Targets};
use crate::stack::spans::KeyPath;

const FORMS: [&str; 4] = ["instances", "ips", "instance_ids", "instance_tags"];

pub(super) fn check(judge: &mut Judge<'_>, path: &KeyPath, table: &LoadBalancer) {
    let here = path.join("targets");
    match &table.targets {
        Some(one) => targets(judge, &here, one),
        None if judge.lacks(&here) && judge.lacks(path.join("existing")) => {
            let message = "the load balancer has no targets";
            let help = "add `targets = { instances = { count = 2, … } }`, or `ips`, `instance_ids` or `instance_tags`";
            judge.error(Code::MissingKey, path, message, help);
        }
        None => {}
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
            let message = "the load balancer has no targets";
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
        let message = format!("`{ip}` is not a private IPv4 address");
        let help = "use an address of the VPC's subnets, or one that the VPC has a route to, of 10.0.0.0/8, 100.64.0.0/10, \
             172.16.0.0/12 or 192.168.0.0/16";
        judge.element_error(Code::BadLoadBalancer, &ips, ip, message, help);
    }
    let ids = path.join("instance_ids");
    let named = targets.instance_ids.iter().flatten();
    for one in named.filter(|one| !INSTANCE.is_match(one)) {
        let message = format!("`{one}` is not an instance id");
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
            let message = "the load balancer has no targets";
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
        let message = format!("`{}` is not an image", wanted.image);
        refuse(
            "image",
            message,
            "write an id such as `ami-0123456789abcdef0`, or `ssm:/PATH` of a parameter that names one",
        );
    }
    if !TYPE.is_match(&wanted.instance_type) {
        let message = format!("`{}` is not an instance type", wanted.instance_type);
        refuse("type", message, "types look like `t3.micro`");
    }
    if let Some(profile) = wanted.profile.as_ref().filter(|one| !PROFILE.is_match(one)) {
        let message = format!("`{profile}` is not an instance profile name");
        refuse("profile", message, "write its name, not its ARN");
    }
}

fn is_private(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok_and(|ip| {
        let [first, second, ..] = ip.octets();
        ip.is_private() || first == 100 && (64..128).contains(&second)
    })
}

#[cfg(test)]
mod tests {
    use crate::model::digest;
    use crate::stack::check::load_balancer::tests::{SOUND, text, with};
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::read;

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
        let files = read(&text(&lines)).unwrap().files;
        let payload = files.payloads.get(&digest(b"#!/bin/sh\n")).unwrap();
        assert_eq!(payload.expose(), b"#!/bin/sh\n");
    }
}
