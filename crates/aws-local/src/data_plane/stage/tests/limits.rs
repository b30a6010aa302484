//! Throttles, quotas and usage.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::super::super::{Options, Service};
use super::{Answer, KEY, World, clock};

#[tokio::test]
async fn a_plan_throttles_each_key() {
    let world = World::new();
    for path in ["/pets", "/claims"] {
        world.mock("GET", path, json!({"apiKeyRequired": true}));
    }
    world.deploy();
    let (plan, _) = world.plan(json!({"throttle": {"rateLimit": 0.5, "burstLimit": 2}}));
    let many =
        |answer: Answer| answer.refused(429, "TooManyRequestsException", "Too Many Requests");
    assert_eq!(world.with_key("/live/pets").await.status(), 200);
    assert_eq!(world.with_key("/live/claims").await.status(), 200);
    many(world.with_key("/live/pets").await);
    assert_eq!(
        world.why(),
        "the plan standard lets a key call 0.5 times a second, 2 times at once"
    );
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.with_key("/live/pets").await.status(), 200);
    many(world.with_key("/live/pets").await);
    // A method's own throttle replaces the plan's.
    let place = format!("/apiStages/{}:live/throttle/~1pets/GET", world.api);
    let (rate, burst) = (format!("{place}/rateLimit"), format!("{place}/burstLimit"));
    world.patch(
        &format!("/usageplans/{plan}"),
        &[("replace", &rate, "1"), ("replace", &burst, "1")],
    );
    assert_eq!(world.with_key("/live/pets").await.status(), 200);
    many(world.with_key("/live/pets").await);
    assert!(
        world.why().contains("for GET /pets 1 times a second"),
        "{}",
        world.why()
    );
    many(world.with_key("/live/claims").await);
}

#[tokio::test]
async fn a_stage_throttles_its_methods_at_once() {
    let world = World::new();
    for path in ["/", "/pets/{id}"] {
        world.mock("GET", path, json!({}));
    }
    world.deploy();
    let many =
        |answer: Answer| answer.refused(429, "TooManyRequestsException", "Too Many Requests");
    let set = |of: &str, member: &str, value: &str| {
        let path = format!("/{of}/throttling/{member}");
        world.patch("{api}/stages/live", &[("replace", &path, value)]);
    };
    assert_eq!(world.get("/live").await.status(), 200);
    set("*/*", "rateLimit", "0");
    many(world.get("/live").await);
    many(world.get("/live/pets/1").await);
    // A method's own setting, by its path as AWS writes it.
    set("~1pets~1{id}/GET", "rateLimit", "1");
    set("~1pets~1{id}/GET", "burstLimit", "1");
    assert_eq!(world.get("/live/pets/1").await.status(), 200);
    many(world.get("/live/pets/2").await);
    assert_eq!(
        world.why(),
        "the stage live takes 1 requests a second for GET /pets/{id}, 1 at once"
    );
    many(world.get("/live").await);
    set("~1/GET", "rateLimit", "-1");
    for _ in 0..3 {
        assert_eq!(world.get("/live").await.status(), 200);
    }
}

/// Evidence: inferred, from the plug-in serverless-api-gateway-throttling, which gives each verb of an `ANY` method settings, and from
/// AWS's model, whose keys are `{resource_path}/{http_method}`.
#[tokio::test]
async fn each_verb_of_any_is_a_method() {
    let world = World::new();
    world.mock("ANY", "/pets", json!({"apiKeyRequired": true}));
    world.deploy();
    let (plan, _) = world.plan(json!({}));
    let set = |path: &str, of: &str, value: &str| world.patch(path, &[("replace", of, value)]);
    for verb in ["GET", "PUT"] {
        for member in ["rateLimit", "burstLimit"] {
            let of = format!("/~1pets/{verb}/throttling/{member}");
            set("{api}/stages/live", &of, "1");
        }
    }
    let status = async |verb: &str| {
        world
            .call(verb, "/live/pets", &[("x-api-key", KEY)])
            .await
            .status()
    };
    assert_eq!(status("GET").await, 200);
    assert_eq!(status("GET").await, 429);
    assert_eq!(status("PUT").await, 200);
    assert_eq!(status("PUT").await, 429);
    // A plan's in the same way.
    let place = format!("/apiStages/{}:live/throttle//pets/POST", world.api);
    for member in ["rateLimit", "burstLimit"] {
        set(
            &format!("/usageplans/{plan}"),
            &format!("{place}/{member}"),
            "1",
        );
    }
    assert_eq!(status("POST").await, 200);
    assert_eq!(status("POST").await, 429);
    for _ in 0..3 {
        assert_eq!(status("PATCH").await, 200);
    }
}

