//! The private backend: created, changed, switched, deleted, and with a run that dies at any point. No stage ever serves a link
//! or a listener that is deleted.

use gatestack::kinds::Resource;
use gatestack::model::{Address, OutputName};
use gatestack::plan::{self, Options, Patterns, Plan};

use crate::support::road::{Road, ec2, elbv2, private_subnets, stack_with_a_road};
use crate::support::wire::{Fate, Wire};
use crate::support::world::{World, summary};

const ROUTE: &str = r#"api.routes."GET /policies/{id}""#;

fn renamed() -> String {
    stack_with_a_road().replace("name = \"claims\"\nsubnets", "name = \"claims-b\"\nsubnets")
}

fn without_via() -> String {
    stack_with_a_road().replace(", via = \"load_balancer\"", "")
}

fn destroy() -> Options {
    Options {
        destroy: true,
        allow_delete: Patterns::new(["*".to_owned()]),
        ..Options::default()
    }
}

/// The index of a step in a plan.
fn place(plan: &Plan, action: &str, address: &str) -> usize {
    plan.steps
        .iter()
        .position(|step| {
            format!("{:?}", step.action()).to_lowercase() == action
                && step.address.as_str() == address
        })
        .unwrap_or_else(|| {
            let steps = plan.steps.iter();
            let steps: Vec<_> = steps
                .map(|step| format!("{:?} {}", step.action(), step.address).to_lowercase())
                .collect();
            panic!("no step {action} {address}: {steps:#?}")
        })
}

