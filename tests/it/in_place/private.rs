//! Samples of private back ends.

use aws_sdk_ec2::types::{HttpTokensState, IpPermission, IpRange};
use aws_sdk_elasticloadbalancingv2::types::TargetDescription;
use gatestack::kinds::Resource;
use gatestack::kinds::security_group::Ingress;
use gatestack::model::{Address, OutputName, Place, Text};

use super::stack::tag;
use super::{Sample, Way, fields};
use crate::support::road::{ec2, elbv2};

const BALANCER: &str = "load_balancer";
const GROUP: &str = "load_balancer/security_group";
const INSTANCES_GROUP: &str = "load_balancer.targets.instances/security_group";
const LISTENER: &str = "load_balancer.listeners.443";
const TARGETS: &str = "load_balancer.listeners.80/target_group";
const ADDRESSES: &str = "load_balancer.listeners.90/target_group";
const INSTANCE: &str = "load_balancer.targets.instances/1";
const LINK: &str = "api/vpc_link";

pub(super) fn samples() -> Vec<Vec<Sample>> {
    vec![
        groups(),
        balancer(),
        listener(),
        targets(),
        instance(),
        link(),
    ]
}

fn output(address: &str, name: OutputName) -> Text {
    Text::output(&Address::new(address), name)
}

fn groups() -> Vec<Sample> {
    fields! { "security_group", SecurityGroup;
        "ingress" at INSTANCES_GROUP => {|it, _| drop(it.ingress.insert(Ingress {
            port: 9090,
            from: output(GROUP, OutputName::Id),
        }))}
        "other_rules" at INSTANCES_GROUP => {done |stack| {
            let everybody = IpPermission::builder()
                .ip_protocol("tcp")
                .from_port(22)
                .to_port(22)
                .ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build())
                .build();
            let open = ec2(&stack.world).authorize_security_group_ingress();
            let open = open.group_id(stack.id(INSTANCES_GROUP).await);
            open.ip_permissions(everybody).send().await.unwrap();
        }}
        "tags" at GROUP => {|it, _| tag(&mut it.tags)}
    }
}

fn balancer() -> Vec<Sample> {
    fields! { "load_balancer", LoadBalancer;
        // AWS removes none while a VPC link uses it.
        "subnets" at BALANCER => {done |stack| {
            let another = stack.things.subnet.clone();
            match stack.wanted(&Address::new(BALANCER)) {
                Resource::LoadBalancer(props) => drop(props.subnets.insert(another)),
                other => panic!("{other:?}"),
            }
        }}
        "security_groups" at BALANCER => {|it, _| drop(it.security_groups.insert(output(INSTANCES_GROUP, OutputName::Id)))}
        "judges_private_link" at BALANCER => {|it, _| it.judges_private_link ^= true}
        "cross_zone" at BALANCER => {|it, _| it.cross_zone ^= true}
        "deletion_protection" at BALANCER => {|it, _| it.deletion_protection ^= true}
        "active" with ["judges_private_link", "cross_zone"] at BALANCER => {just_made}
        "tags" at BALANCER => {|it, _| tag(&mut it.tags)}
    }
}

fn listener() -> Vec<Sample> {
    fields! { "listener", Listener;
        "port" at "load_balancer.listeners.444" => {done |stack| {
            let (to, group) = (Place::Listener(444).address(), Place::TargetGroup(444).address());
            stack.moved(LISTENER, &to);
            stack.moved(Place::TargetGroup(443).address().as_str(), &group);
            let group = Text::output(&group, OutputName::Arn);
            match stack.wanted(&to) {
                Resource::Listener(props) => {
                    props.port = 444;
                    props.target_group = group.clone();
                }
                other => panic!("{other:?}"),
            }
            match stack.wanted(&Address::new(INSTANCE)) {
                Resource::Instance(props) => props.target_groups = [output(TARGETS, OutputName::Arn), group].into(),
                other => panic!("{other:?}"),
            }
        }}
        "protocol" with ["certificate", "tls_policy"] at LISTENER => {|it, _| {
            it.protocol = "TCP".into();
            it.certificate = None;
            it.tls_policy = None;
        }}
        "certificate" at LISTENER => {|it, things| it.certificate = Some(things.certificate.as_str().into())}
        "tls_policy" at LISTENER => {|it, _| it.tls_policy = Some("ELBSecurityPolicy-TLS13-1-2-2021-06".into())}
        "target_group" at LISTENER => {|it, _| it.target_group = output(TARGETS, OutputName::Arn)}
        "tags" at LISTENER => {|it, _| tag(&mut it.tags)}
    }
}

fn targets() -> Vec<Sample> {
    fields! { "target_group", TargetGroup;
        "health" at TARGETS => {|it, _| {
            it.health.interval_seconds = 5;
            it.health.path = Some("/ready".into());
            it.health.port = Some(9000);
            it.health.healthy = 2;
        }}
        "health" at TARGETS => {|it, _| {
            it.health.protocol = "TCP".into();
            it.health.path = None;
        }}
        "drain" at TARGETS => {|it, _| it.drain_seconds = 30}
        "targets" at ADDRESSES => {|it, _| it.targets = Some(["172.31.128.11".into(), "172.31.144.11".into()].into())}
        "tags" at TARGETS => {|it, _| tag(&mut it.tags)}
    }
}

fn instance() -> Vec<Sample> {
    fields! { "instance", Instance;
        "security_groups" at INSTANCE => {|it, _| drop(it.security_groups.insert(output(GROUP, OutputName::Id)))}
        "target_groups" at INSTANCE => {done |stack| {
            let leave = elbv2(&stack.world).deregister_targets();
            let leave = leave.target_group_arn(stack.id(TARGETS).await);
            let target = TargetDescription::builder().id(stack.id(INSTANCE).await);
            leave.targets(target.build()).send().await.unwrap();
        }}
        "metadata_needs_token" at INSTANCE => {done |stack| {
            let change = ec2(&stack.world).modify_instance_metadata_options();
            let change = change.instance_id(stack.id(INSTANCE).await);
            change.http_tokens(HttpTokensState::Optional).send().await.unwrap();
        }}
        "running" at INSTANCE => {done |stack| {
            let stop = ec2(&stack.world).stop_instances();
            stop.instance_ids(stack.id(INSTANCE).await).send().await.unwrap();
        }}
        "in_service" at INSTANCE => {just_made_anew}
        "tags" at INSTANCE => {|it, _| tag(&mut it.tags)}
    }
}

fn link() -> Vec<Sample> {
    fields! { "vpc_link", VpcLink;
        "name" at LINK => {|it, _| it.name = "other".into()}
        "available" at LINK => {just_made}
        "tags" at LINK => {|it, _| tag(&mut it.tags)}
    }
}