#[tokio::test]
async fn a_quota_ends_with_its_period_and_get_usage_tells() {
    let world = World::new();
    world.mock("GET", "/", json!({"apiKeyRequired": true}));
    world.deploy();
    let (plan, key) = world.plan(json!({"quota": {"limit": 3, "period": "WEEK"}}));
    let usage = |days: &str| {
        let path = format!("/usageplans/{plan}/usage?{days}");
        world.aws("GET", &path, Value::Null)["values"].clone()
    };
    let saturday = "startDate=2026-11-21&endDate=2026-11-21";
    assert_eq!(usage(saturday), json!({}));
    for _ in 0..3 {
        assert_eq!(world.with_key("/live").await.status(), 200);
    }
    let exceeded = |answer: Answer| answer.refused(429, "LimitExceededException", "Limit Exceeded");
    exceeded(world.with_key("/live").await);
    assert_eq!(
        world.why(),
        "the plan standard lets a key call 3 times a week, and this key has used them up"
    );
    assert_eq!(usage(saturday), json!({key.clone(): [[3, 0]]}));
    // The counts are in the state by now, and still count.
    exceeded(world.with_key("/live").await);
    // What is granted is for this period only.
    let granted = world.patch(
        &format!("/usageplans/{plan}/keys/{key}/usage"),
        &[("replace", "/remaining", "1")],
    );
    assert_eq!(granted["values"], json!({key.clone(): [[3, 1]]}));
    assert_eq!(world.with_key("/live").await.status(), 200);
    exceeded(world.with_key("/live").await);
    // Sunday begins another week.
    world.clock.advance(Duration::from_secs(12 * 3600));
    assert_eq!(world.with_key("/live").await.status(), 200);
    assert_eq!(
        usage("startDate=2026-11-20&endDate=2026-11-22"),
        json!({key: [[0, 4], [4, 0], [1, 2]]})
    );
}

#[tokio::test]
async fn usage_reaches_the_file_with_the_next_change_and_with_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.json");
    let open = || {
        let clock = clock();
        let options = Options {
            clock: clock.clone(),
            ..Options::default()
        };
        (Service::at_file(&path, options).unwrap(), clock)
    };
    let (service, time) = open();
    let world = World::over(service, time);
    world.mock("GET", "/", json!({"apiKeyRequired": true}));
    world.deploy();
    let (plan, key) = world.plan(json!({}));
    let before = std::fs::read(&path).unwrap();
    assert_eq!(world.with_key("/live").await.status(), 200);
    assert_eq!(
        std::fs::read(&path).unwrap(),
        before,
        "a request writes nothing"
    );
    world.patch("{api}/stages/live", &[("replace", "/description", "any")]);
    assert_eq!(world.with_key("/live").await.status(), 200);
    assert_eq!(world.with_key("/live").await.status(), 200);
    drop(world);
    let (service, time) = open();
    let world = World::over(service, time);
    let usage = format!("/usageplans/{plan}/usage?startDate=2026-11-21&endDate=2026-11-21");
    assert_eq!(
        world.aws("GET", &usage, Value::Null)["values"][&key][0][0],
        json!(3)
    );
}
