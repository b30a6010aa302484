//! VPC links, down to the address on this machine.

use super::*;

const NOW: f64 = 1_795_255_200.0;
const LOAD_BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/inner/0123456789abcdef";
const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/claims/0123456789abcdef";

/// A link to a load balancer that listens on port 80 and forwards to 10.9.8.7:8080, and to 10.9.8.6:8081, which is not healthy yet.
fn region() -> Value {
    json!({
        "apigateway": {"vpc_links": {"link01": {"settings": {"targetArns": [LOAD_BALANCER]}, "settled": NOW - 1.0}}},
        "elbv2": {
            "load_balancers": {LOAD_BALANCER: {"vpc": "vpc-1", "zones": [{"name": "eu-west-1a"}], "active": NOW - 1.0}},
            "listeners": {"listener": {
                "load_balancer": LOAD_BALANCER, "port": 80, "protocol": "TCP",
                "actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": GROUP, "Weight": 1}]}}],
            }},
            "target_groups": {GROUP: {
                "protocol": "TCP", "port": 8080, "vpc": "vpc-1", "target_type": "ip",
                "health_check": {"port": "traffic-port"},
                "targets": [
                    {"id": "10.9.8.7", "port": 8080, "checked": NOW - 1.0},
                    {"id": "10.9.8.6", "port": 8081, "checked": NOW + 60.0},
                ],
            }},
        },
    })
}

/// A proxy through the link of the stage variable, in this Region.
fn linked(uri: &str, region: Value) -> Ground {
    let settings = json!({"connectionType": "VPC_LINK", "connectionId": "${stageVariables.link}"});
    let mut ground = Ground::http("HTTP_PROXY", uri, settings);
    ground.state = read(json!({"regions": {"eu-west-1": region}}));
    ground
}

fn mapped(target: &str, back_end: &BackEnd) -> DataPlaneOptions {
    DataPlaneOptions {
        map: vec![Mapping {
            target: target.parse().unwrap(),
            answers: back_end.address,
        }],
        ..DataPlaneOptions::default()
    }
}

#[tokio::test]
async fn a_call_reaches_what_answers_for_the_target() {
    let back_end = BackEnd::ok("inside").await;
    let ground = linked("http://api.aws.com/policies", region());
    let options = mapped("10.9.8.7:8080", &back_end);
    let answer = integrated(options, &ground.exchange()).await.unwrap();
    assert_eq!(text(&answer), "inside");
    let asked = back_end.last();
    assert!(
        asked.starts_with("get /policies?page=1&page=2 http/1.1\r\n"),
        "{asked}"
    );
    assert!(asked.contains("\r\nhost: api.aws.com\r\n"), "{asked}");

    // Another target's mapping is not this one's; the back end for all of them is.
    let mut options = mapped("10.9.8.6:8081", &BackEnd::ok("other").await);
    options.backend = Some(back_end.address);
    let answer = integrated(options, &ground.exchange()).await.unwrap();
    assert_eq!(text(&answer), "inside");
}

#[tokio::test]
async fn a_url_with_a_port_or_https_asks_for_another_listener() {
    let back_end = BackEnd::ok("inside").await;
    let mut region = region();
    region["elbv2"]["listeners"]["listener"]["port"] = 443.into();
    region["elbv2"]["listeners"]["listener"]["protocol"] = "TLS".into();
    let options = mapped("10.9.8.7:8080", &back_end);
    let ground = linked("https://api.aws.com/", region.clone());
    let answer = integrated(options.clone(), &ground.exchange())
        .await
        .unwrap();
    assert_eq!(text(&answer), "inside");
    region["elbv2"]["listeners"]["listener"]["port"] = 8443.into();
    let ground = linked("https://api.aws.com:8443/", region);
    integrated(options, &ground.exchange()).await.unwrap();
    assert!(
        back_end.last().contains("\r\nhost: api.aws.com:8443\r\n"),
        "{}",
        back_end.last()
    );
}

