//! Round trips of the private backend's kinds: what is created is read as wanted, and deleting leaves nothing.

use std::collections::BTreeSet;

use aws_local::connector;
use aws_sdk_ec2::types::{Filter, IpPermission, IpRange};
use gatestack::kinds::{
    KEY_TAG, Resource, STACK_TAG, listener, load_balancer, security_group, target_group, vpc_link,
};
use gatestack::model::{Address, OutputName, Text};

use crate::support::resources::WantedResources;

const BALANCER: &str = "load_balancer";
const GROUP: &str = "load_balancer/security_group";
const INSTANCES_GROUP: &str = "load_balancer.targets.instances/security_group";
const LISTENER: &str = "load_balancer.listeners.80";
const TARGETS: &str = "load_balancer.listeners.80/target_group";
const LINK: &str = "api/vpc_link";
const NOTHING: [String; 0] = [];

fn id(of: &str) -> Text {
    Text::output(&Address::new(of), OutputName::Id)
}

fn ec2(world: &WantedResources) -> aws_sdk_ec2::Client {
    let config = aws_sdk_ec2::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_ec2::config::Region::new("eu-west-1"))
        .credentials_provider(aws_sdk_ec2::config::Credentials::from_keys(
            "some", "body", None,
        ))
        .http_client(connector(world.service.clone()))
        .build();
    aws_sdk_ec2::Client::from_conf(config)
}

/// The VPC and the ids of the private subnets of an account.
async fn private_subnets(world: &WantedResources) -> (String, BTreeSet<String>) {
    let private = Filter::builder().name("tag:tier").values("private").build();
    let request = ec2(world).describe_subnets().filters(private);
    let subnets = request.send().await.unwrap().subnets.unwrap_or_default();
    let vpc = subnets[0].vpc_id().unwrap().to_owned();
    let ids = subnets.into_iter().filter_map(|subnet| subnet.subnet_id);
    (vpc, ids.collect())
}

/// A load balancer with its groups, a listener, targets by address, and the link to it.
async fn road() -> WantedResources {
    let mut world = WantedResources::new().await;
    let (vpc, subnets) = private_subnets(&world).await;
    let tags = |address: &str| world.desired.context.tags_of(&Address::new(address));
    let resources = vec![
        (
            GROUP,
            Resource::SecurityGroup(security_group::Props {
                name: "claims-load-balancer".into(),
                description: "d".into(),
                vpc: vpc.clone(),
                ingress: BTreeSet::new(),
                other_rules: BTreeSet::new(),
                tags: tags(GROUP),
            }),
        ),
        (
            INSTANCES_GROUP,
            Resource::SecurityGroup(security_group::Props {
                name: "claims-instances".into(),
                description: "d".into(),
                vpc: vpc.clone(),
                ingress: [security_group::Ingress {
                    port: 8080,
                    from: id(GROUP),
                }]
                .into(),
                other_rules: BTreeSet::new(),
                tags: tags(INSTANCES_GROUP),
            }),
        ),
        (
            BALANCER,
            Resource::LoadBalancer(load_balancer::Props {
                name: "claims".into(),
                scheme: "internal".into(),
                vpc: vpc.clone(),
                subnets,
                security_groups: [id(GROUP)].into(),
                judges_private_link: false,
                cross_zone: true,
                deletion_protection: false,
                active: true,
                tags: tags(BALANCER),
            }),
        ),
        (
            TARGETS,
            Resource::TargetGroup(target_group::Props {
                name: "claims-80".into(),
                vpc,
                target_type: "ip".into(),
                port: 8080,
                protocol: "TCP".into(),
                health: target_group::Health {
                    protocol: "HTTP".into(),
                    path: Some("/health".into()),
                    port: None,
                    interval_seconds: 10,
                    healthy: 3,
                    unhealthy: 3,
                },
                drain_seconds: 120,
                targets: Some(["172.31.128.10".into()].into()),
                tags: tags(TARGETS),
            }),
        ),
        (
            LISTENER,
            Resource::Listener(listener::Props {
                load_balancer: id(BALANCER),
                port: 80,
                protocol: "TCP".into(),
                certificate: None,
                tls_policy: None,
                target_group: id(TARGETS),
                tags: tags(LISTENER),
            }),
        ),
        (
            LINK,
            Resource::VpcLink(vpc_link::Props {
                name: "claims".into(),
                load_balancer: id(BALANCER),
                available: true,
                tags: tags(LINK),
            }),
        ),
    ];
    for (address, resource) in resources {
        world.want(address, resource);
    }
    world
}

