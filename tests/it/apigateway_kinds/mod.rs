//! Round trips of the API Gateway kinds: what is created is read as wanted, and deleting leaves nothing.

use std::collections::{BTreeMap, BTreeSet};

use gatestack::kinds::{
    HeaderValue, Resource, api_key, authorizer, deployment, gateway_response, plan_membership,
    rest_api, route, stage, usage_plan,
};
use gatestack::model::{Address, OutputName, Text};

use crate::support::resources::WantedResources;

const POOL: &str = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbCdEfGhI";
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
        link: None,
        timeout_milliseconds: 29_000,
        send_headers: BTreeMap::new(),
    }
}

fn mock(status: u16, headers: &[(&str, &str)], body: &str) -> route::Integration {
    route::Integration::Mock(route::Answer {
        status,
        headers: map(headers),
        origins: BTreeSet::new(),
        body: body.into(),
        converts_to_text: false,
    })
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The partner API, without its pool.
async fn partner_api() -> WantedResources {
    let mut world = WantedResources::new().await;
    let tags = |address: &str| world.desired.context.tags_of(&Address::new(address));
    let resources = vec![
        (
            "api",
            Resource::RestApi(rest_api::Props {
                name: "xxx-api".into(),
                description: "".into(),
                disable_default_endpoint: false,
                keys_from_header: true,
                security_policy: "TLS_1_0".into(),
                endpoint_access_mode: None,
                ip_address_type: "ipv4".into(),
                binary_media_types: BTreeSet::new(),
                compression: None,
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
                status: None,
                headers: [(
                    "Access-Control-Allow-Origin".to_owned(),
                    HeaderValue::Fixed("*".into()),
                )]
                .into(),
                bodies: gateway_response::default_bodies(),
            }),
        ),
        (
            "api/deployment",
            Resource::Deployment(deployment::Props {
                api: id("api"),
                stage: "prod".into(),
                stack: "claims".into(),
                shows: deployment::Shows::Configured,
                serves: None,
                canary: None,
                beside: Vec::new(),
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
                method_throttles: BTreeMap::from([
                    (stage::method("GET", "/policies/{id}"), Some(limit(0.0, 5))),
                    (stage::method("PUT", "/"), Some(limit(1.5, 0))),
                ]),
                other_settings: BTreeSet::new(),
                access_logs: None,
                tracing: false,
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
                    offset: 9,
                }),
                stages: [usage_plan::ApiStage {
                    api: id("api"),
                    stage: "prod".into(),
                }]
                .into(),
                method_throttles: BTreeMap::from([
                    (
                        usage_plan::method("GET", "/policies/{id}", "prod"),
                        limit(0.0, 5),
                    ),
                    (usage_plan::method("PUT", "/", "prod"), limit(1.5, 0)),
                ]),
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
                method_throttles: Default::default(),
                tags: tags("plans.slow"),
            }),
        ),
        (
            "partners.acme/key",
            Resource::ApiKey(api_key::Props {
                name: "acme".into(),
                description: "".into(),
                enabled: true,
                value_from: None,
                tags: tags("partners.acme/key"),
                marks: Default::default(),
            }),
        ),
        (
            "partners.acme/membership",
            Resource::PlanMembership(plan_membership::Props {
                plan: id("plans.XXXPlan"),
                key: id("partners.acme/key"),
                marked: false,
            }),
        ),
    ];
    for (address, resource) in resources {
        world.want(address, resource);
    }
    world
}

fn limit(rate: f64, burst: i32) -> stage::Throttle {
    stage::Throttle { rate, burst }
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

// After the macro that they use.
mod changes;
mod deployments;
mod others;

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
