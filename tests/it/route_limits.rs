//! The limits of single routes: the stage's for all callers, a plan's for each key. From the first apply to the destroy.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::{MethodSetting, Op, PatchOperation};

use crate::support::program::{Folder, example};
use crate::support::scene::replace;
use crate::support::world::{World, stack_of, summary};

const NOTHING: [&str; 0] = [];

/// A stack with a throttle for the stage, the limits of two routes, and a quota that begins on a Monday.
fn limited() -> String {
    let text = stack_of(1, 1)
        .replace("[api.routes]\n", "throttle = { rate = 20, burst = 40 }\n\n[api.routes]\n\"ANY /files\" = { mock = 200, throttle = { rate = 3, burst = 6 } }\n")
        .replace("http://api.aws.com/things0/{id}\" }", "http://api.aws.com/things0/{id}\", throttle = { rate = 0, burst = 5 } }")
        .replace("per = \"month\"", "per = \"week\", offset = 1");
    text + "\n[plans.XXXPlan.routes]\n\"GET /things0/{id}\" = { rate = 0.5, burst = 0 }\n"
}

async fn settings(world: &World, text: &str) -> BTreeMap<String, MethodSetting> {
    let stage = world.apigateway().get_stage().stage_name("prod");
    let stage = stage.rest_api_id(world.id(text, "api").await).send().await;
    stage
        .unwrap()
        .method_settings
        .unwrap_or_default()
        .into_iter()
        .collect()
}

async fn by_hand(world: &World, text: &str, patches: &[PatchOperation]) {
    let update = world.apigateway().update_stage().stage_name("prod");
    let update = update.rest_api_id(world.id(text, "api").await);
    let update = update.set_patch_operations(Some(patches.to_vec()));
    update.send().await.unwrap();
}

async fn becomes(world: &World, text: &str, expected: &[&str]) {
    assert_eq!(summary(&world.apply(text).await), expected);
    assert_eq!(summary(&world.plan(text).await), NOTHING);
}

