//! The whole reference system, `examples/partner-api`, on the engine and the local AWS: all kinds of changes, without leftovers,
//! in no more time than AWS takes for the load balancer and then the link.

use std::time::Duration;

use aws_local::Pace;
use aws_local::apigateway::{LINK_CREATION_TIME, LINK_DELETION_TIME};
use aws_local::elbv2::PROVISIONING;
use gatestack::apply::{Done, Event};
use gatestack::aws::{Operation, Pacer};
use gatestack::clock::Clock;
use gatestack::engine::{self, Executed, Steps};
use gatestack::model::Address;
use gatestack::plan::Options;

use crate::support::certificates::issued;
use crate::support::example::{Example, OVERLAY, PRODUCTION, USER_DATA, agreed};
use crate::support::program::{Folder, example};
use crate::support::screen::{screen, with_filters};
use crate::support::world::{StopButton, Telling, somebody, summary};

fn renamed(example: &mut Example) {
    example.edit(
        "[load_balancer]\n",
        "[load_balancer]\nname      = \"partner-api-2\"\n",
    );
}

const ROUTES: [&str; 4] = [
    "update api.routes.\"GET /claims\"",
    "update api.routes.\"GET /claims/{id}\"",
    "update api.routes.\"GET /policies\"",
    "update api.routes.\"GET /policies/{id}\"",
];

#[tokio::test(start_paused = true)]
async fn every_change_of_the_road_is_what_the_plan_says_and_nothing_is_left() {
    let mut example = Example::at(Pace::Immediate);
    let theirs = [example.launch().await, example.launch().await];
    example.stand_up().await;
    let before = Box::pin(example.everything()).await;
    let (first, ..) = example.apply_with(&Options::default()).await;
    assert_eq!(first.changes.len(), 37, "{:#?}", summary(&first));

    example.edit("count     = 2", "count     = 3");
    example
        .changes(&["create load_balancer.targets.instances/3"])
        .await;

    example.edit("to = 8080", "to = 8081");
    example
        .changes(&[
            "update load_balancer.listeners.80",
            "replace load_balancer.listeners.80/target_group",
            "update load_balancer.targets.instances/1",
            "update load_balancer.targets.instances/2",
            "update load_balancer.targets.instances/3",
            "update load_balancer.targets.instances/security_group",
        ])
        .await;

    example.edit("80 = {", "81 = { to = 8080 }, 80 = {");
    example
        .changes(&[
            "create load_balancer.listeners.81",
            "create load_balancer.listeners.81/target_group",
            "update load_balancer.targets.instances/1",
            "update load_balancer.targets.instances/2",
            "update load_balancer.targets.instances/3",
            "update load_balancer.targets.instances/security_group",
        ])
        .await;

    let all_anew = [
        "replace load_balancer.targets.instances/1",
        "replace load_balancer.targets.instances/2",
        "replace load_balancer.targets.instances/3",
    ];
    example.edit("kernel-default-x86_64", "kernel-6.1-x86_64");
    example.changes(&all_anew).await;
    example.user_data.push_str("systemctl status backend\n");
    example.changes(&all_anew).await;

    let led_elsewhere = [
        &ROUTES[..],
        &["update api/deployment", "replace api/vpc_link"],
    ]
    .concat();
    renamed(&mut example);
    let elsewhere = [
        "replace load_balancer",
        "replace load_balancer.listeners.80",
        "replace load_balancer.listeners.80/target_group",
        "replace load_balancer.listeners.81",
        "replace load_balancer.listeners.81/target_group",
        "update load_balancer.targets.instances/1",
        "update load_balancer.targets.instances/2",
        "update load_balancer.targets.instances/3",
    ];
    example
        .changes(&[&led_elsewhere[..], &elsewhere].concat())
        .await;

    let other_targets = [
        "update load_balancer.listeners.80",
        "replace load_balancer.listeners.80/target_group",
        "update load_balancer.listeners.81",
        "replace load_balancer.listeners.81/target_group",
    ];
    let no_instances = [
        "delete load_balancer.targets.instances/1",
        "delete load_balancer.targets.instances/2",
        "delete load_balancer.targets.instances/3",
        "delete load_balancer.targets.instances/security_group",
    ];
    example.lead_to("ips = [\"172.31.128.10\", \"172.31.144.10\"]");
    example
        .changes(&[&other_targets[..], &no_instances].concat())
        .await;
    example.lead_to(&format!("instance_ids = {theirs:?}"));
    example.changes(&other_targets).await;
    example.lead_to("instance_tags = { role = \"backend\" }");
    example.changes(&[]).await;

    example.edit(
        "[load_balancer]\n",
        "[load_balancer]\ndeletion_protection = false\n",
    );
    example.changes(&["update load_balancer"]).await;
    let (road, rest) = example.text.split_once("[load_balancer]\n").unwrap();
    let (_, api) = rest.split_once("\n[api]\n").unwrap();
    example.text = format!("{road}[load_balancer]\nexisting = \"theirs\"\n\n[api]\n{api}");
    let theirs_alone = [
        "delete load_balancer",
        "delete load_balancer.listeners.80",
        "delete load_balancer.listeners.80/target_group",
        "delete load_balancer.listeners.81",
        "delete load_balancer.listeners.81/target_group",
        "delete load_balancer/security_group",
    ];
    example
        .changes(&[&led_elsewhere[..], &theirs_alone].concat())
        .await;

    example.destroy().await;
    assert_eq!(Box::pin(example.everything()).await, before);
}

