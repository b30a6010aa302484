//! Changes that belong together, and deletes by containment.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_plan_takes_one_update_for_everything() {
    let mut world = partner_api().await;
    world.converge().await;
    let before = world.calls("UpdateUsagePlan");
    change!(world, "plans.XXXPlan", UsagePlan, |it| {
        it.name = "Renamed".into();
        it.throttle = None;
        it.quota = Some(usage_plan::Quota {
            requests: 5,
            period: "WEEK".into(),
            offset: 1,
        });
        it.method_throttles.clear();
        it.stages.clear();
    });
    world.converge().await;
    assert_eq!(world.calls("UpdateUsagePlan") - before, 1);
    assert_eq!(world.converge().await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn a_route_that_goes_takes_its_empty_paths_along_and_no_others() {
    let mut world = partner_api().await;
    let deep = r#"api.routes."GET /a/b/c""#;
    world.want(
        deep,
        Resource::Route(route("GET", "/a/b/c", http("http://api.aws.com/c"))),
    );
    let shallow = r#"api.routes."GET /a""#;
    world.want(
        shallow,
        Resource::Route(route("GET", "/a", http("http://api.aws.com/a"))),
    );
    world.converge().await;
    assert_eq!(world.converge().await, NOTHING);
    world.forget(deep);
    assert_eq!(
        world.converge().await,
        [format!("delete {deep}"), REDEPLOYED.to_owned()]
    );
    assert_eq!(world.calls("DeleteResource"), 2, "/a/b/c and /a/b");
    assert_eq!(world.converge().await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn a_key_moves_to_another_plan_by_leaving_the_first() {
    let mut world = partner_api().await;
    world.converge().await;
    let membership = Address::new("partners.acme/membership");
    let live = world.look().await;
    live.live[&membership]
        .delete(&world.connection.writer(), &membership)
        .await
        .expect("to leave");
    change!(world, "partners.acme/membership", PlanMembership, |it| it
        .plan =
        id("plans.slow"));
    assert_eq!(world.converge().await, ["create partners.acme/membership"]);
    assert_eq!(world.converge().await, NOTHING);
}
