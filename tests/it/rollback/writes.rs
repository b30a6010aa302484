//! What goes back and forward, in how many writes.

use super::by_hand::notes;
use super::*;

#[tokio::test(start_paused = true)]
async fn back_is_one_write_and_forward_is_one_write() {
    let world = World::new();
    let (first, second) = (stack_of(1, 1), stack_of(1, 2));
    world.apply(&first).await;
    world.apply(&second).await;
    let history = history_of(&world, &second).await;
    let previous = history.previous().unwrap();
    assert_eq!(previous.way, Way::Open);
    lead(&world, &second, &previous.id).await;
    let held = shown(&world, &second).await;
    assert!(
        matches!(&held, Shows::HeldBack { deployment, .. } if *deployment == previous.id),
        "{held:?}"
    );

    let plan = world.plan(&second).await;
    assert_eq!(summary(&plan), ["update api/deployment"]);
    let codes = |plan: &Plan| -> Vec<String> {
        let notes = plan.notes.iter();
        notes.map(|note| note.code.to_string()).collect()
    };
    assert!(plan.needs_forward);
    assert_eq!(codes(&plan), ["GS117"]);
    let connection = world.connection().await;
    let outcome = carried_out(&plan, &connection, &world.clock, &mut Silent).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    let calls = connection.tally().by_operation();
    assert_eq!(connection.tally().count().writes, 1, "{calls:#?}");
    assert_eq!(shown(&world, &second).await, Shows::Configured);
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_nobody_deployed_is_not_held_back() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    world.apply(&stack_of(1, 2)).await;
    world.apply(&text).await;
    let api = world.id(&text, "api").await;
    let model = world.apigateway().create_model();
    let model = model.rest_api_id(&api).name("Order");
    model
        .content_type("application/json")
        .schema("{}")
        .send()
        .await
        .unwrap();
    // What is served now was served before, too; it was deployed anew nonetheless.
    assert_eq!(shown(&world, &text).await, Shows::Behind);
    let plan = world.plan(&text).await;
    assert!(!plan.needs_forward);
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_file_leads_forward_too_and_keeps_where_callers_were() {
    let world = World::new();
    for routes in 1..=5 {
        world.apply(&stack_of(1, routes)).await;
    }
    let text = stack_of(1, 6);
    let oldest = history_of(&world, &text).await.deployments[4].id.clone();
    lead(&world, &text, &oldest).await;
    let plan = world.plan(&text).await;
    assert!(plan.needs_forward);
    let options = Options {
        forward: true,
        ..Options::default()
    };
    assert!(
        !world
            .plan_with(&text, &options)
            .await
            .unwrap()
            .needs_forward
    );
    world.apply(&text).await;
    // Five stay, and the one that was good enough to go back to.
    let history = history_of(&world, &text).await;
    assert!(history.deployment(&oldest).is_some());
    assert_eq!(history.deployments.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_canary_made_by_hand_is_told() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    assert_eq!(notes(&world.plan(&text).await, "GS134"), []);
    let api = world.id(&text, "api").await;
    let deploy = world.apigateway().create_deployment().rest_api_id(&api);
    let made = deploy.send().await.unwrap().id.unwrap();
    let replace = |path: &str, value: &str| {
        let patch = PatchOperation::builder().op(Op::Replace);
        patch.path(path).value(value).build()
    };
    let update = world.apigateway().update_stage().rest_api_id(&api);
    update
        .stage_name("prod")
        .patch_operations(replace("/canarySettings/percentTraffic", "10"))
        .patch_operations(replace("/canarySettings/deploymentId", &made))
        .send()
        .await
        .unwrap();
    // The stage itself serves what is configured all the same.
    assert_eq!(shown(&world, &text).await, Shows::Configured);
    let history = history_of(&world, &text).await;
    let canary = history.canary.unwrap();
    assert_eq!(
        (canary.deployment.as_str(), canary.percent),
        (made.as_str(), 10.0)
    );
    let plan = world.plan(&text).await;
    let [(address, said)] = notes(&plan, "GS134")[..] else {
        panic!("{:?}", plan.notes);
    };
    assert_eq!(address, "api/deployment");
    assert!(said.contains("sends 10% of the callers"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_deployment_is_shown_and_no_candidate() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let api = world.id(&text, "api").await;
    let by_hand = world.apigateway().create_deployment();
    let by_hand = by_hand
        .rest_api_id(&api)
        .description("by hand")
        .send()
        .await
        .unwrap();
    world.apply(&stack_of(1, 2)).await;
    let history = history_of(&world, &text).await;
    let theirs = history.deployment(by_hand.id().unwrap()).unwrap();
    assert_eq!(theirs.way, Way::NotOurs);
    assert_eq!(theirs.description.as_deref(), Some("by hand"));
    let previous = history.previous().unwrap();
    assert!(previous.digest.is_some());
}
