//! Settings of `[api]` that change what callers and backends get: each comes, changes, is mended after a change by hand, and goes.

use aws_sdk_apigateway::types::{Op, PatchOperation};
use gatestack::plan::Plan;

use crate::support::scene::{replace, stack};
use crate::support::world::{World, summary};

const PREFLIGHTS: [&str; 3] = [
    r#"api.routes."OPTIONS /health""#,
    r#"api.routes."OPTIONS /things0/{id}""#,
    r#"api.routes."OPTIONS /things1/{id}""#,
];

/// The usual stack with these lines in `[api]`.
fn with(lines: &str) -> String {
    stack().replace("cors = true\n", &format!("cors = true\n{lines}\n"))
}

/// An operation of a patch.
fn operation(op: Op, path: &str, value: Option<&str>) -> PatchOperation {
    PatchOperation::builder()
        .op(op)
        .path(path)
        .set_value(value.map(str::to_owned))
        .build()
}

fn codes(plan: &Plan) -> Vec<&str> {
    plan.notes.iter().map(|note| note.code.as_ref()).collect()
}

/// Applies, and checks that the plan was this and that the next one is empty.
async fn applied(world: &World, text: &str, expected: &[&str]) -> Plan {
    let plan = world.apply(text).await;
    assert_eq!(summary(&plan), expected);
    let again = world.plan(text).await;
    assert!(again.is_empty(), "{:#?}", again.changes);
    plan
}

#[tokio::test(start_paused = true)]
async fn bytes_compression_and_tracing_come_and_go() {
    let world = World::new();
    world.apply(&stack()).await;
    let api = world.id(&stack(), "api").await;
    let text = with("binary = [\"image/*\"]\ncompression = \"1KB\"\ntracing = true");

    // Templates of mocks take text, in an API that has bytes.
    let mut expected = vec!["update api".to_owned()];
    expected.push(r#"update api.routes."GET /health""#.into());
    expected.extend(PREFLIGHTS.map(|route| format!("update {route}")));
    expected.extend(["update api/deployment".into(), "update api/stage".into()]);
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let plan = applied(&world, &text, &expected).await;
    assert!(codes(&plan).contains(&"GS150"), "{:?}", plan.notes);
    let console = world.apigateway();
    let live = console.get_rest_api().rest_api_id(&api);
    let live = live.send().await.unwrap();
    assert_eq!(live.binary_media_types(), ["image/*"]);
    assert_eq!(live.minimum_compression_size(), Some(1024));
    let stage = console.get_stage().rest_api_id(&api).stage_name("prod");
    assert!(stage.send().await.unwrap().tracing_enabled());

    let another = with("binary = [\"*/*\"]\ncompression = 0\ntracing = true");
    let of_api = ["update api", "update api/deployment"];
    let plan = applied(&world, &another, &of_api).await;
    assert!(!codes(&plan).contains(&"GS150"), "{:?}", plan.notes);

    let update = console.update_rest_api().rest_api_id(&api);
    let update = update.patch_operations(operation(
        Op::Add,
        "/binaryMediaTypes/application~1pdf",
        None,
    ));
    let update = update.patch_operations(operation(Op::Replace, "/minimumCompressionSize", None));
    update.send().await.unwrap();
    let update = console.update_stage().rest_api_id(&api).stage_name("prod");
    let update = update.patch_operations(replace("/tracingEnabled", "false"));
    update.send().await.unwrap();
    let all = ["update api", "update api/deployment", "update api/stage"];
    applied(&world, &another, &all).await;

    applied(&world, &stack(), &all).await;
    let live = console.get_rest_api().rest_api_id(&api);
    let live = live.send().await.unwrap();
    assert_eq!(live.binary_media_types(), [""; 0]);
    assert_eq!(live.minimum_compression_size(), None);
    world.destroy(&stack()).await;

    let world = World::new();
    world.apply(&another).await;
    let again = world.plan(&another).await;
    assert!(again.is_empty(), "{:#?}", again.changes);
}
