//! Deployments follow the configuration, however it is changed.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_stage_behind_its_configuration_is_a_change_whoever_caused_it() {
    let world = partner_api().await;
    world.converge().await;
    let (somebody, api) = (world.somebody(), world.id("api").await);
    let made = world.id("api/deployment").await;
    somebody
        .create_deployment()
        .rest_api_id(&api)
        .stage_name("prod")
        .description("by hand")
        .send()
        .await
        .expect("a deployment by hand");
    assert_eq!(world.converge().await, [REDEPLOYED]);
    assert_eq!(
        world.id("api/deployment").await,
        made,
        "it serves the deployment of just this that was there"
    );
    assert_eq!(world.calls("CreateDeployment"), 1);

    somebody
        .create_model()
        .rest_api_id(&api)
        .name("Order")
        .content_type("application/json")
        .schema("{}")
        .send()
        .await
        .expect("a model by hand");
    assert_eq!(world.converge().await, [REDEPLOYED]);
    assert_eq!(world.converge().await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn five_deployments_stay() {
    let mut world = partner_api().await;
    world.converge().await;
    for timeout in 1..=8 {
        change!(world, ROUTE, Route, |it| it.integration =
            route::Integration::Http {
                url: "http://api.aws.com/policies/{id}".into(),
                link: None,
                timeout_milliseconds: timeout * 1_000,
                send_headers: std::collections::BTreeMap::new(),
            });
        world.converge().await;
    }
    let api = world.id("api").await;
    let deployments = world
        .somebody()
        .get_deployments()
        .rest_api_id(api)
        .send()
        .await
        .expect("a list");
    assert_eq!(deployments.items().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_died_before_the_stage_makes_no_second_deployment() {
    let mut world = partner_api().await;
    let mut rest = Vec::new();
    for address in ["api/stage", "plans.XXXPlan", "partners.acme/membership"] {
        rest.push((
            address,
            world.desired.resources[&Address::new(address)]
                .resource
                .clone(),
        ));
        world.forget(address);
    }
    world.converge().await;
    for (address, resource) in rest {
        world.want(address, resource);
    }
    assert_eq!(
        world.converge().await,
        [
            "create api/stage",
            "create plans.XXXPlan",
            "create partners.acme/membership"
        ]
    );
    assert_eq!(world.calls("CreateDeployment"), 1);
    assert_eq!(world.converge().await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn a_renamed_stage_stays_beside_the_new_one() {
    let mut world = partner_api().await;
    world.converge().await;
    change!(world, "api/deployment", Deployment, |it| it.stage =
        "live".into());
    change!(world, "api/stage", Stage, |it| it.name = "live".into());
    let live = world.look().await.live;
    let kept = Address::new("api/stage/prod");
    assert!(live.contains_key(&kept), "{:?}", live.keys());
    assert!(!live.contains_key(&Address::new("api/stage")));
    let mut plan = world.desired.resources[&Address::new("plans.XXXPlan")]
        .resource
        .clone();
    plan.hold_on(
        &live[&Address::new("plans.XXXPlan")].resource,
        &[&live[&kept].outputs],
    );
    let Resource::UsagePlan(plan) = plan else {
        panic!("{plan:?}")
    };
    assert_eq!(
        plan.stages.len(),
        2,
        "the old stage stays open: {:?}",
        plan.stages
    );
}