#[tokio::test(start_paused = true)]
async fn the_overlay_brings_a_domain_that_moves_and_goes() {
    let mut example = Example::at(Pace::Immediate);
    example.certificate = issued(&example.world.service, PRODUCTION, "*.example.com").await;
    let (without_domain, _) = OVERLAY.split_once("[api.domain]").unwrap();
    example.overlay = Some(without_domain.to_owned());
    let before = Box::pin(example.everything()).await;
    let _applied = example.apply_with(&Options::default()).await;

    example.overlay = Some(OVERLAY.into());
    example
        .changes(&[
            // Its tags say from now on that there is a domain to look for.
            "update api",
            "create api.domain",
            "create api.domain/mapping",
            "create api.domain/record",
        ])
        .await;
    let zone = {
        let zones = somebody!(example, aws_sdk_route53).list_hosted_zones();
        let id = zones.send().await.unwrap().hosted_zones()[0]
            .id()
            .to_owned();
        id.trim_start_matches("/hostedzone/").to_owned()
    };
    example.overlay = Some(OVERLAY.replace("api.example.com", "partners.example.com"));
    example
        .changes(&[
            "replace api.domain",
            "replace api.domain/mapping",
            "create api.domain/record",
            &format!("delete api.domain/record/replaced/{zone}:api.example.com"),
        ])
        .await;
    let there = Box::pin(example.everything()).await;
    assert!(there.contains("domain partners.example.com"), "{there:#?}");
    assert!(!there.contains("domain api.example.com"), "{there:#?}");

    example.destroy().await;
    assert_eq!(Box::pin(example.everything()).await, before);
}

#[test]
fn another_name_of_the_load_balancer_is_told_with_what_comes_of_it() {
    let text = example("partner-api");
    let folder = Folder::with(&text);
    std::fs::write(folder.path().join("backend.sh"), USER_DATA).unwrap();
    folder.apply(&[]);
    let named = "[load_balancer]\nname      = \"partner-api-2\"\n";
    folder.write(&text.replace("[load_balancer]\n", named));
    let ran = folder.local(&["plan"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    with_filters(|| insta::assert_snapshot!("another_load_balancer", screen(&ran)));
}

/// The longest that the requests behind the link may take: each as if the same had just been sent, by API Gateway's quotas.
async fn held_back(operations: &[&str]) -> Duration {
    let clock = Clock::simulated(jiff::Timestamp::UNIX_EPOCH);
    let pacer = Pacer::new(clock.clone());
    for name in operations.iter().chain(operations) {
        pacer.admit(&Operation::apigateway(name)).await;
    }
    clock
        .now()
        .duration_since(jiff::Timestamp::UNIX_EPOCH)
        .unsigned_abs()
}

/// What remains after the link is ready.
const BEHIND_THE_LINK: [&str; 6] = [
    "api/deployment",
    "api/stage",
    "plans.XXXPlan",
    "partners.acme/membership",
    "partners.globex/membership",
    "partners.initech/membership",
];

/// How often load balancers and links are read until they are ready.
const POLLED_EVERY: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn an_apply_takes_as_long_as_the_load_balancer_and_then_the_link() {
    let mut example = Example::realistic();
    let (_, outcome, moments) = example.apply_with(&Options::default()).await;
    // One poll too late for each of the two.
    let looks = 2 * POLLED_EVERY;
    let road = PROVISIONING + LINK_CREATION_TIME;
    let requests = held_back(&[
        "CreateDeployment",
        "CreateStage",
        "CreateUsagePlan",
        "CreateUsagePlanKey",
        "CreateUsagePlanKey",
        "CreateUsagePlanKey",
    ]);
    let longest = road + looks + requests.await;
    assert!(outcome.took >= road, "{:?}: {moments:#?}", outcome.took);
    assert!(outcome.took <= longest, "{:?}: {moments:#?}", outcome.took);
    for moment in &moments {
        let address = moment.address.as_str();
        let waits_for_the_link = BEHIND_THE_LINK.contains(&address)
            || (address == "api/vpc_link" && moment.action == Done::Settle);
        assert!(
            waits_for_the_link || moment.ended <= PROVISIONING + looks,
            "{moment:?} holds on to what does not wait for the link"
        );
    }

    // The instances stay, so the old target groups have none that would drain: their listeners go first.
    renamed(&mut example);
    let (_, outcome, moments) = example.apply_with(&agreed()).await;
    let road = road + LINK_DELETION_TIME;
    let longest =
        road + looks + POLLED_EVERY + held_back(&["CreateDeployment", "UpdateStage"]).await;
    assert!(outcome.took >= road, "{:?}: {moments:#?}", outcome.took);
    assert!(outcome.took <= longest, "{:?}: {moments:#?}", outcome.took);
}

#[tokio::test(start_paused = true)]
async fn who_stops_a_run_waits_for_nothing() {
    let example = Example::realistic();
    let plan = Box::pin(example.plan_with(&Options::default())).await;
    let connection = example.connection().await;
    let mut stop = StopButton::default();
    let pressed = stop.clone();
    let mut told = None;
    let mut tell = Telling(|event: Event| match event {
        Event::StepStarted {
            address, action, ..
        } if address.as_str() == "api/vpc_link" && action == Done::Settle => {
            pressed.press();
        }
        Event::Stopping { running } => told = Some(running),
        _ => {}
    });
    let clock = &example.world.clock;
    let run = engine::carry_out(&plan, &connection, clock, true, &mut stop, &mut tell);
    let Executed::Over(Steps { outcome, .. }) = Box::pin(run).await else {
        panic!("it was stopped once");
    };
    assert!(outcome.interrupted && outcome.failures.is_empty());
    assert!(told.is_some(), "it says that it stops");
    assert!(
        outcome.took < PROVISIONING + LINK_CREATION_TIME,
        "{:?}",
        outcome.took
    );
    let (plan, ..) = Box::pin(example.apply_with(&Options::default())).await;
    assert!(!plan.changes.contains_key(&Address::new("load_balancer")));
}
