//! What AWS was seen to answer. Each test names its evidence.

mod functions;
mod policies;

use super::*;

/// Evidence: recorded, LocalStack `test_lambda_aws_proxy_integration`, whose event tells the same path; the last two rows are of
/// `/{proxy+}` there, and of another resource inferred from that.
#[tokio::test]
async fn slashes_are_taken_off_before_the_stage_and_kept_behind_it() {
    let world = World::new();
    world.mock("GET", "/hardcoded", json!({}));
    let items = world.aws("GET", "{api}/resources?limit=500", Value::Null);
    let items = items["item"]
        .as_array()
        .or(items["_embedded"]["item"].as_array());
    let resource = items
        .unwrap()
        .iter()
        .find(|one| one["path"] == "/hardcoded");
    let method = format!(
        "{{api}}/resources/{}/methods/GET",
        text(resource.unwrap(), "id")
    );
    let declared = json!([{"op": "add", "path": "/responseParameters/method.response.header.X-Path", "value": "false"}]);
    world.aws(
        "PATCH",
        &format!("{method}/responses/200"),
        json!({"patchOperations": declared}),
    );
    let mapped = json!({"responseParameters": {"method.response.header.X-Path": "context.path"}});
    world.aws(
        "PUT",
        &format!("{method}/integration/responses/200"),
        mapped,
    );
    world.deploy();
    for (path, told) in [
        ("/live/hardcoded", "/live/hardcoded"),
        ("/live//hardcoded", "/live//hardcoded"),
        ("//live/hardcoded", "/live/hardcoded"),
        ("/live/hardcoded/", "/live/hardcoded/"),
    ] {
        let answer = world.get(path).await;
        assert_eq!(
            (answer.status(), answer.header("x-path")),
            (200, told),
            "{path}"
        );
    }
}

/// Evidence: reported, adamchainz/apig-wsgi#102: "returns a 400 for badly formatted parameters like a double %". Of paths it is inferred
/// from that.
#[tokio::test]
async fn a_url_that_can_not_be_decoded_is_a_bad_request() {
    let world = World::new();
    world.mock("GET", "/{proxy+}", json!({}));
    world.deploy();
    for path in [
        "/live/a?x=%zz",
        "/live/a?x=%%41",
        "/live/a?x=%4",
        "/live/%zz",
        "/live/a?%",
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status(), 400, "{path}");
        assert_eq!(
            world.why(),
            "a % in the URL has no two hexadecimal digits behind it"
        );
    }
    for path in ["/live/a?x=%41%2f", "/live/%41", "/live/a?x=100"] {
        assert_eq!(world.get(path).await.status(), 200, "{path}");
    }
}