/// Changes the properties of the resource at an address, and sees that this alone is sent and then seen.
macro_rules! change {
    ($world:expr, $address:expr, $kind:ident, $field:literal, |$props:ident| $change:expr) => {
        $world.change($address, |resource| match resource {
            Resource::$kind($props) => $change,
            other => panic!("{other:?}"),
        });
        let sent = $world.converge().await;
        assert_eq!(sent, [format!("update {} [{}]", $address, $field)]);
        assert_eq!($world.converge().await, NOTHING, "{} {}", $address, $field);
    };
}

#[tokio::test(start_paused = true)]
async fn what_is_made_is_seen_as_it_was_wanted() {
    let world = road().await;
    assert_eq!(world.converge().await.len(), 6);
    assert_eq!(world.converge().await, NOTHING);
    let live = world.look().await.live;
    let balancer = &live[&Address::new(BALANCER)].outputs;
    assert_eq!(balancer[&OutputName::Id], balancer[&OutputName::Arn]);
    assert!(balancer[&OutputName::Target].contains(".elb."));
    assert!(!balancer[&OutputName::TargetZone].is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_subnet_fewer_and_one_more_are_sent() {
    let mut world = road().await;
    world.forget(LINK);
    world.converge().await;
    let (_, subnets) = private_subnets(&world).await;
    let first = subnets.first().cloned().into_iter().collect();
    change!(world, BALANCER, LoadBalancer, "subnets", |p| p.subnets =
        first);
    change!(world, BALANCER, LoadBalancer, "subnets", |p| p.subnets =
        subnets);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_takes_the_place_of_another_is_told_from_it() {
    let mut world = road().await;
    world.converge().await;
    let name = "claims-80-b".to_owned();
    world.change(TARGETS, |resource| match resource {
        Resource::TargetGroup(props) => {
            props.name = name;
            props.port = 9090;
        }
        other => panic!("{other:?}"),
    });
    let before = world.id(TARGETS).await;
    let writer = world.connection.writer();
    let observation = world.look().await;
    let made = world.desired.resources[&Address::new(TARGETS)]
        .resource
        .create(
            &writer,
            &Address::new(TARGETS),
            &observation.book(),
            Some(&before),
        )
        .await
        .unwrap();
    // A run that dies here leaves two groups with one address; the older one goes.
    let old = Address::new(TARGETS).replaced(&before);
    assert!(world.look().await.live.contains_key(&old));
    assert_eq!(world.id(TARGETS).await, made[&OutputName::Id]);
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_rule_is_revoked() {
    let world = road().await;
    world.converge().await;
    let everybody = IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(22)
        .to_port(22)
        .ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build())
        .build();
    let request = ec2(&world)
        .authorize_security_group_ingress()
        .group_id(world.id(INSTANCES_GROUP).await)
        .ip_permissions(everybody);
    request.send().await.unwrap();
    let sent = world.converge().await;
    assert_eq!(sent, [format!("update {INSTANCES_GROUP} [other_rules]")]);
    assert_eq!(world.converge().await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_nobody_wants_is_deleted() {
    let mut world = road().await;
    world.converge().await;
    world.forget(LISTENER);
    assert_eq!(world.converge().await, [format!("delete {LISTENER}")]);
    assert_eq!(world.converge().await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn deleting_everything_leaves_nothing() {
    let mut world = road().await;
    world.converge().await;
    // In an order that AWS accepts.
    for address in [LINK, LISTENER, TARGETS, BALANCER, INSTANCES_GROUP, GROUP] {
        world.forget(address);
        let sent = world.converge().await;
        assert!(sent.contains(&format!("delete {address}")), "{sent:?}");
    }
    assert!(world.look().await.live.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_a_road_is_not_asked_about_one() {
    let world = WantedResources::new().await;
    let made = world.somebody().create_rest_api().name("claims");
    let made = made.tags(STACK_TAG, "claims").tags(KEY_TAG, "api");
    made.send().await.unwrap();
    world.look().await;
    let asked: Vec<String> = world.all_calls().into_keys().collect();
    for operation in [
        "DescribeSecurityGroups",
        "DescribeLoadBalancers",
        "DescribeTargetGroups",
        "DescribeInstances",
    ] {
        assert!(!asked.iter().any(|name| name == operation), "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn looking_asks_for_each_list_once() {
    let world = road().await;
    world.converge().await;
    let before = world.all_calls();
    world.look().await;
    for (name, times) in world.all_calls() {
        let times = times - before.get(&name).copied().unwrap_or(0);
        let most = match name.as_str() {
            // By tag and by name; of load balancers, listeners and target groups.
            "DescribeSecurityGroups" => 2,
            "DescribeTags" => 3,
            _ => 1,
        };
        assert!(times <= most, "{name}: {times}");
    }
}
