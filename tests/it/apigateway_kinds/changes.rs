//! Each change alone is sent alone, and is then there.

use super::*;

/// Makes each change by itself; it is done in just these steps, and then it is there.
macro_rules! changes {
    ($world:expr; $($address:expr, $kind:ident, |$props:ident| $change:expr => [$($step:expr),+];)+) => {$(
        change!($world, $address, $kind, |$props| $change);
        let steps = $world.converge().await;
        assert_eq!(steps, [$($step.to_string()),+], "{}", stringify!($change));
        assert_eq!($world.converge().await, NOTHING, "after {}", stringify!($change));
    )+};
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_api_or_its_authorizer_is_made_alone() {
    let mut world = partner_api().await;
    world.converge().await;
    changes! { world;
        "api", RestApi, |api| api.name = "yyy-api".into() => ["update api [name]"];
        "api", RestApi, |api| api.description = "for insurers".into() => ["update api [description]"];
        "api", RestApi, |api| api.description = "".into() => ["update api [description]"];
        "api", RestApi, |api| api.disable_default_endpoint = true =>
            ["update api [disable_default_endpoint]", REDEPLOYED];
        "api", RestApi, |api| drop(api.tags.insert("team".into(), "others".into())) =>
            ["update api [tags]"];
        "api/authorizer", Authorizer, |it| it.name = "renamed".into() => ["update api/authorizer [name]", REDEPLOYED];
        "api/authorizer", Authorizer, |it| it.header = "X-Token".into() =>
            ["update api/authorizer [header]", REDEPLOYED];
        "api/authorizer", Authorizer, |it| it.cache_seconds = 0 => ["update api/authorizer [cache]", REDEPLOYED];
        "api/authorizer", Authorizer, |it| it.user_pools = [OTHER_POOL.into()].into() =>
            ["update api/authorizer [user_pools]", REDEPLOYED];
        "api/default_4xx", GatewayResponse, |it| it.headers = map(&[("Access-Control-Allow-Origin", "https://x.example")]) =>
            ["update api/default_4xx [headers]", REDEPLOYED];
        "api/default_4xx", GatewayResponse, |it| it.headers = map(&[("X-Other", "1")]) =>
            ["update api/default_4xx [headers]", REDEPLOYED];
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_route_is_made_alone() {
    let mut world = partner_api().await;
    world.converge().await;
    let step = |route: &str, fields: &str| format!("update {route} [{fields}]");
    changes! { world;
        ROUTE, Route, |it| it.api_key = false => [step(ROUTE, "api_key"), REDEPLOYED];
        ROUTE, Route, |it| it.scopes = ["xxx-api/write".into(), "xxx-api/admin".into()].into() =>
            [step(ROUTE, "scopes"), REDEPLOYED];
        ROUTE, Route, |it| { it.scopes.clear(); it.authorizer = None } =>
            [step(ROUTE, "authorizer, scopes"), REDEPLOYED];
        ROUTE, Route, |it| it.authorizer = Some(id("api/authorizer")) => [step(ROUTE, "authorizer"), REDEPLOYED];
        ROUTE, Route, |it| it.integration = http("http://other.example/{id}/x") => [step(ROUTE, "http"), REDEPLOYED];
        ROUTE, Route, |it| it.integration = http("http://other.example/all") => [step(ROUTE, "http"), REDEPLOYED];
        ROUTE, Route, |it| it.integration = http("http://other.example/{id}") => [step(ROUTE, "http"), REDEPLOYED];
        ROUTE, Route, |it| it.integration = route::Integration::Http {
            url: "http://other.example/{id}".into(),
            link: None,
            timeout_milliseconds: 5_000,
        } => [step(ROUTE, "timeout"), REDEPLOYED];
        ROUTE, Route, |it| it.integration = mock(200, &[], "soon") =>
            [step(ROUTE, "integration, http, timeout, status, headers, body"), REDEPLOYED];
        ROUTE, Route, |it| it.integration = mock(503, &[], "soon") => [step(ROUTE, "status"), REDEPLOYED];
        ROUTE, Route, |it| it.integration = http("http://other.example/{id}") =>
            [step(ROUTE, "integration, http, timeout, status, headers, body"), REDEPLOYED];
        PREFLIGHT, Route, |it| it.integration = mock(204, &[("Access-Control-Allow-Origin", "https://x.example")], "") =>
            [step(PREFLIGHT, "headers"), REDEPLOYED];
        PREFLIGHT, Route, |it| it.integration = mock(204, &[("Access-Control-Max-Age", "60")], "") =>
            [step(PREFLIGHT, "headers"), REDEPLOYED];
        HEALTH, Route, |it| it.integration = mock(200, &[], "#fine") => [step(HEALTH, "body"), REDEPLOYED];
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_stage_plan_or_key_is_made_alone() {
    let mut world = partner_api().await;
    world.converge().await;
    let key = "partners.acme/key";
    changes! { world;
        "api/stage", Stage, |it| it.throttle = Some(stage::Throttle { rate: 10.0, burst: 5 }) =>
            ["update api/stage [throttle]"];
        "api/stage", Stage, |it| it.throttle = None => ["update api/stage [throttle]"];
        "api/stage", Stage, |it| it.variables = [("other".to_owned(), "1".into())].into() =>
            ["update api/stage [variables]"];
        "api/stage", Stage, |it| drop(it.tags.insert("team".into(), "others".into())) => ["update api/stage [tags]"];
        "plans.XXXPlan", UsagePlan, |it| it.name = "Renamed".into() => ["update plans.XXXPlan [name]"];
        "plans.XXXPlan", UsagePlan, |it| it.description = "".into() => ["update plans.XXXPlan [description]"];
        "plans.XXXPlan", UsagePlan, |it| it.throttle = Some(stage::Throttle { rate: 1.5, burst: 2 }) =>
            ["update plans.XXXPlan [throttle]"];
        "plans.XXXPlan", UsagePlan, |it| { it.throttle = None; it.quota = None } =>
            ["update plans.XXXPlan [throttle, quota]"];
        "plans.XXXPlan", UsagePlan, |it| {
            it.throttle = Some(stage::Throttle { rate: 1.0, burst: 2 });
            it.quota = Some(usage_plan::Quota { requests: 10, period: "DAY".into() });
        } => ["update plans.XXXPlan [throttle, quota]"];
        "plans.XXXPlan", UsagePlan, |it| it.stages.clear() => ["update plans.XXXPlan [stages]"];
        "plans.slow", UsagePlan, |it| it.stages = [usage_plan::ApiStage { api: id("api"), stage: "prod".into() }].into() =>
            ["update plans.slow [stages]"];
        "plans.slow", UsagePlan, |it| drop(it.tags.insert("team".into(), "others".into())) =>
            ["update plans.slow [tags]"];
        key, ApiKey, |it| it.name = "acme-re".into() => [format!("update {key} [name]")];
        key, ApiKey, |it| it.description = "an insurer".into() => [format!("update {key} [description]")];
        key, ApiKey, |it| it.enabled = false => [format!("update {key} [enabled]")];
        key, ApiKey, |it| drop(it.tags.insert("team".into(), "others".into())) => [format!("update {key} [tags]")];
    }
}

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
        });
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