#[tokio::test(start_paused = true)]
async fn limits_of_routes_live_and_die_with_their_lines() {
    let (world, text) = (World::new(), limited());
    world.apply(&text).await;
    assert_eq!(summary(&world.plan(&text).await), NOTHING);
    let made = settings(&world, &text).await;
    let keys: Vec<&str> = made.keys().map(String::as_str).collect();
    // The preflight has no limit of its own.
    assert_eq!(
        keys,
        [
            "*/*",
            "~1files/DELETE",
            "~1files/GET",
            "~1files/HEAD",
            "~1files/PATCH",
            "~1files/POST",
            "~1files/PUT",
            "~1things0~1{id}/GET"
        ]
    );
    let of = |made: &BTreeMap<String, MethodSetting>, key: &str| {
        let one = &made[key];
        (one.throttling_rate_limit, one.throttling_burst_limit)
    };
    assert_eq!(of(&made, "~1things0~1{id}/GET"), (0.0, 5));
    assert_eq!(of(&made, "~1files/PUT"), (3.0, 6));
    let plans = world.apigateway().get_usage_plans().send().await.unwrap();
    let plan = &plans.items()[0];
    let throttles = plan.api_stages()[0].throttle().unwrap();
    let throttle = &throttles["/things0/{id}/GET"];
    assert_eq!((throttle.rate_limit, throttle.burst_limit), (0.5, 0));
    assert_eq!(plan.quota().unwrap().offset, 1);

    // A route with a verb of its own is not its `ANY` any more.
    let more = text.replace(
        "\"ANY /files\"",
        "\"PUT /files\" = { mock = 204, throttle = { rate = 20, burst = 40 } }\n\"ANY /files\"",
    );
    let routes = [
        "create api.routes.\"PUT /files\"",
        "update api/deployment",
        "update api/stage",
    ];
    becomes(&world, &more, &routes).await;
    // What the stage allows anyway needs no settings.
    assert!(!settings(&world, &more).await.contains_key("~1files/PUT"));
    let faster = more
        .replace("rate = 0, burst = 5", "rate = 1, burst = 5")
        .replace("rate = 0.5, burst = 0", "rate = 7, burst = 0")
        .replace("offset = 1", "offset = 3");
    becomes(
        &world,
        &faster,
        &["update api/stage", "update plans.XXXPlan"],
    )
    .await;

    // By hand: another limit, one in another spelling, and metrics, which copy the stage's limit.
    let remove = PatchOperation::builder()
        .op(Op::Remove)
        .path("/~1files/GET")
        .build();
    by_hand(
        &world,
        &faster,
        &[
            replace("/~1things0~1{id}/GET/throttling/rateLimit", "100"),
            replace("/files/DELETE/throttling/rateLimit", "9"),
            replace("/~1health/GET/metrics/enabled", "true"),
            replace("/~1files/HEAD/metrics/enabled", "true"),
            remove,
        ],
    )
    .await;
    let plan = world.plan(&faster).await;
    assert_eq!(summary(&plan), ["update api/stage"]);
    let change = plan.changes.values().next().unwrap();
    let names: Vec<_> = change.fields.iter().map(|field| field.name).collect();
    assert_eq!(names, ["routes"]);
    becomes(&world, &faster, &["update api/stage"]).await;
    let made = settings(&world, &faster).await;
    assert!(!made.contains_key("files/DELETE"));
    assert_eq!(of(&made, "~1things0~1{id}/GET"), (1.0, 5));

    // The stage's limit is also that of settings that only copied it.
    let slower = faster.replace(
        "{ rate = 20, burst = 40 }\n\n",
        "{ rate = 10, burst = 40 }\n\n",
    );
    becomes(&world, &slower, &["update api/stage"]).await;
    let made = settings(&world, &slower).await;
    assert_eq!(of(&made, "~1health/GET"), (10.0, 40));
    assert_eq!(of(&made, "~1files/PUT"), (20.0, 40));

    // Without their lines, and without a limit of the stage: the metrics of two methods stay.
    let mut bare = stack_of(1, 1).replace("per = \"month\"", "per = \"week\"");
    bare = bare.replace(
        "[api.routes]\n",
        "[api.routes]\n\"PUT /files\" = { mock = 204 }\n\"ANY /files\" = { mock = 200 }\n",
    );
    becomes(&world, &bare, &["update api/stage", "update plans.XXXPlan"]).await;
    let made = settings(&world, &bare).await;
    let keys: Vec<&str> = made.keys().map(String::as_str).collect();
    assert_eq!(keys, ["*/*", "~1files/HEAD", "~1health/GET"]);
    assert!(made.values().all(|one| one.throttling_rate_limit == -1.0));
    assert!(made["~1files/HEAD"].metrics_enabled);
    world.destroy(&bare).await;
}

#[test]
fn a_limited_route_refuses_what_another_admits() {
    let limits = "\n[plans.XXXPlan.routes]\n\"GET /policies\" = { rate = 0.01, burst = 0 }\n";
    let text = example("partner-api").replace(
        "{ mock = 200, requires",
        "{ throttle = { rate = 0, burst = 0 }, mock = 200, requires",
    ) + limits;
    assert!(
        text.contains("throttle = { rate = 0, burst = 0 }"),
        "{text}"
    );
    let folder = Folder::with(&text);
    folder.apply(&["-q"]);
    let status = |words: &[&str]| {
        let ran = folder.local(&[&["call"], words, &["-i"]].concat());
        ran.stdout.lines().next().unwrap_or_default().to_owned()
    };
    assert!(status(&["acme", "GET", "/policies"]).contains(" 429 "));
    assert!(!status(&["acme", "GET", "/policies/7"]).contains(" 429 "));
    assert!(status(&["acme", "GET", "/health"]).contains(" 429 "));
}
