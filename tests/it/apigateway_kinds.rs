//! Round trips of the API Gateway kinds: what is made is seen as it was wanted, each change alone is sent alone, and
//! deleting leaves nothing.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::{Op, PatchOperation};
use gatestack::kinds::{
    Resource, api_key, authorizer, deployment, gateway_response, plan_membership, rest_api, route,
    stage, usage_plan,
};
use gatestack::model::{Address, OutputName, Text};

use crate::converge::World;

const POOL: &str = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbCdEfGhI";
const OTHER_POOL: &str = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_ZyXwVuTsR";
const ROUTE: &str = r#"api.routes."GET /policies/{id}""#;
const PREFLIGHT: &str = r#"api.routes."OPTIONS /policies/{id}""#;
const HEALTH: &str = r#"api.routes."GET /health""#;

fn id(of: &str) -> Text {
    Text::output(&Address::new(of), OutputName::Id)
}

fn route(method: &str, path: &str, integration: route::Integration) -> route::Props {
    route::Props {
        api: id("api"),
        method: method.into(),
        path: path.into(),
        integration,
        authorizer: None,
        scopes: BTreeSet::new(),
        api_key: false,
    }
}

fn http(url: &str) -> route::Integration {
    route::Integration::Http {
        url: url.into(),
        timeout_milliseconds: 29_000,
    }
}

