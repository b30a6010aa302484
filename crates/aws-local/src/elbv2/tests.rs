//! Elastic Load Balancing without HTTP: what takes time, by the clock.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::apigateway;
use super::super::operation::{Call, Object, Pace, Refusal, Run};
use super::super::state::{Region, State};
use super::state::{HealthCheck, LoadBalancer, TargetGroup, Zone};
use super::{OPERATIONS, arn};

const LOAD_BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/inner/0123456789abcdef";
const TARGET_GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/claims/0123456789abcdef";

/// One Region with AWS's durations, called without HTTP. It has a load balancer that was just created, and a target group for
/// addresses.
struct Local {
    region: Region,
    now: Timestamp,
}

impl Local {
    fn new() -> Self {
        let mut local = Self {
            region: Region::default(),
            now: "2026-11-21T10:00:00Z".parse().unwrap(),
        };
        let seconds = local.now.as_second() as f64;
        let state = &mut local.region.elbv2;
        state.load_balancers.insert(
            LOAD_BALANCER,
            LoadBalancer {
                vpc: "vpc-1".into(),
                zones: vec![Zone {
                    name: "eu-west-1a".into(),
                    ..Zone::default()
                }],
                active: seconds + 180.0,
                ..LoadBalancer::default()
            },
        );
        state.target_groups.insert(
            TARGET_GROUP,
            TargetGroup {
                protocol: "TCP".into(),
                port: 8080,
                vpc: "vpc-1".into(),
                target_type: "ip".into(),
                health_check: HealthCheck {
                    port: "traffic-port".into(),
                    ..HealthCheck::default()
                },
                ..TargetGroup::default()
            },
        );
        local
    }

