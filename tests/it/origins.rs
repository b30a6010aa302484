//! Calls of web pages from several origins, with the real program: what their browsers are answered, and that it is kept.

use aws_sdk_apigateway::types::{Op, PatchOperation};

use crate::support::program::{Folder, example};
use crate::support::world::{World, stack_of, summary};

const NOTHING: [&str; 0] = [];

const SEVERAL: &str = "cors = { origin = [\"https://a.example\", \"https://b.example\"], credentials = true, expose_headers = [\"X-Id\"] }";

#[test]
fn a_listed_origin_is_allowed_and_no_other() {
    let text = example("partner-api").replace("cors       = true", SEVERAL);
    assert!(text.contains(SEVERAL), "{text}");
    let folder = Folder::with(&text);
    folder.apply(&["-q"]);
    // The answer's headers, in lower case.
    let answer = |verb: &str, path: &str, origin: &str| {
        let origin = format!("Origin: {origin}");
        let words = ["call", "acme", verb, path, "-i", "-H", &origin];
        let ran = folder.local(&words);
        let head = ran.stdout.split("\n\n").next().unwrap_or_default();
        assert!(head.starts_with("HTTP/1.1"), "{}{}", ran.stdout, ran.stderr);
        head.to_ascii_lowercase()
    };
    let allows = |head: &str, origin: &str| {
        head.contains(&format!("\naccess-control-allow-origin: {origin}"))
    };
    for (origin, allowed) in [
        ("https://a.example", "https://a.example"),
        ("https://b.example", "https://b.example"),
        // Its browser sees another origin than the page's.
        ("https://c.example", "https://a.example"),
    ] {
        for (verb, path) in [("OPTIONS", "/policies"), ("GET", "/health")] {
            let head = answer(verb, path, origin);
            assert!(allows(&head, allowed), "{verb} {origin}\n{head}");
            assert!(
                head.contains("\naccess-control-allow-credentials: true"),
                "{head}"
            );
            assert!(head.contains("\nvary: origin"), "{head}");
            assert_eq!(
                head.contains("expose-headers: x-id"),
                verb == "GET",
                "{head}"
            );
        }
        // What API Gateway refuses repeats the origin, whatever it is, and never with credentials.
        let head = answer("GET", "/nothing", origin);
        assert!(head.contains(" 403 ") && allows(&head, origin), "{head}");
        assert!(!head.contains("allow-credentials"), "{head}");
    }
    let ran = folder.local(&["verify"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[tokio::test(start_paused = true)]
async fn origins_live_and_die_with_their_lines() {
    let world = World::new();
    let one = stack_of(1, 1).replace("[api.routes]\n", "[api.routes]\n\"GET /up\" = { mock = { status = 200, body = \"costs $1\" }, requires = \"nothing\" }\n");
    world.apply(&one).await;
    let becomes = async |text: &str| {
        world.apply(text).await;
        assert_eq!(summary(&world.plan(text).await), NOTHING, "{text}");
    };
    let several = one.replace("cors = true", SEVERAL);
    let plan = world.plan(&several).await;
    assert_eq!(
        summary(&plan),
        [
            "update api.routes.\"GET /up\"",
            "update api.routes.\"OPTIONS /things0/{id}\"",
            "update api.routes.\"OPTIONS /up\"",
            "update api/default_4xx",
            "update api/default_5xx",
            "update api/deployment",
        ]
    );
    becomes(&several).await;
    becomes(&several.replace("https://b.example", "http://localhost:3000")).await;
    becomes(&several).await;

    // A template edited by hand, so that it admits every page.
    let api = world.id(&several, "api").await;
    let resources = world
        .apigateway()
        .get_resources()
        .rest_api_id(&api)
        .send()
        .await
        .unwrap();
    let up = resources
        .items()
        .iter()
        .find(|one| one.path() == Some("/up"))
        .unwrap();
    let template = "#set($context.responseOverride.header.Access-Control-Allow-Origin = $input.params().header.get(\"Origin\"))";
    let patch = PatchOperation::builder()
        .op(Op::Replace)
        .path("/responseTemplates/application~1json")
        .value(template)
        .build();
    let update = world
        .apigateway()
        .update_integration_response()
        .rest_api_id(&api);
    let update = update
        .resource_id(up.id().unwrap())
        .http_method("OPTIONS")
        .status_code("204");
    update.patch_operations(patch).send().await.unwrap();
    let seen = summary(&world.plan(&several).await);
    assert_eq!(
        seen,
        ["update api.routes.\"OPTIONS /up\"", "update api/deployment"]
    );
    becomes(&several).await;

    becomes(&one).await;
    let off = one.replace("cors = true", "cors = false");
    becomes(&off).await;
    world.destroy(&off).await;
}
