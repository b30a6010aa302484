//! Resource policies of APIs.

use super::*;

impl World {
    /// An API with a mock at `/a/{id}` and this policy, deployed.
    fn with_policy(statements: &Value) -> Self {
        let world = Self::new();
        world.mock("GET", "/a/{id}", json!({}));
        world.mock("GET", "/", json!({}));
        world.deploy();
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        world.patch("{api}", &[("replace", "/policy", &policy)]);
        world
    }

    async fn statuses(&self, paths: &[&str]) -> Vec<u16> {
        let mut statuses = Vec::new();
        for path in paths {
            statuses.push(self.get(path).await.status());
        }
        statuses
    }
}

fn allow(resource: &str, more: Value) -> Value {
    let mut statement = json!({
        "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": format!("execute-api:/{resource}"),
    });
    for (name, value) in more.as_object().unwrap() {
        statement[name] = value.clone();
    }
    statement
}

/// Evidence: documented, "How API Gateway resource policies affect authorization workflow" and "Use API Gateway resource policies to control
/// access to an API" (a change needs a deployment). Evidence: reported, ASFHyP3/hyp3#2283 for the body.
#[tokio::test]
async fn a_policy_has_to_allow_a_call() {
    let world = World::with_policy(&json!([allow("*/GET/a/1", json!({}))]));
    let paths = ["/live/a/1", "/live/a/2", "/live"];
    assert_eq!(
        world.statuses(&paths).await,
        [200, 200, 200],
        "it is not deployed"
    );
    world.deploy();
    assert_eq!(world.statuses(&paths).await, [200, 403, 403]);
    let refused = world.get("/live").await;
    let words = format!(
        "User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********9012:{}/live/GET/",
        world.api
    );
    assert_eq!(refused.body(), json!({"Message": words}).to_string());
    assert_eq!(refused.header("x-amzn-errortype"), "AccessDeniedException");
    // Evidence: documented, "Gateway response types for API Gateway" (ACCESS_DENIED).
    world.aws(
        "PUT",
        "{api}/gatewayresponses/ACCESS_DENIED",
        json!({"statusCode": "404"}),
    );
    world.deploy();
    let refused = world.get("/live").await;
    assert_eq!(
        (refused.status(), refused.body()),
        (404, json!({"message": words}).to_string().as_str())
    );
}

/// Evidence: documented, "API Gateway resource policy examples": addresses that are denied. Evidence: documented, "How do I troubleshoot HTTP
/// 403 errors from API Gateway?" for the words of an explicit deny.
#[tokio::test]
async fn a_denial_wins_and_conditions_count() {
    let deny =
        |ip: &str| json!({"Effect": "Deny", "Condition": {"IpAddress": {"aws:SourceIp": ip}}});
    let world = World::with_policy(&json!([
        allow("*", json!({})),
        allow("*", deny("127.0.0.0/8"))
    ]));
    world.deploy();
    let refused = world.get("/live/a/1").await;
    assert_eq!(refused.status(), 403);
    assert!(
        refused
            .body()
            .ends_with("/live/GET/a/1 with an explicit deny\"}"),
        "{}",
        refused.body()
    );
    let world = World::with_policy(&json!([
        allow("*", json!({})),
        allow("*", deny("192.0.2.0/24"))
    ]));
    world.deploy();
    assert_eq!(world.get("/live/a/1").await.status(), 200);
    let agent = json!({"Condition": {"StringLike": {"aws:UserAgent": "caller/*"}}});
    let world = World::with_policy(&json!(allow("live/GET/*", agent)));
    world.deploy();
    assert_eq!(world.get("/live/a/1").await.status(), 403);
    assert_eq!(
        world
            .call("GET", "/live/a/1", &[("user-agent", "caller/1")])
            .await
            .status(),
        200
    );
}