fn mock(status: u16, headers: &[(&str, &str)], body: &str) -> route::Integration {
    route::Integration::Mock(route::Answer {
        status,
        headers: map(headers),
        body: body.into(),
    })
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The partner API, without its pool.
async fn partner_api() -> World {
    let mut world = World::new().await;
    let tags = |address: &str| world.desired.ground.tags_of(&Address::new(address));
    let resources = vec![
        (
            "api",
            Resource::RestApi(rest_api::Props {
                name: "xxx-api".into(),
                description: "".into(),
                disable_default_endpoint: false,
                tags: tags("api"),
            }),
        ),
        (
            "api/authorizer",
            Resource::Authorizer(authorizer::Props {
                api: id("api"),
                name: "XXXAuthorizer".into(),
                kind: "COGNITO_USER_POOLS".into(),
                user_pools: [POOL.into()].into(),
                header: "Authorization".into(),
                cache_seconds: 300,
            }),
        ),
        (
            ROUTE,
            Resource::Route(route::Props {
                authorizer: Some(id("api/authorizer")),
                scopes: ["xxx-api/read".into()].into(),
                api_key: true,
                ..route(
                    "GET",
                    "/policies/{id}",
                    http("http://api.aws.com/policies/{id}"),
                )
            }),
        ),
        (
            PREFLIGHT,
            Resource::Route(route(
                "OPTIONS",
                "/policies/{id}",
                mock(
                    204,
                    &[
                        ("Access-Control-Allow-Origin", "*"),
                        ("Access-Control-Allow-Methods", "GET,OPTIONS"),
                    ],
                    "",
                ),
            )),
        ),
        (
            HEALTH,
            Resource::Route(route(
                "GET",
                "/health",
                mock(200, &[], r#"{"ok": true, "costs": "$0"}"#),
            )),
        ),
        (
            "api/default_4xx",
            Resource::GatewayResponse(gateway_response::Props {
                api: id("api"),
                response_type: "DEFAULT_4XX".into(),
                headers: map(&[("Access-Control-Allow-Origin", "*")]),
            }),
        ),
        (
            "api/deployment",
            Resource::Deployment(deployment::Props {
                api: id("api"),
                stage: "prod".into(),
                stack: "claims".into(),
                current: true,
            }),
        ),
        (
            "api/stage",
            Resource::Stage(stage::Props {
                api: id("api"),
                name: "prod".into(),
                deployment: id("api/deployment"),
                variables: [("host".to_owned(), "api.aws.com".into())].into(),
                throttle: Some(stage::Throttle {
                    rate: 50.5,
                    burst: 100,
                }),
                access_logs: None,
                tags: tags("api/stage"),
            }),
        ),
        (
            "plans.XXXPlan",
            Resource::UsagePlan(usage_plan::Props {
                name: "XXXPlan".into(),
                description: "for insurers".into(),
                throttle: Some(stage::Throttle {
                    rate: 50.0,
                    burst: 100,
                }),
                quota: Some(usage_plan::Quota {
                    requests: 100_000,
                    period: "MONTH".into(),
                }),
                stages: [usage_plan::ApiStage {
                    api: id("api"),
                    stage: "prod".into(),
                }]
                .into(),
                tags: tags("plans.XXXPlan"),
            }),
        ),
        (
            "plans.slow",
            Resource::UsagePlan(usage_plan::Props {
                name: "slow".into(),
                description: "".into(),
                throttle: None,
                quota: None,
                stages: BTreeSet::new(),
                tags: tags("plans.slow"),
            }),
        ),
        (
            "partners.acme/key",
            Resource::ApiKey(api_key::Props {
                name: "acme".into(),
                description: "".into(),
                enabled: true,
                tags: tags("partners.acme/key"),
            }),
        ),
        (
            "partners.acme/membership",
            Resource::PlanMembership(plan_membership::Props {
                plan: id("plans.XXXPlan"),
                key: id("partners.acme/key"),
            }),
        ),
    ];
    for (address, resource) in resources {
        world.want(address, resource);
    }
    world
}

/// Changes the properties of the resource at an address.
macro_rules! change {
    ($world:expr, $address:expr, $kind:ident, |$props:ident| $change:expr) => {
        $world.change($address, |resource| match resource {
            Resource::$kind($props) => $change,
            other => panic!("{other:?}"),
        })
    };
}

const REDEPLOYED: &str = "update api/deployment [configuration]";
const NOTHING: [String; 0] = [];

#[tokio::test(start_paused = true)]
async fn what_is_made_is_seen_as_it_was_wanted() {
    let world = partner_api().await;
    let made = world.converge().await;
    assert_eq!(made.len(), 12, "{made:#?}");
    assert_eq!(world.converge().await, NOTHING);
    for (address, live) in &world.look().await.live {
        assert_eq!(live.unmanaged, NOTHING, "{address}");
    }
}

#[tokio::test(start_paused = true)]
async fn looking_asks_for_each_list_once() {
    let world = partner_api().await;
    world.converge().await;
    let before = world.all_calls();
    world.look().await;
    let after = world.all_calls();
    let asked: BTreeMap<_, _> = after
        .into_iter()
        .map(|(name, times)| {
            (
                name.clone(),
                times - before.get(&name).copied().unwrap_or(0),
            )
        })
        .filter(|(name, times)| {
            *times > 0 && !["ListUserPools", "GetResources"].contains(&name.as_str())
        })
        .collect();
    for (name, times) in &asked {
        let expected = if name == "GetUsagePlanKeys" { 2 } else { 1 };
        assert_eq!(*times, expected, "{name}");
    }
}

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
async fn routes_are_made_without_looking_again() {
    let world = partner_api().await;
    world.look().await;
    // The tagging API has an operation of the same name.
    let looking = world.calls("GetResources");
    world.converge().await;
    assert_eq!(
        world.calls("CreateResource"),
        3,
        "/policies, /policies/{{id}}, /health"
    );
    // Only the deployment reads what it takes a snapshot of.
    assert_eq!(world.calls("GetResources") - 2 * looking, 1);
    assert_eq!(world.calls("GetRestApi"), 0);
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
    // These two came after the deployment in the list of what is wanted.
    assert_eq!(world.converge().await, [REDEPLOYED]);
    world.forget(deep);
    assert_eq!(
        world.converge().await,
        [format!("delete {deep}"), REDEPLOYED.to_owned()]
    );
    assert_eq!(world.calls("DeleteResource"), 2, "/a/b/c and /a/b");
    assert_eq!(world.converge().await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_did_to_a_route_is_seen_and_undone() {
    let world = partner_api().await;
    world.converge().await;
    let (somebody, api) = (world.somebody(), world.id("api").await);
    let resource = world.id(ROUTE).await;
    let parameter = PatchOperation::builder()
        .op(Op::Add)
        .path("/requestParameters/integration.request.header.X-Role")
        .value("'admin'")
        .build();
    somebody
        .update_integration()
        .rest_api_id(&api)
        .resource_id(&resource)
        .http_method("GET")
        .patch_operations(parameter)
        .send()
        .await
        .expect("a header that changes what the backend believes");
    let undone = [
        format!("update {ROUTE} [integration, http, timeout]"),
        REDEPLOYED.to_owned(),
    ];
    assert_eq!(world.converge().await[0], undone[0]);
    assert_eq!(world.converge().await, NOTHING);

    somebody
        .delete_integration()
        .rest_api_id(&api)
        .resource_id(&resource)
        .http_method("GET")
        .send()
        .await
        .expect("a route as a run leaves it that died before its integration");
    assert_eq!(world.converge().await[0], undone[0]);
    assert_eq!(world.converge().await, NOTHING);

    let root = world.look().await.live[&Address::new("api")].outputs[&OutputName::RootId].clone();
    somebody
        .put_method()
        .rest_api_id(&api)
        .resource_id(root)
        .http_method("POST")
        .authorization_type("NONE")
        .send()
        .await
        .expect("a method that the file doesn't name");
    assert_eq!(world.converge().await[0], r#"delete api.routes."POST /""#);
    assert_eq!(world.converge().await, NOTHING);
}

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
                timeout_milliseconds: timeout * 1_000,
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

#[tokio::test(start_paused = true)]
async fn somebody_elses_things_are_in_the_way_or_left_alone() {
    let mut world = partner_api().await;
    let somebody = world.somebody();
    somebody
        .create_rest_api()
        .name("xxx-api")
        .send()
        .await
        .expect("an API by hand");
    somebody
        .create_rest_api()
        .name("theirs")
        .send()
        .await
        .expect("another API by hand");
    let stack = ("gatestack:stack".to_owned(), "others".to_owned());
    let key = ("gatestack:key".to_owned(), "plans.slow".to_owned());
    somebody
        .create_usage_plan()
        .name("slow")
        .set_tags(Some([stack, key].into()))
        .send()
        .await
        .expect("their plan");
    let obstacles = world.look().await.obstacles;
    let of = |address: &str| {
        obstacles
            .iter()
            .find(|obstacle| obstacle.address.as_str() == address)
    };
    assert_eq!(obstacles.len(), 2, "{obstacles:?}");
    assert!(of("api").is_some_and(|obstacle| obstacle.help.contains("--adopt 'api'")));
    assert!(of("plans.slow").is_some_and(|obstacle| obstacle.what.contains("\"others\"")));

    world.forget("plans.slow");
    world.desired.adopt.push(Address::new("api"));
    let steps = world.converge().await;
    assert!(steps[0].starts_with("update api ["), "{steps:?}");
    assert_eq!(world.converge().await, NOTHING);
    world.desired.adopt.clear();
    assert_eq!(
        world.converge().await,
        NOTHING,
        "it carries the stack's tags now"
    );
}

#[tokio::test(start_paused = true)]
async fn a_strangers_key_on_our_plan_is_counted_and_left() {
    let world = partner_api().await;
    world.converge().await;
    let (somebody, plan) = (world.somebody(), world.id("plans.slow").await);
    let key = somebody
        .create_api_key()
        .name("theirs")
        .send()
        .await
        .expect("a key")
        .id
        .expect("an id");
    let joined = somebody
        .create_usage_plan_key()
        .usage_plan_id(plan)
        .key_id(key)
        .key_type("API_KEY")
        .send()
        .await;
    joined.expect("a place on our plan");
    let observation = world.look().await;
    let neighbours: Vec<_> = observation
        .neighbours
        .iter()
        .map(|it| (it.kind.name, it.count))
        .collect();
    assert_eq!(neighbours, [("plan_membership", 1)]);
    assert_eq!(world.converge().await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn access_logs_need_a_role_that_gatestack_does_not_set() {
    let mut world = partner_api().await;
    world.converge().await;
    assert_eq!(
        world.calls("GetAccount"),
        0,
        "nobody asks for a role that isn't needed"
    );
    change!(world, "api/stage", Stage, |it| it.access_logs =
        Some(stage::AccessLogs {
            group: "arn:aws:logs:eu-west-1:123456789012:log-group:calls".into(),
            format: "$context.requestId".into(),
        }));
    let obstacles = world.look().await.obstacles;
    assert_eq!(obstacles[0].address.as_str(), "api/stage");

    let role = PatchOperation::builder()
        .op(Op::Replace)
        .path("/cloudwatchRoleArn")
        .value("arn:aws:iam::123456789012:role/logs")
        .build();
    world
        .somebody()
        .update_account()
        .patch_operations(role)
        .send()
        .await
        .expect("a role for logs");
    assert_eq!(world.converge().await, ["update api/stage [access_logs]"]);
    assert_eq!(world.converge().await, NOTHING);
    change!(world, "api/stage", Stage, |it| it.access_logs = None);
    assert_eq!(world.converge().await, ["update api/stage [access_logs]"]);
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

#[tokio::test(start_paused = true)]
async fn deleting_everything_leaves_nothing() {
    let mut world = partner_api().await;
    world.converge().await;
    let addresses: Vec<String> = world
        .look()
        .await
        .live
        .keys()
        .map(|address| address.to_string())
        .collect();
    assert_eq!(addresses.len(), 12, "{addresses:?}");
    for address in &addresses {
        world.forget(address);
    }
    let mut steps = world.converge().await;
    steps.sort();
    assert_eq!(
        steps,
        [
            "delete api",
            "delete partners.acme/key",
            "delete plans.XXXPlan",
            "delete plans.slow"
        ]
    );
    assert!(world.look().await.live.is_empty());
}
