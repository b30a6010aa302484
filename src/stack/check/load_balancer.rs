//! `[load_balancer]`: its name and subnets, or an existing one. `listeners` and `targets` check the rest.

mod listeners;
mod targets;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::Judge;
use super::names::{LOAD_BALANCER, TAG_KEY, TAG_VALUE};
use crate::stack::diagnostic::Code;
use crate::stack::file::{LoadBalancer, Subnets};
use crate::stack::schema;
use crate::stack::spans::KeyPath;

pub(super) use listeners::ports;

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
    listeners::check(judge, &path, table);
    targets::check(judge, &path, table);
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
        // Invalid keys are reported already.
        if key != "existing" && schema::at(&path.join(&key)).is_some() {
            let message =
                format!("`{key}` can't be set on a load balancer that this stack does not manage");
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
            let help = format!("a VPC link needs a load balancer in {region}");
            judge.error(Code::BadArn, &path, message, help);
        }
        None => {
            let message = format!("`{written}` is not the ARN of a network load balancer");
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
            let message = "the load balancer has no subnets";
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
                let message = format!("`{one}` is not a subnet id");
                let help = "ids look like `subnet-0123456789abcdef0`";
                judge.element_error(Code::BadLoadBalancer, &here, one, message, help);
            }
        }
        Some(Subnets::Find(find)) => {
            if find.vpc != "default" && !VPC.is_match(&find.vpc) {
                let message = format!("`{}` is not a VPC id", find.vpc);
                let help = "write `default` for the Region's default VPC, or an id such as `vpc-0123456789abcdef0`";
                judge.error(Code::BadLoadBalancer, &here.join("vpc"), message, help);
            }
            tags(judge, &here.join("tags"), &find.tags);
        }
    }
}

fn tags(judge: &mut Judge<'_>, path: &KeyPath, tags: &BTreeMap<String, String>) {
    for (key, value) in tags {
        judge.named(Code::BadTag, &path.join(key), value, &TAG_VALUE);
    }
    for key in judge.names(path) {
        if let Some((message, help)) = TAG_KEY.refusal(&key) {
            judge.key_error(Code::BadTag, &path.join(&key), message, help);
        }
    }
}

/// The ids of one kind of resource in EC2; the shorter ones are from before 2016.
fn id(kind: &str) -> Regex {
    Regex::new(&format!("^{kind}-([0-9a-f]{{8}}|[0-9a-f]{{17}})$"))
        .expect("the pattern is constant")
}

#[cfg(test)]
mod tests {
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::{codes, edited};

    pub(super) const SOUND: &str = "subnets = { vpc = \"default\", tags = { tier = \"private\" } }\n\
        listeners = { 80 = { to = 8080 } }\ntargets = { ips = [\"10.0.1.10\"] }";

    fn private_backends(lines: &str) -> Vec<Code> {
        codes(&text(lines))
    }

    pub(super) fn text(lines: &str) -> String {
        edited(
            "[api.routes]",
            "[api.routes]\n\"GET /a\" = { http = \"http://a.example/a\", via = \"load_balancer\" }",
        ) + "\n[load_balancer]\n"
            + lines
            + "\n"
    }

    pub(super) fn with(from: &str, to: &str) -> Vec<Code> {
        assert!(SOUND.contains(from), "{from}");
        private_backends(&SOUND.replacen(from, to, 1))
    }

    #[test]
    fn a_load_balancer_has_subnets_listeners_and_targets_or_is_there() {
        assert_eq!(private_backends(SOUND), []);
        assert_eq!(private_backends("existing = \"shared\""), []);
        assert_eq!(
            private_backends(&format!("existing = \"shared\"\n{SOUND}")),
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
            private_backends(&format!("existing = \"{region}\"")),
            [Code::BadArn]
        );
        let application =
            "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/a/1";
        assert_eq!(
            private_backends(&format!("existing = \"{application}\"")),
            [Code::BadArn]
        );
    }

    #[test]
    fn names_are_those_of_elastic_load_balancing() {
        let name = |name: &str| private_backends(&format!("name = \"{name}\"\n{SOUND}"));
        assert_eq!(name("a-B-3"), []);
        for bad in ["", "-a", "a-", "internal-a", "a b", "a_b", &"a".repeat(33)] {
            assert_eq!(name(bad), [Code::BadLoadBalancer], "{bad}");
        }
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
}