#[tokio::test]
async fn targets_take_turns() {
    let (one, two) = (BackEnd::ok("one").await, BackEnd::ok("two").await);
    let mut region = region();
    region["elbv2"]["target_groups"][GROUP]["targets"][1]["checked"] = 0.into();
    let ground = linked("http://api.aws.com/", region);
    let mut options = mapped("10.9.8.7:8080", &one);
    options.map.extend(mapped("10.9.8.6:8081", &two).map);
    let plane = DataPlane::new(Service::in_memory(Options::default()), options);
    let mut answers = Vec::new();
    for _ in 0..4 {
        let answer = integrate(&plane.0, &ground.exchange()).await.unwrap();
        answers.push(text(&answer).to_owned());
    }
    assert_eq!(answers, ["one", "two", "one", "two"]);
}

#[tokio::test]
async fn a_target_that_nothing_answers_for_is_a_504_that_says_what_to_do() {
    let ground = linked("http://api.aws.com/", region());
    let refused = ground.answer().await.unwrap_err();
    assert_eq!(words(&refused), UNREACHABLE);
    assert!(
        refused.why.contains("--map 10.9.8.7:8080=127.0.0.1:PORT"),
        "{}",
        refused.why
    );
}

/// What breaks a Region.
type Damage<'d> = &'d dyn Fn(&mut Value);

#[tokio::test]
async fn whatever_is_wrong_on_the_way_is_a_500() {
    let link = |region: &mut Value, member: &str, value: Value| {
        region["apigateway"]["vpc_links"]["link01"][member] = value;
    };
    let broken: [(&str, Damage<'_>); 10] = [
        ("no VPC link", &|region| region["apigateway"] = json!({})),
        ("is PENDING", &|region| {
            link(region, "settled", json!(NOW + 9.0))
        }),
        ("is FAILED", &|region| link(region, "failure", "why".into())),
        ("is DELETING", &|region| {
            link(region, "deleted", json!(NOW + 9.0))
        }),
        ("no VPC link", &|region| {
            link(region, "deleted", json!(NOW - 9.0))
        }),
        ("is gone", &|region| {
            region["elbv2"]["load_balancers"] = json!({})
        }),
        ("not active yet", &|region| {
            region["elbv2"]["load_balancers"][LOAD_BALANCER]["active"] = json!(NOW + 9.0);
        }),
        ("no TCP port 80", &|region| {
            region["elbv2"]["listeners"]["listener"]["port"] = 81.into()
        }),
        ("no TCP port 80", &|region| {
            region["elbv2"]["listeners"]["listener"]["protocol"] = "UDP".into()
        }),
        ("no target", &|region| {
            region["elbv2"]["target_groups"][GROUP]["targets"][0]["drains_until"] =
                json!(NOW + 9.0);
        }),
    ];
    let back_end = BackEnd::ok("").await;
    for (why, damage) in broken {
        let mut region = region();
        damage(&mut region);
        let ground = linked("http://api.aws.com/", region);
        let refused = integrated(mapped("10.9.8.7:8080", &back_end), &ground.exchange()).await;
        let refused = refused.unwrap_err();
        assert_eq!(words(&refused), CONFIGURATION, "{why}");
        assert!(refused.why.contains(why), "{why} in {}", refused.why);
    }
    assert!(back_end.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_load_balancers_own_groups_judge_only_if_they_are_told_to() {
    let back_end = BackEnd::ok("inside").await;
    for (enforces, source, passes) in [
        ("off", "10.0.0.0/8", true),
        ("on", "10.0.0.0/8", false),
        ("on", "0.0.0.0/0", true),
    ] {
        let mut region = region();
        let row = &mut region["elbv2"]["load_balancers"][LOAD_BALANCER];
        row["security_groups"] = json!(["sg-1"]);
        row["enforces_on_private_link"] = enforces.into();
        region["ec2"]["groups"]["sg-1"] = json!({"name": "nlb", "description": "", "vpc_id": "vpc-1", "rules": [
            {"id": "sgr-1", "egress": false, "protocol": "tcp", "from": 80, "to": 80, "source": {"V4": source}},
        ]});
        let ground = linked("http://api.aws.com/", region);
        let answer = integrated(mapped("10.9.8.7:8080", &back_end), &ground.exchange()).await;
        match answer {
            Ok(_) => assert!(passes, "{enforces} {source}"),
            Err(refused) => {
                assert!(!passes, "{refused:?}");
                assert!(refused.why.contains("security groups"), "{}", refused.why);
            }
        }
    }
}