    fn after(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn try_call(&mut self, name: &'static str, input: Value) -> Result<Value, Refusal> {
        let tables = OPERATIONS.iter().chain(apigateway::OPERATIONS);
        let operation = tables
            .flat_map(|table| table.iter())
            .find(|operation| operation.name == name)
            .unwrap();
        let call = Call {
            operation: operation.name,
            input: object(input),
            now: self.now,
            account: "123456789012".into(),
            session: None,
            region: "eu-west-1".into(),
            request_id: "r".into(),
            pace: Pace::Realistic { time_scale: 1.0 },
            id: None,
            everywhere: State::default(),
            beside: crate::beside::Beside::default(),
        };
        match operation.run {
            Run::Read(run) => run(&self.region, &call),
            Run::Change(run) => run(&mut self.region, &call),
            Run::Outside(_) => unreachable!(),
        }
        .map(Value::Object)
    }

    fn call(&mut self, name: &'static str, input: Value) -> Value {
        self.try_call(name, input).unwrap()
    }

    fn targets(&mut self, operation: &'static str) -> Value {
        let target = json!({"Id": "10.9.8.7", "AvailabilityZone": "eu-west-1a"});
        self.call(
            operation,
            json!({"TargetGroupArn": TARGET_GROUP, "Targets": [target]}),
        )
    }

    /// The states of all targets, with their reasons.
    fn health(&mut self) -> Vec<(String, String)> {
        let answer = self.call(
            "DescribeTargetHealth",
            json!({"TargetGroupArn": TARGET_GROUP}),
        );
        let rows = answer["TargetHealthDescriptions"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        rows.iter()
            .map(|row| &row["TargetHealth"])
            .map(|health| (text(&health["State"]), text(&health["Reason"])))
            .collect()
    }

    fn listen(&mut self) {
        self.call(
            "CreateListener",
            json!({
                "LoadBalancerArn": LOAD_BALANCER, "Protocol": "TCP", "Port": 80,
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": TARGET_GROUP}],
            }),
        );
    }

    fn link(&mut self) -> String {
        let link = self.call(
            "CreateVpcLink",
            json!({"name": "inside", "targetArns": [LOAD_BALANCER]}),
        );
        link["id"].as_str().unwrap().to_owned()
    }

    fn status(&mut self, link: &str) -> Value {
        self.call("GetVpcLink", json!({"vpcLinkId": link}))["status"].clone()
    }
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

fn is(state: &str, reason: &str) -> Vec<(String, String)> {
    vec![(state.into(), reason.into())]
}

#[test]
fn a_target_takes_its_time_and_drains() {
    let mut local = Local::new();
    local.after(180);
    local.targets("RegisterTargets");
    local.after(600);
    assert_eq!(local.health(), is("unused", "Target.NotInUse"));
    // Its checks start with the listener, however long it was registered before.
    local.listen();
    assert_eq!(local.health(), is("initial", "Elb.RegistrationInProgress"));
    local.after(89);
    assert_eq!(local.health(), is("initial", "Elb.RegistrationInProgress"));
    local.after(1);
    assert_eq!(local.health(), is("healthy", ""));
    local.targets("DeregisterTargets");
    local.after(299);
    assert_eq!(
        local.health(),
        is("draining", "Target.DeregistrationInProgress")
    );
    local.after(1);
    assert_eq!(local.health(), []);
}

#[test]
fn a_draining_target_that_is_registered_again_begins_anew() {
    let mut local = Local::new();
    local.after(180);
    local.listen();
    local.targets("RegisterTargets");
    local.after(90);
    local.targets("DeregisterTargets");
    local.after(10);
    local.targets("RegisterTargets");
    assert_eq!(local.health(), is("initial", "Elb.RegistrationInProgress"));
    local.after(300);
    assert_eq!(local.health(), is("healthy", ""));
}

#[test]
fn a_target_where_the_load_balancer_has_no_node_is_not_used() {
    let mut local = Local::new();
    local.after(180);
    local.listen();
    local.call(
        "RegisterTargets",
        json!({"TargetGroupArn": TARGET_GROUP, "Targets": [{"Id": "10.9.8.7", "AvailabilityZone": "eu-west-1b"}]}),
    );
    local.after(90);
    assert_eq!(local.health(), is("unused", "Target.NotInUse"));
}

#[test]
fn a_link_to_a_load_balancer_that_is_not_active_yet_fails() {
    let mut local = Local::new();
    let early = local.link();
    local.after(180);
    assert_eq!(local.status(&early), "FAILED");
    let link = local.link();
    assert_eq!(local.status(&link), "PENDING");
    local.after(179);
    assert_eq!(local.status(&link), "PENDING");
    local.after(1);
    assert_eq!(local.status(&link), "AVAILABLE");
}

#[test]
fn a_load_balancer_is_in_use_until_its_link_is_gone() {
    let mut local = Local::new();
    local.after(180);
    let link = local.link();
    let delete = json!({"LoadBalancerArn": LOAD_BALANCER});
    let in_use = |local: &mut Local| {
        let refusal = local
            .try_call("DeleteLoadBalancer", delete.clone())
            .unwrap_err();
        assert_eq!(refusal.code, "ResourceInUse");
    };
    in_use(&mut local);
    local.after(180);
    local.call("DeleteVpcLink", json!({"vpcLinkId": link}));
    local.after(35);
    assert_eq!(local.status(&link), "DELETING");
    in_use(&mut local);
    local.after(1);
    let gone = local.try_call("GetVpcLink", json!({"vpcLinkId": link}));
    assert_eq!(gone.unwrap_err().code, "NotFoundException");
    local.call("DeleteLoadBalancer", delete.clone());
    // Again, since deleting a missing one succeeds.
    local.call("DeleteLoadBalancer", delete);
}

#[test]
fn an_arn_says_what_it_is_of() {
    use arn::Kind;
    assert_eq!(Kind::of(LOAD_BALANCER), Some(Kind::LoadBalancer));
    assert_eq!(Kind::of(TARGET_GROUP), Some(Kind::TargetGroup));
    assert_eq!(
        Kind::of(&arn::listener(LOAD_BALANCER)),
        Some(Kind::Listener)
    );
    assert_eq!(Kind::of("arn:aws:s3:::bucket"), None);
}

#[test]
fn a_connection_goes_to_a_healthy_target_of_a_group_by_its_weight() {
    const OTHER: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/other/0123456789abcdef";
    let mut local = Local::new();
    let group = local.region.elbv2.target_groups.get(TARGET_GROUP).cloned();
    local
        .region
        .elbv2
        .target_groups
        .insert(OTHER, group.unwrap());
    let groups = json!([
        {"TargetGroupArn": TARGET_GROUP, "Weight": 1},
        {"TargetGroupArn": OTHER, "Weight": 2},
    ]);
    local.call(
        "CreateListener",
        json!({
            "LoadBalancerArn": LOAD_BALANCER, "Protocol": "TCP", "Port": 80,
            "DefaultActions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
        }),
    );
    for (group, ids) in [
        (TARGET_GROUP, &["10.9.8.1"][..]),
        (OTHER, &["10.9.8.2", "10.9.8.3"]),
    ] {
        let targets: Vec<_> = ids
            .iter()
            .map(|id| json!({"Id": id, "Port": 9000, "AvailabilityZone": "eu-west-1a"}))
            .collect();
        local.call(
            "RegisterTargets",
            json!({"TargetGroupArn": group, "Targets": targets}),
        );
    }
    let behind = |local: &Local, port, turn| {
        let now = local.now.as_second() as f64;
        super::target_behind(&local.region, LOAD_BALANCER, port, turn, now)
            .map(|target| target.to_string())
    };
    assert_eq!(behind(&local, 80, 0), Err(super::NoWay::Provisioning));
    local.after(600);
    let six: Vec<_> = (0..6)
        .map(|turn| behind(&local, 80, turn).unwrap())
        .collect();
    assert_eq!(
        six,
        [
            "10.9.8.1:9000",
            "10.9.8.2:9000",
            "10.9.8.3:9000",
            "10.9.8.1:9000",
            "10.9.8.2:9000",
            "10.9.8.3:9000",
        ]
    );
    assert_eq!(behind(&local, 81, 0), Err(super::NoWay::Listener));
    let target = json!({"Id": "10.9.8.1", "Port": 9000, "AvailabilityZone": "eu-west-1a"});
    local.call(
        "DeregisterTargets",
        json!({"TargetGroupArn": TARGET_GROUP, "Targets": [target]}),
    );
    assert_eq!(behind(&local, 80, 0), Err(super::NoWay::Targets));
    assert_eq!(behind(&local, 80, 1).as_deref(), Ok("10.9.8.2:9000"));
}