#[tokio::test(start_paused = true)]
async fn a_road_is_made_in_one_run() {
    let road = Road::new();
    let text = stack_with_a_road();
    road.apply(&text).await;
    road.assert_at_rest(&text).await;
    let link = road.id(&text, "api/vpc_link").await;
    let api = road.id(&text, "api").await;
    let answer = road
        .world
        .apigateway()
        .get_resources()
        .rest_api_id(&api)
        .embed("methods")
        .send()
        .await
        .unwrap();
    let integration = answer
        .items()
        .iter()
        .find_map(|resource| {
            resource
                .resource_methods()?
                .get("GET")?
                .method_integration()
        })
        .unwrap();
    assert_eq!(integration.connection_id(), Some(link.as_str()));
    let balancers = road.load_balancers().await;
    let enforced = balancers[0].enforce_security_group_inbound_rules_on_private_link_traffic();
    assert_eq!(enforced, Some("off"));
    assert_eq!(balancers[0].security_groups().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_name_leads_callers_to_another_load_balancer_before_the_old_one_goes() {
    let road = Road::new();
    road.apply(&stack_with_a_road()).await;
    let (old_link, old_balancer) = (
        road.id(&stack_with_a_road(), "api/vpc_link").await,
        road.id(&stack_with_a_road(), "load_balancer").await,
    );
    let plan = road.apply(&renamed()).await;
    assert_eq!(
        summary(&plan),
        [
            &format!("update {ROUTE}"),
            "update api/deployment",
            "replace api/vpc_link",
            "replace load_balancer",
            "replace load_balancer.listeners.80",
            "replace load_balancer.listeners.80/target_group",
        ]
    );
    assert!(plan.notes.iter().any(|note| note.code == "GS112"));
    let takes = plan.notes.iter().find(|note| note.code == "GS115").unwrap();
    assert_eq!(takes.address.as_str(), "load_balancer");
    assert_eq!(
        takes.text,
        "AWS takes about 6 minutes to create this, then api/vpc_link"
    );
    let redeployed = place(&plan, "update", "api/deployment");
    assert!(place(&plan, "update", ROUTE) < redeployed);
    for gone in [
        "api/vpc_link",
        "load_balancer.listeners.80",
        "load_balancer.listeners.80/target_group",
        "load_balancer",
    ] {
        assert!(redeployed < place(&plan, "delete", gone), "{gone}");
    }
    road.assert_at_rest(&renamed()).await;
    assert_ne!(road.id(&renamed(), "api/vpc_link").await, old_link);
    let balancers = road.load_balancers().await;
    assert_eq!(balancers.len(), 1, "{old_balancer} is left");
    assert_eq!(balancers[0].load_balancer_name(), Some("claims-b"));
    let groups = elbv2(&road.world).describe_target_groups().send().await;
    assert_eq!(groups.unwrap().target_groups().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_no_route_needs_goes_after_the_redeployment() {
    let road = Road::new();
    road.apply(&stack_with_a_road()).await;
    let plan = road.apply(&without_via()).await;
    assert_eq!(
        summary(&plan),
        [
            &format!("update {ROUTE}"),
            "update api/deployment",
            "delete api/vpc_link",
        ]
    );
    assert!(place(&plan, "update", "api/deployment") < place(&plan, "delete", "api/vpc_link"));
    road.assert_at_rest(&without_via()).await;
    road.apply(&stack_with_a_road()).await;
    road.assert_at_rest(&stack_with_a_road()).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_leaves_nothing() {
    let road = Road::new();
    let text = stack_with_a_road();
    road.apply(&text).await;
    road.apply_with(&text, &destroy()).await;
    assert!(road.observe(&text).await.live.is_empty());
    assert!(road.load_balancers().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_without_security_groups_gets_another_name() {
    let road = Road::new();
    let text = stack_with_a_road();
    let mut bare = elbv2(&road.world)
        .create_load_balancer()
        .name("claims")
        .r#type("network".into())
        .scheme("internal".into());
    for subnet in private_subnets(&road.world).await {
        bare = bare.subnets(subnet);
    }
    for (key, value) in road
        .world
        .desired(&text)
        .await
        .context
        .tags_of(&Address::new("load_balancer"))
    {
        let tag = aws_sdk_elasticloadbalancingv2::types::Tag::builder();
        bare = bare.tags(tag.key(key).value(value).build());
    }
    bare.send().await.unwrap();
    let problems = road.plan(&text, &Options::default()).await.unwrap_err();
    assert!(
        problems
            .iter()
            .all(|problem| problem.help.contains("another `name`")),
        "{problems:#?}"
    );
    // Another name is the alternative.
    road.apply(&renamed()).await;
    road.assert_at_rest(&renamed()).await;
    assert_eq!(road.load_balancers().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_failed_goes_and_another_one_is_made() {
    let road = Road::new();
    let text = stack_with_a_road();
    let tags = road
        .world
        .desired(&text)
        .await
        .context
        .tags_of(&Address::new("api/vpc_link"));
    road.world
        .apigateway()
        .create_vpc_link()
        .name("claims")
        .target_arns("arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/gone/1")
        .set_tags(Some(tags.into_iter().collect()))
        .send()
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    let plan = road.apply(&text).await;
    let failed = plan
        .changes
        .iter()
        .find(|(address, _)| address.as_str().starts_with("api/vpc_link/failed/"))
        .expect("the failed one goes");
    assert!(
        failed.1.reasons[0].contains("FAILED: NLB is not found"),
        "{failed:?}"
    );
    road.assert_at_rest(&text).await;
    let links = road.world.apigateway().get_vpc_links().send().await;
    assert_eq!(links.unwrap().items().len(), 1);
}

/// A link that failed, and a run that reads three statuses of the link while it deletes it.
async fn deleting_a_failed_link(told: [&'static str; 3]) -> Result<(), gatestack::aws::AwsError> {
    let world = World::new();
    let link = world.apigateway().create_vpc_link().name("claims");
    let link = link
        .target_arns("arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/gone/1");
    let id = link.send().await.unwrap().id.unwrap();
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let path = format!("GET /vpclinks/{id}");
    let wire = Wire::to(&world, move |_, operation| {
        if operation != path {
            return Fate::Arrives;
        }
        let look = looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match told.get(look) {
            Some(status) => Fate::Told(format!(r#"{{ "id": "x", "status": "{status}" }}"#)),
            None => Fate::Arrives,
        }
    });
    let writer = world.connection_through(wire).await.writer();
    let live = gatestack::kinds::Live {
        resource: Resource::VpcLink(gatestack::kinds::vpc_link::Props {
            name: "claims".into(),
            load_balancer: "gone".into(),
            available: false,
            tags: Default::default(),
        }),
        outputs: [(OutputName::Id, id)].into(),
        was: None,
        unmanaged: Vec::new(),
        notices: Vec::new(),
        only_a_mark: false,
        broken: None,
    };
    live.delete(&writer, &Address::new("api/vpc_link/failed/x"))
        .await
}

#[tokio::test(start_paused = true)]
async fn a_failed_link_is_waited_for_until_its_delete_fails() {
    let late = deleting_a_failed_link(["FAILED", "FAILED", "DELETING"]).await;
    assert!(late.is_ok(), "{late:?}");
    let failed = deleting_a_failed_link(["FAILED", "DELETING", "FAILED"]).await;
    assert!(
        failed
            .unwrap_err()
            .message
            .contains("the VPC link is FAILED")
    );
}

/// Dies after every call on the way from one file to another; the next run finishes, and makes nothing twice.
async fn dies_anywhere(before: Option<&str>, after: &str, options: &Options) {
    let mut calls = 1;
    loop {
        let road = Road::new();
        if let Some(before) = before {
            road.apply(before).await;
        }
        let served = match before {
            Some(before) if !options.destroy => Some((
                road.served(before).await,
                road.id(before, "api/vpc_link").await,
            )),
            _ => None,
        };
        let plan = road.plan(after, options).await.unwrap();
        let dying = Wire::dying_after(calls, &road.world);
        if road.world.carry_out(&plan, dying).await.failures.is_empty() {
            break;
        }
        if let Some((deployment, link)) = &served {
            let through = road.callers_get_through(deployment, link, after).await;
            assert!(
                through,
                "died after call {calls}: callers stand before nothing"
            );
        }
        road.apply_with(after, options).await;
        let again = road.plan(after, options).await.unwrap();
        assert!(
            again.is_empty(),
            "died after call {calls}: {:#?}",
            again.changes
        );
        let there = usize::from(!options.destroy);
        assert_eq!(
            road.load_balancers().await.len(),
            there,
            "died after call {calls}"
        );
        calls += 1;
    }
    assert!(calls > 1, "the run never got going");
}

#[tokio::test(start_paused = true)]
async fn a_first_apply_can_die_anywhere() {
    dies_anywhere(None, &stack_with_a_road(), &Options::default()).await;
}

#[tokio::test(start_paused = true)]
async fn a_replacement_can_die_anywhere() {
    dies_anywhere(Some(&stack_with_a_road()), &renamed(), &Options::default()).await;
}

#[tokio::test(start_paused = true)]
async fn leading_routes_off_the_road_can_die_anywhere() {
    let without = without_via();
    let mut calls = 1;
    loop {
        let road = Road::new();
        road.apply(&stack_with_a_road()).await;
        let plan = road.plan(&without, &Options::default()).await.unwrap();
        let dying = Wire::dying_after(calls, &road.world);
        if road.world.carry_out(&plan, dying).await.failures.is_empty() {
            break;
        }
        road.apply(&without).await;
        road.assert_at_rest(&without).await;
        let links = road
            .world
            .apigateway()
            .get_vpc_links()
            .send()
            .await
            .unwrap();
        assert!(links.items().is_empty(), "died after call {calls}");
        calls += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn a_destroy_can_die_anywhere() {
    dies_anywhere(Some(&stack_with_a_road()), &stack_with_a_road(), &destroy()).await;
}

/// A private backend with instances that gatestack launches.
async fn to_instances(road: &Road) -> String {
    let images = ec2(&road.world).describe_images().send().await.unwrap();
    let arm = aws_sdk_ec2::types::ArchitectureValues::Arm64;
    let image = images
        .images()
        .iter()
        .find(|image| image.architecture() == Some(&arm))
        .and_then(|image| image.image_id())
        .unwrap();
    let text = stack_with_a_road();
    let text = text.replace(
        "[load_balancer]\n",
        "[load_balancer]\ndeletion_protection = false\n",
    );
    text.replace(
        "ips = [\"172.31.128.10\", \"172.31.144.10\"]",
        &format!("instances = {{ count = 2, type = \"t4g.nano\", image = \"{image}\" }}"),
    )
}

/// Whether a step only starts after another one is done.
fn waits(plan: &Plan, step: usize, of: usize) -> bool {
    let needs = &plan.steps[step].needs;
    needs.contains(&of) || needs.iter().any(|need| waits(plan, *need, of))
}

#[tokio::test(start_paused = true)]
async fn instances_serve_until_nobody_is_led_to_them() {
    let road = Road::new();
    let text = to_instances(&road).await;
    road.apply(&text).await;
    let first = "load_balancer.targets.instances/1";
    // Other targets: the listener forwards to them before the instances are deleted.
    let plan = road.plan(&stack_with_a_road(), &Options::default()).await;
    let plan = plan.unwrap();
    let led = place(&plan, "update", "load_balancer.listeners.80");
    assert!(waits(&plan, place(&plan, "delete", first), led));
    // Another private backend: the stage serves it before the instances are deleted.
    let without = without_via();
    let begin = without.find("[load_balancer]").unwrap();
    let end = without.find("[api]").unwrap();
    let without = without.replace(&without[begin..end], "");
    let plan = road.plan(&without, &destroy_nothing()).await.unwrap();
    let led = place(&plan, "update", "api/deployment");
    assert!(waits(&plan, place(&plan, "delete", first), led));
    road.apply_with(&without, &destroy_nothing()).await;
    road.assert_at_rest(&without).await;
}

fn destroy_nothing() -> Options {
    Options {
        destroy: false,
        ..destroy()
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_to_which_somebody_elses_link_leads_does_not_go() {
    let road = Road::new();
    let text = stack_with_a_road();
    road.apply(&text).await;
    let balancer = road.id(&text, "load_balancer").await;
    let seen = road.observe(&text).await;
    let destroyed = plan::plan(&road.world.desired(&text).await, &seen, &destroy()).unwrap();
    let client = road.world.apigateway();
    let link = client.create_vpc_link().name("policies");
    link.target_arns(&balancer).send().await.unwrap();
    for (text, options) in [(&text, destroy()), (&renamed(), Options::default())] {
        let problems = road.plan(text, &options).await.unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert_eq!(problems[0].address.as_str(), "load_balancer");
        assert!(problems[0].what.contains("\"policies\""), "{problems:#?}");
    }
    road.assert_at_rest(&text).await;
    let now = road.observe(&text).await;
    let desired = road.world.desired(&text).await;
    let moved = plan::moved(&destroyed, &desired, &seen, &now);
    assert_eq!(moved[0].address.as_str(), "load_balancer");
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_stays_keeps_the_link_that_it_serves() {
    let road = Road::new();
    road.apply(&stack_with_a_road()).await;
    let staged = |text: String| text.replace("stage = \"prod\"", "stage = \"v2\"");
    let text = staged(stack_with_a_road());
    road.apply(&text).await;
    let text = staged(renamed());
    // Twice: what the first run could not finish, the second can't either, and neither takes anything from the stage.
    for _ in 0..2 {
        let plan = road.plan(&text, &Options::default()).await.unwrap();
        assert_eq!(plan.kept, [Address::new("api/stage/prod")]);
        let note = plan.notes.iter().find(|note| note.code == "GS113");
        assert!(
            note.is_some_and(|note| note.text.contains("--allow-delete 'api/stage/prod'")),
            "{:#?}",
            plan.notes
        );
        let client = road.world.line();
        let failures = road.world.carry_out(&plan, client).await.failures;
        assert_eq!(failures.len(), 1, "{failures:#?}");
        let error = &failures[0].error;
        assert!(error.message.contains("prod] in format of"), "{error}");
        let balancers = road.load_balancers().await;
        assert_eq!(balancers.len(), 2);
        for balancer in balancers {
            let arn = balancer.load_balancer_arn.unwrap();
            let listeners = elbv2(&road.world).describe_listeners();
            let listeners = listeners.load_balancer_arn(&arn).send().await.unwrap();
            assert_eq!(listeners.listeners().len(), 1, "{arn}");
        }
    }
    road.apply_with(&text, &destroy_nothing()).await;
    road.assert_at_rest(&text).await;
    assert_eq!(road.load_balancers().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_goes_takes_along_what_holds_on_to_it() {
    let road = Road::new();
    road.apply(&stack_with_a_road()).await;
    let options = Options {
        targets: Patterns::new(["api/vpc_link".to_owned()]),
        ..Options::default()
    };
    let plan = road.plan(&renamed(), &options).await.unwrap();
    assert!(
        summary(&plan).contains(&"update api/deployment".to_owned()),
        "{:#?}",
        summary(&plan)
    );
    road.apply_with(&renamed(), &options).await;
    road.apply(&renamed()).await;
    road.assert_at_rest(&renamed()).await;
}
